"""What may become of a message, and how the outbox keeps it. Sends nothing, reads nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from jieli.store.outbox import Marked, OutboxRow
from notifications.chains import Told, best, words_of
from notifications.channel import Broken, Outcome, Partial, RejectedBy, RetryAfter, Sent

BROKEN_SECONDS = 120.0
MOST_TRIES = 30
LOST = ("rejected", "given_up")


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The message was pointless by the time it was to be sent: its link is over."""


@dataclass(frozen=True, slots=True)
class NotOurs:
    """The message was cancelled, or our claim was over: somebody else sends it, if anybody."""


@dataclass(frozen=True, slots=True)
class Held:
    """Not tried: quiet hours, no shift, or the channel takes no more for so many seconds."""

    seconds: float


Delivered = Outcome | Cancelled | NotOurs | Held


def together(tried: Sequence[Sequence[Told]]) -> Outcome:
    """What became of a message to one recipient or several."""
    if not tried:
        return RejectedBy("nobody is known by that name")
    each = [(chain[0].recipient, best([told.outcome for told in chain])) for chain in tried]
    missed = [(who, outcome) for who, outcome in each if not isinstance(outcome, Sent)]
    if not missed or len(missed) == len(each):
        return best([outcome for _, outcome in each])
    worst = best([outcome for _, outcome in missed])
    if isinstance(worst, RetryAfter | Broken):
        return worst
    return Partial(tuple(who for who, _ in missed), words_of(worst))


def marked(row: OutboxRow, outcome: Delivered) -> Marked:
    """An outcome as the outbox keeps it; after many tries a message is given up, visibly."""
    match outcome:
        case Cancelled():
            return Marked(row, "cancelled", reason="its link is over", tried=False)
        case Held(seconds=seconds):
            return Marked(row, "pending", retry_after=timedelta(seconds=seconds), tried=False)
        case Sent(provider_id=provider_id):
            return Marked(row, "sent", provider_id=provider_id)
        case Partial(ids=ids, reason=reason):
            return Marked(row, "sent", reason=f"not to {', '.join(ids)}: {reason}")
        case RejectedBy(reason=reason):
            return Marked(row, "rejected", reason=reason)
        case RetryAfter(seconds=seconds, reason=reason, shut=shut):
            return _later(row, reason, seconds, grows=not shut)
        case Broken(reason=reason):
            return _later(row, reason, BROKEN_SECONDS)
    raise AssertionError("what is not ours is not marked")


def _later(row: OutboxRow, reason: str, seconds: float, *, grows: bool = True) -> Marked:
    if row.tries + 1 >= MOST_TRIES:
        return Marked(row, "given_up", reason=reason)
    # Twice as long after each try, so that a provider that is down is not pressed.
    wait = min(seconds * 2 ** min(row.tries, 6), 3600.0) if grows else seconds
    return Marked(row, "pending", reason=reason, retry_after=timedelta(seconds=wait))
