"""The channel to a DingTalk group: a custom robot (自定义机器人), signed, with mentions.

Source: open.dingtalk.com, custom robot; limits and codes as collected from two tables.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx

from jieli.engine.rates import Rate
from notifications import markdown
from notifications.channel import (
    Broken,
    ChannelSetupError,
    Limit,
    Message,
    Outcome,
    Recipient,
    RejectedBy,
    RetryAfter,
    Sent,
    limit_name,
)
from notifications.posting import LATER_SECONDS, Answer, post_json

MOST_BYTES = 18_000  # the provider takes 20,000 for the whole body
DIGEST_BYTES = 16_000
RATES = (Rate(18, 60.0),)  # the provider counts 20
BLOCKED_SECONDS = 600.0  # above 20 a minute the robot is dumb for ten minutes

_TOO_FAST = frozenset({130101, 410100})
_LATER = frozenset({-1})
_BROKEN = frozenset(
    {310000, 300001, 300005, 400013, 400101, 400102, 400105, 400106, 40035, 43002, 43004, 400402}
)
_UNFIT = frozenset({430101, 430102, 430103, 430104})


class DingTalkRobot:
    """Posts markdown to one group; `secret` signs, if the robot was set up so."""

    def __init__(
        self,
        url: str,
        secret: str | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        if "access_token=" not in url:
            raise ChannelSetupError("dingtalk_robot", "its address has no access_token")
        self._url, self._secret, self._transport, self._now = url, secret, transport, now

    def limit(self, recipient: Recipient) -> Limit:
        return Limit(limit_name("dingtalk_robot", self._url), RATES, DIGEST_BYTES)

    async def send(self, message: Message, recipient: Recipient) -> Outcome:
        url = self._url + (f"&{signature(self._secret, self._now())}" if self._secret else "")
        answer = await post_json(url, payload(message, recipient), transport=self._transport)
        return outcome_of(answer) if isinstance(answer, dict) else answer


def signature(secret: str, now: float) -> str:
    """`timestamp=…&sign=…` for the address, encoded once: twice is refused with 310000."""
    stamp = str(round(now * 1000))
    made = hmac.new(secret.encode(), f"{stamp}\n{secret}".encode(), hashlib.sha256).digest()
    return f"timestamp={stamp}&sign={quote(base64.b64encode(made).decode(), safe='')}"


def payload(message: Message, recipient: Recipient) -> dict[str, Any]:
    """Markdown with the link, and a mention of whoever it is for.

    Markdown, not a card: only text and markdown are documented to mention people.
    """
    mobiles = [recipient.phone] if recipient.phone and not recipient.is_role else []
    end = "".join(f" @{mobile}" for mobile in mobiles)
    if message.url:
        end = f"\n\n[{markdown.escaped(message.button or message.url)}]({message.url})" + end
    return {
        "msgtype": "markdown",
        "markdown": {
            "title": markdown.cut(message.title, 200),
            "text": markdown.body(message, MOST_BYTES, end=end),
        },
        "at": {"atMobiles": mobiles, "isAtAll": False},
    }


def outcome_of(answer: Answer) -> Outcome:
    """What the code says; HTTP is 200 for all of them, and an unknown code is never `sent`."""
    if answer.get("punish") or ("errcode" not in answer and "status" in answer):
        return RetryAfter(BLOCKED_SECONDS, "throttled at the gateway", shut=True)
    code, reason = answer.get("errcode"), f"{answer.get('errcode')}: {answer.get('errmsg', '')}"
    if code == 0:
        return Sent()
    if code in _TOO_FAST:
        return RetryAfter(BLOCKED_SECONDS, reason, shut=True)
    if code in _LATER:
        return RetryAfter(LATER_SECONDS, reason)
    if code in _UNFIT:
        return RejectedBy(reason)
    if code in _BROKEN:
        return Broken(reason)
    return RetryAfter(LATER_SECONDS, f"unknown answer {reason}")
