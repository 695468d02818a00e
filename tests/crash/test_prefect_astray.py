"""A supervisor presses every button of Prefect, or Prefect loses what it knew: the cases go on."""

from __future__ import annotations

import re
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import pytest

from jieli.store import leases
from tests.acceptance.people import CHECKED
from tests.acceptance.processes import LONG, eventually
from tests.acceptance.stack import RunningStack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

TEXT = {"f.text": "您好，非常抱歉"}
# Button or chosen state -> what the UI sends. "gone" is Delete.
STATES = {
    "failed": ("FAILED", "Failed"),
    "crashed": ("CRASHED", "Crashed"),
    "completed": ("COMPLETED", "Completed"),
    "retried": ("SCHEDULED", "AwaitingRetry"),
    "running": ("RUNNING", "Running"),
    "pending": ("PENDING", "Pending"),
    "paused": ("PAUSED", "Suspended"),
    "cancelled": ("CANCELLING", "Cancelling"),
}


@dataclass(frozen=True)
class Pressed:
    """A case and its run, which somebody touched."""

    case: str
    run: str


@pytest.fixture(scope="module")
def pressed(stack: RunningStack) -> dict[str, Pressed]:
    """A waiting case for every button, and every button pressed."""
    stack.well()
    names = [*STATES, "gone", "resumed", "timed_out", "copied", "orphan"]
    cases = {name: stack.start_case() for name in names}
    found = {}
    for name, case in cases.items():
        found[name] = Pressed(case, str(stack.parked(case, "check_chat")["id"]))
    for name, state in STATES.items():
        limit = {"pause_timeout": _in(minutes=5)} if name == "paused" else {}
        stack.set_state(found[name].run, *state, pause_reschedule=name == "paused", **limit)
    stack.prefect.call("DELETE", f"/flow_runs/{found['gone'].run}")
    stack.prefect.call("POST", f"/flow_runs/{found['resumed'].run}/resume", {})
    stack.set_state(
        found["timed_out"].run, "PAUSED", "Suspended",
        pause_timeout=_in(seconds=-1), pause_reschedule=True,
    )  # fmt: skip
    return found


def _in(**span: float) -> str:
    return (datetime.now(UTC) + timedelta(**span)).isoformat()


@pytest.mark.parametrize("button", ["failed", "crashed", "completed", "running", "pending"])
def test_a_run_that_did_not_end_with_its_case_is_scheduled_in_place(
    stack: RunningStack, pressed: dict[str, Pressed], button: str
) -> None:
    touched = pressed[button]
    eventually(
        "the history says so", lambda: "run_scheduled_again" in stack.said(touched.case), LONG
    )
    run = stack.parked(touched.case, "check_chat")
    assert run["id"] == touched.run
    goes_on(stack, touched.case)


@pytest.mark.parametrize("button", ["resumed", "retried"])
def test_resume_and_retry_do_what_is_due_and_park_again(
    stack: RunningStack, pressed: dict[str, Pressed], button: str
) -> None:
    touched = pressed[button]
    assert stack.parked(touched.case, "check_chat")["id"] == touched.run
    happened = {line.kind for line in stack.page(touched.case).timeline}
    assert happened <= {"case_started", "note_added"}, "nothing changed"
    goes_on(stack, touched.case)


def test_pause_does_not_stop_a_case(stack: RunningStack, pressed: dict[str, Pressed]) -> None:
    goes_on(stack, pressed["paused"].case)


def test_a_pause_that_timed_out_fails_the_run_and_is_mended(
    stack: RunningStack, pressed: dict[str, Pressed]
) -> None:
    goes_on(stack, pressed["timed_out"].case)


def test_cancel_cancels_the_case_and_its_work_items(
    stack: RunningStack, pressed: dict[str, Pressed]
) -> None:
    case = pressed["cancelled"].case
    eventually("the case is cancelled", lambda: stack.case(case).status == "cancelled")
    assert "cancelled" in stack.said(case)
    assert stack.steps(case) == {} and not stack.delivered(case, "check_chat")
    eventually("all is shown", lambda: stack.is_shown(case))
    assert stack.ended(case, "Cancelled")["id"] == pressed["cancelled"].run
    stack.check(case)


def test_a_deleted_run_is_made_again_with_all_its_bars(
    stack: RunningStack, pressed: dict[str, Pressed]
) -> None:
    case = pressed["gone"].case
    eventually("another run", lambda: stack.case(case).run_id not in (None, pressed["gone"].run))
    assert stack.case(case).generation > 0 and "run_renewed" in stack.said(case)
    stack.parked(case, "check_chat")
    goes_on(stack, case)


def test_a_run_started_by_hand_ends_visibly_and_the_case_goes_on(
    stack: RunningStack, pressed: dict[str, Pressed]
) -> None:
    case = pressed["copied"].case
    deployment = stack.prefect.call("GET", "/deployments/name/case/bad_review")["id"]
    made = {}
    for name, case_id in (("copy", case), ("nonsense", "no-such-case")):
        body = {"parameters": {"case_id": case_id}}
        path = f"/deployments/{deployment}/create_flow_run"
        made[name] = stack.prefect.call("POST", path, body)["id"]

    def state_of(run_id: str) -> str:
        return str(stack.prefect.call("GET", f"/flow_runs/{run_id}")["state_type"])

    eventually("the copy is cancelled", lambda: state_of(made["copy"]) == "CANCELLED")
    eventually("nonsense ends", lambda: state_of(made["nonsense"]) in ("CANCELLED", "FAILED"))
    assert stack.case(case).run_id == pressed["copied"].run
    goes_on(stack, case, runs_made=2)


