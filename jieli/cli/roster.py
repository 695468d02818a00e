"""`jieli roster`: who works when, and where there are too few. Reads only."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import click

from jieli.cli.check import read
from jieli.cli.printing import as_json, table
from jieli.cli.stored import store
from jieli.engine import duty
from jieli.engine.context import Context
from jieli.engine.day_plan import days_between, parts_of
from jieli.engine.loader import load
from jieli.settings import Settings
from jieli.store import definitions
from jieli.store.times import business_now, real_now
from jieli.texts import language, text

DAY = click.DateTime(formats=["%Y-%m-%d"])
_WEEKDAYS = {
    "zh": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
    "en": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
}


@click.group()
def roster() -> None:
    """Who works when, and where there are too few."""


@roster.command()
@click.option("--from", "first", type=DAY, help="The first date; without it today.")
@click.option("--days", default=7, show_default=True, type=click.IntRange(1, 366))
@click.option("--json", "json_", is_flag=True, help="Print the shifts as JSON.")
def show(first: datetime | None, days: int, json_: bool) -> None:
    """Show who works when, as published and with the leave and swaps since then."""
    with store() as database, database.read() as connection:
        _, context = definitions.current_context(connection)
        now = business_now(connection)
    dates = _dates(context, first, days, now)
    if json_:
        as_json([_plain(each) for day in dates for each in duty.shifts_on(context, day)])
        return
    rows = [_shown(context, each) for day in dates for each in duty.shifts_on(context, day)]
    if rows:
        table((text("Date"), text("Post"), text("Shift"), text("Time"), text("People")), *rows)
    else:
        click.echo(text("Nobody is in the roster on these days."))


@roster.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--from", "first", type=DAY, help="The first date; without it today.")
@click.option("--days", default=28, show_default=True, type=click.IntRange(1, 366))
@click.option("--json", "json_", is_flag=True, help="Print the warnings as JSON.")
def check(paths: tuple[Path, ...], first: datetime | None, days: int, json_: bool) -> None:
    """Warn of shifts with too few people in definition files, before they are published."""
    context = load(read(paths or (Settings().definitions_dir,))).context
    dates = _dates(context, first, days, real_now())
    short = duty.coverage(context, dates[0], dates[-1])
    if json_:
        as_json([_plain(each) for each in short])
        return
    for each in short:
        click.echo(_warning(context, each))
    found = text("Warnings: {count}", count=len(short)) if short else None
    click.echo(found or text("Every shift has enough people."), err=bool(found))


def _dates(context: Context, first: datetime | None, days: int, now: datetime) -> list[date]:
    begin = first.date() if first else now.astimezone(context.calendar.zone).date()
    return days_between(begin, begin + timedelta(days=days - 1))


def _shown(context: Context, shift: duty.MannedShift) -> tuple[str, ...]:
    people = [context.label(person) for person in shift.people]
    people += [text("{person} (away)", person=context.label(each)) for each in shift.missing]
    parts = parts_of(context.shifts[shift.shift].hours, context.calendar, shift.date)
    return (
        _day(shift.date),
        context.posts[shift.post].label if shift.post in context.posts else shift.post,
        context.shifts[shift.shift].label,
        " ".join(_span(context, shift.date, start, end) for start, end in parts),
        _listed(people),
    )


def _warning(context: Context, short: duty.Shortage) -> str:
    known = context.shifts.get(short.shift) if short.shift else None
    told = {
        "day": _day(short.date),
        "post": context.posts[short.post].label,
        "shift": known.label if known else "",
        "time": _span(context, short.date, short.starts_at, short.ends_at),
    }
    away = [context.label(person) for person in short.missing]
    more = text("; away: {people}", people=_listed(away)) if away else ""
    if short.kind == "gap":
        return text("{day} {post}: nobody at {time}", **told)
    if short.kind == "nobody":
        return text("{day} {post}, {shift}: nobody", **told) + more
    fewer = "{day} {post}, {shift}: {have} of at least {least}"
    return text(fewer, **told, have=short.have, least=short.least) + more


def _listed(people: list[str]) -> str:
    return ("、" if language() == "zh" else ", ").join(people)


def _day(day: date) -> str:
    return f"{day.isoformat()} {_WEEKDAYS[language()][day.weekday()]}"


def _span(context: Context, day: date, start: datetime, end: datetime) -> str:
    """Hours as the roster writes them: past midnight they count on, `16:00-25:00`."""
    return "-".join(_clock(context, day, each) for each in (start, end))


def _clock(context: Context, day: date, at: datetime) -> str:
    local = at.astimezone(context.calendar.zone)
    hours = (local.date() - day).days * 24 + local.hour
    return f"{hours:02}:{local.minute:02}"


def _plain(found: duty.MannedShift | duty.Shortage) -> dict[str, object]:
    return {name: getattr(found, name) for name in type(found).__slots__}
