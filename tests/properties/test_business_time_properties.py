"""What holds for opening hours whatever the hours, the calendar and the instant."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import assume, given
from hypothesis import strategies as st

from jieli.engine.business_time import (
    Opening,
    add,
    next_opening,
    opening_after,
    opening_at,
    staffed_between,
)
from jieli.engine.calendar import WEEKDAYS, Hours, WorkCalendar, YearOverride, spans_of

MINUTE = timedelta(minutes=1)
ALWAYS = Hours(daily=("00:00-24:00",))
SHOP_2027 = YearOverride(
    holidays=(date(2027, 1, 1), *(date(2027, 2, day) for day in range(5, 13))),
    workdays=(date(2027, 1, 3),),
)

calendars = st.sampled_from([WorkCalendar(), WorkCalendar(years={2027: SHOP_2027})])
# Both sides of the last year that the library knows.
instants = st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))
minutes = instants.map(lambda at: at.replace(second=0, microsecond=0))
durations = st.timedeltas(timedelta(0), timedelta(days=20))
signed_durations = st.timedeltas(timedelta(days=-20), timedelta(days=20))


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


@st.composite
def opening_hours(draw: st.DrawFn) -> Hours:
    """24 hours from any minute on, cut into pieces; some touch, some cross midnight."""
    first = draw(st.integers(0, 1439))
    cuts = sorted(draw(st.sets(st.integers(first, first + 1440), min_size=2, max_size=6)))
    pieces = [f"{clock(start)}-{clock(end)}" for start, end in pairwise(cuts)]
    daily = draw(st.lists(st.sampled_from(pieces), min_size=1, unique=True))
    weekdays = st.lists(st.sampled_from(WEEKDAYS), min_size=1, unique=True).map(tuple)
    days = draw(st.sampled_from(["every", "workdays"]) | weekdays)
    holidays = draw(st.sampled_from(["open", "closed"]))
    return Hours.model_validate({"daily": daily, "days": days, "holidays": holidays})


def is_open(hours: Hours, calendar: WorkCalendar, at: datetime) -> bool:
    """The definition of being open, written as plainly as it can be, for one whole minute."""
    local = at.astimezone(calendar.zone)
    for days_ago in (0, 1):
        day = local.date() - timedelta(days=days_ago)
        minute = days_ago * 1440 + local.hour * 60 + local.minute
        if hours.on(day, calendar).open and any(
            span.start <= minute < span.end for span in spans_of(hours.daily)
        ):
            return True
    return False


def same_stretch(one: Opening, other: Opening) -> bool:
    return (one.start, one.end) == (other.start, other.end)


@given(opening_hours(), calendars, minutes)
def test_an_opening_contains_an_instant_exactly_when_the_hours_say_so(
    hours: Hours, calendar: WorkCalendar, at: datetime
) -> None:
    opening = opening_at(hours, calendar, at)
    assert (opening is not None) == is_open(hours, calendar, at)
    assert opening is None or opening.start <= at < opening.end


@given(opening_hours(), calendars, minutes, st.integers(0, 3000))
def test_staffed_time_is_the_number_of_open_minutes(
    hours: Hours, calendar: WorkCalendar, start: datetime, length: int
) -> None:
    counted = sum(is_open(hours, calendar, start + number * MINUTE) for number in range(length))
    assert (
        staffed_between(start, start + length * MINUTE, hours=hours, calendar=calendar)
        == counted * MINUTE
    )


@given(opening_hours(), calendars, instants)
def test_the_next_opening_of_the_next_opening_is_itself(
    hours: Hours, calendar: WorkCalendar, at: datetime
) -> None:
    opening = next_opening(hours, calendar, at)
    again = next_opening(hours, calendar, opening.start)
    assert same_stretch(again, opening)
    assert again.guessed <= opening.guessed


@given(opening_hours(), calendars, instants)
def test_nothing_is_open_before_the_next_opening(
    hours: Hours, calendar: WorkCalendar, at: datetime
) -> None:
    opening = next_opening(hours, calendar, at)
    assert at < opening.end
    assert staffed_between(at, max(at, opening.start), hours=hours, calendar=calendar) == timedelta(
        0
    )


@given(opening_hours(), calendars, instants)
def test_the_opening_after_an_instant_is_the_next_one_unless_one_is_open_already(
    hours: Hours, calendar: WorkCalendar, at: datetime
) -> None:
    present, after = next_opening(hours, calendar, at), opening_after(hours, calendar, at)
    assert after.start >= at
    assert same_stretch(after, present) if present.start >= at else after.start >= present.end


@given(opening_hours(), calendars, instants, instants, signed_durations)
def test_who_starts_later_is_not_due_earlier(
    hours: Hours, calendar: WorkCalendar, one: datetime, other: datetime, duration: timedelta
) -> None:
    earlier, later = sorted((one, other))
    assert (
        add(earlier, duration, hours=hours, calendar=calendar).at
        <= add(later, duration, hours=hours, calendar=calendar).at
    )


@given(opening_hours(), calendars, instants, signed_durations, signed_durations)
def test_who_has_more_time_is_not_due_earlier(
    hours: Hours, calendar: WorkCalendar, start: datetime, one: timedelta, other: timedelta
) -> None:
    less, more = sorted((one, other))
    assert (
        add(start, less, hours=hours, calendar=calendar).at
        <= add(start, more, hours=hours, calendar=calendar).at
    )


# Hours of a minute a week can make a duration longer than any walk; what lies beyond is a guess.
@given(opening_hours(), calendars, instants, st.timedeltas(timedelta(hours=-5), timedelta(hours=5)))
def test_the_staffed_time_until_the_due_time_is_the_duration(
    hours: Hours, calendar: WorkCalendar, start: datetime, duration: timedelta
) -> None:
    assume(sum(span.end - span.start for span in spans_of(hours.daily)) >= 10)
    due = add(start, duration, hours=hours, calendar=calendar).at
    assert staffed_between(start, due, hours=hours, calendar=calendar) == duration


@given(opening_hours(), calendars, instants, instants)
def test_adding_the_staffed_time_leads_back_to_an_open_instant(
    hours: Hours, calendar: WorkCalendar, start: datetime, end: datetime
) -> None:
    opening = next_opening(hours, calendar, end)
    inside = max(end, opening.start) + (opening.end - max(end, opening.start)) / 2
    assume(start <= inside)
    staffed = staffed_between(start, inside, hours=hours, calendar=calendar)
    assert add(start, staffed, hours=hours, calendar=calendar).at == inside


@given(opening_hours(), calendars, instants, st.timedeltas(timedelta(hours=-5), timedelta(hours=5)))
def test_a_due_time_is_inside_the_hours_or_at_their_edge(
    hours: Hours, calendar: WorkCalendar, start: datetime, duration: timedelta
) -> None:
    assume(sum(span.end - span.start for span in spans_of(hours.daily)) >= 10)
    due = add(start, duration, hours=hours, calendar=calendar).at
    just_before = opening_at(hours, calendar, due - timedelta.resolution)
    assert opening_at(hours, calendar, due) or (just_before and just_before.end == due)


@given(opening_hours(), calendars, instants, durations, durations)
def test_waiting_twice_is_waiting_once_for_the_sum(
    hours: Hours, calendar: WorkCalendar, start: datetime, first: timedelta, second: timedelta
) -> None:
    assume(sum(span.end - span.start for span in spans_of(hours.daily)) >= 300)
    assume(second > timedelta(0))
    halfway = add(start, first, hours=hours, calendar=calendar).at
    assert (
        add(halfway, second, hours=hours, calendar=calendar).at
        == add(start, first + second, hours=hours, calendar=calendar).at
    )


@given(calendars, instants, signed_durations)
def test_round_the_clock_is_the_wall_clock(
    calendar: WorkCalendar, start: datetime, duration: timedelta
) -> None:
    assert add(start, duration, hours=ALWAYS, calendar=calendar) == add(
        start, duration, hours=None, calendar=calendar
    )


@given(opening_hours(), instants, durations)
def test_a_known_calendar_never_guesses(hours: Hours, start: datetime, duration: timedelta) -> None:
    known = WorkCalendar(
        years={year: YearOverride(holidays=(date(year, 1, 1),)) for year in range(2027, 2060)}
    )
    assume(sum(span.end - span.start for span in spans_of(hours.daily)) >= 120)
    assert not add(start, duration, hours=hours, calendar=known).guessed
