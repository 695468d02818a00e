"""The clock: scheduled by Prefect every minute, ticking inside the minute, alone by a lease.

The safety net of every case: timers, messages nobody took, runs that are missing or astray.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Completed

from jieli.store import leases
from jieli.store.times import real_now
from tasks.mending import Mending
from tasks.messages import deliver_batch
from tasks.resources import Resources, resources
from tasks.ticking import tick

TICK_SECONDS = 0.5
LEASE_SECONDS = 8.0
MOST_LATE = timedelta(seconds=90)
MINUTE = timedelta(seconds=60)
MOST_OVER = timedelta(seconds=60)
SAID_LATELY = timedelta(seconds=2)


@flow(name="clock", retries=0, persist_result=False)
async def clock() -> State[Any]:
    """Tick for a minute, unless this run comes too late or another clock is ticking."""
    scheduled = _scheduled()
    if datetime.now(UTC) - scheduled > MOST_LATE:
        return Completed(message="来得太晚，不再走 · started too late")
    own = resources()
    owner = f"flow:{own.owner}:{uuid4().hex[:6]}"
    ticks = await tick_until(own, owner, scheduled + MINUTE)
    return Completed(message=f"{ticks} ticks")


def _scheduled() -> datetime:
    context = FlowRunContext.get()
    assert context is not None and context.flow_run is not None
    return context.flow_run.expected_start_time or datetime.now(UTC)


async def tick_until(own: Resources, owner: str, end: datetime) -> int:
    """Tick while the lease is ours; give it up when our minute is over and the next clock is there."""
    ticks, mending = 0, Mending(own)
    while not own.stopping.is_set():
        over = datetime.now(UTC) - end
        if over > MOST_OVER or (over > timedelta() and _next_is_there(own, owner)):
            break
        if not _hold(own, owner):
            await asyncio.sleep(TICK_SECONDS)
            continue
        ticked = await tick(own, deliver_batch)
        ticks += 1
        for line in mending.go_on():
            get_run_logger().info(line)
        if not ticked.was_busy:
            await asyncio.sleep(TICK_SECONDS)
    with own.database.write() as conn:
        leases.release(conn, "clock", owner)
    return ticks


def _hold(own: Resources, owner: str) -> bool:
    with own.database.write() as conn:
        if not leases.take(conn, "clock", owner, LEASE_SECONDS):
            leases.heartbeat(conn, "next-clock", owner)
            return False
        leases.heartbeat(conn, "clock", owner)
    return True


def _next_is_there(own: Resources, owner: str) -> bool:
    """Whether another clock waits for the lease, or has it: a busy Prefect starts one late."""
    with own.database.read() as conn:
        waiting = leases.last_heartbeat(conn, "next-clock")
        holder = leases.holder(conn, "clock")
    has_it = holder is not None and holder != owner
    return has_it or (waiting is not None and real_now() - waiting < SAID_LATELY)
