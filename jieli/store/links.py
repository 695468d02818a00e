"""Owns completion links: what a link opens, for whom, and whether it still does. Signs nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, select, update

from jieli.engine.case import CaseState
from jieli.store import statements
from jieli.store.queued import link_row
from jieli.store.tables import cases, links
from jieli.store.times import business_now, real_now

# Numbers of messages are counters of the case and begin at 1: this one is for 我的待办.
_MADE_FOR_LIST = 0


@dataclass(frozen=True, slots=True)
class Link:
    """The row decides everything about a link; its token only names the row."""

    link_id: str
    purpose: Literal["work_item", "wait"]
    case_id: str
    visit: int
    person: str | None
    role: str | None
    status: Literal["active", "revoked"]
    expires_at: datetime | None
    generation: int
    opened_at: datetime | None


def find(connection: Connection, link_id: str) -> Link | None:
    """The link of that id, active or not."""
    row = connection.execute(select(links).where(links.c.id == link_id)).first()
    return _link(row) if row else None


def opened(connection: Connection, link_id: str, at: datetime) -> None:
    """Remember when somebody first opened it: a hint for supervisors, no proof."""
    connection.execute(
        update(links).where(links.c.id == link_id, links.c.opened_at.is_(None)).values(opened_at=at)
    )


def for_work_item(connection: Connection, case_id: str, visit: int, person: str) -> Link | None:
    """The link by which a person opens a work item from the list; None when it is over."""
    stored = connection.execute(
        select(cases.c.state).where(cases.c.id == case_id).with_for_update(key_share=True)
    ).scalar()
    live = CaseState.model_validate_json(stored).visits.get(visit) if stored else None
    if live is None:
        return None
    row = link_row(
        case_id,
        live,
        number=_MADE_FOR_LIST,
        at=real_now(),
        now=business_now(connection),
        person=person,
        role=None,
    )
    unique = {name: row[name] for name in
              ("case_id", "visit", "recipient", "generation", "number")}  # fmt: skip
    connection.execute(
        statements.insert(connection, links).values(row)
        # Whoever opens it from the list has just given the PIN: it may live anew.
        .on_conflict_do_update(
            index_elements=list(unique), set_={"expires_at": row["expires_at"]}
        )
    )  # fmt: skip
    found = connection.execute(select(links).filter_by(**unique)).one()
    return _link(found)


def _link(row: Row[Any]) -> Link:
    return Link(
        link_id=row.id, purpose=row.purpose, case_id=row.case_id, visit=row.visit,
        person=row.person, role=row.role, status=row.status, expires_at=row.expires_at,
        generation=row.generation, opened_at=row.opened_at,
    )  # fmt: skip
