"""`jieli clock`: look at business time, and move it in a development profile."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from jieli.cli.stored import store
from jieli.engine.errors import JieliError
from jieli.engine.values import parse_duration
from jieli.settings import Settings
from jieli.store import times
from jieli.texts import text


class ClockFixed(JieliError):
    """Business time cannot be moved in production."""


@click.group()
def clock() -> None:
    """Business time: now for due dates, windows and timers."""


@clock.command()
@click.argument("length")
def advance(length: str) -> None:
    """Move business time forward for every process, e.g. 48h. Development only."""
    if Settings().profile == "production":
        raise ClockFixed(text(str(ClockFixed.__doc__)))
    try:
        duration = parse_duration(length)
    except ValueError as error:
        raise click.BadParameter(text(str(error)), param_hint="LENGTH") from error
    with store() as database, database.write() as conn:
        times.advance_clock(conn, duration)
        click.echo(local(times.business_now(conn)))


@clock.command()
def show() -> None:
    """Print business time."""
    with store() as database, database.read() as conn:
        click.echo(local(times.business_now(conn)))


def local(at: datetime) -> str:
    """A time in the shop's zone."""
    return at.astimezone(ZoneInfo("Asia/Shanghai")).isoformat(timespec="seconds")
