"""Who is asked to do a step: the ladder of people, shifts, and passing on. Tells nobody itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256

from jieli.engine import business_time
from jieli.engine.case import Visit
from jieli.engine.context import Context
from jieli.engine.definition import HumanStep, Recipient, Rung, WaitStep
from jieli.engine.move import Move


def is_here(context: Context, person: str | None) -> bool:
    """Whether the person still works in the shop: cases live longer than the list of people."""
    known = context.people.get(person) if person else None
    return known is not None and known.active


def people_of(move: Move, rung: Rung | Recipient) -> list[str]:
    """Everybody a rung or recipient names, whether on shift or not."""
    if rung.role:
        return move.context.members(rung.role)
    who = rung.person
    if rung.same_as:
        who = move.state.answers.get(rung.same_as, {}).get("by")
    return [who] if who and is_here(move.context, who) else []


def recipients(move: Move, wanted: Iterable[Recipient]) -> list[str]:
    """The people of several recipients, each once; off shift only if nobody is on."""
    found: list[str] = []
    for each in wanted:
        people = people_of(move, each)
        awake = [p for p in people if move.context.on_shift(p, move.now)] if each.on_shift else []
        found.extend(awake or people)
    return list(dict.fromkeys(found))


def excluded(move: Move, step: HumanStep | WaitStep) -> set[str]:
    """The people who may not do this step (outgoing is not incoming)."""
    found: set[str] = set()
    for other in getattr(step, "not_same_as", ()):
        answer = move.state.answers.get(other, {})
        found.update(each for each in (answer.get("by"), *answer.get("signed", ())) if each)
    return found


def able_on(move: Move, step: HumanStep | WaitStep, number: int) -> list[str]:
    """Everybody on a rung who may do the step."""
    return [p for p in people_of(move, step.who[number]) if p not in excluded(move, step)]


def offer(move: Move, visit: Visit, step: HumanStep | WaitStep, number: int) -> list[str]:
    """Put a visit on a rung of its ladder; returns the people who are newly asked.

    Earlier people stay able to answer: whoever answers first has done it, and nobody's
    half-written answer dies because a rung's time was over.
    """
    rung = step.who[number]
    # Who was off shift when asked has not been told: to them it is new.
    untold = able_on(move, step, visit.rung) if visit.nobody else []
    told = [p for p in visit.candidates if p not in untold]
    everybody = [p for p in able_on(move, step, number) if p not in visit.signatures]
    awake = [p for p in everybody if move.context.on_shift(p, move.now)]
    able = awake if rung.on_shift and awake else everybody
    visit.nobody = bool(rung.on_shift and not awake) or not everybody
    picked = [_pick(move, visit, able)] if rung.pick == "one" and able else able
    fresh = [p for p in picked if p not in told]
    visit.rung = number
    visit.role = rung.role or visit.role
    visit.candidates = [*told, *fresh]
    move.touch(visit)
    return fresh


def _pick(move: Move, visit: Visit, able: list[str]) -> str:
    # Seeded by the case, so that replaying chooses the same person.
    seed = sha256(f"{move.state.case_id}:{visit.id}:{visit.rung}".encode()).digest()
    return sorted(able)[int.from_bytes(seed[:8]) % len(able)]


def may_act(move: Move, visit: Visit, step: HumanStep | WaitStep, person: str) -> bool:
    """Whether a person may answer: asked, holding it, or of a rung that was asked."""
    if person in excluded(move, step) or not is_here(move.context, person):
        return False
    if person in (visit.assignee, *visit.candidates):
        return True
    return any(person in people_of(move, rung) for rung in step.who[: visit.rung + 1])


def next_on_shift(context: Context, people: Iterable[str], now: datetime) -> datetime | None:
    """When the first of these people begins to work; None if nobody has hours."""
    starts = [
        business_time.next_opening(works, context.calendar, now).start
        for person in people
        if (works := context.people[person].works) is not None
    ]
    return min(starts, default=None)
