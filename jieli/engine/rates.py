"""How often something may be done, e.g. 18 times a minute. Pure: knows no clock and no store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Rate:
    """At most so often in any stretch of so many seconds."""

    amount: int
    seconds: float

    @property
    def for_usual(self) -> int:
        """What may be used up by what is not urgent: a sixth is kept for what is."""
        return max(self.amount - self.amount // 6, 1)


def free_at(
    taken: Sequence[datetime], rates: Iterable[Rate], now: datetime, *, urgent: bool = True
) -> datetime:
    """When one more is allowed; `now` when it is now. `taken`: when it was done, in order.

    The moments themselves and no bucket of tokens: a full bucket that refills lets twice its size
    through in its first minute, and a provider counts exactly that minute.
    """
    found = now
    for rate in rates:
        most = rate.amount if urgent else rate.for_usual
        span = timedelta(seconds=rate.seconds)
        recent = [each for each in taken if each > now - span]
        if len(recent) >= most:
            found = max(found, recent[len(recent) - most] + span)
    return found


def kept(taken: Sequence[datetime], rates: Iterable[Rate], now: datetime) -> list[datetime]:
    """The moments that still count."""
    span = timedelta(seconds=max((rate.seconds for rate in rates), default=0.0))
    return [each for each in taken if each > now - span]
