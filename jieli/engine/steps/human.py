"""A human step: opened, offered, reminded, escalated, answered, taken back. A work item is its visit."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from jieli.engine import business_time
from jieli.engine.case import Timer, Visit
from jieli.engine.definition import Button, HumanStep, Recipient
from jieli.engine.errors import NotYours, UnknownButton, WindowClosed, WorkItemClosed
from jieli.engine.events import (
    AnswerTakenBack,
    CancelMessages,
    WorkItemAnswered,
    WorkItemClaimed,
    WorkItemDelegated,
)
from jieli.engine.move import Move
from jieli.engine.steps import assigning, deadlines
from jieli.engine.steps.answers import apply_button, check_role
from jieli.engine.steps.telling import tell


def enter(move: Move, name: str, step: HumanStep, branch: str) -> None:
    """Open the step now, or when its window opens; a blocked buyer is not contacted."""
    blocked = move.process.case.contact_blocked
    if step.contacts_buyer and move.state.contact_blocked and blocked:
        move.note("contact_refused", step=name)
        move.go(blocked, branch)
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
    _after_offer(move, visit, step, fresh, "work_item")


def _after_offer(
    move: Move, visit: Visit, step: HumanStep, fresh: list[str], purpose: Any
) -> None:
    deadlines.start_rung(move, visit, step)
    if not visit.nobody:
        tell(move, visit, purpose, fresh, link=True, urgent=step.urgent or purpose == "escalated")
        return
    # Nobody is there: an urgent step goes up at once, any other waits for the next shift.
    move.note("nobody_on_shift", visit, role=visit.role)
    if step.urgent and visit.rung + 1 < len(step.who):
        escalate(move, visit, step)
        return
    asked = assigning.able_on(move, step, visit.rung)
    starts = assigning.next_on_shift(move.context, asked, move.now)
    if starts is None or starts <= move.now:
        tell(move, visit, "nobody", fresh, link=True, urgent=True)
    else:
        move.set_timer(visit, "staffed", starts)


def escalate(move: Move, visit: Visit, step: HumanStep) -> None:
    """The next rung of the ladder is asked too."""
    number = visit.rung + 1
    # An urgent step goes up before its rung's time is over: that time counts no more.
    move.cancel_timers(visit, {"rung", "staffed"})
    fresh = assigning.offer(move, visit, step, number)
    move.note("escalated", visit, rung=number, to=fresh, role=visit.role)
    _after_offer(move, visit, step, fresh, "escalated")


# ---- what people do ----------------------------------------------------------------------------


def require(move: Move, number: int) -> Visit:
    """The visit of an event; one that is over is told by whom and when, if the state still knows."""
    visit = move.state.visits.get(number)
    if visit is not None:
        return visit
    for answer in move.state.answers.values():
        if answer.get("visit") == number:
            by = move.context.label(answer.get("by"))
            raise WorkItemClosed(by, answer.get("at"), answer.get("button"))
    raise WorkItemClosed(None, None)


def _step(move: Move, visit: Visit) -> HumanStep:
    step = move.definition.step(visit.step)
    if not isinstance(step, HumanStep):
        raise WorkItemClosed(None, None)
    return step


def _require_open(move: Move, visit: Visit, step: HumanStep, person: str | None) -> None:
    if visit.status == "scheduled":
        raise WindowClosed(visit.window_start)
    if visit.status != "open":
        raise WorkItemClosed(move.context.label(visit.by), visit.closed_at, visit.outcome)
    if person is None or not assigning.may_act(move, visit, step, person):
        raise NotYours(person, "not_asked")
    if visit.assignee and visit.assignee != person and _is_held(move, visit, step):
        raise NotYours(person, f"claimed_by:{visit.assignee}")


def _is_held(move: Move, visit: Visit, step: HumanStep) -> bool:
    """Whether who holds the item may still do it; if not, it is anybody's again."""
    return visit.assignee is not None and assigning.may_act(move, visit, step, visit.assignee)


