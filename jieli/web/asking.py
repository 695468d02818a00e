"""A form as a task fills and checks it: tables from their source, roles, words, then the answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jieli.engine import filled, forms
from jieli.engine.definition import Button, FieldWords, Rule
from jieli.engine.scope import form_of
from jieli.web.task import Task


def put_right(task: Task, values: Mapping[str, Any]) -> dict[str, Any]:
    """What was typed, with its filled tables as their source has them now."""
    return filled.completed(form_of(task.step), values, _tables(task))[0]


def checked(task: Task, values: Mapping[str, Any], button: Button) -> dict[str, Any]:
    """The answers of the whole form as they count; raises FormError."""
    fields = form_of(task.step)
    complete, missing = filled.completed(fields, values, _tables(task))
    if button.stay:
        # The step is not over: what is not needed for this button may wait.
        button = button.model_copy(update={"unless_needed": True})
        missing = {}
    return _check(task, fields, task.step.rules, complete, button=button, missing=missing)


def check_row(task: Task, name: str, words: FieldWords, row: Mapping[str, Any]) -> None:
    """Judge one row alone; raises FormError with keys of row 0."""
    loose = {"required": False, "show_if": None, "min": None, "fill": None}
    _check(task, {name: words.model_copy(update=loose)}, (), {name: [row]})


def _check(
    task: Task, fields: Mapping[str, FieldWords], rules: Sequence[Rule], raw: Mapping[str, Any],
    *, button: Button | None = None, missing: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:  # fmt: skip
    context = task.context
    return forms.check(
        fields, rules, raw, task.scope, now=task.now, timezone=context.calendar.timezone,
        button=button, people=context.people,
        members=context.people_of_roles, ledger_rules=context.ledger.rules,
        wordings=forms.wordings_for(task.step, context.wordings), missing=missing,
        files={each.id for each in task.files.values() if not each.is_gone},
    )  # fmt: skip


def _tables(task: Task) -> dict[str, list[dict[str, Any]]]:
    return {name: task.fills.get(name) or [] for name in filled.tables(form_of(task.step))}
