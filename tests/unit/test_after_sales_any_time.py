"""What may happen to an after-sales case at any time, and how it ends (AS-7, AS-8)."""

from __future__ import annotations

from typing import Any

import pytest

from jieli.engine.errors import FormError
from jieli.engine.events import BlockContact, ContactBlocked, WorkHandedOver
from tests.family import Family
from tests.story import at
from tests.unit.after_sales import (
    ARCHIVE,
    RESULT,
    SIMPLE,
    accepted,
    answered,
    at_department,
    sorted_as,
)


def ended(family: Family, **archive: Any) -> str | None:
    """The result after the archive; every case replayed."""
    family.press("archive", "archived", **{**ARCHIVE, **archive})
    family.replayed()
    return family.first.result


# ---- 随时登记 ----


def test_a_withdrawal_ends_the_departments_work_too() -> None:
    family = at_department("tech").press("name_person", "mine", by="zheng_kai")
    family.press("watch", "withdrawn", note="客户说不用了")
    assert family.waits_for == ["after_sales:archive"]
    cancelled = {s.definition.process.process for s in family.stories.values()
                 if s.state and s.state.status == "cancelled"}  # fmt: skip
    assert cancelled == {"coordination", "department_desk"}
    assert ended(family) == "withdrawn"


def test_a_withdrawal_during_the_play_book_ends_that_too() -> None:
    family = sorted_as("late").press("watch", "withdrawn", note="收到了")
    assert family.waits_for == ["after_sales:archive"]


@pytest.mark.parametrize("button", ["withdrawn", "platform", "added", "no_contact"])
def test_what_is_said_at_any_time_is_written_down(button: str) -> None:
    with pytest.raises(FormError):
        accepted().press("watch", button)


def test_something_new_about_the_same_order_is_noted_and_the_work_goes_on() -> None:
    family = accepted().press("watch", "added", note="又发现杯底有划痕")
    assert "after_sales:watch" in family.waits_for and "after_sales:triage" in family.waits_for
    assert "又发现杯底有划痕" in family.first.data["log"]


def test_the_platform_or_12315_goes_to_the_supervisor_at_once() -> None:
    family = at_department("tech").press("watch", "platform", note="12315 来函")
    assert family.waits_for == ["after_sales:platform"]
    assert "平台介入" in family.first.tags and "紧急" in family.first.tags
    family.press("platform", "ruled", by="zhang_wei", ruling="退一赔三")
    assert ended(family) == "ruled"


def test_the_supervisor_may_give_it_back_to_the_agent() -> None:
    family = accepted().press("watch", "platform", note="平台介入")
    family.press("platform", "go_on", by="zhang_wei", ruling="平台要求三天内换新")
    assert {"after_sales:triage", "after_sales:watch"} <= set(family.waits_for)
    assert family.first.data["exit"] is None and family.first.data["reason"] == "平台要求三天内换新"


def test_the_platforms_deadline_sounds_six_hours_and_one_hour_before() -> None:
    family = accepted(platform_deadline="2026-11-24T20:00:00+08:00")
    assert family.find("watch")[1].due_at == at("2026-11-24 14:00")
    family.until("2026-11-24 13:59")
    assert family.told("late", "watch") == []
    family.until("2026-11-24 14:00")
    assert set(family.told("late", "watch")) == {"li_na", "zhang_wei"}
    family.until("2026-11-24 19:00")
    assert "zhou_min" in family.told("late", "watch")


def test_a_deadline_that_becomes_known_later_moves_the_alarms() -> None:
    family = accepted().press("watch", "deadline", platform_deadline="2026-11-23T20:00:00+08:00")
    assert family.find("watch")[1].due_at == at("2026-11-23 14:00")
    family.press("watch", "deadline", platform_deadline="2026-11-25T20:00:00+08:00")
    assert "zhang_wei" not in family.until("2026-11-23 15:00").told("late", "watch")
    assert family.find("watch")[1].due_at == at("2026-11-25 14:00")


def test_abuse_is_reported_and_the_case_goes_on() -> None:
    family = accepted().press("watch", "abuse", note="骂人", abuse="insult")
    assert {"abuse_report:protect", "after_sales:watch", "after_sales:triage"} <= set(family.waits_for)
    report = family.case("abuse_report").state
    assert report and report.data["agent"] == "li_na"


def test_abuse_names_its_kind() -> None:
    with pytest.raises(FormError):
        accepted().press("watch", "abuse", note="骂人")


# ---- 请勿再联系 ----


def test_no_contact_from_the_watch_ends_it_and_blocks_the_buyer_everywhere() -> None:
    family = accepted().press("watch", "no_contact", note="不要再打来")
    blocks = [e.buyer for s in family.stories.values() for e in s.effects if isinstance(e, BlockContact)]
    assert blocks == ["douyin_main/小鹿爱吃草"]
    assert ended(family) == "no_contact"


def test_no_contact_when_told_goes_to_the_supervisor() -> None:
    family = answered().press("tell", "no_contact")
    family.press("no_contact_ahead", "close", by="zhang_wei", note="不再打扰")
    assert ended(family) == "no_contact"


def test_no_contact_said_in_a_play_book_comes_back_to_the_supervisor() -> None:
    family = sorted_as("usage").press("answer_now", "no_contact")
    assert "after_sales:no_contact_ahead" in family.waits_for


def test_a_wish_told_in_another_case_takes_the_telling_away_and_no_update_is_owed() -> None:
    family = answered()
    story = family.stories["c1"]
    story.apply(ContactBlocked())
    assert "after_sales:no_contact_ahead" in family.waits_for
    family.wait("72h")
    assert "update" not in story.path


# ---- 每 24 小时告诉客户 ----


