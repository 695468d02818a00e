"""What people do with a work item: claim it, pass it on, answer it, take the answer back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from jieli.engine.case import Visit
from jieli.engine.definition import Button, HumanStep, Signers
from jieli.engine.errors import NotYours, UnknownButton, WindowClosed, WorkItemClosed
from jieli.engine.events import (
    AnswerTakenBack,
    CancelMessages,
    WorkItemAnswered,
    WorkItemClaimed,
    WorkItemDelegated,
)
from jieli.engine.move import Move
from jieli.engine.steps import assigning, deadlines, fanning, offering
from jieli.engine.steps.answers import apply_button, check_role
from jieli.engine.steps.handing_over import give, own_first, require_able


def require(move: Move, number: int) -> Visit:
    """The visit of an event; one that is over is told by whom and when, if the state still knows."""
    visit = move.state.visits.get(number)
    if visit is not None:
        return visit
    for answer in _answers(move):
        if answer.get("visit") == number:
            by = move.context.label(answer.get("by_id") or answer.get("by"))
            raise WorkItemClosed(by, answer.get("at"), answer.get("button"))
    raise WorkItemClosed(None, None)


def _answers(move: Move) -> Iterator[dict[str, Any]]:
    """What the state knows of visits that are over, each element of `each` for itself."""
    for fan in move.state.fans.values():
        yield from fan.arrived
    for answer in move.state.answers.values():
        yield from answer.get("each", ())
        yield answer


def step_of(move: Move, visit: Visit) -> HumanStep:
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
    if visit.assignee and visit.assignee != person and is_held(move, visit, step):
        raise NotYours(person, f"claimed_by:{visit.assignee}")


def is_held(move: Move, visit: Visit, step: HumanStep) -> bool:
    """Whether who holds the item may still do it; if not, it is anybody's again."""
    return visit.assignee is not None and assigning.may_act(move, visit, step, visit.assignee)


def claimed(move: Move, event: WorkItemClaimed) -> None:
    """Somebody takes the item for themselves; the ladder stops."""
    visit = require(move, event.visit)
    step = step_of(move, visit)
    _require_open(move, visit, step, event.by)
    _hold(move, visit, event.by)
    move.note("claimed", visit, by=event.by)
    own_first(move, visit, event.by)


def _hold(move: Move, visit: Visit, person: str | None) -> None:
    visit.assignee, visit.nobody = person, False
    move.cancel_timers(visit, {"rung", "staffed"})
    move.touch(visit)


def delegated(move: Move, event: WorkItemDelegated) -> None:
    """转办: the item is passed on to one colleague; the links of the others die."""
    visit = require(move, event.visit)
    step = step_of(move, visit)
    _require_open(move, visit, step, event.by)
    if not step.delegate:
        raise NotYours(event.to, "no_delegation")
    require_able(move, visit, step, event.to)
    move.note("delegated", visit, by=event.by, to=event.to, reason=event.reason)
    give(move, visit, step, event.to)


def answered(move: Move, event: WorkItemAnswered) -> None:
    """A button was pressed: signed, held for 撤回, or done."""
    visit = require(move, event.visit)
    step = step_of(move, visit)
    _require_open(move, visit, step, event.by)
    button = step.buttons.get(event.button)
    if button is None:
        raise UnknownButton(event.button)
    check_role(move, button, event.by)
    _check_window(move, visit, step)
    own_first(move, visit, event.by)
    if button.stay:
        _noted(move, visit, step, button, event)
        return
    if not _enough_signatures(move, visit, step, event):
        return
    visit.answers, visit.outcome, visit.by = dict(event.answers), event.button, event.by
    move.note("answered", visit, button=event.button, by=event.by, identity=event.identity)
    if step.take_back:
        hold(move, visit, step)
    else:
        complete(move, visit, button)


def _noted(
    move: Move, visit: Visit, step: HumanStep, button: Button, event: WorkItemAnswered
) -> None:
    """A button that stays: it counts, and the work goes on with whoever pressed it."""
    visit.answers, visit.by = dict(event.answers), event.by
    move.note("noted", visit, button=event.button, by=event.by, identity=event.identity,
              fields=event.answers or None)  # fmt: skip
    if step.signers is None:  # where several must sign, nobody holds it for himself
        _hold(move, visit, event.by)
    move.touch(visit)
    apply_button(move, visit, button, step.form)
    visit.by = None  # it is not done yet


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
    need = signatures_needed(move, step.signers)
    move.note("signed", visit, by=event.by, of=need)
    if len(visit.signatures) >= need:
        return True
    if visit.assignee:
        # Who has signed holds it no longer; the others were not asked, or let it go at the claim.
        visit.assignee, visit.candidates = None, []
    fresh = assigning.offer(move, visit, step, visit.rung)
    if fresh or visit.nobody:
        offering.ask(move, visit, step, fresh, "work_item")
    return False


def signatures_needed(move: Move, signers: Signers) -> int:
    """How many must sign; an expression that yields less than one asks for one."""
    need = signers.need
    return need if isinstance(need, int) else max(1, int(move.evaluate(need) or 0))


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
    step = step_of(move, visit)
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
    step = step_of(move, visit)
    window_end = visit.window_end.isoformat() if visit.window_end else None
    move.close_visit(visit, str(visit.outcome), visit.by)
    if visit.fan is not None:
        apply_button(move, visit, button, step.form)
        fanning.arrive(move, visit, visit.answers, str(step.go_to))
        return
    move.remember(visit, window_end=window_end, signed=visit.signatures)
    apply_button(move, visit, button, step.form)
    move.follow(button, visit)
