"""The flow behind every process that the calendar starts: one deployment each, with its crons.

Says only when to look; which cases are due, and that each begins once, is the store's.
"""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from tasks.scheduling import start_due


@flow(name="start-by-calendar", retries=0, persist_result=False)
async def start_by_calendar(process: str) -> State[Any]:
    """Begin the cases of a process that are due."""
    begun = await start_due(process)
    return Completed(message=f"新开 {begun} 单 · {begun} cases begun")
