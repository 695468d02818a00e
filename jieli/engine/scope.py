"""The names an expression or template of a definition may use, for one case at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from jieli.engine.case import CaseState, Visit
from jieli.engine.context import Context
from jieli.engine.definition import FieldWords, StepWords
from jieli.engine.elements import each_of, retyped
from jieli.engine.expressions import Choice
from jieli.engine.published import Definition


def scope_of(
    definition: Definition, state: CaseState, context: Context, now: datetime
) -> dict[str, Any]:
    """Case fields, answers of the steps, settings and the case itself, by name."""
    process = definition.process
    scope: dict[str, Any] = {
        name: typed(field, state.data.get(name), context)
        for name, field in process.case.fields.items()
    }
    for name, step in process.steps.items():
        scope[name] = _answers_of(definition, name, step, state, context)
    scope["visits"] = {name: rounds_of(state, step, name) for name, step in process.steps.items()}
    scope["settings"] = {name: setting.value for name, setting in process.settings.items()}
    scope["case"] = {
        "ref": state.ref, "title": state.title, "priority": state.priority,
        "opened_at": state.opened_at, "buyer": state.buyer, "shop": context.shop,
        "owner": context.label(state.owner) or None, "owner_id": state.owner,
    }  # fmt: skip
    scope["contact_blocked"] = state.contact_blocked
    scope["now"] = now
    # A field of the case may be called like one of these.
    scope.setdefault("item", None)
    scope.setdefault("ledger", context.ledger.names)
    scope.setdefault("roles", context.people_of_roles)
    scope["_timezone"] = context.calendar.timezone
    return scope


def about(definition: Definition, visit: Visit, context: Context) -> dict[str, Any]:
    """The names that exist only in one visit: its element, when its step says each."""
    if visit.fan is None:
        return {}
    named = partial(typed, context=context)
    item = retyped(definition.item_columns(visit.step), visit.item, named)
    return {"item": _with_name(item, context)}


def _with_name(item: Any, context: Context) -> Any:
    """A person's id alone has the person's name as its label, as in a field for a person."""
    return Choice(item, context.label(item)) if isinstance(item, str) and item in context.people else item


def scope_for(
    definition: Definition, state: CaseState, context: Context, now: datetime, visit: Visit
) -> dict[str, Any]:
    """The names that the words of a visit's step may use, its form and buttons too."""
    return {**scope_of(definition, state, context, now), **about(definition, visit, context)}


def rounds_of(state: CaseState, step: StepWords, name: str) -> int:
    """How often a case came to a step; with `each` once for all elements together."""
    return (state.rounds if each_of(step) else state.counts).get(name, 0)


def typed(field: FieldWords, value: Any, context: Context | None = None) -> Any:
    """A stored JSON value as expressions see it: choices with their label, times as times.

    With a context people have their names as labels.
    """
    if value is None or value == "":
        return None
    if context and field.type == "person":
        return Choice(str(value), context.label(str(value)))
    if context and field.type == "people":
        return [Choice(str(each), context.label(str(each))) for each in value]
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
        # A cell left empty is None, not a name that is missing.
        return [
            {name: typed(column, row.get(name), context) for name, column in field.fields.items()}
            for row in value
        ]
    return value


def form_of(step: StepWords) -> dict[str, FieldWords]:
    """The fields a step asks for; empty for a step without a form."""
    form: dict[str, FieldWords] = getattr(step, "form", {})
    return form


def _answers_of(
    definition: Definition, name: str, step: StepWords, state: CaseState, context: Context
) -> dict[str, Any]:
    answers = state.answers.get(name)
    more: dict[str, Any] = {}
    if name in definition.arrivals:
        arrived = answers.get("each", []) if answers else []
        columns, named = definition.arrivals[name], partial(typed, context=context)
        more["each"] = [_arrival(retyped(columns, each, named), context) for each in arrived]
    if answers is None:
        return {**definition.blanks[name], **more}
    return {
        **answers_in(form_of(step), answers["fields"], context),
        "done": True,
        "by": context.label(answers.get("by")),
        "by_id": answers.get("by"),
        "at": datetime.fromisoformat(answers["at"]),
        "button": answers.get("button"),
        "result": answers.get("result"),
        "ref": answers.get("ref"),
        **more,
    }


def answers_in(
    fields: Mapping[str, FieldWords], answers: Mapping[str, Any], context: Context
) -> dict[str, Any]:
    """The answers of a form as expressions see them; what was not filled in is None."""
    return {name: typed(words, answers.get(name), context) for name, words in fields.items()}


def _arrival(said: dict[str, Any], context: Context) -> dict[str, Any]:
    item = _with_name(said.get("item"), context)
    return {**said, "item": item, "by": context.label(said.get("by_id"))}


def moment(value: date | datetime | None, context: Context) -> datetime | None:
    """A date or time of a scope as an instant; a date begins at local midnight."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.combine(value, time(), ZoneInfo(context.calendar.timezone)).astimezone(UTC)
