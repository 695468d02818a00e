"""Which times a schedule means, by the calendar and the roster. Starts nothing, reads no clock.

What is made for one time (`each`) and what was made already is the store's matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from jieli.engine.calendar import WEEKDAYS, parse_span
from jieli.engine.day_plan import days_between
from jieli.engine.schedules import Schedule, ShiftChanges
from jieli.engine.shift_changes import ShiftChange, shift_changes
from jieli.engine.values import parse_duration

if TYPE_CHECKING:
    from jieli.engine.context import Context
    from jieli.engine.definition import Setting

LAST = "last"
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)", re.ASCII)
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time a schedule means.

    `key` names it for ever: a shift that ends later is still the same change of shift, though
    its `at` moves along. `date` is the local date of `at`.
    """

    at: datetime
    key: str
    date: date
    change: ShiftChange | None = None


def due_times(
    schedule: Schedule, context: Context, after: datetime, until: datetime
) -> list[Occurrence]:
    """Every time the schedule means after the one instant and until the other, in order.

    The schedule is `written_out`: its `before` is a duration.
    """
    zone = context.calendar.zone
    first, last = (each.astimezone(zone).date() for each in (after, until))
    found = {
        at: Occurrence(at, at.isoformat(), day)
        for day in days_between(first, last)
        if is_meant(schedule, context, day)
        for clock in times_on(schedule, day)
        if after < (at := _instant(day, clock, zone)) <= until
    }
    changes = _changes(schedule, context, after, until) if schedule.shift_change else ()
    return sorted((*found.values(), *changes), key=lambda each: (each.at, each.key))


def crons(schedule: Schedule, context: Context) -> list[str]:
    """Cron lines, in the shop's time zone, that come at all these times and perhaps at others.

    They only wake: what is due then, `due_times` says. A shift that ends later than planned has
    no line; that is seen by who looks at the time.
    """
    lines = [_cron(parse_daily(each), "* * *") for each in schedule.daily]
    for each in schedule.weekly:
        weekday, clock = parse_weekly(each)
        lines.append(_cron(clock, f"* * {WEEKDAYS[weekday]}"))
    for each in schedule.monthly:
        number, clock = parse_monthly(each)
        lines.append(_cron(clock, f"{number or '28-31'} * *"))
    if schedule.shift_change:
        lines += [_cron(clock, "* * *") for clock in _regular_ends(schedule.shift_change, context)]
    return list(dict.fromkeys(lines))


def written_out(schedule: Schedule, settings: Mapping[str, Setting]) -> Schedule:
    """The schedule with the value of the setting that its `before` may name."""
    change = schedule.shift_change
    if change is None or change.before not in settings:
        return schedule
    before = str(settings[change.before].value)
    return schedule.model_copy(
        update={"shift_change": change.model_copy(update={"before": before})}
    )


def is_meant(schedule: Schedule, context: Context, day: date) -> bool:
    """Whether `days` lets the schedule be on that date."""
    if schedule.days == "all":
        return True
    kind = context.calendar.day(day)
    return kind.workday if schedule.days == "workdays" else kind.holiday


def times_on(schedule: Schedule, day: date) -> list[time]:
    """The local times that are written down for a date; changes of shift are not."""
    found = {parse_daily(each) for each in schedule.daily}
    for each in schedule.weekly:
        weekday, clock = parse_weekly(each)
        if weekday == day.weekday():
            found.add(clock)
    for each in schedule.monthly:
        number, clock = parse_monthly(each)
        if day.day == number or (number is None and (day + timedelta(days=1)).day == 1):
            found.add(clock)
    return sorted(found)


def parse_daily(text: str) -> time:
    """Read "16:00"; raises ValueError for ops to read."""
    found = _TIME.fullmatch(text.strip())
    if not found:
        raise ValueError(f'"{text}" is not a time of day; write it like "16:00"')
    return time(int(found[1]), int(found[2]))


def parse_weekly(text: str) -> tuple[int, time]:
    """Read "fri 11:00", Monday being 0; raises ValueError for ops to read."""
    weekday, _, clock = text.strip().partition(" ")
    days: tuple[str, ...] = WEEKDAYS
    if weekday not in days or not _TIME.fullmatch(clock.strip()):
        raise ValueError(f'"{text}" is not a weekday and a time; write it like "fri 11:00"')
    return days.index(weekday), parse_daily(clock)


def parse_monthly(text: str) -> tuple[int | None, time]:
    """Read "15 09:00" or "last 18:00", None being the last day; raises ValueError for ops."""
    day, _, clock = text.strip().partition(" ")
    is_day = day == LAST or (day.isascii() and day.isdigit() and 1 <= int(day) <= 31)
    if not is_day or not _TIME.fullmatch(clock.strip()):
        raise ValueError(
            f'"{text}" is not a day of the month and a time; write it like "15 09:00" or "last 18:00"'
        )
    return (None if day == LAST else int(day)), parse_daily(clock)


# ---- changes of shift ----------------------------------------------------------------------------


def _changes(
    schedule: Schedule, context: Context, after: datetime, until: datetime
) -> Iterator[Occurrence]:
    assert schedule.shift_change
    wanted, zone = schedule.shift_change, context.calendar.zone
    before = parse_duration(wanted.before)
    for change in shift_changes(context, after + before, until + before, wanted.posts):
        if is_meant(schedule, context, change.date):
            at = change.ends_at - before
            yield Occurrence(at, change.key, at.astimezone(zone).date(), change)


def _regular_ends(wanted: ShiftChanges, context: Context) -> list[time]:
    """So long before each end of a shift that is in use at these posts, by the clock on the wall."""
    before = parse_duration(wanted.before) // timedelta(minutes=1)
    used = {
        word
        for rota in context.roster
        if not wanted.posts or rota.post in wanted.posts
        for lines in rota.weeks.values()
        for line in lines
        for word in line.split()
    }
    minutes = {
        (parse_span(text).end - before) % _DAY_MINUTES
        for name, shift in context.shifts.items()
        if name in used
        for text in shift.hours.daily
    }
    return [time(*divmod(each, 60)) for each in sorted(minutes)]


def _instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, clock, zone).astimezone(UTC)


def _cron(clock: time, days: str) -> str:
    return f"{clock.minute} {clock.hour} {days}"
