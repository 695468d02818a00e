"""Compares the runs of open cases with Prefect, and mends or mirrors what a supervisor did there.

Every mending leaves a line in the case's history. The store is right; Prefect is brought to it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from httpx import HTTPStatusError

from jieli.deploying import CALENDAR_FLOW, mend, published
from jieli.engine.events import CaseCancelled, NoteAdded
from jieli.prefect_rest import DeploymentMissing, PrefectUnreachable, RunState
from jieli.store import definitions, leases, runs
from jieli.store.cases import Request, apply_event
from jieli.store.database import Database
from jieli.store.runs import CaseRun
from jieli.store.shown import case_shown
from jieli.wakes import renew_run
from tasks.resources import Resources

log = logging.getLogger(__name__)

EVERY_SECONDS = 5.0
DEPLOY_EVERY_SECONDS = 30.0
PAGE = 200
STUCK_AFTER = timedelta(seconds=30)
LONGEST_PAUSE = timedelta(minutes=5)
CANCELLING_LASTS = timedelta(seconds=5)
CLOCK_LASTS = timedelta(seconds=150)


class Repairs:
    """A walk through the runs that have not ended, a page at a time."""

    def __init__(self, own: Resources) -> None:
        self._own = own
        self._after = ""
        self._next = time.monotonic()
        self._next_deploy = time.monotonic() + DEPLOY_EVERY_SECONDS

    def some(self) -> list[str]:
        """Look at the next page when it is time; returns what was mended, for the log."""
        if time.monotonic() < self._next:
            return []
        self._next = time.monotonic() + EVERY_SECONDS
        try:
            return self._deployments() + self._page()
        except (PrefectUnreachable, HTTPStatusError) as error:
            return [f"Prefect could not be asked: {error}"]

    def _deployments(self) -> list[str]:
        if time.monotonic() < self._next_deploy:
            return []
        self._next_deploy = time.monotonic() + DEPLOY_EVERY_SECONDS
        return self._mend() + [end_stale_clock(self._own, run) for run in stale_clocks(self._own)]

    def _mend(self) -> list[str]:
        settings = self._own.settings
        with self._own.database.read() as conn:
            wanted = published(conn)
        return mend(self._own.prefect, settings.work_pool, wanted, pool_type=settings.worker_type)

    def _page(self) -> list[str]:
        with self._own.database.read() as conn:
            page = runs.live_runs(conn, PAGE, after=self._after)
        states = self._own.prefect.runs(str(run.run_id) for run in page)
        homes = deployments_of_cases(self._own)
        homeless = {id_ for id_, state in states.items() if is_homeless(state, homes)}
        if homeless and (mended := self._mend()):
            return mended  # a run made now would be as homeless; the next look makes it
        self._after = page[-1].case_id if len(page) == PAGE else ""
        lines = [
            self._one(run, states.get(str(run.run_id)), is_homeless=run.run_id in homeless)
            for run in page
        ]
        return [line for line in lines if line]

    def _one(self, run: CaseRun, state: RunState | None, *, is_homeless: bool) -> str | None:
        kind = state.type if state else "DELETED"
        repair = _homeless if is_homeless else MENDINGS.get(kind)
        try:
            return repair(self._own, run, state) if repair else None
        except DeploymentMissing as error:
            return f"{run.case_id}: {error}"


def deployments_of_cases(own: Resources) -> frozenset[str]:
    """The ids of the deployments that cases run on; empty while one of them is missing."""
    with own.database.read() as conn:
        processes = definitions.latest_definitions(conn)
    try:
        return frozenset(own.prefect.deployment(process) for process in processes)
    except DeploymentMissing:
        return frozenset()


def is_homeless(state: RunState, homes: frozenset[str]) -> bool:
    """Whether its deployment or queue was deleted: no worker would ever take it again."""
    lost = bool(homes) and state.deployment_id not in homes
    return state.type in MAY_BE_HOMELESS and (lost or state.work_queue_id is None)


def stale_clocks(own: Resources) -> list[RunState]:
    """Runs of clock and calendar whose process died: Prefect would leave them Running for ever."""
    running = {"state": {"type": {"any_": ["RUNNING", "PENDING"]}}}
    flows = {"name": {"any_": ["clock", CALENDAR_FLOW]}}
    found = own.prefect.find(running, flows=flows)
    return [run for run in found if run.state_since and _age(run.state_since) > CLOCK_LASTS]


def end_stale_clock(own: Resources, run: RunState) -> str:
    """Let Prefect know that this run is over."""
    own.prefect.set_state(run.id, "CRASHED", "Crashed", "进程已不在 · its process is gone")
    return f"clock run {run.id}: its process was gone"


def _age(since: datetime) -> timedelta:
    return datetime.now(UTC) - since


def _deleted(own: Resources, run: CaseRun, state: RunState | None) -> str:
    """Somebody deleted the run, or Prefect lost its database: make the next generation."""
    with own.database.read() as conn:
        case = case_shown(conn, run.case_id)
    renew_run(own.database, own.prefect, case)
    return f"{run.case_id}: the run was gone from Prefect"


def _homeless(own: Resources, run: CaseRun, state: RunState | None) -> str | None:
    """Prefect cannot give a run another deployment or queue: the next generation takes over."""
    assert state is not None
    with own.database.read() as conn:
        case = case_shown(conn, run.case_id)
        is_behind = runs.is_behind(conn, run.case_id)
    if case.status != "open" and not is_behind:
        _saw_the_end(own.database, run)
        return None
    renew_run(own.database, own.prefect, case)
    # Only now: while it was the case's run, its Cancelled would have cancelled the case.
    own.prefect.set_state(
        state.id, "CANCELLED", "Cancelled", "由新的运行接着办 · another run goes on"
    )
    return f"{run.case_id}: the deployment or queue of its run was gone"


def _cancelled(own: Resources, run: CaseRun, state: RunState | None) -> str | None:
    """A supervisor pressed Cancel: the case ends, and its work items with it."""
    assert state is not None
    event = CaseCancelled(reason="在 Prefect 界面取消 · cancelled in the Prefect UI")
    apply_event(own.database, Request(run.case_id, f"ui-cancel:{run.run_id}", event))
    with own.database.read() as conn:
        is_behind = runs.is_behind(conn, run.case_id)
    if not is_behind:
        _saw_the_end(own.database, run)
        return None
    # Once more, to end the bars of what was open and tell others; then it is Cancelled for good.
    own.prefect.set_state(state.id, "SCHEDULED", "Scheduled", "单子已取消 · the case is cancelled")
    return f"{run.case_id}: cancelled in Prefect"


def _ended(own: Resources, run: CaseRun, state: RunState | None) -> str | None:
    """The run ended: with its case, or too early; then it is set to Scheduled in place."""
    assert state is not None
    with own.database.read() as conn:
        is_closed = case_shown(conn, run.case_id).status != "open"
        is_behind = runs.is_behind(conn, run.case_id)
    if is_closed and not is_behind:
        _saw_the_end(own.database, run)
        return None
    message = "单子还没有办完 · the case goes on"
    at = (datetime.now(UTC) + _pause(state)).isoformat()
    own.prefect.set_state(state.id, "SCHEDULED", "Scheduled", message, scheduled_time=at)
    return _note(own, run, "run_scheduled_again", f"the run was {state.name}")


def _pause(state: RunState) -> timedelta:
    """At once after a slip; ever later for a run that fails whenever it is tried."""
    if state.type not in ("FAILED", "CRASHED"):
        return timedelta()
    return min(timedelta(seconds=2.0 ** min(state.run_count, 10)), LONGEST_PAUSE)


def _saw_the_end(database: Database, run: CaseRun) -> None:
    with database.write() as conn:
        revision = runs.revision(conn, run.case_id)
        runs.shown(conn, run.case_id, str(run.run_id), revision, ended=True)


def _stuck(own: Resources, run: CaseRun, state: RunState | None) -> str | None:
    """Running, but nobody runs it: its process died."""
    assert state is not None
    if state.state_since and _age(state.state_since) < STUCK_AFTER:
        return None
    with own.database.read() as conn:
        if leases.holder(conn, f"case:{run.case_id}"):
            return None
    return _ended(own, run, state)


def _cancelling(own: Resources, run: CaseRun, state: RunState | None) -> str | None:
    """Cancel was pressed while the run executed, and no process is left to obey it."""
    assert state is not None
    if state.state_since and _age(state.state_since) < CANCELLING_LASTS:
        return None
    with own.database.read() as conn:
        if leases.holder(conn, f"case:{run.case_id}"):
            return None
    return _cancelled(own, run, state)


def _never_polled(own: Resources, run: CaseRun, state: RunState | None) -> str | None:
    """An in-process retry hides a run from every worker's poll; take the mark away."""
    assert state is not None
    if state.empirical_policy.get("retry_type") != "in_process":
        return None
    policy = {**state.empirical_policy, "retry_type": None}
    own.prefect.update_run(state.id, empirical_policy=policy)
    return _note(own, run, "run_freed", "the run was hidden from the workers")


def _note(own: Resources, run: CaseRun, what: str, why: str) -> str:
    moment = datetime.now(UTC).isoformat()
    note = NoteAdded(text=what, detail={"why": why, "generation": run.generation})
    apply_event(own.database, Request(run.case_id, f"{what}:{run.run_id}:{moment}", note))
    return f"{run.case_id}: {why}"


Mend = Callable[[Resources, CaseRun, RunState | None], str | None]
MAY_BE_HOMELESS = frozenset({"SCHEDULED", "PAUSED", "COMPLETED", "FAILED", "CRASHED"})
MENDINGS: dict[str, Mend] = {
    "DELETED": _deleted,
    "CANCELLED": _cancelled,
    "COMPLETED": _ended,
    "FAILED": _ended,
    "CRASHED": _ended,
    "RUNNING": _stuck,
    "PENDING": _stuck,
    "CANCELLING": _cancelling,
    "SCHEDULED": _never_polled,
}
