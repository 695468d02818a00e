"""The story of a bad review, told over HTTP against everything `jieli up` starts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from jieli.store import messages
from jieli.store.queries import VisitLine
from tests.acceptance.people import CHECKED, PIN, REVIEW, SHANGHAI
from tests.acceptance.processes import eventually
from tests.acceptance.stack import RunningStack
from tests.acceptance.stores import prefect_dump, running
from tests.integration.web_shop import Form

pytestmark = pytest.mark.stack


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningStack]:
    """One stack for all stories on one kind of database."""
    directory = tmp_path_factory.mktemp("stack")
    with running(directory, request, on=request.param) as up:
        yield up


def call_window(moment: datetime) -> datetime:
    """When a call may begin at the earliest: 09:30-10:30 or 16:00-20:30, reckoned on its own."""
    local = moment.astimezone(SHANGHAI)
    for day in range(2):
        for begins, ends in ((9 * 60 + 30, 10 * 60 + 30), (16 * 60, 20 * 60 + 30)):
            midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
            start = midnight + timedelta(days=day, minutes=begins)
            if local < midnight + timedelta(days=day, minutes=ends):
                return max(start, local)
    raise AssertionError("every day has a window")


def test_a_reply_at_hour_20_ends_the_wait(stack: RunningStack) -> None:
    stack.to(stack.local("13:00"))
    case = stack.start_case(order_no="20260101-A777")
    run = stack.parked(case, "check_chat")
    assert "process:bad_review" in run["tags"] and "严重" in run["tags"]
    assert run["name"].startswith("差评 A777 严重 · ")
    assert "查聊天记录（李娜）" in run["state"]["message"]
    stack.press(case, "check_chat", "contact", by="li_na", **CHECKED)
    stack.press(case, "leave_message", "sent", by="li_na", **{"f.text": "您好，非常抱歉"})
    stack.press(case, "sms", "sent", by="li_na")
    run = stack.parked(case, "wait_reply")
    assert "等待买家响应" in run["state"]["message"]
    who, link = stack.link(case, "wait_reply", "li_na")

    stack.later("20h")
    assert stack.post(who, link, press="replied").status_code == 303
    stack.parked(case, "result")
    # The link of the wait is over; nobody is told more than that, and nothing counts twice.
    assert stack.http.get(link).status_code == 200
    stack.press(case, "result", "changed", **{"f.said": "已经改好了"})
    assert stack.steps(case) == {"result": "held"}
    stack.later("3m")
    stack.press(case, "verify_change", "changed")
    stack.press(case, "archive", "archived", **{"f.process": "道歉后买家已修改"})

    assert stack.ended(case)["state"]["message"] == "评价已修改"
    assert stack.case(case).result == "changed"
    assert "phone" not in [visit.step for visit in stack.page(case).visits]
    stack.check(case)


def test_nobody_replies_and_the_phone_step_opens_in_the_call_window(stack: RunningStack) -> None:
    stack.to(stack.local("09:35"))
    case = stack.start_case_in_a_terminal(order_no="20260101-B778")
    stack.parked(case, "check_chat")
    stack.to(stack.now + timedelta(minutes=62))
    late = eventually("the run says that it is late", lambda: tagged(stack, case, "逾期"))
    assert {"严重", "逾期", "process:bad_review"} == set(late["tags"])
    stack.press(case, "check_chat", "contact", by="li_na", **CHECKED)
    stack.press(case, "leave_message", "sent", by="li_na", **{"f.text": "您好，非常抱歉"})
    assert "逾期" not in stack.parked(case, "sms", "wait_reply")["tags"]
    stack.press(case, "sms", "sent", by="li_na")
    stack.parked(case, "wait_reply")

    sent = visit_of(stack, case, "sms").closed_at
    assert sent is not None
    reply_by = sent + timedelta(hours=48)
    assert visit_of(stack, case, "wait_reply").due_at == reply_by
    stack.later("48h")
    run = stack.parked(case, "phone")
    opens = call_window(reply_by)
    assert opens.strftime("%H:%M") == "16:00", "it is before the afternoon's window"
    assert stack.steps(case) == {"phone": "scheduled"}
    assert visit_of(stack, case, "phone").window_start == opens
    assert "16:00 开始" in run["state"]["message"]
    assert not stack.delivered(case, "phone"), "nobody is asked to call before the window"

    stack.to(opens + timedelta(minutes=1))
    stack.press(case, "phone", "not_reached", by="li_na")
    stack.parked(case, "phone")
    again = call_window(opens.replace(hour=23))
    assert visit_of(stack, case, "phone").window_start == again, "another half-day"
    stack.to(again + timedelta(minutes=1))
    stack.press(case, "phone", "reached", by="li_na", **{"f.summary": "答应下午改"})

    promised = stack.local("14:00")
    stack.press(
        case, "result", "promised",
        **{"f.said": "下午改", "f.promised_at": promised.strftime("%Y-%m-%dT%H:%M")},
    )  # fmt: skip
    stack.later("3m")
    stack.parked(case, "wait_promised")
    assert visit_of(stack, case, "wait_promised").due_at == promised
    stack.to(promised)
    stack.press(case, "verify_change", "changed", by="li_na")
    stack.press(case, "archive", "archived", **{"f.process": "电话沟通后买家已修改"})

    assert stack.ended(case)["state"]["message"] == "评价已修改"
    steps = [visit.step for visit in stack.page(case).visits]
    assert steps.count("phone") == 2 and steps[-1] == "end_changed"
    stack.check(case)


def test_compensation_is_approved_and_paid_with_pins(stack: RunningStack) -> None:
    stack.to(stack.workday("10:00"))
    case = stack.start_case(severity="normal", buyer_phone="")
    stack.press(case, "check_chat", "contact", by="li_na", **CHECKED)
    stack.press(case, "leave_message", "replied", by="li_na", **{"f.text": "您好，非常抱歉"})
    stack.press(case, "result", "remedy", **{"f.said": "要求赔偿"})
    stack.later("3m")
    stack.parked(case, "remedy")
    (linked,) = stack.page(case).children
    child = linked.case_id
    stack.press(
        child, "plan", "ask", by="li_na",
        **{"f.way": "refund", "f.amount": "35.5", "f.reason": "杯盖漏水", "f.remark": "补偿_李娜"},
    )  # fmt: skip
    who, link = stack.link(child, "approve")
    asked = stack.phone(who).get(link).text
    assert who == "zhang_wei" and "35.5" not in asked, "nothing of the case before the PIN"
    wrong = {**Form(stack.phone(who).get(link)), "person": who, "pin": "000000", "do": "pin"}
    assert stack.phone(who).post(link, data=wrong).status_code == 401
    stack.press(child, "approve", "approved", by="zhang_wei")
    stack.press(child, "pay", "paid", by="chen_jing", **{"f.paid_no": "20260102-1"})
    assert stack.ended(child)["state"]["message"] == "已付款"
    stack.check(child)
    stack.press(case, "archive", "archived", **{"f.process": "已补偿"})
    assert stack.ended(case)["state"]["message"] == "已服务补救"
    stack.check(case)


def test_a_second_press_and_a_forged_link_change_nothing(stack: RunningStack) -> None:
    stack.to(stack.local("10:00"))
    case = stack.start_case()
    who, link = stack.link(case, "check_chat", "li_na")
    body = {**stack.form(who, link), **CHECKED, "press": "contact"}
    first, second = (stack.phone(who).post(link, data=body) for _ in range(2))
    assert (first.status_code, second.status_code) == (303, 303), "the same form twice"
    third = stack.phone(who).post(link, data={**body, "nonce": body["nonce"][:-2] + "xx"})
    assert third.status_code == 409
    assert stack.transitions(case, "work_item_answered") == 1
    forged = link[:-6] + ("AAAAAA" if not link.endswith("AAAAAA") else "BBBBBB")
    assert stack.http.get(forged).status_code == 404
    stack.parked(case, "leave_message")
    stack.check(case)


def test_nothing_personal_and_no_link_is_in_prefect_or_in_a_log(stack: RunningStack) -> None:
    """Asked after all stories of this stack."""
    with stack.database.read() as conn:
        everything = messages.outbox_page(conn, limit=1000)
    assert len(everything) > 3
    secret = [str(REVIEW[name]) for name in ("wangwang", "buyer_phone", "review_text")]
    secret += ["杯盖漏水", "非常抱歉", "要求赔偿", "答应下午改"]
    said = {
        "Prefect's database": prefect_dump(stack),
        "the logs": stack.logs("prefect-server", "worker", "web"),
    }
    for where, text in said.items():
        assert [word for word in secret if word in text] == [], where
        # Digits alone also stand in the microseconds of a time, and in ids.
        assert re.findall(rf"(?<![0-9a-f.]){PIN}(?![0-9a-f])", text) == [], where
        assert re.findall(r"/t/(?!\*\*\*)\S+", text) == [], where
        links = [each.link_id for each in everything if each.link_id and each.link_id in text]
        assert links == [], where


def tagged(stack: RunningStack, case: str, tag: str) -> dict[str, Any] | None:
    """The case's run, once it has the tag."""
    run = stack.run(case)
    return run if tag in run["tags"] else None


def visit_of(stack: RunningStack, case: str, step: str) -> VisitLine:
    """The last stay in a step."""
    return [visit for visit in stack.page(case).visits if visit.step == step][-1]
