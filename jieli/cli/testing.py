"""`jieli test`: the test files beside the definitions. Reads files, changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from jieli.cli.check import read
from jieli.cli.printing import as_json
from jieli.engine.diagram import picture
from jieli.engine.errors import DefinitionError, Problem
from jieli.engine.loader import load
from jieli.engine.simulation.coverage import Coverage, coverage_of
from jieli.engine.simulation.happenings import happenings
from jieli.engine.simulation.testing import Outcome, read_tests, run_tests
from jieli.engine.simulation.world import Library, World
from jieli.settings import Settings
from jieli.texts import text

ENDINGS = (".test.yaml", ".test.yml")


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--folder", type=click.Path(exists=True, path_type=Path), help="The definitions.")
@click.option("--coverage", "ways", is_flag=True, help="List the ways no test took.")
@click.option("--least", type=click.IntRange(0, 100), help="Fail below so many percent of the ways.")
@click.option("--timeline", is_flag=True, help="Print what happened in tests that fail.")
@click.option("--json", "json_", is_flag=True, help="Print as JSON.")
def test(
    paths: tuple[Path, ...], folder: Path | None, ways: bool, least: int | None, timeline: bool,
    json_: bool,
) -> int:  # fmt: skip
    """Run the test files beside the definitions; exit 1 when one fails."""
    place = folder or Settings().definitions_dir
    loaded = load(read((place,)))
    library = Library(loaded.processes, loaded.messages, loaded.context)
    outcomes, problems = _run(test_files(paths or (place,)), library)
    covered = _covered(outcomes, library)
    if json_:
        as_json(_plain(outcomes, problems, covered))
    else:
        _show(outcomes, problems, timeline)
        _show_ways(covered, ways)
    few = [each for each in covered if least is not None and each.percent < least]
    for each in few if not json_ else ():
        words = text("{process}: fewer ways than {least} %", process=each.picture.process, least=least)
        click.echo(words, err=True)
    return 1 if problems or few or any(each.failures for each in outcomes) else 0


def test_files(paths: Iterable[Path]) -> list[Path]:
    """The test files among files and below folders."""
    found: list[Path] = []
    for path in paths:
        below = sorted(path.rglob("*")) if path.is_dir() else [path]
        found += [each for each in below if each.name.endswith(ENDINGS)]
    return found


def _run(files: Iterable[Path], library: Library) -> tuple[list[Outcome], list[Problem]]:
    outcomes: list[Outcome] = []
    problems: list[Problem] = []
    for file in files:
        try:
            found, document = read_tests(str(file), file.read_text("utf-8"), library.processes)
        except DefinitionError as error:
            problems += error.problems
            continue
        outcomes += run_tests(library, found, document)
    return outcomes, problems


def _covered(outcomes: list[Outcome], library: Library) -> list[Coverage]:
    """By process that has tests: the ways taken, also where another process started it."""
    worlds = [each.world for each in outcomes if each.world]
    cases = [played for world in worlds for played in world.cases.values()]
    return [
        coverage_of(
            picture(library.processes[name], library.context, library.processes),
            [played for played in cases if played.process == name],
        )
        for name in dict.fromkeys(each.process for each in outcomes)
    ]


def _show(outcomes: list[Outcome], problems: list[Problem], timeline: bool) -> None:
    for problem in problems:
        click.echo(str(problem))
    for each in outcomes:
        click.echo(f"{'✗' if each.failures else '✓'} {each.process}: {each.name}")
        for failure in each.failures:
            click.echo(f"    {each.file}:{each.line}: {failure}")
        if each.failures and timeline and each.world:
            _show_world(each.world)
    failed = sum(bool(each.failures) for each in outcomes)
    click.echo(text("Tests: {count}, failed: {failed}", count=len(outcomes), failed=failed))


def _show_world(world: World) -> None:
    zone = world.context.calendar.zone
    for line in happenings(world):
        click.echo(f"      {line.at.astimezone(zone):%m-%d %H:%M}  {line.words}")


def _show_ways(covered: list[Coverage], listed: bool) -> None:
    for each in covered:
        drawn = each.picture
        click.echo(text("{process}: {taken} of {count} ways ({percent} %)", process=drawn.title,
                        taken=len(each.taken), count=len(drawn.arrows), percent=each.percent))  # fmt: skip
        for arrow in each.missing if listed else ():
            source, target = drawn.node(arrow.source).title, drawn.node(arrow.target).title
            click.echo(f"    {source} ─ {arrow.label or '…'} ─▷ {target}")


def _plain(
    outcomes: list[Outcome], problems: list[Problem], covered: list[Coverage]
) -> dict[str, Any]:
    return {
        "tests": [
            {"file": each.file, "line": each.line, "process": each.process, "name": each.name,
             "failures": list(each.failures)}
            for each in outcomes
        ],
        "problems": [str(each) for each in problems],
        "coverage": [
            {"process": each.picture.process, "ways": len(each.picture.arrows), "taken": len(each.taken),
             "missing": [[arrow.source, arrow.label, arrow.target] for arrow in each.missing]}
            for each in covered
        ],
    }  # fmt: skip
