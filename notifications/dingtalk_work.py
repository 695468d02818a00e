"""The channel to one member of a DingTalk organisation: a work notification (工作通知).

The provider takes it first and delivers later, and drops the same text to the same member in
silence: every message carries its number, and what became of it is asked for afterwards.
Source: open.dingtalk.com, asyncsend_v2 and getsendresult.
"""

from __future__ import annotations

from typing import Any

import httpx

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
)
from notifications.posting import LATER_SECONDS, Answer, get_json, post_json
from notifications.tokens import AccessToken, Fetched

PLACE = "https://oapi.dingtalk.com"
DIGEST_BYTES = 3_500
MOST_TITLE, MOST_BUTTON, MOST_URL, MOST_TEXT_BYTES = 64, 20, 500, 4500

_TOKEN_OVER = frozenset({40014, 42001, 40001})
_TOO_FAST = frozenset({90018, 90005, 90002, 143105, 143106})
_NOBODY = frozenset({33012, 60121, 34016, 34014})
_BROKEN = frozenset({88, 400002, 41, 34001, 50002, 60011, 40089})


class DingTalkWork:
    """Sends to a member by user id."""

    def __init__(
        self,
        app_key: str,
        secret: str,
        agent_id: str,
        *,
        place: str = PLACE,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        if not agent_id.isdecimal():
            raise ChannelSetupError("dingtalk_work", "the agent id is no number")
        self._agent, self._place, self._transport = int(agent_id), place, transport
        self._key, self._secret = app_key, secret
        self._token = AccessToken(self._fetch)

    def limit(self, recipient: Recipient) -> Limit:
        # No limit a minute is documented; the one a day is told by the provider's own answer.
        return Limit(f"dingtalk_work:{recipient.id}", (), DIGEST_BYTES)

    async def send(self, message: Message, recipient: Recipient) -> Outcome:
        if recipient.dingtalk is None:
            return RejectedBy("no DingTalk user id is known for this person")
        if message.url and len(message.url) > MOST_URL:
            return RejectedBy("the link is longer than the provider takes")
        token = await self._token.get()
        if not isinstance(token, str):
            return token
        answer = await self._post(token, "asyncsend_v2", payload(message, recipient.dingtalk, self._agent))
        if isinstance(answer, dict) and answer.get("errcode") in _TOKEN_OVER:
            self._token.forget()
            return RetryAfter(1.0, "the token was over")
        if not isinstance(answer, dict) or answer.get("errcode") != 0:
            return outcome_of(answer) if isinstance(answer, dict) else answer
        return await self._result(token, answer, recipient.dingtalk)

    async def _result(self, token: str, taken: Answer, member: str) -> Outcome:
        """What became of it: taken is not delivered."""
        task = taken.get("task_id")
        asked = {"agent_id": self._agent, "task_id": task}
        answer = await self._post(token, "getsendresult", asked)
        found = answer.get("send_result") if isinstance(answer, dict) else None
        if not isinstance(found, dict):
            # It was taken, and nobody knows more: sending again would be refused as the same.
            return Sent(f"task:{task}")
        if member in found.get("invalid_user_id_list", ()) or member in found.get(
            "failed_user_id_list", ()
        ):
            return RejectedBy("the provider could not deliver it to this member")
        if member in found.get("forbidden_user_id_list", ()):
            return RejectedBy("the provider dropped it: too many, or the same text, today")
        return Sent(f"task:{task}")

    async def _post(self, token: str, verb: str, body: dict[str, Any]) -> Answer | Outcome:
        return await post_json(
            f"{self._place}/topapi/message/corpconversation/{verb}", body,
            params={"access_token": token}, transport=self._transport,
        )  # fmt: skip

    async def _fetch(self) -> Fetched:
        answer = await get_json(
            f"{self._place}/gettoken", params={"appkey": self._key, "appsecret": self._secret},
            transport=self._transport,
        )  # fmt: skip
        if not isinstance(answer, dict):
            return answer
        if answer.get("errcode") == 0 and isinstance(answer.get("access_token"), str):
            return answer["access_token"], float(answer.get("expires_in", 7200))
        if answer.get("errcode") == -1:
            return RetryAfter(LATER_SECONDS, "-1: busy")
        return Broken(f"no token: {answer.get('errcode')}: {answer.get('errmsg', '')}")


def payload(message: Message, member: str, agent: int) -> dict[str, Any]:
    """A card with one button; a markdown when there is no link."""
    title = message.title[:MOST_TITLE]
    text = markdown.body(message, MOST_TEXT_BYTES)
    if message.url is None:
        words: dict[str, Any] = {"msgtype": "markdown", "markdown": {"title": title, "text": text}}
    else:
        card = {
            "title": title, "markdown": text, "single_url": message.url,
            "single_title": (message.button or message.reference)[:MOST_BUTTON],
        }  # fmt: skip
        words = {"msgtype": "action_card", "action_card": card}
    return {"agent_id": agent, "userid_list": member, "msg": words}


def outcome_of(answer: Answer) -> Outcome:
    """What a refusal says; an unknown code is never `sent`."""
    code, reason = answer.get("errcode"), f"{answer.get('errcode')}: {answer.get('errmsg', '')}"
    if code in _TOO_FAST:
        return RetryAfter(60.0, reason)
    if code in _NOBODY:
        return RejectedBy(reason)
    if code in _BROKEN:
        return Broken(reason)
    return RetryAfter(LATER_SECONDS, f"unknown answer {reason}")
