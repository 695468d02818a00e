"""How a case begins: one open case per key, one start per event id, a short ref to say aloud."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, cast, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from jieli.engine import filled, forms
from jieli.engine.advance import advance
from jieli.engine.case import CaseState
from jieli.engine.definition import Process
from jieli.engine.errors import JieliError
from jieli.engine.events import CaseStarted, ContactBlocked
from jieli.engine.published import Definition
from jieli.engine.scope import scope_of
from jieli.store import definitions, files
from jieli.store.changes import Changes, Loaded
from jieli.store.columns import dump_json
from jieli.store.statements import insert_or
from jieli.store.tables import case_starts, cases, contact_blocks
from jieli.store.times import real_now

log = logging.getLogger(__name__)

_FIRST_NUMBER = 1000


@dataclass(frozen=True, slots=True)
class Started:
    """The case of that key: a new one, or the one that was there."""

    case_id: str
    ref: str
    created: bool


@dataclass(frozen=True, slots=True)
class NotStarted:
    """The start was refused or failed; nothing was changed."""

    error: Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A case to begin; `data` has passed the start form."""

    process: str
    data: Mapping[str, Any]
    source: str
    by: str | None
    event_id: str
    parent: str | None = None
    parent_visit: int | None = None


def start_case(
    connection: Connection,
    *,
    process: str,
    data: Mapping[str, Any],
    source: str,
    by: str | None,
    now: datetime,
    event_id: str,
    parent: str | None = None,
    parent_visit: int | None = None,
) -> Started:
    """Begin a case, or find the one of the same key, or of the same event id.

    Raises ProcessNotFound, and what `advance` raises.
    """
    asked = Start(
        process=process, data=data, source=source, by=by, event_id=event_id, parent=parent,
        parent_visit=parent_visit,
    )  # fmt: skip
    return begin(connection, asked, now)


def begin(connection: Connection, asked: Start, now: datetime) -> Started:
    """Do what `start_case` says."""
    number = _number(connection, asked.event_id)
    if number is None:
        return _of_event(connection, asked.event_id)
    version = definitions.latest_version(connection, asked.process)
    definition = definitions.definition(connection, asked.process, version)
    key = key_of(definition.process, asked.data)
    _lock_key(connection, key)
    found = _of_key(connection, key, definition.process)
    if found is None:
        found = _create(connection, asked, definition, key, _FIRST_NUMBER + number, now)
    connection.execute(
        update(case_starts)
        .where(case_starts.c.number == number)
        .values(case_id=found.case_id, created=found.created)
    )
    return found


def begin_all(
    connection: Connection, asked: list[Start], now: datetime
) -> list[Started | NotStarted]:
    """Begin many cases in one commit; one that is refused harms no other."""
    done: list[Started | NotStarted] = []
    for each in asked:
        try:
            with connection.begin_nested():
                done.append(begin(connection, each, now))
        except SQLAlchemyError:
            raise  # the transaction itself is in doubt: the caller begins them one by one
        except Exception as error:
            if not isinstance(error, JieliError):
                log.exception("a case of %s could not be begun", each.process)
            done.append(NotStarted(error))
    return done


def check_data(
    connection: Connection, process: str, raw: Mapping[str, Any], now: datetime,
    *, uploads: Collection[str] = (),
) -> dict[str, Any]:
    """The fields of a new case as the start form keeps them; raises FormError.

    Of uploads only the named ones may stand in it: an id from outside opens nobody's file.
    """
    version = definitions.latest_version(connection, process)
    definition = definitions.definition(connection, process, version)
    _, context = definitions.current_context(connection)
    nothing_yet = CaseState(case_id="", process=process, version=version, ref="", opened_at=now)
    words = definition.process.case
    scope = scope_of(definition, nothing_yet, context, now)
    given = {**filled.defaults(words.fields, scope), **raw}
    return forms.check(
        words.fields, words.rules, given, scope, now=now, timezone=context.calendar.timezone,
        files=uploads,
    )  # fmt: skip


def key_of(process: Process, data: Mapping[str, Any]) -> str:
    """What makes two starts the same case."""
    return dump_json([process.process, *(data.get(name) for name in process.case.key)])


def _create(
    connection: Connection, asked: Start, definition: Definition, key: str, number: int,
    now: datetime,
) -> Started:  # fmt: skip
    context_id, context = definitions.current_context(connection)
    case = Loaded(uuid.uuid4().hex, key)
    ref = f"A{number}"
    started = CaseStarted(
        case_id=case.id, ref=ref, version=definition.version, data=dict(asked.data),
        source=asked.source, by=asked.by, parent=asked.parent, parent_visit=asked.parent_visit,
    )  # fmt: skip
    changes = Changes(now=now, recorded_at=real_now(), context_id=context_id)
    changes.add(case, asked.event_id, started, advance(definition, None, started, context, now, {}))
    state = case.read()
    if state.status == "open" and state.buyer and _is_blocked(connection, state.buyer):
        blocked = ContactBlocked()
        transition = advance(definition, state, blocked, context, now, {})
        changes.add(case, f"contact_blocked:{case.id}", blocked, transition)
    changes.write(connection)
    if uploaded := files.named_by(definition.process.case.fields, asked.data):
        files.adopt(connection, case.id, uploaded)
    return Started(case.id, ref, created=True)


def _number(connection: Connection, event_id: str) -> int | None:
    """A new number, or None when this start was asked for before.

    Waits for another transaction that is just handling the same event id.
    """
    number = connection.execute(_NUMBER, {"event_id": event_id}).scalar()
    return None if number is None else int(number)


_NUMBER = insert_or(
    case_starts, unique=("event_id",), columns=("event_id",), returning="number"
)


def _of_event(connection: Connection, event_id: str) -> Started:
    row = connection.execute(
        select(cases.c.id, cases.c.ref)
        .join(case_starts, case_starts.c.case_id == cases.c.id)
        .where(case_starts.c.event_id == event_id)
    ).one()
    return Started(row.id, row.ref, created=False)


def _of_key(connection: Connection, key: str, process: Process) -> Started | None:
    found = select(cases.c.id, cases.c.ref).where(cases.c.key == key)
    if process.case.reopen == "after_close":
        found = found.where(cases.c.status == "open")
    # An open one before closed ones, the newest of these.
    row = connection.execute(
        found.order_by(cases.c.closed_at.desc().nulls_first()).limit(1)
    ).first()
    return Started(row.id, row.ref, created=False) if row else None


def _lock_key(connection: Connection, key: str) -> None:
    # The unique index alone would let a case be begun twice that must never be reopened: two
    # starts see none, one begins and ends it, the other begins it again.
    if connection.dialect.name == "postgresql":
        hashed = cast(func.hashtextextended(key, 0), BigInteger)
        connection.execute(select(func.pg_advisory_xact_lock(hashed)))


def _is_blocked(connection: Connection, buyer: str) -> bool:
    found = select(contact_blocks.c.buyer).where(contact_blocks.c.buyer == buyer)
    return connection.execute(found).first() is not None
