"""`jieli notify test`: the provider's own words in Chinese advice, and no secret."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from jieli.cli import jieli
from jieli.engine.loader import load
from jieli.store import definitions
from jieli.store.database import Database
from jieli.store.times import real_now
from tests.providers.dingtalk import DingTalk

SHOP = {
    "shop": "样例",
    "roles": {"agent": {"label": "客服"}},
    "people": {"li_na": {"name": "李娜", "roles": ["agent"], "channels": ["group"]}},
    "channels": {
        "group": {"type": "dingtalk_robot", "label": "售后群", "url": "GROUP", "secret": "GROUP_SECRET"},
        "app": {"type": "wecom_app", "app_id": "CORP", "secret": "APP_SECRET", "agent": "AGENT"},
    },
}


@pytest.fixture
def shop(database: Database, store_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    library = load({"shop.yaml": yaml.safe_dump(SHOP, allow_unicode=True)})
    with database.write() as connection:
        definitions.publish(connection, library, author="t", reason="", now=real_now())
    monkeypatch.setenv("JIELI_DATABASE_URL", store_url)
    monkeypatch.setenv("JIELI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("GROUP_SECRET", "SECabc123")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(jieli, ["notify", "test", *arguments])


def test_what_the_provider_says_is_shown_with_what_to_do(
    shop: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    with DingTalk(secret="SECabc123").running() as provider:
        monkeypatch.setenv("GROUP", provider.url)
        import time

        provider.now = time.time()
        good = run("group")
        assert good.exit_code == 0 and "已发出" in good.output and '"errcode": 0' in good.output
        assert "测试通知渠道" in provider.taken[0]["markdown"]["text"]
        monkeypatch.setenv("GROUP_SECRET", "SECother")
        bad = run("group", "--to", "li_na")
    assert bad.exit_code == 1
    for words in ("渠道坏了", "310000", "sign not match", "加签密钥", "李娜"):
        assert words in bad.output
    assert "SECother" not in bad.output and "access_token=tok" not in bad.output


def test_a_variable_that_is_missing_is_named(shop: None) -> None:
    found = run("app")
    assert found.exit_code == 1 and "请设置环境变量 CORP" in found.output


def test_a_channel_nobody_wrote_down_is_told_with_those_there_are(shop: None) -> None:
    found = run("nope")
    assert found.exit_code == 1 and "console" in str(found.exception)
