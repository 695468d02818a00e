"""Owns the roster changes that cases made: who is away, stands in, swaps, stays longer.

Putting them into the context in force is the definitions' matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, select

from jieli.engine.roster import RosterChange
from jieli.store.statements import insert
from jieli.store.tables import roster_changes

KEPT = timedelta(days=62)
"""So long after its last day a change stays in the context; the table keeps it for good."""


@dataclass(frozen=True, slots=True)
class MadeChange:
    """A change as a case made it; the same key counts once."""

    key: str
    change: RosterChange
    case_id: str


def record(
    connection: Connection, made: Sequence[MadeChange], recorded_at: datetime
) -> list[RosterChange]:
    """Write down changes; returns those that are new."""
    return [each.change for each in made if _insert(connection, each, recorded_at)]


def since(connection: Connection, day: date) -> list[RosterChange]:
    """Every change that still means something on that day or later, in the order made."""
    query = select(roster_changes.c.change).order_by(roster_changes.c.number)
    found = [RosterChange.model_validate_json(each) for each in connection.scalars(query)]
    return [each for each in found if last_day(each) is None or last_day(each) >= day]  # type: ignore[operator]


def last_day(change: RosterChange) -> date | None:
    """The last day a change says something about; None for one without an end."""
    until = change.until.date() if change.until else None
    days = [day for day in (change.from_, change.to, change.date_, until) if day]
    return max(days, default=None)


def _insert(connection: Connection, made: MadeChange, recorded_at: datetime) -> bool:
    statement = insert(connection, roster_changes).values(
        key=made.key, change=made.change.model_dump_json(by_alias=True), case_id=made.case_id,
        recorded_at=recorded_at,
    )  # fmt: skip
    statement = statement.on_conflict_do_nothing(index_elements=["key"])
    return connection.execute(statement.returning(roster_changes.c.number)).first() is not None
