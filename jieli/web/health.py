"""Whether the clock is alive: the one alarm the pages show themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from jieli.store import leases
from jieli.store.times import real_now
from jieli.texts import text
from jieli.web.moments import span_words

SILENT = timedelta(seconds=10)


def alarm(connection: Any) -> str:
    """What to say when the clock has not been heard for too long; empty while all is well."""
    last = leases.last_heartbeat(connection, "clock")
    if last is None:
        return text("The clock has not started: reminders and timers do not run.")
    silent = real_now() - last
    if silent <= SILENT:
        return ""
    return text("The clock has been silent for {span}: reminders and timers are late.",
                span=span_words(silent))  # fmt: skip
