"""Owns the rows that come from other systems as lists, and their marks. Reads no file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, update

from jieli.engine.events import MarkRows
from jieli.engine.imports import ImportedList
from jieli.engine.scope import typed
from jieli.engine.values import parse_duration
from jieli.store.statements import insert, one_of
from jieli.store.tables import imported_rows as table


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, or with a dry run would do."""

    new: int
    changed: int
    same: int


@dataclass(frozen=True, slots=True)
class ImportedRow:
    """One row of a list."""

    key: str
    data: dict[str, Any]
    imported_at: datetime
    mark: str | None
    marked_at: datetime | None
    mark_case: str | None


def key_of(listed: ImportedList, row: Mapping[str, Any]) -> str:
    """What makes a row of two imports the same row."""
    return "|".join(str(row.get(column) or "") for column in listed.key)


def write(
    connection: Connection, name: str, listed: ImportedList, rows: Sequence[Mapping[str, Any]],
    now: datetime, *, dry_run: bool = False,
) -> Imported:  # fmt: skip
    """Write checked rows; the same key again renews the row and keeps its mark."""
    known = {row.key: row.data for row in _rows(connection, name)}
    wanted = {key_of(listed, row): dict(row) for row in rows}
    new = [key for key in wanted if key not in known]
    changed = [key for key, row in wanted.items() if key in known and known[key] != row]
    if not dry_run:
        statement = insert(connection, table)
        fresh = statement.excluded
        statement = statement.on_conflict_do_update(
            index_elements=["list", "key"],
            set_={"data": fresh.data, "imported_at": fresh.imported_at},
        )
        values = [
            {"list": name, "key": key, "data": row, "imported_at": now}
            for key, row in wanted.items()
        ]
        if values:
            connection.execute(statement, values)
        old = now - parse_duration(listed.keep)
        connection.execute(delete(table).where(table.c.list == name, table.c.imported_at < old))
    return Imported(len(new), len(changed), len(wanted) - len(new) - len(changed))


def unmarked(connection: Connection, name: str, listed: ImportedList) -> list[dict[str, Any]]:
    """The rows nothing was done for yet, as expressions see them, with their `key` and `list`."""
    query = (
        select(table.c.key, table.c.data)
        .where(table.c.list == name, table.c.mark.is_(None))
        .order_by(table.c.imported_at, table.c.key)
    )
    return [
        {
            **{column: typed(words, data.get(column)) for column, words in listed.columns.items()},
            "key": key, "list": name,
        }
        for key, data in connection.execute(query)
    ]  # fmt: skip


def rows(connection: Connection, name: str, *, limit: int = 500) -> list[ImportedRow]:
    """The rows of a list, the newest import first."""
    query = _all(name).order_by(table.c.imported_at.desc(), table.c.key).limit(limit)
    return [ImportedRow(*row) for row in connection.execute(query)]


def mark(connection: Connection, marked: Iterable[tuple[str, MarkRows]], now: datetime) -> None:
    """Mark rows for cases (case id, effect); the first mark of a row stays."""
    for case_id, effect in marked:
        connection.execute(
            update(table)
            .where(
                table.c.list == effect.list, one_of(connection, table.c.key, effect.keys),
                table.c.mark.is_(None),
            )
            .values(mark=effect.mark, marked_at=now, mark_case=case_id)
        )  # fmt: skip


def _rows(connection: Connection, name: str) -> list[ImportedRow]:
    return [ImportedRow(*row) for row in connection.execute(_all(name))]


def _all(name: str) -> Any:
    known = table.c
    columns = (known.key, known.data, known.imported_at, known.mark, known.marked_at, known.mark_case)
    return select(*columns).where(known.list == name)
