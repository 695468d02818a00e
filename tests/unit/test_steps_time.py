"""The clock of a work item: reminders, being late, windows, and taking an answer back."""

from __future__ import annotations

import pytest

from jieli.engine.errors import NotYours, TimerMismatch, WindowClosed, WorkItemClosed
from jieli.engine.events import (
    AnswerTakenBack,
    CancelMessages,
    SendMessage,
    TimerFired,
    WorkItemAnswered,
)
from tests.story import Story, at
from tests.unit.toys import effects, outcomes, refused, told, toy

TIMED = """
ask:
  who: WHO
  MORE
  buttons: {ok: {label: 好, go_to: next}, again: {label: 再来, again: 5, then: next}}
next: {who: {role: supervisor}, buttons: {ok: {label: 好, go_to: finished}}}
finished: {end: done}
"""


def timed(*more: str, start: str = "2026-11-20 09:00", who: str = "after_sales", **data: str) -> Story:
    steps = TIMED.replace("WHO", f"{{role: {who}}}").replace("MORE", "\n  ".join(more))
    return toy(steps, start, **data)


def timer_of(story: Story, kind: str) -> TimerFired:
    assert story.state
    (timer,) = (timer for timer in story.state.timers.values() if timer.kind == kind)
    return TimerFired(timer=timer.id, at=timer.at)


# ---- due, reminded, late -------------------------------------------------------------------------


def test_time_is_counted_while_the_desk_of_the_asked_role_is_staffed() -> None:
    story = timed("finish_within: 4h", start="2026-11-20 23:00")
    assert story.open("ask").due_at == at("2026-11-21 10:00"), "the desk closes from 1 to 8"


def test_clock_wall_counts_the_night_too() -> None:
    story = timed("finish_within: 4h", "clock: wall", start="2026-11-20 23:00")
    assert story.open("ask").due_at == at("2026-11-21 03:00")


def test_a_desk_on_workdays_rests_over_the_weekend() -> None:
    story = timed("finish_within: 2h", who="finance", start="2026-11-20 17:00")
    assert story.open("ask").due_at == at("2026-11-23 10:00")


@pytest.mark.parametrize(("level", "due"), [("high", "09:30"), ("low", "11:00"), (None, "11:00")])
def test_a_field_chooses_how_long(level: str | None, due: str) -> None:
    data = {"level": level} if level else {}
    story = timed("finish_within: {by: level, high: 30m, otherwise: 2h}", **data)
    assert story.open("ask").due_at == at(f"2026-11-20 {due}")


def test_reminders_are_parts_of_the_time_or_lengths_in_staffed_hours() -> None:
    story = timed("finish_within: 4h", "remind: [50%, 3h]", start="2026-11-20 23:00").wait("1h59m")
    assert told(story, "reminder") == []
    assert len(story.until("2026-11-21 01:00").messages("reminder")) == 2, "one for each asked"
    assert len(story.until("2026-11-21 08:59").messages("reminder")) == 2
    assert len(story.until("2026-11-21 09:00").messages("reminder")) == 3, "one of them works now"


def test_a_reminder_after_the_due_time_is_never_sent() -> None:
    assert told(timed("finish_within: 1h", "remind: 2h").wait("1d"), "reminder") == []


def test_being_late_tells_those_who_have_it_and_those_who_are_named_and_the_item_stays() -> None:
    story = timed("finish_within: 1h", "when_late: {tell: [{role: supervisor}, {person: li_na}]}")
    story.wait("1h")
    assert told(story, "late") == ["li_na", "zhang_wei"]
    assert [message.link for message in story.messages("late")] == [True, False]
    assert story.state and story.state.tags == ["逾期"]
    assert story.press("ask", "ok").state.tags == []  # type: ignore[union-attr]


def test_late_with_a_step_takes_the_work_away_and_its_messages_still_leave() -> None:
    story = timed("finish_within: 1h", "when_late: {tell: {role: supervisor}, go_to: next}").wait("1h")
    assert story.waits_for == ["next"] and outcomes(story)["ask.1"] == "late"
    assert told(story, "late") == ["zhang_wei"]
    sent = [effect for effect in story.effects if isinstance(effect, (SendMessage, CancelMessages))]
    after = sent[sent.index(CancelMessages(1)) :]
    assert [m.purpose for m in after if isinstance(m, SendMessage)] == ["late", "work_item"]


@pytest.mark.parametrize("timer_first", [True, False])
def test_an_answer_and_being_taken_away_in_the_same_instant_have_one_winner(timer_first: bool) -> None:
    story = timed("finish_within: 1h", "when_late: {go_to: next}")
    fired = timer_of(story, "late")
    pressed = WorkItemAnswered(visit=story.open("ask").id, button="ok", by="li_na")
    story.now = fired.at
    story.apply(fired if timer_first else pressed)
    with pytest.raises((TimerMismatch, WorkItemClosed)):
        refused(story, pressed if timer_first else fired)
    assert outcomes(story)["ask.1"] == ("late" if timer_first else "ok")


def test_after_an_outage_one_reminder_is_enough() -> None:
    story = timed("finish_within: 8h", "remind: [25%, 50%, 75%]")
    story.now = at("2026-11-20 15:30")
    story.until("2026-11-20 15:30")
    assert told(story, "reminder") == ["li_na"]


