"""Begins the cases that the calendar asks for, each once, however often it is asked.

One occurrence that cannot be begun harms no other: it is told as a trouble and not tried again.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from jieli.engine.context import Context
from jieli.engine.errors import FormError, JieliError
from jieli.engine.expressions import evaluate
from jieli.engine.occurrences import Occurrence, due_times
from jieli.engine.published import Definition
from jieli.engine.schedules import Schedule
from jieli.store import definitions, marks
from jieli.store.database import Database
from jieli.store.marks import Mark
from jieli.store.schedule_items import Element, elements
from jieli.store.schedule_scope import scope_of
from jieli.store.starts import NotStarted, Start, Started, begin_all, check_data
from jieli.store.times import clock_offset, real_now

log = logging.getLogger(__name__)

LEFT_ALONE = timedelta(seconds=30)
"""So late and the clock does what Prefect's schedule did not."""
PUT_OFF = timedelta(minutes=1)
SKIPPED_AFTER = timedelta(minutes=10)
_HORIZONS = (timedelta(days=2), timedelta(days=40), timedelta(days=400))
_AT_ONCE = 100


def late_processes(connection: Connection, now: datetime) -> list[str]:
    """The processes whose schedule nobody served in time; one look at an index."""
    # Prefect's schedules know nothing of a business time that was moved.
    grace = timedelta() if clock_offset(connection) else LEFT_ALONE
    return marks.waiting(connection, now - grace)


def serve_later(database: Database, process: str, now: datetime) -> None:
    """Leave the schedules of a process alone for a minute: they could not be served."""
    with database.write() as connection:
        marks.put_off(connection, process, now + PUT_OFF)


def start_due(database: Database, process: str, now: datetime) -> list[str]:
    """Begin what the schedules of a process mean until now; returns the cases that are new."""
    with database.read() as connection:
        version = definitions.latest_version(connection, process)
        definition = definitions.definition(connection, process, version)
        _, context = definitions.current_context(connection)
        known = marks.marks(connection, process)
    schedules = marks.schedules_of(definition.process)
    begun: list[str] = []
    for mark in known:
        schedule = schedules.get(mark.number)
        if schedule is None:
            continue
        begun += _Run(database, definition, context, schedule, mark, now).go()
    return begun


@dataclass(frozen=True, slots=True)
class _Run:
    """One look at one schedule."""

    database: Database
    definition: Definition
    context: Context
    schedule: Schedule
    mark: Mark
    now: datetime

    def go(self) -> list[str]:
        """Begin what is due, then write down how far it came and what is next."""
        due = wanted(self.schedule, self._due(), self.now)
        begun: list[str] = []
        failed: list[str] = []
        for occurrence in due:
            new, reasons = self._begin(occurrence)
            begun += new
            failed += reasons
        if due or self.mark.next_at is None or self.mark.next_at <= self.now:
            self._write_down(bool(due), failed)
        return begun

    def _due(self) -> list[Occurrence]:
        if self.mark.next_at is not None and self.mark.next_at > self.now:
            return []
        return due_times(self.schedule, self.context, self.mark.reached, self.now)

    def _begin(self, occurrence: Occurrence) -> tuple[list[str], list[str]]:
        try:
            asked = self._elements(occurrence)
        except SQLAlchemyError:
            raise
        except Exception as error:
            return [], [self._complaint(occurrence, "", error)]
        begun: list[str] = []
        failed: list[str] = []
        for few in range(0, len(asked), _AT_ONCE):
            some = asked[few : few + _AT_ONCE]
            outcomes = self.database.run(
                lambda connection, some=some: self._start(connection, occurrence, some)  # type: ignore[misc]
            )
            for element, outcome in zip(some, outcomes, strict=True):
                if isinstance(outcome, NotStarted):
                    failed.append(self._complaint(occurrence, element.name, outcome.error))
                elif outcome.created:
                    begun.append(outcome.case_id)
        return begun, failed

    def _elements(self, occurrence: Occurrence) -> list[Element]:
        with self.database.read() as connection:
            scope = scope_of(connection, self.definition, self.context, occurrence, self.now)
            if self.schedule.each is None:
                return [Element("", "", scope)]
            each = elements(
                connection, self.definition, self.context, self.schedule.each, occurrence, scope
            )
            return [Element(one.key, one.name, {**scope, "item": one.value}) for one in each]

    def _start(
        self, connection: Connection, occurrence: Occurrence, some: Iterable[Element]
    ) -> list[Started | NotStarted]:
        return [self._start_one(connection, occurrence, element) for element in some]

    def _start_one(
        self, connection: Connection, occurrence: Occurrence, element: Element
    ) -> Started | NotStarted:
        process = self.mark.process
        try:
            raw = {name: evaluate(words, element.value) for name, words in self.schedule.data.items()}
            data = check_data(connection, process, raw, self.now)
        except SQLAlchemyError:
            raise
        except Exception as error:
            if not isinstance(error, JieliError):
                log.exception("a case of %s could not be prepared", process)
            return NotStarted(error)
        event_id = f"schedule:{process}:{self.mark.number}:{occurrence.key}:{element.key}"
        start = Start(process=process, data=data, source="schedule", by=None, event_id=event_id)
        return begin_all(connection, [start], self.now)[0]

    def _write_down(self, done: bool, failed: list[str]) -> None:
        reason = "\n".join(failed)[:2000] or None
        following = next_time(self.schedule, self.context, self.now)
        self.database.run(
            lambda connection: marks.reach(
                connection, self.mark, self.now, following, done=done, reason=reason, at=real_now()
            )
        )

    def _complaint(self, occurrence: Occurrence, name: str, error: Exception) -> str:
        at = occurrence.at.astimezone(self.context.calendar.zone)
        about = f"{at:%m-%d %H:%M}" + (f" {name}" if name else "")
        log.warning("%s, %s: %s", self.mark.process, about, error)
        return f"{about}: {_told(error)}"


def wanted(schedule: Schedule, due: list[Occurrence], now: datetime) -> list[Occurrence]:
    """Which of the times that passed are still begun, as `catch_up` says."""
    if schedule.catch_up == "skip":
        return [each for each in due if now - each.at <= SKIPPED_AFTER]
    if schedule.catch_up == "all":
        return due
    # The latest of each post: that one post changed shifts later makes the other's no older.
    latest: dict[str, datetime] = {}
    for each in due:
        latest[_post(each)] = max(each.at, latest.get(_post(each), each.at))
    return [each for each in due if each.at == latest[_post(each)]]


def next_time(schedule: Schedule, context: Context, after: datetime) -> datetime:
    """The next time the schedule means; if there is none in a year, when to look again."""
    for horizon in _HORIZONS:
        found = due_times(schedule, context, after, after + horizon)
        if found:
            return found[0].at
    return after + _HORIZONS[1]


def _post(occurrence: Occurrence) -> str:
    return occurrence.change.post if occurrence.change else ""


def _told(error: Exception) -> str:
    if isinstance(error, FormError):
        return "; ".join(f"{name}: {what}" if name else what for name, what in error.fields.items())
    return error.told() if isinstance(error, JieliError) else f"{type(error).__name__}: {error}"
