"""Puts claimed messages into parcels: one each, or many in a digest, within their channels' limits.

What may not go now is held, with everything else that waits for the same receiver. Sends nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from jieli.engine.context import Context
from jieli.store import limits, outbox
from jieli.store.database import Database
from jieli.store.limits import Want
from jieli.store.outbox import OutboxRow, Receiver
from jieli.texts import text
from notifications import markdown
from notifications.chains import Audience
from notifications.channel import Channel, Item, Limit, Limited, Message
from tasks import pacing
from tasks.pacing import Clocks

LEASE_SECONDS = 30.0
MOST_ITEMS = 200
ITEM_BYTES = 150
PLAIN_LIMIT = Limit("", (), 60_000)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message that is to go, with its link, and whom it is for."""

    row: OutboxRow
    message: Message
    audiences: tuple[Audience, ...]


@dataclass(slots=True)
class Parcel:
    """What is sent as one message."""

    held: list[Wanted]
    urgent: bool = False
    merges: bool = False
    limit: Limit = PLAIN_LIMIT
    wait: timedelta = timedelta()
    left_over: list[OutboxRow] = field(default_factory=list)
    more: list[OutboxRow] = field(default_factory=list)

    @property
    def head(self) -> Wanted:
        """The message whose number the parcel has."""
        return self.held[0]

    def message(self, context: Context) -> Message:
        """The one message, or the digest of them."""
        return digest(self.held, context) if len(self.held) > 1 else self.head.message


def pack(
    connection: Any, wanted: Sequence[Wanted], channels: Mapping[str, Channel],
    clocks: Clocks,
) -> list[Parcel]:  # fmt: skip
    """The parcels of some messages, those that go first first; a writing transaction.

    A parcel with a `wait` does not go; one that merges has taken `more` messages of its receiver.
    """
    parcels = _grouped(connection, wanted, channels, clocks)
    going = [each for each in parcels if not each.wait]
    waits = limits.take(connection, [_want(each, clocks) for each in going])
    for parcel, wait in zip(going, waits, strict=True):
        parcel.wait = wait if not wait or not _is_personal(parcel) else clocks.real_wait(wait)
    for parcel in parcels:
        row = parcel.head.row
        kind = pacing.is_reminder(row) if row.to_person else None
        if parcel.wait:
            wait, urgent = parcel.wait, row.urgent
            outbox.put_off(connection, row.receiver, wait, urgent=urgent, reminders=kind)
        elif parcel.merges:
            room = min(parcel.limit.most_bytes // ITEM_BYTES, MOST_ITEMS) - len(parcel.held)
            parcel.more = outbox.claim_same(
                connection, row, owner="digest", limit=max(room, 0), lease_seconds=LEASE_SECONDS,
                reminders=bool(kind),
            )  # fmt: skip
    return parcels


def pack_needs_writing(wanted: Sequence[Wanted], channels: Mapping[str, Channel]) -> bool:
    """Whether any of them is counted; most shops send what nobody counts."""
    return any(
        pacing.is_reminder(each.row) or _limit(each, channels) is not PLAIN_LIMIT for each in wanted
    )


def fill(parcel: Parcel, more: Sequence[Wanted]) -> None:
    """Put more messages into a parcel, as many as there is room for; the rest goes back."""
    room = parcel.limit.most_bytes
    held: list[Wanted] = []
    for each in [*parcel.held, *more]:
        size = markdown.item_bytes(_item(each))
        if held and room < size:
            parcel.left_over.append(each.row)
        else:
            held.append(each)
            room -= size
    parcel.held = held


def digest(held: Sequence[Wanted], context: Context) -> Message:
    """Many messages as one: their titles, each with its link."""
    head = held[0]
    name = head.audiences[0].recipient.name
    title = text("{count} messages for {name}", count=len(held), name=name)
    if pacing.is_reminder(head.row):
        title = text("{count} things to remember, {name}", count=len(held), name=name)
    return replace(
        head.message, title=title, text="", facts=(), url=None, button="", urgent=False,
        items=tuple(_item(each) for each in held),
    )  # fmt: skip


def _item(each: Wanted) -> Item:
    return Item(each.row.reference, each.message.title, each.message.url)


def _grouped(
    connection: Any, wanted: Sequence[Wanted], channels: Mapping[str, Channel],
    clocks: Clocks,
) -> list[Parcel]:  # fmt: skip
    counted = [each for each in wanted if _may_merge(each) and _limit(each, channels).rates]
    waiting = outbox.waiting_for(connection, (each.row.receiver for each in counted))
    found: dict[object, Parcel] = {}
    for each in wanted:
        limit = _limit(each, channels)
        count = waiting.get(each.row.receiver, 0) if _may_merge(each) else 0
        merges = _may_merge(each) and (pacing.is_reminder(each.row) or count > _worth(limit))
        key = (each.row.receiver, pacing.is_reminder(each.row)) if merges else each.row.id
        if key in found:
            found[key].held.append(each)
            continue
        wait = timedelta()
        if limit.rates and not each.row.urgent:
            wait = pacing.spread_for(_name(each.row.receiver), count, clocks)
        found[key] = Parcel([each], each.row.urgent, merges, limit, wait)
    return sorted(found.values(), key=lambda parcel: not parcel.urgent)


def _may_merge(each: Wanted) -> bool:
    return not each.row.urgent and not each.row.alone and len(each.audiences) == 1


def _worth(limit: Limit) -> float:
    """How many messages go within the limit's longest stretch; more than that are merged."""
    longest = max(limit.rates, key=lambda rate: rate.seconds, default=None)
    return longest.for_usual if longest else float("inf")


def _want(parcel: Parcel, clocks: Clocks) -> Want:
    own = parcel.limit
    found = [limits.Limit(own.name, own.rates, clocks.real)] if own.rates else []
    if parcel.merges and _is_personal(parcel):
        found.append(pacing.reminder_limit(parcel.head.row.to_person or "", clocks))
    return Want(tuple(found), parcel.urgent)


def _is_personal(parcel: Parcel) -> bool:
    return pacing.is_reminder(parcel.head.row)


def _limit(each: Wanted, channels: Mapping[str, Channel]) -> Limit:
    """The limit of the channel that has the first turn."""
    if len(each.audiences) != 1 or not each.audiences[0].chain:
        return PLAIN_LIMIT
    (audience,) = each.audiences
    channel = channels.get(audience.chain[0])
    return channel.limit(audience.recipient) if isinstance(channel, Limited) else PLAIN_LIMIT


def _name(receiver: Receiver) -> str:
    person, role = receiver
    return person or f"role:{role}"


def take_one(database: Database, limit: Limit, clocks: Clocks, *, urgent: bool) -> timedelta:
    """Use a limit for one more message, as a later channel of a chain does; or how long to wait."""
    want = Want((limits.Limit(limit.name, limit.rates, clocks.real),), urgent)
    (wait,) = database.run(lambda connection: limits.take(connection, [want]))
    return wait
