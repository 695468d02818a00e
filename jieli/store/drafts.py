"""Owns what somebody typed and has not sent yet. Gone when the step is over; never an answer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select

from jieli.store.statements import insert
from jieli.store.tables import drafts
from jieli.store.times import real_now

Row = Mapping[str, Any]


def save(
    connection: Connection, case_id: str, visit: int, author: str, data: Mapping[str, Any],
    at: datetime | None = None,
) -> None:  # fmt: skip
    """Keep the whole draft; what is not in `data` is gone."""
    statement = insert(connection, drafts).values(
        case_id=case_id, visit=visit, author=author, data=dict(data), saved_at=at or real_now()
    )
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["case_id", "visit", "author"],
            set_={"data": statement.excluded.data, "saved_at": statement.excluded.saved_at},
        )
    )


def read(connection: Connection, case_id: str, visit: int, author: str) -> dict[str, Any]:
    """The draft, or nothing."""
    return _data(connection, case_id, visit, author, lock=False)


def save_row(
    connection: Connection, case_id: str, visit: int, author: str, field: str, number: int | None,
    row: Row,
) -> int:  # fmt: skip
    """Put one row of repeated rows into the draft, a new one without a number; its number."""
    data = _data(connection, case_id, visit, author, lock=True)
    rows = list(data.get(field) or [])
    if number is None or number >= len(rows):
        number = len(rows)
        rows.append({})
    rows[number] = dict(row)
    save(connection, case_id, visit, author, {**data, field: rows})
    return number


def drop_row(
    connection: Connection, case_id: str, visit: int, author: str, field: str, number: int
) -> None:
    """Take one row out again."""
    data = _data(connection, case_id, visit, author, lock=True)
    rows = [row for index, row in enumerate(data.get(field) or []) if index != number]
    save(connection, case_id, visit, author, {**data, field: rows})


def drop(connection: Connection, case_id: str, visit: int, author: str) -> None:
    """Forget the draft."""
    connection.execute(delete(drafts).where(*_of(case_id, visit, author)))


def _data(
    connection: Connection, case_id: str, visit: int, author: str, *, lock: bool
) -> dict[str, Any]:
    query = select(drafts.c.data).where(*_of(case_id, visit, author))
    found = connection.execute(query.with_for_update() if lock else query).scalar()
    return dict(found or {})


def _of(case_id: str, visit: int, author: str) -> tuple[Any, ...]:
    return (drafts.c.case_id == case_id, drafts.c.visit == visit, drafts.c.author == author)
