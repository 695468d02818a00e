"""Writes a report into Prefect as an artifact: numbers and ids, never names or words people wrote."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from prefect import task
from prefect.artifacts import acreate_markdown_artifact

from jieli.engine.accounts import month_of
from jieli.store.reports.asked import ask
from jieli.store.reports.catalogue import REPORTS
from jieli.store.reports.values import Cell, Column, Report, Table
from jieli.store.times import business_now
from jieli.texts import text, use_language
from tasks.resources import Resources, resources

MOST_ROWS = 50
YESTERDAY = timedelta(days=1)


@task(name="write-report")
async def write_report(name: str) -> None:
    """Make one report and keep it as an artifact; the same key again is its next version."""
    own = resources()
    use_language(own.settings.language)
    report, month, zone = await asyncio.to_thread(_read, own, name)
    await acreate_markdown_artifact(
        markdown=as_markdown(report, zone), key=f"report-{name}",
        description=f"{report.title} {month}",
    )  # fmt: skip


def _read(own: Resources, name: str) -> tuple[Report, str, ZoneInfo]:
    with own.database.read(snapshot=True) as conn:
        now = business_now(conn)
        asked = ask(conn, now)
        # In the morning of the first, the month that is over.
        month = month_of(now - YESTERDAY, asked.context.calendar.timezone)
        return REPORTS[name](replace(asked, month=month)), month, asked.zone


def as_markdown(report: Report, zone: ZoneInfo) -> str:
    """The report without what is personal: Prefect's pages have one login for everybody."""
    parts = [f"# {report.title}", report.about]
    for table in report.tables:
        if not table.personal:
            parts += [f"## {table.title}", _table(table, zone)]
    return "\n\n".join(parts)


def _table(table: Table, zone: ZoneInfo) -> str:
    kept = [number for number, column in enumerate(table.columns) if not column.personal]
    columns = [table.columns[number] for number in kept]
    if not table.rows:
        return text("Nothing here.")
    rows = [*table.rows[:MOST_ROWS], *([table.total] if table.total else [])]
    lines = [
        _line([column.label for column in columns]),
        _line(["---" if column.kind in ("text", "case") else "---:" for column in columns]),
        *(_line([_words(row[n], table.columns[n], zone) for n in kept]) for row in rows),
    ]
    if len(table.rows) > MOST_ROWS:
        lines += ["", text("The first {count}.", count=MOST_ROWS)]
    return "\n".join(lines)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(each.replace("|", "\\|") for each in cells) + " |"


def _words(value: Cell, column: Column, zone: ZoneInfo) -> str:
    match value:
        case None:
            return "–"
        case datetime():
            return f"{value.astimezone(zone):%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
        case int() | float() if column.kind == "share":
            return f"{value * 100:.1f}%"
        case int() | float():
            return f"{value:.10g}"
    return value
