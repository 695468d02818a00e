"""The channel to one member of a WeCom corporation: an app message (应用消息), as a text card.

Source: developer.work.weixin.qq.com/document/path/90236; what is above 30 a minute and member is
dropped in silence, so the limit is kept on our side.
"""

from __future__ import annotations

from typing import Any

import httpx

from jieli.engine.rates import Rate
from notifications import markdown
from notifications.channel import (
    Broken,
    ChannelSetupError,
    Item,
    Limit,
    Message,
    Outcome,
    Recipient,
    RejectedBy,
    RetryAfter,
    Sent,
    limit_name,
)
from notifications.posting import LATER_SECONDS, Answer, get_json, post_json
from notifications.tokens import AccessToken, Fetched

PLACE = "https://qyapi.weixin.qq.com"
MOST_TITLE_BYTES, MOST_TEXT_BYTES, MOST_BUTTON = 128, 512, 4
DIGEST_BYTES = 1_500
RATES = (Rate(25, 60.0),)  # the provider counts 30 a minute and member
SAME_MESSAGE_SECONDS = 4 * 3600

_TOKEN_OVER = frozenset({40014, 42001, 41001})
_TOO_FAST = frozenset({45009, 45033})
_BROKEN = frozenset({60020, 40013, 40001, 301002, 48002, 40056})
_NOBODY = frozenset({81013, 40031, 40003, 60111})


class WeComApp:
    """Sends to a member by user id; the provider drops a repeat of the same message."""

    def __init__(
        self,
        corp_id: str,
        secret: str,
        agent_id: str,
        *,
        place: str = PLACE,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if not agent_id.isdecimal():
            raise ChannelSetupError("wecom_app", "the agent id is no number")
        self._agent, self._place, self._transport = int(agent_id), place, transport
        self._corp, self._secret = corp_id, secret
        self._token = AccessToken(self._fetch)

    def limit(self, recipient: Recipient) -> Limit:
        name = limit_name("wecom_app", f"{self._corp} {self._agent}")
        return Limit(f"{name}:{recipient.id}", RATES, DIGEST_BYTES)

    async def send(self, message: Message, recipient: Recipient) -> Outcome:
        if recipient.wecom is None:
            return RejectedBy("no WeCom user id is known for this person")
        outcome = await self._send(message, recipient.wecom)
        if isinstance(outcome, _TokenOver):
            self._token.forget()
            outcome = await self._send(message, recipient.wecom)
        return RetryAfter(LATER_SECONDS, "token refused") if isinstance(outcome, _TokenOver) else outcome

    async def _send(self, message: Message, member: str) -> Outcome | _TokenOver:
        token = await self._token.get()
        if not isinstance(token, str):
            return token
        answer = await post_json(
            f"{self._place}/cgi-bin/message/send", payload(message, member, self._agent),
            params={"access_token": token}, transport=self._transport,
        )  # fmt: skip
        return outcome_of(answer) if isinstance(answer, dict) else answer

    async def _fetch(self) -> Fetched:
        answer = await get_json(
            f"{self._place}/cgi-bin/gettoken",
            params={"corpid": self._corp, "corpsecret": self._secret}, transport=self._transport,
        )  # fmt: skip
        if not isinstance(answer, dict):
            return answer
        if answer.get("errcode") == 0 and isinstance(answer.get("access_token"), str):
            return answer["access_token"], float(answer.get("expires_in", 7200))
        if answer.get("errcode") == -1:
            return RetryAfter(LATER_SECONDS, "-1: busy")
        return Broken(f"no token: {answer.get('errcode')}: {answer.get('errmsg', '')}")


class _TokenOver:
    pass


def payload(message: Message, member: str, agent: int) -> dict[str, Any]:
    """A card with a button, or a text when there is no link; repeats are dropped by the provider."""
    common = {
        "touser": member, "agentid": agent, "enable_duplicate_check": 1,
        "duplicate_check_interval": SAME_MESSAGE_SECONDS,
    }  # fmt: skip
    lines = [message.text, *(f"{name}：{value}" for name, value in message.facts)]
    words = "\n".join(line.replace("<", "＜").replace(">", "＞") for line in lines if line)
    for each in message.items:
        words += f"\n{_item(each)}"
    # The number stays whole: two messages that are cut alike would be the same to the provider.
    end = f"\n{message.reference}"
    if message.url is None:
        content = markdown.cut(f"{message.title}\n{words}", 2048 - len(end)) + end
        return {**common, "msgtype": "text", "text": {"content": content}}
    return {
        **common,
        "msgtype": "textcard",
        "textcard": {
            "title": markdown.cut(message.title, MOST_TITLE_BYTES),
            "description": markdown.cut(words, MOST_TEXT_BYTES - len(end)) + end,
            "url": message.url,
            "btntxt": (message.button or "…")[:MOST_BUTTON],
        },
    }


def _item(each: Item) -> str:
    title = markdown.cut(markdown.escaped(each.title), markdown.MOST_ITEM_BYTES)
    return f'{each.reference} <a href="{each.url}">{title}</a>' if each.url else title


def outcome_of(answer: Answer) -> Outcome | _TokenOver:
    """What the code says; a member the provider does not know comes with code 0."""
    code, reason = answer.get("errcode"), f"{answer.get('errcode')}: {answer.get('errmsg', '')}"
    if code == 0:
        if answer.get("invaliduser") or answer.get("unlicenseduser"):
            return RejectedBy("the provider does not know this member")
        return Sent(answer.get("msgid"))
    if code in _TOKEN_OVER:
        return _TokenOver()
    if code in _TOO_FAST:
        return RetryAfter(60.0, reason, shut=True)
    if code in _NOBODY:
        return RejectedBy(reason)
    if code in _BROKEN:
        return Broken(reason)
    return RetryAfter(LATER_SECONDS, f"unknown answer {reason}")
