"""The alarm that the web process sends itself when the clock is silent."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from jieli.store import leases
from jieli.store.database import Database
from jieli.web import alarm
from tests.integration.web_shop import Shop, open_shop


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Shop]:
    yield from open_shop(database, tmp_path)


def test_supervisors_are_told_directly_in_their_language(
    shop: Shop, capsys: pytest.CaptureFixture[str]
) -> None:
    before = shop.dump()
    told = asyncio.run(alarm.send(shop.resources, timedelta(minutes=3)))
    assert told == len(alarm.whom(shop.resources)[0].members("supervisor")) > 0
    assert shop.dump() == before, "nothing goes through the outbox"
    assert "ALARM-" in capsys.readouterr().out


def test_a_beating_clock_is_not_silent_and_neither_is_the_watchdog_in_its_place(shop: Shop) -> None:
    assert alarm.silent_for(shop.resources) is None
    with shop.database.write() as connection:
        leases.heartbeat(connection, "watchdog", "test")
    silent = alarm.silent_for(shop.resources)
    assert silent is not None and silent < alarm.SILENT
