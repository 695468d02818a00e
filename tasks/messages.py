"""Delivers messages: claimed rows of the outbox, one task run for one message or for a batch."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE

from jieli.store import outbox
from jieli.store.outbox import OutboxRow
from notifications.answers import redacted
from notifications.channel import Broken, RetryAfter
from tasks.delivering import AT_ONCE, Delivered, deliver
from tasks.parcels import LEASE_SECONDS
from tasks.resources import Resources, resources

TURN_SECONDS = 2.0
SHORT_SECONDS = 5.0


class NotDelivered(Exception):
    """A channel asked to try again in a moment."""


class ChannelIsBroken(Exception):
    """No channel of the recipient works; the message's row is tried again later."""


def _helps_to_retry(_task: Any, _run: Any, state: Any) -> bool:
    """Whether Prefect tries again; a broken channel stays red in Prefect."""
    return not isinstance(state.data, ChannelIsBroken)


async def send(rows: Sequence[OutboxRow], own: Resources) -> list[Delivered]:
    """Send claimed rows and write down how it went."""
    return await deliver(own.database, rows, own.channels(), own.settings)


@task(
    name="deliver-message", retries=2, retry_delay_seconds=SHORT_SECONDS,
    retry_condition_fn=_helps_to_retry, cache_policy=NO_CACHE,
)  # fmt: skip
async def deliver_message(message_id: int, case_id: str) -> str:
    """Deliver one message of a case; a short "not now" is tried again by Prefect."""
    own = resources()
    rows = own.database.run(
        lambda conn: outbox.claim(
            conn, owner=own.owner, limit=1, lease_seconds=LEASE_SECONDS, case_id=case_id,
            message_id=message_id,
        )
    )  # fmt: skip
    if not rows:
        return "taken"  # somebody else delivers it, or it was cancelled meanwhile
    (outcome,) = await send(rows, own)
    if isinstance(outcome, RetryAfter) and outcome.seconds <= SHORT_SECONDS:
        raise NotDelivered(outcome.reason)
    if isinstance(outcome, Broken):
        raise ChannelIsBroken(redacted(outcome.reason))
    return type(outcome).__name__


@task(name="deliver-batch", cache_policy=NO_CACHE)
async def deliver_batch(limit: int, min_age_seconds: float) -> int:
    """Deliver what has queued up: Prefect costs per task run, so the batch grows with the backlog."""
    return await deliver_left(resources(), limit, min_age_seconds)


async def deliver_left(own: Resources, limit: int, min_age_seconds: float) -> int:
    """Deliver messages of any case that nobody has taken; the plain function behind the task."""
    # No more is claimed than is sent at once: what a crash leaves claimed waits for the claim's end.
    # And no longer than a turn: timers become due in the meantime.
    done, end = 0, time.monotonic() + TURN_SECONDS
    while done < limit and time.monotonic() < end:
        rows = own.database.run(
            lambda conn: outbox.claim(
                conn, owner=own.owner, limit=AT_ONCE, lease_seconds=LEASE_SECONDS,
                min_age_seconds=min_age_seconds,
            )
        )  # fmt: skip
        await send(rows, own)
        done += len(rows)
        if len(rows) < AT_ONCE:
            break
    return done
