"""Which days are workdays and which hours a place is open, as ops write them in YAML.

Owns the calendar and the opening hours as data; never adds times up (business_time does) and never
reads a clock.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import chinese_calendar
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

DAY_MINUTES = 24 * 60
RANGE = re.compile(r"(\d{1,2}):([0-5]\d)\s*-\s*(\d{1,2}):([0-5]\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class DayKind:
    """What a calendar says of a day; `guessed`: nobody knows its year, the weekend rule decided."""

    workday: bool
    guessed: bool
    #: A public holiday, its weekend included; an ordinary Saturday is neither workday nor holiday.
    holiday: bool = False


class YearOverride(BaseModel):
    """What a shop knows better than the library about a year; other days stay as they are."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    holidays: tuple[date, ...] = Field(default=(), description="Days that are holidays.")
    workdays: tuple[date, ...] = Field(default=(), description="Days that are workdays.")

    @model_validator(mode="after")
    def _no_day_is_both(self) -> Self:
        if both := sorted(set(self.holidays) & set(self.workdays)):
            raise ValueError(f"{both[0]} is both a holiday and a workday")
        return self


class WorkCalendar(BaseModel):
    """The days of a shop: its override first, then chinesecalendar, then the weekend rule."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    timezone: str = Field(default="Asia/Shanghai", description="The shop's time zone.")
    years: dict[int, YearOverride] = Field(
        default={}, description="What the shop knows better than the public calendar, by year."
    )

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError(
                f'there is no timezone "{name}"; write it like "Asia/Shanghai"'
            ) from error
        return name

    @field_validator("years")
    @classmethod
    def _days_under_their_own_year(cls, years: dict[int, YearOverride]) -> dict[int, YearOverride]:
        for year, override in years.items():
            for day in (*override.holidays, *override.workdays):
                if day.year != year:
                    raise ValueError(f"{day} stands under {year}; move it to {day.year}")
        return years

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    def day(self, day: date) -> DayKind:
        """What kind of day this is; never raises, a year that nobody knows is guessed."""
        if override := self.years.get(day.year):
            if day in override.workdays:
                return DayKind(workday=True, guessed=False)
            if day in override.holidays:
                return DayKind(workday=False, guessed=False, holiday=True)
        return _library_day(day) or DayKind(
            workday=day.weekday() < 5, guessed=not self.covers(day.year)
        )

    def covers(self, year: int) -> bool:
        """Whether override or library knows the year; an override that names no day does not."""
        override = self.years.get(year, YearOverride())
        return (
            bool(override.holidays or override.workdays)
            or _library_day(date(year, 1, 1)) is not None
        )


# The library looks through all its years at each call, so every date is asked for once.
@lru_cache(maxsize=8192)
def _library_day(day: date) -> DayKind | None:
    try:
        off, name = chinese_calendar.get_holiday_detail(day)
    except NotImplementedError:
        return None
    return DayKind(workday=not off, guessed=False, holiday=off and name is not None)


class Span(NamedTuple):
    """One range of `daily`, in minutes from the midnight of the day it belongs to, up to 48:00."""

    start: int
    end: int
    text: str

    @property
    def next_day(self) -> int:
        """1 when the range begins after midnight, "25:00-26:00", else 0."""
        return self.start // DAY_MINUTES


def parse_span(text: str) -> Span:
    """Read "09:30-10:30", "16:00-25:00" or "22:00-06:00"; raises ValueError for ops to read."""
    match = RANGE.fullmatch(text.strip())
    if not match:
        raise ValueError(f'"{text}" is not a time range; write it like "09:30-10:30"')
    hour, minute, end_hour, end_minute = map(int, match.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    if end < start:
        end += DAY_MINUTES
    if start == end:
        raise ValueError(f'"{text}" ends when it begins; write "00:00-24:00" for the whole day')
    if end > 2 * DAY_MINUTES:
        raise ValueError(f'"{text}" goes past 48:00, the end of the next day')
    if end - start > DAY_MINUTES:
        raise ValueError(f'"{text}" is longer than 24 hours')
    return Span(start, end, text)


def _checked_range(text: str) -> str:
    parse_span(text)
    return text


# Keyed by the text, not kept on the model: model_copy would carry a cached property along, stale.
@lru_cache(maxsize=1024)
def spans_of(daily: tuple[str, ...]) -> tuple[Span, ...]:
    """The ranges of `daily`, in the order in which they begin on a local date."""
    return tuple(sorted(map(parse_span, daily), key=lambda span: span.start % DAY_MINUTES))


class OpenDay(NamedTuple):
    """Whether hours apply to a day, and whether the calendar had to guess to say so."""

    open: bool
    guessed: bool


class Hours(BaseModel):
    """Named opening hours: a call window, the staffed hours of a desk, a person's working time.

    A range that crosses midnight belongs to the day it began on, as a night shift does.
    `days: workdays` follows the calendar: make-up days (调休) are in, public holidays are out
    whatever `holidays` says. A list of weekdays follows the names alone: a make-up Saturday is out
    unless `sat` is listed, and public holidays are in unless `holidays: closed`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str = Field(default="", description="What people call these hours.")
    daily: Annotated[
        tuple[Annotated[str, AfterValidator(_checked_range)], ...], Field(min_length=1)
    ] = Field(description='The ranges of a day, as "09:30-12:00"; past midnight "16:00-25:00".')
    days: Literal["every", "workdays"] | Annotated[tuple[Weekday, ...], Field(min_length=1)] = Field(
        default="every", description="every day, workdays (with make-up days), or these weekdays."
    )
    holidays: Literal["open", "closed"] = Field(
        default="open", description="Whether public holidays are open or closed."
    )

    @model_validator(mode="after")
    def _no_overlap(self) -> Self:
        spans = list(spans_of(self.daily))
        if self._may_open_on_consecutive_days():
            spans += [
                Span(start + DAY_MINUTES, end + DAY_MINUTES, text) for start, end, text in spans
            ]
        for one, other in pairwise(sorted(spans)):
            if one.end > other.start:
                raise ValueError(f'"{one.text}" and "{other.text}" overlap')
        return self

    def _may_open_on_consecutive_days(self) -> bool:
        if isinstance(self.days, str):
            return True
        numbers = {WEEKDAYS.index(name) for name in self.days}
        return any((number + 1) % 7 in numbers for number in numbers)

    def on(self, day: date, calendar: WorkCalendar) -> OpenDay:
        """Whether these hours apply to the day; the calendar is asked only when it matters."""
        if not isinstance(self.days, str) and WEEKDAYS[day.weekday()] not in self.days:
            return OpenDay(open=False, guessed=False)
        if self.days != "workdays" and self.holidays == "open":
            return OpenDay(open=True, guessed=False)
        kind = calendar.day(day)
        return OpenDay(kind.workday if self.days == "workdays" else not kind.holiday, kind.guessed)
