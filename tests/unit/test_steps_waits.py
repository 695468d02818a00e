"""Waits: for a length of time, a moment of a field, an event; and buttons that count early."""

from __future__ import annotations

import pytest

from jieli.engine.errors import NotYours, TimerMismatch, UnknownButton, WorkItemClosed
from jieli.engine.events import SignalReceived, TimerFired, WaitAnswered
from tests.story import Story, at
from tests.unit.toys import outcomes, refused, told, toy

AFTER = """
next: {who: {role: after_sales}, buttons: {ok: {label: 好, go_to: finished}}}
finished: {end: done}
"""
DESK = """
pause:
  wait: 10h
  clock: staffed
  who: {role: supervisor}
  buttons: {ok: {label: 好, go_to: next}}
  time_up: next
"""
EVENT = """
order: {who: {role: after_sales}, buttons: {ok: {label: 已下单, go_to: pack}}}
pack:
  who: {role: after_sales}
  buttons: {ok: {label: 已打包, go_to: pause}, again: {label: 重新下单, go_to: order}}
pause: {wait: {event: paid SINCE}, happened: next, LATE form: {sum: {label: 金额, type: money}}}
"""
LISTENING = """
write: {who: {role: after_sales}, buttons: {ok: {label: 已留言, go_to: sms}}}
sms:
  who: {role: after_sales}
  buttons: {ok: {label: 已发送, go_to: LIMIT}, call: {label: 直接打, go_to: next}}
reply:
  wait: 2d
  starts_after: [write, sms]
  who: {role: after_sales, on_shift: yes}
  buttons: {replied: {label: 已回复, since: write, go_to: next}}
  time_up: later
later:
  wait: 1d
  who: {role: after_sales}
  buttons: {called: {label: 来电, since: sms, go_to: next}}
  time_up: next
"""


def waiting(words: str, start: str = "2026-11-20 09:00", **data: str) -> Story:
    return toy(f"pause: {{wait: {words}, time_up: next}}\n{AFTER}", start, **data)


def test_a_wait_ends_when_its_time_is_up() -> None:
    story = waiting("2d").wait("47h59m")
    assert story.waits_for == ["pause"]
    assert story.wait("1m").waits_for == ["next"] and outcomes(story)["pause.1"] == "time_up"


@pytest.mark.parametrize(
    ("words", "due"),
    [
        ("{until: ship_at}", "2026-11-23 10:00"),
        ("{before: ship_at, by: 30m}", "2026-11-23 09:30"),
        ("{after: ship_at, by: 1d}", "2026-11-24 10:00"),
        ("{until: ship_on}", "2026-12-01 00:00"),
        ("{after: ship_on, by: 9h}", "2026-12-01 09:00"),
    ],
)
def test_a_moment_comes_from_a_field_with_an_offset(words: str, due: str) -> None:
    story = waiting(words, ship_at="2026-11-23T02:00:00+00:00", ship_on="2026-12-01")
    assert story.open("pause").due_at == at(due)


def test_a_moment_that_is_past_is_over_at_once() -> None:
    story = waiting("{until: ship_at}", ship_at="2026-11-01T02:00:00+00:00")
    assert story.waits_for == ["pause"], "by its timer, like any other"
    assert story.wait("0m").waits_for == ["next"]


def test_a_moment_that_nobody_gave_is_no_reason_to_wait_for_ever() -> None:
    story = waiting("{before: ship_at, by: 1h}")
    assert story.open("pause").due_guessed
    assert story.wait("0m").waits_for == ["next"]


def test_a_timer_counts_once_at_its_time_and_never_before() -> None:
    story = waiting("1h")
    assert story.state
    (timer,) = story.state.timers.values()
    fired = TimerFired(timer=timer.id, at=timer.at)
    with pytest.raises(TimerMismatch):
        refused(story, fired)
    story.wait("1h")
    with pytest.raises(TimerMismatch):
        refused(story, fired)


def test_staffed_time_is_counted_in_the_hours_of_the_desk() -> None:
    story = toy(DESK + AFTER, "2026-11-20 15:00")
    assert story.open("pause").due_at == at("2026-11-21 13:00"), "the desk is open from 9 to 21"


# ---- events --------------------------------------------------------------------------------------


def ordering(since: str = "", late: str = "") -> Story:
    return toy(EVENT.replace("SINCE", since).replace("LATE", late) + AFTER)


def paid(story: Story, **data: object) -> Story:
    story.apply(SignalReceived(name="paid", data=data))
    return story


def test_an_event_ends_the_wait_for_it_and_its_data_are_the_answers() -> None:
    story = ordering().press("order", "ok").press("pack", "ok")
    paid(story, sum="30.00", channel="alipay")
    assert story.waits_for == ["next"] and story.state
    assert story.state.answers["pause"]["fields"] == {"sum": "30.00", "channel": "alipay"}


def test_what_a_field_cannot_hold_does_not_stop_the_case() -> None:
    story = ordering().press("order", "ok").press("pack", "ok")
    paid(story, sum="三十", channel="alipay")
    assert story.waits_for == ["next"] and story.state
    assert story.state.answers["pause"]["fields"] == {"channel": "alipay"}
    assert "not_understood" in [entry.what for entry in story.entries]


