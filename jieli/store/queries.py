"""Cases as people look at them: the list, and one case with everything around it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Text, func, or_, select

from jieli.engine.case import CaseState
from jieli.engine.errors import CaseNotFound
from jieli.engine.events import Entry
from jieli.store.changes import ENTRIES
from jieli.store.messages import MessageLine, messages_of
from jieli.store.runs import CaseRun, run_of
from jieli.store.tables import case_links, cases, history, timers, visits


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases; what is None or empty does not matter."""

    status: str | None = "open"
    process: str | None = None
    priority: str | None = None
    tag: str | None = None
    search: str = ""
    faulty: bool = False
    person: str | None = None  # who owns it or holds a step of it now


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A case in a list."""

    case_id: str
    ref: str
    process: str
    version: int
    title: str
    priority: str
    tags: tuple[str, ...]
    status: str
    result: str | None
    opened_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    revision: int
    fault: str | None
    owner: str | None


@dataclass(frozen=True, slots=True)
class VisitLine:
    """A stay in a step, over or not."""

    visit: int
    step: str
    nth: int
    kind: str
    title: str
    status: str
    opened_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    overdue: bool
    outcome: str | None
    by: str | None
    role: str | None
    assignee: str | None
    candidates: tuple[str, ...]
    window_start: datetime | None
    window_end: datetime | None
    generation: int


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One event and what came of it."""

    seq: int
    event_id: str
    kind: str
    by: str | None
    at: datetime
    recorded_at: datetime
    version: int
    context_id: str
    event: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class TimerLine:
    """An armed timer."""

    timer: int
    visit: int
    kind: str
    number: int
    at: datetime
    guessed: bool


@dataclass(frozen=True, slots=True)
class LinkedCase:
    """A case begun from a visit, or found open by it."""

    visit: int
    case_id: str
    ref: str
    process: str
    title: str
    status: str
    result: str | None


@dataclass(frozen=True, slots=True)
class CasePage:
    """A case with everything around it."""

    line: CaseLine
    state: CaseState
    visits: tuple[VisitLine, ...]
    timeline: tuple[HistoryLine, ...]
    timers: tuple[TimerLine, ...]
    messages: tuple[MessageLine, ...]
    children: tuple[LinkedCase, ...]
    run: CaseRun | None


_LINE = (
    cases.c.id, cases.c.ref, cases.c.process, cases.c.version, cases.c.title, cases.c.priority,
    cases.c.tags, cases.c.status, cases.c.result, cases.c.opened_at, cases.c.closed_at,
    cases.c.due_at, cases.c.revision, cases.c.fault, cases.c.owner,
)  # fmt: skip


def case_list(
    connection: Connection, wanted: CaseFilter, *, limit: int = 50, offset: int = 0
) -> list[CaseLine]:
    """The cases, the newest first."""
    query = (
        select(*_LINE)
        .where(*_conditions(wanted))
        .order_by(cases.c.opened_at.desc(), cases.c.id)
        .limit(limit)
        .offset(offset)
    )
    return [_line(row) for row in connection.execute(query)]


def case_count(connection: Connection, wanted: CaseFilter) -> int:
    """How many there are."""
    query = select(func.count()).select_from(cases).where(*_conditions(wanted))
    return int(connection.execute(query).scalar_one())


def find_case(connection: Connection, ref: str) -> str:
    """The id of a case by its ref as people write it, or by its id; raises CaseNotFound."""
    name = ref.strip()
    found = connection.execute(
        select(cases.c.id).where(or_(cases.c.ref == name.upper(), cases.c.id == name.lower()))
    ).scalar()
    if found is None:
        raise CaseNotFound(ref)
    return str(found)


def case_show(connection: Connection, ref: str) -> CasePage:
    """One case; raises CaseNotFound."""
    case_id = find_case(connection, ref)
    row = connection.execute(
        select(*_LINE, cases.c.state).where(cases.c.id == case_id)
    ).one()
    return CasePage(
        line=_line(row),
        state=CaseState.model_validate_json(row.state),
        visits=tuple(case_visits(connection, case_id)),
        timeline=tuple(timeline(connection, case_id)),
        timers=tuple(_timers(connection, case_id)),
        messages=tuple(messages_of(connection, case_id=case_id, limit=200)),
        children=tuple(_children(connection, case_id)),
        run=run_of(connection, case_id),
    )


def case_visits(connection: Connection, case_id: str) -> list[VisitLine]:
    """Every stay in a step, in the order opened."""
    query = select(
        *(visits.c[name] for name in VisitLine.__slots__)
    ).where(visits.c.case_id == case_id).order_by(visits.c.visit)  # fmt: skip
    return [
        VisitLine(**(row._asdict() | {"candidates": tuple(row.candidates)}))
        for row in connection.execute(query)
    ]


def visit_of(connection: Connection, case_id: str, visit: int) -> VisitLine | None:
    """One stay in a step."""
    found = [each for each in case_visits(connection, case_id) if each.visit == visit]
    return found[0] if found else None


def timeline(connection: Connection, case_id: str) -> list[HistoryLine]:
    """What happened to the case, in order."""
    query = (
        select(*(history.c[name] for name in HistoryLine.__slots__))
        .where(history.c.case_id == case_id)
        .order_by(history.c.seq)
    )
    return [
        HistoryLine(**(row._asdict() | {"entries": ENTRIES.validate_json(row.entries)}))
        for row in connection.execute(query)
    ]


def _conditions(wanted: CaseFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, value in (
        (cases.c.status, wanted.status),
        (cases.c.process, wanted.process),
        (cases.c.priority, wanted.priority),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.tag:
        # The tags are a JSON list as text: a tag stands between quotation marks.
        found.append(cases.c.tags.cast(Text).contains(f'"{wanted.tag}"', autoescape=True))
    found += [
        cases.c.search.contains(word, autoescape=True) for word in wanted.search.lower().split()
    ]
    if wanted.faulty:
        found.append(cases.c.fault.is_not(None))
    if wanted.person is not None:
        held = select(visits.c.case_id).where(
            visits.c.assignee == wanted.person, visits.c.status.not_in(("done", "cancelled"))
        )
        found.append(or_(cases.c.owner == wanted.person, cases.c.id.in_(held)))
    return found


def _line(row: Row[Any]) -> CaseLine:
    values = dict(zip(CaseLine.__slots__, row, strict=False))
    return CaseLine(**(values | {"tags": tuple(row.tags)}))


def _timers(connection: Connection, case_id: str) -> list[TimerLine]:
    query = (
        select(*(timers.c[name] for name in TimerLine.__slots__))
        .where(timers.c.case_id == case_id)
        .order_by(timers.c.at, timers.c.timer)
    )
    return [TimerLine(*row) for row in connection.execute(query)]


def _children(connection: Connection, case_id: str) -> list[LinkedCase]:
    query = (
        select(
            case_links.c.parent_visit, cases.c.id, cases.c.ref, cases.c.process, cases.c.title,
            cases.c.status, cases.c.result,
        )
        .join(cases, cases.c.id == case_links.c.child_id)
        .where(case_links.c.parent_id == case_id)
        .order_by(case_links.c.parent_visit)
    )  # fmt: skip
    return [LinkedCase(*row) for row in connection.execute(query)]
