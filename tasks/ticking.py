"""One tick of the clock: fire what is due, begin what is late, deliver, wake who is behind.

Runs under the clock's lease, in the clock flow or in the worker's watchdog. Never waits.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from jieli.store import case_events, leases, outbox, runs, timers
from jieli.store.cases import Rejected, apply_batch
from jieli.store.times import business_now
from tasks.calls import make_calls
from tasks.resources import Resources
from tasks.scheduling import start_late

log = logging.getLogger(__name__)

TIMERS_AT_ONCE = 250
MOST_TIMERS = 2000
MESSAGES_AT_ONCE = 200
BACKLOG = 10
LEFT_ALONE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Ticked:
    """What a tick did."""

    fired: int = 0
    delivered: int = 0
    called: int = 0
    begun: int = 0
    woken: int = 0

    @property
    def was_busy(self) -> bool:
        """Whether there may be more to do at once."""
        return self.fired >= TIMERS_AT_ONCE or self.delivered >= BACKLOG


Deliver = Callable[[int, float], Awaitable[int]]


async def tick(own: Resources, deliver: Deliver) -> Ticked:
    """Do everything that is due now: what people wait for first, the picture in Prefect last."""
    fired = fire_timers(own)
    begun = start_late(own)
    case_events.apply_pending(own.database, 100)
    delivered = await deliver_left_alone(own, deliver)
    called = await make_calls(limit=5, min_age_seconds=LEFT_ALONE_SECONDS)
    own.cleaning.go_on(own.database)
    own.wakes.pace(is_busy=max(fired, delivered) >= BACKLOG)
    return Ticked(fired, delivered, called, begun, wake_behind(own))


def fire_timers(own: Resources) -> int:
    """Fire all due timers, in batches: none waits for the messages of another."""
    fired = 0
    while fired < MOST_TIMERS:
        few = _fire_some(own)
        fired += few
        if few < TIMERS_AT_ONCE:
            break
    return fired


def _fire_some(own: Resources) -> int:
    """Fire a batch; a mismatch changes nothing and is gone by itself."""
    with own.database.read() as conn:
        due = timers.due(conn, business_now(conn), TIMERS_AT_ONCE)
    if not due:
        return 0
    outcomes = apply_batch(own.database, [timer.request() for timer in due])
    for outcome in outcomes:
        if isinstance(outcome, Rejected):
            log.info("case %s: a timer no longer counts: %s", outcome.case_id, outcome.error)
    return len(due)


async def deliver_left_alone(own: Resources, deliver: Deliver) -> int:
    """Messages nobody took for a while; under a backlog all of them, many in one task run."""
    with own.database.read() as conn:
        waiting = outbox.due_count(conn)
        alone = outbox.due_count(conn, min_age_seconds=LEFT_ALONE_SECONDS)
    if waiting > BACKLOG:
        return await deliver(MESSAGES_AT_ONCE, 0)
    if alone:
        return await deliver(MESSAGES_AT_ONCE, LEFT_ALONE_SECONDS)
    return 0


def wake_behind(own: Resources) -> int:
    """Wake the runs that have not shown all of their case; as many as Prefect can take."""
    room = own.wakes.room
    if room <= 0:
        return 0
    with own.database.read() as conn:
        # Those without a run first: a case nobody can see in Prefect is the worse one.
        found = [*runs.without_run(conn, room), *runs.behind(conn, room)][:room]
        # Who holds the lease looks again after parking; after a crash a wake before the lease is
        # over would only be turned away, again and again.
        free = [run for run in found if not leases.holder(conn, f"case:{run.case_id}")]
    own.wakes.wake_all(run.case_id for run in free)
    return len(free)
