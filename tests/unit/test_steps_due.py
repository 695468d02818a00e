"""Due times that hang on data: the earliest counts, and they move when the data does."""

from __future__ import annotations

import pytest

from jieli.engine.events import AnswerTakenBack
from tests.story import Story, at
from tests.unit.toys import effects, told, toy

TWO = """
begin: {parallel: [ask, other], join: both}
ask:
  who: {role: after_sales}
  MORE
  buttons: {ok: {label: 好, go_to: both}}
other:
  who: {role: supervisor}
  form:
    new_time: {label: 新时间, type: datetime, case_field: ship_at}
    day: {label: 日子, type: date, case_field: ship_on}
    says: {label: 说, case_field: said}
  buttons: {stay: {label: 记, again: 20, then: both}, ok: {label: 好, go_to: both}}
both: {needs: all, go_to: finished}
finished: {end: done}
"""


def timed(*more: str, start: str = "2026-11-20 09:00", **data: str) -> Story:
    return toy(TWO.replace("MORE", "\n  ".join(more)), start, **data)


def say(story: Story, **answers: str) -> Story:
    """The supervisor writes something into the case beside the open step."""
    return story.press("other", "stay", by="zhang_wei", **answers)


def iso(local: str) -> str:
    return at(local).isoformat()


def timers(story: Story, kind: str) -> list[str]:
    """When the timers of the step fire, by the shop's clock."""
    assert story.state
    ask = story.open("ask").id
    mine = [timer for timer in story.state.timers.values() if (timer.visit, timer.kind) == (ask, kind)]
    return [f"{timer.at.astimezone(story.context.calendar.zone):%d %H:%M}" for timer in mine]


# ---- the earliest --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ship_at", "ship_on", "due"),
    [
        (None, None, "2026-11-20 13:00"),
        ("2026-11-20 12:30", None, "2026-11-20 12:00"),
        ("2026-11-20 18:00", None, "2026-11-20 13:00"),
        (None, "2026-11-20", "2026-11-20 08:00"),
    ],
)
def test_the_earliest_of_all_times_that_are_known_counts(
    ship_at: str | None, ship_on: str | None, due: str
) -> None:
    data = {"ship_at": iso(ship_at) if ship_at else None, "ship_on": ship_on}
    more = "due: [{before: ship_at, by: 30m}, {after: ship_on, by: 8h}]"
    story = timed("finish_within: 4h", more, **{k: v for k, v in data.items() if v})
    assert story.open("ask").due_at == at(due)


def test_a_step_whose_times_are_all_unknown_is_never_late() -> None:
    story = timed("due: {until: ship_at}", "remind: 50%", "when_late: {tell: {role: supervisor}}")
    assert story.open("ask").due_at is None
    assert told(story.wait("30d"), "late") == []


def test_a_field_of_an_element_is_a_time_too() -> None:
    steps = """
collect:
  who: {role: after_sales}
  form: {list: {label: 事项, type: rows, fields: {what: {label: 事}, by_when: {label: 时间, type: datetime}}}}
  buttons: {ok: {label: 好, go_to: follow}}
follow:
  each: collect.list
  title: "跟进 {{ item.what }}"
  who: {role: after_sales}
  finish_within: 1d
  clock: wall
  due: {until: item.by_when}
  go_to: finished
  buttons: {ok: {label: 好}}
finished: {end: done}
"""
    rows = [{"what": "甲", "by_when": iso("2026-11-20 11:00")}, {"what": "乙"}]
    story = toy(steps).press("collect", "ok", list=rows)
    assert story.state
    due = {visit.title: visit.due_at for visit in story.state.visits.values()}
    assert due == {"跟进 甲": at("2026-11-20 11:00"), "跟进 乙": at("2026-11-21 09:00")}


def test_now_in_a_due_time_is_when_the_step_began() -> None:
    story = timed("due: {until: now | end_of_day}").until("2026-11-20 23:30")
    say(story.until("2026-11-21 09:00"), says="x")
    assert story.open("ask").due_at == at("2026-11-21 00:00"), "not the end of the next day"


# ---- moved ---------------------------------------------------------------------------------------


def test_when_the_date_moves_the_due_time_and_its_timers_follow() -> None:
    story = timed("due: {until: ship_at}", "remind: 50%", ship_at=iso("2026-11-20 11:00"))
    assert (timers(story, "late"), timers(story, "remind")) == (["20 11:00"], ["20 10:00"])
    say(story, new_time=iso("2026-11-20 13:00"))
    assert (timers(story, "late"), timers(story, "remind")) == (["20 13:00"], ["20 11:00"])
    assert "due_moved" in [entry.what for entry in story.entries]
    assert told(story.until("2026-11-20 12:59"), "late") == []
    assert told(story.until("2026-11-20 13:00"), "late") == ["li_na"]


