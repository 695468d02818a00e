"""Owns the worker of type `jieli`: runs case flows inside one long-lived process.

Never imports a flow when it is imported itself: the Prefect server imports every registered worker.
"""

import asyncio
import contextvars
import signal
import sys
import threading
from collections.abc import Coroutine, Iterable
from typing import Any, ClassVar
from uuid import UUID

import anyio.abc
import httpx
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import WorkerFlowRunResponse
from prefect.context import AsyncClientContext
from prefect.exceptions import Abort, Pause
from prefect.flow_engine import run_flow
from prefect.flows import Flow, load_flow_from_entrypoint
from prefect.settings import (
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_WORKER_QUERY_SECONDS,
    temporary_settings,
)
from prefect.states import Pending
from prefect.types._datetime import now
from prefect.utilities.engine import propose_state
from prefect.workers.base import (
    BaseJobConfiguration,
    BaseVariables,
    BaseWorker,
    BaseWorkerResult,
)

CLOCK_QUEUE = "clock"
CASE_LOOPS = 4
RUNS_PER_LOOP = 2
CLOCK_RUNS = 2
POLL_SECONDS = 0.5
DRAIN_SECONDS = 30.0


class JieliJobConfiguration(BaseJobConfiguration):
    """What a pool may set for a run; a flow inside our process has no infrastructure of its own."""


class JieliVariables(BaseVariables):
    """The variables a pool of type `jieli` shows in the Prefect UI."""


class JieliResult(BaseWorkerResult):
    """How a run inside the worker's process ended."""


class RunLoop:
    """A thread with an event loop and one open Prefect client, running a few flows side by side.

    Not the worker's own loop: Prefect's engine installs a SIGTERM handler when it runs in the main
    thread, which would crash a run instead of letting the worker drain; and a step that blocks
    must not stop the polls.
    """

    def __init__(self, name: str, slots: int) -> None:
        self.free = slots
        self._loop = asyncio.new_event_loop()
        self._context = contextvars.Context()
        self._stop = asyncio.Event()
        self._open = threading.Event()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)

    def open(self) -> None:
        """Start the thread and wait until its client is ready."""
        self._thread.start()
        self._open.wait()

    def close(self) -> None:
        """Close the client and end the thread."""
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    async def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Await `work` in this thread, in a fresh context that shares nothing but the client."""
        future = asyncio.run_coroutine_threadsafe(self._in_fresh_context(work), self._loop)
        await asyncio.wrap_future(future)

    async def _in_fresh_context(self, work: Coroutine[Any, Any, None]) -> None:
        await self._loop.create_task(work, context=self._context.copy())

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._hold_client_open(), context=self._context)

    async def _hold_client_open(self) -> None:
        # No heartbeat: an activation lasts a second, and each one would cost a thread and an event.
        with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
            async with AsyncClientContext():
                self._context = contextvars.copy_context()
                self._open.set()
                await self._stop.wait()


class FlowLoader:
    """Finds the flow of a run by its deployment's entrypoint, once per deployment."""

    def __init__(self) -> None:
        self._flows: dict[UUID, Flow[..., Any]] = {}
        self._importing = threading.Lock()

    async def flow_of(self, flow_run: FlowRun, client: PrefectClient) -> Flow[..., Any]:
        """Return the flow function that `flow_run` runs, importing its module the first time."""
        deployment_id = flow_run.deployment_id
        if deployment_id is None:
            raise LookupError(f"flow run {flow_run.id} has no deployment, so no entrypoint")
        if deployment_id not in self._flows:
            deployment = await client.read_deployment(deployment_id)
            self._flows[deployment_id] = self._load(deployment.entrypoint, deployment.name)
        return self._flows[deployment_id]

    def _load(self, entrypoint: str | None, deployment: str) -> Flow[..., Any]:
        if not entrypoint:
            raise LookupError(f"deployment {deployment!r} has no entrypoint")
        with self._importing:
            return load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)


async def execute(flow_run_id: UUID, flows: FlowLoader) -> None:
    """Run one activation of a flow run to its end: finished, failed, parked or given up."""
    client = get_client()
    # Read again: the engine writes the run's policy back, and the polled copy may be outdated.
    flow_run = await client.read_flow_run(flow_run_id)
    flow = await flows.flow_of(flow_run, client)
    try:
        await run_flow(flow, flow_run=without_observer(flow_run), return_type="state")  # type: ignore[misc]
    except (Pause, Abort):
        # Parked, or lost to another execution: the state in Prefect already says so.
        return


def without_observer(flow_run: FlowRun) -> FlowRun:
    """Hide the deployment from the engine's start, which otherwise opens a thread and a websocket.

    They watch for a Suspend pressed in the UI while the flow runs; ours runs for a second and reads
    its state when it parks. The engine reads the run again before it calls the flow, so the flow
    sees its deployment.
    """
    return flow_run.model_copy(update={"deployment_id": None})


