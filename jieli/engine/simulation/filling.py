"""Fills in a form as the page would: defaults, tables from their source, then what somebody typed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from jieli.engine import filled, forms
from jieli.engine.case import CaseState, Visit
from jieli.engine.context import Context
from jieli.engine.definition import Button, FieldWords, HumanStep, WaitStep
from jieli.engine.errors import FormError, JieliError, NotYours
from jieli.engine.published import Definition
from jieli.engine.scope import form_of, scope_for, scope_of
from jieli.texts import text

Values = dict[str, Any]


def start_form(definition: Definition, given: Mapping[str, Any], context: Context, now: datetime) -> Values:
    """The data of a new case; raises FormError."""
    case = definition.process.case
    blank = CaseState(
        case_id="", process=definition.process.process, version=1, ref="", opened_at=now
    )
    scope = scope_of(definition, blank, context, now)
    raw = {**filled.defaults(case.fields, scope), **given}
    return forms.check(
        case.fields, case.rules, raw, scope, now=now, timezone=context.calendar.timezone,
        people=context.people, ledger_rules=context.ledger.rules,
    )  # fmt: skip


def answer_form(
    definition: Definition, state: CaseState, context: Context, now: datetime, visit: Visit,
    button: Button, given: Mapping[str, Any], rows: Mapping[str, Sequence[Mapping[str, Any]]],
) -> Values:  # fmt: skip
    """The answers of a step's form; raises FormError. `rows` are what tables are filled with."""
    step = definition.step(visit.step)
    assert isinstance(step, HumanStep | WaitStep)
    fields = form_of(step)
    scope = scope_for(definition, state, context, now, visit)
    source = {name: _rows(fields[name], name, scope, rows) for name in filled.tables(fields)}
    before = filled.starting(fields, scope, source)
    now_filled = {name: filled.table(fields[name], found, scope) for name, found in source.items()}
    complete, missing = filled.completed(fields, {**before, **given}, now_filled)
    if button.stay:
        button, missing = button.model_copy(update={"unless_needed": True}), {}
    return forms.check(
        fields, step.rules, complete, scope, now=now, timezone=context.calendar.timezone,
        button=button, people=context.people, members=context.people_of_roles,
        ledger_rules=context.ledger.rules,
        wordings=forms.wordings_for(step, context.wordings), missing=missing,
    )  # fmt: skip


def _rows(
    field: FieldWords, name: str, scope: Mapping[str, Any],
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
) -> list[Mapping[str, Any]]:  # fmt: skip
    if name in rows:
        return list(rows[name])
    expression = getattr(field.fill, "rows", None)
    return filled.rows_of(expression, scope) if expression else []


def reason_of(error: JieliError) -> str:
    """Why something was refused, in the reader's language."""
    if isinstance(error, FormError):
        return " ".join(f"{name}: {said}" if name else said for name, said in error.fields.items())
    if isinstance(error, NotYours):
        return _not_theirs(error)
    return error.told()


def _not_theirs(error: NotYours) -> str:
    code, _, what = error.reason.partition(":")
    why = {
        "not_asked": text("nobody asked them to"),
        "claimed_by": text("{person} has it", person=what),
        "needs_role": text("it needs the role {role}", role=what),
        "signed_already": text("they have signed already"),
    }.get(code, error.reason)
    return text("{person} may not do this: {reason}", person=error.person, reason=why)
