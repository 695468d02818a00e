"""Owns the messages waiting to be sent: who sends which one, and what became of it.

A claim is an attempt number; whoever holds an older one changes nothing any more. Sends nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Select,
    bindparam,
    case,
    func,
    or_,
    select,
    update,
)

from jieli.store.tables import outbox
from jieli.store.times import real_now

Receiver = tuple[str | None, str | None]
MessageStatus = Literal["pending", "sent", "rejected", "cancelled", "given_up"]


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A claimed message; `attempt` is the fence."""

    id: int
    case_id: str
    purpose: str
    to_person: str | None
    to_role: str | None
    title: str
    text: str
    facts: tuple[tuple[str, str], ...]
    link_id: str | None
    urgent: bool
    attempt: int
    visit: int | None
    tries: int = 0
    alone: bool = False

    @property
    def reference(self) -> str:
        """What a person may quote: `M-17`."""
        return f"M-{self.id}"

    @property
    def receiver(self) -> Receiver:
        """Whom it is for: a person, or a role's group."""
        return self.to_person, self.to_role


@dataclass(frozen=True, slots=True)
class WaitingMessage:
    """A message that is due and nobody's yet."""

    id: int
    case_id: str
    purpose: str
    to_person: str | None
    to_role: str | None
    urgent: bool
    visit: int | None

    @property
    def reference(self) -> str:
        """What a person may quote: `M-17`."""
        return f"M-{self.id}"


@dataclass(frozen=True, slots=True)
class Marked:
    """What became of a claimed message; `pending` tries again after `retry_after`.

    `tried`: a provider was asked. `alone`: the message is not to be merged with others any more.
    """

    row: OutboxRow
    status: MessageStatus
    provider_id: str | None = None
    reason: str | None = None
    retry_after: timedelta = timedelta()
    tried: bool = True
    alone: bool = False


