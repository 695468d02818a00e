"""Delivers claimed messages: asks again whether each is wanted, sends it, marks the outcome."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from jieli.engine.context import Context
from jieli.settings import Settings
from jieli.store import definitions, limits, links, outbox, people, tries
from jieli.store.database import Database, kill_point
from jieli.store.faults import Fault
from jieli.store.links import Link
from jieli.store.outbox import Marked, OutboxRow
from jieli.store.people import Staff
from jieli.store.times import business_now, real_now
from jieli.texts import text, use_language
from notifications.chains import Audience, Told, best, send_in_order
from notifications.channel import (
    Channel,
    Limited,
    Message,
    Recipient,
    RejectedBy,
    RetryAfter,
    Sent,
)
from notifications.links import Ring, link_url, ring_of
from tasks import pacing, parcels
from tasks.audiences import audiences
from tasks.faults import tell_supervisors, write_down
from tasks.outcomes import (
    BROKEN_SECONDS,
    LOST,
    MOST_TRIES,
    Cancelled,
    Delivered,
    Held,
    NotOurs,
    marked,
    together,
)
from tasks.pacing import Clocks
from tasks.parcels import Parcel, Wanted

SEND_SECONDS = 20.0
"""Shorter than any claim: a send that hangs ends before somebody else may take the message."""
AT_ONCE = 16

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Batch:
    """What is known of some messages right before they are sent, and what became of each."""

    context: Context
    staff: Mapping[str, Staff]
    clocks: Clocks
    became: dict[int, Delivered] = field(default_factory=dict)
    wanted: list[Wanted] = field(default_factory=list)
    parcels: list[Parcel] = field(default_factory=list)
    rows: dict[int, OutboxRow] = field(default_factory=dict)
    merged: dict[int, str] = field(default_factory=dict)
    told: list[tuple[OutboxRow, Told]] = field(default_factory=list)
    shut: dict[str, datetime] = field(default_factory=dict)


async def deliver(
    database: Database,
    rows: Sequence[OutboxRow],
    channels: Mapping[str, Channel],
    settings: Settings,
    now: Callable[[], datetime] = real_now,
) -> list[Delivered]:
    """Send claimed messages, a few at once; the outcomes are in the order of the rows."""
    use_language(settings.language)
    outcomes: list[Delivered] = []
    for begin in range(0, len(rows), AT_ONCE):
        few = rows[begin : begin + AT_ONCE]
        work = _Work(database, channels, settings.public_url, ring_of(settings), now)
        batch = await asyncio.to_thread(work.prepare, few)
        await asyncio.gather(*(work.send(batch, parcel) for parcel in batch.parcels))
        kill_point("sent_before_marked")
        faults = await asyncio.to_thread(_mark, database, batch)
        await tell_supervisors(faults, batch.context, batch.staff, channels)
        outcomes += [batch.became[row.id] for row in few]
    return outcomes


@dataclass(frozen=True, slots=True)
class _Work:
    """What delivering needs."""

    database: Database
    channels: Mapping[str, Channel]
    public_url: str
    ring: Ring
    now: Callable[[], datetime]

    def prepare(self, rows: Sequence[OutboxRow]) -> _Batch:
        """Read the messages' status again and everything they need, and put them into parcels."""
        with self.database.read() as connection:
            _, context = definitions.current_context(connection)
            staff = {each.id: each for each in people.staff(connection)}
            clocks = Clocks(business_now(connection), self.now())
        batch = _Batch(context, staff, clocks)
        batch.wanted = self._look(batch, rows)
        if not parcels.pack_needs_writing(batch.wanted, self.channels):
            batch.parcels = [Parcel([each]) for each in batch.wanted]
            return batch
        batch.parcels = self.database.run(
            lambda connection: parcels.pack(connection, batch.wanted, self.channels, clocks)
        )
        for parcel in batch.parcels:
            self._settle(batch, parcel)
        batch.parcels = [parcel for parcel in batch.parcels if not parcel.wait]
        return batch

    def _settle(self, batch: _Batch, parcel: Parcel) -> None:
        """Hold what does not go; put the others of a digest into it."""
        if parcel.wait:
            for each in parcel.held:
                batch.became[each.row.id] = Held(parcel.wait.total_seconds())
            return
        if parcel.merges:
            parcels.fill(parcel, self._look(batch, parcel.more))
            for row in parcel.left_over:
                batch.became[row.id] = Held(0)
        if len(parcel.held) > 1:
            for each in parcel.held:
                batch.merged[each.row.id] = f"digest:{parcel.head.row.reference}"

    def _look(self, batch: _Batch, rows: Sequence[OutboxRow]) -> list[Wanted]:
        """Those that are still wanted and may go; of the others, what became of them."""
        batch.rows |= {row.id: row for row in rows}
        with self.database.read() as connection:
            opens = {row.id: links.find(connection, row.link_id) for row in rows if row.link_id}
            valid = {row.id for row in rows if outbox.still_valid(connection, row)}
            reached = tries.reached(connection, [row.id for row in rows if row.tries])
        found = []
        for row in rows:
            held = pacing.held_for(row, batch.context, batch.clocks)
            if row.id not in valid:
                batch.became[row.id] = NotOurs()
            elif row.link_id and not _is_active(opens.get(row.id)):
                batch.became[row.id] = Cancelled()
            elif held:
                batch.became[row.id] = Held(held.total_seconds())
            else:
                found.append(self._wanted(batch, row, opens.get(row.id), reached))
        return found

    def _wanted(
        self, batch: _Batch, row: OutboxRow, link: Link | None, reached: set[tuple[int, str]]
    ) -> Wanted:
        url = link_url(self.public_url, self.ring.token(link.purpose, link.link_id)) if link else None
        everybody = audiences(row, batch.context, batch.staff)
        left = [each for each in everybody if (row.id, each.recipient.id) not in reached]
        # Who was reached at the last try is not told again.
        return Wanted(row, _message(row, batch.context, url), tuple(left or everybody))

    async def send(self, batch: _Batch, parcel: Parcel) -> None:
        """Send a parcel to all whom it is for."""
        tried: list[list[Told]] = []
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._send(batch, parcel, tried)
            outcome = together(tried)
        except TimeoutError:
            outcome = RetryAfter(BROKEN_SECONDS, "no answer in time")
        for each in parcel.held:
            row = each.row
            batch.became[row.id] = outcome
            batch.told += [(row, told) for chain in tried for told in chain]
        if not isinstance(outcome, Sent):
            row = parcel.head.row
            log.warning("message %s to %s: %s", row.reference, row.to_person or row.to_role, outcome)

    async def _send(self, batch: _Batch, parcel: Parcel, tried: list[list[Told]]) -> None:
        message = parcel.message(batch.context)
        may_go = partial(self._may_go, batch.clocks, parcel.urgent)
        for audience in parcel.head.audiences:
            tried.append(await send_in_order(audience, message, self.channels, may_go))
            self._note_shut(batch, audience, tried[-1])

    def _note_shut(self, batch: _Batch, audience: Audience, tried: Sequence[Told]) -> None:
        """A provider that takes nothing for a while shuts its limit for every process."""
        for told in tried:
            channel = self.channels.get(told.channel)
            if isinstance(told.outcome, RetryAfter) and told.outcome.shut:
                until = batch.clocks.real + timedelta(seconds=told.outcome.seconds)
                if isinstance(channel, Limited):
                    batch.shut[channel.limit(audience.recipient).name] = until

    async def _may_go(
        self, clocks: Clocks, urgent: bool, channel: Channel, recipient: Recipient
    ) -> RetryAfter | None:
        """Whether a later channel of a chain takes one more."""
        limit = channel.limit(recipient) if isinstance(channel, Limited) else None
        if limit is None or not limit.rates:
            return None
        take = partial(parcels.take_one, self.database, limit, clocks, urgent=urgent)
        wait = await asyncio.to_thread(take)
        return RetryAfter(wait.total_seconds(), "the channel takes no more now") if wait else None


