"""Carries events from case to case: sub-cases begun and ended, buyers nobody contacts again.

Each is applied in a commit of its own, once; what cannot be applied stays visible as failed.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, Connection, Row, or_, select, update

from jieli.engine.errors import JieliError
from jieli.engine.events import ContactBlocked, Event, NoteAdded, SubCaseEnded
from jieli.store import files, writing
from jieli.store.cases import Applied, Failed, Rejected, Request, apply_event, apply_events, lock
from jieli.store.columns import load_json
from jieli.store.database import Database
from jieli.store.starts import Started, check_data, start_case
from jieli.store.statements import insert
from jieli.store.tables import case_events, case_links, cases, contact_blocks
from jieli.store.timers import REST_AFTER_FAULT
from jieli.store.times import business_now, real_now

log = logging.getLogger(__name__)

MOST_TRIES = 8
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


class OwnSubCase(JieliError):
    """The sub-case would be the case itself: its key is the same."""


def apply_pending(database: Database, limit: int, *, from_case: str | None = None) -> list[str]:
    """Apply what waits for other cases; returns the ids of the cases that changed, to wake them."""
    query = select(case_events.c.id).where(*_due(from_case)).order_by(case_events.c.id)
    with database.read() as connection:
        waiting = list(connection.scalars(query.limit(limit)))
    changed = [case_id for number in waiting if (case_id := _apply_one(database, number))]
    return list(dict.fromkeys(changed + _block_contacts(database, limit)))


def is_pending(connection: Connection, *, from_case: str | None = None) -> bool:
    """Whether something could be applied now."""
    return connection.execute(select(case_events.c.id).where(*_due(from_case))).first() is not None


def _due(from_case: str | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        case_events.c.status == "pending",
        case_events.c.next_try_at <= real_now(),
    ]
    if from_case is not None:
        conditions.append(case_events.c.from_case == from_case)
    return conditions


def retry(connection: Connection, number: int) -> bool:
    """Try a failed one again, on an operator's word."""
    changed = connection.execute(
        update(case_events)
        .where(case_events.c.id == number, case_events.c.status == "failed")
        .values(status="pending", attempt=0, next_try_at=real_now(), reason=None)
    )
    return changed.rowcount == 1


def _apply_one(database: Database, number: int) -> str | None:
    """Apply one row under its lock; the id of the case it changed."""

    def work(connection: Connection) -> str | None:
        row = connection.execute(
            select(case_events)
            .where(case_events.c.id == number, case_events.c.status == "pending")
            .with_for_update(skip_locked=True)
        ).first()
        if row is None:
            return None
        return _start(connection, row) if row.kind == "start" else _tell(connection, row)

    return database.run(work)


def _tell(connection: Connection, row: Row[Any]) -> str | None:
    request = Request(row.to_case, row.event_id, _EVENT.validate_json(row.body))
    outcome = apply_events(connection, [request], business_now(connection))[0]
    match outcome:
        case Failed(error=error):
            _try_later(connection, row, error)
        case Rejected(error=error):
            # The other case has gone on or is closed; what it was to be told concerns nobody.
            _mark(connection, row, "refused", str(error))
        case _:
            _mark(connection, row, "done")
    return str(row.to_case) if isinstance(outcome, Applied) else None


def _start(connection: Connection, row: Row[Any]) -> str | None:
    asked = load_json(row.body)
    now = business_now(connection)
    try:
        with connection.begin_nested():
            # The case that asks may pass on its own files.
            data = check_data(
                connection, asked["process"], asked["data"], now,
                uploads=set(files.ids_in(asked["data"])),
            )  # fmt: skip
            # A start that knows no parent (a ledger proposal) is linked, and nobody waits for it.
            parent = row.from_case if asked.get("parent", True) else None
            started = start_case(
                connection, process=asked["process"], data=data,
                source=asked.get("source", "case"), by=None, now=now, event_id=row.event_id,
                parent=parent, parent_visit=row.from_visit if parent else None,
            )  # fmt: skip
            if started.case_id == row.from_case:
                raise OwnSubCase()
            _link(connection, row, started, wait=asked["wait"])
    except JieliError as error:
        _give_up(connection, row, error)
        return str(row.from_case)
    _mark(connection, row, "done")
    return str(started.case_id)


