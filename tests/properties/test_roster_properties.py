"""What holds for who works when and for schedules, whatever the roster and whatever changes of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from jieli.engine import duty
from jieli.engine.calendar import Hours
from jieli.engine.context import Context, Person, Role
from jieli.engine.day_plan import days_between, stints_of, word_on
from jieli.engine.occurrences import crons, due_times
from jieli.engine.roster import Absence, Post, RosterChange, Rota, Shift
from jieli.engine.schedules import Schedule
from tests.story import SHANGHAI

MONDAY = date(2026, 11, 30)
DAYS = days_between(MONDAY, MONDAY + timedelta(days=20))
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
PEOPLE = ("ann", "bob", "cat", "dan")
SHIFTS = {
    "early": ("08:00-17:30",), "late": ("16:00-25:00",), "split": ("10:00-14:00", "17:30-23:00"),
    "night": ("22:00-33:00",), "touch": ("08:00-12:00", "12:00-16:00"), "small": ("24:30-26:00",),
}  # fmt: skip
WORDS = (*SHIFTS, "-")

days = st.sampled_from(DAYS)
moments = st.datetimes(datetime(2026, 12, 1), datetime(2026, 12, 19), timezones=st.just(UTC)).map(
    lambda at: at.replace(second=0, microsecond=0)
)
weeks = st.one_of(
    st.sampled_from(WORDS), st.lists(st.sampled_from(WORDS), min_size=7, max_size=7).map(" ".join)
)
lines = st.lists(weeks, min_size=1, max_size=3).map(tuple)


@st.composite
def changes(draw: st.DrawFn) -> RosterChange:
    """Something that came about while working."""
    kind = draw(st.sampled_from(["away", "swap", "stand_in", "extend"]))
    begin = draw(days)
    words = {"kind": kind, "from": begin, "to": begin + draw(st.integers(0, 3)) * DAY}
    if kind == "extend" or draw(st.booleans()):
        words |= {"post": "desk", "shift": draw(st.sampled_from(list(SHIFTS)))}
    if kind == "extend":
        until = datetime.combine(begin, time(12), SHANGHAI)
        words |= {"date": begin, "until": until + draw(st.integers(0, 1800)) * MINUTE}
    else:
        words["person"] = draw(st.sampled_from(PEOPLE))
        words["other"] = draw(st.sampled_from([*PEOPLE, None] if kind == "away" else PEOPLE))
    return RosterChange.model_validate(words)


@st.composite
def shops(draw: st.DrawFn, changed: bool = True) -> Context:
    """A desk with a roster for some of four people, leave, and changes."""
    first, later = (
        draw(st.dictionaries(st.sampled_from(PEOPLE), lines, max_size=4)) for _ in range(2)
    )
    begins = draw(st.sampled_from([MONDAY, MONDAY - 7 * DAY]))
    rotas = (
        Rota(post="desk", from_=begins, to=MONDAY + 6 * DAY, weeks=first),
        Rota(post="desk", from_=MONDAY + 7 * DAY, weeks=later),
    )
    leave = [Absence(person=p, from_=d, to=d + DAY) for p, d in draw(st.lists(
        st.tuples(st.sampled_from(PEOPLE), days), max_size=2))]  # fmt: skip
    works = Hours(daily=("09:00-18:00",))
    return Context(
        people={p: Person(name=p, roles=("agent",), works=works if p == "dan" else None) for p in PEOPLE},
        roles={"agent": Role(label="agent")},
        hours={},
        posts={"desk": Post(label="desk", role="agent", least=1)},
        shifts={name: Shift(label=name, hours=Hours(daily=daily)) for name, daily in SHIFTS.items()},
        roster=rotas,
        absences=tuple(leave) if changed else (),
        roster_changes=tuple(draw(st.lists(changes(), max_size=4))) if changed else (),
    )


@given(shops(), st.sampled_from(PEOPLE), moments)
def test_being_on_shift_is_being_in_the_working_time_of_some_date(
    shop: Context, person: str, now: datetime
) -> None:
    today = now.astimezone(SHANGHAI).date()
    times = [each for day in days_between(today - 4 * DAY, today) for each in duty.works_on(shop, person, day)]
    assert shop.on_shift(person, now) == any(start <= now < end for start, end in times)


@given(shops(changed=False), st.sampled_from(PEOPLE), days)
def test_without_changes_everybody_works_what_the_rota_says(shop: Context, person: str, day: date) -> None:
    said = {
        word_on(rota, rota.weeks[person], day)
        for rota in shop.roster
        if person in rota.weeks and rota.from_ <= day and (rota.to is None or day <= rota.to)
    }
    if any(person in rota.weeks for rota in shop.roster):
        assert {each.shift for each in stints_of(shop, person, [day])} == said - {"-"}


@given(shops(), st.sampled_from(PEOPLE), days)
def test_working_times_are_in_order_and_apart(shop: Context, person: str, day: date) -> None:
    times = duty.works_on(shop, person, day)
    assert all(start < end for start, end in times)
    assert all(one[1] < other[0] for one, other in pairwise(times))


@given(shops(), st.sampled_from(PEOPLE), moments)
def test_the_end_of_the_working_time_is_the_first_moment_off(shop: Context, person: str, now: datetime) -> None:
    end = duty.on_duty_until(shop, person, now)
    if end is None:
        assert not shop.on_shift(person, now) or shop.on_shift(person, now + 60 * DAY)
    else:
        assert shop.on_shift(person, now) and shop.on_shift(person, end - MINUTE)


@given(shops(), st.sampled_from(PEOPLE), moments)
def test_whoever_waits_for_the_next_shift_is_then_on_shift(shop: Context, person: str, now: datetime) -> None:
    start = duty.next_on_shift(shop, [person], now)
    if start is not None:
        assert shop.on_shift(person, max(start, now))
        assert start <= now or not shop.on_shift(person, now)


@given(shops(), moments)
def test_who_takes_over_is_there_or_comes_within_a_day(shop: Context, now: datetime) -> None:
    for change in duty.shift_changes(shop, now, now + DAY):
        assert change.outgoing and now < change.ends_at <= now + DAY
        assert change.starts_at < change.ends_at
        assert set(change.on_duty) <= set(change.incoming)
        assert (change.next_starts_at is None) == (not change.incoming)
        if change.mode == "live":
            assert change.incoming and not set(change.incoming) & set(change.outgoing)
            assert all(shop.on_shift(person, change.ends_at) for person in change.incoming)
        elif change.next_starts_at:
            assert change.ends_at < change.next_starts_at <= change.ends_at + DAY
            assert all(shop.on_shift(person, change.next_starts_at) for person in change.incoming)


@given(shops(), moments, st.lists(st.integers(0, 2000), max_size=5))
def test_changes_of_shift_are_found_once_however_the_time_is_cut(
    shop: Context, now: datetime, cuts: list[int]
) -> None:
    bounds = [now, *(now + cut * MINUTE for cut in sorted(cuts)), now + 2000 * MINUTE]
    pieces = [c for one, other in pairwise(bounds) for c in duty.shift_changes(shop, one, other)]
    whole = duty.shift_changes(shop, bounds[0], bounds[-1])
    assert pieces == whole
    assert len({each.key for each in whole}) == len(whole)


@given(shops(), days)
def test_a_shift_with_nobody_is_a_shift_of_which_nobody_is_told_to_be(shop: Context, day: date) -> None:
    short = {each.shift for each in duty.coverage(shop, day, day) if each.kind == "nobody"}
    empty = {each.shift for each in duty.shifts_on(shop, day) if not each.people}
    assert short == empty


# ---- schedules -----------------------------------------------------------------------------------

clocks = st.times().map(lambda at: at.strftime("%H:%M"))
daily = clocks
weekly = st.builds(lambda day, at: f"{day} {at}", st.sampled_from(["mon", "fri", "sun"]), clocks)
monthly = st.builds(
    lambda day, at: f"{day} {at}", st.one_of(st.integers(1, 31), st.just("last")), clocks
)
schedules = st.builds(
    lambda one, two, three, days, change: Schedule(
        daily=one, weekly=two, monthly=three, days=days, shift_change=change
    ),
    st.lists(daily, max_size=2), st.lists(weekly, max_size=2), st.lists(monthly, max_size=2),
    st.sampled_from(["all", "workdays", "holidays"]),
    st.sampled_from([None, {"before": "30m"}, {"before": "0m"}]),
)  # fmt: skip


@given(schedules, shops(), moments, st.lists(st.integers(0, 60_000), max_size=4))
@settings(max_examples=60)
def test_a_time_is_found_once_however_often_it_is_looked_for(
    schedule: Schedule, shop: Context, now: datetime, cuts: list[int]
) -> None:
    bounds = [now, *(now + cut * MINUTE for cut in sorted(cuts)), now + 60_000 * MINUTE]
    pieces = [o for one, other in pairwise(bounds) for o in due_times(schedule, shop, one, other)]
    whole = due_times(schedule, shop, bounds[0], bounds[-1])
    assert pieces == whole == sorted(whole, key=lambda each: (each.at, each.key))
    assert len({each.key for each in whole}) == len(whole)


@given(schedules, shops(changed=False), moments)
@settings(max_examples=60)
def test_a_cron_line_comes_at_every_time(schedule: Schedule, shop: Context, now: datetime) -> None:
    wakes = crons(schedule, shop)
    for occurrence in due_times(schedule, shop, now, now + 40 * DAY):
        assert any(comes_at(line, occurrence.at.astimezone(SHANGHAI)) for line in wakes)


def comes_at(line: str, local: datetime) -> bool:
    """Whether a cron line comes at a local time; as much of cron as our lines use."""
    minute, hour, day, _, weekday = line.split()
    first, _, last = day.partition("-")
    return (
        (local.hour, local.minute) == (int(hour), int(minute))
        and (day == "*" or int(first) <= local.day <= int(last or first))
        and (weekday == "*" or weekday == f"{local:%a}".lower())
    )
