"""Owns the connections: one transaction per block, retried in one place. Knows no table."""

from __future__ import annotations

import logging
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from jieli.settings import Settings

T = TypeVar("T")
log = logging.getLogger(__name__)

LOCK_SECONDS = 10
MOST_TRIES = 6
_MIGRATION_LOCK = 0x6A69656C69  # "jieli"
# Serialization failure, deadlock, lock timeout: PostgreSQL has rolled back, nothing was changed.
_TRANSIENT = frozenset({"40001", "40P01", "55P03"})


class Database:
    """Our store at one address; used from any number of threads and processes."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _sqlite(url, pool_size) if self.is_sqlite else _postgres(url, pool_size)
        self._writer = _Turn() if self.is_sqlite else None

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write; committed at the end, rolled back on any exception."""
        if self._writer is None:
            with self.engine.begin() as connection:
                yield connection
            return
        # SQLite's own waiting is polling and unfair; threads of one process queue up here.
        with self._writer, self._connection(writes=True) as connection, connection.begin():
            yield connection

    @contextmanager
    def read(self, *, snapshot: bool = False) -> Iterator[Connection]:
        """One transaction that only reads; `snapshot`: every statement sees the same moment."""
        with self._connection(writes=False) as connection:
            if not self.is_sqlite:
                connection.execution_options(postgresql_readonly=True)
            if snapshot and not self.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    def run(self, work: Callable[[Connection], T]) -> T:
        """Do `work` in one writing transaction, again when another transaction was in the way."""
        for attempt in range(1, MOST_TRIES + 1):
            try:
                with self.write() as connection:
                    return work(connection)
            except DBAPIError as error:
                if attempt == MOST_TRIES or not is_transient(error):
                    raise
                log.info("transaction tried again (%s): %s", attempt, type(error.orig).__name__)
            time.sleep(random.uniform(0.5, 1.0) * 0.01 * 2**attempt)  # noqa: S311
        raise AssertionError("the last try returns or raises")

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()

    def _connection(self, *, writes: bool) -> Connection:
        connection = self.engine.connect()
        return connection.execution_options(jieli_writes=writes) if self.is_sqlite else connection


class _Turn:
    """One writer at a time; asking twice in one thread is a fault and says so."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None

    def __enter__(self) -> None:
        if self._owner == threading.get_ident():
            raise RuntimeError("a writing transaction inside another one")
        self._lock.acquire()
        self._owner = threading.get_ident()

    def __exit__(self, *_: object) -> None:
        self._owner = None
        self._lock.release()


def migrate(database: Database) -> None:
    """Bring the tables up to this version of Jieli; several processes may do so at once."""
    config = Config()
    config.set_main_option("script_location", "jieli.store:migrations")
    with database.write() as connection:
        if not database.is_sqlite:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_MIGRATION_LOCK})")
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_transient(error: DBAPIError) -> bool:
    """Whether the same transaction may succeed when it is tried again."""
    if getattr(error.orig, "sqlstate", None) in _TRANSIENT:
        return True
    return "database is locked" in str(error.orig)


def _sqlite(url: str, pool_size: int) -> Engine:
    path = make_url(url).database
    if not path or path == ":memory:":
        raise ValueError("the store is a file: sqlite:////path/jieli.db")
    _private_file(Path(path))
    engine = create_engine(
        url, pool_size=pool_size, max_overflow=3 * pool_size, pool_timeout=LOCK_SECONDS
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _private_file(path: Path) -> None:
    # Personal data is inside: nobody else on the machine may read it.
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.touch(mode=0o600)


def _prepare_sqlite(connection: Any, _: object) -> None:
    connection.isolation_level = None  # the driver must not begin transactions; we do
    for pragma in (
        f"busy_timeout = {LOCK_SECONDS * 1000}",
        "journal_mode = WAL",
        # An answer somebody was thanked for must survive a power cut, not only a crash.
        "synchronous = FULL",
        "foreign_keys = ON",
        "cache_size = -32000",
        "journal_size_limit = 67108864",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A reader that turns into a writer half-way would get "locked" at once: decide at the start.
    writes = connection.get_execution_options().get("jieli_writes", True)
    connection.exec_driver_sql(f"PRAGMA query_only = {0 if writes else 1}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _postgres(url: str, pool_size: int) -> Engine:
    settings = f"-c timezone=utc -c lock_timeout={LOCK_SECONDS}s"
    return create_engine(
        url, pool_size=pool_size, max_overflow=3 * pool_size, pool_pre_ping=True,
        connect_args={"options": settings, "application_name": "jieli"},
    )  # fmt: skip


def kill_point(name: str) -> None:
    """End this process here and now when a crash test asks for it; never outside development."""
    if os.environ.get("JIELI_KILL_POINT") == name and Settings().profile == "development":
        os.kill(os.getpid(), signal.SIGKILL)
