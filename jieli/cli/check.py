"""`jieli check`: read every definition and tell all problems. Never imports Prefect."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from jieli.cli.printing import as_json
from jieli.engine.errors import DefinitionError, Problem
from jieli.engine.loader import load, read_directory
from jieli.settings import Settings
from jieli.texts import text


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--json", "json_", is_flag=True, help="Print the problems as JSON.")
def check(paths: tuple[Path, ...], json_: bool) -> int:
    """Check definition files or folders; exit 1 and every problem, each with its place."""
    problems = problems_of(read(paths or (Settings().definitions_dir,)))
    if json_:
        as_json([asdict(problem) for problem in problems])
    else:
        for problem in problems:
            click.echo(str(problem))
        if problems:
            click.echo(text("Problems: {count}", count=len(problems)), err=True)
        else:
            click.echo(text("No problems."))
    return 1 if problems else 0


def read(paths: tuple[Path, ...]) -> dict[str, str]:
    """The texts of files and folders, by the name a problem will show."""
    sources: dict[str, str] = {}
    for path in paths:
        if path.is_dir():
            found = read_directory(path)  # names begin with the folder's own
            sources |= {str(path.parent / name): body for name, body in found.items()}
        else:
            sources[str(path)] = path.read_text(encoding="utf-8")
    return sources


def problems_of(sources: dict[str, str]) -> list[Problem]:
    """Every problem of these files, read together."""
    try:
        load(sources)
    except DefinitionError as error:
        return error.problems
    return []
