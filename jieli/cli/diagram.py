"""`jieli diagram`: the picture of a process, or of a case with the path it took. Reads only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import click

from jieli.cli.check import read
from jieli.cli.stored import store
from jieli.engine.context import Context
from jieli.engine.definition import Process
from jieli.engine.diagram import Picture, Trail, as_mermaid, as_svg, as_text, picture, trail_of
from jieli.engine.errors import JieliError
from jieli.engine.loader import Library, load
from jieli.settings import Settings
from jieli.store import definitions, queries
from jieli.texts import text

WRITERS: dict[str, Callable[[Picture, Trail], str]] = {
    "text": as_text, "mermaid": as_mermaid, "svg": as_svg,
}  # fmt: skip


class NoSuchProcess(JieliError):
    """There is no process {name} in {folder}; there are {known}."""


@click.command()
@click.argument("process", required=False)
@click.option("--case", "ref", help="Of this case: the path taken, and where it waits.")
@click.option("--format", "form", type=click.Choice(list(WRITERS)), default="text")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write it to a file.")
@click.option("--folder", type=click.Path(exists=True, path_type=Path), help="The definitions.")
def diagram(
    process: str | None, ref: str | None, form: str, out: Path | None, folder: Path | None
) -> None:
    """Draw a process of the definition files, or a case of the store."""
    if (process is None) == (ref is None):
        raise click.UsageError(text("Name a process, or a case with --case."))
    shown, trail = _of_case(ref) if ref else _of_process(str(process), folder)
    drawn = WRITERS[form](shown, trail)
    if out is None:
        click.echo(drawn, nl=False)
        return
    out.write_text(drawn, encoding="utf-8")
    click.echo(text("Written to {path}.", path=str(out)))


def process_of(name: str, folder: Path | None) -> tuple[Process, Library]:
    """A process of the definition files; JieliError names those there are."""
    place = folder or Settings().definitions_dir
    library = load(read((place,)))
    if name not in library.processes:
        known = ", ".join(sorted(library.processes))
        raise NoSuchProcess(name=name, folder=str(place), known=known)
    return library.processes[name], library


def _of_process(name: str, folder: Path | None) -> tuple[Picture, Trail]:
    process, library = process_of(name, folder)
    return _drawn(process, library.context, library.processes), Trail()


def _of_case(ref: str) -> tuple[Picture, Trail]:
    with store() as database, database.read() as connection:
        page = queries.case_show(connection, ref)
        line = page.line
        pinned = definitions.definition(connection, line.process, line.version)
        known = definitions.latest_definitions(connection)
        _, context = definitions.current_context(connection)
    drawn = _drawn(pinned.process, context, {name: each.process for name, each in known.items()})
    return drawn, trail_of(drawn, page.visits)


def _drawn(process: Process, context: Context, others: Mapping[str, Process]) -> Picture:
    return picture(process, context, others)
