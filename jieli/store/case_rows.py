"""Cases as rows of a table in another case: what a colleague who takes over needs to know.

Reads only. The buyer is named, for whoever takes over must know who it is; other personal fields stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from jieli.engine.case import CaseState
from jieli.engine.definition import Process
from jieli.engine.forms import MOST_FILLED_ROWS
from jieli.engine.scope import typed
from jieli.store import definitions
from jieli.store.handing_over import touched_by
from jieli.store.statements import one_of
from jieli.store.tables import cases

Row = dict[str, Any]


def open_work(
    connection: Connection, asking: CaseState, people: Sequence[str], before: datetime | None = None
) -> list[Row]:
    """The open cases that would move if these people's work were handed over now.

    With `before` only those opened by then: a record made up for later lists its own shift's.
    """
    ids = [row.id for row in touched_by(connection, asking, people)]
    query = (
        select(cases.c.state)
        .where(one_of(connection, cases.c.id, ids), _within(cases.c.opened_at, None, before))
        .order_by(cases.c.opened_at, func.length(cases.c.ref), cases.c.ref).limit(MOST_FILLED_ROWS)
    )  # fmt: skip
    return [
        _row(connection, CaseState.model_validate_json(state))
        for state in connection.scalars(query)
    ]


def of_processes(
    connection: Connection, processes: Sequence[str], statuses: Sequence[str], *,
    since: datetime | None, until: datetime | None, but: str,
) -> list[Row]:  # fmt: skip
    """Cases opened or closed in that time, the newest last; of very many only the newest."""
    query = (
        select(cases.c.state)
        .where(
            one_of(connection, cases.c.process, processes),
            one_of(connection, cases.c.status, statuses), cases.c.id != but,
            or_(_within(cases.c.opened_at, since, until), _within(cases.c.closed_at, since, until)),
        )
        .order_by(cases.c.opened_at.desc(), func.length(cases.c.ref).desc(), cases.c.ref.desc())
        .limit(MOST_FILLED_ROWS)
    )  # fmt: skip
    found = [CaseState.model_validate_json(state) for state in connection.scalars(query)]
    return [_row(connection, state) for state in reversed(found)]


def _within(
    column: ColumnElement[datetime], since: datetime | None, until: datetime | None
) -> ColumnElement[bool]:
    limits: list[ColumnElement[bool]] = [column.is_not(None)]
    limits += [column >= since] if since else []
    limits += [column < until] if until else []
    return and_(*limits)


def _row(connection: Connection, state: CaseState) -> Row:
    """The case's own fields under their names, then what every case has."""
    process = definitions.definition(connection, state.process, state.version).process
    open_steps = [visit for visit in state.visits.values() if visit.kind in ("human", "wait")]
    due = min((visit.due_at for visit in state.visits.values() if visit.due_at), default=None)
    fields = {
        name: typed(words, state.data.get(name))
        for name, words in process.case.fields.items()
        if words.pii is None and words.type != "rows"
    }
    return {
        "promised": None, "order_no": None, **fields,
        "ref": state.ref, "case_id": state.case_id, "title": state.title,
        "process": state.process, "process_title": process.title,
        "buyer": _buyer(process, state), "step": "、".join(visit.title for visit in open_steps),
        "due": due, "owner": state.owner, "priority": state.priority, "status": state.status,
        "result": process.ends.get(state.result or "", state.result),
        "opened_at": state.opened_at, "closed_at": state.closed_at,
    }  # fmt: skip


def _buyer(process: Process, state: CaseState) -> str:
    names = (
        state.data.get(name) for name, words in process.case.fields.items() if words.pii == "name"
    )
    known = next((name for name in names if name), state.buyer or "")
    return str(known)
