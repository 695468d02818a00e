"""Owns the bars of a case in Prefect's graph: one task run for every step, from opened to done.

Never reads a task run as truth: the store's history says what happened, the bars only show it.
"""

from datetime import datetime, timedelta
from enum import Enum
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from prefect.client.schemas.objects import StateType

from flows.parking import prefect_client

# Constant: the server finds the bar of a step by flow run, task key and dynamic key, and Prefect's
# own task keys change with the source of the task's function.
TASK_KEY = "jieli.step"


class Ending(Enum):
    """How a step ended, as the colour of its bar."""

    DONE = StateType.COMPLETED
    FAILED = StateType.FAILED
    CANCELLED = StateType.CANCELLED


async def open_bar(flow_run_id: UUID, key: str, name: str) -> UUID:
    """Begin the bar of a step that waits; the same key gives the same bar, whatever its state."""
    body = {
        "flow_run_id": str(flow_run_id),
        "task_key": TASK_KEY,
        "dynamic_key": key,
        "name": name,
        # Running, because a task run created in another state gets a bar without length.
        "state": {"type": StateType.RUNNING.value, "name": "Waiting"},
    }
    async with prefect_client() as context:
        answer = await context.client.request("POST", "/task_runs/", json=body)
    return UUID(answer.json()["id"])


async def close_bar(
    task_run_id: UUID, *, name: str, message: str, ending: Ending = Ending.DONE
) -> None:
    """End a bar with what was done as the state's name; a second close only renames the end."""
    state = {"type": ending.value.value, "name": name, "message": message}
    async with prefect_client() as context:
        await context.client.request(
            "POST",
            "/task_runs/{id}/set_state",
            path_params={"id": task_run_id},
            # Forced: while its flow is parked, the server refuses a task run to change.
            json={"state": state, "force": True},
        )


async def show_bar(
    flow_run_id: UUID,
    key: str,
    name: str,
    *,
    began: datetime,
    ended: datetime | None = None,
    state_name: str = "Waiting",
    message: str = "",
    ending: Ending = Ending.DONE,
) -> UUID:
    """Put a bar at its true place in time, also long after; without `ended` it is still open.

    The REST calls stamp every state with the server's time, but the event by which a Prefect
    client reports its own task runs carries the time it happened. Recorded a moment later.
    """
    task_run_id = bar_id(flow_run_id, key)
    bar: dict[str, Any] = {
        "name": name,
        "task_key": TASK_KEY,
        "dynamic_key": key,
        "start_time": began.isoformat(),
    }
    events = [_event(flow_run_id, task_run_id, bar, began, StateType.RUNNING, "Waiting", "")]
    if ended is not None:
        # Two states at one instant have no order for the recorder, so the end is a moment later.
        ended = max(ended, began + timedelta(milliseconds=1))
        seconds = (ended - began).total_seconds()
        bar = bar | {"end_time": ended.isoformat(), "total_run_time": seconds}
        last = _event(flow_run_id, task_run_id, bar, ended, ending.value, state_name, message)
        events.append(last)
    async with prefect_client() as context:
        await context.client.request("POST", "/events", json=events)
    return task_run_id


def bar_id(flow_run_id: UUID, key: str) -> UUID:
    """The id a bar made from history gets, so that showing it twice changes nothing."""
    return uuid5(NAMESPACE_URL, f"jieli:bar:{flow_run_id}:{key}")


def _event(
    flow_run_id: UUID,
    task_run_id: UUID,
    bar: dict[str, Any],
    at: datetime,
    state_type: StateType,
    state_name: str,
    message: str,
) -> dict[str, Any]:
    return {
        "id": str(uuid5(task_run_id, f"{state_type.value}:{state_name}")),
        "occurred": at.isoformat(),
        "event": f"prefect.task-run.{state_name}",
        "resource": {
            "prefect.resource.id": f"prefect.task-run.{task_run_id}",
            "prefect.resource.name": bar["name"],
            "prefect.orchestration": "client",
        },
        "related": [
            {
                "prefect.resource.id": f"prefect.flow-run.{flow_run_id}",
                "prefect.resource.role": "flow-run",
            }
        ],
        "payload": {
            "task_run": bar,
            "validated_state": {"type": state_type.value, "name": state_name, "message": message},
        },
    }
