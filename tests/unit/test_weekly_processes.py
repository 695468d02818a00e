"""What is done every week: summaries and records handed in, the meeting, a look at the rates."""

from __future__ import annotations

from typing import Any

import pytest

from tests.family import Family
from tests.story import at
from tests.unit.scheduled import MEASURE, about, asked, marked, notices, proposals, refused

pytestmark = pytest.mark.usefixtures("stories_replay")


# ---- 周总结：周六 17:00 ------------------------------------------------------------------------


TEXT = "这一周接待了三百位买家，" * 20


def summary() -> Family:
    data = {"person": "li_na", "week": "2026-11-21", "due_at": at("2026-11-21 17:00").isoformat()}
    return Family.of("weekly_summary", data, "2026-11-20 09:00")


def test_a_summary_of_two_hundred_characters_is_handed_in_and_read() -> None:
    family = summary()
    assert family.first.title == "周总结 li_na 11月21日" and asked(family, "write") == ["li_na"]
    assert family.find("write")[1].due_at == at("2026-11-21 17:00")
    assert refused(family, "write", "hand_in", "li_na", text="很好" * 99) == {"text"}
    family.press("write", "hand_in", text=TEXT)
    assert "李娜" in about(family, "read") and asked(family, "read") == ["zhang_wei"]
    assert family.press("read", "seen", "zhang_wei").first.result == "done"
    assert family.wait("3d") and proposals(family) == []


def test_a_summary_that_is_late_is_told_and_proposed_once_and_can_still_be_handed_in() -> None:
    family = summary().until("2026-11-21 17:09")
    assert "zhang_wei" in family.told("late", "write") and proposals(family) == []
    family.until("2026-11-21 17:11")
    assert proposals(family) == [("weekly_summary", "li_na")]
    family.press("write", "hand_in", text=TEXT).press("read", "seen", "zhang_wei")
    assert family.first.result == "done" and len(proposals(family)) == 1


def test_nobody_is_reminded_at_night() -> None:
    family = summary().until("2026-11-20 17:01")
    assert family.told("reminder") == ["li_na"]
    assert len(family.until("2026-11-21 12:59").told("reminder")) == 1
    assert len(family.until("2026-11-21 13:01").told("reminder")) == 2
    family = records().until("2026-11-19 17:01")
    assert sorted(map(str, family.told("reminder"))) == sorted(PEOPLE)
    assert len(family.until("2026-11-20 08:59").told("reminder")) == 3


def test_a_summary_that_is_never_written_does_not_stay_open_for_ever() -> None:
    assert summary().until("2026-11-28 17:01").first.result == "missing"


def test_who_was_away_all_week_says_so_and_the_supervisor_sees_it() -> None:
    family = summary().press("write", "absent")
    assert "没有上班" in about(family, "read")
    assert family.press("read", "seen", "zhang_wei").first.result == "done"
    assert proposals(family) == []


def test_what_comes_back_for_more_was_handed_in_in_time() -> None:
    family = summary().press("write", "hand_in", text=TEXT).until("2026-11-22 10:00")
    assert refused(family, "read", "return", "zhang_wei") == {"comment"}
    family.press("read", "return", "zhang_wei", comment="改进写具体些")
    assert "改进写具体些" in about(family, "improve")
    family.until("2026-11-23 12:00")
    assert "zhang_wei" in family.told("late", "improve") and proposals(family) == []
    family.press("improve", "hand_in", text=TEXT).press("read", "seen", "zhang_wei")
    assert family.first.result == "done"
    left = summary().press("write", "hand_in", text=TEXT)
    left.press("read", "return", "zhang_wei", comment="？").wait("10d")
    assert left.first.result == "missing"


def test_it_comes_back_three_times_at_most() -> None:
    family = summary().press("write", "hand_in", text=TEXT)
    for _ in range(3):
        family.press("read", "return", "zhang_wei", comment="再写").press("improve", "hand_in", text=TEXT)
    assert family.press("read", "return", "zhang_wei", comment="再写").first.result == "done"


