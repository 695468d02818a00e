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
from tasks.messages import deliver_batch
from tasks.repairs import Repairs
from tasks.resources import Resources, resources
from tasks.ticking import tick

TICK_SECONDS = 0.5
LEASE_SECONDS = 8.0
MOST_LATE = timedelta(seconds=90)
MINUTE = timedelta(seconds=60)


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
    """Tick while the lease is ours; the last minute's clock gives it up when its time is over."""
    ticks, mending = 0, Mending(own)
    while datetime.now(UTC) < end and not own.stopping.is_set():
        if not _hold(own, owner):
            await asyncio.sleep(TICK_SECONDS)
            continue
        ticked = await tick(own, deliver_batch)
        ticks += 1
        mending.go_on()
        if not ticked.was_busy:
            await asyncio.sleep(TICK_SECONDS)
    with own.database.write() as conn:
        leases.release(conn, "clock", owner)
    await mending.end()
    return ticks


class Mending:
    """Repairs beside the ticks: Prefect may take seconds to answer, and timers must not wait."""

    def __init__(self, own: Resources) -> None:
        self._repairs = Repairs(own)
        self._task: asyncio.Task[list[str]] | None = None

    def go_on(self) -> None:
        """Tell what was mended, and look at the next page."""
        if self._task is not None:
            if not self._task.done():
                return
            self._tell(self._task.result())
        self._task = asyncio.create_task(asyncio.to_thread(self._repairs.some))

    async def end(self) -> None:
        """Let the look under way end."""
        if self._task is not None:
            self._tell(await self._task)

    def _tell(self, lines: list[str]) -> None:
        for line in lines:
            get_run_logger().info(line)


def _hold(own: Resources, owner: str) -> bool:
    with own.database.write() as conn:
        if not leases.take(conn, "clock", owner, LEASE_SECONDS):
            return False
        leases.heartbeat(conn, "clock", owner)
    return True