def claimed(move: Move, event: WorkItemClaimed) -> None:
    """Somebody takes the item for themselves; the ladder stops."""
    visit = require(move, event.visit)
    step = _step(move, visit)
    _require_open(move, visit, step, event.by)
    visit.assignee, visit.nobody = event.by, False
    move.cancel_timers(visit, {"rung", "staffed"})
    move.touch(visit)
    move.note("claimed", visit, by=event.by)


def delegated(move: Move, event: WorkItemDelegated) -> None:
    """转办: the item is passed on to one colleague; the links of the others die."""
    visit = require(move, event.visit)
    step = _step(move, visit)
    _require_open(move, visit, step, event.by)
    if not step.delegate or not assigning.is_here(move.context, event.to):
        raise NotYours(event.to, "no_delegation")
    if event.to == assigning.excluded(move, step):
        raise NotYours(event.to, "not_same_person")
    visit.generation += 1
    visit.assignee, visit.candidates, visit.nobody = event.to, [event.to], False
    move.cancel_timers(visit, {"rung", "staffed"})
    move.touch(visit)
    move.note("delegated", visit, by=event.by, to=event.to, reason=event.reason)
    move.effects.append(CancelMessages(visit.id))  # their links are dead
    tell(move, visit, "handed_on", [event.to], link=True, urgent=step.urgent)


def answered(move: Move, event: WorkItemAnswered) -> None:
    """A button was pressed: signed, held for 撤回, or done."""
    visit = require(move, event.visit)
    step = _step(move, visit)
    _require_open(move, visit, step, event.by)
    button = step.buttons.get(event.button)
    if button is None:
        raise UnknownButton(event.button)
    check_role(move, button, event.by)
    _check_window(move, visit, step)
    if not _enough_signatures(move, visit, step, event):
        return
    visit.answers, visit.outcome, visit.by = dict(event.answers), event.button, event.by
    move.note("answered", visit, button=event.button, by=event.by, identity=event.identity)
    if step.take_back:
        hold(move, visit, step)
    else:
        complete(move, visit, button)


def _check_window(move: Move, visit: Visit, step: HumanStep) -> None:
    if visit.window_start is None or visit.window_end is None:
        return
    grace = move.duration(step.record_grace) or timedelta()
    if not visit.window_start <= move.now < visit.window_end + grace:
        raise WindowClosed(None if move.now >= visit.window_end else visit.window_start)


def _enough_signatures(move: Move, visit: Visit, step: HumanStep, event: WorkItemAnswered) -> bool:
    if step.signers is None or event.button != step.signers.button:
        return True
    if event.by in visit.signatures:
        raise NotYours(event.by, "signed_already")
    visit.signatures = [*visit.signatures, str(event.by)]
    move.touch(visit)
    move.note("signed", visit, by=event.by, of=step.signers.need)
    if len(visit.signatures) >= step.signers.need:
        return True
    if visit.assignee:
        # Who has signed holds it no longer; the others were not asked, or let it go at the claim.
        visit.assignee, visit.candidates = None, []
    fresh = assigning.offer(move, visit, step, visit.rung)
    if fresh or visit.nobody:
        _after_offer(move, visit, step, fresh, "work_item")
    return False


def hold(move: Move, visit: Visit, step: HumanStep) -> None:
    """The answer counts, but nothing leaves before the time to take it back is over."""
    visit.status, visit.closed_at, visit.nobody = "held", move.now, False
    move.cancel_timers(visit)
    move.effects.append(CancelMessages(visit.id))
    over = move.now + (move.duration(str(step.take_back)) or timedelta())
    move.set_timer(visit, "take_back", over)
    move.touch(visit)


