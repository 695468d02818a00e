"""Where the roster has too few people: warnings for who plans it, never an error."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Literal

from jieli.engine.day_plan import ALWAYS, LOOK_BACK, Day, Stint, day_of, days_between, parts_of

if TYPE_CHECKING:
    from jieli.engine.context import Context

Times = list[tuple[datetime, datetime]]


@dataclass(frozen=True, slots=True)
class Shortage:
    """A shift with too few people or with nobody, or a time in which nobody is at the post.

    `missing`: who was planned for the shift and does not come.
    """

    kind: Literal["few", "nobody", "gap"]
    post: str
    date: date
    starts_at: datetime
    ends_at: datetime
    shift: str | None = None
    have: int = 0
    least: int = 0
    missing: tuple[str, ...] = ()


def coverage(context: Context, first: date, last: date) -> list[Shortage]:
    """Everything that is short on these dates, both included."""
    return [
        shortage
        for day in days_between(first, last)
        for post in context.posts
        for shortage in (*_short_shifts(context, post, day), *_gaps(context, post, day))
    ]


def _short_shifts(context: Context, post: str, day: date) -> list[Shortage]:
    plan, least = day_of(context, day), context.posts[post].least
    found = []
    for shift in dict.fromkeys(each.shift for each in plan.duties if each.post == post):
        known = context.shifts.get(shift) if shift else None
        parts = parts_of(known.hours, context.calendar, day) if known else []
        have = _working(plan, post, shift)
        if not parts or len(have) >= max(least, 1):
            continue
        missing = tuple(
            each.planned
            for each in plan.duties
            if (each.post, each.shift) == (post, shift) and each.holder not in have
        )
        found.append(
            Shortage(
                "few" if have else "nobody", post, day, parts[0][0], parts[-1][1], shift,
                len(have), least, missing,
            )
        )  # fmt: skip
    return found


def _working(plan: Day, post: str, shift: str | None) -> set[str]:
    return {
        person
        for person, stints in plan.stints.items()
        if any((each.post, each.shift) == (post, shift) for each in stints)
    }


def _gaps(context: Context, post: str, day: date) -> list[Shortage]:
    """When the desk is to be staffed and nobody is there; without a desk, a day without anybody."""
    desk = context.desk_hours(context.posts[post].role)
    days = days_between(day - timedelta(days=LOOK_BACK), day + timedelta(days=1))
    stints = [each for near in days for each in _at(context, post, near)]
    if desk is None and any(each.date == day for each in stints):
        return []
    wanted = parts_of(desk or ALWAYS, context.calendar, day)
    return [Shortage("gap", post, day, start, end) for start, end in _without(wanted, stints)]


def _at(context: Context, post: str, day: date) -> list[Stint]:
    found = day_of(context, day).stints.values()
    return [each for stints in found for each in stints if each.post == post]


def _without(wanted: Times, stints: Iterable[Stint]) -> Times:
    """What is left of the times when the stints are taken out."""
    left = wanted
    for stint in stints:
        rest: Times = []
        for start, end in left:
            rest.append((start, min(end, stint.start)))
            rest.append((max(start, stint.end), end))
        left = [(start, end) for start, end in rest if start < end]
    return sorted(left)
