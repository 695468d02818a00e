"""What a channel is: a message goes in, an outcome comes out. Knows no provider and no database."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from jieli.engine.errors import JieliError
from jieli.engine.rates import Rate


@dataclass(frozen=True, slots=True)
class Item:
    """One of several messages in a digest; `url` holds a token and must never be logged."""

    reference: str
    title: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message as every channel gets it; `url` holds a token and must never be logged.

    A digest has `items`, each with its own link, and no link itself.
    """

    reference: str
    to: str
    title: str
    text: str = ""
    facts: tuple[tuple[str, str], ...] = ()
    url: str | None = None
    button: str = ""
    urgent: bool = False
    shop: str = ""
    items: tuple[Item, ...] = ()


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
    """Not now; the same message may be sent again after so many seconds.

    `shut`: the provider takes nothing at all until then.
    """

    seconds: float
    reason: str
    shut: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class RejectedBy:
    """The provider will never take this message for this recipient."""

    reason: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The channel itself is set up wrong: no message gets through until somebody mends it."""

    reason: str


@dataclass(frozen=True, slots=True)
class Partial:
    """Taken for some; these recipients do not get it, and trying again would not help."""

    ids: tuple[str, ...]
    reason: str


Outcome = Sent | RetryAfter | RejectedBy | Broken | Partial


@dataclass(frozen=True, slots=True)
class Limit:
    """What a provider takes: how often under one name, and how many bytes of a digest's items."""

    name: str
    rates: tuple[Rate, ...]
    most_bytes: int


class Channel(Protocol):
    """A way to reach people. `send` raises nothing a provider can cause; it returns an outcome."""

    async def send(self, message: Message, recipient: Recipient) -> Outcome:
        """Send once; the same `reference` may come again and is the same message."""
        ...


@runtime_checkable
class Limited(Protocol):
    """A channel whose provider counts; the limit's name is the same in every process."""

    def limit(self, recipient: Recipient) -> Limit:
        """What counts for a message to this recipient."""
        ...


def limit_name(kind: str, address: str) -> str:
    """The name of a limit that goes by a secret address: tells which one, and not what it is."""
    return f"{kind}:{hashlib.sha256(address.encode()).hexdigest()[:16]}"


class ChannelSetupError(JieliError):
    """The channel {channel} cannot be used: {reason}"""

    def __init__(self, channel: str, reason: str) -> None:
        super().__init__(channel=channel, reason=reason)
