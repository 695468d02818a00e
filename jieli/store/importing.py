"""Takes in CSV files: rows of a list, or cases of a process. All of a file, or nothing of it.

A dry run says what would happen and what is wrong, line by line.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from jieli.engine import forms
from jieli.engine.context import Context
from jieli.engine.csv_rows import BadRows, CsvRow, RowMistake, read_rows
from jieli.engine.definition import FieldWords
from jieli.engine.errors import FormError, JieliError
from jieli.store import definitions, imports
from jieli.store.columns import dump_json
from jieli.store.imports import Imported
from jieli.store.starts import Start, begin, check_data, key_of
from jieli.texts import text


class ListNotFound(JieliError):
    """There is no list {name}; there are: {known}"""


class NotFromRows(JieliError):
    """The process {process} does not start from rows; its file must say `- rows: true` under start."""


@dataclass(frozen=True, slots=True)
class ImportedCases:
    """What an import of cases did, or with a dry run would do; `begun` are the ids of new cases."""

    new: int
    known: int
    begun: tuple[str, ...] = ()


def import_list(
    connection: Connection, name: str, content: str, now: datetime, *, dry_run: bool = False
) -> Imported:
    """Take in the rows of a list; raises BadRows with every mistake of the file."""
    _, context = definitions.current_context(connection)
    listed = context.imports.get(name)
    if listed is None:
        raise ListNotFound(name=name, known=", ".join(context.imports) or "-")
    required = {column: _needed(words, column in listed.key) for column, words in listed.columns.items()}
    rows = read_rows(content, required, _people(context))
    mistakes: list[RowMistake] = []
    checked = []
    seen: dict[str, int] = {}
    for row in rows:
        values = _checked(context, required, row, now, mistakes)
        key = imports.key_of(listed, values)
        if key in seen and values:
            message = text("The same as line {line}.", line=seen[key])
            mistakes.append(RowMistake(row.line, "", message))
        seen.setdefault(key, row.line)
        checked.append(values)
    if mistakes:
        raise BadRows(mistakes)
    return imports.write(connection, name, listed, checked, now, dry_run=dry_run)


def import_cases(
    connection: Connection, process: str, content: str, now: datetime, *,
    by: str | None = None, dry_run: bool = False,
) -> ImportedCases:  # fmt: skip
    """Begin a case for every row; the same row again begins none. Raises BadRows."""
    version = definitions.latest_version(connection, process)
    words = definitions.definition(connection, process, version).process
    if not any(start.rows for start in words.start):
        raise NotFromRows(process=process)
    _, context = definitions.current_context(connection)
    mistakes: list[RowMistake] = []
    starts: dict[str, Start] = {}
    for row in read_rows(content, words.case.fields, _people(context)):
        try:
            data = check_data(connection, process, row.values, now)
        except FormError as error:
            mistakes += _told(error, words.case.fields, row.line)
            continue
        key = key_of(words, data)
        if key in starts:
            mistakes.append(RowMistake(row.line, "", text("The same case as a line above.")))
        digest = hashlib.sha256(dump_json(data).encode()).hexdigest()[:32]
        starts[key] = Start(
            process=process, data=data, source="rows", by=by, event_id=f"rows:{process}:{digest}"
        )
    if mistakes:
        raise BadRows(mistakes)
    return _begin(connection, list(starts.values()), now, dry_run)


def _begin(
    connection: Connection, starts: Sequence[Start], now: datetime, dry_run: bool
) -> ImportedCases:
    # A dry run does it all and takes it back: nothing tells better what would happen.
    trial = connection.begin_nested()
    begun = [begin(connection, start, now) for start in starts]
    new = tuple(each.case_id for each in begun if each.created)
    if dry_run:
        trial.rollback()
    else:
        trial.commit()
    return ImportedCases(len(new), len(begun) - len(new), () if dry_run else new)


def _checked(
    context: Context, fields: Mapping[str, FieldWords], row: CsvRow, now: datetime,
    mistakes: list[RowMistake],
) -> dict[str, Any]:  # fmt: skip
    scope = {"now": now, "_timezone": context.calendar.timezone}
    try:
        return forms.check(
            fields, (), row.values, scope, now=now, timezone=context.calendar.timezone,
            people=context.people,
        )  # fmt: skip
    except FormError as error:
        mistakes += _told(error, fields, row.line)
        return {}


def _told(error: FormError, fields: Mapping[str, FieldWords], line: int) -> list[RowMistake]:
    return [
        RowMistake(line, fields[name].label if name in fields else name, message)
        for name, message in error.fields.items()
    ]


def _needed(words: FieldWords, is_key: bool) -> FieldWords:
    return words.model_copy(update={"required": True}) if is_key else words


def _people(context: Context) -> dict[str, str]:
    """Ids by name, where a name belongs to one person only."""
    found: dict[str, list[str]] = {}
    for key, person in context.people.items():
        found.setdefault(person.name, []).append(key)
    return {name: keys[0] for name, keys in found.items() if len(keys) == 1}

