"""Arithmetic with opening hours: when something opens, when a duration is over.

Owns no clock and no data: every instant comes from the caller and every answer is UTC. Never
raises for a calendar that ends too early: it guesses and says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from jieli.engine.calendar import Hours, WorkCalendar, spans_of

#: So many days in a row without an opening mean that none will come.
SEARCH_DAYS = 400
#: No walk through openings is longer, however long the duration.
WALK_DAYS = 4000

# A few days inside what datetime can hold, so that any answer can still be shown in any timezone.
EARLIEST = datetime(1, 1, 5, tzinfo=UTC)
LATEST = datetime(9999, 12, 29, tzinfo=UTC)

DAY = timedelta(days=1)
NOTHING = timedelta(0)


@dataclass(frozen=True, slots=True)
class Opening:
    """One stretch of being open, half-open [start, end).

    `guessed`: a day that nobody knows yet was taken or skipped to find it.
    """

    start: datetime
    end: datetime
    guessed: bool


@dataclass(frozen=True, slots=True)
class DueTime:
    """When a duration is over; `guessed`: a day nobody knows yet was counted or skipped."""

    at: datetime
    guessed: bool


def opening_at(hours: Hours, calendar: WorkCalendar, at: datetime) -> Opening | None:
    """The opening that contains `at`; the closing time itself is outside."""
    at = _utc(at)
    opening = next(_openings(hours, calendar, at), None)
    return opening if opening and opening.start <= at else None


def next_opening(hours: Hours, calendar: WorkCalendar, at: datetime) -> Opening:
    """The opening that contains `at`, else the next one."""
    at = _utc(at)
    return next(_openings(hours, calendar, at), None) or _never_found(at)


def opening_after(hours: Hours, calendar: WorkCalendar, at: datetime) -> Opening:
    """The first opening that starts at or after `at`."""
    at = _utc(at)
    later = (opening for opening in _openings(hours, calendar, at) if opening.start >= at)
    return next(later, None) or _never_found(at)


def add(
    start: datetime, duration: timedelta, *, hours: Hours | None, calendar: WorkCalendar
) -> DueTime:
    """When `duration` is over, counting only the time inside `hours`; without them, wall clock.

    A duration that is over exactly at closing time is due then, not at the next opening; nothing
    at all, begun while closed, is due at the next opening. A negative duration counts back.
    """
    start = _utc(start)
    if hours is None:
        return _plus(start, duration, guessed=False)
    if duration < NOTHING:
        return _count_back(start, -duration, hours, calendar)
    reached = start
    for opening in _openings(hours, calendar, start):
        begin = max(opening.start, start)
        if duration <= opening.end - begin:
            return DueTime(begin + duration, opening.guessed)
        duration -= opening.end - begin
        reached = opening.end
    return _plus(reached, duration, guessed=True)


def _count_back(
    start: datetime, duration: timedelta, hours: Hours, calendar: WorkCalendar
) -> DueTime:
    reached = start
    for opening in _openings(hours, calendar, start, back=True):
        end = min(opening.end, start)
        if duration <= end - opening.start:
            return DueTime(end - duration, opening.guessed)
        duration -= end - opening.start
        reached = opening.start
    return _plus(reached, -duration, guessed=True)


def staffed_between(
    start: datetime, end: datetime, *, hours: Hours | None, calendar: WorkCalendar
) -> timedelta:
    """How much time inside the hours lies between: the inverse of `add`, negative going back."""
    start, end = _utc(start), _utc(end)
    if hours is None:
        return end - start
    if end < start:
        return -staffed_between(end, start, hours=hours, calendar=calendar)
    total = NOTHING
    for opening in _openings(hours, calendar, start):
        if opening.start >= end:
            break
        total += min(opening.end, end) - max(opening.start, start)
    return total


def end_of_day(at: datetime, calendar: WorkCalendar) -> datetime:
    """The next local midnight; midnight itself belongs to the day it begins."""
    zone = calendar.zone
    tomorrow = _utc(at).astimezone(zone).date() + DAY
    return datetime.combine(tomorrow, time.min, zone).astimezone(UTC)


def _openings(
    hours: Hours, calendar: WorkCalendar, at: datetime, *, back: bool = False
) -> Iterator[Opening]:
    """The openings not over at `at`, in order; with `back` those begun before, latest first."""
    zone, guessed = calendar.zone, False
    days = _days(at.astimezone(zone).date(), back=back)
    found = days.start
    for number in days:
        if abs(number - found) > SEARCH_DAYS:
            return
        stretches = _stretches(hours.daily, zone, number)
        for stretch in reversed(stretches) if back else stretches:
            if stretch.start >= at if back else stretch.end <= at:
                continue
            day = hours.on(stretch.day, calendar)
            guessed = guessed or day.guessed
            if day.open:
                found = number
                yield Opening(stretch.start, stretch.end, guessed)


def _days(today: date, *, back: bool) -> range:
    """The ordinals of the local dates to look at; yesterday's opening may still be open."""
    today_number = today.toordinal()
    if back:
        return range(today_number, max(today_number - WALK_DAYS, EARLIEST.toordinal()), -1)
    first = today_number - 1
    return range(first, min(first + WALK_DAYS, LATEST.toordinal()))


class Stretch(NamedTuple):
    """When the hours would be open, should they apply to `day`."""

    start: datetime
    end: datetime
    day: date


# Turning local times into UTC costs more than all the rest, and every timer of a desk asks for the
# same few days.
@lru_cache(maxsize=8192)
def _stretches(daily: tuple[str, ...], zone: ZoneInfo, number: int) -> tuple[Stretch, ...]:
    """The stretches that begin on a local date; one such as "25:00-26:00" is of the day before."""
    stretches = []
    for span in spans_of(daily):
        day = date.fromordinal(number - span.next_day)
        midnight = datetime.combine(day, time.min, zone)
        start = (midnight + timedelta(minutes=span.start)).astimezone(UTC)
        end = (midnight + timedelta(minutes=span.end)).astimezone(UTC)
        if start < end:  # an hour that a change to summer time skips is never open
            stretches.append(Stretch(start, end, day))
    return tuple(stretches)


def _never_found(at: datetime) -> Opening:
    # Better now, marked as a guess, than never: a timer without a time would be a case that hangs.
    return Opening(at, at + DAY, guessed=True)


def _plus(at: datetime, duration: timedelta, *, guessed: bool) -> DueTime:
    try:
        due = at + duration
    except OverflowError:
        return DueTime(LATEST if duration > NOTHING else EARLIEST, guessed=True)
    return DueTime(min(max(due, EARLIEST), LATEST), guessed)


def _utc(at: datetime) -> datetime:
    if at.utcoffset() is None:
        raise ValueError(f"{at.isoformat()} has no timezone; times are given in UTC")
    return min(max(at, EARLIEST), LATEST).astimezone(UTC)
