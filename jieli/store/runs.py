"""Owns what Prefect has shown of a case: its run, revision and bars. A view, never the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, and_, literal, or_, select, true, update

from jieli.engine.errors import CaseNotFound
from jieli.store.statements import insert
from jieli.store.tables import case_runs, cases, shown_visits, visits


@dataclass(frozen=True, slots=True)
class CaseRun:
    """The flow run of a case; `run_id` is None until one was made."""

    case_id: str
    run_id: str | None
    generation: int
    shown_revision: int
    ended: bool


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit and its bar; `shown_status` is what the run last showed, None for nothing.

    `opened_at` and `closed_at` are business time, `entered_at` and `left_at` real time.
    """

    visit: int
    step: str
    nth: int
    kind: str
    title: str
    status: str
    opened_at: datetime
    closed_at: datetime | None
    outcome: str | None
    by: str | None
    assignee: str | None
    candidates: tuple[str, ...]
    entered_at: datetime
    left_at: datetime | None
    shown_status: str | None

    @property
    def key(self) -> str:
        """Step and visit, unique within the case: `phone.2`."""
        return f"{self.step}.{self.nth}"

    @property
    def held_by(self) -> tuple[str, ...]:
        """Who did it, holds it, or was asked."""
        one = self.by or self.assignee
        return (one,) if one else tuple(self.candidates)

    @property
    def is_over(self) -> bool:
        """Done or cancelled: its bar ends."""
        return self.status in ("done", "cancelled")


def run_of(connection: Connection, case_id: str) -> CaseRun | None:
    """The run of a case; None when there is no such case."""
    row = connection.execute(select(case_runs).where(case_runs.c.case_id == case_id)).first()
    return CaseRun(*row) if row else None


def case_of_run(connection: Connection, run_id: str) -> CaseRun | None:
    """The case whose run this is now; None when it is nobody's, or no longer."""
    row = connection.execute(select(case_runs).where(case_runs.c.run_id == run_id)).first()
    return CaseRun(*row) if row else None


def save_run(connection: Connection, case_id: str, run_id: str | None, generation: int) -> bool:
    """The case has a run now, of that generation, which has shown nothing yet.

    False: a run of a later generation was saved meanwhile. The same run again changes nothing.
    """
    changed = connection.execute(
        update(case_runs)
        .where(
            case_runs.c.case_id == case_id, case_runs.c.generation <= generation,
            or_(case_runs.c.run_id.is_(None), case_runs.c.run_id != run_id,
                case_runs.c.generation != generation),
        )
        .values(run_id=run_id, generation=generation, shown_revision=0, ended=False)
    )  # fmt: skip
    now = run_of(connection, case_id)
    return changed.rowcount == 1 or (now is not None and now.run_id == run_id)


def shown(
    connection: Connection, case_id: str, run_id: str, revision: int, *, ended: bool = False
) -> None:
    """The run has shown the case up to that revision; `ended`: and its end."""
    connection.execute(
        update(case_runs)
        .where(
            case_runs.c.case_id == case_id, case_runs.c.run_id == run_id,
            case_runs.c.shown_revision <= revision,
        )
        .values(shown_revision=revision, ended=or_(case_runs.c.ended, literal(ended)))
    )  # fmt: skip


def is_behind(connection: Connection, case_id: str) -> bool:
    """Whether the case is newer than what its run has shown."""
    found = connection.execute(
        select(cases.c.revision > case_runs.c.shown_revision)
        .join(case_runs, case_runs.c.case_id == cases.c.id)
        .where(cases.c.id == case_id)
    ).scalar()
    return bool(found)


def revision(connection: Connection, case_id: str) -> int:
    """The revision of a case; raises CaseNotFound."""
    found = connection.execute(select(cases.c.revision).where(cases.c.id == case_id)).scalar()
    if found is None:
        raise CaseNotFound(case_id)
    return int(found)


def visits_to_show(
    connection: Connection, case_id: str, run_id: str, *, every: bool = False
) -> list[VisitRow]:
    """The visits whose bar in this run is missing or out of date, or `every` one; as opened."""
    changed = or_(shown_visits.c.status.is_(None), shown_visits.c.status != visits.c.status)
    same_bar = and_(
        shown_visits.c.case_id == visits.c.case_id, shown_visits.c.visit == visits.c.visit,
        shown_visits.c.run_id == run_id,
    )  # fmt: skip
    query = (
        select(
            visits.c.visit, visits.c.step, visits.c.nth, visits.c.kind, visits.c.title,
            visits.c.status, visits.c.opened_at, visits.c.closed_at, visits.c.outcome,
            visits.c.by, visits.c.assignee, visits.c.candidates,
            visits.c.entered_at, visits.c.left_at, shown_visits.c.status,
        )
        .join(shown_visits, same_bar, isouter=True)
        .where(
            visits.c.case_id == case_id, true() if every else changed,
        )
        .order_by(visits.c.visit)
    )  # fmt: skip
    return [VisitRow(*row) for row in connection.execute(query)]


def mark_shown(
    connection: Connection, case_id: str, run_id: str, bars: Sequence[tuple[int, str]]
) -> None:
    """The run shows these visits: number and status shown."""
    statement = insert(connection, shown_visits)
    new = statement.excluded
    rows = [
        {"case_id": case_id, "visit": visit, "run_id": run_id, "status": status}
        for visit, status in bars
    ]
    if rows:
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["case_id", "visit"],
                set_={"run_id": new.run_id, "status": new.status},
            ),
            rows,
        )


def behind(connection: Connection, limit: int) -> list[CaseRun]:
    """The runs that have not shown all of their case."""
    return _not_ended(
        connection, limit,
        case_runs.c.run_id.is_not(None), cases.c.revision > case_runs.c.shown_revision,
    )  # fmt: skip


def without_run(connection: Connection, limit: int) -> list[CaseRun]:
    """The cases for which no run was made yet, or none was saved."""
    return _not_ended(connection, limit, case_runs.c.run_id.is_(None))


def live_runs(connection: Connection, limit: int, *, after: str = "") -> list[CaseRun]:
    """The runs whose end was not shown, by case id: what the clock compares with Prefect."""
    return _not_ended(
        connection, limit, case_runs.c.run_id.is_not(None), case_runs.c.case_id > after
    )


def _not_ended(connection: Connection, limit: int, *conditions: Any) -> list[CaseRun]:
    query = (
        select(case_runs)
        .join(cases, cases.c.id == case_runs.c.case_id)
        .where(~case_runs.c.ended, *conditions)
        .order_by(case_runs.c.case_id)
        .limit(limit)
    )
    return [CaseRun(*row) for row in connection.execute(query)]
