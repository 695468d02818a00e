"""Owns how far each schedule has come: what was begun, what comes next, what went wrong last.

Starts nothing; which times a schedule means is `engine.occurrences`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, or_, select, update

from jieli.engine.definition import Process
from jieli.engine.occurrences import written_out
from jieli.engine.schedules import Schedule
from jieli.store.statements import insert
from jieli.store.tables import schedule_marks as table

_TIMES = {"daily", "weekly", "monthly", "shift_change", "days"}


@dataclass(frozen=True, slots=True)
class Mark:
    """How far one schedule of a process has come; `next_at` is None when it is not known."""

    process: str
    number: int
    reached: datetime
    next_at: datetime | None
    reason: str | None
    reason_at: datetime | None


_MARK = (
    table.c.process, table.c.number, table.c.reached, table.c.next_at, table.c.reason,
    table.c.reason_at,
)  # fmt: skip


def schedules_of(process: Process) -> dict[int, Schedule]:
    """The schedules of a process, by their place among its starts."""
    return {
        number: written_out(each.schedule, process.settings)
        for number, each in enumerate(process.start)
        if each.schedule is not None
    }


def publish(connection: Connection, processes: Iterable[Process], now: datetime) -> None:
    """Let new and changed schedules begin now; the others go on where they were."""
    for process in processes:
        connection.execute(
            update(table).where(table.c.process == process.process).values(active=False)
        )
        for number, schedule in schedules_of(process).items():
            _publish_one(connection, process.process, number, schedule, now)
    forget_next(connection)  # the roster may be another one too


def _publish_one(
    connection: Connection, process: str, number: int, schedule: Schedule, now: datetime
) -> None:
    words = schedule.model_dump_json(include=_TIMES)
    statement = insert(connection, table).values(
        process=process, number=number, words=words, reached=now, next_at=None, active=True
    )
    connection.execute(
        statement.on_conflict_do_nothing(index_elements=["process", "number"])
    )
    mine = (table.c.process == process, table.c.number == number)
    connection.execute(
        update(table).where(*mine, table.c.words != words)
        .values(words=words, reached=now, reason=None, reason_at=None)
    )  # fmt: skip
    connection.execute(update(table).where(*mine).values(active=True))


def forget_next(connection: Connection) -> None:
    """What comes next is worked out anew: the roster has changed."""
    connection.execute(update(table).where(table.c.next_at.is_not(None)).values(next_at=None))


def put_off(connection: Connection, process: str, until: datetime) -> None:
    """Look at the schedules of a process again at that time, and not before."""
    connection.execute(update(table).where(table.c.process == process).values(next_at=until))


def waiting(connection: Connection, until: datetime) -> list[str]:
    """The processes with a schedule whose next time has come, or is not known."""
    query = select(table.c.process).where(
        table.c.active, or_(table.c.next_at.is_(None), table.c.next_at <= until)
    )
    return sorted(set(connection.scalars(query)))


def marks(connection: Connection, process: str | None = None) -> list[Mark]:
    """The active schedules, of one process or of all."""
    query = select(*_MARK).where(table.c.active).order_by(table.c.process, table.c.number)
    if process is not None:
        query = query.where(table.c.process == process)
    return [Mark(*row) for row in connection.execute(query)]


def reach(
    connection: Connection, mark: Mark, until: datetime, next_at: datetime, *, done: bool,
    reason: str | None, at: datetime,
) -> None:  # fmt: skip
    """Everything up to `until` was begun; `done`: something was due, and `reason` says what failed."""
    values = {"next_at": next_at, "reached": until}
    mine = (table.c.process == mark.process, table.c.number == mark.number)
    # Not back behind another one that was faster.
    connection.execute(update(table).where(*mine, table.c.reached <= until).values(values))
    if done:
        connection.execute(
            update(table).where(*mine).values(reason=reason, reason_at=at if reason else None)
        )
