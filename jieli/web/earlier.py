"""What was done in a case before: each answered step with who, when and what. Words only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jieli.engine.definition import StepWords
from jieli.engine.expressions import ExpressionError, render
from jieli.engine.scope import form_of
from jieli.web.file_pages import FileView
from jieli.web.moments import moment_words
from jieli.web.shown import Cover, Shown, show_all
from jieli.web.task import Task


@dataclass(frozen=True, slots=True)
class Earlier:
    """A step that was done before."""

    title: str
    about: str
    facts: tuple[Shown, ...]


def earlier_steps(task: Task, files: Mapping[str, FileView], cover: Cover = None) -> list[Earlier]:
    """The answered steps, in the order of their answers; one line for each element of `each`."""
    found: list[tuple[str, Earlier]] = []
    steps = task.definition.process.steps
    for name, answer in task.state.answers.items():
        if name in steps:
            step = steps[name]
            found += [(at, words) for at, words in _of_step(task, name, step, answer, files, cover)]
    return [words for _, words in sorted(found, key=lambda each: each[0])]


def _of_step(
    task: Task, name: str, step: StepWords, answer: Mapping[str, Any],
    files: Mapping[str, FileView], cover: Cover,
) -> Iterator[tuple[str, Earlier]]:  # fmt: skip
    if "each" in answer:
        for arrived in answer["each"]:
            if arrived.get("by_id"):
                told = {**arrived, "by": arrived["by_id"], "fields": arrived}
                yield arrived["at"], _words(task, name, step, told, arrived.get("item"), files, cover)
    elif answer.get("by"):
        yield answer["at"], _words(task, name, step, answer, None, files, cover)


def _words(
    task: Task, name: str, step: StepWords, answer: Mapping[str, Any], item: Any,
    files: Mapping[str, FileView], cover: Cover,
) -> Earlier:  # fmt: skip
    at = datetime.fromisoformat(answer["at"])
    button = getattr(step, "buttons", {}).get(answer.get("button"))
    about = [
        button.label if button else "",
        task.context.label(answer["by"]),
        moment_words(at, task.now, task.context.calendar.zone),
    ]
    said = answer.get("fields") or {}
    facts = show_all(form_of(step), said, task.context, task.now, files=files, cover=cover)
    return Earlier(_title(task, name, step, item), " · ".join(filter(None, about)), tuple(facts))


def _title(task: Task, name: str, step: StepWords, item: Any) -> str:
    try:
        return render(step.title, {**task.scope, "item": item}) or name
    except ExpressionError:
        return name
