"""Asking the people of a rung: told at once, at their next shift, or the next rung when it is urgent."""

from __future__ import annotations

from typing import Any

from jieli.engine.case import Visit
from jieli.engine.definition import HumanStep
from jieli.engine.move import Move
from jieli.engine.steps import assigning, deadlines
from jieli.engine.steps.telling import tell


def ask(move: Move, visit: Visit, step: HumanStep, fresh: list[str], purpose: Any) -> None:
    """Tell who was newly asked, or arrange for it when nobody of the rung is there."""
    deadlines.start_rung(move, visit, step)
    if not visit.nobody:
        tell(move, visit, purpose, fresh, link=True, urgent=step.urgent or purpose == "escalated")
        return
    # Nobody is there: an urgent step goes up at once, any other waits for the next shift.
    move.note("nobody_on_shift", visit, role=visit.role)
    if step.urgent and visit.rung + 1 < len(step.who):
        escalate(move, visit, step)
        return
    asked = assigning.able_on(move, visit, step, visit.rung)
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
    ask(move, visit, step, fresh, "escalated")
