"""The channel to a WeCom group: a group robot (群机器人), as a card, with a mention beside it.

Source: developer.work.weixin.qq.com/document/path/99110 and 90454.
"""

from __future__ import annotations

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
    RejectedBy,
    RetryAfter,
    Sent,
    limit_name,
)
from notifications.posting import LATER_SECONDS, Answer, post_json

MOST_TEXT_BYTES = 2048
MOST_MARKDOWN_BYTES = 4096
DIGEST_BYTES = 3_500
TEXT_DIGEST_BYTES = 1_500  # who has a phone is mentioned, and only a text can do that
RATES = (Rate(18, 60.0),)  # the provider counts 20
BLOCKED_SECONDS = 60.0
MOST_FACTS, MOST_LABEL, MOST_VALUE, MOST_TITLE = 6, 5, 26, 26

_LATER = frozenset({-1, 42001, 40014})
_TOO_FAST = frozenset({45009, 45033})
_BROKEN = frozenset({93000, 93008, 93017, 60020, 40008})
_UNFIT = frozenset({40058, 44004, 41035, 45002, 45008})


class WeComRobot:
    """Posts to one group; the key in the address is the secret."""

    def __init__(self, url: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        if "key=" not in url:
            raise ChannelSetupError("wecom_robot", "its address has no key")
        self._url, self._transport = url, transport

    def limit(self, recipient: Recipient) -> Limit:
        room = TEXT_DIGEST_BYTES if _is_mentioned(recipient) else DIGEST_BYTES
        return Limit(limit_name("wecom_robot", self._url), RATES, room)

    async def send(self, message: Message, recipient: Recipient) -> Outcome:
        answer = await post_json(self._url, payload(message, recipient), transport=self._transport)
        return outcome_of(answer) if isinstance(answer, dict) else answer


def payload(message: Message, recipient: Recipient) -> dict[str, Any]:
    """A card with the link for a group; a text with a mention when one person is meant.

    A robot's card mentions nobody, and markdown only by user id: a mobile number needs a text.
    """
    if recipient.phone and _is_mentioned(recipient):
        return _text(message, recipient.phone)
    return _card(message) if message.url else _markdown(message)


def _is_mentioned(recipient: Recipient) -> bool:
    return bool(recipient.phone) and not recipient.is_role


def _text(message: Message, mobile: str) -> dict[str, Any]:
    link = f"\n{message.button}：{message.url}" if message.url else ""
    end = f"\n{message.reference}{link}"
    lines = [message.title, message.text, *(f"{name}：{value}" for name, value in message.facts)]
    words = "\n".join(line.replace("@", "＠") for line in lines if line)
    for each in message.items:
        title = markdown.cut(each.title.replace("@", "＠"), markdown.MOST_ITEM_BYTES)
        words += f"\n{each.reference} {title} {each.url or ''}"
    content = markdown.cut(words, MOST_TEXT_BYTES - len(end.encode())) + end
    return {"msgtype": "text", "text": {"content": content, "mentioned_mobile_list": [mobile]}}


def _markdown(message: Message) -> dict[str, Any]:
    content = markdown.body(message, MOST_MARKDOWN_BYTES)
    return {"msgtype": "markdown", "markdown": {"content": content}}


def _card(message: Message) -> dict[str, Any]:
    facts = [
        {"keyname": name[:MOST_LABEL], "value": value[:MOST_VALUE]}
        for name, value in message.facts[:MOST_FACTS]
        if value
    ]
    return {
        "msgtype": "template_card",
        "template_card": {
            "card_type": "text_notice",
            "source": {"desc": f"{message.shop} {message.reference}"[:13]},
            "main_title": {"title": message.title[:MOST_TITLE], "desc": message.text[:30]},
            "sub_title_text": f"{message.title}\n{message.text}"[:112],
            "horizontal_content_list": facts,
            "jump_list": [{"type": 1, "url": message.url, "title": message.button[:13]}],
            "card_action": {"type": 1, "url": message.url},
        },
    }


def outcome_of(answer: Answer) -> Outcome:
    """What the code says; HTTP is 200 for all of them, and an unknown code is never `sent`."""
    code, reason = answer.get("errcode"), f"{answer.get('errcode')}: {answer.get('errmsg', '')}"
    if code == 0:
        return Sent(answer.get("msgid"))
    if code in _TOO_FAST:
        return RetryAfter(BLOCKED_SECONDS, reason, shut=True)
    if code in _LATER:
        return RetryAfter(LATER_SECONDS, reason)
    if code in _UNFIT:
        return RejectedBy(reason)
    if code in _BROKEN:
        return Broken(reason)
    return RetryAfter(LATER_SECONDS, f"unknown answer {reason}")