def claim(
    connection: Connection,
    *,
    owner: str,
    limit: int,
    lease_seconds: float,
    min_age_seconds: float = 0,
    case_id: str | None = None,
    message_id: int | None = None,
) -> list[OutboxRow]:
    """Take messages that are due, urgent ones first; they are the owner's until the lease ends."""
    now = real_now()
    wanted = (
        select(outbox)
        .where(*_due(now, min_age_seconds, case_id))
        .order_by(outbox.c.urgent.desc(), outbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    if message_id is not None:
        wanted = wanted.where(outbox.c.id == message_id)
    return _take(connection, wanted, owner, now + timedelta(seconds=lease_seconds))


def claim_same(
    connection: Connection, like: OutboxRow, *, owner: str, limit: int, lease_seconds: float,
    reminders: bool,
) -> list[OutboxRow]:  # fmt: skip
    """Take more of what waits for the same receiver and may be merged: not urgent, not refused.

    Also what was put off: the digest is what it was put off for.
    """
    now = real_now()
    wanted = (
        select(outbox)
        .where(*_may_be_merged(now), *_for(like.receiver))
        .order_by(outbox.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    # Reminders to one person have a digest of their own; what is new does not wait for it.
    is_reminder = outbox.c.purpose == "reminder"
    if reminders:
        wanted = wanted.where(is_reminder)
    elif like.to_person:
        wanted = wanted.where(~is_reminder)
    return _take(connection, wanted, owner, now + timedelta(seconds=lease_seconds))


def waiting_for(connection: Connection, receivers: Iterable[Receiver]) -> dict[Receiver, int]:
    """How many messages that may be merged wait for each, claimed or not."""
    found = {}
    for receiver in set(receivers):
        query = select(func.count()).select_from(outbox).where(
            outbox.c.status == "pending", ~outbox.c.urgent, ~outbox.c.alone, *_for(receiver)
        )  # fmt: skip
        found[receiver] = int(connection.execute(query).scalar_one())
    return found


def put_off(
    connection: Connection, receiver: Receiver, wait: timedelta, *, urgent: bool,
    reminders: bool | None = None,
) -> None:  # fmt: skip
    """Nothing to this receiver is due so long, except what is claimed or, unless asked, urgent."""
    now = real_now()
    until = now + wait
    change = update(outbox).where(
        outbox.c.status == "pending", outbox.c.next_try_at < until, _is_free(now), *_for(receiver)
    )
    if not urgent:
        change = change.where(~outbox.c.urgent)
    if reminders is not None:
        is_reminder = outbox.c.purpose == "reminder"
        change = change.where(is_reminder if reminders else ~is_reminder)
    connection.execute(change.values(next_try_at=until))


def _take(
    connection: Connection, wanted: Select[Any], owner: str, until: datetime
) -> list[OutboxRow]:
    rows = connection.execute(wanted).all()
    changes = [{"on_id": row.id, "owner": owner, "until": until} for row in rows]
    if changes:
        connection.execute(_CLAIM, changes)
    return [_outbox_row(row, row.attempt + 1) for row in rows]


_CLAIM = (
    update(outbox)
    .where(outbox.c.id == bindparam("on_id"))
    .values(
        attempt=outbox.c.attempt + 1, claimed_by=bindparam("owner"),
        claimed_until=bindparam("until"),
    )
)  # fmt: skip


def due(connection: Connection, *, case_id: str, limit: int) -> list[WaitingMessage]:
    """The messages of a case that could be claimed now, urgent ones first."""
    query = (
        select(*(outbox.c[name] for name in WaitingMessage.__slots__))
        .where(*_due(real_now(), 0, case_id))
        .order_by(outbox.c.urgent.desc(), outbox.c.id)
        .limit(limit)
    )
    return [WaitingMessage(*row) for row in connection.execute(query)]


def due_count(connection: Connection, *, min_age_seconds: float = 0) -> int:
    """How many messages could be claimed now."""
    query = select(func.count()).select_from(outbox).where(*_due(real_now(), min_age_seconds))
    return int(connection.execute(query).scalar_one())


def _due(
    now: datetime, min_age_seconds: float, case_id: str | None = None
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        outbox.c.status == "pending",
        outbox.c.next_try_at <= now,
        _is_free(now),
    ]
    if min_age_seconds:
        conditions.append(outbox.c.queued_at <= now - timedelta(seconds=min_age_seconds))
    if case_id is not None:
        conditions.append(outbox.c.case_id == case_id)
    return conditions


def _is_free(now: datetime) -> ColumnElement[bool]:
    return or_(outbox.c.claimed_until.is_(None), outbox.c.claimed_until <= now)


def _may_be_merged(now: datetime) -> list[ColumnElement[bool]]:
    return [outbox.c.status == "pending", ~outbox.c.urgent, ~outbox.c.alone, _is_free(now)]


def _for(receiver: Receiver) -> list[ColumnElement[bool]]:
    person, role = receiver
    return [outbox.c.to_person == person] if person else [outbox.c.to_role == role]


def still_valid(connection: Connection, row: OutboxRow) -> bool:
    """Whether the message is still wanted and still ours; asked right before sending."""
    found = connection.execute(
        select(outbox.c.id).where(
            outbox.c.id == row.id, outbox.c.status == "pending",
            outbox.c.attempt == row.attempt, outbox.c.claimed_until > real_now(),
        )
    ).first()  # fmt: skip
    return found is not None


def mark(connection: Connection, results: Sequence[Marked]) -> int:
    """Write down what became of claimed messages; returns how many still were the marker's."""
    return sum(_mark_one(connection, result) for result in results)


def _mark_one(connection: Connection, result: Marked) -> int:
    now = real_now()
    # A message that was cancelled while it was on its way has been sent all the same.
    known = ("pending", "cancelled") if result.status == "sent" else ("pending",)
    done = result.status != "pending"
    changed = connection.execute(
        update(outbox)
        .where(
            outbox.c.id == result.row.id, outbox.c.attempt == result.row.attempt,
            outbox.c.status.in_(known),
        )
        .values(
            status=result.status, provider_id=result.provider_id, reason=result.reason,
            claimed_by=None, claimed_until=None, next_try_at=now + result.retry_after,
            finished_at=now if done else None, tries=outbox.c.tries + int(result.tried),
            **({"alone": True} if result.alone else {}),
        )
    )  # fmt: skip
    return changed.rowcount


def next_try_at(connection: Connection, case_id: str | None = None) -> datetime | None:
    """When the next message is due to be tried; None when none waits."""
    waiting = case(
        (outbox.c.claimed_until > outbox.c.next_try_at, outbox.c.claimed_until),
        else_=outbox.c.next_try_at,
    )
    query = select(func.min(waiting)).where(outbox.c.status == "pending")
    if case_id is not None:
        query = query.where(outbox.c.case_id == case_id)
    found: datetime | None = connection.execute(query).scalar()
    return found


def backlog(connection: Connection) -> int:
    """How many messages wait to be sent."""
    waiting = select(func.count()).select_from(outbox).where(outbox.c.status == "pending")
    return int(connection.execute(waiting).scalar_one())


def _outbox_row(row: Row[Any], attempt: int) -> OutboxRow:
    return OutboxRow(
        id=row.id, case_id=row.case_id, purpose=row.purpose, to_person=row.to_person,
        to_role=row.to_role, title=row.title, text=row.text,
        facts=tuple((label, text) for label, text in row.facts), link_id=row.link_id,
        urgent=row.urgent, attempt=attempt, visit=row.visit, tries=row.tries, alone=row.alone,
    )  # fmt: skip
