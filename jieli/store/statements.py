"""SQL that the two databases spell differently. Knows no table of ours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, Text, any_, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import ARRAY

from jieli.store.columns import dump_json

Insert = postgresql.Insert | sqlite.Insert


def insert(connection: Connection, table: Table) -> Insert:
    """An insert that may say what to do on conflict."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


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
