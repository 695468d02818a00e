"""Reads which timers are due. They are armed and removed with the case's own commit, never here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, or_, select

from jieli.engine.events import TimerFired
from jieli.store.cases import Request
from jieli.store.tables import cases, timers
from jieli.store.times import real_now

REST_AFTER_FAULT = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class DueTimer:
    """A timer whose time has come."""

    case_id: str
    timer_id: int
    fires_at: datetime

    def request(self) -> Request:
        """The event that fires it, once."""
        event = TimerFired(timer=self.timer_id, at=self.fires_at)
        moment = self.fires_at.isoformat()
        return Request(self.case_id, f"timer:{self.case_id}:{self.timer_id}:{moment}", event)


def due(
    connection: Connection, now: datetime, limit: int, *, case_id: str | None = None
) -> list[DueTimer]:
    """The timers due at business time `now`, the oldest first.

    A case that could not take an event rests a while, so that it does not hold up the others.
    """
    rested = real_now() - REST_AFTER_FAULT
    query = (
        select(timers.c.case_id, timers.c.timer, timers.c.at)
        .join(cases, cases.c.id == timers.c.case_id)
        .where(timers.c.at <= now, or_(cases.c.fault_at.is_(None), cases.c.fault_at <= rested))
        .order_by(timers.c.at, timers.c.case_id, timers.c.timer)
        .limit(limit)
    )
    if case_id is not None:
        query = query.where(timers.c.case_id == case_id)
    return [DueTimer(*row) for row in connection.execute(query)]


def next_at(connection: Connection, case_id: str | None = None) -> datetime | None:
    """When the next timer is due, in business time; None when none is armed."""
    query = select(func.min(timers.c.at))
    if case_id is not None:
        query = query.where(timers.c.case_id == case_id)
    found: datetime | None = connection.execute(query).scalar()
    return found
