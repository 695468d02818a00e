"""Owns how a flow run is parked, woken and labelled in Prefect.

Never decides whether a case may rest: the caller re-reads its own database after `park`.
"""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID, uuid4

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import State
from prefect.client.schemas.responses import SetStateStatus
from prefect.context import AsyncClientContext
from prefect.states import Suspended


class NotParked(RuntimeError):
    """Prefect answered a proposal to park with a state in which nothing waits for a wake."""


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
        raise NotParked(f"flow run {flow_run_id} was not parked, it is {state!r}")
    return state


async def resume(flow_run_id: UUID) -> bool:
    """Wake a parked run; False if it was not parked, which is no error: it is awake or done."""
    async with prefect_client() as context:
        answer = await context.client.resume_flow_run(flow_run_id)
    return answer.status == SetStateStatus.ACCEPT


async def label(
    flow_run_id: UUID, *, name: str | None = None, tags: Iterable[str] | None = None
) -> None:
    """Set the name and the tags by which a supervisor finds the run; ids only, no personal data."""
    async with prefect_client() as context:
        await context.client.update_flow_run(
            flow_run_id, name=name, tags=None if tags is None else list(tags)
        )
