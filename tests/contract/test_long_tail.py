"""Apprise for the long tail: what it cannot be trusted with is refused with the name of ours."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from jieli.engine import context
from notifications.answers import redacted
from notifications.apprise_url import AppriseChannel
from notifications.channel import ChannelSetupError, Item, Message, Recipient, RetryAfter, Sent
from notifications.registry import channels_of

pytestmark = pytest.mark.anyio

LI_NA = Recipient(id="li_na", name="李娜")
MESSAGE = Message(
    reference="M-17", to="li_na", title="旺旺留言", text="先道歉。", facts=(("订单", "…4821"),),
    url="https://cs.example.com/t/aTOKEN", button="打开任务", shop="样例",
    items=(Item("M-18", "另一件", "https://cs.example.com/t/aOTHER"),),
)  # fmt: skip


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def service() -> Iterator[tuple[str, list[Any], list[int]]]:
    """A service that takes JSON; the last list says what it answers."""
    got: list[Any] = []
    says: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(says.pop() if says else 200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"json://127.0.0.1:{server.server_port}/x", got, says
    server.shutdown()
    server.server_close()


async def test_a_message_goes_by_an_apprise_address(
    service: tuple[str, list[Any], list[int]],
) -> None:
    url, got, says = service
    words = context.Channel.model_validate({"type": "apprise", "url": "TAIL"})
    channel = channels_of({"it": words}, {"TAIL": url})["it"]
    assert isinstance(await channel.send(MESSAGE, LI_NA), Sent)
    for wanted in ("先道歉", "…4821", "打开任务", "aTOKEN", "M-17", "M-18", "aOTHER"):
        assert wanted in got[0]["message"]
    says.append(500)
    assert isinstance(await channel.send(MESSAGE, LI_NA), RetryAfter)


@pytest.mark.parametrize(
    ("url", "ours"),
    [
        ("dingtalk://token/", "dingtalk_robot"), ("wecombot://key/", "wecom_robot"),
        ("feishu://token/", "feishu_bot"), ("lark://token/", "feishu_bot"),
        ("DingTalk://SECx@token/1381234", "dingtalk_robot"),
    ],
)  # fmt: skip
def test_what_lies_about_failing_is_refused_with_the_name_of_ours(url: str, ours: str) -> None:
    with pytest.raises(ChannelSetupError, match=ours):
        AppriseChannel(url)


def test_an_address_apprise_does_not_know_is_told_without_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with pytest.raises(ChannelSetupError) as error:
        AppriseChannel("nonsense://user:geheim@host")
    assert "geheim" not in str(error.value) and "geheim" not in caplog.text


@pytest.mark.parametrize(
    "secret",
    [
        '{"access_token":"geheim"}', "https://x/robot/send?access_token=geheim&sign=geheim",
        "?key=geheim", "https://cs.example.com/t/ageheimgeheimgeheimgeheim", "smtp://me:geheim@host",
        "https://open.feishu.cn/open-apis/bot/v2/hook/geheim", "'secret': 'geheim'", "corpsecret=geheim",
    ],
)  # fmt: skip
def test_what_people_read_of_an_answer_holds_no_secret(secret: str) -> None:
    assert "geheim" not in redacted(secret)