def _link(connection: Connection, row: Row[Any], started: Started, *, wait: bool) -> None:
    """Write down which case the visit began, or found open, and let its history know."""
    # A case that was there before has no parent to tell: we tell it, and not while it is closing.
    tell = wait and not started.created
    other = lock(connection, [started.case_id])[started.case_id].read() if tell else None
    connection.execute(
        insert(connection, case_links).values(
            parent_id=row.from_case, parent_visit=row.from_visit or 0, child_id=started.case_id,
            tell=tell,
        ).on_conflict_do_nothing()
    )  # fmt: skip
    detail = {"child": started.case_id, "ref": started.ref, "of_visit": row.from_visit,
              "created": started.created}  # fmt: skip
    events: list[tuple[str, Event]] = [
        (f"linked:{row.event_id}", NoteAdded(text="sub_case_linked", detail=detail))
    ]
    if other is not None and other.status != "open":
        ended = SubCaseEnded(
            visit=row.from_visit, case_id=other.case_id, ref=other.ref,
            result=other.result or other.status, data=dict(other.data),
        )  # fmt: skip
        events.append((f"sub_ended:{other.case_id}:{row.from_case}:{row.from_visit}", ended))
    writing.insert_case_events(
        connection,
        [
            writing.event_row(
                event_id, "event", from_case=started.case_id, from_visit=None,
                to_case=row.from_case, body=event.model_dump_json(), at=real_now(),
            )
            for event_id, event in events
        ],
    )  # fmt: skip


def _give_up(connection: Connection, row: Row[Any], error: JieliError) -> None:
    """Nobody can mend it but a person: the waiting case says so."""
    _mark(connection, row, "failed", str(error))
    note = NoteAdded(text="sub_case_failed", detail={"of_visit": row.from_visit})
    request = Request(row.from_case, f"failed:{row.event_id}:{row.attempt}", note)
    apply_events(connection, [request], business_now(connection))
    fault = f"sub-case: {error}"[:2000]
    writing.flag_faults(
        connection, [{"on_case": row.from_case, "fault": fault, "fault_at": real_now()}]
    )


def _try_later(connection: Connection, row: Row[Any], error: Exception) -> None:
    if row.attempt + 1 >= MOST_TRIES:
        log.error("event %s for case %s is given up", row.event_id, row.to_case)
        _mark(connection, row, "failed", str(error))
        return
    connection.execute(
        update(case_events)
        .where(case_events.c.id == row.id)
        .values(
            attempt=row.attempt + 1, reason=str(error)[:2000],
            next_try_at=real_now() + timedelta(seconds=2 ** (row.attempt + 1)),
        )
    )  # fmt: skip


def _mark(
    connection: Connection, row: Row[Any], status: str, reason: str | None = None
) -> None:
    connection.execute(
        update(case_events)
        .where(case_events.c.id == row.id)
        .values(status=status, attempt=row.attempt + 1, reason=reason and reason[:2000])
    )


def _block_contacts(database: Database, limit: int) -> list[str]:
    """Tell the open cases of blocked buyers, also those that began while the buyer was blocked."""
    rested = real_now() - REST_AFTER_FAULT
    with database.read() as connection:
        open_cases = list(
            connection.scalars(
                select(cases.c.id)
                .join(contact_blocks, contact_blocks.c.buyer == cases.c.buyer)
                .where(
                    cases.c.status == "open", ~cases.c.contact_blocked,
                    or_(cases.c.fault_at.is_(None), cases.c.fault_at <= rested),
                )
                .order_by(cases.c.id)
                .limit(limit)
            )
        )  # fmt: skip
    requests = [Request(each, f"contact_blocked:{each}", ContactBlocked()) for each in open_cases]
    outcomes = [apply_event(database, request) for request in requests]
    return [each.case_id for each in outcomes if isinstance(each, Applied)]
