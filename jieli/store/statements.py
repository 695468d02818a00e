"""SQL that SQLAlchemy Core lacks or the two databases spell differently. Knows no table of ours."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    Text,
    TextClause,
    any_,
    bindparam,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY

from jieli.store.columns import dump_json

Insert = postgresql.Insert | sqlite.Insert


def insert(connection: Connection, table: Table) -> Insert:
    """An insert that may say what to do on conflict."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def insert_or(
    table: Table,
    *,
    unique: Sequence[str],
    update: Sequence[str] = (),
    columns: Sequence[str] | None = None,
    returning: str | None = None,
) -> TextClause:
    """An insert that on conflict updates these columns, or none, for statements made very often.

    As text, which both databases read alike: SQLAlchemy compiles its own kind anew each time.
    """
    names = list(columns if columns is not None else table.c.keys())
    sets = ", ".join(f'"{name}" = excluded."{name}"' for name in update)
    sql = (  # names of our own tables, never a value
        f'INSERT INTO {table.name} ({_quoted(names)}) VALUES ({", ".join(f":{n}" for n in names)}) '  # noqa: S608
        f"ON CONFLICT ({_quoted(unique)}) DO {f'UPDATE SET {sets}' if sets else 'NOTHING'}"
        f"{f' RETURNING {returning}' if returning else ''}"
    )
    return text(sql).bindparams(*(bindparam(name, type_=table.c[name].type) for name in names))


def _quoted(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def one_of(
    connection: Connection, column: ColumnElement[Any], values: Iterable[str]
) -> ColumnElement[bool]:
    """Whether a text column is one of many values, as one parameter: the SQL text stays the same.

    An IN list of a new length is a new statement to compile, to plan and to remember.
    """
    if connection.dialect.name == "postgresql":
        return column == any_(literal(list(values), ARRAY(Text)))
    each = func.json_each(dump_json(list(values))).table_valued("value")
    return column.in_(select(each.c.value))
