"""What a case's run in Prefect says of it: name, tags, and what it waits for. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from jieli.engine.case import CaseState, Visit
from jieli.engine.context import Context
from jieli.engine.errors import CaseNotFound
from jieli.store import definitions
from jieli.store.tables import case_runs, cases


@dataclass(frozen=True, slots=True)
class Waiting:
    """A visit that is not over."""

    title: str
    kind: str
    status: str
    who: tuple[str, ...]
    due_at: datetime | None
    opens_at: datetime | None


@dataclass(frozen=True, slots=True)
class CaseShown:
    """A case as its run shows it."""

    case_id: str
    process: str
    process_title: str
    version: int
    ref: str
    title: str
    priority: str
    tags: tuple[str, ...]
    status: str
    result: str | None
    result_label: str | None
    revision: int
    run_id: str | None
    generation: int
    waits_for: tuple[Waiting, ...]


def case_shown(connection: Connection, case_id: str) -> CaseShown:
    """The case now; raises CaseNotFound."""
    row = connection.execute(
        select(cases.c.state, cases.c.revision, case_runs.c.run_id, case_runs.c.generation)
        .join(case_runs, case_runs.c.case_id == cases.c.id)
        .where(cases.c.id == case_id)
    ).first()
    if row is None:
        raise CaseNotFound(case_id)
    state = CaseState.model_validate_json(row.state)
    process = definitions.definition(connection, state.process, state.version).process
    _, context = definitions.current_context(connection)
    return CaseShown(
        case_id=case_id, process=state.process, process_title=process.title,
        version=state.version, ref=state.ref, title=state.title, priority=state.priority,
        tags=tuple(state.tags), status=state.status, result=state.result,
        result_label=process.ends.get(state.result or "", state.result),
        revision=row.revision, run_id=row.run_id, generation=row.generation,
        waits_for=tuple(_waiting(visit, context) for visit in state.visits.values()),
    )  # fmt: skip


def _waiting(visit: Visit, context: Context) -> Waiting:
    people = [visit.assignee] if visit.assignee else visit.candidates
    return Waiting(
        title=visit.title, kind=visit.kind, status=visit.status,
        who=tuple(context.label(person) for person in people), due_at=visit.due_at,
        opens_at=visit.window_start,
    )  # fmt: skip
