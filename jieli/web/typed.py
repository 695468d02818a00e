"""What stands in a form when its page is shown: values, mistakes, notices. Shared by all forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jieli.engine.context import Context
from jieli.engine.definition import FieldWords
from jieli.texts import text
from jieli.web.fields import FieldView, Filling, field_view
from jieli.web.file_pages import FileView
from jieli.web.row_views import rows_view
from jieli.web.shown import NO_FILES


@dataclass(frozen=True, slots=True)
class Notice:
    """A line above the form."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Wrong:
    """One line of the error summary."""

    target: str
    label: str
    message: str


@dataclass(frozen=True, kw_only=True)
class Typed:
    """What stands in the form: from a draft, an earlier answer or a POST that had mistakes."""

    values: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    open_rows: Mapping[str, int] = field(default_factory=dict)
    person: str = ""
    person_error: str | None = None
    delegate_error: str | None = None
    to: str = ""
    reason: str = ""
    notices: tuple[Notice, ...] = ()
    hinted: bool = False
    revealed: bool = False


def form_views(
    fields: Mapping[str, FieldWords], typed: Typed, context: Context, now: datetime,
    *, quick: tuple[tuple[str, str], ...] = (), required: frozenset[str] = frozenset(),
    files: Mapping[str, FileView] = NO_FILES,
) -> list[FieldView]:  # fmt: skip
    """The fields with what was typed."""
    filling = Filling(
        context=context, now=now, values=typed.values, errors=typed.errors, quick=quick,
        open_rows=typed.open_rows, required=required, files=files,
    )  # fmt: skip
    return [
        rows_view(name, words, filling)
        if words.type == "rows"
        else field_view(name, words, filling.values.get(name, words.default), filling)
        for name, words in fields.items()
    ]


def wrong_fields(fields: Mapping[str, FieldWords], errors: Mapping[str, str]) -> list[Wrong]:
    """The error summary's lines, with the words of each field."""
    return [Wrong(f"f.{key}", _label(fields, key), message) for key, message in errors.items()]


def _label(fields: Mapping[str, FieldWords], key: str) -> str:
    name, _, rest = key.partition(".")
    if name not in fields:
        return ""
    index, _, column = rest.partition(".")
    inner = fields[name].fields.get(column)
    if inner is None:
        return fields[name].label
    number = text("No. {n}", n=int(index) + 1) if index.isdigit() else ""
    return f"{fields[name].label} {number} {inner.label}"
