"""The stores that contract tests run against: SQLite always, PostgreSQL where there is a server."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import URL, Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError

from jieli.store.database import Database, migrate
from jieli.store.tables import metadata

HERE = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
NO_SERVER = "no PostgreSQL at 127.0.0.1:5432 and no JIELI_TEST_POSTGRES_URL"


def _server() -> Engine | None:
    """An engine on a server where we may create databases; a server asked for must be there."""
    asked = os.environ.get("JIELI_TEST_POSTGRES_URL")
    engine = create_engine(
        asked or HERE, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 3}
    )
    try:
        engine.connect().close()
    except OperationalError:
        if asked:
            raise
        return None
    return engine


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Engine]:
    """The server, or a skip that says what is missing."""
    engine = _server()
    if engine is None:
        pytest.skip(NO_SERVER)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def postgres_url(postgres_server: Engine) -> Iterator[str]:
    """A migrated database of this test process; emptied before each test."""
    with empty_postgres(postgres_server) as url:
        database = Database(url)
        migrate(database)
        database.dispose()
        yield url


class empty_postgres:
    """A new database on the server, dropped at the end."""

    def __init__(self, server: Engine) -> None:
        self._server = server
        self._name = f"jieli_test_{uuid4().hex[:12]}"

    def __enter__(self) -> str:
        self._run(f'CREATE DATABASE "{self._name}"')
        url: URL = make_url(str(self._server.url.render_as_string(hide_password=False)))
        return url.set(database=self._name).render_as_string(hide_password=False)

    def __exit__(self, *_: object) -> None:
        self._run(f'DROP DATABASE "{self._name}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        with self._server.connect() as connection:
            connection.execute(text(statement))


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite store to copy."""
    path = tmp_path_factory.mktemp("store") / "template.db"
    database = Database(f"sqlite:///{path}")
    migrate(database)
    database.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty, migrated store; every test has its own."""
    if request.param == "sqlite":
        path = tmp_path / "jieli.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        return f"sqlite:///{path}"
    url: str = request.getfixturevalue("postgres_url")
    _empty(url)
    return url


@pytest.fixture
def database(store_url: str) -> Iterator[Database]:
    """An empty store; at the end nobody has kept a connection."""
    opened = Database(store_url)
    yield opened
    assert "Current Checked out connections: 0" in opened.engine.pool.status()
    opened.dispose()


@pytest.fixture
def second(store_url: str) -> Iterator[Database]:
    """The same store as another process would open it."""
    opened = Database(store_url)
    yield opened
    opened.dispose()


def _empty(url: str) -> None:
    engine = create_engine(url)
    tables = ", ".join(metadata.tables)
    with engine.begin() as connection:
        connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    engine.dispose()
