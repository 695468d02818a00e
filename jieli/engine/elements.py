"""What the elements of `each` are made of: the columns of the rows they were taken from. Static."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from jieli.engine.definition import FieldWords, HumanStep, Process, StepWords, SubCaseStep
from jieli.engine.expressions import ExpressionError, references

Columns = Mapping[str, Any]
"""Column -> its field, or the columns of a row inside it."""

AT = FieldWords(label="", type="datetime")
OF_AN_ARRIVAL = ("item", "by", "by_id", "at", "button", "visit")


def each_of(step: StepWords) -> str | None:
    """The expression a step says `each` with, if it does."""
    if isinstance(step, HumanStep):
        return step.each
    return step.sub_case.each if isinstance(step, SubCaseStep) else None


def item_columns(process: Process, expression: str, seen: tuple[str, ...] = ()) -> Columns:
    """The columns of what an expression lists, from every table of rows that it names."""
    try:
        used = references(expression, template=False)
    except ExpressionError:
        return {}
    found: dict[str, Any] = {}
    for reference in used:
        found = {**_columns_at(process, reference.path, seen), **found}
    return found


def arrival_columns(process: Process, name: str, seen: tuple[str, ...] = ()) -> Columns:
    """The columns of `<step>.each`."""
    step = process.steps[name]
    each = each_of(step)
    if each is None or name in seen:
        return {}
    form: Mapping[str, FieldWords] = getattr(step, "form", {})
    if isinstance(step, SubCaseStep):
        known = process.case.fields
        form = {key: known[key] for key in step.sub_case.save if key in known}
    return {**form, "at": AT, "item": item_columns(process, each, (*seen, name))}


def _columns_at(process: Process, path: tuple[str, ...], seen: tuple[str, ...]) -> Columns:
    root, *rest = path
    if root in process.steps:
        if rest[:1] == ["each"]:
            return arrival_columns(process, root, seen)
        form: Mapping[str, FieldWords] = getattr(process.steps[root], "form", {})
        field = form.get(rest[0]) if rest else None
    else:
        field = process.case.fields.get(root)
    return field.fields if field is not None and field.type == "rows" else {}


def retyped(columns: Columns, value: Any, typed: Callable[[FieldWords, Any], Any]) -> Any:
    """A stored element as expressions see it; what does not fit its column stays as it is."""
    if not isinstance(value, Mapping):
        return value
    whole = {**dict.fromkeys(columns), **value}  # an empty cell is not stored, but may be asked for
    return {key: _cell(columns.get(key), each, typed) for key, each in whole.items()}


def _cell(column: Any, value: Any, typed: Callable[[FieldWords, Any], Any]) -> Any:
    if isinstance(column, FieldWords):
        try:
            return typed(column, value)
        except (ValueError, TypeError, ArithmeticError):  # a column of another table, same name
            return value
    return retyped(column, value, typed) if column else value
