"""Paging staff by SMS and voice: only what is urgent, only people of the staff, never a buyer.

The text is a template the provider has approved; its one variable is the message's number, because
neither links nor a customer's words may be in it. What calls the provider is each provider's.
"""

from __future__ import annotations

from collections.abc import Callable

import anyio.to_thread

from jieli.engine.rates import Rate
from notifications import answers
from notifications.channel import Limit, Message, Outcome, Recipient, RejectedBy, RetryAfter

LATER_SECONDS = 120.0
TIMEOUT_SECONDS = 8
SMS_RATES = (Rate(1, 30.0), Rate(5, 3600.0), Rate(40, 86_400.0))
VOICE_RATES = (Rate(1, 60.0), Rate(5, 3600.0), Rate(20, 86_400.0))

Page = Callable[[str, str], Outcome]
"""The provider's part: a phone number and the message's number go in."""


class Pager:
    """A way to reach one person's phone; the next in the chain when it is not for that."""

    def __init__(self, kind: str, rates: tuple[Rate, ...], page: Page) -> None:
        self._kind, self._rates, self._page = kind, rates, page

    def limit(self, recipient: Recipient) -> Limit:
        return Limit(f"{self._kind}:{recipient.id}", self._rates, 0)

    async def send(self, message: Message, recipient: Recipient) -> Outcome:
        if not message.urgent:
            return RejectedBy("only urgent messages page somebody")
        if recipient.is_role or not recipient.phone:
            return RejectedBy("no phone is known for this person")
        return await anyio.to_thread.run_sync(self._page, recipient.phone, message.reference)


def failed(error: Exception, outcome_of: Callable[[str, str], Outcome]) -> Outcome:
    """What an exception of a provider's library means; without a code the provider was not reached."""
    code = getattr(error, "code", None) or getattr(error, "get_code", lambda: None)()
    if not isinstance(code, str) or not code or "Network" in code:
        return RetryAfter(LATER_SECONDS, f"not reached: {type(error).__name__}")
    return heard(code, str(getattr(error, "message", "")), outcome_of)


def heard(code: str, words: str, outcome_of: Callable[[str, str], Outcome]) -> Outcome:
    """Keep what the provider has answered, and what it means."""
    answers.heard(200, f"{code} {words}")
    return outcome_of(code, f"{code}: {answers.redacted(words)}")
