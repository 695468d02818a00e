"""`jieli import` and `jieli case import`: CSV files from other systems, checked line by line."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

from jieli.cli.stored import store
from jieli.engine.csv_rows import BadRows, decoded
from jieli.settings import Settings
from jieli.store import importing
from jieli.store.times import business_now
from jieli.texts import text

FILE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
_MOST_SHOWN = 50
T = TypeVar("T")


@click.command("import")
@click.argument("list_", metavar="LIST")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
def import_(list_: str, file: Path, dry_run: bool) -> None:
    """Take in a list of another system, as unpaid orders, from a CSV file."""
    content = _content(file)
    with store() as database:
        done = _or_mistakes(
            lambda: database.run(
                lambda conn: importing.import_list(
                    conn, list_, content, business_now(conn), dry_run=dry_run
                )
            )
        )
    told = text(
        "{new} new rows, {changed} changed, {same} as before.", new=done.new, changed=done.changed,
        same=done.same,
    )  # fmt: skip
    click.echo(told + _dry(dry_run))


@click.command("import")
@click.argument("process")
@click.argument("file", type=FILE)
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
def import_cases(process: str, file: Path, dry_run: bool) -> None:
    """Start one case for each row of a CSV file."""
    settings, content = Settings(), _content(file)
    with store(settings) as database:
        done = _or_mistakes(
            lambda: database.run(
                lambda conn: importing.import_cases(
                    conn, process, content, business_now(conn), dry_run=dry_run
                )
            )
        )
    told = text("{new} new cases, {known} there already.", new=done.new, known=done.known)
    click.echo(told + _dry(dry_run))


def _content(file: Path) -> str:
    raw: bytes = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    return _or_mistakes(lambda: decoded(raw))


def _or_mistakes(work: Callable[[], T]) -> T:
    """Do it, or print every mistake of the file, one a line, and end with 1."""
    try:
        return work()
    except BadRows as error:
        for mistake in error.mistakes[:_MOST_SHOWN]:
            click.echo(str(mistake), err=True)
        if len(error.mistakes) > _MOST_SHOWN:
            more = len(error.mistakes) - _MOST_SHOWN
            click.echo(text("… and {count} more.", count=more), err=True)
        raise


def _dry(dry_run: bool) -> str:
    return " " + text("Nothing was written: a dry run.") if dry_run else ""
