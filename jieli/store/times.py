"""What time it is: business time, which development may move, and real time, which nobody moves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, select

from jieli.store.statements import insert
from jieli.store.tables import current_values

_OFFSET = "clock_offset"
_MICROSECOND = timedelta(microseconds=1)


def real_now() -> datetime:
    """The time of leases, claims and heartbeats."""
    return datetime.now(UTC)


def business_now(connection: Connection) -> datetime:
    """The time of due dates, windows and timers."""
    return real_now() + clock_offset(connection)


def clock_offset(connection: Connection) -> timedelta:
    """How far business time was moved; nothing in production."""
    found = connection.execute(
        select(current_values.c.value).where(current_values.c.name == _OFFSET)
    ).scalar()
    return int(found) * _MICROSECOND if found else timedelta()


def advance_clock(connection: Connection, by: timedelta) -> None:
    """Move business time forward; the caller has made sure that this is no production."""
    if by < timedelta():
        raise ValueError("business time never goes back")
    offset = str((clock_offset(connection) + by) // _MICROSECOND)
    statement = insert(connection, current_values).values(name=_OFFSET, value=offset)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"value": offset})
    )
