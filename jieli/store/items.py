"""我的待办: what a person may do now, and what needs somebody to look at it. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Text, and_, or_, select

from jieli.store.tables import case_events, cases, outbox, people, schedule_marks, visits


@dataclass(frozen=True, slots=True)
class Item:
    """A step somebody is to do, or may answer while the case waits."""

    case_id: str
    ref: str
    process: str
    case_title: str
    priority: str
    tags: tuple[str, ...]
    visit: int
    step: str
    kind: str
    title: str
    status: str
    opened_at: datetime
    due_at: datetime | None
    overdue: bool
    window_start: datetime | None
    window_end: datetime | None
    role: str | None
    assignee: str | None
    candidates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that goes no further without a person."""

    kind: str  # fault | blocked | message | case_event | schedule (`ref` is the process then)
    case_id: str
    ref: str
    about: str
    since: datetime


def my_items(
    connection: Connection, person: str, search: str = "", *, limit: int = 200
) -> list[Item]:
    """What the person has, or may take, the earliest due first; those without a due time last."""
    roles = connection.execute(select(people.c.roles).where(people.c.id == person)).scalar() or []
    free = and_(
        visits.c.assignee.is_(None),
        or_(
            # A JSON list as text: an id stands between quotation marks.
            visits.c.candidates.cast(Text).contains(f'"{person}"', autoescape=True),
            visits.c.role.in_(roles),
        ),
    )
    query = (
        select(
            cases.c.ref, cases.c.process, cases.c.title.label("case_title"), cases.c.priority,
            cases.c.tags, *(visits.c[name] for name in _OF_VISIT),
        )
        .join(cases, cases.c.id == visits.c.case_id)
        .where(
            visits.c.status.not_in(("done", "cancelled")), visits.c.kind.in_(("human", "wait")),
            or_(visits.c.assignee == person, free),
            *(cases.c.search.contains(word, autoescape=True) for word in search.lower().split()),
        )
        .order_by(visits.c.due_at.asc().nulls_last(), visits.c.opened_at, visits.c.case_id)
        .limit(limit)
    )  # fmt: skip
    return [
        Item(**(row._asdict()
                | {"candidates": tuple(row.candidates), "tags": tuple(row.tags)}))
        for row in connection.execute(query)
    ]  # fmt: skip


_OF_VISIT = (
    "case_id", "visit", "step", "kind", "title", "status", "opened_at", "due_at", "overdue",
    "window_start", "window_end", "role", "assignee", "candidates",
)  # fmt: skip


def troubles(connection: Connection, limit: int = 100) -> list[Trouble]:
    """Faults, blocked calls, messages nobody got, events no case took, starts; the newest first."""
    faults = select(cases.c.id, cases.c.ref, cases.c.fault, cases.c.fault_at).where(
        cases.c.fault.is_not(None)
    )
    blocked = (
        select(cases.c.id, cases.c.ref, visits.c.title, visits.c.opened_at)
        .join(visits, visits.c.case_id == cases.c.id)
        .where(visits.c.status == "blocked")
    )
    unsent = (
        select(cases.c.id, cases.c.ref, outbox.c.reason, outbox.c.queued_at)
        .join(outbox, outbox.c.case_id == cases.c.id)
        .where(outbox.c.status.in_(("rejected", "given_up")))
        .order_by(outbox.c.id.desc())
    )
    untold = (
        select(cases.c.id, cases.c.ref, case_events.c.reason, case_events.c.queued_at)
        .join(case_events, case_events.c.from_case == cases.c.id)
        .where(case_events.c.status == "failed")
    )
    not_begun = select(
        schedule_marks.c.process, schedule_marks.c.process, schedule_marks.c.reason,
        schedule_marks.c.reason_at,
    ).where(schedule_marks.c.reason.is_not(None))  # fmt: skip
    kinds = {"fault": faults, "blocked": blocked, "message": unsent, "case_event": untold,
             "schedule": not_begun}  # fmt: skip
    found = [
        Trouble(kind, case_id, ref, about or "", since)
        for kind, query in kinds.items()
        for case_id, ref, about, since in connection.execute(query.limit(limit))
    ]
    return sorted(found, key=lambda each: each.since, reverse=True)[:limit]
