"""`jieli notify`: send a test message by a channel and show what the provider really said."""

from __future__ import annotations

import asyncio
import os
import time

import click

from jieli.cli.advice import RESULTS, advice
from jieli.cli.printing import table
from jieli.cli.stored import store
from jieli.engine.context import Context
from jieli.engine.errors import JieliError
from jieli.store import definitions, people
from jieli.store.people import PersonNotFound
from jieli.texts import text
from notifications.answers import redacted
from notifications.chains import Told, send, words_of
from notifications.channel import Message, Recipient, Sent
from notifications.registry import channels_of
from tasks.audiences import recipient

FAILED = 1


class ChannelNotFound(JieliError):
    """There is no channel called {channel}; there are: {known}"""

    def __init__(self, channel: str, known: str) -> None:
        super().__init__(channel=channel, known=known)


@click.group()
def notify() -> None:
    """Try out the channels by which people are reached."""


@notify.command()
@click.argument("channel")
@click.option("--to", "person", help="The id of the person it is for; without it the group.")
def test(channel: str, person: str | None) -> None:
    """Send one message and show the provider's answer; exit 1 if it was not taken."""
    with store() as database, database.read() as connection:
        _, context = definitions.current_context(connection)
        staff = {each.id: each for each in people.staff(connection)}
    channels = channels_of(context.channels, os.environ)
    if channel not in channels:
        raise ChannelNotFound(channel, ", ".join(sorted(channels)))
    if person and person not in context.people:
        raise PersonNotFound(person)
    label = context.channels[channel].label if channel in context.channels else channel
    to = (
        recipient(person, context, staff)
        if person
        else Recipient(id="test", name=label or channel, is_role=True)
    )
    told = asyncio.run(send(channel, channels[channel], message(context, channel, to), to))
    show(told, to)
    if not isinstance(told.outcome, Sent):
        raise SystemExit(FAILED)


def message(context: Context, channel: str, to: Recipient) -> Message:
    """A message that asks nothing of anybody."""
    return Message(
        reference=f"TEST-{int(time.time())}", to=to.id, shop=context.shop, urgent=True,
        title=text("Test of the channel {channel}", channel=channel),
        text=text("If you can read this, the channel works. Nothing is to be done."),
    )  # fmt: skip


def show(told: Told, to: Recipient) -> None:
    """Result, the provider's words without secrets, and what to do."""
    reason = redacted(words_of(told.outcome))
    rows = [
        (text("To"), to.name),
        (text("Result"), text(RESULTS[type(told.outcome)])),
        (text("Provider's answer"), told.answer or text("no answer")),
    ]
    if reason and reason != told.answer:
        label = text("Number") if isinstance(told.outcome, Sent) else text("Reason")
        rows.append((label, reason))
    if words := advice(told.outcome):
        rows.append((text("What to do"), words))
    table(*rows)
