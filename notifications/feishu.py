"""The channel to a Feishu or Lark group: a custom bot, as a signed card with a button.

Source: open.feishu.cn, custom bot; open.larkoffice.com/document/ukTMukTMukTM/ucTM5YjL3ETO24yNxkjN.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from collections.abc import Callable
from typing import Any

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
    RetryAfter,
    Sent,
    limit_name,
)
from notifications.posting import LATER_SECONDS, Answer, post_json

MOST_BYTES = 16_000  # the provider takes 20 KB for the whole body
DIGEST_BYTES = 14_000
RATES = (Rate(90, 60.0), Rate(4, 1.0))  # the provider counts 100 and 5
BLOCKED_SECONDS = 60.0

_TOO_FAST = frozenset({11232, 99991400})
_LATER = frozenset({2200})
_BROKEN = frozenset({19001, 19002, 19021, 19022, 19024, 9499})


class FeishuBot:
    """Posts cards to one group; `secret` signs the body, if the bot was set up so."""

    def __init__(
        self,
        url: str,
        secret: str | None = None,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        if "/bot/v2/hook/" not in url:
            raise ChannelSetupError("feishu_bot", "its address is not of the kind …/bot/v2/hook/…")
        self._url, self._secret, self._transport, self._now = url, secret, transport, now

    def limit(self, recipient: Recipient) -> Limit:
        return Limit(limit_name("feishu_bot", self._url), RATES, DIGEST_BYTES)

    async def send(self, message: Message, recipient: Recipient) -> Outcome:
        signed = signature(self._secret, self._now()) if self._secret else {}
        body = {**signed, **payload(message)}
        answer = await post_json(self._url, body, transport=self._transport)
        return outcome_of(answer) if isinstance(answer, dict) else answer


def signature(secret: str, now: float) -> dict[str, str]:
    """`timestamp` (seconds) and `sign` for the body: the text is the key, nothing is signed."""
    stamp = str(int(now))
    made = hmac.new(f"{stamp}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return {"timestamp": stamp, "sign": base64.b64encode(made).decode()}


def payload(message: Message) -> dict[str, Any]:
    """A card: title, text, facts, a button that opens the link."""
    elements: list[dict[str, Any]] = [
        {"tag": "div", "text": {"tag": "lark_md", "content": markdown.body(message, MOST_BYTES)}}
    ]
    if message.url:
        button = {
            "tag": "button", "type": "primary", "url": message.url,
            "text": {"tag": "plain_text", "content": message.button or message.reference},
        }  # fmt: skip
        elements.append({"tag": "action", "actions": [button]})
    return {
        "msg_type": "interactive",
        "card": {
            "config": {"wide_screen_mode": True},
            "header": {
                "title": {"tag": "plain_text", "content": markdown.cut(message.title, 300)},
                "template": "red" if message.urgent else "blue",
            },
            "elements": elements,
        },
    }


def outcome_of(answer: Answer) -> Outcome:
    """What the code says; an unknown code, or none, is never `sent`."""
    code = answer.get("code", answer.get("StatusCode"))
    reason = f"{code}: {answer.get('msg', answer.get('StatusMessage', ''))}"
    if code == 0:
        return Sent()
    if code in _TOO_FAST:
        return RetryAfter(BLOCKED_SECONDS, reason, shut=True)
    if code in _LATER:
        return RetryAfter(LATER_SECONDS, reason)
    if code in _BROKEN:
        return Broken(reason)
    return RetryAfter(LATER_SECONDS, f"unknown answer {reason}")
