"""Tells the supervisors directly when the clock has been silent: the web process lives apart from it.

Not through the outbox: whoever delivers that may be what has died.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from jieli.engine.context import Context
from jieli.store import definitions, leases, people
from jieli.store.people import Staff
from jieli.store.times import real_now
from jieli.texts import text, use_language
from jieli.web.moments import span_words
from jieli.web.resources import Resources
from notifications.chains import SUPERVISOR, tell_supervisors
from notifications.channel import Message, Recipient, Sent
from notifications.registry import channels_of

log = logging.getLogger(__name__)

SILENT = timedelta(seconds=60)
AGAIN = timedelta(minutes=30)
LOOK_SECONDS = 10.0


async def watch(resources: Resources) -> None:
    """Look at the heartbeats until cancelled; alarm once, and again while it lasts."""
    use_language(resources.settings.language)
    alarmed: datetime | None = None
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        silent = await asyncio.to_thread(silent_for, resources)
        if silent is None or silent <= SILENT:
            alarmed = None
        elif alarmed is None or real_now() - alarmed > AGAIN:
            alarmed = real_now()
            await send(resources, silent)


async def send(resources: Resources, silent: timedelta) -> int:
    """Send the alarm to every supervisor by their own channels; returns how many got it."""
    context, staff = await asyncio.to_thread(whom, resources)
    channels = channels_of(context.channels, resources.environ)
    words = text("The clock has been silent for {span}: reminders and timers are late.",
                 span=span_words(silent))  # fmt: skip
    recipients = {
        person: _recipient(person, context, staff) for person in context.members(SUPERVISOR)
    }

    def message(person: str) -> Message:
        return Message(
            reference=f"ALARM-{int(real_now().timestamp())}", to=person,
            title=text("Jieli needs help"), text=words, urgent=True, shop=context.shop,
        )  # fmt: skip

    tried = await tell_supervisors(context, recipients, channels, message)
    for each in tried:
        log.warning("alarm to %s by %s: %s", each.recipient, each.channel, type(each.outcome).__name__)
    return sum(isinstance(each.outcome, Sent) for each in tried)


def _recipient(person: str, context: Context, staff: Mapping[str, Staff]) -> Recipient:
    known = staff.get(person)
    if known is None:
        return Recipient(id=person, name=context.label(person))
    return Recipient(
        id=person, name=context.label(person), email=known.email, phone=known.phone,
        dingtalk=known.dingtalk, wecom=known.wecom,
    )  # fmt: skip


def silent_for(resources: Resources) -> timedelta | None:
    with resources.database.read() as connection:
        beats = [leases.last_heartbeat(connection, name) for name in ("clock", "watchdog")]
    known = [beat for beat in beats if beat is not None]
    return real_now() - max(known) if known else None


def whom(resources: Resources) -> tuple[Context, dict[str, Staff]]:
    with resources.database.read() as connection:
        _, context = definitions.current_context(connection)
        return context, {each.id: each for each in people.staff(connection)}
