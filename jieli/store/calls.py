"""Owns the service calls to be made: claimed like messages, answers kept until the case knows.

`unfinished` says that an earlier try began and nobody wrote down how it ended. Calls nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, case, func, or_, select, update

from jieli.engine.events import CallAnswered, CallFailed
from jieli.store.cases import Request
from jieli.store.tables import service_calls
from jieli.store.times import real_now


@dataclass(frozen=True, slots=True)
class CallRow:
    """A claimed call; `attempt` is the fence, `tries` how often it was tried in vain."""

    id: int
    case_id: str
    visit: int
    call_attempt: int
    idempotency_key: str
    request: dict[str, Any]
    attempt: int
    tries: int
    unfinished: bool


def claim(
    connection: Connection,
    *,
    owner: str,
    limit: int,
    lease_seconds: float,
    min_age_seconds: float = 0,
    case_id: str | None = None,
) -> list[CallRow]:
    """Take calls that are due, the longest waiting first."""
    now = real_now()
    wanted = (
        select(service_calls)
        .where(
            *_due(now, case_id),
            service_calls.c.queued_at <= now - timedelta(seconds=min_age_seconds),
        )
        .order_by(service_calls.c.next_try_at, service_calls.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(wanted).all()
    until = now + timedelta(seconds=lease_seconds)
    changes = [{"on_id": row.id, "owner": owner, "until": until} for row in rows]
    if changes:
        connection.execute(_CLAIM, changes)
    return [_call_row(row, row.attempt + 1) for row in rows]


_CLAIM = (
    update(service_calls)
    .where(service_calls.c.id == bindparam("on_id"))
    .values(
        attempt=service_calls.c.attempt + 1, claimed_by=bindparam("owner"),
        claimed_until=bindparam("until"),
    )
)  # fmt: skip


def due_count(connection: Connection, *, case_id: str | None = None) -> int:
    """How many calls could be claimed now."""
    query = select(func.count()).select_from(service_calls).where(*_due(real_now(), case_id))
    return int(connection.execute(query).scalar_one())


def _due(now: datetime, case_id: str | None) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [
        service_calls.c.status == "pending",
        service_calls.c.next_try_at <= now,
        or_(service_calls.c.claimed_until.is_(None), service_calls.c.claimed_until <= now),
    ]
    if case_id is not None:
        conditions.append(service_calls.c.case_id == case_id)
    return conditions


def begun(connection: Connection, row: CallRow) -> bool:
    """Write down that the call is being made now; False: it is no longer wanted or not ours.

    To be committed before the call leaves: after a crash it tells "perhaps" from "never".
    """
    return _change(connection, row, begun_at=real_now())


def answered(connection: Connection, row: CallRow, response: Any) -> bool:
    """Keep the answer; the case learns of it by `unreported`."""
    return _finish(connection, row, status="answered", response=response)


def failed(connection: Connection, row: CallRow, reason: str, *, unknown: bool = False) -> bool:
    """The call will not be tried again; `unknown`: nobody knows whether it happened."""
    return _finish(connection, row, status="failed", reason=reason, unknown=unknown)


def try_later(connection: Connection, row: CallRow, reason: str, after: timedelta) -> bool:
    """The call did not happen, or may happen again: once more after that time."""
    return _change(
        connection, row, begun_at=None, claimed_by=None, claimed_until=None, reason=reason,
        tries=service_calls.c.tries + 1, next_try_at=real_now() + after,
    )  # fmt: skip


def unreported(
    connection: Connection, limit: int, *, case_id: str | None = None
) -> list[Request]:
    """The events that tell cases how their calls ended; applying one marks the call."""
    query = (
        select(service_calls)
        .where(service_calls.c.status.in_(("answered", "failed")), ~service_calls.c.reported)
        .order_by(service_calls.c.id)
        .limit(limit)
    )
    if case_id is not None:
        query = query.where(service_calls.c.case_id == case_id)
    return [_request(row) for row in connection.execute(query)]


def drop_report(connection: Connection, request: Request) -> None:
    """The case did not want to know how the call ended: it had gone on."""
    event = request.event
    assert isinstance(event, CallAnswered | CallFailed)
    connection.execute(
        update(service_calls)
        .where(
            service_calls.c.case_id == request.case_id, service_calls.c.visit == event.visit,
            service_calls.c.call_attempt == event.attempt,
        )
        .values(reported=True)
    )  # fmt: skip


def next_try_at(connection: Connection, case_id: str | None = None) -> datetime | None:
    """When the next call is due to be tried; None when none waits."""
    waiting = case(
        (service_calls.c.claimed_until > service_calls.c.next_try_at,
         service_calls.c.claimed_until),
        else_=service_calls.c.next_try_at,
    )  # fmt: skip
    query = select(func.min(waiting)).where(service_calls.c.status == "pending")
    if case_id is not None:
        query = query.where(service_calls.c.case_id == case_id)
    found: datetime | None = connection.execute(query).scalar()
    return found


def _finish(connection: Connection, row: CallRow, **values: Any) -> bool:
    return _change(
        connection, row, claimed_by=None, claimed_until=None, finished_at=real_now(), **values
    )


def _change(connection: Connection, row: CallRow, **values: Any) -> bool:
    changed = connection.execute(
        update(service_calls)
        .where(
            service_calls.c.id == row.id, service_calls.c.attempt == row.attempt,
            service_calls.c.status == "pending",
        )
        .values(**values)
    )  # fmt: skip
    return changed.rowcount == 1


def _request(row: Row[Any]) -> Request:
    event_id = f"call:{row.case_id}:{row.visit}:{row.call_attempt}"
    about = {"visit": row.visit, "attempt": row.call_attempt}
    if row.status == "answered":
        return Request(row.case_id, event_id, CallAnswered(**about, response=row.response))
    failure = CallFailed(**about, reason=row.reason or "", unknown=row.unknown)
    return Request(row.case_id, event_id, failure)


def _call_row(row: Row[Any], attempt: int) -> CallRow:
    return CallRow(
        id=row.id, case_id=row.case_id, visit=row.visit, call_attempt=row.call_attempt,
        idempotency_key=row.idempotency_key, request=row.request, attempt=attempt,
        tries=row.tries, unfinished=row.begun_at is not None,
    )  # fmt: skip
