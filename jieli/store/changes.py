"""Everything one commit writes: gathered over many events, then written table by table.

The only writer of cases, history, visits and timers; decides nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection

from jieli.engine.case import CaseState, Timer, Visit
from jieli.engine.events import CallAnswered, CallFailed, Entry, Event, Transition
from jieli.logs import redacted
from jieli.store import writing
from jieli.store.queued import Queued

ENTRIES = TypeAdapter(tuple[Entry, ...])
Values = dict[str, Any]


@dataclass(slots=True)
class Loaded:
    """A case under lock, moving on event by event; a new one has neither text nor state."""

    id: str
    key: str
    revision: int = 0
    stored: str | None = None
    state: CaseState | None = None

    def read(self) -> CaseState:
        """Where the case stands, from the row's text the first time."""
        if self.state is None:
            assert self.stored is not None, "a new case has no state to read"
            self.state = CaseState.model_validate_json(self.stored)
        return self.state


class Changes:
    """The rows of one commit."""

    def __init__(self, *, now: datetime, recorded_at: datetime, context_id: str) -> None:
        self.now = now
        self.recorded_at = recorded_at
        self.context_id = context_id
        self.queued = Queued(now=now, recorded_at=recorded_at, context_id=context_id)
        self._started: dict[str, Values] = {}
        self._moved: dict[str, Values] = {}
        self._faults: list[Values] = []
        self._history: list[Values] = []
        self._visits: dict[tuple[str, int], Values] = {}
        self._armed: dict[tuple[str, int], Values] = {}
        self._disarmed: dict[tuple[str, int], Values] = {}
        self._reported: list[Values] = []

    def add(self, case: Loaded, event_id: str, event: Event, transition: Transition) -> None:
        """Take in one transition; the case stands where it leads from now on."""
        before, state, revision = case.state, transition.state, case.revision + 1
        # What can fail comes first: a transition is taken in whole or not at all.
        row = self._case_row(case, state, revision)
        self._history.append(self._history_row(case.id, revision, event_id, event, transition))
        new = before is None or case.id in self._started
        (self._started if new else self._moved)[case.id] = row
        case.state, case.revision = state, revision
        for visit in transition.visits:
            self._visits[case.id, visit.id] = _visit_row(case.id, visit, self.recorded_at)
        self._take_timers(case.id, transition)
        self.queued.add(case.id, before, transition, revision)
        if isinstance(event, CallAnswered | CallFailed):
            self._reported.append(
                {"on_case": case.id, "on_visit": event.visit, "on_attempt": event.attempt}
            )

    def fault(self, case: Loaded, error: Exception) -> None:
        """The case could not move on: say so on it, where people see it."""
        text = redacted(f"{type(error).__name__}: {error}")[:2000]
        self._faults.append({"on_case": case.id, "fault": text, "fault_at": self.recorded_at})

    def write(self, connection: Connection) -> None:
        """Write all of it with a few statements, however many cases there are."""
        writing.insert_cases(connection, list(self._started.values()))
        writing.update_cases(connection, list(self._moved.values()))
        writing.flag_faults(connection, self._faults)
        writing.insert_history(connection, self._history)
        writing.upsert_visits(connection, list(self._visits.values()))
        disarmed, armed = list(self._disarmed.values()), list(self._armed.values())
        writing.replace_timers(connection, disarmed, armed)
        writing.mark_calls_reported(connection, self._reported)
        self.queued.write(connection)

    def _take_timers(self, case_id: str, transition: Transition) -> None:
        for number in transition.timers_cancelled:
            # Armed in this very commit: there is no row to remove.
            if self._armed.pop((case_id, number), None) is None:
                self._disarmed[case_id, number] = {"on_case": case_id, "on_timer": number}
        for timer in transition.timers_set:
            self._armed[case_id, timer.id] = _timer_row(case_id, timer)

    def _history_row(
        self, case_id: str, revision: int, event_id: str, event: Event, transition: Transition
    ) -> Values:
        return {
            "case_id": case_id, "seq": revision, "event_id": event_id, "kind": event.kind,
            "event": event.model_dump_json(), "by": event.by, "at": self.now,
            "recorded_at": self.recorded_at, "version": transition.state.version,
            "context_id": self.context_id, "facts": {},
            "entries": ENTRIES.dump_json(transition.entries).decode(),
        }  # fmt: skip

    def _case_row(self, case: Loaded, state: CaseState, revision: int) -> Values:
        due = [visit.due_at for visit in state.visits.values() if visit.due_at]
        return {
            "id": case.id, "key": case.key, "ref": state.ref, "process": state.process,
            "version": state.version, "status": state.status, "result": state.result,
            "title": state.title, "priority": state.priority, "buyer": state.buyer,
            "contact_blocked": state.contact_blocked, "tags": state.tags,
            "search": search_text(state), "parent_id": state.parent,
            "parent_visit": state.parent_visit, "owner": state.owner, "opened_at": state.opened_at,
            "closed_at": state.closed_at, "due_at": min(due, default=None),
            "changed_at": self.recorded_at, "state": state.model_dump_json(),
            "revision": revision, "fault": None, "fault_at": None,
        }  # fmt: skip


def _visit_row(case_id: str, visit: Visit, real: datetime) -> Values:
    return {
        "case_id": case_id, "visit": visit.id, "step": visit.step, "nth": visit.nth,
        "kind": visit.kind, "title": visit.title, "status": visit.status, "branch": visit.branch,
        "opened_at": visit.opened_at, "closed_at": visit.closed_at, "due_at": visit.due_at,
        "overdue": visit.overdue, "outcome": visit.outcome, "by": visit.by, "role": visit.role,
        "assignee": visit.assignee, "candidates": visit.candidates, "nobody": visit.nobody,
        "generation": visit.generation, "window_start": visit.window_start,
        "window_end": visit.window_end,
        # Real time, for the bars in Prefect: business time may be moved in development.
        "entered_at": real, "left_at": real if visit.is_over else None,
    }  # fmt: skip


def _timer_row(case_id: str, timer: Timer) -> Values:
    return {
        "case_id": case_id, "timer": timer.id, "visit": timer.visit, "kind": timer.kind,
        "number": timer.number, "at": timer.at, "guessed": timer.guessed,
    }  # fmt: skip


def search_text(state: CaseState) -> str:
    """What the list of cases is searched in."""
    words = [state.ref, state.title, *_texts(list(state.data.values()))]
    return " ".join(dict.fromkeys(words)).lower()[:4000]


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _texts(each)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value)
