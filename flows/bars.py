"""Owns the bars of a case in Prefect's graph: one task run for every step, from opened to done.

Never reads a task run as truth: the store's history says what happened, the bars only show it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from prefect.client.schemas.objects import StateType

from flows.parking import prefect_client

# Constant: bars are found by flow run, task key and dynamic key, and Prefect's own task keys
# change with the source of the task's function.
TASK_KEY = "jieli.step"
PAGE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """One step's bar: `began` and `ended` in real time, UTC; without `ended` it is still open."""

    key: str
    name: str
    began: datetime
    ended: datetime | None = None
    state_name: str = "Waiting"
    message: str = ""
    is_cancelled: bool = False


async def show(flow_run_id: UUID, bars: Sequence[Bar]) -> None:
    """Bring bars to where their steps are, all in one request; the same again changes nothing.

    By the events with which a Prefect client reports its own task runs: they carry the time it
    happened, also long ago, and do not meet the locks of a server on SQLite, where a task run
    made by a REST call costs two seconds whenever the recorder is writing.
    """
    events = [event for bar in bars for event in _events(flow_run_id, bar)]
    async with prefect_client() as context:
        await context.client.request("POST", "/events", json=events)


async def missing(flow_run_id: UUID, bars: Sequence[Bar]) -> list[Bar]:
    """The bars Prefect does not have as they should be: events are lost when its server dies."""
    wanted = {"flow_run_id": {"any_": [str(flow_run_id)]}}
    have: dict[str, str] = {}
    async with prefect_client() as context:
        while True:
            page = await context.client.request(
                "POST", "/task_runs/filter",
                json={"task_runs": wanted, "limit": PAGE, "offset": len(have)},
            )  # fmt: skip
            found = page.json()
            # A server that was killed may have written a bar without its state.
            have |= {run["id"]: (run["state"] or {}).get("name", "") for run in found}
            if len(found) < PAGE:
                break
    return [bar for bar in bars if have.get(str(bar_id(flow_run_id, bar.key))) != bar.state_name]


def bar_id(flow_run_id: UUID, key: str) -> UUID:
    """The id of a step's bar in this run, the same whenever it is shown."""
    return uuid5(NAMESPACE_URL, f"jieli:bar:{flow_run_id}:{key}")


def _events(flow_run_id: UUID, bar: Bar) -> Iterator[dict[str, Any]]:
    about: dict[str, Any] = {
        "name": bar.name,
        "task_key": TASK_KEY,
        "dynamic_key": bar.key,
        "expected_start_time": bar.began.isoformat(),
        "start_time": bar.began.isoformat(),
    }
    running = StateType.RUNNING.value
    yield _event(flow_run_id, bar, about, bar.began, (running, "Waiting", ""))
    if bar.ended is None:
        return
    # Two states at one instant have no order for the recorder, so the end is a moment later.
    ended = max(bar.ended, bar.began + timedelta(milliseconds=1))
    about |= {
        "end_time": ended.isoformat(),
        "total_run_time": (ended - bar.began).total_seconds(),
    }
    last = StateType.CANCELLED if bar.is_cancelled else StateType.COMPLETED
    yield _event(flow_run_id, bar, about, ended, (last.value, bar.state_name, bar.message))


def _event(
    flow_run_id: UUID, bar: Bar, about: dict[str, Any], at: datetime, state: tuple[str, str, str]
) -> dict[str, Any]:
    task_run_id = bar_id(flow_run_id, bar.key)
    type_, name, message = state
    return {
        "id": str(uuid5(task_run_id, f"{type_}:{name}:{at.isoformat()}")),
        "occurred": at.isoformat(),
        "event": f"prefect.task-run.{name}",
        "resource": {
            "prefect.resource.id": f"prefect.task-run.{task_run_id}",
            "prefect.resource.name": bar.name,
            "prefect.orchestration": "client",
        },
        "related": [
            {
                "prefect.resource.id": f"prefect.flow-run.{flow_run_id}",
                "prefect.resource.role": "flow-run",
            }
        ],
        "payload": {
            "task_run": about,
            "validated_state": {"type": type_, "name": name, "message": message},
        },
    }
