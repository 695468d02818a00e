"""Ticks in place of the clock when its heartbeat is old, and restores its deployment. In the worker."""

from __future__ import annotations

import asyncio
import logging
import threading
from datetime import timedelta
from functools import partial
from uuid import uuid4

from jieli.store import leases
from jieli.store.times import real_now
from tasks.mending import Mending
from tasks.messages import deliver_left
from tasks.resources import Resources
from tasks.ticking import tick

log = logging.getLogger(__name__)

SILENCE = timedelta(seconds=10)
LOOK_SECONDS = 2.0
TURN_SECONDS = 5.0
TICK_SECONDS = 0.5
LEASE_SECONDS = 8.0


class Watchdog:
    """A thread that looks at the clock's heartbeat; quiet while Prefect's clock does its work."""

    def __init__(self, own: Resources) -> None:
        self._own = own
        self._owner = f"watchdog:{own.owner}:{uuid4().hex[:6]}"
        self._mending = Mending(own)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread after the tick under way."""
        self._stop.set()
        self._thread.join()

    def _serve(self) -> None:
        while not self._stop.wait(LOOK_SECONDS):
            try:
                if self._is_silent():
                    asyncio.run(self._take_a_turn())
            except Exception:
                # Whatever it was, the next look may find it gone; a watchdog must not die of it.
                log.exception("the watchdog could not tick")

    def _is_silent(self) -> bool:
        with self._own.database.read() as conn:
            last = leases.last_heartbeat(conn, "clock")
        return last is None or real_now() - last > SILENCE

    async def _take_a_turn(self) -> None:
        """Tick for some seconds, then let Prefect's clock have the lease if it is back."""
        log.warning("the clock is silent: ticking in its place")
        for _ in range(int(TURN_SECONDS / TICK_SECONDS)):
            if self._stop.is_set() or not self._hold():
                break
            ticked = await tick(self._own, partial(deliver_left, self._own))
            for line in self._mending.go_on():
                log.warning(line)
            if not ticked.was_busy:
                await asyncio.sleep(TICK_SECONDS)
        with self._own.database.write() as conn:
            leases.release(conn, "clock", self._owner)

    def _hold(self) -> bool:
        with self._own.database.write() as conn:
            held = leases.take(conn, "clock", self._owner, LEASE_SECONDS)
            if held:
                leases.heartbeat(conn, "watchdog", self._owner)
            return held
