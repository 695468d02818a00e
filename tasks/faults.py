"""Writes down what was tried and what does not work, and tells the supervisors. Marks no message."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jieli.engine.context import Context
from jieli.store import faults, tries
from jieli.store.faults import Fault
from jieli.store.outbox import OutboxRow
from jieli.store.people import Staff
from jieli.store.times import real_now
from jieli.store.tries import Try
from jieli.texts import text
from notifications import chains
from notifications.answers import redacted
from notifications.chains import Told
from notifications.channel import Broken, Channel, Message, Outcome, Sent
from tasks.audiences import recipient

log = logging.getLogger(__name__)

NAMES = {
    "Sent": "sent", "RetryAfter": "retry", "RejectedBy": "rejected", "Broken": "broken",
    "Partial": "partial",
}  # fmt: skip


def outcome_name(outcome: Outcome) -> str:
    """An outcome as it is kept: sent, retry, rejected, broken, partial."""
    return NAMES[type(outcome).__name__]


def write_down(
    connection: Any, told: Sequence[tuple[OutboxRow, Told]],
    lost: Iterable[tuple[OutboxRow, str]],
) -> list[Fault]:  # fmt: skip
    """Keep every try, and what is broken or mended by it; what the supervisors are to be told."""
    now = real_now()
    tries.record(
        connection,
        [
            Try(row.id, row.attempt, each.channel, each.recipient, outcome_name(each.outcome),
                each.answer, now)
            for row, each in told
        ],
    )  # fmt: skip
    bad, works = dict[str, str](), set[str]()
    for _, each in told:
        if isinstance(each.outcome, Broken):
            bad[faults.of_channel(each.channel)] = redacted(each.outcome.reason)
        elif isinstance(each.outcome, Sent):
            works |= {faults.of_channel(each.channel), faults.of_recipient(each.recipient)}
    for row, reason in lost:
        bad[faults.of_recipient(row.to_person or row.to_role or "")] = redacted(reason)
    faults.note(connection, bad, works)
    return faults.to_tell(connection, bad)


async def tell_supervisors(
    found: Sequence[Fault], context: Context, staff: Mapping[str, Staff],
    channels: Mapping[str, Channel],
) -> None:  # fmt: skip
    """Tell every supervisor, by their own channels and not by the outbox, which may be what fails."""
    recipients = {
        person: recipient(person, context, staff) for person in context.members(chains.SUPERVISOR)
    }
    for number, fault in enumerate(found):
        log.error("a delivery does not work: %s: %s", fault.name, fault.reason)
        stamp = int(real_now().timestamp())
        what = words(fault, context)

        def message(person: str, stamp: int = stamp, number: int = number, what: str = what) -> Message:
            return Message(
                reference=f"ALARM-{stamp}-{number}", to=person, title=text("Jieli needs help"),
                text=what, urgent=True, shop=context.shop,
            )  # fmt: skip

        for each in await chains.tell_supervisors(context, recipients, channels, message):
            log.warning("told %s by %s: %s", each.recipient, each.channel, outcome_name(each.outcome))


def words(fault: Fault, context: Context) -> str:
    """A fault in a sentence."""
    if fault.channel is None:
        role = context.roles.get(fault.recipient)
        name = role.label if role else context.label(fault.recipient)
        return text("A message could not be brought to {name}: {reason}. Please tell them yourself.",
                    name=name, reason=fault.reason)  # fmt: skip
    known = context.channels.get(fault.channel)
    label = (known.label if known else "") or fault.channel
    return text("The channel {channel} does not work: {reason}. What it brings is late.",
                channel=label, reason=fault.reason)  # fmt: skip
