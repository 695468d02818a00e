"""The databases that a stack runs on: SQLite, and PostgreSQL for ours and Prefect's where it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, make_url, text

from tests.acceptance.stack import RunningStack
from tests.databases import empty_postgres


@contextmanager
def running(
    directory: Path, request: pytest.FixtureRequest, *, on: str = "sqlite", worker: str = "jieli",
    definitions: Path | None = None,
) -> Iterator[RunningStack]:  # fmt: skip
    """A stack that is up, with PINs given out; stopped at the end."""
    with ExitStack() as around:
        store_url = prefect_url = None
        if on == "postgresql":
            server = request.getfixturevalue("postgres_server")
            store_url = around.enter_context(empty_postgres(server))
            plain = make_url(around.enter_context(empty_postgres(server)))
            asynchronous = plain.set(drivername="postgresql+asyncpg")
            prefect_url = asynchronous.render_as_string(hide_password=False)
        stack = RunningStack(
            directory, store_url=store_url, prefect_url=prefect_url, worker=worker,
            definitions=definitions,
        )  # fmt: skip
        around.callback(lambda: stack.database.dispose())
        around.callback(stack.stop)
        stack.start()
        for person in ("zhang_wei", "chen_jing", "li_na", "wang_fang"):
            stack.give_pin(person)
        yield stack


def prefect_dump(stack: RunningStack) -> str:
    """Every value in Prefect's database, as text."""
    if stack.prefect_url:
        url = make_url(stack.prefect_url).set(drivername="postgresql+psycopg")
    else:
        url = make_url(f"sqlite:///{stack.directory / 'prefect' / 'prefect.db'}")
    engine = create_engine(url)
    with engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        assert {"flow_run", "task_run", "events", "log"} <= set(tables)
        rows = [
            str(tuple(row))
            for table in tables
            for row in connection.execute(text(f'SELECT * FROM "{table}"'))
        ]
    engine.dispose()
    return "\n".join(rows)