def test_the_customer_is_owed_an_update_every_24_hours() -> None:
    family = at_department("tech").wait("24h")
    assert "after_sales:update" in family.waits_for
    assert family.find("update")[1].candidates == ["li_na"]
    family.press("update", "told", said="还在查").wait("23h")
    assert "after_sales:update" not in family.waits_for
    assert "after_sales:update" in family.wait("1h").waits_for


def test_the_customer_may_say_it_is_settled_when_updated() -> None:
    family = at_department("tech").wait("24h").press("update", "settled", said="已经好了")
    assert ended(family) == "solved"


def test_the_update_stops_with_the_handling() -> None:
    family = answered().press("tell", "satisfied").wait("48h")
    assert "update" not in family.stories["c1"].path


# ---- 客户未回应 ----


def silent(family: Family) -> Family:
    """The customer was asked and says nothing for 72 hours."""
    return family.press("ask", "asked").wait("72h")


def test_a_customer_silent_for_72_hours_may_be_closed_by_the_supervisor() -> None:
    family = silent(accepted().press("triage", "ask", question="哪一批？"))
    assert "ask_customer:supervisor_decides" in family.waits_for
    family.press("supervisor_decides", "close", by="zhang_wei", reason="三天没有回应")
    assert ended(family) == "silent"


def test_silence_in_a_department_closes_the_whole_case() -> None:
    family = at_department("tech").press("name_person", "mine", by="zheng_kai")
    silent(family.press("work", "ask", by="zheng_kai", question="哪一批？"))
    family.press("supervisor_decides", "close", by="zhang_wei", reason="没有回应")
    assert ended(family) == "silent"


# ---- 客服下班：单子跟着交接走 ----


def test_the_case_goes_with_the_handover_and_the_new_owner_tells_the_customer() -> None:
    family = at_department("tech")
    story = family.stories["c1"]
    story.apply(WorkHandedOver(from_people=("li_na",), to="wang_fang", reason="交接班", source="H1"))
    assert family.first.owner == "wang_fang"
    assert "wang_fang" in family.find("watch")[1].candidates
    family.press("name_person", "mine", by="zheng_kai").press("work", "done", by="zheng_kai", **RESULT)
    assert "wang_fang" in family.find("tell")[1].candidates or family.find("tell")[1].nobody


def test_an_owner_who_is_off_shift_is_followed_by_who_is_on() -> None:
    family = accepted("2026-11-23 16:45").press("triage", "sorted", by="li_na", kind="usage", **SIMPLE)
    family.until("2026-11-23 18:30")
    assert "wang_fang" in family.find("answer_now")[1].candidates


# ---- AS-7 归档，AS-8 回访，AS-9 复盘 ----


def test_the_archive_is_filled_in_from_the_case() -> None:
    family = answered().press("tell", "satisfied", feedback="谢谢")
    family.press("archive", "archived", fault="nobody", cause="没装好")
    data = family.first.data
    for words in ("受理", "分诊：使用问题", "教了怎么装杯盖", "客户满意"):
        assert words in data["log"]
    assert data["outcome"] == "教了怎么装杯盖" and data["feedback"] == "谢谢"
    assert family.first.result == "solved"


def test_the_archive_says_whose_fault_it_was() -> None:
    with pytest.raises(FormError) as refused:
        answered().press("tell", "satisfied").press("archive", "archived")
    assert {"fault", "cause"} <= set(refused.value.fields)


def test_a_lesson_starts_an_improvement() -> None:
    family = answered().press("tell", "satisfied")
    family.press("archive", "improve", **ARCHIVE, lesson="说明书看不懂")
    assert family.first.result == "solved"
    assert family.find("improvement:plan")[0].state.data["problem"] == "说明书看不懂"  # type: ignore[union-attr]


def complaint() -> Family:
    """A complaint that is told and archived: its callback waits."""
    family = accepted().press("triage", "sorted", kind="usage", **SIMPLE, callback_due=True)
    family.press("answer_now", "answered", outcome="换了杯盖").press("tell", "satisfied")
    return family.press("archive", "archived", **ARCHIVE)


def test_an_ordinary_case_has_no_callback() -> None:
    family = answered().press("tell", "satisfied").press("archive", "archived", **ARCHIVE)
    assert "callback" not in family.processes and family.first.status == "completed"


def test_a_complaint_is_called_back_after_three_days() -> None:
    family = complaint()
    assert family.waits_for == ["callback:wait_days"]
    family.until("2026-11-26 08:59")
    assert "callback:call" not in family.waits_for
    family.until("2026-11-26 09:00").press("call", "satisfied", score="5")
    assert family.first.result == "solved" and family.first.data["satisfied"] == "yes"
    family.replayed()


def test_an_unhappy_callback_is_a_new_round_of_the_same_case() -> None:
    family = complaint().wait("72h").press("call", "unsatisfied", score="1", needs="又漏了")
    family.press("reopen", "reopened")
    assert {"after_sales:triage", "after_sales:watch"} <= set(family.waits_for)
    assert (family.first.data["round"], family.first.data["reason"]) == (2, "又漏了")


def test_who_cannot_be_called_back_is_tried_twice() -> None:
    family = complaint().wait("72h").press("call", "unreachable").wait("24h")
    family.press("call", "unreachable")
    assert family.first.result == "solved"


def test_a_customer_who_comes_by_before_is_written_down_then() -> None:
    family = complaint().wait("1d").press("wait_days", "early").press("call", "satisfied", score="4")
    assert family.first.status == "completed"


def test_whoever_wants_no_contact_is_not_called_back() -> None:
    family = complaint().wait("72h").press("call", "no_contact")
    assert family.first.status == "completed" and family.first.contact_blocked
