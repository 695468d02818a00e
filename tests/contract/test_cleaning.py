"""The clock cleans: what nobody used and what is past its time, now and then and by one process."""

from __future__ import annotations

from pathlib import Path

import pytest

from jieli.settings import Settings
from jieli.store.database import Database
from tasks.cleaning import Cleaning


def test_one_process_cleans_and_not_at_every_tick(
    database: Database, second: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cleaned: list[Database] = []
    monkeypatch.setattr(Cleaning, "clean", lambda self, own: cleaned.append(own) or 0)
    one, other = (Cleaning(Settings(data_dir=tmp_path)) for _ in range(2))
    for _ in range(5):
        one.go_on(database)
        other.go_on(second)
    assert cleaned == [database]


def test_a_file_store_that_fails_stops_no_clock(database: Database, tmp_path: Path) -> None:
    broken = Cleaning(Settings(data_dir=tmp_path, files_url="nosuchscheme://x"))
    assert broken.go_on(database) == 0
