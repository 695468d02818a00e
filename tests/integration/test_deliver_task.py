"""The task that delivers one message: a broken channel is red in Prefect, and stays so."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import flow
from prefect.testing.utilities import prefect_test_harness

from jieli.store import faults, messages
from jieli.store.database import Database
from tasks.messages import deliver_message
from tasks.resources import resources
from tests.integration.web_shop import Shop, open_shop
from tests.providers.dingtalk import DingTalk
from tests.story import DEFINITIONS


def shop_files() -> dict[str, str]:
    """The sample's shop, where everybody is reached by a signed robot only."""
    folder = DEFINITIONS / "shop"
    words, calendar = (
        yaml.safe_load((folder / name).read_text(encoding="utf-8"))
        for name in ("people.yaml", "calendar.yaml")
    )
    robot = {"type": "dingtalk_robot", "url": "ROBOT", "secret": "ROBOT_SECRET"}
    calendar["channels"] = {"group": robot}
    words["people"]["li_na"]["channels"] = ["group"]
    files = {"people.yaml": words, "calendar.yaml": calendar}
    return {name: yaml.safe_dump(each, allow_unicode=True) for name, each in files.items()}


@pytest.fixture
def shop(
    database: Database, store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Shop]:
    monkeypatch.setenv("JIELI_DATABASE_URL", store_url)
    monkeypatch.setenv("JIELI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("ROBOT_SECRET", "SECwrong")
    resources.cache_clear()
    yield from open_shop(database, tmp_path, shop_files())
    resources().database.dispose()
    resources.cache_clear()


@flow(name="try-to-deliver")
async def one(message: int, case_id: str) -> Any:
    state = await deliver_message(message, case_id, return_state=True)  # type: ignore[call-overload]
    return f"{state.name}: {state.message}"


def test_a_broken_channel_fails_the_task_run_at_once(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = shop.start("plain")
    with DingTalk(secret="SECright").running() as provider:
        monkeypatch.setenv("ROBOT", provider.url)
        with prefect_test_harness(server_startup_timeout=60):
            told = asyncio.run(one(1, case_id))
        assert len(provider.seen) == 1, "asking again at once would not help"
    assert told.startswith("Failed:") and "310000" in told
    with shop.database.read() as connection:
        (line,) = messages.outbox_page(connection)
        broken = [each.channel for each in faults.channels(connection)]
    assert (line.status, broken) == ("pending", ["group"])
