"""A process dies at the worst moment, once; nothing is lost and nothing happens twice."""

from __future__ import annotations

import re
import signal
import subprocess
from collections import Counter
from contextlib import suppress

import httpx
import pytest

from jieli.store import queries
from jieli.store.queries import CaseFilter
from tests.acceptance.people import CHECKED
from tests.acceptance.processes import LONG, eventually
from tests.acceptance.stack import RunningStack
from tests.crash.conftest import Service

pytestmark = [pytest.mark.stack, pytest.mark.timeout(400)]

TEXT = {"f.text": "您好，非常抱歉"}


def died(process: subprocess.Popen[bytes]) -> None:
    """Wait until the process has died by its own hand."""
    eventually("the process dies", lambda: process.poll() is not None, LONG)
    assert process.returncode == -signal.SIGKILL


def find(stack: RunningStack, order_no: str) -> str | None:
    """The id of the case of an order."""
    with stack.database.read() as conn:
        found = queries.case_list(conn, CaseFilter(search=order_no), limit=5)
        return queries.find_case(conn, found[0].ref) if found else None


def sent(stack: RunningStack, case: str) -> Counter[str]:
    """How often each message of the case went out, as the channel counts."""
    ours = {message.reference for message in stack.page(case).messages}
    went = re.findall(r"\[outbox\] (M-\d+) ->", stack.logs("worker"))
    return Counter(each for each in went if each in ours)


def test_an_answer_counts_though_the_page_dies_before_it_wakes_the_case(
    stack: RunningStack,
) -> None:
    case = stack.start_case()
    who, url = stack.link(case, "check_chat", "li_na")
    body = {**stack.form(who, url), **CHECKED, "press": "contact"}
    with stack.replaced("web", JIELI_KILL_POINT="after_commit_before_wake") as web:
        eventually("the page answers", lambda: stack.http.get(url).is_success)
        with pytest.raises(httpx.TransportError):
            stack.phone(who).post(url, data=body)
        died(web)
    stack.well()
    # Nobody woke the case: the clock finds it.
    stack.parked(case, "leave_message")
    again = stack.phone(who).post(url, data=body)
    assert again.status_code == 303, "the browser sends it once more and is thanked"
    assert stack.transitions(case, "work_item_answered") == 1
    stack.check(case)


def test_a_run_that_was_made_but_not_saved_becomes_the_cases_run(stack: RunningStack) -> None:
    order = "20260101-K002"
    with stack.replaced("web", JIELI_KILL_POINT="run_created_before_saved") as web:
        eventually("the page answers", lambda: stack.http.get(f"{stack.staff}/start").is_success)
        with suppress(httpx.TransportError):  # it may die before it has answered
            stack.start_case(order_no=order)
        died(web)
    stack.well()
    case = eventually("the case is there", lambda: find(stack, order))
    stack.parked(case, "check_chat")
    stack.press(case, "check_chat", "contact", **CHECKED)
    stack.parked(case, "leave_message")
    stack.check(case)


def test_a_worker_dies_after_parking(stack: RunningStack) -> None:
    with stack.replaced("worker", JIELI_KILL_POINT="suspended_before_reread") as worker:
        case = stack.start_case()
        died(worker)
    assert stack.run(case)["state_name"] == "Suspended"
    stack.press(case, "check_chat", "contact", **CHECKED)
    stack.press(case, "leave_message", "sent", **TEXT)
    stack.parked(case, "sms", "wait_reply")
    assert set(sent(stack, case).values()) == {1}
    stack.check(case)


def test_a_message_that_was_on_its_way_goes_out_at_most_twice(stack: RunningStack) -> None:
    with stack.replaced("worker", JIELI_KILL_POINT="sent_before_marked") as worker:
        case = stack.start_case()
        died(worker)
    (in_flight,) = [message for message, times in sent(stack, case).items() if times]
    eventually("all is sent", lambda: stack.is_shown(case) and not unsent(stack, case), LONG)
    stack.parked(case, "check_chat")
    times = sent(stack, case)
    assert times.pop(in_flight) == 2 and set(times.values()) == {1}
    stack.press(case, "check_chat", "contact", **CHECKED)
    stack.parked(case, "leave_message")
    stack.check(case)


def test_an_answer_of_a_service_reaches_the_case(stack: RunningStack, service: Service) -> None:
    with stack.replaced("worker", JIELI_KILL_POINT="call_answered_before_event") as worker:
        case = stack.start_case("booking")
        died(worker)
    stack.parked(case, "look")
    calls = [key for key in service.keys if key.startswith(case)]
    assert len(calls) == 1, "it was answered: it must not be made again"
    assert stack.transitions(case, "call_answered") == 1
    stack.check(case)


def unsent(stack: RunningStack, case: str) -> list[int]:
    """The messages that wait."""
    return [each.id for each in stack.page(case).messages if each.status == "pending"]
