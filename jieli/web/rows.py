"""Repeated rows of a form: one is opened, changed or dropped while the rest stays as typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from jieli.engine.filled import ROW
from jieli.web.posted import MOST_ROWS, Posted


def change(posted: Posted, name: str, verb: str, number: int) -> Posted:
    """The posted values after a row's button was pressed."""
    rows = list(posted.values.get(name) or [])
    opened = {key: at for key, at in posted.open_rows.items() if key != name}
    match verb:
        case "row_add":
            opened[name] = len(rows)
        case "row_edit" if number < len(rows):
            opened[name] = number
        case "row_drop" if number < len(rows):
            del rows[number]
    return replace(posted, values={**posted.values, name: rows}, open_rows=opened)


def place(
    given: Sequence[Mapping[str, Any]], table: Sequence[Mapping[str, Any]], number: int
) -> int | None:
    """Where a posted row stands in the table put right; None if its source is there no more."""
    if number >= len(given):
        return None
    own = given[number].get(ROW)
    if own:
        return next((at for at, row in enumerate(table) if row.get(ROW) == own), None)
    before = sum(1 for row in given[:number] if not row.get(ROW))
    typed_in = [at for at, row in enumerate(table) if not row.get(ROW)]
    return typed_in[before] if before < len(typed_in) else None


def put(values: dict[str, Any], key: str, value: str) -> None:
    """Set a field, or a row's column written as `field.3.column`."""
    name, _, rest = key.partition(".")
    index, _, column = rest.partition(".")
    if not rest:
        values[name] = value
    elif index.isdigit():
        rows = list(values.get(name) or [])
        rows += [{} for _ in range(int(index) + 1 - len(rows))] if int(index) < MOST_ROWS else []
        if int(index) < len(rows):
            rows[int(index)] = {**rows[int(index)], column: value}
            values[name] = rows
