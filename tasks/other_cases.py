"""Carries what one case has for others: sub-cases to start, ends to tell."""

from __future__ import annotations

from prefect import task
from prefect.cache_policies import NO_CACHE

from jieli.store import case_events
from tasks.resources import resources


@task(name="tell-other-cases", task_run_name="告知其他单子", cache_policy=NO_CACHE)
async def tell_other_cases(case_id: str) -> int:
    """Apply what the case queued for others, and wake them; returns how many changed."""
    own = resources()
    changed = case_events.apply_pending(own.database, 50, from_case=case_id)
    own.wakes.wake_all(changed)
    return len(changed)
