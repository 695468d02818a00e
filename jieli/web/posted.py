"""What a browser posted, as the plain values the form check understands. Judges nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData

from jieli.engine.definition import FieldWords
from jieli.engine.filled import ROW
from jieli.engine.forms import MOST_FILLED_ROWS

PREFIX = "f."
MOST_ROWS = 200
LONGEST_KEY = 200
_INDEX = re.compile(r"\d{1,3}")


@dataclass
class Posted:
    """The controls of a page beside its fields, and the fields' raw values."""

    nonce: str = ""
    do: str = ""
    button: str = ""
    person: str = ""
    pin: str = ""
    to: str = ""
    reason: str = ""
    is_confirmed: bool = False
    is_hinted: bool = False
    shown: frozenset[str] = frozenset()
    values: dict[str, Any] = field(default_factory=dict)
    open_rows: dict[str, int] = field(default_factory=dict)


def read_posted(form: FormData, fields: Mapping[str, FieldWords]) -> Posted:
    """Everything of a posted form that this page has a field for."""
    said = {key: value for key, value in form.items() if isinstance(value, str)}
    posted = Posted(
        nonce=said.get("nonce", ""),
        do=said.get("do", ""),
        button=said.get("press", ""),
        person=said.get("person", ""),
        pin=said.get("pin", ""),
        to=said.get("to", ""),
        reason=said.get("reason", "").strip(),
        is_confirmed=said.get("confirmed") == "yes",
        is_hinted=said.get("hinted") == "yes",
        shown=frozenset(filter(None, said.get("shown", "").split(" "))),
    )
    for name, words in fields.items():
        if words.type == "rows":
            posted.values[name] = _rows(form, name, words)
            if _INDEX.fullmatch(opened := said.get(f"open.{name}", "")):
                posted.open_rows[name] = int(opened)
        elif (value := _value(form, PREFIX + name, words)) is not None:
            posted.values[name] = value
    _drop_empty_open_rows(posted)
    return posted


def _value(form: FormData, key: str, words: FieldWords) -> str | list[str] | None:
    if words.type in ("choices", "people", "files"):
        return [each for each in form.getlist(key) if isinstance(each, str) and each]
    given = form.get(key)
    return given.replace("\r\n", "\n") if isinstance(given, str) else None


def _rows(form: FormData, name: str, words: FieldWords) -> list[dict[str, Any]]:
    start = f"{PREFIX}{name}."
    found: dict[int, dict[str, Any]] = {}
    for key in form:
        index, _, column = key.removeprefix(start).partition(".")
        if not key.startswith(start) or not _INDEX.fullmatch(index):
            continue
        if column == ROW and words.fill:
            found.setdefault(int(index), {})[ROW] = str(form[key])[:LONGEST_KEY]
        elif column in words.fields:
            value = _value(form, key, words.fields[column])
            found.setdefault(int(index), {})[column] = value
    return [found[index] for index in sorted(found)][
        : MOST_FILLED_ROWS if words.fill else MOST_ROWS
    ]


def _drop_empty_open_rows(posted: Posted) -> None:
    """A row that was opened and left empty is no row."""
    for name, index in list(posted.open_rows.items()):
        rows = posted.values[name]
        if index < len(rows) and is_empty(rows[index]):
            del rows[index]
            del posted.open_rows[name]


def is_empty(row: Mapping[str, Any]) -> bool:
    """Whether nothing at all was typed into a row."""
    return not any(value.strip() if isinstance(value, str) else value for value in row.values())
