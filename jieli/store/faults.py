"""Owns what does not work now: a channel that is broken, somebody whom nothing reaches.

A fault is told to the supervisors once, and again while it lasts; it is gone when it works again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, select, update

from jieli.store.statements import insert, one_of
from jieli.store.tables import delivery_faults
from jieli.store.times import real_now

AGAIN = timedelta(minutes=30)
_CHANNEL, _PERSON = "channel:", "to:"


@dataclass(frozen=True, slots=True)
class Fault:
    """A channel or a recipient, why, and since when."""

    name: str
    reason: str
    since: datetime

    @property
    def channel(self) -> str | None:
        """The channel that is broken, if it is one."""
        return self.name.removeprefix(_CHANNEL) if self.name.startswith(_CHANNEL) else None

    @property
    def recipient(self) -> str:
        """Whom nothing reaches: a person or a role."""
        return self.name.removeprefix(_PERSON)


def of_channel(name: str) -> str:
    """A channel's name among the faults."""
    return _CHANNEL + name


def of_recipient(name: str) -> str:
    """A recipient's name among the faults."""
    return _PERSON + name


def note(connection: Connection, faults: Mapping[str, str], works: Iterable[str]) -> None:
    """Write down what does not work and why, and forget what does again."""
    mended = [name for name in works if name not in faults]
    if mended:
        connection.execute(
            delete(delivery_faults).where(one_of(connection, delivery_faults.c.name, mended))
        )
    now = real_now()
    for name in sorted(faults):
        statement = insert(connection, delivery_faults).values(
            name=name, reason=faults[name], since=now, last_at=now
        )
        new = statement.excluded
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["name"], set_={"reason": new.reason, "last_at": new.last_at}
            )
        )


def to_tell(connection: Connection, names: Iterable[str]) -> list[Fault]:
    """Those of the faults that the supervisors are to be told of now; whoever asks first tells."""
    now, found = real_now(), []
    for name in sorted(set(names)):
        row = connection.execute(
            update(delivery_faults)
            .where(
                delivery_faults.c.name == name,
                or_(delivery_faults.c.told_at.is_(None), delivery_faults.c.told_at <= now - AGAIN),
            )
            .values(told_at=now)
            .returning(delivery_faults.c.name, delivery_faults.c.reason, delivery_faults.c.since)
        ).first()
        if row is not None:
            found.append(Fault(*row))
    return found


def channels(connection: Connection) -> list[Fault]:
    """The channels that are broken now."""
    query = (
        select(delivery_faults.c.name, delivery_faults.c.reason, delivery_faults.c.since)
        .where(delivery_faults.c.name.startswith(_CHANNEL, autoescape=True))
        .order_by(delivery_faults.c.since)
    )
    return [Fault(*row) for row in connection.execute(query)]
