"""The names an expression or template of a definition may use, for one case at one moment."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from jieli.engine.case import CaseState
from jieli.engine.context import Context
from jieli.engine.definition import FieldWords, StepWords
from jieli.engine.expressions import Choice
from jieli.engine.published import Definition

_ABOUT_AN_ANSWER = ("by", "by_id", "at", "button", "result", "ref")


def scope_of(
    definition: Definition, state: CaseState, context: Context, now: datetime
) -> dict[str, Any]:
    """Case fields, answers of the steps, settings and the case itself, by name."""
    process = definition.process
    scope: dict[str, Any] = {
        name: typed(field, state.data.get(name)) for name, field in process.case.fields.items()
    }
    for name, step in process.steps.items():
        scope[name] = _answers_of(name, step, state, context)
    scope["visits"] = {name: state.counts.get(name, 0) for name in process.steps}
    scope["settings"] = {name: setting.value for name, setting in process.settings.items()}
    scope["case"] = {
        "ref": state.ref, "title": state.title, "priority": state.priority,
        "opened_at": state.opened_at, "buyer": state.buyer, "shop": context.shop,
    }  # fmt: skip
    scope["contact_blocked"] = state.contact_blocked
    scope["now"] = now
    scope["_timezone"] = context.calendar.timezone
    return scope


def typed(field: FieldWords, value: Any) -> Any:
    """A stored JSON value as expressions see it: choices with their label, times as times."""
    if value is None or value == "":
        return None
    if field.type == "choice":
        return Choice(str(value), field.of.get(str(value), str(value)))
    if field.type == "choices":
        return [Choice(str(each), field.of.get(str(each), str(each))) for each in value]
    if field.type == "datetime":
        return datetime.fromisoformat(value)
    if field.type == "date":
        return datetime.fromisoformat(value).date()
    if field.type == "money":
        return Decimal(str(value))
    if field.type == "rows":
        return [{k: typed(field.fields[k], v) for k, v in row.items() if k in field.fields} for row in value]
    return value


def form_of(step: StepWords) -> dict[str, FieldWords]:
    """The fields a step asks for; empty for a step without a form."""
    form: dict[str, FieldWords] = getattr(step, "form", {})
    return form


def _answers_of(
    name: str, step: StepWords, state: CaseState, context: Context
) -> dict[str, Any]:
    answers = state.answers.get(name)
    fields = form_of(step)
    if answers is None:
        blank: dict[str, Any] = dict.fromkeys((*fields, *_ABOUT_AN_ANSWER))
        return {**blank, "done": False}
    known = {field: typed(words, answers["fields"].get(field)) for field, words in fields.items()}
    return {
        **known,
        "done": True,
        "by": context.label(answers.get("by")),
        "by_id": answers.get("by"),
        "at": datetime.fromisoformat(answers["at"]),
        "button": answers.get("button"),
        "result": answers.get("result"),
        "ref": answers.get("ref"),
    }


def moment(value: date | datetime | None, context: Context) -> datetime | None:
    """A date or time of a scope as an instant; a date begins at local midnight."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.combine(value, time(), ZoneInfo(context.calendar.timezone)).astimezone(UTC)
