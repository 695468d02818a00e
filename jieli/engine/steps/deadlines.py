"""The clock of a human step: due time, reminders, rungs, the end of its window. Arms timers only."""

from __future__ import annotations

from datetime import datetime, timedelta

from jieli.engine import business_time
from jieli.engine.calendar import Hours
from jieli.engine.case import Visit
from jieli.engine.definition import HumanStep, Moment, WhenLate
from jieli.engine.move import Move
from jieli.engine.steps import assigning, overruns

NOTHING = timedelta(0)


def start(move: Move, visit: Visit, step: HumanStep) -> None:
    """Arm what runs from the moment the work item opens."""
    visit.begun_at, visit.within_until, visit.late_rungs = move.now, None, 0
    _arm_window_close(move, visit, step)
    guessed = False
    whole = move.duration(step.finish_within) if step.finish_within else None
    if whole is not None:
        over = business_time.add(
            move.now, whole, hours=_hours(move, visit, step), calendar=move.context.calendar
        )
        visit.within_until, guessed = over.at, over.guessed
    due = _due(move, visit, step)
    visit.due_at, visit.overdue = due, False
    visit.due_guessed = guessed and due == visit.within_until
    if due is not None:
        _arm_late(move, visit, step)
        _arm_reminders(move, visit, step)
    remind_again(move, visit, step)


def start_rung(move: Move, visit: Visit, step: HumanStep) -> None:
    """Arm the time of the rung that was just entered; the last rung has none."""
    words = step.who[visit.rung].for_
    allowed = move.duration(words) if words else None
    if words is None or allowed is None or visit.assignee:
        return
    staffed = move.clock_of(words, step.clock, "staffed") == "staffed"
    hours = move.context.desk_hours(visit.role) if staffed else None
    over = business_time.add(move.now, allowed, hours=hours, calendar=move.context.calendar)
    move.set_timer(visit, "rung", over.at, number=visit.rung, guessed=over.guessed)


def resume(move: Move, visit: Visit, step: HumanStep) -> None:
    """Arm again what an answer had stopped and a 撤回 brought back; reminders are not repeated."""
    _arm_window_close(move, visit, step)
    if visit.due_at:
        _arm_late(move, visit, step)
    remind_again(move, visit, step)


def refresh(move: Move) -> None:
    """The points in time of `due:` may have moved with the data: due times and timers follow."""
    for visit in list(move.state.visits.values()):
        step = move.definition.step(visit.step)
        if isinstance(step, HumanStep) and step.due and visit.status in ("open", "held"):
            due = _due(move, visit, step)
            if due != visit.due_at:
                _move_due(move, visit, step, due)


def _move_due(move: Move, visit: Visit, step: HumanStep, due: datetime | None) -> None:
    visit.due_at, visit.due_guessed = due, False
    if due is None or due > move.now:
        visit.overdue, visit.late_rungs = False, 0
    move.touch(visit)
    move.note("due_moved", visit, due_at=due.isoformat() if due else None)
    if visit.status == "held":  # taken back, it gets its timers again
        return
    move.cancel_timers(visit, {"late", "overrun"})
    for number in range(len(step.remind)):
        move.cancel_timers(visit, {"remind"}, number)
    if due is not None:
        _arm_late(move, visit, step)
        _arm_reminders(move, visit, step)


def point(move: Move, visit: Visit, words: Moment) -> datetime | None:
    """The instant that a moment means; None if the value it hangs on is not there.

    `now` is when the visit began, so that a moment only moves when what it hangs on does.
    """
    expression = words.until or words.before or words.after
    assert expression is not None, "the checks demand one of them"
    began = visit.begun_at or move.now
    value = move.evaluate(expression, **{**move.about(visit), "now": began})
    at = move.instant(value)
    if at is None:
        return None
    offset = (move.duration(words.by) if words.by else None) or NOTHING
    return at - offset if words.before else at + offset


def late_rungs(move: Move, step: HumanStep) -> tuple[WhenLate, ...]:
    """What happens when it is late, by the number of its timer; the first is always at once."""
    rungs = step.when_late
    if rungs and not move.duration(rungs[0].after):
        return rungs
    return (WhenLate(), *rungs)


def remind_again(move: Move, visit: Visit, step: HumanStep) -> None:
    """Arm the next of the reminders that come again and again."""
    often = move.duration(step.remind_every) if step.remind_every else None
    if step.remind_every is None or not often:
        return
    staffed = move.clock_of(step.remind_every, step.clock, "staffed") == "staffed"
    hours = move.context.desk_hours(visit.role) if staffed else None
    then = business_time.add(move.now, often, hours=hours, calendar=move.context.calendar)
    move.set_timer(visit, "remind", then.at, number=len(step.remind), guessed=then.guessed)


def _due(move: Move, visit: Visit, step: HumanStep) -> datetime | None:
    points = [visit.within_until, *(point(move, visit, words) for words in step.due)]
    return min((at for at in points if at is not None), default=None)


def _arm_late(move: Move, visit: Visit, step: HumanStep) -> None:
    assert visit.due_at is not None
    passed = max(visit.late_rungs, int(visit.overdue))
    for number, rung in enumerate(late_rungs(move, step)):
        if number >= passed:
            at = visit.due_at + (move.duration(rung.after) or NOTHING)
            move.set_timer(visit, "late", at, number=number, guessed=visit.due_guessed)
    overruns.arm(move, visit, step)


def _arm_reminders(move: Move, visit: Visit, step: HumanStep) -> None:
    began, due = visit.begun_at or move.now, visit.due_at
    assert due is not None
    hours, calendar = _hours(move, visit, step), move.context.calendar
    # Where the desk is closed all the way to the due time, the wall clock counts.
    if not business_time.staffed_between(began, due, hours=hours, calendar=calendar):
        hours = None
    whole = business_time.staffed_between(began, due, hours=hours, calendar=calendar)
    for number, words in enumerate(step.remind):
        part = _part(move, words, whole)
        at = business_time.add(began, part, hours=hours, calendar=calendar)
        if at.at < due and (at.at > move.now or began == move.now):
            move.set_timer(visit, "remind", at.at, number=number, guessed=at.guessed)


def _arm_window_close(move: Move, visit: Visit, step: HumanStep) -> None:
    if visit.window_end:
        move.set_timer(visit, "window_close", _recordable_until(move, visit.window_end, step))


def _recordable_until(move: Move, window_end: datetime, step: HumanStep) -> datetime:
    # A call begun in the window may end after it: its result can still be written down.
    return window_end + (move.duration(step.record_grace) or NOTHING)


def _hours(move: Move, visit: Visit, step: HumanStep) -> Hours | None:
    clock = move.clock_of(step.finish_within or "", step.clock, "staffed")
    return move.context.desk_hours(_desk(move, visit, step)) if clock == "staffed" else None


def _desk(move: Move, visit: Visit, step: HumanStep) -> str | None:
    """Whose hours count: of the role that was asked, or the first one the ladder comes to."""
    roles = (visit.role, *(assigning.role_of(move, rung, visit) for rung in step.who))
    return next((role for role in roles if role), None)


def _part(move: Move, words: str, whole: timedelta) -> timedelta:
    if words.endswith("%"):
        return whole * float(words[:-1]) / 100
    return move.duration(words) or NOTHING
