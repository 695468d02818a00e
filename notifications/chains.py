"""One recipient's channels, tried in order until one takes the message. Reads no database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from jieli.engine.context import Context
from notifications import answers
from notifications.channel import (
    Broken,
    Channel,
    Message,
    Outcome,
    Partial,
    Recipient,
    RejectedBy,
    RetryAfter,
    Sent,
)

LONG_SECONDS = 60.0
SUPERVISOR = "supervisor"

MayGo = Callable[[Channel, Recipient], Awaitable[RetryAfter | None]]


@dataclass(frozen=True, slots=True)
class Told:
    """One channel's turn: to whom, how it went, and what the provider said, without secrets."""

    channel: str
    recipient: str
    outcome: Outcome
    answer: str


@dataclass(frozen=True, slots=True)
class Audience:
    """Somebody, or a group, and the channels by which they are reached, the first one first."""

    recipient: Recipient
    chain: tuple[str, ...]


async def send_in_order(
    audience: Audience, message: Message, channels: Mapping[str, Channel],
    may_go: MayGo | None = None,
) -> list[Told]:  # fmt: skip
    """Try the channels until one takes the message; the next ones are asked by `may_go` first."""
    tried: list[Told] = []
    for name in audience.chain:
        channel = channels.get(name)
        if channel is None:
            missing = Broken(f"there is no channel {name}")
            tried.append(Told(name, audience.recipient.id, missing, missing.reason))
            continue
        wait = await may_go(channel, audience.recipient) if may_go and tried else None
        tried.append(
            Told(name, audience.recipient.id, wait, wait.reason)
            if wait
            else await send(name, channel, message, audience.recipient)
        )
        if not _next(tried[-1].outcome, message):
            break
    return tried


async def send(name: str, channel: Channel, message: Message, recipient: Recipient) -> Told:
    """Send on one channel and hear what the provider says."""
    heard = answers.listen()
    outcome = await channel.send(message, recipient)
    said = heard[-1] if heard else answers.redacted(words_of(outcome))
    return Told(name, recipient.id, outcome, said)


def words_of(outcome: Outcome) -> str:
    """Why, or the provider's number of the message."""
    if isinstance(outcome, Sent):
        return outcome.provider_id or ""
    return outcome.reason


def _next(outcome: Outcome, message: Message) -> bool:
    """Whether the next channel has its turn; what is urgent does not wait for over a minute."""
    if isinstance(outcome, RetryAfter):
        return message.urgent and outcome.seconds > LONG_SECONDS
    return isinstance(outcome, Broken | RejectedBy)


def best(outcomes: Sequence[Outcome]) -> Outcome:
    """Sent if any was, else what leaves most hope."""
    order: tuple[type[Outcome], ...] = (Sent, Partial, RetryAfter, Broken, RejectedBy)
    return min(outcomes, key=lambda outcome: order.index(type(outcome)))


async def tell_supervisors(
    context: Context, recipients: Mapping[str, Recipient], channels: Mapping[str, Channel],
    message: Callable[[str], Message],
) -> list[Told]:  # fmt: skip
    """Tell every supervisor directly, each by the own channels in order; what was tried."""
    tried: list[Told] = []
    for person in _supervisors(context):
        audience = Audience(recipients[person], context.people[person].channels)
        tried += await send_in_order(audience, message(person), channels)
    return tried


def _supervisors(context: Context) -> Iterable[str]:
    return context.members(SUPERVISOR)
