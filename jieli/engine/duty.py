"""Who works when: questions about the roster and the working hours, answered from the context.

Reads no clock. What a date looks like is `day_plan`'s; changes of shift and gaps have their own
modules and are asked for here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from jieli.engine import business_time
from jieli.engine.coverage import Shortage, coverage
from jieli.engine.day_plan import (
    ALWAYS,
    LOOK_BACK,
    Stint,
    day_of,
    days_between,
    is_planned,
    parts_of,
    stints_of,
)
from jieli.engine.shift_changes import ShiftChange, shift_changes

if TYPE_CHECKING:
    from jieli.engine.context import Context

#: Whoever is not in the roster for so many days has no next shift.
SEARCH_DAYS = 60


@dataclass(frozen=True, slots=True)
class MannedShift:
    """A shift of a post on a date: who works it, and whose place nobody has taken."""

    post: str
    shift: str
    date: date
    people: tuple[str, ...]
    missing: tuple[str, ...]


def on_shift(context: Context, person: str, now: datetime) -> bool:
    """Whether the person works at that moment; one without roster and hours always does."""
    if is_planned(context, person):
        return any(each.start <= now < each.end for each in _around(context, person, now))
    works = context.people[person].works
    return works is None or business_time.opening_at(works, context.calendar, now) is not None


def on_duty_until(context: Context, person: str, now: datetime) -> datetime | None:
    """When the working time they are in is over; None for one who is off or always there."""
    if is_planned(context, person):
        times = _joined((each.start, each.end) for each in _around(context, person, now))
        return next((end for start, end in times if start <= now < end), None)
    known = context.people.get(person)
    if known is None or known.works is None:
        return None
    opening = business_time.opening_at(known.works, context.calendar, now)
    return opening.end if opening else None


def works_on(context: Context, person: str, day: date) -> list[tuple[datetime, datetime]]:
    """When the person works in shifts that begin on that date; nothing on a day off."""
    if is_planned(context, person):
        return _joined((each.start, each.end) for each in stints_of(context, person, [day]))
    works = context.people[person].works
    return _joined(parts_of(works or ALWAYS, context.calendar, day))


def people_of(context: Context, post: str, shift: str, day: date) -> list[str]:
    """Who works that shift of a post, in the order of the file."""
    stints = day_of(context, day).stints
    return [
        person
        for person in context.people
        if any((each.post, each.shift) == (post, shift) for each in stints.get(person, ()))
    ]


def shifts_on(context: Context, day: date) -> list[MannedShift]:
    """Every shift of every post that was planned for a date, by its beginning."""
    duties = [each for each in day_of(context, day).duties if each.post and each.shift]
    found = []
    for post, shift in dict.fromkeys((each.post, each.shift) for each in duties):
        assert post and shift
        if shift not in context.shifts:
            continue
        parts = parts_of(context.shifts[shift].hours, context.calendar, day)
        people = people_of(context, post, shift, day)
        same = [each for each in duties if (each.post, each.shift) == (post, shift)]
        missing = tuple(each.planned for each in same if each.holder not in people)
        if parts:
            found.append((parts[0][0], MannedShift(post, shift, day, tuple(people), missing)))
    order = list(context.posts)
    found.sort(key=lambda each: (_place(order, each[1].post), each[0]))
    return [each for _, each in found]


def next_on_shift(context: Context, people: Iterable[str], now: datetime) -> datetime | None:
    """When the first of these people begins to work; None if nobody has hours."""
    starts = [_next_start(context, person, now) for person in people]
    return min((start for start in starts if start is not None), default=None)


def _next_start(context: Context, person: str, now: datetime) -> datetime | None:
    if not is_planned(context, person):
        works = context.people[person].works
        return business_time.next_opening(works, context.calendar, now).start if works else None
    today = now.astimezone(context.calendar.zone).date()
    for ahead in range(-LOOK_BACK, SEARCH_DAYS):
        for stint in stints_of(context, person, [today + timedelta(days=ahead)]):
            if stint.end > now:
                return stint.start
    return None


def _around(context: Context, person: str, now: datetime) -> list[Stint]:
    """What the person works in shifts that may hold this moment."""
    today = now.astimezone(context.calendar.zone).date()
    return stints_of(context, person, days_between(today - timedelta(days=LOOK_BACK), today))


def _joined(times: Iterable[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    """The same time in as few stretches as there are, in order."""
    joined: list[tuple[datetime, datetime]] = []
    for start, end in sorted(times):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _place(order: list[str], name: str) -> int:
    return order.index(name) if name in order else len(order)


__all__ = [
    "MannedShift", "ShiftChange", "Shortage", "coverage", "next_on_shift", "on_duty_until",
    "on_shift", "people_of", "shift_changes", "shifts_on", "works_on",
]  # fmt: skip
