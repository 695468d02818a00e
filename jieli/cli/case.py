"""`jieli case`: start, list, show and cancel cases from a terminal."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import click

from jieli.cli.printing import as_json, plain, table
from jieli.cli.stored import store
from jieli.engine.errors import FormError, JieliError
from jieli.engine.events import CallRetried, CaseCancelled
from jieli.engine.personal import Eraser
from jieli.prefect_rest import PrefectRest
from jieli.settings import Settings
from jieli.store import blanking, definitions, queries
from jieli.store.cases import Rejected, Request, apply_event
from jieli.store.database import Database
from jieli.store.queries import CaseFilter, CasePage
from jieli.store.starts import Started, check_data, start_case
from jieli.store.times import business_now
from jieli.texts import text
from jieli.wakes import wake_now

_ZONE = ZoneInfo("Asia/Shanghai")


class NothingBlocked(JieliError):
    """Case {ref} has no blocked call."""


@click.group()
def case() -> None:
    """Cases: one customer matter each, going through a process."""


@case.command()
@click.argument("process")
@click.option("--data", required=True, help="A JSON file, JSON text, or - for standard input.")
@click.option("--json", "json_", is_flag=True, help="Print as JSON.")
def start(process: str, data: str, json_: bool) -> None:
    """Start a case; a second start with the same key returns the open one."""
    settings = Settings()
    with store(settings) as database:
        started = _start(database, process, read_data(data))
        wake(database, settings, started.case_id)
    if json_:
        as_json({"case_id": started.case_id, "ref": started.ref, "created": started.created})
        return
    words = "Started case {ref}." if started.created else "There is an open case: {ref}."
    click.echo(text(words, ref=started.ref))


def read_data(data: str) -> dict[str, Any]:
    """The start form's values, from a file, from the text itself, or from standard input."""
    if data == "-":
        body = sys.stdin.read()
    elif data.lstrip().startswith("{"):
        body = data
    else:
        path = Path(data)
        if not path.exists():
            raise click.BadParameter(
                text("there is no file {path}", path=data), param_hint="--data"
            )
        body = path.read_text(encoding="utf-8")
    try:
        values = json.loads(body)
    except ValueError as error:
        raise click.BadParameter(
            text("not JSON: {error}", error=error), param_hint="--data"
        ) from error
    if not isinstance(values, dict):
        raise click.BadParameter(text("a JSON object is wanted"), param_hint="--data")
    return values


def _start(database: Database, process: str, raw: dict[str, Any]) -> Started:
    with database.write() as conn:
        now = business_now(conn)
        known = definitions.definition(conn, process, definitions.latest_version(conn, process))
        unknown = sorted(set(raw) - set(known.process.case.fields))
        if unknown:
            raise FormError({name: text("There is no such field.") for name in unknown})
        return start_case(
            conn, process=process, data=check_data(conn, process, raw, now), source="cli",
            by=None, now=now, event_id=f"cli:{uuid4().hex}",
        )  # fmt: skip


def wake(database: Database, settings: Settings, case_id: str) -> None:
    """Have the case's run made or woken; when Prefect is away, the clock does it later."""
    prefect = PrefectRest(settings.prefect_api_url, auth=settings.prefect_auth)
    try:
        wake_now(database, prefect, case_id)
    except JieliError as error:
        click.echo(
            text("The case is safe; Prefect will show it later: {error}", error=error), err=True
        )


@case.command("list")
@click.option("--process", help="Only this process.")
@click.option(
    "--status", type=click.Choice(["open", "completed", "cancelled", "all"]), default="open"
)
@click.option("--search", help="Part of a reference, title or order number.")
@click.option("--json", "json_", is_flag=True, help="Print as JSON.")
def list_(process: str | None, status: str, search: str | None, json_: bool) -> None:
    """List cases, the urgent ones first."""
    wanted = CaseFilter(
        process=process, status=None if status == "all" else status, search=search or ""
    )
    with store() as database, database.read() as conn:
        lines = queries.case_list(conn, wanted, limit=200)
    if json_:
        as_json([asdict(line) for line in lines])
        return
    head = [text(word) for word in ("Case", "Title", "Status", "Opened", "Due", "Tags")]
    rows = [
        [line.ref, line.title, text(line.status), moment(line.opened_at), moment(line.due_at),
         " ".join(line.tags)]
        for line in lines
    ]  # fmt: skip
    table(head, *rows)


@case.command()
@click.argument("ref")
@click.option("--json", "json_", is_flag=True, help="Print as JSON.")
def show(ref: str, json_: bool) -> None:
    """Show a case: its timeline, what it waits for, the next timers; personal data is covered."""
    with store() as database, database.read() as conn:
        page = queries.case_show(conn, ref)
        eraser = Eraser(blanking.personal_words(conn, page.line.case_id))
    if json_:
        as_json(eraser.value(plain(asdict(page))))
        return
    _print(page, eraser)


def _print(page: CasePage, eraser: Eraser) -> None:
    line = page.line
    click.echo(f"{line.ref}  {line.title}  [{text(line.status)}]  {' '.join(line.tags)}")
    click.echo(f"\n{text('Timeline')}")
    titles = {visit.visit: visit.title for visit in page.visits}
    for entry in page.timeline:
        for each in entry.entries:
            where = titles.get(each.visit or 0, each.step or "")
            detail = json.dumps(each.detail, ensure_ascii=False) if each.detail else ""
            detail = eraser.text(detail)
            click.echo(f"  {moment(entry.at)}  {each.what}  {where}  {detail}".rstrip())
    click.echo(f"\n{text('Waits for')}")
    for visit in page.visits:
        if visit.status not in ("done", "cancelled"):
            who = visit.assignee or "、".join(visit.candidates)
            click.echo(f"  {visit.title}  {visit.status}  {who}  {moment(visit.due_at)}")
    click.echo(f"\n{text('Next timers')}")
    for timer in page.timers:
        click.echo(f"  {moment(timer.at)}  {timer.kind}  {titles.get(timer.visit, '')}")


@case.command()
@click.argument("ref")
@click.option("--reason", required=True, help="Why; kept in the history.")
def cancel(ref: str, reason: str) -> None:
    """Cancel a case and its work items."""
    settings = Settings()
    with store(settings) as database:
        with database.read() as conn:
            case_id = queries.find_case(conn, ref)
        outcome = apply_event(
            database, Request(case_id, f"cli-cancel:{uuid4().hex}", CaseCancelled(reason=reason))
        )
        if isinstance(outcome, Rejected):
            raise outcome.error
        wake(database, settings, case_id)
    click.echo(text("Cancelled case {ref}.", ref=ref))


@case.command()
@click.argument("ref")
@click.option("--reason", required=True, help="Why; kept in the history.")
def retry(ref: str, reason: str) -> None:
    """Make the blocked calls of a case again."""
    settings = Settings()
    with store(settings) as database:
        with database.read() as conn:
            page = queries.case_show(conn, ref)
        blocked = [visit for visit in page.visits if visit.status == "blocked"]
        if not blocked:
            raise NothingBlocked(ref=ref)
        for visit in blocked:
            event = CallRetried(visit=visit.visit, reason=reason)
            outcome = apply_event(
                database, Request(page.line.case_id, f"cli-retry:{uuid4().hex}", event)
            )
            if isinstance(outcome, Rejected):
                raise outcome.error
        wake(database, settings, page.line.case_id)
    click.echo(text("Calls made again: {count}", count=len(blocked)))


def moment(at: datetime | None) -> str:
    """A time for people, in the shop's time zone."""
    return at.astimezone(_ZONE).strftime("%m-%d %H:%M") if at else ""
