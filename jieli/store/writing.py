"""The bulk statements of a commit, built once: each takes any number of rows. Decides nothing."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, insert, update

from jieli.store.statements import insert_or
from jieli.store.tables import (
    case_events,
    case_runs,
    cases,
    contact_blocks,
    drafts,
    history,
    links,
    outbox,
    service_calls,
    timers,
    visits,
)

Rows = list[dict[str, Any]]

_MOVING = (
    "version", "status", "result", "title", "priority", "buyer", "contact_blocked", "tags",
    "search", "owner", "closed_at", "due_at", "changed_at", "state", "revision", "fault", "fault_at",
)  # fmt: skip
_UPDATE_CASE = (
    update(cases)
    .where(cases.c.id == bindparam("on_case"))
    .values({name: bindparam(name) for name in _MOVING})
)
_FLAG_FAULT = (
    update(cases)
    .where(cases.c.id == bindparam("on_case"))
    .values(fault=bindparam("fault"), fault_at=bindparam("fault_at"))
)
_DISARM = delete(timers).where(
    timers.c.case_id == bindparam("on_case"), timers.c.timer == bindparam("on_timer")
)
_CANCEL_MESSAGES = (
    update(outbox)
    .where(
        outbox.c.case_id == bindparam("on_case"), outbox.c.visit == bindparam("on_visit"),
        outbox.c.status == "pending",
    )
    .values(status="cancelled", finished_at=bindparam("at"))
)  # fmt: skip
_CANCEL_CALLS = (
    update(service_calls)
    .where(
        service_calls.c.case_id == bindparam("on_case"),
        service_calls.c.visit == bindparam("on_visit"), service_calls.c.status == "pending",
    )
    .values(status="cancelled", finished_at=bindparam("at"))
)  # fmt: skip
_REPORTED = (
    update(service_calls)
    .where(
        service_calls.c.case_id == bindparam("on_case"),
        service_calls.c.visit == bindparam("on_visit"),
        service_calls.c.call_attempt == bindparam("on_attempt"),
    )
    .values(reported=True)
)
_REVOKE = (
    update(links)
    .where(
        links.c.case_id == bindparam("on_case"), links.c.visit == bindparam("on_visit"),
        links.c.generation < bindparam("below"), links.c.status == "active",
    )
    .values(status="revoked")
)  # fmt: skip
_DROP_DRAFTS = delete(drafts).where(
    drafts.c.case_id == bindparam("on_case"), drafts.c.visit == bindparam("on_visit")
)

_FIXED = {"case_id", "visit", "step", "nth", "kind", "branch", "opened_at", "entered_at"}
_UPSERT_VISIT = insert_or(
    visits,
    unique=("case_id", "visit"),
    update=[name for name in visits.c.keys() if name not in _FIXED],  # noqa: SIM118
)
_ARM = insert_or(timers, unique=("case_id", "timer"), update=("at", "guessed"))
_QUEUE_EVENT = insert_or(
    case_events,
    unique=("event_id",),
    columns=(
        "event_id", "kind", "from_case", "from_visit", "to_case", "body", "status", "attempt",
        "next_try_at", "queued_at",
    ),
)  # fmt: skip
_BLOCK = insert_or(contact_blocks, unique=("buyer",))


def insert_cases(connection: Connection, rows: Rows) -> None:
    """New cases, and the place where their run is remembered."""
    _many(connection, insert(cases), rows)
    _many(
        connection, insert(case_runs),
        [
            {"case_id": row["id"], "run_id": None, "generation": 0, "shown_revision": 0,
             "ended": False}
            for row in rows
        ],
    )  # fmt: skip


def update_cases(connection: Connection, rows: Rows) -> None:
    """Where cases stand now."""
    changes = [{"on_case": row["id"]} | {name: row[name] for name in _MOVING} for row in rows]
    _many(connection, _UPDATE_CASE, changes)


def flag_faults(connection: Connection, rows: Rows) -> None:
    """Cases whose event could not be applied."""
    _many(connection, _FLAG_FAULT, rows)


def insert_history(connection: Connection, rows: Rows) -> None:
    """What happened; rows that nobody changes again."""
    _many(connection, insert(history), rows)


def upsert_visits(connection: Connection, rows: Rows) -> None:
    """Visits opened, changed or closed, in their final form."""
    _many(connection, _UPSERT_VISIT, rows)


def replace_timers(connection: Connection, disarmed: Rows, armed: Rows) -> None:
    """Timers gone, then timers set: one may take the place of another."""
    _many(connection, _DISARM, disarmed)
    _many(connection, _ARM, armed)


def mark_calls_reported(connection: Connection, rows: Rows) -> None:
    """Calls whose outcome the case has taken in."""
    _many(connection, _REPORTED, rows)


def cancel_messages(connection: Connection, rows: Rows) -> None:
    """Messages of visits that nobody needs any more."""
    _many(connection, _CANCEL_MESSAGES, rows)


def cancel_calls(connection: Connection, rows: Rows) -> None:
    """Calls of visits that are over."""
    _many(connection, _CANCEL_CALLS, rows)


def insert_messages(connection: Connection, new_links: Rows, messages: Rows) -> None:
    """Messages, and the links they carry, in one commit."""
    _many(connection, insert(links), new_links)
    _many(connection, insert(outbox).inline(), messages)


def revoke_links(connection: Connection, rows: Rows) -> None:
    """Links of visits that are over or were given to somebody else."""
    _many(connection, _REVOKE, rows)


def drop_drafts(connection: Connection, rows: Rows) -> None:
    """Drafts of visits that are over: personal data nobody needs."""
    _many(connection, _DROP_DRAFTS, rows)


def insert_calls(connection: Connection, rows: Rows) -> None:
    """Service calls to be made."""
    _many(connection, insert(service_calls).inline(), rows)


def insert_case_events(connection: Connection, rows: Rows) -> None:
    """Events for other cases; one that is queued already stays alone."""
    _many(connection, _QUEUE_EVENT, rows)


def event_row(
    event_id: str, kind: str, *, from_case: str, from_visit: int | None, to_case: str | None,
    body: str, at: datetime,
) -> dict[str, Any]:  # fmt: skip
    """A pending row of case_events."""
    return {
        "event_id": event_id, "kind": kind, "from_case": from_case, "from_visit": from_visit,
        "to_case": to_case, "body": body, "status": "pending", "attempt": 0, "next_try_at": at,
        "queued_at": at,
    }  # fmt: skip


def block_contacts(connection: Connection, rows: Rows) -> None:
    """Buyers nobody contacts again."""
    _many(connection, _BLOCK, rows)


def _many(connection: Connection, statement: Any, rows: Rows) -> None:
    if rows:
        connection.execute(statement, rows)