def test_what_was_late_has_time_again_when_its_time_moves_into_the_future() -> None:
    story = timed("due: {until: ship_at}", ship_at=iso("2026-11-20 10:00")).until("2026-11-20 10:30")
    assert story.state and story.state.tags == ["逾期"]
    say(story, new_time=iso("2026-11-20 16:00"))
    assert story.state.tags == [] and not story.open("ask").overdue
    assert "逾期" in story.until("2026-11-20 16:00").state.tags  # type: ignore[union-attr]


def test_a_time_that_moves_into_the_past_is_late_at_once() -> None:
    story = timed("due: {until: ship_at}", ship_at=iso("2026-11-20 16:00")).until("2026-11-20 12:00")
    say(story, new_time=iso("2026-11-20 11:00"))
    assert told(story.until("2026-11-20 12:00"), "late") == ["li_na"]


def test_a_time_that_becomes_known_later_counts_from_then_on() -> None:
    story = timed("due: {until: ship_at}", "overrun: step_limit").until("2026-11-20 12:00")
    assert timers(story, "late") == []
    say(story, new_time=iso("2026-11-20 15:00"))
    assert (timers(story, "late"), timers(story, "overrun")) == (["20 15:00"], ["20 15:30"])


def test_what_changes_nothing_leaves_the_timers_as_they_are() -> None:
    story = timed("due: {until: ship_at}", "remind: 50%", ship_at=iso("2026-11-20 16:00"))
    assert story.state
    before = {key for key, timer in story.state.timers.items() if timer.visit == story.open("ask").id}
    say(story, says="nichts")
    assert before <= set(story.state.timers)


def test_a_time_that_moved_while_an_answer_could_be_taken_back_counts_after_that() -> None:
    story = timed("due: {until: ship_at}", "take_back: 5m", ship_at=iso("2026-11-20 11:00"))
    story.press("ask", "ok")
    say(story, new_time=iso("2026-11-20 15:00"))
    assert timers(story, "late") == []
    story.apply(AnswerTakenBack(visit=story.open("ask").id, by="li_na"))
    assert timers(story, "late") == ["20 15:00"]


def test_a_wait_for_a_point_in_time_ends_when_that_is_moved_to() -> None:
    wait = """
begin: {parallel: [pause, other], join: both}
pause: {wait: {before: ship_at, by: 1h}, time_up: both}
other:
  who: {role: supervisor}
  form: {new_time: {label: 新时间, type: datetime, case_field: ship_at}}
  buttons: {stay: {label: 记, again: 9, then: both}}
both: {needs: any, go_to: finished}
finished: {end: done}
"""
    story = toy(wait, ship_at=iso("2026-11-20 12:00"))
    say(story, new_time=iso("2026-11-20 17:00"))
    assert story.until("2026-11-20 15:59").waits_for == ["pause", "other"]
    assert story.until("2026-11-20 16:00").waits_for == []


def test_a_case_whose_times_moved_is_the_same_when_it_is_replayed() -> None:
    story = timed(
        "due: {until: ship_at}", "remind: [25%, 50%]", "remind_every: 1h", "overrun: step_limit",
        "when_late: [{after: 0m}, {after: 20m, tell: {role: supervisor}}]",
        ship_at=iso("2026-11-20 11:00"),
    )  # fmt: skip
    say(story.wait("90m"), new_time=iso("2026-11-20 10:00")).wait("15m")
    say(story, new_time=iso("2026-11-20 14:00")).wait("3h")
    assert story.replayed() == story.state
    story.press("ask", "ok").press("other", "ok", by="zhang_wei")
    assert story.replayed() == story.state and story.state and not story.state.timers


# ---- reminded ------------------------------------------------------------------------------------


def test_a_part_of_the_time_counts_from_the_opening_to_the_due_time() -> None:
    story = timed("due: {until: ship_at}", "remind: [50%, 75%]", ship_at=iso("2026-11-20 13:00"))
    assert timers(story, "remind") == ["20 11:00", "20 12:00"]


def test_reminders_come_again_and_again_until_it_is_done() -> None:
    story = timed("remind_every: 4h", start="2026-11-20 20:00")
    assert timers(story, "remind") == ["21 00:00"]
    story.until("2026-11-21 00:00")
    assert timers(story, "remind") == ["21 11:00"], "the desk is closed from 1 to 8"
    story.until("2026-11-21 15:00")
    assert len(story.messages("reminder")) == 3
    story.press("ask", "ok").wait("3d")
    assert len(story.messages("reminder")) == 3


def test_after_an_outage_the_reminders_go_on_from_then() -> None:
    story = timed("remind_every: 1h", "clock: wall")
    story.now = at("2026-11-20 15:20")
    story.until("2026-11-20 15:20")
    assert len(story.messages("reminder")) == 1 and timers(story, "remind") == ["20 16:20"]
    assert effects(story, type(story.messages("reminder")[0]))
