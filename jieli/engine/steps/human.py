"""A human step and what time does to it: opened, offered, reminded, escalated, missed, late.

What people do with it is the work item's.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jieli.engine import business_time
from jieli.engine.case import Timer, Visit
from jieli.engine.definition import HumanStep, Recipient, WhenLate
from jieli.engine.events import (
    CancelMessages,
)
from jieli.engine.move import Move
from jieli.engine.steps import assigning, deadlines, fanning, offering, overruns, work_item
from jieli.engine.steps.telling import tell


def enter(move: Move, name: str, step: HumanStep, branch: str) -> None:
    """Open the step now, or when its window opens; a blocked buyer is not contacted."""
    blocked = move.process.case.contact_blocked
    if step.contacts_buyer and move.state.contact_blocked and blocked:
        move.note("contact_refused", step=name)
        move.go(blocked, branch)
        return
    if step.each:
        needs, go_to = step.each_needs, str(step.go_to)
        for visit in fanning.spread(move, name, branch, each=step.each, go_to=go_to, needs=needs):
            begin(move, visit, step)
        return
    again_after = move.state.answers.get(name, {}).get("window_end")
    visit = move.open_visit(name, branch)
    if step.only_during:
        _schedule(move, visit, step, again_after=again_after)
    if visit.status == "open":
        begin(move, visit, step)


def _schedule(move: Move, visit: Visit, step: HumanStep, *, again_after: str | None = None) -> None:
    """Give the visit its window: the open one, else the next; a second try gets a later one."""
    hours, calendar = move.context.hours[str(step.only_during)], move.context.calendar
    opening = business_time.next_opening(hours, calendar, move.now)
    # Two calls belong to different half-days: the window of the last try does not count again.
    if again_after and opening.end.isoformat() <= again_after:
        opening = business_time.opening_after(hours, calendar, opening.end)
    visit.window_start, visit.window_end = opening.start, opening.end
    if opening.start > move.now:
        visit.status = "scheduled"
        move.set_timer(visit, "window_open", opening.start, guessed=opening.guessed)
        move.note("window_awaited", visit, opens_at=opening.start.isoformat())
    move.touch(visit)


def begin(move: Move, visit: Visit, step: HumanStep) -> None:
    """The work item opens: offered to its first rung, its clock starts."""
    visit.status = "open"
    fresh = assigning.offer(move, visit, step, 0)
    deadlines.start(move, visit, step)
    offering.ask(move, visit, step, fresh, "work_item")


def timer_fired(move: Move, visit: Visit, timer: Timer) -> None:
    """One of the step's timers: each kind does one thing."""
    step = work_item.step_of(move, visit)
    match timer.kind:
        case "window_open" if visit.window_end and move.now >= visit.window_end:
            _missed(move, visit, step)  # nobody was there to open it: the clock was away
        case "window_open":
            begin(move, visit, step)
        case "window_close":
            _missed(move, visit, step)
        case "rung":
            offering.escalate(move, visit, step)
        case "staffed":
            _shift_begins(move, visit, step)
        case "remind":
            _remind(move, visit, step, timer)
        case "overrun":
            overruns.reached(move, visit, step, timer.at)
        case "late":
            _late(move, visit, step, timer)
        case "take_back":
            work_item.complete(move, visit, step.buttons[str(visit.outcome)])


def _remind(move: Move, visit: Visit, step: HumanStep, timer: Timer) -> None:
    if timer.number == len(step.remind):
        deadlines.remind_again(move, visit, step)
    if _more_is_due(move, visit):
        move.note("reminder_merged", visit)  # after an outage one message is enough
        return
    holders = _holders(move, visit, step)
    tell(move, visit, "reminder", holders, link=True, urgent=step.urgent)


def _more_is_due(move: Move, visit: Visit) -> bool:
    return any(
        timer.visit == visit.id and timer.kind in ("remind", "late") and timer.at <= move.now
        for timer in move.state.timers.values()
    )


def _holders(move: Move, visit: Visit, step: HumanStep) -> list[str]:
    if visit.assignee and work_item.is_held(move, visit, step):
        return [visit.assignee]
    asked = (person for person in visit.candidates if person not in visit.signatures)
    able = [person for person in asked if assigning.may_act(move, visit, step, person)]
    awake = [person for person in able if move.context.on_shift(person, move.now)]
    return awake or able


def _shift_begins(move: Move, visit: Visit, step: HumanStep) -> None:
    fresh = assigning.offer(move, visit, step, visit.rung)
    if visit.nobody:
        asked = assigning.able_on(move, visit, step, visit.rung)
        starts = assigning.next_on_shift(move.context, asked, move.now)
        if starts is not None and starts > move.now:
            move.set_timer(visit, "staffed", starts)
            return
    tell(move, visit, "work_item", fresh, link=True, urgent=step.urgent)


def _missed(move: Move, visit: Visit, step: HumanStep) -> None:
    """The window passed unused: the same work item is offered again in the next one."""
    move.note("window_missed", visit, closed_at=move.now.isoformat())
    move.cancel_timers(visit)
    move.effects.append(CancelMessages(visit.id))
    _tell_others(move, visit, "missed", step.missed.tell, _holders(move, visit, step))
    visit.status, visit.generation = "open", visit.generation + 1
    visit.candidates, visit.assignee, visit.nobody = [], None, False
    _schedule(move, visit, step)
    if visit.status == "open":
        begin(move, visit, step)


def _late(move: Move, visit: Visit, step: HumanStep, timer: Timer) -> None:
    visit.overdue, visit.late_rungs = True, max(visit.late_rungs, timer.number + 1)
    move.touch(visit)
    due = visit.due_at.isoformat() if visit.due_at else None
    move.note("late", visit, due_at=due, rung=timer.number or None)
    rungs = deadlines.late_rungs(move, step)
    rung = rungs[timer.number] if timer.number < len(rungs) else WhenLate()
    if rung.propose:
        overruns.propose_late(move, visit, rung.propose, timer.number, timer.at)
    if rung.go_to:
        # Closed first: closing cancels the visit's messages, and this one must leave.
        move.close_visit(visit, "late")
        move.remember(visit)
        _tell_others(move, visit, "late", rung.tell)
        move.go(rung.go_to, visit.branch)
        return
    holders = _holders(move, visit, step)
    if timer.number == 0:  # they know; the later rungs tell others
        tell(move, visit, "late", holders, link=True, urgent=True)
    _tell_others(move, visit, "late", rung.tell, holders)


def _tell_others(
    move: Move, visit: Visit, purpose: Any, wanted: tuple[Recipient, ...],
    told: Iterable[str] = (),
) -> None:  # fmt: skip
    others = [p for p in assigning.recipients(move, wanted, visit) if p not in set(told)]
    if others:
        tell(move, visit, purpose, others, link=False, urgent=True)
