"""Owns who may do something alone for a while, and who was alive when. Real time only."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, or_, select, update

from jieli.store.statements import insert
from jieli.store.tables import heartbeats, leases
from jieli.store.times import real_now


def take(connection: Connection, name: str, owner: str, seconds: float) -> bool:
    """Take the lease if it is free, over, or ours already."""
    now = real_now()
    statement = insert(connection, leases).values(
        name=name, owner=owner, until=now + timedelta(seconds=seconds)
    )
    new = statement.excluded
    taken = connection.execute(
        statement.on_conflict_do_update(
            index_elements=["name"],
            set_={"owner": new.owner, "until": new.until},
            where=or_(leases.c.until <= now, leases.c.owner == new.owner),
        ).returning(leases.c.owner)
    )
    return taken.first() is not None


def renew(connection: Connection, name: str, owner: str, seconds: float) -> bool:
    """Keep the lease for longer; False: it is somebody else's by now."""
    changed = connection.execute(
        update(leases)
        .where(leases.c.name == name, leases.c.owner == owner)
        .values(until=real_now() + timedelta(seconds=seconds))
    )
    return changed.rowcount == 1


def release(connection: Connection, name: str, owner: str) -> None:
    """Give the lease back; somebody else's stays."""
    connection.execute(delete(leases).where(leases.c.name == name, leases.c.owner == owner))


def holder(connection: Connection, name: str) -> str | None:
    """Who holds the lease now."""
    found: str | None = connection.execute(
        select(leases.c.owner).where(leases.c.name == name, leases.c.until > real_now())
    ).scalar()
    return found


def heartbeat(connection: Connection, name: str, owner: str) -> None:
    """Say that the owner is alive."""
    statement = insert(connection, heartbeats).values(name=name, owner=owner, at=real_now())
    new = statement.excluded
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["name"], set_={"owner": new.owner, "at": new.at}
        )
    )


def last_heartbeat(connection: Connection, name: str) -> datetime | None:
    """When somebody last said so."""
    found: datetime | None = connection.execute(
        select(heartbeats.c.at).where(heartbeats.c.name == name)
    ).scalar()
    return found