def test_an_unread_summary_goes_to_management() -> None:
    family = summary().press("write", "hand_in", text=TEXT).wait("3d")
    assert "zhou_min" in family.told("late", "read")


# ---- 周记录：周五 11:00，当天汇总 --------------------------------------------------------------


PEOPLE = ["li_na", "wang_fang", "huang_li"]
WEEK = {"served": 210, "deals": "35 笔 2100 元", "problems": "无"}


def records() -> Family:
    data = {
        "week": "2026-11-20", "people": PEOPLE,
        "hand_in_by": at("2026-11-20 11:00").isoformat(),
        "compile_by": at("2026-11-20 18:00").isoformat(),
    }  # fmt: skip
    return Family.of("weekly_records", data, "2026-11-19 16:00")


def rows_of(family: Family) -> list[dict[str, Any]]:
    """The records as the table of the compiler shows them."""
    arrived = family.first.answers["collect"]["each"]
    return [{key: each.get(key) for key in ("item", *WEEK)} for each in arrived]


def compiled(family: Family) -> Family:
    return family.press("compile", "done", "zhang_wei", records=rows_of(family), summary="三人已交")


def test_all_records_are_compiled_and_reach_operations_the_same_day() -> None:
    family = records()
    for person in PEOPLE:
        assert family.find("collect", person)[1].due_at == at("2026-11-20 11:00")
        family.press("collect", "hand_in", person, **WEEK)
    assert family.find("compile")[1].due_at == at("2026-11-20 18:00")
    assert "没有交的" not in about(family, "compile") and len(rows_of(family)) == 3
    assert asked(compiled(family), "deliver") == ["sun_yue"]
    assert family.press("deliver", "received", "sun_yue").first.result == "done"


def test_who_does_not_hand_in_cannot_hold_up_the_others() -> None:
    family = records().press("collect", "hand_in", "li_na", **WEEK)
    family.press("collect", "absent", "huang_li").until("2026-11-20 11:11")
    assert proposals(family) == [("records_late", "wang_fang")]
    assert "zhang_wei" in family.told("late", "collect")
    family.until("2026-11-20 15:01")
    assert "没有交的：王芳" in about(family, "compile")
    assert [row["item"] for row in rows_of(family)] == ["li_na", "huang_li"]
    assert compiled(family).press("deliver", "received", "sun_yue").first.result == "done"


def test_nobody_at_all_still_gives_the_supervisor_a_page() -> None:
    family = records().until("2026-11-20 15:01")
    assert all(name in about(family, "compile") for name in ("李娜", "王芳", "黄丽"))
    family.until("2026-11-20 18:01")
    assert "zhou_min" in family.told("late", "compile")


def test_operations_send_it_back_with_time_to_work_on_it() -> None:
    family = records().until("2026-11-20 15:01").press("compile", "done", "zhang_wei", summary="没有人交")
    family.until("2026-11-20 17:50").press("deliver", "return", "sun_yue", comment="请催")
    assert family.find("compile")[1].due_at == at("2026-11-20 21:50")
    assert refused(family, "compile", "done", "zhang_wei", summary="") == {"summary"}
    for _ in range(2):
        family.press("compile", "done", "zhang_wei").press("deliver", "return", "sun_yue", comment="再催")
    assert family.first.status == "completed"


# ---- 周例会：周一 13:30 ------------------------------------------------------------------------


def meeting() -> Family:
    data = {
        "date": "2026-11-23", "since": at("2026-11-16 09:00").isoformat(),
        "meets_at": at("2026-11-23 13:30").isoformat(),
    }  # fmt: skip
    return Family.of("weekly_meeting", data, "2026-11-23 09:00")


MINUTES = {"present": ["li_na", "feng_lei"], "discussed": "售后三单都是运输破损"}
INVITED = {"li_na", "wang_fang", "huang_li", "he_jing", "ma_chao", "feng_lei", "zhang_wei"}


