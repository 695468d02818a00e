"""SMS and voice page staff with what is urgent; the libraries talk to servers as documented.

The libraries are an optional extra: without them the tests that need them are skipped and say so.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from notifications import aliyun, tencent
from notifications.channel import Broken, Message, Recipient, RejectedBy, RetryAfter, Sent
from notifications.paging import SMS_RATES, Pager

pytestmark = pytest.mark.anyio

URGENT = Message(
    reference="M-17", to="zhang_wei", title="差评 4821 严重 李先生", urgent=True,
    url="https://cs.example.com/t/aTOKEN",
)  # fmt: skip
ZHANG_WEI = Recipient(id="zhang_wei", name="张伟", phone="13812345678")
Make = Callable[[str], Pager]
MAKE: dict[str, Make] = {
    "aliyun_sms": lambda at: aliyun.sms("id", "geheim", "样例", "SMS_1", place=at, protocol="http"),
    "aliyun_voice": lambda at: aliyun.voice("id", "geheim", "TTS_1", place=at, protocol="http"),
    "tencent_sms": lambda at: tencent.sms(
        "id", "geheim", "1400", "样例", "11", place=at, protocol="http"
    ),
    "tencent_voice": lambda at: tencent.voice(
        "id", "geheim", "1400", "11", place=at, protocol="http"
    ),
}
REFUSALS = {
    "aliyun": (
        ("isv.BUSINESS_LIMIT_CONTROL", RetryAfter), ("isv.MOBILE_NUMBER_ILLEGAL", RejectedBy),
        ("isv.AMOUNT_NOT_ENOUGH", Broken), ("isv.SOMETHING_NEW", RetryAfter),
    ),
    "tencent": (
        ("LimitExceeded.PhoneNumberDailyLimit", RetryAfter),
        ("FailedOperation.PhoneNumberInBlacklist", RejectedBy),
        ("AuthFailure.SecretIdNotFound", Broken), ("FailedOperation.New", RetryAfter),
    ),
}  # fmt: skip


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Provider:
    """Answers as both are documented: 200 with a code inside, whatever happened."""

    code: str = ""
    at: str = ""
    taken: list[str] = field(default_factory=list)

    def answer(self, action: str) -> dict[str, Any]:
        if action == "SendSms" and "tencent" in self.kind:
            status = {"Code": self.code or "Ok", "Message": "m", "SerialNo": "7", "PhoneNumber": "",
                      "Fee": 1, "SessionContext": "", "IsoCode": "CN"}  # fmt: skip
            return {"Response": {"SendStatusSet": [status], "RequestId": "r"}}
        if action == "SendTtsVoice":
            if self.code:
                error = {"Code": self.code, "Message": "m"}
                return {"Response": {"Error": error, "RequestId": "r"}}
            return {"Response": {"SendStatus": {"CallId": "7", "SessionContext": ""}, "RequestId": "r"}}
        return {"Code": self.code or "OK", "Message": "m", "BizId": "7", "CallId": "7", "RequestId": "r"}

    kind: str = ""


@pytest.fixture(params=list(MAKE))
def both(request: pytest.FixtureRequest) -> Iterator[tuple[Provider, Pager]]:
    """A provider and the channel that reaches it; skipped without the extra `sms`."""
    needed = "tencentcloud" if "tencent" in request.param else "alibabacloud_tea_openapi"
    pytest.importorskip(needed, reason="the extra `sms` is not installed")
    provider = Provider(kind=request.param)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
            query = parse_qs(urlsplit(self.path).query)
            action = (self.headers.get("x-tc-action") or self.headers.get("x-acs-action")
                      or query.get("Action", [""])[0])  # fmt: skip
            provider.taken.append(json.dumps(query, ensure_ascii=False) + body)
            words = json.dumps(provider.answer(action)).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(words)))
            self.end_headers()
            self.wfile.write(words)

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    provider.at = f"127.0.0.1:{server.server_port}"
    yield provider, MAKE[request.param](provider.at)
    server.shutdown()
    server.server_close()


async def test_an_urgent_message_pages_with_its_number_and_nothing_else(
    both: tuple[Provider, Pager],
) -> None:
    provider, channel = both
    assert await channel.send(URGENT, ZHANG_WEI) == Sent("7")
    (request,) = provider.taken
    assert "M-17" in request and "13812345678" in request
    for never in ("aTOKEN", "4821", "李先生", "geheim"):
        assert never not in request


async def test_a_refusal_inside_200_is_none_of_sent(both: tuple[Provider, Pager]) -> None:
    provider, channel = both
    for code, wanted in REFUSALS[provider.kind.partition("_")[0]]:
        provider.code = code
        outcome = await channel.send(URGENT, ZHANG_WEI)
        assert isinstance(outcome, wanted), code
        assert code in outcome.reason


async def test_a_provider_that_is_not_there_is_later(both: tuple[Provider, Pager]) -> None:
    provider, _ = both
    lost = MAKE[provider.kind]("127.0.0.1:9")
    assert isinstance(await lost.send(URGENT, ZHANG_WEI), RetryAfter)


async def test_nobody_but_staff_and_nothing_but_urgent() -> None:
    paged: list[str] = []
    channel = Pager("sms", SMS_RATES, lambda phone, number: paged.append(phone) or Sent())  # type: ignore[func-returns-value]
    usual = Message(reference="M-1", to="zhang_wei", title="t")
    group = Recipient(id="g", name="群", phone="13812345678", is_role=True)
    nameless = Recipient(id="x", name="某")
    for message, to in ((usual, ZHANG_WEI), (URGENT, group), (URGENT, nameless)):
        assert isinstance(await channel.send(message, to), RejectedBy)
    assert paged == []


def test_a_number_gets_its_country_once() -> None:
    assert tencent.international("138 1234-5678") == "+8613812345678"
    assert tencent.international("+85212345678") == "+85212345678"
