"""Tells Prefect that a case has something to show or do. Losing a wake loses nothing: the clock finds it."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Iterable

from httpx import HTTPStatusError

from jieli.engine.events import NoteAdded
from jieli.prefect_rest import DeploymentMissing, PrefectRest, PrefectUnreachable
from jieli.store import runs
from jieli.store.cases import Request, apply_event
from jieli.store.database import Database, kill_point
from jieli.store.shown import CaseShown, case_shown

log = logging.getLogger(__name__)
# As many as are woken in the time after which the clock delivers what was left alone.
MOST_WAITING = 12
REST_SECONDS = 5.0
BUSY_PAUSE = 1.0


class Wakes:
    """Wakes runs one after the other, at most so many a second; wakes of one case are one wake.

    A run costs Prefect 0.3 CPU-seconds, and under a backlog the clock delivers many messages in one
    task run. So when `MOST_WAITING` cases wait, all are left to the clock, for a few seconds.
    """

    def __init__(self, database: Database, prefect: PrefectRest, per_second: float) -> None:
        self._database = database
        self._prefect = prefect
        self._per_second = per_second
        self._pause = 1 / per_second
        self._resting_until = 0.0
        self._most = MOST_WAITING
        self._waiting: OrderedDict[str, None] = OrderedDict()
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="wakes", daemon=True)
        self._thread.start()

    def wake(self, case_id: str) -> None:
        """Have the case's run woken soon; returns at once."""
        with self._changed:
            if time.monotonic() < self._resting_until:
                return
            self._waiting[case_id] = None
            if len(self._waiting) > MOST_WAITING:
                self._waiting.clear()
                self._resting_until = time.monotonic() + REST_SECONDS
            self._changed.notify()

    def wake_all(self, case_ids: Iterable[str]) -> None:
        """Have several woken."""
        for case_id in case_ids:
            self.wake(case_id)

    @property
    def room(self) -> int:
        """How many more wakes would be taken now."""
        return self._most - len(self._waiting)

    def pace(self, *, is_busy: bool) -> None:
        """Under a backlog one wake a second: people are told first, the picture follows."""
        self._pause = BUSY_PAUSE if is_busy else 1 / self._per_second
        self._most = 1 if is_busy else MOST_WAITING

    def close(self) -> None:
        """Stop; what waits is left to the clock."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _serve(self) -> None:
        while (case_id := self._next()) is not None:
            try:
                wake_now(self._database, self._prefect, case_id)
            except (PrefectUnreachable, DeploymentMissing, HTTPStatusError) as error:
                log.warning("case %s is left to the clock: %s", case_id, error)
            with self._changed:
                self._changed.wait_for(lambda: self._closed, timeout=self._pause)

    def _next(self) -> str | None:
        with self._changed:
            self._changed.wait_for(lambda: self._closed or bool(self._waiting))
            return None if self._closed else self._waiting.popitem(last=False)[0]


def wake_now(database: Database, prefect: PrefectRest, case_id: str) -> str:
    """Resume the case's run, or create it when it has none; returns what Prefect answered."""
    with database.read() as conn:
        case = case_shown(conn, case_id)
    if case.run_id is None:
        return create_run(database, prefect, case, case.generation)
    answer = prefect.resume(case.run_id)
    return renew_run(database, prefect, case) if answer == "GONE" else answer


def renew_run(database: Database, prefect: PrefectRest, case: CaseShown) -> str:
    """Make a run of the next generation for a case whose run was deleted."""
    generation = case.generation + 1
    # The old run is forgotten first: the new one must not find itself a stranger to its case.
    with database.write() as conn:
        runs.save_run(conn, case.case_id, None, generation)
    why = {"why": "the run was gone from Prefect", "generation": generation}
    note = NoteAdded(text="run_renewed", detail=why)
    apply_event(database, Request(case.case_id, f"run_renewed:{case.case_id}:{generation}", note))
    return create_run(database, prefect, case, generation)


def create_run(database: Database, prefect: PrefectRest, case: CaseShown, generation: int) -> str:
    """Create the run of this generation; asking twice gives the same run."""
    tags = [f"process:{case.process}", *case.tags]
    run_id = prefect.create_run(
        case.process, case.case_id, generation=generation,
        name=f"{case.title} · {case.ref}", tags=tags,
    )  # fmt: skip
    kill_point("run_created_before_saved")
    with database.write() as conn:
        runs.save_run(conn, case.case_id, run_id, generation)
    return "CREATED"