def met(**minutes: Any) -> Family:
    family = meeting().press("agenda", "ready", "zhang_wei", topics="破损").until("2026-11-23 13:31")
    return family.press("minutes", "done", "zhang_wei", **{**MINUTES, **minutes})


def test_the_agenda_is_announced_the_meeting_waited_for_and_its_measures_assigned() -> None:
    family = meeting().press("agenda", "ready", "zhang_wei")
    assert notices(family, "周例会 11月23日 13:30") == INVITED
    assert family.waits_for == ["weekly_meeting:wait_meeting"]
    family = met(absent_without=["wang_fang"], measures=[MEASURE])
    assert proposals(family) == [("missed_meeting", "wang_fang")]
    assert family.processes == ["weekly_meeting", "improvement"] and family.first.result == "done"
    assert asked(family, "improvement:carry_out") == ["feng_lei"]


def test_phrases_are_brought_up_to_date_after_the_meeting() -> None:
    family = met(phrases="破损的留言加上补发时间")
    assert family.waits_for == ["weekly_meeting:update_phrases"]
    family.press("update_phrases", "done", "zhang_wei", what="damaged 第一条")
    assert family.first.result == "done"


def test_a_meeting_without_agenda_takes_place_all_the_same() -> None:
    family = meeting().until("2026-11-23 13:01")
    assert "zhou_min" in family.told("late", "agenda")
    assert notices(family, "周例会") == INVITED
    assert family.until("2026-11-23 13:31").waits_for == ["weekly_meeting:minutes"]


def test_nobody_is_both_there_and_absent_and_no_measure_lies_in_the_past() -> None:
    family = meeting().until("2026-11-23 13:31")
    both = {**MINUTES, "absent_without": ["li_na"]}
    assert refused(family, "minutes", "done", "zhang_wei", **both) == {"absent_without"}
    old = {**MINUTES, "measures": [{**MEASURE, "due": "2026-11-01"}]}
    assert refused(family, "minutes", "done", "zhang_wei", **old) == {"measures.0.due"}


def test_a_meeting_that_did_not_take_place_is_nobodys_absence() -> None:
    family = meeting().until("2026-11-23 13:31")
    assert refused(family, "minutes", "cancelled", "zhang_wei") == {"discussed"}
    family.press("minutes", "cancelled", "zhang_wei", discussed="大促，改到下周")
    assert family.first.result == "cancelled" and proposals(family) == []


def test_minutes_nobody_writes_are_told_to_management() -> None:
    assert "zhou_min" in meeting().until("2026-11-23 18:00").told("late", "minutes")


# ---- 退款率和纠纷率 ----------------------------------------------------------------------------


FIGURES = [{"day": f"2026-11-{day}", "orders": 200, "refunds": 9, "disputes": 1} for day in (16, 17)]


def rates() -> Family:
    return Family.of("rates_review", {"date": "2026-11-23"}, "2026-11-23 10:00")


def test_operations_look_at_the_rates_and_propose() -> None:
    family = rates()
    assert asked(family, "look") == ["sun_yue"]
    assert refused(family, "look", "done", "sun_yue") == {"finding"}
    family.press("look", "done", "sun_yue", days=FIGURES, finding="退款升到 4.5%", measures=[MEASURE])
    assert marked(family) == ["2026-11-16", "2026-11-17"], "not looked at a second time"
    assert notices(family, "4.5%") == {"zhang_wei"} and "improvement" in family.processes
    assert family.first.result == "done"


def test_a_week_without_figures_says_that_they_are_missing() -> None:
    family = rates().press("look", "done", "sun_yue", finding="没有数字")
    assert notices(family, "请导入") == {"zhang_wei"} and marked(family) == []


def test_rates_nobody_looked_at_go_to_management_and_are_there_next_week() -> None:
    family = rates().until("2026-11-24 10:01")
    assert "zhou_min" in family.told("late", "look")
    assert family.until("2026-11-29 10:01").first.result == "missed" and marked(family) == []