# ---- windows -------------------------------------------------------------------------------------

CALLS = ("only_during: call_hours", "missed: {tell: {role: supervisor}}")


def test_a_step_opens_in_its_window_and_nobody_is_told_before() -> None:
    story = timed(*CALLS, start="2026-11-20 08:00")
    assert story.open("ask").status == "scheduled" and told(story) == []
    with pytest.raises(WindowClosed) as why:
        story.press("ask", "ok")
    assert why.value.opens_at == at("2026-11-20 09:30")
    assert told(story.until("2026-11-20 09:30"), "work_item") == ["li_na", "wang_fang"]


def test_the_result_may_be_written_down_for_a_while_after_the_window() -> None:
    story = timed(*CALLS, "record_grace: 5m", start="2026-11-20 09:30").until("2026-11-20 10:34")
    assert story.press("ask", "ok").waits_for == ["next"]


def test_a_missed_window_has_dead_links_and_no_message_of_it_leaves_any_more() -> None:
    story = timed(*CALLS, "record_grace: 0m", start="2026-11-20 09:30").until("2026-11-20 10:30")
    ask = story.open("ask")
    assert (ask.status, ask.generation, ask.window_start) == ("scheduled", 1, at("2026-11-20 16:00"))
    assert effects(story, CancelMessages) == [CancelMessages(ask.id)]
    assert told(story, "missed") == ["zhang_wei"]


def test_a_window_that_passed_while_the_clock_was_away_counts_as_missed() -> None:
    story = timed(*CALLS, start="2026-11-20 08:00")
    fired = timer_of(story, "window_open")
    story.now = at("2026-11-20 12:00")
    story.apply(fired)
    assert story.open("ask").window_start == at("2026-11-20 16:00") and told(story) == ["zhang_wei"]


def test_what_was_late_in_one_window_has_new_time_in_the_next() -> None:
    story = timed(*CALLS, "finish_within: 30m", start="2026-11-20 09:30").wait("31m")
    assert story.state and "逾期" in story.state.tags
    story.until("2026-11-20 16:00")
    assert "逾期" not in story.state.tags and story.open("ask").due_at == at("2026-11-20 16:30")


def test_the_next_try_belongs_to_another_window() -> None:
    story = timed(*CALLS, start="2026-11-20 09:30").press("ask", "again")
    assert story.open("ask").window_start == at("2026-11-20 16:00")


# ---- taken back ----------------------------------------------------------------------------------


def test_an_answer_leaves_when_the_time_to_take_it_back_is_over() -> None:
    story = timed("take_back: 3m", "finish_within: 1h").press("ask", "ok")
    assert story.waits_for == ["ask"] and story.open("ask").status == "held"
    assert effects(story, CancelMessages) == [CancelMessages(story.open("ask").id)]
    assert story.wait("3m").waits_for == ["next"]


def test_an_answer_taken_back_leaves_the_work_with_who_gave_it_and_its_due_time() -> None:
    story = timed("take_back: 3m", "finish_within: 1h").press("ask", "ok").wait("1m")
    story.apply(AnswerTakenBack(visit=story.open("ask").id, by="li_na"))
    ask = story.open("ask")
    assert (ask.status, ask.assignee, ask.due_at) == ("open", "li_na", at("2026-11-20 10:00"))
    assert "逾期" in story.wait("1h").state.tags  # type: ignore[union-attr]


def test_nothing_is_taken_back_by_others_nor_twice() -> None:
    story = timed("take_back: 3m").press("ask", "ok")
    visit = story.open("ask").id
    with pytest.raises(NotYours):
        refused(story, AnswerTakenBack(visit=visit, by="wang_fang"))
    with pytest.raises(WorkItemClosed):
        refused(story, WorkItemAnswered(visit=visit, button="ok", by="li_na"))
    story.wait("3m")
    with pytest.raises(WorkItemClosed) as why:
        refused(story, AnswerTakenBack(visit=visit, by="li_na"))
    assert why.value.by == "李娜"


@pytest.mark.parametrize("timer_first", [True, False])
def test_taking_back_and_leaving_in_the_same_instant_have_one_winner(timer_first: bool) -> None:
    story = timed("take_back: 3m").press("ask", "ok")
    fired = timer_of(story, "take_back")
    back = AnswerTakenBack(visit=story.open("ask").id, by="li_na")
    story.now = fired.at
    story.apply(fired if timer_first else back)
    with pytest.raises((TimerMismatch, WorkItemClosed)):
        refused(story, back if timer_first else fired)
    assert story.waits_for == (["next"] if timer_first else ["ask"])


def test_a_signature_that_was_taken_back_is_wanted_again() -> None:
    story = timed("take_back: 3m", "signers: {need: 2, button: ok}")
    story.press("ask", "ok", by="li_na").press("ask", "ok", by="wang_fang")
    story.apply(AnswerTakenBack(visit=story.open("ask").id, by="wang_fang"))
    assert story.open("ask").signatures == ["li_na"]
    assert story.press("ask", "ok", by="wang_fang").wait("3m").waits_for == ["next"]
