"""Who is there for a step at three in the morning and on a holiday: rung by rung, by roster and hours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from jieli.engine.case import CaseState
from jieli.engine.context import Context
from jieli.engine.definition import HumanStep
from jieli.engine.move import Move
from jieli.engine.published import Definition
from jieli.engine.simulation.exploring import Explored
from jieli.engine.steps import assigning

NIGHT = time(3)
NOON = time(12)
LOOK_AHEAD = 400


@dataclass(frozen=True, slots=True)
class Unstaffed:
    """A step that nobody can do at that time; `from_` is when the next of them works."""

    step: str
    at: datetime
    from_: datetime | None


def unstaffed(
    definition: Definition, explored: Explored, context: Context, at: datetime
) -> list[Unstaffed]:
    """The steps that opened while exploring and for which nobody works at that time."""
    found = []
    for name in definition.process.steps:
        if name not in explored.opened:
            continue
        state, visit = explored.opened[name]
        asked = list(_asked(definition, state, visit, context, at))
        if not any(context.on_shift(person, at) for person in asked):
            found.append(Unstaffed(name, at, assigning.next_on_shift(context, asked, at)))
    return found


def _asked(
    definition: Definition, state: CaseState, number: int, context: Context, at: datetime
) -> Iterator[str]:
    """Everybody on any rung of the step."""
    move = Move(definition, state.model_copy(deep=True), context, at)
    visit = move.state.visits.get(number)
    step = definition.step(visit.step) if visit else None
    if visit is not None and isinstance(step, HumanStep):
        for rung in range(len(step.who)):
            yield from assigning.able_on(move, visit, step, rung)


def next_night(context: Context, after: datetime) -> datetime:
    """Three in the morning of the next ordinary workday."""
    return _at(context, after, NIGHT, holiday=False)


def next_holiday(context: Context, after: datetime) -> datetime:
    """Noon of the next public holiday; of the next Sunday where no calendar knows one."""
    return _at(context, after, NOON, holiday=True)


def _at(context: Context, after: datetime, clock: time, *, holiday: bool) -> datetime:
    zone = context.calendar.zone
    first = after.astimezone(zone).date() + timedelta(days=1)
    days = [first + timedelta(days=number) for number in range(LOOK_AHEAD)]
    wanted = (
        day
        for day in days
        if (context.calendar.day(day).holiday if holiday else context.calendar.day(day).workday)
    )
    sunday = next(day for day in days if day.weekday() == 6)
    return datetime.combine(next(wanted, sunday), clock, zone)
