"""Owns one writer thread: what arrives together is committed together, in one durable write."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from jieli.engine.events import Event
from jieli.store.cases import Outcome, Request, apply_batch
from jieli.store.database import Database
from jieli.store.starts import NotStarted, Start, Started, begin, begin_all
from jieli.store.times import business_now

log = logging.getLogger(__name__)

LARGEST_BATCH = 128
Asked = TypeVar("Asked", Request, Start)


@dataclass(slots=True)
class _Job(Generic[Asked]):
    asked: Asked
    future: Future[Any] = field(default_factory=Future)


class Committer:
    """Applies events and begins cases for many threads at once.

    A future is done only after the commit: who is thanked has been written down.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._jobs: queue.SimpleQueue[_Job[Request] | _Job[Start] | None] = queue.SimpleQueue()
        self._closing = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="committer", daemon=True)
        self._thread.start()

    def submit(self, case_id: str, event_id: str, event: Event) -> Future[Outcome]:
        """Apply an event to a case."""
        job = _Job(Request(case_id, event_id, event))
        self._put(job)
        return job.future

    def start(self, start: Start) -> Future[Started]:
        """Begin a case; the future raises what `start_case` raises."""
        job = _Job(start)
        self._put(job)
        return job.future

    def close(self) -> None:
        """Commit what has arrived, then end the thread."""
        with self._closing:
            if not self._closed:
                self._closed = True
                self._jobs.put(None)
        self._thread.join()

    def _put(self, job: _Job[Request] | _Job[Start]) -> None:
        # Under the lock: nothing is queued behind the sign to stop, where nobody would see it.
        with self._closing:
            if self._closed:
                raise RuntimeError("the committer is closed")
            self._jobs.put(job)

    def _serve(self) -> None:
        more = True
        while more:
            jobs, more = self._arrived()
            live = [job for job in jobs if job.future.set_running_or_notify_cancel()]
            _settle(_of(live, Start), self._begin)
            _settle(_of(live, Request), self._apply)

    def _arrived(self) -> tuple[list[_Job[Any]], bool]:
        """Wait for one job, and take those that came meanwhile; False when it was the last."""
        jobs: list[_Job[Any]] = []
        while len(jobs) < LARGEST_BATCH:
            try:
                job = self._jobs.get(block=not jobs)
            except queue.Empty:
                break
            if job is None:
                return jobs, False
            jobs.append(job)
        return jobs, True

    def _apply(self, requests: Sequence[Request]) -> list[Outcome]:
        return apply_batch(self._database, requests)

    def _begin(self, starts: Sequence[Start]) -> list[Started | NotStarted]:
        def together(connection: Connection) -> list[Started | NotStarted]:
            return begin_all(connection, list(starts), business_now(connection))

        try:
            return self._database.run(together)
        except SQLAlchemyError as error:
            log.warning("a batch of %s starts goes one by one: %s", len(starts), error)
        return [self._begin_alone(start) for start in starts]

    def _begin_alone(self, start: Start) -> Started | NotStarted:
        try:
            return self._database.run(lambda each: begin(each, start, business_now(each)))
        except Exception as error:
            log.exception("a case of %s could not be begun", start.process)
            return NotStarted(error)


def _of(jobs: Sequence[_Job[Any]], kind: type[Asked]) -> list[_Job[Asked]]:
    return [job for job in jobs if isinstance(job.asked, kind)]


def _settle(jobs: Sequence[_Job[Asked]], work: Callable[[list[Asked]], Sequence[object]]) -> None:
    """Do the work of all jobs and answer each; a writer that dies would leave everybody waiting."""
    if not jobs:
        return
    try:
        done = work([job.asked for job in jobs])
    except BaseException as error:
        log.exception("a batch of %s was lost", len(jobs))
        for job in jobs:
            job.future.set_exception(error)
        if not isinstance(error, Exception):
            raise
        return
    for job, outcome in zip(jobs, done, strict=True):
        if isinstance(outcome, NotStarted):
            job.future.set_exception(outcome.error)
        else:
            job.future.set_result(outcome)
