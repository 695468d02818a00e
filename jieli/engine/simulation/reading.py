"""Reads scripts and test files; every mistake has its place and, where it can, what was meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from pydantic import BaseModel

from jieli.engine.definition import Process, SubCaseStep
from jieli.engine.errors import DefinitionError
from jieli.engine.model_errors import did_you_mean, validate
from jieli.engine.scope import form_of
from jieli.engine.simulation.script import Script
from jieli.engine.yaml_nodes import Document, Path, read
from jieli.texts import text

Model = TypeVar("Model", bound=BaseModel)


def script_of(file: str, source: str, process: Process, all_: Mapping[str, Process]) -> Script:
    """A script of one file; raises DefinitionError with every problem."""
    document = read(file, source)
    script = model_of(Script, document)
    if script is not None:
        check_script(document, (), script, process, all_)
    if document.problems or script is None:
        raise DefinitionError(sorted(document.problems))
    return script


def model_of(kind: type[Model], document: Document) -> Model | None:
    """The document as a model; None and problems of the document when it is none."""
    if document.data is None:
        return None
    if not isinstance(document.data, dict):
        document.say((), text("Keys with values are wanted here"))
        return None
    found = validate(kind, document)
    return found.model if not document.problems else None


def check_script(
    document: Document, path: Path, script: Script, process: Process, all_: Mapping[str, Process]
) -> None:
    """Names of steps, buttons, fields and processes that are not there."""
    family = processes_of(process, all_)
    for name in script.data:
        known_word(document, (*path, "data", name), name, process.case.fields, "field")
    for key, answers in script.answers.items():
        here = (*path, "answers", key)
        owner, _, step = key.rpartition(":")
        asked = [family[owner]] if owner in family else [] if owner else list(family.values())
        found = next((each.steps[step] for each in asked if step in each.steps), None)
        if found is None:
            names = [name for each in family.values() for name in each.steps]
            known_word(document, here, step, names, "step")
            continue
        is_list = isinstance(document.data, dict) and isinstance(_at(document, here), list)
        for number, answer in enumerate(answers):
            place = (*here, number) if is_list else here
            buttons = getattr(found, "buttons", {})
            if answer.press is not None and not answer.refused:
                known_word(document, (*place, "press"), answer.press, buttons, "button")
            for name in answer.fill:
                known_word(document, (*place, "fill", name), name, form_of(found), "field")
    for name in script.sub_cases:
        known_word(document, (*path, "sub_cases", name), name, all_, "process")
    for name in script.calls:
        steps = [step for each in family.values() for step in each.steps]
        known_word(document, (*path, "calls", name), name, steps, "step")


def processes_of(process: Process, all_: Mapping[str, Process]) -> dict[str, Process]:
    """The process and every one it may start, they too."""
    found, todo = {process.process: process}, [process]
    while todo:
        for step in todo.pop().steps.values():
            name = step.sub_case.process if isinstance(step, SubCaseStep) else ""
            if name in all_ and name not in found:
                found[name] = all_[name]
                todo.append(all_[name])
    return found


def known_word(
    document: Document, path: Path, name: str, known: Mapping[str, object] | list[str], what: str
) -> None:
    """Say that there is no such word, and which one was perhaps meant."""
    if name in known:
        return
    message = {
        "field": text('There is no field "{name}"', name=name),
        "step": text('There is no step "{name}"', name=name),
        "button": text('There is no button "{name}"', name=name),
        "process": text('There is no process "{name}"', name=name),
    }[what]
    document.say(path, message, did_you_mean(name, list(known)), key=True)


def _at(document: Document, path: Path) -> object:
    value: object = document.data
    for part in path:
        value = value[part] if isinstance(value, list | dict) else None  # type: ignore[index]
    return value
