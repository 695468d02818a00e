"""Delivers messages: claimed rows of the outbox, one task run for one message or for a batch."""

from __future__ import annotations

from collections.abc import Sequence

from prefect import task

from jieli.store import outbox
from jieli.store.outbox import OutboxRow
from notifications.channel import Outcome, RetryAfter
from notifications.deliver import deliver
from tasks.resources import Resources, resources

LEASE_SECONDS = 60
PREFECT_RETRIES = 2
SHORT_SECONDS = 5.0


class NotDelivered(Exception):
    """A channel asked to try again in a moment."""


def claim_for_case(case_id: str, limit: int = 20) -> list[OutboxRow]:
    """The messages of one case that are due, claimed for this process."""
    own = resources()
    with own.database.write() as conn:
        return outbox.claim(
            conn, owner=own.owner, limit=limit, lease_seconds=LEASE_SECONDS, case_id=case_id
        )


def claim_backlog(limit: int, min_age_seconds: float) -> list[OutboxRow]:
    """Messages of any case that nobody has taken for a while, urgent ones first."""
    own = resources()
    with own.database.write() as conn:
        return outbox.claim(
            conn, owner=own.owner, limit=limit, lease_seconds=LEASE_SECONDS,
            min_age_seconds=min_age_seconds,
        )  # fmt: skip


async def send(rows: Sequence[OutboxRow], own: Resources) -> list[Outcome]:
    """Send claimed rows and write down how it went."""
    return await deliver(own.database, rows, own.channels(), own.settings, own.ring)


@task(name="deliver-message", retries=PREFECT_RETRIES, retry_delay_seconds=2)
async def deliver_message(message_id: int, case_id: str) -> str:
    """Deliver one message of a case; a short "not now" is tried again by Prefect."""
    own = resources()
    with own.database.write() as conn:
        rows = outbox.claim(
            conn, owner=own.owner, limit=1, lease_seconds=LEASE_SECONDS,
            case_id=case_id, message_id=message_id,
        )  # fmt: skip
    if not rows:
        return "taken"
    (outcome,) = await send(rows, own)
    if isinstance(outcome, RetryAfter) and outcome.seconds <= SHORT_SECONDS:
        raise NotDelivered(outcome.reason)
    return type(outcome).__name__


@task(name="deliver-batch")
async def deliver_batch(limit: int, min_age_seconds: float) -> int:
    """Deliver what has queued up: Prefect costs per task run, so the batch grows with the backlog."""
    rows = claim_backlog(limit, min_age_seconds)
    await send(rows, resources())
    return len(rows)
