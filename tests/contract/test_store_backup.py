"""A backup holds everything and may be restored into either kind of database."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select

from jieli.store import imports, leases, people
from jieli.store.backup import BackupMismatch, StoreNotEmpty, backup, restore
from jieli.store.database import Database, migrate
from jieli.store.scheduling import start_due
from jieli.store.tables import metadata
from tests.contract.shop import CALLER, NOW, ONCE, PARENT, TOY, press, publish, start, state
from tests.contract.test_store_imports import SHOP, UNPAID
from tests.contract.test_store_scheduling import AT_TEN, AT_TEN_DAILY, daily
from tests.databases import empty_postgres


def everything(database: Database) -> dict[str, list[Any]]:
    """All rows of all tables but those that live for a minute."""
    with database.read() as connection:
        return {
            table.name: sorted(map(repr, connection.execute(select(table))))
            for table in metadata.sorted_tables
            if table.name not in ("leases", "heartbeats")
        }


@pytest.fixture
def filled(database: Database) -> Database:
    publish(database, TOY, ONCE, PARENT, CALLER, daily(AT_TEN_DAILY), context=SHOP)
    case = start(database, "1", wangwang="小鹿爱吃草")
    start_due(database, "daily", AT_TEN)
    with database.write() as connection:
        imports.write(connection, "unpaid", UNPAID, [{"order_no": "A1", "amount": "5.00"}], NOW)
    press(database, case.case_id, "again")
    press(database, case.case_id, "block")
    start(database, "2", process="parent")
    start(database, "3", process="caller")
    with database.write() as connection:
        people.set_contacts(connection, "li_na", email="li@example.com", phone=None)
        people.set_pin(connection, "li_na", "123456")
        leases.take(connection, "clock", "one", 60)
    return database


def moved(filled: Database, target: Database, file: Path) -> None:
    """Back up, restore, and go on working there."""
    backup(filled, file)
    migrate(target)
    restore(file, target)
    assert everything(target) == everything(filled)
    with target.read() as connection:
        assert leases.holder(connection, "clock") is None
    later = start(target, "later")
    assert later.created
    press(target, later.case_id, "done")
    assert state(target, later.case_id).data["order_no"] == "later"


def test_into_sqlite(filled: Database, tmp_path: Path) -> None:
    target = Database(f"sqlite:///{tmp_path / 'target.db'}")
    moved(filled, target, tmp_path / "backup.zip")
    target.dispose()


def test_into_postgresql(filled: Database, tmp_path: Path, postgres_server: Engine) -> None:
    with empty_postgres(postgres_server) as url:
        target = Database(url)
        moved(filled, target, tmp_path / "backup.zip")
        target.dispose()


def test_a_filled_store_is_not_overwritten(filled: Database, tmp_path: Path) -> None:
    backup(filled, tmp_path / "backup.zip")
    before = everything(filled)
    with pytest.raises(StoreNotEmpty):
        restore(tmp_path / "backup.zip", filled)
    assert everything(filled) == before


def test_a_backup_of_other_tables_is_refused(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "backup.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("manifest.json", json.dumps({"format": 1, "revision": "9999_later"}))
    with pytest.raises(BackupMismatch, match="9999_later"):
        restore(file, database)
