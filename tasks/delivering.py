"""Delivers claimed messages: asks again whether each is wanted, sends it, marks the outcome."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from jieli.engine.context import Context
from jieli.settings import Settings
from jieli.store import definitions, links, outbox, people
from jieli.store.database import Database, kill_point
from jieli.store.links import Link
from jieli.store.outbox import Marked, OutboxRow
from jieli.store.people import Staff
from jieli.texts import text, use_language
from notifications.channel import (
    Broken,
    Channel,
    Message,
    Outcome,
    Recipient,
    RejectedBy,
    RetryAfter,
    Sent,
)
from notifications.links import Ring, link_url, ring_of

SEND_SECONDS = 20.0
"""Shorter than any claim: a send that hangs ends before somebody else may take the message."""
BROKEN_SECONDS = 120.0
MOST_TRIES = 30
AT_ONCE = 16

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The message was pointless by the time it was to be sent: its link is over."""


@dataclass(frozen=True, slots=True)
class NotOurs:
    """The message was cancelled, or our claim was over: somebody else sends it, if anybody."""


Delivered = Outcome | Cancelled | NotOurs
Target = tuple[str, Recipient]


@dataclass(frozen=True, slots=True)
class _Wanted:
    row: OutboxRow
    message: Message
    targets: tuple[Target, ...]


async def deliver(
    database: Database,
    rows: Sequence[OutboxRow],
    channels: Mapping[str, Channel],
    settings: Settings,
) -> list[Delivered]:
    """Send claimed messages, a few at once; the outcomes are in the order of the rows."""
    use_language(settings.language)
    ring = ring_of(settings)
    outcomes: list[Delivered] = []
    for begin in range(0, len(rows), AT_ONCE):
        few = rows[begin : begin + AT_ONCE]
        wanted = await asyncio.to_thread(_prepare, database, few, settings, ring)
        done = await asyncio.gather(*(_deliver_one(each, channels) for each in wanted))
        kill_point("sent_before_marked")
        await asyncio.to_thread(_mark, database, few, done)
        outcomes += done
    return outcomes


async def _deliver_one(
    wanted: _Wanted | Cancelled | NotOurs, channels: Mapping[str, Channel]
) -> Delivered:
    if not isinstance(wanted, _Wanted):
        return wanted
    row = wanted.row
    try:
        async with asyncio.timeout(SEND_SECONDS):
            outcome = await _send(wanted, channels)
    except TimeoutError:
        outcome = RetryAfter(BROKEN_SECONDS, "no answer in time")
    if not isinstance(outcome, Sent):
        log.warning("message %s to %s: %s", row.reference, row.to_person or row.to_role, outcome)
    return outcome


def _prepare(
    database: Database, rows: Sequence[OutboxRow], settings: Settings, ring: Ring
) -> list[_Wanted | Cancelled | NotOurs]:
    """Read the messages' status again, and everything they need, right before sending."""
    with database.read() as connection:
        _, context = definitions.current_context(connection)
        staff = {each.id: each for each in people.staff(connection)}
        opens = {row.id: links.find(connection, row.link_id) for row in rows if row.link_id}
        valid = {row.id for row in rows if outbox.still_valid(connection, row)}
    return [
        _wanted(row, opens.get(row.id), context, staff, settings, ring)
        if row.id in valid
        else NotOurs()
        for row in rows
    ]


def _wanted(
    row: OutboxRow, link: Link | None, context: Context, staff: Mapping[str, Staff],
    settings: Settings, ring: Ring,
) -> _Wanted | Cancelled:  # fmt: skip
    if row.link_id is None:
        return _Wanted(row, _message(row, context, None), tuple(targets(row, context, staff)))
    if link is None or link.status != "active":
        return Cancelled()
    url = link_url(settings.public_url, ring.token(link.purpose, link.link_id))
    return _Wanted(row, _message(row, context, url), tuple(targets(row, context, staff)))


def _message(row: OutboxRow, context: Context, url: str | None) -> Message:
    return Message(
        reference=row.reference, to=row.to_person or row.to_role or "", title=row.title,
        text=row.text, facts=row.facts, url=url, urgent=row.urgent, shop=context.shop,
        button=text("Open the task") if url else "",
    )  # fmt: skip


def targets(row: OutboxRow, context: Context, staff: Mapping[str, Staff]) -> list[Target]:
    """Channel and recipient of a message: the person's own, the role's group, or its members."""
    if row.to_person:
        return _of_person(row.to_person, context, staff)
    role = context.roles.get(row.to_role or "")
    if role is None:
        return []
    group = Recipient(id=str(row.to_role), name=role.label, is_role=True)
    if role.channels:
        return [(channel, group) for channel in role.channels]
    return [
        target
        for member in context.members(str(row.to_role))
        for target in _of_person(member, context, staff)
    ]


def _of_person(person: str, context: Context, staff: Mapping[str, Staff]) -> list[Target]:
    known, contacts = context.people.get(person), staff.get(person)
    if known is None:
        return []
    recipient = Recipient(
        id=person, name=known.name, email=contacts.email if contacts else None,
        phone=contacts.phone if contacts else None,
    )  # fmt: skip
    return [(channel, recipient) for channel in known.channels]


async def _send(wanted: _Wanted, channels: Mapping[str, Channel]) -> Outcome:
    """Send on every channel of the recipient; one that took the message is enough."""
    if not wanted.targets:
        return RejectedBy("nobody is known by that name")
    outcomes = await asyncio.gather(
        *(_on_channel(channels.get(name), name, wanted.message, to) for name, to in wanted.targets)
    )
    return best(outcomes)


async def _on_channel(
    channel: Channel | None, name: str, message: Message, recipient: Recipient
) -> Outcome:
    if channel is None:
        return Broken(f"there is no channel {name}")
    return await channel.send(message, recipient)


def best(outcomes: Sequence[Outcome]) -> Outcome:
    """Sent if any was, else what leaves most hope."""
    order: tuple[type[Outcome], ...] = (Sent, RetryAfter, Broken, RejectedBy)
    return min(outcomes, key=lambda outcome: order.index(type(outcome)))


def _mark(database: Database, rows: Sequence[OutboxRow], outcomes: Sequence[Delivered]) -> None:
    results = [
        marked(row, outcome)
        for row, outcome in zip(rows, outcomes, strict=True)
        if not isinstance(outcome, NotOurs)
    ]
    database.run(lambda connection: outbox.mark(connection, results))


def marked(row: OutboxRow, outcome: Outcome | Cancelled) -> Marked:
    """An outcome as the outbox keeps it; after many tries a message is given up, visibly."""
    match outcome:
        case Cancelled():
            return Marked(row, "cancelled", reason="its link is over")
        case Sent(provider_id=provider_id):
            return Marked(row, "sent", provider_id=provider_id)
        case RejectedBy(reason=reason):
            return Marked(row, "rejected", reason=reason)
        case RetryAfter(seconds=seconds, reason=reason):
            return _later(row, reason, seconds)
        case Broken(reason=reason):
            return _later(row, reason, BROKEN_SECONDS)


def _later(row: OutboxRow, reason: str, seconds: float) -> Marked:
    if row.attempt >= MOST_TRIES:
        return Marked(row, "given_up", reason=reason)
    # Twice as long after each try, so that a provider that is down is not pressed.
    wait = min(seconds * 2 ** min(row.attempt - 1, 6), 3600.0)
    return Marked(row, "pending", reason=reason, retry_after=timedelta(seconds=wait))
