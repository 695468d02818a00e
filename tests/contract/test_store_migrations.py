"""The migrations make exactly the tables that the code works with, in both databases."""

from __future__ import annotations

import re
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, text

from jieli.store.database import Database, migrate
from jieli.store.tables import metadata
from tests.databases import empty_postgres

_POSTGRES = """
SELECT table_name || '.' || column_name || ' ' || data_type || ' ' || is_nullable || ' '
       || coalesce(column_default, '')
FROM information_schema.columns WHERE table_schema = 'public'
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
"""


def described(connection: Connection) -> set[str]:
    """Every column, constraint and index, as the database itself tells it."""
    if connection.dialect.name == "postgresql":
        found = connection.execute(text(_POSTGRES)).scalars()
    else:
        listed = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND type != 'trigger'"
        found = connection.execute(text(listed)).scalars()
    return {tidy(each) for each in found if "alembic_version" not in each}


def tidy(sql: str) -> str:
    """Spaces, quotes and the order of a table's constraints mean nothing."""
    words = re.sub(r"\s+", " ", sql.replace('"', "")).replace("( ", "(").replace(" )", ")")
    head, _, rest = words.partition("(")
    parts = re.split(r",\s*(?![^()]*\))", rest.strip().removesuffix(")"))
    return head.strip() + " (" + ", ".join(sorted(part.strip() for part in parts))


def difference(migrated_url: str, made_url: str) -> set[str]:
    migrated, made = Database(migrated_url), Database(made_url)
    migrate(migrated)
    with made.write() as connection:
        metadata.create_all(connection)
    with migrated.write() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        one = described(connection)
    with made.read() as connection:
        other = described(connection)
    migrated.dispose()
    made.dispose()
    assert len(one) > 20
    return one ^ other


def test_sqlite_is_migrated_to_what_the_tables_say(tmp_path: Path) -> None:
    one, other = (f"sqlite:///{tmp_path / name}.db" for name in ("one", "other"))
    assert difference(one, other) == set()


def test_postgresql_is_migrated_to_what_the_tables_say(postgres_server: Engine) -> None:
    with empty_postgres(postgres_server) as one, empty_postgres(postgres_server) as other:
        assert difference(one, other) == set()


def test_migrating_twice_changes_nothing(database: Database) -> None:
    with database.read() as connection:
        before = described(connection)
    migrate(database)
    with database.read() as connection:
        assert described(connection) == before


def test_a_new_sqlite_store_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "jieli.db"
    opened = Database(f"sqlite:///{path}")
    migrate(opened)
    opened.dispose()
    assert path.stat().st_mode & 0o077 == 0
