"""The channel to any system that speaks Standard Webhooks: signed JSON, at least once."""

from __future__ import annotations

import binascii
import json
from datetime import UTC, datetime
from typing import Any

import httpx
from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from notifications import answers
from notifications.channel import (
    Broken,
    ChannelSetupError,
    Message,
    Outcome,
    Recipient,
    RejectedBy,
    RetryAfter,
    Sent,
)
from notifications.posting import (
    LATER_SECONDS,
    SETUP_STATUSES,
    TIMEOUT_SECONDS,
    retry_after,
    trusted,
)


class WebhookChannel:
    """POSTs to one address; `webhook-id` is the message's reference, so a repeat is seen."""

    def __init__(
        self, url: str, secret: str, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        if not url.startswith(("https://", "http://")):
            raise ChannelSetupError(
                "webhook", "its address starts with neither https:// nor http://"
            )
        try:
            self._signer = Webhook(secret)
        except (binascii.Error, ValueError, EmptyWebhookSecretError) as error:
            raise ChannelSetupError("webhook", "its secret is not base64") from error
        self._url = url
        self._transport = transport

    async def send(self, message: Message, recipient: Recipient) -> Outcome:
        body = json.dumps(payload(message, recipient), ensure_ascii=False).encode()
        try:
            async with httpx.AsyncClient(
                timeout=TIMEOUT_SECONDS,
                transport=self._transport,
                follow_redirects=False,
                verify=trusted(),
            ) as client:
                answer = await client.post(
                    self._url, content=body, headers=self._headers(message, body)
                )
        except httpx.InvalidURL:
            return Broken("the address is no URL")
        except httpx.HTTPError as error:
            # The address may hold a secret, so only the kind of error is told.
            return RetryAfter(LATER_SECONDS, f"not reached: {type(error).__name__}")
        return outcome_of(answer)

    def _headers(self, message: Message, body: bytes) -> dict[str, str]:
        now = datetime.now(UTC)
        return {
            "content-type": "application/json; charset=utf-8",
            "webhook-id": message.reference,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(message.reference, now, body.decode()),
        }


def payload(message: Message, recipient: Recipient) -> dict[str, Any]:
    """The body of a webhook message; documented, so its keys never change."""
    body: dict[str, Any] = {
        "type": "message",
        "reference": message.reference,
        "shop": message.shop,
        "to": {
            "id": recipient.id,
            "name": recipient.name,
            "kind": "role" if recipient.is_role else "person",
        },
        "title": message.title,
        "text": message.text,
        "facts": [{"label": label, "value": value} for label, value in message.facts],
        "url": message.url,
        "button": message.button,
        "urgent": message.urgent,
    }
    if message.items:
        body["items"] = [
            {"reference": each.reference, "title": each.title, "url": each.url}
            for each in message.items
        ]
    return body


def outcome_of(answer: httpx.Response) -> Outcome:
    """What a status means: 2xx sent, 429 and 5xx later, a wrong address or key broken."""
    status = answer.status_code
    answers.heard(status, answer.text)
    if answer.is_success:
        return Sent(answer.headers.get("x-message-id"))
    if status == 429 or status == 408 or status >= 500:
        return RetryAfter(retry_after(answer), f"answered {status}")
    if status in SETUP_STATUSES or answer.is_redirect:
        return Broken(f"answered {status}")
    return RejectedBy(f"answered {status}")

