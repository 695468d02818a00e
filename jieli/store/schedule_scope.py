"""The names that the words of a schedule may use, at one of its times. Reads only."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from jieli.engine.context import Context
from jieli.engine.expressions import references
from jieli.engine.occurrences import Occurrence
from jieli.engine.published import Definition
from jieli.store import open_steps


def scope_of(
    connection: Connection, definition: Definition, context: Context, occurrence: Occurrence,
    now: datetime,
) -> dict[str, Any]:  # fmt: skip
    """occurrence, date, now, change, settings, shop, roles and board."""
    change = occurrence.change
    return {
        "occurrence": occurrence.at,
        "date": occurrence.date,
        "now": now,  # a missed time is made up for later than it was meant
        "change": change.as_words() if change else None,
        "item": None,
        "settings": {name: each.value for name, each in definition.process.settings.items()},
        "shop": context.shop,
        "roles": context.people_of_roles,
        "board": _board(connection, definition, now),
        "_timezone": context.calendar.timezone,
    }


def _board(connection: Connection, definition: Definition, now: datetime) -> dict[str, int]:
    """How many cases are open, late, nobody's, stuck, due soon; counted where somebody asks."""
    if not _asks_for_board(definition):
        return {}
    return asdict(open_steps.board_counts(connection, now))


def _asks_for_board(definition: Definition) -> bool:
    return any(
        reference.path[0] == "board"
        for start in definition.process.start
        if start.schedule is not None
        for words in start.schedule.data.values()
        for reference in references(words, template=False)
    )
