"""Puts cases into the store in bulk, with parked runs in Prefect; cleans up between measurements."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from uuid import uuid4

from sqlalchemy import Connection, func, select, update

from bench import parked_runs
from jieli.prefect_rest import PrefectRest
from jieli.settings import Settings
from jieli.store import outbox, runs
from jieli.store.database import Database
from jieli.store.starts import Start, begin
from jieli.store.tables import case_runs, cases
from jieli.store.times import business_now

CHUNK = 200


def insert(
    database: Database, process: str, count: int, when: Callable[[int], datetime] | None = None
) -> list[str]:
    """Begin cases without a run; the clock does not look at them until they have one."""
    mark, made = uuid4().hex[:6], list[str]()

    def chunk(connection: Connection, first: int, last: int) -> list[str]:
        few = []
        for number in range(first, last):
            start = Start(
                process=process, data={"number": f"{mark}-{number}"}, source="form", by="li_na",
                event_id=uuid4().hex,
            )  # fmt: skip
            now = when(number) if when else business_now(connection)
            few.append(begin(connection, start, now).case_id)
        connection.execute(update(case_runs).where(case_runs.c.case_id.in_(few)).values(ended=True))
        return few

    for first in range(0, count, CHUNK):
        last = min(first + CHUNK, count)
        made += database.run(lambda conn, a=first, b=last: chunk(conn, a, b))  # type: ignore[misc]
    return made


def park(
    database: Database, settings: Settings, prefect: PrefectRest, process: str,
    case_ids: Sequence[str],
) -> None:  # fmt: skip
    """Give each case a parked run that has shown all of it."""
    made = parked_runs.make(settings, prefect, process, case_ids)
    pairs = list(made.items())
    for first in range(0, len(pairs), CHUNK):
        with database.write() as conn:
            for pair in pairs[first : first + CHUNK]:
                _saved(conn, *pair)


def _saved(connection: Connection, case_id: str, run_id: str) -> None:
    generation = connection.execute(
        select(case_runs.c.generation).where(case_runs.c.case_id == case_id)
    ).scalar_one()
    runs.save_run(connection, case_id, run_id, int(generation))
    runs.shown(connection, case_id, run_id, runs.revision(connection, case_id))


def quiesce(database: Database, seconds: float = 60.0) -> None:
    """Wait for the messages; let Prefect's view of the last measurement be up to date at once.

    Without it every measurement would also measure how Prefect catches up with the one before.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with database.read() as conn:
            if not outbox.backlog(conn):
                break
        time.sleep(0.5)
    newest = select(cases.c.revision).where(cases.c.id == case_runs.c.case_id).scalar_subquery()
    database.run(
        lambda conn: conn.execute(update(case_runs).values(shown_revision=newest)) and None
    )
    time.sleep(5)


def behind(database: Database) -> int:
    """How many cases are newer than what Prefect shows."""
    query = (
        select(func.count())
        .select_from(case_runs.join(cases, cases.c.id == case_runs.c.case_id))
        .where(~case_runs.c.ended, cases.c.revision > case_runs.c.shown_revision)
    )
    with database.read() as conn:
        return int(conn.execute(query).scalar_one())
