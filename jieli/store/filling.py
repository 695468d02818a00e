"""What tables of a form are filled with, from open work, cases, lists, the ledger, the roster.

Reads only. How a row becomes a row of the form is `engine.filled`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from jieli.engine import accounts, duty, filled, filters
from jieli.engine.case import CaseState
from jieli.engine.context import Context
from jieli.engine.definition import FieldWords
from jieli.engine.expressions import ExpressionError, evaluate
from jieli.engine.fills import CasesWanted, Fill
from jieli.engine.published import Definition
from jieli.store import case_rows, entries, imports
from jieli.store.reports.appraisals import rated_months

Row = dict[str, Any]
MONTHS_BACK = 24
"""So far back the ledger's streaks are counted."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One table that wants rows."""

    connection: Connection
    definition: Definition
    state: CaseState
    context: Context
    field: FieldWords
    fill: Fill
    scope: Mapping[str, Any]
    now: datetime

    def value(self, expression: str | None) -> Any:
        """An expression's value; what is not known yet is nothing."""
        if expression is None:
            return None
        try:
            return evaluate(expression, self.scope)
        except ExpressionError:
            return None

    def named(self, column: str, ids: str | Sequence[str] | None) -> Any:
        """People as the column holds them: ids where it asks for people, else their names."""
        words = self.field.fields.get(column)
        if ids is None or (words is not None and words.type in ("person", "people")):
            return list(ids) if isinstance(ids, tuple) else ids
        people = [ids] if isinstance(ids, str) else ids
        return "、".join(self.context.label(each) for each in people)


def fill_values(
    connection: Connection, definition: Definition, state: CaseState, context: Context,
    fields: Mapping[str, FieldWords], scope: Mapping[str, Any], now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """What a form holds before anybody typed: defaults, and the tables with today's rows."""
    found = {}
    for name, fill in filled.tables(fields).items():
        asked = _Asked(
            connection, definition, state, context, fields[name], fill, scope, now
        )
        found[name] = rows_for(asked)
    return filled.starting(fields, scope, found)


def rows_for(asked: _Asked) -> list[Mapping[str, Any]]:
    """The rows of the one source that the table names."""
    for name, read in _SOURCES.items():
        if getattr(asked.fill, name) is not None:
            return list(read(asked))
    return []


def _rows(asked: _Asked) -> Sequence[Mapping[str, Any]]:
    return filled.rows_of(asked.fill.rows or "", asked.scope)


def _open_work(asked: _Asked) -> list[Row]:
    people = asked.value(asked.fill.open_work) or ()
    several = [people] if isinstance(people, str) else [str(each) for each in people]
    before = filters.instant(asked.value(asked.fill.opened_before), asked.context.calendar.zone)
    found = case_rows.open_work(asked.connection, asked.state, several, before)
    return [row | {"owner": asked.named("owner", row["owner"])} for row in found]


def _cases(asked: _Asked) -> list[Row]:
    wanted = asked.fill.cases
    assert isinstance(wanted, CasesWanted)
    zone = asked.context.calendar.zone
    found = case_rows.of_processes(
        asked.connection, wanted.process, wanted.status,
        since=filters.instant(asked.value(wanted.since), zone),
        until=filters.instant(asked.value(wanted.until), zone),
        but=asked.state.case_id,
    )  # fmt: skip
    return [row | {"owner": asked.named("owner", row["owner"])} for row in found]


def _imported(asked: _Asked) -> list[Row]:
    name = str(asked.fill.imported)
    listed = asked.context.imports.get(name)
    return imports.unmarked(asked.connection, name, listed) if listed else []


def _ledger(asked: _Asked) -> list[Row]:
    """What the totals propose for a month, and what the people have in it."""
    month = str(asked.value(asked.fill.ledger) or "")
    if not month:
        return []
    since = accounts.earlier(month, MONTHS_BACK)
    posted = [each.posted() for each in entries.entries(asked.connection, since=since, until=month)]
    rules = asked.context.ledger.rules
    marks = rated_months(asked.connection, asked.context, asked.now, since, month)
    return [
        {
            "key": each.key, "rule": each.rule, "label": rules[each.rule].label,
            "person": asked.named("person", each.person), "reason": each.reason,
            "month": month, "total": each.total,
        }
        for each in accounts.proposals(posted, asked.context.ledger, month, marks)
        if each.rule in rules
    ]  # fmt: skip


def _roster(asked: _Asked) -> list[Row]:
    at = filters.instant(asked.value(asked.fill.roster), asked.context.calendar.zone)
    if at is None:
        return []
    context, day = asked.context, at.astimezone(asked.context.calendar.zone).date()
    return [_shift_row(asked, context, day, each) for each in duty.shifts_on(context, day)]


def _shift_row(asked: _Asked, context: Context, day: date, one: duty.MannedShift) -> Row:
    post, shift = context.posts.get(one.post), context.shifts.get(one.shift)
    least = post.least if post else 0
    missing = "、".join(context.label(each) for each in one.missing)
    short = f"{len(one.people)}/{least}" if len(one.people) < least else ""
    return {
        "key": f"{one.post}:{one.shift}:{day.isoformat()}", "date": day,
        "post": _told(asked, "post", one.post, post.label if post else one.post),
        "shift": _told(asked, "shift", one.shift, shift.label if shift else one.shift),
        "people": asked.named("people", one.people), "gap": " ".join(filter(None, (short, missing))),
    }  # fmt: skip


def _told(asked: _Asked, column: str, key: str, label: str) -> str:
    """A choice column holds the key, any other what people read."""
    words = asked.field.fields.get(column)
    return key if words is not None and words.type == "choice" else label


_SOURCES: dict[str, Callable[[_Asked], Sequence[Mapping[str, Any]]]] = {
    "rows": _rows,
    "open_work": _open_work,
    "cases": _cases,
    "imported": _imported,
    "ledger": _ledger,
    "roster": _roster,
}