def taken_back(move: Move, event: AnswerTakenBack) -> None:
    """撤回: the work item is open again, its deadlines as before."""
    visit = require(move, event.visit)
    step = _step(move, visit)
    if visit.status != "held":
        raise WorkItemClosed(move.context.label(visit.by), visit.closed_at, visit.outcome)
    if event.by != visit.by:
        raise NotYours(event.by, f"answered_by:{visit.by}")
    if step.contacts_buyer and move.state.contact_blocked:
        # Taken back, it would ask for contact again.
        raise WorkItemClosed(move.context.label(visit.by), visit.closed_at, visit.outcome)
    move.note("taken_back", visit, by=event.by, button=visit.outcome)
    visit.status, visit.assignee, visit.closed_at = "open", event.by, None
    visit.outcome, visit.by = None, None
    visit.signatures = [name for name in visit.signatures if name != event.by]
    move.cancel_timers(visit, {"take_back"})
    deadlines.resume(move, visit, step)
    move.touch(visit)


def complete(move: Move, visit: Visit, button: Button) -> None:
    """The answer leaves: the step is done and its button's path is taken."""
    window_end = visit.window_end.isoformat() if visit.window_end else None
    move.close_visit(visit, str(visit.outcome), visit.by)
    move.remember(visit, window_end=window_end)
    apply_button(move, visit, button, _step(move, visit).form)
    move.follow(button, visit)


# ---- what time does -----------------------------------------------------------------------------


def timer_fired(move: Move, visit: Visit, timer: Timer) -> None:
    """One of the step's timers: each kind does one thing."""
    step = _step(move, visit)
    match timer.kind:
        case "window_open" if visit.window_end and move.now >= visit.window_end:
            _missed(move, visit, step)  # nobody was there to open it: the clock was away
        case "window_open":
            begin(move, visit, step)
        case "window_close":
            _missed(move, visit, step)
        case "rung":
            escalate(move, visit, step)
        case "staffed":
            _shift_begins(move, visit, step)
        case "remind" if _more_is_due(move, visit):
            move.note("reminder_merged", visit)  # after an outage one message is enough
        case "remind":
            holders = _holders(move, visit, step)
            tell(move, visit, "reminder", holders, link=True, urgent=step.urgent)
        case "late":
            _late(move, visit, step)
        case "take_back":
            complete(move, visit, step.buttons[str(visit.outcome)])


def _more_is_due(move: Move, visit: Visit) -> bool:
    return any(
        timer.visit == visit.id and timer.kind in ("remind", "late") and timer.at <= move.now
        for timer in move.state.timers.values()
    )


def _holders(move: Move, visit: Visit, step: HumanStep) -> list[str]:
    if visit.assignee and _is_held(move, visit, step):
        return [visit.assignee]
    asked = (person for person in visit.candidates if person not in visit.signatures)
    able = [person for person in asked if assigning.may_act(move, visit, step, person)]
    awake = [person for person in able if move.context.on_shift(person, move.now)]
    return awake or able


def _shift_begins(move: Move, visit: Visit, step: HumanStep) -> None:
    fresh = assigning.offer(move, visit, step, visit.rung)
    if visit.nobody:
        asked = assigning.able_on(move, step, visit.rung)
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


def _late(move: Move, visit: Visit, step: HumanStep) -> None:
    visit.overdue = True
    move.touch(visit)
    move.note("late", visit, due_at=visit.due_at.isoformat() if visit.due_at else None)
    if step.when_late.go_to:
        # Closed first: closing cancels the visit's messages, and this one must leave.
        move.close_visit(visit, "late")
        move.remember(visit)
        _tell_others(move, visit, "late", step.when_late.tell)
        move.go(step.when_late.go_to, visit.branch)
        return
    holders = _holders(move, visit, step)
    tell(move, visit, "late", holders, link=True, urgent=True)
    _tell_others(move, visit, "late", step.when_late.tell, holders)


def _tell_others(
    move: Move, visit: Visit, purpose: Any, wanted: tuple[Recipient, ...],
    told: Iterable[str] = (),
) -> None:  # fmt: skip
    others = [p for p in assigning.recipients(move, wanted) if p not in set(told)]
    if others:
        tell(move, visit, purpose, others, link=False, urgent=True)
