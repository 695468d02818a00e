"""The migrations make exactly the tables that the code works with, in both databases."""

from __future__ import annotations

import re
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
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


def forward(url: str) -> None:
    """A store of the first version with cases in it comes to today's with all of them."""
    database = Database(url)
    with database.write() as connection:
        upgrade(connection, "0001_first_tables")
        fill_first_version(connection)
    migrate(database)
    with database.read() as connection:
        cases = connection.execute(text("SELECT ref, owner FROM cases ORDER BY ref")).all()
        links = connection.execute(text("SELECT parent_id, child_id, tell FROM case_links")).all()
        alone = connection.execute(
            text("SELECT visit FROM visits WHERE nobody ORDER BY visit")
        ).scalars()
        assert [tuple(row) for row in cases] == [("A1", None), ("A2", None)]
        assert [(row.parent_id, row.child_id, bool(row.tell)) for row in links] == [("1", "2", True)]
        assert list(alone) == [1]
    with database.write() as connection:
        # One visit may link several cases now.
        connection.execute(text("INSERT INTO case_links VALUES ('1', 1, '1', :no)"), {"no": False})
    database.dispose()


def upgrade(connection: Connection, revision: str) -> None:
    """Run the migrations up to one."""
    config = Config()
    config.set_main_option("script_location", "jieli.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


def fill_first_version(connection: Connection) -> None:
    """Two cases, one the other's child, and a step nobody is there for."""
    at = "2026-11-20 01:00:00.000000"
    for case_id, tags in (("1", '["无人"]'), ("2", "[]")):
        connection.execute(
            text(
                "INSERT INTO cases (id, ref, process, version, key, status, title, priority, "
                "contact_blocked, tags, search, opened_at, changed_at, state, revision) VALUES "
                "(:id, :ref, 'toy', 1, :id, 'open', 't', 'normal', :no, :tags, '', :at, :at, '{}', 1)"
            ),
            {"id": case_id, "ref": f"A{case_id}", "tags": tags, "at": at, "no": False},
        )
    for visit, assignee in ((1, None), (2, "li_na")):
        connection.execute(
            text(
                "INSERT INTO visits (case_id, visit, step, nth, kind, title, status, branch, "
                "opened_at, overdue, assignee, candidates, generation, entered_at) VALUES "
                "('1', :visit, 'ask', 1, 'human', 't', 'open', '', :at, :no, :who, '[]', 0, :at)"
            ),
            {"visit": visit, "who": assignee, "at": at, "no": False},
        )
    connection.execute(text("INSERT INTO case_links VALUES ('1', 1, '2', :yes)"), {"yes": True})


def test_a_sqlite_store_of_the_first_version_goes_forward(tmp_path: Path) -> None:
    forward(f"sqlite:///{tmp_path / 'old.db'}")


def test_a_postgresql_store_of_the_first_version_goes_forward(postgres_server: Engine) -> None:
    with empty_postgres(postgres_server) as url:
        forward(url)


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
