"""The channel to the long tail of services, by an Apprise address. Its answer is one yes or no.

Apprise reports success when DingTalk, the WeCom robot, Feishu or Lark refused: those are refused
here with the name of ours.
"""

from __future__ import annotations

import logging

import apprise
from apprise import NotifyFormat

from jieli.texts import text
from notifications.channel import (
    ChannelSetupError,
    Message,
    Outcome,
    Recipient,
    RejectedBy,
    RetryAfter,
    Sent,
)

LATER_SECONDS = 120.0
OURS = {
    "dingtalk": "dingtalk_robot", "wecombot": "wecom_robot", "feishu": "feishu_bot",
    "lark": "feishu_bot", "wechat": "wecom_app",
}  # fmt: skip

# It writes addresses with their tokens, at DEBUG and when it cannot read one.
logging.getLogger("apprise").setLevel(logging.CRITICAL)


class AppriseChannel:
    """Sends to whatever the address says; the recipient stands in the address, not in the message."""

    def __init__(self, url: str) -> None:
        found = apprise.Apprise.instantiate(url, suppress_exceptions=True)
        schemes = {url.partition("://")[0].lower(), *_schemes(found)}
        for scheme in sorted(schemes & OURS.keys()):
            raise ChannelSetupError(
                "apprise", f"{scheme}:// does not tell when it fails; use the type {OURS[scheme]}"
            )
        if found is None:
            raise ChannelSetupError("apprise", "its address is none that Apprise knows")
        self._service = found

    async def send(self, message: Message, recipient: Recipient) -> Outcome:
        try:
            taken = await self._service.async_notify(
                body=words(message), title=message.title, body_format=NotifyFormat.TEXT
            )
        except TypeError:
            return RejectedBy("the service cannot send such a message")
        if taken is True:
            return Sent()
        return RetryAfter(LATER_SECONDS, "the service did not take it and Apprise does not say why")


def words(message: Message) -> str:
    """The plain text of a message."""
    lines = [message.text, *(f"{label}：{value}" for label, value in message.facts)]
    lines += [f"{each.reference} {each.title} {each.url or ''}" for each in message.items]
    if message.url:
        lines.append(f"{message.button or text('Open the task')}：{message.url}")
    return "\n".join([*(line for line in lines if line), f"{message.shop} {message.reference}"])


def _schemes(service: object) -> set[str]:
    """The schemes of a service, also when a plain https:// address was understood as one."""
    found: set[str] = set()
    for name in ("protocol", "secure_protocol"):
        value = getattr(service, name, None)
        found |= {value} if isinstance(value, str) else set(value or ())
    return found
