"""Folds a case's history through the engine again. Reads only; the stored state must come out."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import Connection, Row, select

from jieli.engine.advance import advance
from jieli.engine.case import CaseState
from jieli.engine.errors import CaseNotFound
from jieli.engine.events import Event
from jieli.store import definitions
from jieli.store.tables import cases, history

_EVENT: TypeAdapter[Event] = TypeAdapter(Event)


def replay(connection: Connection, case_id: str, *, up_to: int | None = None) -> CaseState:
    """The state made again from the events, each with the version and context it had then."""
    process = connection.execute(select(cases.c.process).where(cases.c.id == case_id)).scalar()
    if process is None:
        raise CaseNotFound(case_id)
    query = select(history).where(history.c.case_id == case_id).order_by(history.c.seq)
    if up_to is not None:
        query = query.where(history.c.seq <= up_to)
    state: CaseState | None = None
    for row in connection.execute(query):
        state = _step(connection, process, state, row)
    if state is None:
        raise CaseNotFound(case_id)
    return state


def stored_state(connection: Connection, case_id: str) -> CaseState:
    """Where the case stands; raises CaseNotFound."""
    stored = connection.execute(select(cases.c.state).where(cases.c.id == case_id)).scalar()
    if stored is None:
        raise CaseNotFound(case_id)
    return CaseState.model_validate_json(stored)


def _step(
    connection: Connection, process: str, state: CaseState | None, row: Row[Any]
) -> CaseState:
    definition = definitions.definition(connection, process, row.version)
    context = definitions.context(connection, row.context_id)
    event = _EVENT.validate_json(row.event)
    return advance(definition, state, event, context, row.at, row.facts).state
