"""What a channel is: a message goes in, an outcome comes out. Knows no provider and no database."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from jieli.engine.errors import JieliError


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as every channel gets it; `url` holds a token and must never be logged."""

    reference: str
    to: str
    title: str
    text: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    url: str | None = None
    button: str = ""
    urgent: bool = False
    shop: str = ""


@dataclass(frozen=True, slots=True)
class Recipient:
    """Whom to reach: a person with contacts, or a role's group."""

    id: str
    name: str
    email: str | None = None
    phone: str | None = None
    dingtalk: str | None = None
    wecom: str | None = None
    is_role: bool = False


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took the message."""

    provider_id: str | None = None


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Not now; the same message may be sent again after so many seconds."""

    seconds: float
    reason: str


@dataclass(frozen=True, slots=True)
class RejectedBy:
    """The provider will never take this message for this recipient."""

    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The channel itself is set up wrong: no message gets through until somebody mends it."""

    reason: str


Outcome = Sent | RetryAfter | RejectedBy | Broken


class Channel(Protocol):
    """A way to reach people. `send` raises nothing a provider can cause; it returns an outcome."""

    async def send(self, message: Message, recipient: Recipient) -> Outcome:
        """Send once; the same `reference` may come again and is the same message."""
        ...


class ChannelSetupError(JieliError):
    """The channel {channel} cannot be used: {reason}"""

    def __init__(self, channel: str, reason: str) -> None:
        super().__init__(channel=channel, reason=reason)
