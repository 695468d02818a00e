"""Every channel against a real server: what arrives, what a refusal becomes, what is never told."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from jieli.engine import context
from notifications.channel import (
    Broken,
    Channel,
    ChannelSetupError,
    Message,
    Recipient,
    RejectedBy,
    RetryAfter,
    Sent,
)
from notifications.console import ConsoleChannel
from notifications.email import EmailChannel
from notifications.registry import TYPES, channels_of
from notifications.webhook import WebhookChannel

pytestmark = pytest.mark.anyio

ROBOTS = {
    "dingtalk_robot", "wecom_robot", "feishu_bot", "dingtalk_work", "wecom_app", "apprise",
    "aliyun_sms", "aliyun_voice", "tencent_sms", "tencent_voice",
}  # fmt: skip
"""They have suites of their own: test_chat_channels, test_corporate_channels, test_long_tail,
test_paging."""

KEY = b"0123456789abcdef0123456789abcdef"
SECRET = "whsec_" + base64.b64encode(KEY).decode()
TOKEN_URL = "https://cs.example.com/t/aSECRETTOKEN"
MESSAGE = Message(
    reference="M-17", to="li_na", title="旺旺留言：差评 4821 严重", text="先道歉。\n再解释。",
    facts=(("订单编号", "…4821"), ("购买物品", "保温杯 <b>")), url=TOKEN_URL, button="打开任务",
    urgent=True, shop="样例旗舰店",
)  # fmt: skip
LI_NA = Recipient(id="li_na", name="李娜", email="li.na@example.com")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


# ---- a webhook receiver ------------------------------------------------------------------------


@dataclass
class Receiver:
    """A local HTTP server that keeps what came and answers as told."""

    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)
    seen: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            kept.seen.append(({key.lower(): value for key, value in self.headers.items()}, body))
            status, headers = kept.answers.pop(0) if kept.answers else (204, {})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    kept.url = f"http://127.0.0.1:{server.server_port}/in"
    yield kept
    server.shutdown()
    server.server_close()


def signature_of(headers: dict[str, str], body: bytes) -> str:
    """The signature, worked out without the library the channel uses."""
    text = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(KEY, text, hashlib.sha256).digest()).decode()


async def test_a_webhook_is_signed_and_names_its_message(receiver: Receiver) -> None:
    outcome = await WebhookChannel(receiver.url, SECRET).send(MESSAGE, LI_NA)
    assert isinstance(outcome, Sent)
    headers, body = receiver.seen[0]
    assert headers["webhook-signature"] == signature_of(headers, body)
    assert headers["webhook-id"] == "M-17"
    sent = json.loads(body)
    assert sent["to"] == {"id": "li_na", "name": "李娜", "kind": "person"}
    assert (sent["title"], sent["url"], sent["urgent"]) == (MESSAGE.title, TOKEN_URL, True)


async def test_a_repeat_carries_the_same_id(receiver: Receiver) -> None:
    channel = WebhookChannel(receiver.url, SECRET)
    await channel.send(MESSAGE, LI_NA)
    await channel.send(MESSAGE, LI_NA)
    assert [headers["webhook-id"] for headers, _ in receiver.seen] == ["M-17", "M-17"]


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (200, {"x-message-id": "p-1"}, Sent("p-1")),
        (429, {"retry-after": "7"}, RetryAfter(7.0, "answered 429")),
        (429, {"retry-after": "99999999"}, RetryAfter(3600.0, "answered 429")),
        (429, {"retry-after": "Wed, 21 Oct"}, RetryAfter(30.0, "answered 429")),
        (500, {}, RetryAfter(30.0, "answered 500")),
        (503, {"retry-after": "3"}, RetryAfter(3.0, "answered 503")),
        (401, {}, Broken("answered 401")),
        (404, {}, Broken("answered 404")),
        (302, {"location": "http://127.0.0.1:1/"}, Broken("answered 302")),
        (400, {}, RejectedBy("answered 400")),
        (422, {}, RejectedBy("answered 422")),
    ],
)
async def test_each_answer_of_a_webhook(
    receiver: Receiver, status: int, headers: dict[str, str], expected: object
) -> None:
    receiver.answers.append((status, headers))
    assert await WebhookChannel(receiver.url, SECRET).send(MESSAGE, LI_NA) == expected


async def test_nobody_listens() -> None:
    channel = WebhookChannel("http://127.0.0.1:9/?key=hidden", SECRET)
    outcome = await channel.send(MESSAGE, LI_NA)
    assert isinstance(outcome, RetryAfter)
    assert "hidden" not in outcome.reason


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_!!!"])
def test_a_webhook_without_a_good_secret(secret: str) -> None:
    with pytest.raises(ChannelSetupError):
        WebhookChannel("https://example.com", secret)


# ---- a mail server -----------------------------------------------------------------------------


@dataclass
class MailBox:
    """What the local mail server took, and what it says to a recipient."""

    mails: list[bytes] = field(default_factory=list)
    says: str = "250 OK"
    url: str = ""

    async def handle_RCPT(
        self, server: SMTP, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.says.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.says

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        self.mails.append(envelope.content)
        return "250 taken"


def _only_secret(
    server: SMTP, session: Any, envelope: Any, mechanism: str, auth_data: Any
) -> AuthResult:
    good = isinstance(auth_data, LoginPassword) and auth_data.password == b"p@ss"
    return AuthResult(success=good, handled=False)


@pytest.fixture
def mailbox() -> Iterator[MailBox]:
    box = MailBox()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Controller(
        box, hostname="127.0.0.1", port=port, authenticator=_only_secret, auth_require_tls=False,
    )  # fmt: skip
    controller.start()
    box.url = f"smtp://shop:p%40ss@127.0.0.1:{port}"
    yield box
    controller.stop()


async def test_a_mail_arrives_whole(mailbox: MailBox) -> None:
    outcome = await EmailChannel(mailbox.url, "接力 <jieli@shop.example>").send(MESSAGE, LI_NA)
    assert outcome == Sent("<M-17@shop.example>")
    mail = message_from_bytes(mailbox.mails[0], policy=default)
    assert mail["Subject"] == MESSAGE.title
    assert mail["Message-ID"] == "<M-17@shop.example>"
    assert mail["To"].addresses[0].addr_spec == "li.na@example.com"
    plain, html = (
        mail.get_body((kind,)).get_content()  # type: ignore[union-attr]
        for kind in ("plain", "html")
    )
    assert TOKEN_URL in plain and f'href="{TOKEN_URL}"' in html
    assert "保温杯 <b>" in plain and "保温杯 &lt;b&gt;" in html


async def test_a_repeated_mail_has_the_same_id(mailbox: MailBox) -> None:
    channel = EmailChannel(mailbox.url, "jieli@shop.example")
    await channel.send(MESSAGE, LI_NA)
    await channel.send(MESSAGE, LI_NA)
    ids = {message_from_bytes(mail)["Message-ID"] for mail in mailbox.mails}
    assert ids == {"<M-17@shop.example>"}


@pytest.mark.parametrize(
    ("says", "expected"),
    [("450 later", RetryAfter), ("550 unknown", RejectedBy), ("250 OK", Sent)],
)
async def test_each_answer_of_a_mail_server(mailbox: MailBox, says: str, expected: type) -> None:
    mailbox.says = says
    assert isinstance(
        await EmailChannel(mailbox.url, "jieli@shop.example").send(MESSAGE, LI_NA), expected
    )


async def test_a_wrong_password_is_a_broken_channel(mailbox: MailBox) -> None:
    url = mailbox.url.replace("p%40ss", "wrong")
    outcome = await EmailChannel(url, "jieli@shop.example").send(MESSAGE, LI_NA)
    assert isinstance(outcome, Broken)
    assert "wrong" not in outcome.reason


async def test_nobody_without_an_address_gets_mail(mailbox: MailBox) -> None:
    channel = EmailChannel(mailbox.url, "jieli@shop.example")
    for email in (None, "", "not an address", "a@b\r\nBcc: x@y"):
        outcome = await channel.send(MESSAGE, Recipient("x", "某人", email=email))
        assert isinstance(outcome, RejectedBy)
    assert not mailbox.mails


async def test_a_title_cannot_add_a_header(mailbox: MailBox) -> None:
    evil = Message(reference="M-1", to="x", title="a\r\nBcc: evil@example.com")
    await EmailChannel(mailbox.url, "jieli@shop.example").send(evil, LI_NA)
    mail = message_from_bytes(mailbox.mails[0])
    assert mail["Bcc"] is None


async def test_no_mail_server_is_tried_later() -> None:
    channel = EmailChannel("smtp://127.0.0.1:9", "jieli@shop.example")
    assert isinstance(await channel.send(MESSAGE, LI_NA), RetryAfter)


@pytest.mark.parametrize("server", ["", "http://x", "smtp://", "localhost:25"])
def test_a_server_that_is_none(server: str) -> None:
    with pytest.raises(ChannelSetupError):
        EmailChannel(server, "jieli@shop.example")


# ---- what holds for all ------------------------------------------------------------------------


async def test_the_console_tells_neither_text_nor_link() -> None:
    stream = io.StringIO()
    assert isinstance(await ConsoleChannel(stream).send(MESSAGE, LI_NA), Sent)
    printed = stream.getvalue()
    assert "M-17" in printed
    assert "TOKEN" not in printed and "4821" not in printed


def made(kind: str, receiver: Receiver, mailbox: MailBox) -> Channel:
    """A channel of each type, set up as a shop does."""
    environ = {"URL": receiver.url, "SECRET": SECRET, "MAIL": mailbox.url}
    words = context.Channel.model_validate(
        {"type": kind, "url": "URL", "secret": "SECRET", "server": "MAIL", "sender": "a@b.example"}
    )
    return channels_of({"it": words}, environ)["it"]


@pytest.mark.parametrize("kind", sorted(set(TYPES) - ROBOTS))
async def test_every_type_of_channel_sends(kind: str, receiver: Receiver, mailbox: MailBox) -> None:
    assert isinstance(await made(kind, receiver, mailbox).send(MESSAGE, LI_NA), Sent)


@pytest.mark.parametrize("kind", sorted(set(TYPES) - ROBOTS))
async def test_every_type_sends_a_bare_message(
    kind: str, receiver: Receiver, mailbox: MailBox
) -> None:
    bare = Message(reference="M-2", to="li_na", title="请安排")
    assert isinstance(await made(kind, receiver, mailbox).send(bare, LI_NA), Sent)


@pytest.mark.parametrize("kind", sorted(set(TYPES) - {"console"}))
async def test_a_channel_without_its_secrets_is_broken(kind: str) -> None:
    words = context.Channel.model_validate({"type": kind, "sender": "a@b.example"})
    channels = channels_of({"it": words}, {})
    assert isinstance(await channels["it"].send(MESSAGE, LI_NA), Broken)
    assert isinstance(channels["console"], ConsoleChannel)
