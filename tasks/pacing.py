"""When a message may go that is not urgent: quiet hours, shifts, busy minutes. Reads nothing.

A message that is held is looked at again; no answer here is kept for longer than an hour.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zlib import crc32

from jieli.engine import business_time, duty
from jieli.engine.context import Context
from jieli.engine.rates import Rate
from jieli.store.limits import Limit
from jieli.store.outbox import OutboxRow

LOOK_AGAIN = timedelta(hours=1)
LOOK_SOON = timedelta(seconds=5)
ONE_A_HALF_HOUR = (Rate(1, 1800.0),)
BUSY_MINUTES = (0, 30)
BULK = 5
SPREAD_SECONDS = 180


@dataclass(frozen=True, slots=True)
class Clocks:
    """Business time, which development may move, and real time, which providers count in."""

    business: datetime
    real: datetime

    def real_wait(self, wait: timedelta) -> timedelta:
        """A wait in business time as it is slept; a clock that was moved may be moved again."""
        moved = abs(self.business - self.real) > timedelta(seconds=1)
        return min(wait, LOOK_SOON if moved else LOOK_AGAIN)


def is_reminder(row: OutboxRow) -> bool:
    """Whether it waits for the personal digest."""
    return row.purpose == "reminder" and row.to_person is not None and not row.urgent


def reminder_limit(person: str, clocks: Clocks) -> Limit:
    """One digest of reminders per half hour and person."""
    return Limit(f"reminders:{person}", ONE_A_HALF_HOUR, clocks.business)


def held_for(row: OutboxRow, context: Context, clocks: Clocks) -> timedelta:
    """How long a message to one person waits for the end of quiet hours or the next shift."""
    person = context.people.get(row.to_person or "")
    if row.urgent or person is None or row.to_person is None:
        return timedelta()
    now, until = clocks.business, clocks.business
    if is_reminder(row) and not context.on_shift(row.to_person, now):
        until = duty.next_on_shift(context, [row.to_person], now) or now
    if person.quiet is not None:
        quiet = business_time.opening_at(person.quiet, context.calendar, until)
        until = quiet.end if quiet else until
    return clocks.real_wait(until - now)


def spread_for(receiver: str, waiting: int, clocks: Clocks) -> timedelta:
    """How long many at once wait when everybody's robots send: providers refuse at :00 and :30."""
    now = clocks.real
    if waiting <= BULK or now.minute not in BUSY_MINUTES:
        return timedelta()
    left = 60 - now.second
    return timedelta(seconds=left + crc32(receiver.encode()) % SPREAD_SECONDS)