def _is_active(link: Link | None) -> bool:
    return link is not None and link.status == "active"


def _message(row: OutboxRow, context: Context, url: str | None) -> Message:
    return Message(
        reference=row.reference, to=row.to_person or row.to_role or "", title=row.title,
        text=row.text, facts=row.facts, url=url, urgent=row.urgent, shop=context.shop,
        button=text("Open the task") if url else "",
    )  # fmt: skip


def _mark(database: Database, batch: _Batch) -> list[Fault]:
    """Write down what became of each, behind the fence of its claim; what is to be told of it."""
    results = [
        _marked(batch, row, outcome)
        for row in batch.rows.values()
        if not isinstance(outcome := batch.became[row.id], NotOurs)
    ]
    lost = [(each.row, each.reason or "") for each in results if each.status in LOST]

    def work(connection: Any) -> list[Fault]:
        outbox.mark(connection, results)
        for name, until in batch.shut.items():
            limits.shut(connection, name, until)
        return write_down(connection, batch.told, lost)

    return database.run(work)


def _marked(batch: _Batch, row: OutboxRow, outcome: Delivered) -> Marked:
    number = batch.merged.get(row.id)
    if number and isinstance(outcome, RejectedBy):
        # One of them may be to blame: none is lost, and each goes by itself.
        return Marked(row, "pending", reason=outcome.reason, alone=True)
    found = marked(row, outcome)
    if number and found.status == "sent":
        return Marked(row, "sent", provider_id=number, reason=found.reason)
    return found


__all__ = [
    "MOST_TRIES", "Cancelled", "Delivered", "Held", "NotOurs", "best", "deliver", "marked",
]  # fmt: skip
