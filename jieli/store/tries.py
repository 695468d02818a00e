"""Owns what became of each delivery: by which channel to whom, and what the provider said.

The answers come without secrets; taking them out is the channels' work.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select

from jieli.store.tables import links, outbox, outbox_tries

MOST_ANSWER = 600


@dataclass(frozen=True, slots=True)
class Try:
    """One delivery of one message to one recipient."""

    message: int
    attempt: int
    channel: str
    recipient: str
    outcome: str
    answer: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What a supervisor may see of a message: its tries, and when its link was opened (a hint)."""

    tries: tuple[Try, ...]
    opened_at: datetime | None


def record(connection: Connection, tries: Sequence[Try]) -> None:
    """Keep what was tried."""
    rows = [
        {name: getattr(each, name) for name in Try.__slots__}
        | {"answer": each.answer[:MOST_ANSWER]}
        for each in tries
    ]
    if rows:
        connection.execute(insert(outbox_tries).inline(), rows)


def tries_of(connection: Connection, message_id: int) -> Deliveries:
    """Every try of a message, the first one first."""
    query = (
        select(*(outbox_tries.c[name] for name in Try.__slots__))
        .where(outbox_tries.c.message == message_id)
        .order_by(outbox_tries.c.id)
    )
    opened: datetime | None = connection.execute(
        select(links.c.opened_at)
        .join(outbox, outbox.c.link_id == links.c.id)
        .where(outbox.c.id == message_id)
    ).scalar()
    return Deliveries(tuple(Try(*row) for row in connection.execute(query)), opened)


def reached(connection: Connection, message_ids: Iterable[int]) -> set[tuple[int, str]]:
    """Message and recipient of what a provider has taken already."""
    wanted = list(message_ids)
    if not wanted:
        return set()
    query = select(outbox_tries.c.message, outbox_tries.c.recipient).where(
        outbox_tries.c.message.in_(wanted), outbox_tries.c.outcome == "sent"
    )
    return {(row.message, row.recipient) for row in connection.execute(query)}