class JieliWorker(BaseWorker[JieliJobConfiguration, JieliVariables, JieliResult]):
    """Polls twice a second, takes only what it can run at once, and drains when it is stopped."""

    type: str = "jieli"
    job_configuration = JieliJobConfiguration
    job_configuration_variables = JieliVariables
    _description: ClassVar[str] = "Runs Jieli's flows inside one long-lived process."  # type: ignore[misc]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self._limit is not None:
            # Prefect's limiter ends the whole worker when a parked run is due again too soon.
            raise ValueError("a jieli worker bounds itself: start it without --limit")
        self._flows = FlowLoader()
        self._cases = [RunLoop(f"cases-{n}", RUNS_PER_LOOP) for n in range(CASE_LOOPS)]
        self._clock = [RunLoop("clock", CLOCK_RUNS)]
        self._queue_names: list[str] = []
        self._active: dict[UUID, asyncio.Task[None]] = {}

    async def start(self, *args: Any, **kwargs: Any) -> None:
        """Start the worker with our own polling interval, whatever the profile says."""
        interval = min(PREFECT_WORKER_QUERY_SECONDS.value(), POLL_SECONDS)
        stop_on_signals(asyncio.current_task())
        with temporary_settings({PREFECT_WORKER_QUERY_SECONDS: interval}):
            await super().start(*args, **kwargs)

    async def setup(self) -> None:
        """Open the loops before the first poll can want them, and let the watchdog look."""
        # Not at import: the Prefect server imports this module and must not open our store.
        from tasks.resources import resources
        from tasks.watchdog import Watchdog

        self._resources = resources()
        self._watchdog = Watchdog(self._resources)
        self._watchdog.start()
        for loop in (*self._cases, *self._clock):
            await asyncio.to_thread(loop.open)
        await super().setup()

    async def teardown(self, *exc_info: Any) -> None:
        """Let the activations under way end, then close: a wake lasts about a second."""
        self._resources.stopping.set()  # the clock ends its minute early
        await asyncio.to_thread(self._watchdog.stop)
        if self._active:
            await asyncio.wait(self._active.values(), timeout=DRAIN_SECONDS)
        for loop in (*self._cases, *self._clock):
            await asyncio.to_thread(loop.close)
        await super().teardown(*exc_info)

    async def sync_with_backend(self) -> None:
        """Send the heartbeat and learn which queues the pool has."""
        await super().sync_with_backend()
        queues = await self.client.read_work_queues(work_pool_name=self._work_pool_name)
        self._queue_names = [queue.name for queue in queues]

    async def get_and_submit_flow_runs(self) -> list[FlowRun]:
        """Take due runs for every free place; the clock's places are its own."""
        cases = [name for name in self._queue_names if name != CLOCK_QUEUE]
        clock = [name for name in self._queue_names if name == CLOCK_QUEUE]
        taken = await self._fill(self._clock, clock) + await self._fill(self._cases, cases)
        self._last_polled_time = now("UTC")
        return taken

    async def run(
        self,
        flow_run: FlowRun,
        configuration: JieliJobConfiguration,
        task_status: anyio.abc.TaskStatus[int] | None = None,
    ) -> JieliResult:
        """Run one flow run in this process; Prefect's extension point, not on our own path."""
        if task_status:
            task_status.started(0)
        await most_free(self._cases).run(execute(flow_run.id, self._flows))
        return JieliResult(identifier=str(flow_run.id), status_code=0)

    async def _fill(self, loops: list[RunLoop], queues: list[str]) -> list[FlowRun]:
        wanted = sum(loop.free for loop in loops)
        if not (wanted and queues):
            return []
        taken: list[FlowRun] = []
        for entry in await self._due(queues, limit=wanted + len(self._active)):
            # A run woken while its last activation is still ending waits for the next poll:
            # two activations of one case must not run side by side.
            if entry.flow_run.id not in self._active and len(taken) < wanted:
                self._begin(entry.flow_run, most_free(loops))
                taken.append(entry.flow_run)
        return taken

    async def _due(self, queues: Iterable[str], limit: int) -> list[WorkerFlowRunResponse]:
        body = {
            "work_queue_names": list(queues),
            "limit": limit,
            "scheduled_before": str(now("UTC")),
        }
        try:
            response = await self.client.request(
                "POST",
                "/work_pools/{name}/get_scheduled_flow_runs",
                path_params={"name": self._work_pool_name},
                json=body,
            )
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.NOT_FOUND:
                raise
            self._queue_names = []  # a queue or the pool was deleted: the next sync learns anew
            return []
        return WorkerFlowRunResponse.model_validate_list(response.json())

    def _begin(self, flow_run: FlowRun, loop: RunLoop) -> None:
        loop.free -= 1
        task = asyncio.create_task(self._claim_and_run(flow_run, loop))
        self._active[flow_run.id] = task
        task.add_done_callback(lambda _: self._end(flow_run.id, loop))

    async def _claim_and_run(self, flow_run: FlowRun, loop: RunLoop) -> None:
        try:
            if await self._claim(flow_run):
                await loop.run(execute(flow_run.id, self._flows))
        except Exception as error:
            # The engine reports a flow's own failure; this one came from around it, for example a
            # module that cannot be imported. A crashed run is visible, and mended by the clock.
            self.get_flow_run_logger(flow_run).exception("could not run flow run %s", flow_run.id)
            await self._propose_crashed_state(flow_run, f"{type(error).__name__}: {error}")

    async def _claim(self, flow_run: FlowRun) -> bool:
        """Move the run to Pending; the server lets only one of several workers do so."""
        try:
            state = await propose_state(self.client, Pending(), flow_run_id=flow_run.id)
        except (Abort, Pause):
            return False
        return state.is_pending()

    def _end(self, flow_run_id: UUID, loop: RunLoop) -> None:
        del self._active[flow_run_id]
        loop.free += 1


def most_free(loops: list[RunLoop]) -> RunLoop:
    """Spread runs over the loops, so that a step that blocks delays few others."""
    return max(loops, key=lambda loop: loop.free)


def stop_on_signals(worker: asyncio.Task[Any] | None) -> None:
    """Let SIGTERM and SIGINT cancel the polling, and so begin the drain.

    Prefect's own handler turns SIGTERM into SIGINT, which a process started in the background by a
    shell or by make ignores: such a worker could only be killed.
    """
    if threading.current_thread() is not threading.main_thread() or sys.platform == "win32":
        return
    assert worker is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, worker.cancel)