def test_an_event_that_came_before_its_wait_does_not_count() -> None:
    story = paid(ordering().press("order", "ok")).press("pack", "ok")
    assert story.waits_for == ["pause"]


def test_since_lets_an_early_event_count_once_that_step_was_done() -> None:
    story = ordering(", since: order").press("order", "ok").wait("5m")
    assert paid(story).press("pack", "ok").waits_for == ["next"]


def test_an_event_of_before_that_step_does_not_count() -> None:
    story = paid(ordering(", since: order")).wait("5m").press("order", "ok").press("pack", "ok")
    assert story.waits_for == ["pause"]


def test_an_event_of_the_last_round_does_not_count() -> None:
    story = paid(ordering(", since: order").press("order", "ok")).wait("5m")
    story.press("pack", "again").press("order", "ok").press("pack", "ok")
    assert story.waits_for == ["pause"]


def test_an_event_is_used_once() -> None:
    story = paid(ordering(", since: order").press("order", "ok")).press("pack", "ok")
    assert story.state and story.state.signals == {}


def test_a_wait_for_an_event_may_give_up() -> None:
    story = ordering(", at_most: 3d", "time_up: finished,").press("order", "ok").press("pack", "ok")
    story.wait("3d")
    assert story.state and story.state.status == "completed"
    assert outcomes(story)["pause.1"] == "time_up"


def test_an_event_nobody_waits_for_is_kept_and_changes_nothing_else() -> None:
    story = paid(waiting("1h"))
    assert story.waits_for == ["pause"] and story.state and "paid" in story.state.signals


# ---- buttons that count early --------------------------------------------------------------------


def listening(start: str = "2026-11-20 09:00", limit: str = "reply") -> Story:
    return toy(LISTENING.replace("LIMIT", limit) + AFTER, start)


def test_buttons_count_from_the_step_on_that_they_name() -> None:
    story = listening()
    assert "reply" not in story.waits_for
    story.press("write", "ok")
    assert story.open("reply").status == "listening"
    assert story.press("reply", "replied").waits_for == ["next"]
    assert outcomes(story)["sms.1"] == "overtaken"


def test_when_its_turn_comes_it_is_the_same_visit_and_nobody_is_told_again() -> None:
    story = listening().press("write", "ok")
    early = story.open("reply").id
    story.wait("1h").press("sms", "ok")
    assert story.open("reply").id == early and story.open("reply").status == "open"
    assert told(story, "wait") == ["li_na", "li_na", "wang_fang"], "the last two for `later`"
    assert story.open("reply").due_at == at("2026-11-22 10:00"), "from the later of the two steps"


def test_a_wait_that_listens_already_is_not_one_more_visit_of_it() -> None:
    story = listening(limit="reply, at_most: 1, then: next").press("write", "ok").press("sms", "ok")
    assert story.open("reply").status == "open"


def test_it_stops_listening_when_no_way_leads_to_it_any_more() -> None:
    story = listening().press("write", "ok").press("sms", "call")
    assert story.waits_for == ["next"] and outcomes(story)["reply.1"] == "passed_by"


def test_a_button_leaves_another_wait_listening_that_is_still_ahead() -> None:
    steps = LISTENING.replace("since: write, go_to: next", "since: write, go_to: more")
    more = "more: {who: {role: after_sales}, buttons: {ok: {label: 好, go_to: later}}}\n"
    story = toy(steps.replace("LIMIT", "reply") + more + AFTER)
    story.press("write", "ok").press("sms", "ok").press("reply", "replied")
    assert story.waits_for == ["later", "more"] and story.open("later").status == "listening"
    assert story.press("more", "ok").open("later").status == "open"


def test_at_night_the_link_waits_for_the_shift_and_a_wait_is_no_work_nobody_does() -> None:
    story = listening("2026-11-20 02:00").press("write", "ok", by="wang_fang")
    assert told(story, "wait") == []
    assert story.state and "无人" not in story.state.tags
    story.until("2026-11-20 08:00")
    assert told(story, "wait") == ["li_na"] and story.open("reply").status == "listening"


def test_only_those_who_were_asked_press_and_only_what_is_there() -> None:
    story = listening().press("write", "ok")
    visit = story.open("reply").id
    with pytest.raises(NotYours):
        refused(story, WaitAnswered(visit=visit, button="replied", by="chen_jing"))
    with pytest.raises(NotYours):
        refused(story, WaitAnswered(visit=visit, button="replied"))
    with pytest.raises(UnknownButton):
        refused(story, WaitAnswered(visit=visit, button="changed", by="li_na"))


@pytest.mark.parametrize("timer_first", [True, False])
def test_a_button_and_the_time_in_the_same_instant_have_one_winner(timer_first: bool) -> None:
    story = listening().press("write", "ok").press("sms", "ok")
    assert story.state
    visit = story.open("reply")
    story.now = at("2026-11-22 09:00")
    (timer,) = (t for t in story.state.timers.values() if t.kind == "wait_over")
    fired = TimerFired(timer=timer.id, at=timer.at)
    pressed = WaitAnswered(visit=visit.id, button="replied", by="li_na")
    story.apply(fired if timer_first else pressed)
    with pytest.raises((TimerMismatch, WorkItemClosed)):
        refused(story, pressed if timer_first else fired)
    assert outcomes(story)["reply.1"] == ("time_up" if timer_first else "replied")
