"""The clock of a human step: due date, reminders, rungs, the end of its window. Arms timers only."""

from __future__ import annotations

from datetime import datetime, timedelta

from jieli.engine import business_time
from jieli.engine.calendar import Hours
from jieli.engine.case import Visit
from jieli.engine.definition import HumanStep
from jieli.engine.move import Move


def start(move: Move, visit: Visit, step: HumanStep) -> None:
    """Arm what runs from the moment the work item opens."""
    _arm_window_close(move, visit, step)
    whole = move.duration(step.finish_within) if step.finish_within else None
    if whole is None or step.finish_within is None:
        return
    hours = _hours(move, visit, move.clock_of(step.finish_within, step.clock, "staffed"))
    due = business_time.add(move.now, whole, hours=hours, calendar=move.context.calendar)
    visit.due_at, visit.due_guessed, visit.overdue = due.at, due.guessed, False
    move.set_timer(visit, "late", due.at, guessed=due.guessed)
    for number, words in enumerate(step.remind):
        part = _part(move, words, whole)
        at = business_time.add(move.now, part, hours=hours, calendar=move.context.calendar)
        if at.at < due.at:
            move.set_timer(visit, "remind", at.at, number=number, guessed=at.guessed)


def start_rung(move: Move, visit: Visit, step: HumanStep) -> None:
    """Arm the time of the rung that was just entered; the last rung has none."""
    words = step.who[visit.rung].for_
    allowed = move.duration(words) if words else None
    if words is None or allowed is None or visit.assignee:
        return
    hours = _hours(move, visit, move.clock_of(words, step.clock, "staffed"))
    over = business_time.add(move.now, allowed, hours=hours, calendar=move.context.calendar)
    move.set_timer(visit, "rung", over.at, number=visit.rung, guessed=over.guessed)


def resume(move: Move, visit: Visit, step: HumanStep) -> None:
    """Arm again what an answer had stopped and a 撤回 brought back; reminders are not repeated."""
    _arm_window_close(move, visit, step)
    if visit.due_at and not visit.overdue:
        move.set_timer(visit, "late", visit.due_at, guessed=visit.due_guessed)


def _arm_window_close(move: Move, visit: Visit, step: HumanStep) -> None:
    if visit.window_end:
        move.set_timer(visit, "window_close", _recordable_until(move, visit.window_end, step))


def _recordable_until(move: Move, window_end: datetime, step: HumanStep) -> datetime:
    # A call begun in the window may end after it: its result can still be written down.
    return window_end + (move.duration(step.record_grace) or timedelta())


def _hours(move: Move, visit: Visit, clock: str) -> Hours | None:
    return move.context.desk_hours(visit.role) if clock == "staffed" else None


def _part(move: Move, words: str, whole: timedelta) -> timedelta:
    if words.endswith("%"):
        return whole * float(words[:-1]) / 100
    return move.duration(words) or timedelta()
