"""The one write path: a case changes here, under its lock, in the commit that records why."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from jieli.engine.advance import advance
from jieli.engine.errors import CaseNotFound, FormError, JieliError, Refused
from jieli.engine.events import Event, Transition
from jieli.store import definitions
from jieli.store.changes import Changes, Loaded
from jieli.store.database import Database
from jieli.store.statements import one_of
from jieli.store.tables import cases, history
from jieli.store.times import business_now, real_now

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """An event for a case; the same event id twice changes nothing the second time."""

    case_id: str
    event_id: str
    event: Event


@dataclass(frozen=True, slots=True)
class Applied:
    """The event counted."""

    case_id: str
    revision: int
    transition: Transition


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The event had counted before."""

    case_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class Rejected:
    """The case does not take the event; `error` tells the person why. Nothing was changed."""

    case_id: str
    error: JieliError


@dataclass(frozen=True, slots=True)
class Failed:
    """A fault of ours or of the definition; the case is flagged and otherwise unchanged."""

    case_id: str
    error: Exception


Outcome = Applied | Duplicate | Rejected | Failed


def apply_events(
    connection: Connection, requests: Sequence[Request], now: datetime
) -> list[Outcome]:
    """Apply events to their cases in the order given; what becomes of one harms no other.

    Takes the cases' locks in the order of their ids, so that two batches never block each other.
    """
    if not requests:
        return []
    locked = lock(connection, {request.case_id for request in requests})
    seen = _seen(connection, requests)
    context_id, context = definitions.current_context(connection)
    changes = Changes(now=now, recorded_at=real_now(), context_id=context_id)
    outcomes: list[Outcome] = []
    for request in requests:
        case = locked.get(request.case_id)
        if case is None:
            outcomes.append(Rejected(request.case_id, CaseNotFound(request.case_id)))
            continue
        if (request.case_id, request.event_id) in seen:
            outcomes.append(Duplicate(request.case_id, case.revision))
            continue
        try:
            state = case.read()
            definition = definitions.definition(connection, state.process, state.version)
            transition = advance(definition, state, request.event, context, now, {})
            changes.add(case, request.event_id, request.event, transition)
        except (Refused, FormError) as error:
            outcomes.append(Rejected(request.case_id, error))
        except Exception as error:
            log.exception("case %s did not take %s", request.case_id, request.event.kind)
            changes.fault(case, error)
            outcomes.append(Failed(request.case_id, error))
        else:
            seen.add((request.case_id, request.event_id))
            outcomes.append(Applied(request.case_id, case.revision, transition))
    changes.write(connection)
    return outcomes


def apply_event(database: Database, request: Request, now: datetime | None = None) -> Outcome:
    """Apply one event in a transaction of its own."""
    return apply_batch(database, [request], now)[0]


def apply_batch(
    database: Database, requests: Sequence[Request], now: datetime | None = None
) -> list[Outcome]:
    """Apply events in one transaction; if it cannot be committed, each in its own.

    Nobody loses an answer because of somebody else's case.
    """

    def work(connection: Connection) -> list[Outcome]:
        return apply_events(connection, requests, now or business_now(connection))

    try:
        return database.run(work)
    except SQLAlchemyError as error:
        if len(requests) == 1:
            log.exception("case %s could not be written", requests[0].case_id)
            return [Failed(requests[0].case_id, error)]
        log.warning("a batch of %s events goes one by one: %s", len(requests), error)
    return [apply_event(database, request, now) for request in requests]


def lock(connection: Connection, case_ids: Iterable[str]) -> dict[str, Loaded]:
    """Take the locks of cases, in the order of their ids, until the end of the transaction."""
    # NO KEY UPDATE: it excludes every other writer of the case, not those who only refer to it.
    rows = connection.execute(
        select(cases.c.id, cases.c.key, cases.c.revision, cases.c.state)
        .where(one_of(connection, cases.c.id, case_ids))
        .order_by(cases.c.id)
        .with_for_update(key_share=True)
    )
    return {row.id: Loaded(row.id, row.key, row.revision, row.state) for row in rows}


def _seen(connection: Connection, requests: Sequence[Request]) -> set[tuple[str, str]]:
    # Event ids are nearly unique, so the index leads with them.
    rows = connection.execute(
        select(history.c.case_id, history.c.event_id).where(
            one_of(connection, history.c.event_id, {request.event_id for request in requests})
        )
    )
    return {(row.case_id, row.event_id) for row in rows}
