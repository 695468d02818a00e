"""Who is asked to do a step: the ladder of people, shifts, and passing on. Tells nobody itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from jieli.engine import duty
from jieli.engine.case import Visit
from jieli.engine.context import Context
from jieli.engine.definition import HumanStep, Recipient, Rung, WaitStep
from jieli.engine.move import Move


def is_here(context: Context, person: str | None) -> bool:
    """Whether the person still works in the shop: cases live longer than the list of people."""
    known = context.people.get(person) if person else None
    return known is not None and known.active


def people_of(move: Move, rung: Rung | Recipient, visit: Visit | None = None) -> list[str]:
    """Everybody a rung or recipient names, whether on shift or not; `visit` for its `item`."""
    if role := role_of(move, rung, visit):
        return move.context.members(role)
    return [who for who in _named(move, rung, visit) if is_here(move.context, who)]


def _named(move: Move, rung: Rung | Recipient, visit: Visit | None) -> list[str]:
    if rung.same_as:
        return doers(move.state.answers.get(rung.same_as, {}))
    if rung.people:
        found = move.evaluate(rung.people, **(move.about(visit) if visit else {}))
        listed = [found] if isinstance(found, str) else list(found or ())
        return list(dict.fromkeys(str(each) for each in listed if each))
    who = move.state.owner if rung.owner else rung.person
    return [who] if who else []


def role_of(move: Move, rung: Rung | Recipient, visit: Visit | None = None) -> str | None:
    """The role a rung asks, written out or worked out; None if it asks people by name."""
    if rung.role_from is None:
        return rung.role
    found = move.evaluate(rung.role_from, **(move.about(visit) if visit else {}))
    return str(found) if found and str(found) in move.context.roles else None


def doers(answer: Mapping[str, Any]) -> list[str]:
    """Who did a step; everybody who did one of its elements, if it has several."""
    several = [each.get("by_id") for each in answer.get("each", ())]
    return list(dict.fromkeys(who for who in (*several, answer.get("by")) if who))


def recipients(move: Move, wanted: Iterable[Recipient], visit: Visit | None = None) -> list[str]:
    """The people of several recipients, each once; off shift only if nobody is on."""
    found: list[str] = []
    for each in wanted:
        people = people_of(move, each, visit)
        awake = [p for p in people if move.context.on_shift(p, move.now)] if each.on_shift else []
        found.extend(awake or people)
    return list(dict.fromkeys(found))


def excluded(move: Move, step: HumanStep | WaitStep) -> set[str]:
    """The people who may not do this step (outgoing is not incoming)."""
    found: set[str] = set()
    for other in getattr(step, "not_same_as", ()):
        answer = move.state.answers.get(other, {})
        found.update((*doers(answer), *answer.get("signed", ())))
    return found


def able_on(move: Move, visit: Visit, step: HumanStep | WaitStep, number: int) -> list[str]:
    """Everybody on a rung who may do the step."""
    return [p for p in people_of(move, step.who[number], visit) if p not in excluded(move, step)]


def offer(move: Move, visit: Visit, step: HumanStep | WaitStep, number: int) -> list[str]:
    """Put a visit on a rung of its ladder; returns the people who are newly asked.

    Earlier people stay able to answer: whoever answers first has done it, and nobody's
    half-written answer dies because a rung's time was over.
    """
    rung = step.who[number]
    # Who was off shift when asked has not been told: to them it is new.
    untold = able_on(move, visit, step, visit.rung) if visit.nobody else []
    told = [p for p in visit.candidates if p not in untold]
    everybody = [p for p in able_on(move, visit, step, number) if p not in visit.signatures]
    awake = [p for p in everybody if move.context.on_shift(p, move.now)]
    able = awake if rung.on_shift and awake else everybody
    visit.nobody = bool(rung.on_shift and not awake) or not everybody
    picked = able if rung.pick == "all" or not able else [_pick(move, visit, able, rung.pick)]
    fresh = [p for p in picked if p not in told]
    visit.rung = number
    visit.role = role_of(move, rung, visit) or visit.role
    visit.candidates = [*told, *fresh]
    move.touch(visit)
    return fresh


def _pick(move: Move, visit: Visit, able: list[str], how: str) -> str:
    if how == "turn":
        today = move.now.astimezone(move.context.calendar.zone).date()
        working = [person for person in able if duty.works_on(move.context, person, today)]
        return (working or able)[today.toordinal() % len(working or able)]
    # Seeded by the case, so that replaying chooses the same person.
    seed = sha256(f"{move.state.case_id}:{visit.id}:{visit.rung}".encode()).digest()
    return sorted(able)[int.from_bytes(seed[:8]) % len(able)]


def may_act(move: Move, visit: Visit, step: HumanStep | WaitStep, person: str) -> bool:
    """Whether a person may answer: asked, holding it, or of a rung that was asked."""
    if person in excluded(move, step) or not is_here(move.context, person):
        return False
    if person in (visit.assignee, *visit.candidates):
        return True
    return any(person in people_of(move, rung, visit) for rung in step.who[: visit.rung + 1])


def next_on_shift(context: Context, people: Iterable[str], now: datetime) -> datetime | None:
    """When the first of these people begins to work; None if nobody has hours."""
    return duty.next_on_shift(context, people, now)
