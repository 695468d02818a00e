"""`jieli simulate`: what a process does, told before it is live. Reads files, changes nothing."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import click
import yaml

from jieli.cli.diagram import process_of
from jieli.cli.explored import show_explored
from jieli.cli.printing import as_json, table
from jieli.engine.context import Context
from jieli.engine.definition import FieldWords, Process
from jieli.engine.errors import FormError
from jieli.engine.loader import Library as Loaded
from jieli.engine.simulation.happenings import Happening, happenings
from jieli.engine.simulation.reading import script_of
from jieli.engine.simulation.script import Script
from jieli.engine.simulation.times import local, until_of
from jieli.engine.simulation.world import FIRST, Library, World
from jieli.texts import text

KINDS = {
    "step": "step", "answer": "answer", "message": "message", "ledger": "ledger", "time": "time",
    "other": "other", "end": "end", "mishap": "does not go",
}  # fmt: skip


@click.command()
@click.argument("process")
@click.option("--data", "data", multiple=True, help="A YAML or JSON file, or field=value; repeatable.")
@click.option("--answers", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="A YAML file: who answers what and when.")  # fmt: skip
@click.option("--from", "from_", help="The local time it begins, 2026-11-20 09:00.")
@click.option("--until", help="How far the clock goes: 30d, or a local time.")
@click.option("--by", help="Who starts it.")
@click.option("--explore", is_flag=True, help="Walk every branch and timeout instead.")
@click.option("--most", default=6000, show_default=True, help="Explore at most so many moves.")
@click.option("--all", "all_", is_flag=True, help="With --explore: list every path.")
@click.option("--folder", type=click.Path(exists=True, path_type=Path), help="The definitions.")
@click.option("--json", "json_", is_flag=True, help="Print as JSON.")
def simulate(
    process: str, data: tuple[str, ...], answers: Path | None, from_: str | None,
    until: str | None, by: str | None, explore: bool, most: int, all_: bool,
    folder: Path | None, json_: bool,
) -> int:  # fmt: skip
    """Play a process with a moved clock: who gets what by which channel when, and where it ends."""
    known, loaded = process_of(process, folder)
    library = Library(loaded.processes, loaded.messages, loaded.context)
    script = _script(known, loaded, answers)
    given = {"from_": from_, "until": until, "by": by}
    words = {key: value for key, value in given.items() if value is not None}
    merged = {**words, "data": {**script.data, **_data(known, data)}}
    if until is not None:
        until_of(until, local(script.from_, library.context), library.context)  # or NoTime
    script = script.model_copy(update=merged)
    if explore:
        show_explored(library, process, script, most=most, every=all_, json_=json_)
        return 0
    world = World(library, script).run(process)
    if json_:
        as_json(_plain(world))
    else:
        _show(world)
    return 1 if world.mishaps else 0


def _script(process: Process, loaded: Loaded, answers: Path | None) -> Script:
    if answers is None:
        return Script()
    return script_of(str(answers), answers.read_text("utf-8"), process, loaded.processes)


def _data(process: Process, given: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in given:
        name, sign, value = each.partition("=")
        if sign and not Path(each).exists():
            if name not in process.case.fields:
                raise FormError({name: text("There is no such field.")})
            found[name] = _value(process.case.fields[name], value)
            continue
        path = Path(each)
        if not path.exists():
            raise click.BadParameter(text("there is no file {path}", path=each), param_hint="--data")
        read = yaml.safe_load(path.read_text("utf-8"))
        if not isinstance(read, dict):
            raise click.BadParameter(text("a JSON object is wanted"), param_hint="--data")
        found |= json.loads(json.dumps(read, default=str))
    return found


def _value(field: FieldWords, value: str) -> Any:
    return value.split(",") if field.type in ("choices", "people") else value


def _show(world: World) -> None:
    lines = happenings(world)
    several = len(world.cases) > 1
    before = ""
    rows = []
    for line in lines:
        moment = f"{line.at.astimezone(world.context.calendar.zone):%Y-%m-%d %a %H:%M}"
        refs = [_ref(world, line)] if several else []
        rows.append([moment if moment != before else "", *refs, text(KINDS[line.kind]), line.words])
        before = moment
    if rows:
        table(*rows)
    click.echo("")
    for words in where_it_stands(world):
        click.echo(words)


def _ref(world: World, line: Happening) -> str:
    state = world.cases[line.case].state
    return state.ref if state else ""


def where_it_stands(world: World) -> list[str]:
    """How each case ended, or what it waits for."""
    found = []
    for played in world.cases.values():
        state = played.state
        if state is None:
            continue
        process = played.definition.process
        name = f"{process.title} {state.ref}"
        if state.status == "open":
            open_ = "、".join(_waiting(world.context, visit) for visit in state.visits.values())
            found.append(text("{case} is open and waits for: {what}", case=name, what=open_))
        else:
            result = process.ends.get(state.result or "", state.result or "")
            found.append(text("{case} has ended: {result}", case=name, result=result))
    return found


def _waiting(context: Context, visit: Any) -> str:
    people = [visit.assignee] if visit.assignee else visit.candidates
    who = "、".join(context.label(person) for person in people)
    return f"{visit.title}（{who}）" if who else str(visit.title)


def _plain(world: World) -> dict[str, Any]:
    first = world.cases[FIRST]
    return {
        "timeline": [asdict(replace(line, at=line.at)) for line in happenings(world)],
        "path": first.path,
        "status": first.state.status if first.state else None,
        "result": first.state.result if first.state else None,
        "mishaps": [asdict(each) for each in world.mishaps],
    }
