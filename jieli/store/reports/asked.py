"""What a report is asked about: the month, and what it needs to read and to name things."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import JSON, ColumnElement, Connection, Text, cast, func, select

from jieli.engine.accounts import earlier
from jieli.engine.context import Context
from jieli.engine.published import Definition
from jieli.store import definitions
from jieli.store.statements import one_of
from jieli.store.tables import cases


@dataclass(frozen=True, slots=True)
class Asked:
    """A report is wanted: about this month, at this moment."""

    connection: Connection
    context: Context
    processes: Mapping[str, Definition]
    now: datetime
    month: str

    @property
    def zone(self) -> ZoneInfo:
        """The shop's time zone."""
        return self.context.calendar.zone

    def span(self, month: str | None = None) -> tuple[datetime, datetime]:
        """A month's first moment and the next month's, by the shop's clock."""
        this = month or self.month
        return self._begins(this), self._begins(earlier(this, -1))

    def local_date(self, at: datetime) -> date:
        """The shop's date of a moment."""
        return at.astimezone(self.zone).date()

    def title(self, process: str) -> str:
        """A process by its title."""
        known = self.processes.get(process)
        return known.process.title if known else process

    def label(self, process: str, field: str, key: Any) -> str:
        """An option of a choice field as people read it; unknown ones as they stand."""
        known = self.processes.get(process)
        words = known.process.case.fields.get(field) if known else None
        return words.of.get(str(key), str(key)) if words else str(key)

    def options(self, process: str, field: str) -> dict[str, str]:
        """The options of a choice field; none when the process is not published."""
        known = self.processes.get(process)
        words = known.process.case.fields.get(field) if known else None
        return dict(words.of) if words else {}

    def end(self, process: str, result: str | None) -> str:
        """A result as people read it."""
        known = self.processes.get(process)
        return known.process.ends.get(result or "", result or "") if known else result or ""

    def _begins(self, month: str) -> datetime:
        first = date(int(month[:4]), int(month[5:]), 1)
        return datetime.combine(first, time(), self.zone).astimezone(UTC)


def ask(connection: Connection, now: datetime, month: str | None = None) -> Asked:
    """Everything a report needs beside its own rows; raises ProcessNotFound before publishing."""
    _, context = definitions.current_context(connection)
    this = now.astimezone(context.calendar.zone).strftime("%Y-%m")
    known = definitions.latest_definitions(connection)
    return Asked(connection, context, known, now, month or this)


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """A case with what was filled in."""

    case_id: str
    ref: str
    process: str
    title: str
    status: str
    result: str | None
    opened_at: datetime
    closed_at: datetime | None
    due_at: datetime | None
    owner: str | None
    data: Mapping[str, Any]
    answers: Mapping[str, Any]

    def said(self, step: str, field: str) -> Any:
        """An answer of a step."""
        return (self.answers.get(step) or {}).get("fields", {}).get(field)


def cases_of(
    asked: Asked,
    processes: Collection[str],
    *,
    by: Literal["opened", "closed"] | None = None,
    span: tuple[datetime, datetime] | None = None,
    statuses: Iterable[str] | None = None,
) -> list[CaseFacts]:
    """The cases of these processes, oldest first; `by` says which time lies in the span."""
    query = select(
        cases.c.id, cases.c.ref, cases.c.process, cases.c.title, cases.c.status, cases.c.result,
        cases.c.opened_at, cases.c.closed_at, cases.c.due_at, cases.c.owner,
        _part(asked.connection, "data").label("data"),
        _part(asked.connection, "answers").label("answers"),
    ).where(one_of(asked.connection, cases.c.process, processes))  # fmt: skip
    if by is not None:
        column = cases.c.opened_at if by == "opened" else cases.c.closed_at
        since, until = span or asked.span()
        query = query.where(column >= since, column < until)
    if statuses is not None:
        query = query.where(one_of(asked.connection, cases.c.status, statuses))
    rows = asked.connection.execute(query.order_by(cases.c.opened_at, cases.c.id))
    return [
        CaseFacts(
            row.id, row.ref, row.process, row.title, row.status, row.result, row.opened_at,
            row.closed_at, row.due_at, row.owner, json.loads(row.data or "{}"),
            json.loads(row.answers or "{}"),
        )
        for row in rows
    ]  # fmt: skip


def _part(connection: Connection, name: str) -> ColumnElement[str]:
    # The whole state has every visit in it; two of its parts are read.
    if connection.dialect.name == "postgresql":
        return cast(cast(cases.c.state, JSON)[name], Text)
    return func.json_extract(cases.c.state, f"$.{name}", type_=Text)
