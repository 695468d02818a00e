"""One activation of a case's flow run: what is ready, what was shown, when it may rest.

Reads and marks the store's view of the run; decides nothing about the case.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from jieli.store import calls, case_events, leases, outbox, runs
from jieli.store.calls import ServiceCall
from jieli.store.outbox import OutboxRow
from jieli.store.runs import CaseRun, VisitRow
from tasks.resources import Resources

LEASE_SECONDS = 60.0
MOST_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Ready:
    """Something to do or to show; `kind` chooses the function that does it."""

    kind: str
    visit: VisitRow | None = None
    message: OutboxRow | None = None
    call: ServiceCall | None = None


@dataclass
class Activation:
    """A case while its run executes; only the holder of the case's lease has one."""

    own: Resources
    case_id: str
    run_id: UUID
    owner: str
    revision: int = 0
    queue: list[Ready] = field(default_factory=list)

    def next_step(self) -> Ready | None:
        """The next thing that is ready, changed or finished since the run last showed it."""
        if not self.queue:
            self.queue = self._look()
        return self.queue.pop(0) if self.queue else None

    def _look(self) -> list[Ready]:
        # The revision first: whatever is committed after it is newer than what we show.
        with self.own.database.read() as conn:
            self.revision = runs.revision(conn, self.case_id)
            messages = outbox.due(conn, case_id=self.case_id, limit=MOST_AT_ONCE)
            due_calls = calls.due(conn, case_id=self.case_id, limit=MOST_AT_ONCE)
            others = case_events.is_pending(conn, from_case=self.case_id)
            visits = runs.visits_to_show(conn, self.case_id, str(self.run_id))
        return [
            # People wait for their messages; nobody waits for a bar.
            *(Ready("message", message=row) for row in messages),
            *([Ready("other_case")] if others else []),
            *(Ready("call", call=row) for row in due_calls),
            *(Ready(visit.kind, visit=visit) for visit in visits),
        ]

    def state(self) -> CaseRun:
        """The case and its run as the store has them now."""
        with self.own.database.read() as conn:
            return runs.run_of(conn, self.case_id)

    def mark_shown(self, visit: VisitRow, task_run_id: UUID | None) -> None:
        """The bar of this visit stands as the visit does."""
        with self.own.database.write() as conn:
            runs.mark_shown(conn, self.case_id, visit, str(self.run_id), str(task_run_id))


class LostToAnother(Exception):
    """Another execution of this case holds its lease."""


@asynccontextmanager
async def holding(own: Resources, case_id: str, run_id: UUID) -> AsyncIterator[Activation]:
    """Hold the case's lease while its run executes; raises LostToAnother."""
    owner = f"{own.owner}:{uuid4().hex[:8]}"
    with own.database.write() as conn:
        if not leases.take(conn, f"case:{case_id}", owner, LEASE_SECONDS):
            raise LostToAnother(case_id)
    keeper = asyncio.create_task(_keep(own, case_id, owner))
    try:
        yield Activation(own, case_id, run_id, owner)
    finally:
        keeper.cancel()
        with own.database.write() as conn:
            leases.release(conn, f"case:{case_id}", owner)


async def _keep(own: Resources, case_id: str, owner: str) -> None:
    while True:
        await asyncio.sleep(LEASE_SECONDS / 3)
        with own.database.write() as conn:
            leases.renew(conn, f"case:{case_id}", owner, LEASE_SECONDS)
