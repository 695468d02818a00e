"""What a form holds before anybody typed: defaults worked out, tables filled from their source.

Pure: where the rows of a source come from is the store's. Judges no answer, forms do.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from jieli.engine.definition import FieldWords
from jieli.engine.expressions import ExpressionError, evaluate
from jieli.engine.fills import Fill
from jieli.engine.inputs import LONGEST, Mistake, Reader, is_empty
from jieli.engine.scope import typed
from jieli.engine.stored import as_stored

ROW = "_row"
"""Which row of the source a row of a table is; the page sends it back, a row typed in has none."""

Rows = list[dict[str, Any]]


@dataclass(frozen=True)
class Merged:
    """A table as it was sent in, put right; and what is on none of its rows, or new since."""

    rows: Rows
    missing: tuple[str, ...] = ()


def defaults(fields: Mapping[str, FieldWords], scope: Mapping[str, Any]) -> dict[str, Any]:
    """The values of the fields that say an expression with `fill:`, as JSON keeps them."""
    return {
        name: value
        for name, field in fields.items()
        if isinstance(field.fill, str) and (value := _worked_out(field.fill, scope)) is not None
    }


def tables(fields: Mapping[str, FieldWords]) -> dict[str, Fill]:
    """The fields that are filled from a source."""
    return {name: each.fill for name, each in fields.items() if isinstance(each.fill, Fill)}


def rows_of(expression: str, scope: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The source `rows:`, from an expression; what is no row is left out."""
    try:
        found = evaluate(expression, scope)
    except ExpressionError:
        return []
    several = found if isinstance(found, Iterable) and not isinstance(found, str | Mapping) else ()
    return [row for row in several if isinstance(row, Mapping)]


def table(field: FieldWords, source: Sequence[Mapping[str, Any]], scope: Mapping[str, Any]) -> Rows:
    """The rows of a source as the table's columns hold them, each with its `ROW`."""
    assert isinstance(field.fill, Fill)
    key = field.fill.key
    rows = []
    for number, each in enumerate(source):
        row = {
            name: _fitting(column, each.get(name), scope) for name, column in field.fields.items()
        }
        for name, column in field.fields.items():
            if row[name] is None:
                row[name] = _default(column, row, field.fields, scope)
        kept = {name: value for name, value in row.items() if value is not None}
        rows.append({**kept, ROW: str(as_stored(each.get(key))) if key else str(number)})
    return rows


def starting(
    fields: Mapping[str, FieldWords],
    scope: Mapping[str, Any],
    found: Mapping[str, Sequence[Mapping[str, Any]]],
) -> dict[str, Any]:
    """All that a form holds at first: defaults, and the tables from the sources in `found`."""
    values = defaults(fields, scope)
    for name, source in found.items():
        values[name] = table(fields[name], source, scope)
    return values


def completed(
    fields: Mapping[str, FieldWords], raw: Mapping[str, Any], now_filled: Mapping[str, Rows]
) -> tuple[dict[str, Any], dict[str, tuple[str, ...]]]:
    """What was sent in, with its tables put right, and by table what is missing or new.

    `now_filled` is what the tables would be filled with now (see `table`).
    """
    values, missing = dict(raw), dict[str, tuple[str, ...]]()
    for name, rows in now_filled.items():
        merged = merge(fields[name], rows, raw.get(name))
        values[name] = merged.rows
        if merged.missing:
            missing[name] = merged.missing
    return values, missing


def merge(field: FieldWords, source: Rows, given: Any) -> Merged:
    """A table with its source: what is shown comes from there, what must stay is there."""
    fill = field.fill
    assert isinstance(fill, Fill)
    sent = [dict(row) for row in given if isinstance(row, Mapping)] if _is_list(given) else []
    known = {row[ROW] for row in source}
    places = [_place(row, fill, known) for row in sent]
    if fill.key is None and not any(ROW in row for row in sent):
        places = _aligned(sent, source, fill)
    by_place = {place: row for place, row in zip(places, sent, strict=True) if place in known}
    rows, missing = [], []
    for own in source:
        mine = by_place.get(own[ROW])
        if mine is not None:
            rows.append(
                {**own, **mine, **{name: own[name] for name in locked(field, own)}, ROW: own[ROW]}
            )
        elif fill.keep:
            rows.append(own)
            missing.append(_label(own, fill))
    rows += [_typed_in(row, fill) for place, row in zip(places, sent, strict=True) if not place]
    return Merged(rows, tuple(missing))


def locked(field: FieldWords, row: Mapping[str, Any]) -> list[str]:
    """The columns of a filled row that cannot be changed; what the source left empty can."""
    fill = field.fill
    if not isinstance(fill, Fill) or not row.get(ROW):
        return []
    shown: Collection[str] = {*fill.shown, *((fill.key,) if fill.key else ())}
    return [name for name in field.fields if name in shown and not is_empty(row.get(name))]


def _place(row: Mapping[str, Any], fill: Fill, known: Collection[str]) -> str:
    """Which row of the source this is; one that is there no more stays out, one typed in is ''."""
    if row.get(ROW):
        return str(row[ROW])
    key = str(row.get(fill.key) or "") if fill.key and ROW not in row else ""
    return key if key in known else ""


def _aligned(sent: Rows, source: Rows, fill: Fill) -> list[str]:
    """Places by order, for rows that say nothing of where they come from."""
    if len(sent) >= len(source):
        return [str(number) if number < len(source) else "" for number in range(len(sent))]
    places, at = [], 0
    for row in sent:
        found = next((n for n in range(at, len(source)) if _alike(row, source[n], fill)), None)
        at = at if found is None else found + 1
        places.append("" if found is None else str(found))
    return places


def _alike(row: Mapping[str, Any], own: Mapping[str, Any], fill: Fill) -> bool:
    said = (column for column in fill.shown if not is_empty(row.get(column)))
    return all(str(row[column]) == str(own.get(column, "")) for column in said)


def _typed_in(row: Mapping[str, Any], fill: Fill) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in (fill.key, ROW)}


def _label(row: Mapping[str, Any], fill: Fill) -> str:
    named = [row.get(name) for name in ((fill.key,) if fill.key else ()) + fill.shown]
    named += [value for name, value in row.items() if name != ROW]
    return next((str(value) for value in named if not is_empty(value)), row[ROW])


def _is_list(given: Any) -> bool:
    return isinstance(given, list | tuple)


def _worked_out(expression: str, scope: Mapping[str, Any]) -> Any:
    try:
        return as_stored(evaluate(expression, scope))
    except ExpressionError:  # what is not known yet is left for people to type
        return None


def _default(
    column: FieldWords, row: Mapping[str, Any], columns: Mapping[str, FieldWords],
    scope: Mapping[str, Any],
) -> Any:  # fmt: skip
    if not isinstance(column.fill, str):
        return column.default
    names = {name: typed(columns[name], value) for name, value in row.items()}
    return _fitting(column, _worked_out(column.fill, {**scope, **names}), scope)


def _fitting(column: FieldWords, value: Any, scope: Mapping[str, Any]) -> Any:
    """A value of a source as its column keeps it; what the column cannot hold is left empty."""
    kept = as_stored(value)
    if column.type in LONGEST and isinstance(kept, str):
        kept = kept[: column.max_length or LONGEST[column.type]]
        kept = " ".join(kept.splitlines()) if column.type == "text" else kept
    try:
        return Reader(scope["now"], scope["_timezone"], None).read(column, kept)
    except Mistake:
        return None
