"""Messages as people look at them: the outbox viewer and a case's page. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from jieli.store.tables import cases, outbox


@dataclass(frozen=True, slots=True)
class MessageLine:
    """A message and what became of it."""

    id: int
    case_id: str
    case_ref: str
    visit: int | None
    purpose: str
    to_person: str | None
    to_role: str | None
    title: str
    text: str
    facts: tuple[tuple[str, str], ...]
    link_id: str | None
    urgent: bool
    status: str
    attempt: int
    queued_at: datetime
    finished_at: datetime | None
    next_try_at: datetime
    provider_id: str | None
    reason: str | None

    @property
    def reference(self) -> str:
        """What a person may quote: `M-17`."""
        return f"M-{self.id}"


def outbox_page(
    connection: Connection, *, limit: int = 50, before: int | None = None, status: str | None = None
) -> list[MessageLine]:
    """Messages of all cases, the newest first; the next page is `before` the last one's id."""
    return messages_of(connection, limit=limit, before=before, status=status)


def messages_of(
    connection: Connection,
    *,
    limit: int,
    before: int | None = None,
    status: str | None = None,
    case_id: str | None = None,
) -> list[MessageLine]:
    """Messages of one case or all, the newest first."""
    own = [name for name in MessageLine.__slots__ if name != "case_ref"]
    query = (
        select(cases.c.ref.label("case_ref"), *(outbox.c[name] for name in own))
        .join(cases, cases.c.id == outbox.c.case_id)
        .order_by(outbox.c.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(outbox.c.id < before)
    if status is not None:
        query = query.where(outbox.c.status == status)
    if case_id is not None:
        query = query.where(outbox.c.case_id == case_id)
    return [
        MessageLine(**(row._asdict() | {"facts": tuple(map(tuple, row.facts))}))
        for row in connection.execute(query)
    ]
