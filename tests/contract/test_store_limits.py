"""Limits that all processes share: counted exactly, also when several take at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from jieli.engine.rates import Rate, free_at
from jieli.store import faults, limits
from jieli.store.database import Database
from jieli.store.limits import Limit, Want

NOW = datetime(2026, 11, 22, 2, 10, tzinfo=UTC)
ROBOT = (Rate(18, 60.0),)
BOT = (Rate(90, 60.0), Rate(4, 1.0))


def want(rates: tuple[Rate, ...] = ROBOT, after: float = 0, *, urgent: bool = True) -> Want:
    return Want((Limit("robot", rates, NOW + timedelta(seconds=after)),), urgent)


def take(database: Database, *wants: Want) -> list[float]:
    waits = database.run(lambda connection: limits.take(connection, wants))
    return [each.total_seconds() for each in waits]


def test_a_minute_holds_so_many_and_then_tells_when(database: Database) -> None:
    assert take(database, *[want()] * 20) == [0.0] * 18 + [60.0] * 2
    assert take(database, want(after=59)) == [1.0]
    assert take(database, *[want(after=60)] * 19) == [0.0] * 18 + [60.0]


def test_some_is_kept_for_what_is_urgent(database: Database) -> None:
    usual = take(database, *[want(urgent=False)] * 18)
    assert usual.count(0.0) == 15
    assert take(database, *[want()] * 4) == [0.0] * 3 + [60.0]


def test_two_rates_hold_at_once(database: Database) -> None:
    assert take(database, *[want(BOT)] * 5) == [0.0] * 4 + [1.0]
    for second in range(1, 22):
        take(database, *[want(BOT, second)] * 4)
    assert take(database, *[want(BOT, 22)] * 3) == [0.0, 0.0, 38.0]


def test_of_two_limits_both_or_none_is_used(database: Database) -> None:
    both = Want((Limit("one", (Rate(1, 60.0),), NOW), Limit("robot", ROBOT, NOW)), True)
    assert take(database, both, both) == [0.0, 60.0]
    assert take(database, *[want()] * 18).count(0.0) == 17


def test_a_provider_that_says_too_much_shuts_it_for_everybody(database: Database) -> None:
    with database.write() as connection:
        limits.shut(connection, "robot", NOW + timedelta(minutes=10))
        limits.shut(connection, "robot", NOW + timedelta(minutes=2))
    assert take(database, want(), want(after=600)) == [600.0, 0.0]


def test_processes_that_take_at_once_never_take_too_many(
    database: Database, second: Database
) -> None:
    def some(number: int) -> int:
        own = (database, second)[number % 2]
        return sum(take(own, want()) == [0.0] for _ in range(10))

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(some, range(8))) == 18


def test_no_stretch_of_a_minute_ever_holds_more() -> None:
    taken: list[datetime] = []
    now = NOW
    for step in range(400):
        now += timedelta(seconds=(step * 7) % 5)
        if free_at(taken, ROBOT, now) <= now:
            taken.append(now)
    most = max(sum(start <= each < start + timedelta(minutes=1) for each in taken) for start in taken)
    assert most == 18


@pytest.mark.parametrize("again", [False, True])
def test_a_fault_is_told_once_and_gone_when_it_works(database: Database, again: bool) -> None:
    name = faults.of_channel("group")
    with database.write() as connection:
        faults.note(connection, {name: "310000"}, [])
        assert [each.channel for each in faults.to_tell(connection, [name])] == ["group"]
        faults.note(connection, {name: "310000"}, [])
        assert faults.to_tell(connection, [name]) == []
        faults.note(connection, {}, [name])
        assert faults.channels(connection) == []
        if again:
            faults.note(connection, {name: "93000"}, [])
            assert [each.reason for each in faults.to_tell(connection, [name])] == ["93000"]
