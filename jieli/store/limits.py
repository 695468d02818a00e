"""Owns limits that all processes share, such as a robot's 18 messages a minute. Sends nothing.

No library does this on our two databases: `limits` wants Redis, Memcached or MongoDB, and
`pyrate-limiter` brings tables, connections and pools of its own beside our transactions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from jieli.engine.rates import Rate, free_at, kept
from jieli.store.statements import insert, one_of
from jieli.store.tables import channel_limits


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit by its name; `now` is the time it counts in."""

    name: str
    rates: tuple[Rate, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class Want:
    """One use of all of these limits, or of none of them."""

    limits: tuple[Limit, ...]
    urgent: bool = False


def take(connection: Connection, wants: Sequence[Want]) -> list[timedelta]:
    """Use the limits for as many as may be, in order; how long each must wait, nothing: it may go.

    One short writing transaction for a whole batch; the rows are locked in the order of their names.
    """
    rows = _lock(connection, sorted({each.name for want in wants for each in want.limits}))
    waits, changed = [], dict[str, Limit]()
    for want in wants:
        wait = max((_wait(rows[each.name], each, want.urgent) for each in want.limits),
                   default=timedelta())  # fmt: skip
        waits.append(wait)
        if wait > timedelta():
            continue
        for each in want.limits:
            rows[each.name].taken = [*kept(rows[each.name].taken, each.rates, each.now), each.now]
            changed[each.name] = each
    for name in sorted(changed):
        stamps = [round(each.timestamp() * 1000) for each in rows[name].taken]
        connection.execute(
            update(channel_limits).where(channel_limits.c.name == name).values(taken=stamps)
        )
    return waits


def shut(connection: Connection, name: str, until: datetime) -> None:
    """Nothing goes until then: the provider has said that it was too much."""
    (row,) = _lock(connection, [name]).values()
    if row.shut_until is None or row.shut_until < until:
        connection.execute(
            update(channel_limits).where(channel_limits.c.name == name).values(shut_until=until)
        )


@dataclass(slots=True)
class _Row:
    taken: list[datetime]
    shut_until: datetime | None


def _lock(connection: Connection, names: list[str]) -> dict[str, _Row]:
    """The rows, made where there are none, and nobody else's until the commit."""
    for name in names:
        connection.execute(
            insert(connection, channel_limits)
            .values(name=name, taken=[])
            .on_conflict_do_nothing(index_elements=["name"])
        )
    found = connection.execute(
        select(channel_limits)
        .where(one_of(connection, channel_limits.c.name, names))
        .order_by(channel_limits.c.name)
        .with_for_update()
    )
    return {row.name: _Row([_moment(each) for each in row.taken], row.shut_until) for row in found}


def _wait(row: _Row, limit: Limit, urgent: bool) -> timedelta:
    free = free_at(row.taken, limit.rates, limit.now, urgent=urgent)
    if row.shut_until is not None:
        free = max(free, row.shut_until)
    return max(free - limit.now, timedelta())


def _moment(stamp: Any) -> datetime:
    return datetime.fromtimestamp(stamp / 1000, UTC)
