"""`make bench`: measure, print a table with the machine's load, write it as JSON."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from bench import plain
from bench.counting import CountingServer
from bench.figures import FIGURES, Bench, Figure, line
from bench.stack import Place, Stack
from jieli.prefect_rest import PrefectRest
from jieli.store.database import Database

POSTGRES = "postgresql://postgres@127.0.0.1"


def main() -> None:
    """Measure what was asked for."""
    asked = _arguments()
    figures: list[Figure] = []
    try:
        for name in asked.database:
            figures += measure(name, asked)
    finally:
        click.echo("\n" + table(figures))
        asked.json.write_text(json.dumps(_report(figures), ensure_ascii=False, indent=1))
        click.echo(f"\n{asked.json}")


def measure(name: str, asked: argparse.Namespace) -> list[Figure]:
    """All figures on one database, each stack fresh."""
    postgres = asked.postgres if name == "postgres" else None
    figures: list[Figure] = []
    wanted = [letter for letter in FIGURES if letter in asked.only]
    # The parked cases of (d) have a stack of their own: it begins with none.
    for some in (
        [each for each in wanted if each != "d"],
        [each for each in wanted if each == "d"],
    ):
        if some:
            figures += _on_jieli(name, postgres, some, asked)
    if "g" in asked.only:
        place = Place(asked.dir / f"{name}-plain", postgres)
        figures += plain.measure(name, place, asked.quick, say)
    return figures


def _on_jieli(
    name: str, postgres: str | None, wanted: Sequence[str], asked: argparse.Namespace
) -> list[Figure]:
    counting = CountingServer()
    place = Place(asked.dir / name, postgres, counting.url)
    place.prepare()
    stack = Stack(place)
    say(f"{name}: starting the stack in {place.data_dir}")
    stack.start()
    settings = place.settings()
    database = Database(settings.store_url)
    bench = Bench(
        name, stack, settings, database, PrefectRest(settings.prefect_api_url, patience=60),
        counting, asked.quick, say,
    )  # fmt: skip
    try:
        for letter in wanted:
            FIGURES[letter](bench)
    finally:
        stack.stop()
        database.dispose()
        place.remove()
    return bench.figures


def say(words: str) -> None:
    """Tell how far we are."""
    click.echo(f"{time.strftime('%H:%M:%S')} {words}")
    sys.stdout.flush()


def table(figures: Sequence[Figure]) -> str:
    """The figures side by side, one column for each database."""
    names = list(dict.fromkeys(figure.database for figure in figures))
    rows: dict[tuple[str, str], dict[str, Figure]] = {}
    for figure in figures:
        rows.setdefault((figure.letter, figure.what), {})[figure.database] = figure
    lines = ["| | figure | wanted | " + " | ".join(names) + " |"]
    lines.append("|" + "---|" * (3 + len(names)))
    for (letter, what), found in rows.items():
        some = next(iter(found.values()))
        cells = [
            f"{found[name].value} {found[name].unit}" if name in found else "" for name in names
        ]
        lines.append(f"| {letter} | {what} | {some.target} | " + " | ".join(cells) + " |")
    notes = [line(figure) for figure in figures if figure.note or figure.circumstances]
    return "\n".join([*lines, "", *notes])


def _report(figures: Sequence[Figure]) -> dict[str, object]:
    return {
        "machine": platform.platform(), "cores": os.cpu_count(), "python": sys.version,
        "at": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "figures": [asdict(figure) for figure in figures],
    }  # fmt: skip


def _arguments() -> argparse.Namespace:
    letters = [*FIGURES, "g"]
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--only", type=lambda given: given.split(","), default=letters,
                        help=f"some of {','.join(letters)}")  # fmt: skip
    parser.add_argument("--database", type=lambda given: given.split(","),
                        default=["sqlite", "postgres"], help="sqlite, postgres or both")  # fmt: skip
    parser.add_argument("--postgres", default=POSTGRES, help="a server we may make databases on")
    parser.add_argument("--quick", action="store_true", help="fewer of everything, to try it out")
    parser.add_argument(
        "--dir",
        type=Path,
        default=Path(tempfile.gettempdir()) / "jieli-bench",
        help="where data goes",
    )
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="the report")
    return parser.parse_args()


if __name__ == "__main__":
    main()