def test_resumes_in_a_storm_leave_no_case_behind(stack: RunningStack) -> None:
    case = stack.start_case()
    run = stack.parked(case, "check_chat")["id"]
    over = threading.Event()

    def resume() -> None:
        with httpx.Client(timeout=30) as http:
            while not over.wait(0.05):
                http.post(f"{stack.api}/flow_runs/{run}/resume", json={})

    storm = [threading.Thread(target=resume) for _ in range(3)]
    for each in storm:
        each.start()
    try:
        stack.press(case, "check_chat", "contact", **CHECKED)
        stack.press(case, "leave_message", "sent", **TEXT)
        stack.press(case, "sms", "sent")
        stack.link(case, "wait_reply")
    finally:
        over.set()
        for each in storm:
            each.join()
    stack.parked(case, "wait_reply")
    assert set(times_sent(stack, case).values()) == {1}
    stack.check(case)


def test_two_workers_do_each_step_once(stack: RunningStack) -> None:
    with stack.another("worker"):
        cases = [stack.start_case() for _ in range(4)]
        for case in cases:
            stack.press(case, "check_chat", "contact", **CHECKED)
        for case in cases:
            stack.press(case, "leave_message", "sent", **TEXT)
        for case in cases:
            stack.parked(case, "sms", "wait_reply")
    for case in cases:
        assert set(times_sent(stack, case).values()) == {1}
        stack.check(case)


def test_what_was_paused_is_set_going_again(stack: RunningStack) -> None:
    pool = f"/work_pools/{stack.settings.work_pool}"
    case = stack.prefect.call("GET", "/deployments/name/case/bad_review")["id"]
    clock = stack.prefect.call("GET", "/deployments/name/clock/clock")
    schedule = f"/deployments/{clock['id']}/schedules/{clock['schedules'][0]['id']}"
    stack.prefect.call("PATCH", f"/deployments/{case}", {"paused": True})
    stack.prefect.call("PATCH", schedule, {"active": False})
    stack.prefect.call("PATCH", f"{pool}/queues/cases", {"is_paused": True})
    stack.prefect.call("PATCH", pool, {"is_paused": True})
    eventually("all is restored", partial(is_restored, stack), LONG)
    stack.parked(stack.start_case(), "check_chat")


def test_a_lost_clock_is_replaced_and_restored(stack: RunningStack) -> None:
    case = stack.start_case()
    stack.parked(case, "check_chat")
    clock = stack.prefect.call("GET", "/deployments/name/clock/clock")["id"]
    stack.prefect.call("DELETE", f"/deployments/{clock}")
    # The clock that ticks now would mend this by itself: it dies with its worker.
    before = heartbeat(stack, "watchdog")
    stack.kill9("worker")
    stack.later("62m")
    eventually("a timer fires", lambda: "逾期" in stack.run(case)["tags"], LONG)
    assert heartbeat(stack, "watchdog") != before
    eventually("the clock is restored", partial(is_restored, stack), LONG)


def test_a_deleted_deployment_queue_and_pool_are_restored_with_their_cases(
    stack: RunningStack, pressed: dict[str, Pressed]
) -> None:
    case = pressed["orphan"].case
    deployment = stack.prefect.call("GET", "/deployments/name/case/bad_review")["id"]
    stack.prefect.call("DELETE", f"/deployments/{deployment}")
    eventually("the deployment is restored", partial(is_restored, stack), LONG)
    goes_on(stack, case, runs_made=2)
    stack.prefect.call("DELETE", f"/work_pools/{stack.settings.work_pool}/queues/cases")
    eventually("the queue is restored", partial(is_restored, stack), LONG)
    stack.press(case, "leave_message", "sent", **TEXT)
    stack.parked(case, "sms", "wait_reply")
    stack.prefect.call("DELETE", f"/work_pools/{stack.settings.work_pool}")
    eventually("the pool is restored", partial(is_restored, stack), LONG)
    stack.press(case, "sms", "sent")
    stack.parked(case, "wait_reply")
    stack.check(case, runs_made=4)


def test_prefect_forgets_everything(stack: RunningStack) -> None:
    waiting = [stack.start_case() for _ in range(2)]
    for case in waiting:
        stack.parked(case, "check_chat")
        stack.press(case, "check_chat", "contact", **CHECKED)
        stack.parked(case, "leave_message")
    stack.lose_prefect()
    stack.press(waiting[0], "leave_message", "sent", **TEXT)
    eventually("all is restored", partial(is_restored, stack), LONG)
    stack.parked(waiting[0], "sms", "wait_reply")
    stack.parked(waiting[1], "leave_message")
    for case in waiting:
        assert "run_renewed" in stack.said(case)
        stack.check(case)


def goes_on(stack: RunningStack, case: str, *, runs_made: int = 1) -> None:
    """The case takes an answer and parks in its next step, with its bars in order."""
    stack.press(case, "check_chat", "contact", **CHECKED)
    stack.parked(case, "leave_message")
    stack.check(case, runs_made=runs_made)


def is_restored(stack: RunningStack) -> bool:
    """Whether pool, queues, deployments and the schedule work."""
    known = {**stack.prefect.deployments_of("case"), **stack.prefect.deployments_of("clock")}
    found = [known.get(name) for name in ("bad_review", "clock")]
    works = stack.prefect.has_pool(stack.settings.work_pool, ("cases", "clock"))
    return works and all(each is not None and each.is_active for each in found)


def heartbeat(stack: RunningStack, name: str) -> datetime | None:
    """When somebody last ticked."""
    with stack.database.read() as conn:
        return leases.last_heartbeat(conn, name)


def times_sent(stack: RunningStack, case: str) -> Counter[str]:
    """How often each message of the case went out."""
    ours = {message.reference for message in stack.page(case).messages}
    went = re.findall(r"\[outbox\] (M-\d+) ->", stack.logs("worker"))
    return Counter(each for each in went if each in ours)
