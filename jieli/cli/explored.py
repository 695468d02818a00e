"""What `jieli simulate --explore` found, for people and as JSON. Explores nothing itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import click

from jieli.cli.printing import as_json
from jieli.engine.definition import Process
from jieli.engine.published import Definition
from jieli.engine.simulation.exploring import Explored, Silence, Walked, explore
from jieli.engine.simulation.script import Script
from jieli.engine.simulation.staffing import Unstaffed, next_holiday, next_night, unstaffed
from jieli.engine.simulation.times import local
from jieli.engine.simulation.world import Library
from jieli.texts import text

SHOWN = 40


def show_explored(
    library: Library, process: str, script: Script, *, most: int, every: bool, json_: bool
) -> None:
    """Explore a process and print what was found."""
    found = explore(library, process, script, most=most)
    context, begun = library.context, local(script.from_, library.context)
    definition = Definition(library.processes[process], 1, library.messages)
    times = {"night": next_night(context, begun), "holiday": next_holiday(context, begun)}
    missing = {key: unstaffed(definition, found, context, at) for key, at in times.items()}
    if json_:
        as_json(_plain(found, missing, definition.process))
        return
    _paths(found, definition.process, every)
    _silences(found, definition.process)
    for key, words in (
        ("night", "Nobody is there at {time}:"), ("holiday", "Nobody is there on a holiday, {time}:"),
    ):  # fmt: skip
        _unstaffed(text(words, time=f"{times[key]:%Y-%m-%d %H:%M}"), missing[key], definition.process)
    _unseen(found, definition.process)


def unseen(found: Explored, process: Process) -> list[str]:
    """The steps no path came to."""
    reached = {step for step, _ in found.left} | set(found.opened)
    reached |= {step for silence in found.for_ever.values() for step in silence.steps}
    return [name for name in process.steps if name not in reached]


def _plain(
    found: Explored, missing: dict[str, list[Unstaffed]], process: Process
) -> dict[str, Any]:
    longest = found.longest_silence
    return {
        "paths": [
            {"steps": [asdict(leg) for leg in path.legs], "result": path.result} for path in found.paths
        ],
        "longest_silence": asdict(longest) if longest else None,
        "silent_for_ever": [list(each.steps) for each in found.for_ever.values()],
        "nobody": {key: [each.step for each in steps] for key, steps in missing.items()},
        "not_reached": unseen(found, process),
        "faults": found.faults,
        "moments": found.moments, "moves": found.moves, "complete": not found.cut,
    }  # fmt: skip


def _paths(found: Explored, process: Process, every: bool) -> None:
    ended = sorted((path for path in found.paths if path.result is not None), key=lambda p: len(p.legs))
    joined = [path for path in found.paths if path.result is None]
    click.echo(text("Paths to an end: {count}", count=len(ended)))
    for result, count in Counter(path.result for path in ended).most_common():
        click.echo(f"  {process.ends.get(str(result), str(result))}: {count}")
    click.echo("")
    shown = ended if every else ended[:SHOWN]
    for number, path in enumerate(shown, start=1):
        click.echo(f"{number:>3}. {_path(path, process)}")
    if len(ended) > len(shown):
        more = len(ended) - len(shown)
        click.echo(text("… and {count} more; --all lists them.", count=more))
    click.echo(text("Paths that go on like one of these: {count}", count=len(joined)))
    for path in joined if every else ():
        click.echo(f"     {_path(path, process)} …")
    click.echo("")


def _path(path: Walked, process: Process) -> str:
    legs = [f"{_step(process, leg.step)}[{leg.words}]" for leg in path.legs]
    end = [process.ends.get(path.result, path.result)] if path.result else []
    return " → ".join([*legs, *end])


def _silences(found: Explored, process: Process) -> None:
    longest = found.longest_silence
    if longest is not None and longest.length is not None:
        steps = _steps(longest, process)
        click.echo(text("The longest silence: {time}, in {steps}", time=_length(longest.length), steps=steps))
    if found.for_ever:
        click.echo(text("When nobody does anything, nobody is told any more:"))
        for each in sorted(found.for_ever.values(), key=lambda one: one.after, reverse=True):
            after = text("{time} after it opened", time=_length(each.after))
            click.echo(f"  {_steps(each, process)}（{after}）")
    click.echo("")


def _unstaffed(head: str, steps: list[Unstaffed], process: Process) -> None:
    if not steps:
        click.echo(f"{head} {text('no step')}")
        return
    click.echo(head)
    for each in steps:
        next_ = _local(each.from_, each.at)
        click.echo(f"  {_step(process, each.step)}（{next_}）")


def _local(next_: datetime | None, at: datetime) -> str:
    if next_ is None:
        return text("nobody at all")
    return text("the next at {time}", time=f"{next_.astimezone(at.tzinfo):%m-%d %H:%M}")


def _unseen(found: Explored, process: Process) -> None:
    for where, fault in found.faults.items():
        click.echo(text("This does not go: {where}: {fault}", where=where, fault=fault))
    steps = unseen(found, process)
    if steps:
        names = "、".join(_step(process, name) for name in steps)
        click.echo(text("With guessed answers no path came to: {steps}", steps=names))
    words = text("Moments: {moments}, moves: {moves}", moments=found.moments, moves=found.moves)
    click.echo(words)
    if found.cut:
        click.echo(text("Not everything was explored; raise --most."))


def _steps(silence: Silence, process: Process) -> str:
    return "、".join(_step(process, name) for name in silence.steps)


def _step(process: Process, name: str) -> str:
    return process.steps[name].title or name


def _length(length: timedelta) -> str:
    minutes = int(length.total_seconds() // 60)
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = ((days, text("d")), (hours, text("h")), (rest, text("min")))
    return " ".join(f"{count} {unit}" for count, unit in parts if count) or f"0 {text('min')}"
