"""The whole store in one file and back again, also from one kind of database to the other.

A zip of JSON lines, one file a table, with a manifest that says which tables it fits.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from sqlalchemy import Connection, Table, func, insert, select

from jieli.engine.errors import JieliError
from jieli.store.columns import Moment
from jieli.store.database import Database
from jieli.store.tables import heartbeats, leases, metadata
from jieli.store.times import real_now

_FORMAT = 1
_ROWS_AT_ONCE = 1000
# Who holds what for a minute is nothing to come back to.
_LEFT_OUT = (leases, heartbeats)


class BackupMismatch(JieliError):
    """The backup does not fit this store: it was made at {found}, the store is at {wanted}."""


class StoreNotEmpty(JieliError):
    """A backup is restored into an empty store only; this one has rows in {table}."""


def backup(database: Database, file: Path) -> None:
    """Write everything as of one moment; the file is there whole or not at all."""
    unfinished = file.with_name(file.name + ".part")
    with (
        database.read(snapshot=True) as connection,
        zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        manifest = {
            "format": _FORMAT,
            "revision": _revision(connection),
            "made_at": real_now().isoformat(),
        }
        archive.writestr("manifest.json", json.dumps(manifest))
        for table in _tables():
            with archive.open(f"{table.name}.jsonl", "w") as out:
                for row in connection.execute(select(table)).mappings():
                    line = json.dumps({k: _plain(v) for k, v in row.items()}, ensure_ascii=False)
                    out.write(line.encode() + b"\n")
    unfinished.replace(file)


def restore(file: Path, database: Database) -> None:
    """Fill an empty, migrated store; all of it or nothing."""
    with zipfile.ZipFile(file) as archive, database.write() as connection:
        manifest = json.loads(archive.read("manifest.json"))
        wanted = _revision(connection)
        if manifest["format"] != _FORMAT or manifest["revision"] != wanted:
            raise BackupMismatch(found=manifest["revision"], wanted=wanted)
        for table in _tables():
            _refuse_if_filled(connection, table)
            with archive.open(f"{table.name}.jsonl") as lines:
                _fill(connection, table, io.TextIOWrapper(lines, encoding="utf-8"))
            _set_counter(connection, table)


def _tables() -> list[Table]:
    return [table for table in metadata.sorted_tables if table not in _LEFT_OUT]


def _fill(connection: Connection, table: Table, lines: Iterator[str]) -> None:
    moments = [column.name for column in table.c if isinstance(column.type, Moment)]
    while rows := [_row(line, moments) for line in islice(lines, _ROWS_AT_ONCE)]:
        connection.execute(insert(table).inline(), rows)


def _row(line: str, moments: list[str]) -> dict[str, Any]:
    row: dict[str, Any] = json.loads(line)
    for name in moments:
        if row[name] is not None:
            row[name] = datetime.fromisoformat(row[name])
    return row


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _refuse_if_filled(connection: Connection, table: Table) -> None:
    if connection.execute(select(table).limit(1)).first() is not None:
        raise StoreNotEmpty(table=table.name)


def _set_counter(connection: Connection, table: Table) -> None:
    # SQLite's counters follow what is inserted; PostgreSQL's do not.
    counter = table.autoincrement_column
    if counter is None or connection.dialect.name != "postgresql":
        return
    highest = connection.execute(select(func.max(counter))).scalar()
    if highest is not None:
        sequence = func.pg_get_serial_sequence(table.name, counter.name)
        connection.execute(select(func.setval(sequence, highest)))


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
