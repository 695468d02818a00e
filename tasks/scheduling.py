"""Begins the cases that the calendar asks for, when Prefect's schedule says so or the clock does."""

from __future__ import annotations

import logging

from prefect import task
from prefect.cache_policies import NO_CACHE

from jieli.store import scheduling
from jieli.store.times import business_now
from tasks.resources import Resources, resources

log = logging.getLogger(__name__)


@task(name="start-due", cache_policy=NO_CACHE)
async def start_due(process: str) -> int:
    """Begin what the schedules of a process mean until now; returns how many cases are new."""
    return start_now(resources(), process)


def start_now(own: Resources, process: str) -> int:
    """Begin what is due of a process and wake the cases; the plain function behind the task."""
    with own.database.read() as conn:
        now = business_now(conn)
    begun = scheduling.start_due(own.database, process, now)
    own.wakes.wake_all(begun)
    return len(begun)


def start_late(own: Resources) -> int:
    """What no schedule of Prefect began in time; mostly one look that finds nothing."""
    with own.database.read() as conn:
        now = business_now(conn)
        late = scheduling.late_processes(conn, now)
    begun = 0
    for process in late:
        try:
            begun += start_now(own, process)
        except Exception:
            # Whatever it was, it must not keep the others from their times, nor the clock from its.
            log.exception("the schedules of %s could not be served", process)
            scheduling.serve_later(own.database, process, now)
    return begun
