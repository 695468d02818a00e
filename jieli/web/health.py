"""Whether the clock is alive and the channels work: the alarms the pages show themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from jieli.store import definitions, faults, leases
from jieli.store.times import real_now
from jieli.texts import text
from jieli.web.moments import span_words

SILENT = timedelta(seconds=10)


def alarm(connection: Any) -> str:
    """What to say when the clock is silent or a channel is broken; empty while all is well."""
    return " ".join(filter(None, (_clock(connection), _channels(connection))))


def _channels(connection: Any) -> str:
    broken = faults.channels(connection)
    if not broken:
        return ""
    _, context = definitions.current_context(connection)
    known = context.channels
    names = [(known[each.channel].label if each.channel in known else "") or str(each.channel)
             for each in broken]  # fmt: skip
    return text("Messages do not go out by {channels}: {reason}.",
                channels=text(", ").join(names), reason=broken[0].reason)  # fmt: skip


def _clock(connection: Any) -> str:
    last = leases.last_heartbeat(connection, "clock")
    if last is None:
        return text("The clock has not started: reminders and timers do not run.")
    silent = real_now() - last
    if silent <= SILENT:
        return ""
    return text("The clock has been silent for {span}: reminders and timers are late.",
                span=span_words(silent))  # fmt: skip
