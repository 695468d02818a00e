"""What being late may cost: the ledger entries that a late step proposes. Decides on none."""

from __future__ import annotations

from datetime import datetime, timedelta

from jieli.engine.case import Visit
from jieli.engine.definition import HumanStep
from jieli.engine.events import ProposeEntry
from jieli.engine.ledger import Band
from jieli.engine.move import Move
from jieli.engine.values import parse_duration
from jieli.texts import text


def arm(move: Move, visit: Visit, step: HumanStep) -> None:
    """The last band is proposed when it is reached; nobody waits for the step to be done."""
    bands = _bands(move, step)
    if not bands or visit.due_at is None:
        return
    at = visit.due_at + parse_duration(bands[-1].over)
    if at > move.now or not visit.overdue:
        move.set_timer(visit, "overrun", at, number=len(bands) - 1)


def reached(move: Move, visit: Visit, step: HumanStep, at: datetime) -> None:
    """The last band's time has come, and the step is still open."""
    bands = _bands(move, step)
    if bands:
        _propose_overrun(move, visit, bands[-1].rule, at)


def settle(move: Move) -> None:
    """Steps that were just done, but late: the highest band they reached is proposed."""
    for visit in move.done:
        step = move.definition.step(visit.step)
        if isinstance(step, HumanStep) and step.overrun and visit.by and visit.due_at:
            done = move.pressed_at[visit.id]
            _settle(move, visit, _bands(move, step), done, done - visit.due_at)


def _settle(move: Move, visit: Visit, bands: list[Band], done: datetime, late: timedelta) -> None:
    over = [band for band in bands if parse_duration(band.over) <= late]
    if not over or late <= timedelta(0):
        return
    if over[-1] is bands[-1] and not move.was_armed(visit, "overrun"):
        return  # proposed when it was reached
    _propose_overrun(move, visit, over[-1].rule, done)


def propose_late(move: Move, visit: Visit, rule: str, number: int, at: datetime) -> None:
    """A rung of `when_late` proposes an entry."""
    _propose(move, visit, rule, f"late{number}", at)


def _propose_overrun(move: Move, visit: Visit, rule: str, at: datetime) -> None:
    _propose(move, visit, rule, "overrun", at)


def _propose(move: Move, visit: Visit, rule: str, what: str, at: datetime) -> None:
    if rule not in move.context.ledger.rules:
        move.note("not_proposed", visit, rule=rule, reason="no_such_rule")
        return
    person = should_have(move, visit)
    move.effects.append(
        ProposeEntry(
            key=f"{move.state.case_id}:{visit.id}:{what}", rule=rule, person=person,
            reason=_reason(move, visit, at), evidence=move.state.ref, happened_at=at,
            visit=visit.id,
        )
    )  # fmt: skip
    move.note("proposed", visit, rule=rule, person=person)


def should_have(move: Move, visit: Visit) -> str | None:
    """Who should have done it: who holds it, the owner if asked, the only one asked, or nobody.

    Of several who were asked none is to blame by a machine: the supervisor chooses.
    """
    asked = [person for person in visit.candidates if person not in visit.signatures]
    if visit.assignee:
        return visit.assignee
    if move.state.owner in asked:
        return move.state.owner
    return asked[0] if len(asked) == 1 else None


def _reason(move: Move, visit: Visit, at: datetime) -> str:
    assert visit.due_at is not None
    due = visit.due_at.astimezone(move.context.calendar.zone)
    minutes = max(0, round((at - visit.due_at) / timedelta(minutes=1)))
    values = {"step": visit.title, "ref": move.state.ref, "due": f"{due:%Y-%m-%d %H:%M}",
              "minutes": minutes}  # fmt: skip
    if visit.is_over:
        return text('"{step}" of {ref} was due at {due} and done {minutes} minutes late.', **values)
    return text('"{step}" of {ref} was due at {due}, not done {minutes} minutes later.', **values)


def _bands(move: Move, step: HumanStep) -> list[Band]:
    bands = move.context.ledger.overruns.get(step.overrun or "", ())
    return sorted(bands, key=lambda band: parse_duration(band.over))
