"""Owns how a flow run is parked, woken and labelled in Prefect.

Never decides whether a case may rest: the caller re-reads its own database after `park`.
"""

import logging
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID, uuid4

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import State
from prefect.client.schemas.responses import SetStateStatus
from prefect.context import AsyncClientContext
from prefect.states import Suspended


class NotParked(RuntimeError):
    """The run is in a state in which nothing waits for a wake, for example Cancelling."""

    def __init__(self, flow_run_id: UUID, state: State[Any] | None) -> None:
        super().__init__(f"flow run {flow_run_id} was not parked, it is {state!r}")
        self.state = state


def prefect_client() -> AbstractAsyncContextManager[AsyncClientContext]:
    """Lend the running flow's own client; outside a flow open one for the block."""
    return AsyncClientContext.get_or_create()


async def park(flow_run_id: UUID, *, reason: str) -> State[Any]:
    """Suspend the run without a timeout and return the state; then `raise Pause(state=...)`.

    Between the two the caller reads its database again, and resumes the run if the case went on
    in the meantime: a wake before this call found nothing to resume.
    """
    # A pause key that fired before would be refused, and the flow would run on as if woken.
    proposed: State[Any] = Suspended(pause_key=str(uuid4()), message=reason)
    async with prefect_client() as context:
        answer = await context.client.set_flow_run_state(flow_run_id, proposed)
        if answer.status == SetStateStatus.ACCEPT and answer.state and answer.state.is_paused():
            return answer.state
        return await already_parked(context.client, flow_run_id)


async def already_parked(client: PrefectClient, flow_run_id: UUID) -> State[Any]:
    """Accept that somebody else parked the run first: a supervisor, or a second execution."""
    state = (await client.read_flow_run(flow_run_id)).state
    if state is None or not state.is_paused():
        raise NotParked(flow_run_id, state)
    return state


async def resume(flow_run_id: UUID) -> bool:
    """Wake a parked run; False if it was not parked, which is no error: it is awake or done.

    Raises `ObjectNotFound` for a run that was deleted in Prefect.
    """
    async with prefect_client() as context:
        try:
            answer = await context.client.resume_flow_run(flow_run_id)
        except httpx.HTTPStatusError:
            # The server answers 500, not 404, for a run that was deleted; reading it tells them
            # apart and raises ObjectNotFound.
            await context.client.read_flow_run(flow_run_id)
            raise
    return answer.status == SetStateStatus.ACCEPT


async def label(
    flow_run_id: UUID, *, name: str | None = None, tags: Iterable[str] | None = None
) -> None:
    """Set the name and the tags by which a supervisor finds the run; ids only, no personal data."""
    async with prefect_client() as context:
        await context.client.update_flow_run(
            flow_run_id, name=name, tags=None if tags is None else list(tags)
        )


class ParkingIsNoError(logging.Filter):
    """Prefect's asynchronous engine logs every state but Completed as an error, parking too."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let the line pass, as what it is."""
        if record.getMessage().startswith("Finished in state Suspended"):
            record.levelno, record.levelname = logging.INFO, "INFO"
        return True


logging.getLogger("prefect.flow_runs").addFilter(ParkingIsNoError())
