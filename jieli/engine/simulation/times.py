"""The times a script names, as instants."""

from __future__ import annotations

from datetime import UTC, datetime

from jieli.engine.context import Context
from jieli.engine.errors import JieliError
from jieli.engine.values import is_duration, parse_duration


class NoTime(JieliError):
    """“{words}” is no time; write it like 2026-11-20 09:00."""


def local(words: str, context: Context) -> datetime:
    """A local time of the shop as an instant; raises NoTime."""
    try:
        read = datetime.fromisoformat(words)
    except ValueError as error:
        raise NoTime(words=words) from error
    zoned = read if read.tzinfo else read.replace(tzinfo=context.calendar.zone)
    return zoned.astimezone(UTC)


def until_of(words: str, begun: datetime, context: Context) -> datetime:
    """The end of a simulation: so long after the beginning, or a local time."""
    if is_duration(words):
        return begun + parse_duration(words)
    return local(words, context)
