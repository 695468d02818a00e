"""A change of shift, told over HTTP: begun by the calendar, locked, signed, and the work moves."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from tests.acceptance.people import CHECKED, SHANGHAI, filled
from tests.acceptance.processes import LONG, eventually
from tests.acceptance.stack import RunningStack
from tests.acceptance.stores import running

pytestmark = [pytest.mark.stack, pytest.mark.timeout(600)]

WELL = ["pc", "phone", "headset", "supplies", "paper_form", "desk"]
RECORD: dict[str, Any] = {
    "overview": "咨询 80，投诉 4", "crm_checked": "yes", "files_updated": "yes", "equipment": WELL,
}  # fmt: skip
TOLD = ["overview", "open", "special", "points"]


@pytest.fixture(scope="module")
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningStack]:
    """One stack for both stories."""
    with running(tmp_path_factory.mktemp("handover"), request) as up:
        yield up


def taken_by_li_na(stack: RunningStack) -> list[str]:
    """Two bad reviews, taken up before her colleague comes, and two after-sales cases."""
    stack.to(stack.local("15:30"))
    reviews = [stack.start_case(severity="normal", buyer_phone="") for _ in range(2)]
    for case in reviews:
        stack.press(case, "check_chat", "contact", by="li_na", **CHECKED)
    stack.to(stack.local("16:40"))
    problems = [stack.start_case("after_sales") for _ in range(2)]
    for case in problems:
        stack.press(case, "accept", "accepted", by="li_na", **filled(greeted="yes"))
    return [*reviews, *problems]


def left_to_do(stack: RunningStack, **changes: Any) -> dict[str, Any]:
    """What Li Na writes about one of her cases."""
    at = (stack.now.astimezone(SHANGHAI)).strftime
    return {
        "problem_type": "杯子漏水", "urgency": "follow", "stage": "waiting_us",
        "progress": "已道歉，待仓库确认", "promise": "无", "key_time": at("%Y-%m-%dT20:00"),
        "mood": "anxious", "special_needs": "无", "hardness": "usual", **changes,
    }  # fmt: skip


def test_a_handover_is_locked_released_signed_and_the_work_moves(stack: RunningStack) -> None:
    mine = taken_by_li_na(stack)
    stack.to(stack.local("17:00"))
    today = f"{stack.now.astimezone(SHANGHAI):%Y-%m-%d}"
    (handover,) = eventually(
        "the calendar begins the handover",
        lambda: stack.open_cases("handover", post="after_sales_post", shift_date=today),
        LONG,
    )
    hers = dict(zip(mine, (*["leave_message"] * 2, *["triage"] * 2), strict=True))
    old_links = {case: stack.link(case, step, "li_na")[1] for case, step in hers.items()}

    who, url = stack.link(handover, "sort_out", "li_na")
    page = stack.phone(who).get(url).text
    refs = [stack.case(case).ref for case in mine]
    assert all(ref in page for ref in refs), "her open cases are there before she has typed"
    rows = [left_to_do(stack, hardness="sudden" if n == 1 else "usual") for n in range(4)]
    stack.press(handover, "sort_out", "done", by="li_na", **filled(**RECORD, items=rows))
    checking = stack.begun(handover, "handover_check")
    stack.press(checking, "brief_them", "told", by="li_na", **filled(explained=TOLD))
    understood = [{"state": "clear"} for _ in mine]
    stack.press(checking, "verify", "checked", by="wang_fang",
                **filled(items=understood, same_as_system="yes"))  # fmt: skip
    problem = stack.begun(handover, "handover_problem")

    # The work stops in the middle of it, and nobody loses anything.
    stack.kill9("server", "worker")
    stack.parked(handover, "handle_problems")
    assert stack.delivered(handover, "sign_off") == {}, "locked: nobody is asked to sign"
    stack.press(problem, "solve", "release", by="wang_fang", **filled(log="还在等仓库回话"))
    stack.press(problem, "release", "released", by="zhang_wei", **filled(reason="已约客户 19:00"))
    assert stack.press(handover, "sign_off", "signed", by="li_na") == "li_na"
    stack.kill9("worker")
    assert stack.press(handover, "sign_on", "signed", by="wang_fang") == "wang_fang"
    stack.ended(handover)

    eventually("it is all Wang Fang's", lambda: owners(stack, mine) == {"wang_fang"})
    for case, link in old_links.items():
        _, fresh = stack.link(case, hers[case], "wang_fang")
        assert 'name="press"' in stack.phone("wang_fang").get(fresh).text
        dead = stack.phone("li_na").get(link).text
        assert 'name="press"' not in dead, "her old link shows that it is over"
    stack.press(mine[0], "leave_message", "sent", by="wang_fang", **filled(text="您好，非常抱歉"))
    eventually("follow-ups", lambda: len(followed(stack, handover)) == 4)
    for case in [handover, checking, problem, *mine, *followed(stack, handover)]:
        is_open = stack.page(case).line.status == "open"
        stack.parked(case) if is_open else stack.ended(case)
        stack.check(case)
    told = {bar["name"]: bar["state_name"] for bar in stack.bars(handover)}
    assert told["讲清、核对"] == "核对无误" and told["没办完的事换人负责"] == "已办"


def owners(stack: RunningStack, cases: list[str]) -> set[str | None]:
    """Who has these cases."""
    return {stack.page(case).line.owner for case in cases}


def followed(stack: RunningStack, handover: str) -> list[str]:
    """The follow-ups that came of a handover."""
    return stack.open_cases(
        "handover_follow_up", handover=stack.case(handover).ref, person="wang_fang"
    )


def test_after_an_outage_each_change_of_shift_has_its_record(stack: RunningStack) -> None:
    stack.to(stack.local("06:00"))
    night = f"{stack.now.astimezone(SHANGHAI) - timedelta(days=1):%Y-%m-%d}"
    eventually(
        "the night's handovers are begun",
        lambda: len(stack.open_cases("handover", shift="late", shift_date=night)) == 2,
        LONG,
    )
    before = set(stack.open_cases("handover") + stack.open_cases("unpaid_reminder"))
    with stack.without("worker"):
        stack.later("48h")
    stack.well()
    missed = eventually(
        "each change has its record",
        lambda: [case for case in late(stack, before) if len(late(stack, before)) == 8],
        LONG,
    )
    reminders = eventually(
        "the reminder", lambda: set(stack.open_cases("unpaid_reminder")) - before
    )
    assert len(reminders) == 1, "of two missed days only the last is worth reminding of"
    for case in [missed[0], *reminders]:
        stack.parked(case)
        stack.check(case)


def late(stack: RunningStack, before: set[str]) -> list[str]:
    """The records that are entered afterwards."""
    return [case for case in stack.open_cases("handover", backfill=True) if case not in before]
