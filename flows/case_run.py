"""One activation of a case's flow run: what is ready, what was shown, when it may rest.

Reads and marks the store's view of the run; decides nothing about the case.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

from flows import bars
from flows.words import bar_name, outcome_name
from jieli.engine.context import Context
from jieli.engine.definition import Process, SubCaseStep
from jieli.store import calls, case_events, definitions, leases, outbox, runs
from jieli.store.outbox import WaitingMessage
from jieli.store.runs import VisitRow
from jieli.store.shown import CaseShown, case_shown
from tasks.resources import Resources

LEASE_SECONDS = 30.0
MOST_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Ready:
    """Something to do or to show; `kind` chooses the function that does it."""

    kind: str
    visit: VisitRow | None = None
    messages: tuple[WaitingMessage, ...] = ()


@dataclass
class Activation:
    """A case while its run executes; only the holder of the case's lease has one."""

    own: Resources
    case_id: str
    run_id: UUID
    process: Process
    context: Context
    revision: int = 0
    queue: list[Ready] = field(default_factory=list)
    drawn: list[VisitRow] = field(default_factory=list)

    async def next_step(self) -> Ready | None:
        """The next thing that is ready, changed or finished since the run last showed it."""
        if not self.queue:
            await self.flush()
            self.queue = self._look()
        return self.queue.pop(0) if self.queue else None

    def _look(self) -> list[Ready]:
        with self.own.database.read() as conn:
            # The revision first: whatever is committed after it is newer than what we show.
            self.revision = runs.revision(conn, self.case_id)
            messages = outbox.due(conn, case_id=self.case_id, limit=MOST_AT_ONCE)
            due_calls = calls.due_count(conn, case_id=self.case_id)
            others = case_events.is_pending(conn, from_case=self.case_id)
            visits = runs.visits_to_show(conn, self.case_id, str(self.run_id))
        ready = [Ready(visit.kind, visit=visit) for visit in visits]
        if due_calls:
            ready.insert(0, Ready("calls"))
        if others:
            ready.insert(0, Ready("other_cases"))
        if messages:
            # People wait for their messages; nobody waits for a bar.
            ready.insert(0, Ready("messages", messages=tuple(messages)))
        return ready

    def shown(self) -> CaseShown:
        """The case as its run shows it now."""
        with self.own.database.read() as conn:
            return case_shown(conn, self.case_id)

    def bar_of(self, visit: VisitRow) -> bars.Bar:
        """The bar of a step as the step is now."""
        # A microsecond a step keeps those that opened in one instant in their order.
        began = visit.entered_at + timedelta(microseconds=visit.visit)
        return bars.Bar(
            key=visit.key,
            name=bar_name(visit, self.context),
            began=began,
            ended=visit.left_at,
            state_name=self._outcome(visit) if visit.is_over else "Waiting",
            message=visit.title if visit.is_over else "",
            is_cancelled=visit.status == "cancelled",
        )

    def _outcome(self, visit: VisitRow) -> str:
        step, results = self.process.steps.get(visit.step), dict[str, str]()
        if isinstance(step, SubCaseStep):
            begun = step.sub_case.process
            with self.own.database.read() as conn:
                version = definitions.latest_version(conn, begun)
                results = definitions.definition(conn, begun, version).process.ends
        return outcome_name(visit, self.process, results)

    async def flush(self) -> None:
        """Show the bars that were drawn since the last time, in one request."""
        if not self.drawn:
            return
        await bars.show(self.run_id, [self.bar_of(visit) for visit in self.drawn])
        with self.own.database.write() as conn:
            done = [(visit.visit, visit.status) for visit in self.drawn]
            runs.mark_shown(conn, self.case_id, str(self.run_id), done)
        self.drawn = []

    async def show_what_was_lost(self) -> None:
        """Show again what Prefect lost; asked once, when the case is closed."""
        with self.own.database.read() as conn:
            visits = runs.visits_to_show(conn, self.case_id, str(self.run_id), every=True)
        lost = await bars.missing(self.run_id, [self.bar_of(visit) for visit in visits])
        if lost:
            await bars.show(self.run_id, lost)

    def mark_revision(self) -> None:
        """The run shows the case as it was when we last looked."""
        with self.own.database.write() as conn:
            runs.shown(conn, self.case_id, str(self.run_id), self.revision)

    def went_on(self) -> bool:
        """Whether the case is newer than what the run shows, or has something due."""
        with self.own.database.read() as conn:
            return runs.is_behind(conn, self.case_id)


class LostToAnother(Exception):
    """Another execution of this case holds its lease."""


def is_run_of(own: Resources, case_id: str, run_id: UUID) -> bool:
    """Whether this run is the case's own; one started by hand on the deployment is not."""
    with own.database.write() as conn:
        run = runs.run_of(conn, case_id)
        if run is not None and run.run_id is None:
            # Made, but the process that made it died before it could save the id.
            return runs.save_run(conn, case_id, str(run_id), run.generation)
    return run is not None and run.run_id == str(run_id)


@asynccontextmanager
async def holding(own: Resources, case_id: str, run_id: UUID) -> AsyncIterator[Activation]:
    """Hold the case's lease while its run executes; raises LostToAnother."""
    name, owner = f"case:{case_id}", f"{own.owner}:{uuid4().hex[:8]}"
    with own.database.write() as conn:
        if not leases.take(conn, name, owner, LEASE_SECONDS):
            raise LostToAnother(case_id)
    keeper = asyncio.create_task(_keep(own, name, owner))
    try:
        with own.database.read() as conn:
            case = case_shown(conn, case_id)
            process = definitions.definition(conn, case.process, case.version).process
            _, context = definitions.current_context(conn)
        yield Activation(own, case_id, run_id, process, context)
    finally:
        keeper.cancel()
        with own.database.write() as conn:
            leases.release(conn, name, owner)


async def _keep(own: Resources, name: str, owner: str) -> None:
    while True:
        await asyncio.sleep(LEASE_SECONDS / 3)
        with own.database.write() as conn:
            leases.renew(conn, name, owner, LEASE_SECONDS)
