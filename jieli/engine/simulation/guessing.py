"""Plausible answers for forms nobody fills in: one that is accepted, and one for every branch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from jieli.engine.context import Context
from jieli.engine.definition import DecisionStep, FieldWords, Process, SubCaseStep
from jieli.engine.elements import each_of
from jieli.engine.errors import FormError
from jieli.engine.expressions import ExpressionError, references
from jieli.engine.scope import form_of

ROUNDS = 25
_TEXTS = ("示例", "示例_示例", "A12345", "123456", "无", "2026-11", "13812345678", "x")
Values = dict[str, Any]
Judge = Callable[[Values], Values]


def deciding(process: Process) -> frozenset[tuple[str, ...]]:
    """The case fields `(field,)` and answers `(step, field)` that decide which way a case goes."""
    found: set[tuple[str, ...]] = set()
    for step in process.steps.values():
        if isinstance(step, DecisionStep):
            for line in step.decide:
                found |= _names(line.when)
        found |= _names(each_of(step))
    before: set[tuple[str, ...]] = set()
    while before != found:
        before = set(found)
        for step in process.steps.values():
            for button in getattr(step, "buttons", {}).values():
                for target, expression in button.sets.items():
                    if (target,) in before:
                        found |= _names(expression)
    return frozenset(found)


def asking(process: Process) -> frozenset[tuple[str, ...]]:
    """The case fields and answers that say who is asked: left empty, nobody could do anything."""
    found: set[tuple[str, ...]] = set()
    for step in process.steps.values():
        for rung in getattr(step, "who", ()):
            found |= _names(rung.people) | _names(rung.role_from)
    return frozenset(found)


def written_later(process: Process) -> set[str]:
    """Case fields that steps write: at the start nobody knows them."""
    found: set[str] = set()
    for step in process.steps.values():
        found |= {each.case_field for each in form_of(step).values() if each.case_field}
        for button in getattr(step, "buttons", {}).values():
            found |= set(button.sets)
        if isinstance(step, SubCaseStep):
            found |= set(step.sub_case.save)
    return found


def passed_on(process: Process, all_: Mapping[str, Process]) -> set[str]:
    """Case fields that a schedule or another process fills when it starts a case."""
    found: set[str] = set()
    for start in process.start:
        found |= set(start.schedule.data) if start.schedule else set()
    for other in all_.values():
        for step in other.steps.values():
            if isinstance(step, SubCaseStep) and step.sub_case.process == process.process:
                found |= set(step.sub_case.data)
    return found


def _names(expression: str | None) -> set[tuple[str, ...]]:
    if not expression:
        return set()
    try:
        paths = [each.path for each in references(expression, template=False)]
    except ExpressionError:
        return set()
    return {path[:2] for path in paths} | {path[:1] for path in paths}


def is_of(known: frozenset[tuple[str, ...]], step: str, name: str, field: FieldWords) -> bool:
    """Whether a field of a form is one of these, itself or by the case field it writes."""
    return (step, name) in known or (field.case_field is not None and (field.case_field,) in known)


def variants(
    fields: Mapping[str, FieldWords], context: Context, now: datetime, judge: Judge,
    given: Values, wanted: Callable[[str, FieldWords], bool],
    always: Callable[[str, FieldWords], bool],
) -> list[Values]:  # fmt: skip
    """Answers that are accepted: the fewest, the fullest, one for each value of a deciding field."""
    bare = {
        name: first(each, context, now)
        for name, each in fields.items()
        if name not in given and (always(name, each) or _must(each))
    }
    full = {
        name: first(each, context, now)
        for name, each in fields.items()
        if name not in given and wanted(name, each)
    }
    found: list[Values] = []
    base: Values = bare
    for tried in (bare, {**bare, **full}):
        made = accepted({**tried, **given}, fields, context, now, judge)
        if made is not None and made not in found:
            base = made if not found else base
            found.append(made)
    for name in full:
        for value in others(fields[name], context, now):
            tried = {**base, **given, name: value}
            made = accepted(tried, fields, context, now, judge, keep=name)
            if made is not None and made not in found:
                found.append(made)
    return found


def _must(field: FieldWords) -> bool:
    return field.required is True and field.default is None


def accepted(
    values: Values, fields: Mapping[str, FieldWords], context: Context, now: datetime,
    judge: Judge, keep: str | None = None,
) -> Values | None:  # fmt: skip
    """The values put right until the form takes them; None when that does not succeed."""
    tried = {name: value for name, value in values.items() if value is not None}
    untried: dict[str, Iterator[Any]] = {}
    for _ in range(ROUNDS):
        try:
            return judge(tried)
        except FormError as error:
            names = [name.split(".")[0] for name in error.fields]
        except ExpressionError:
            return None
        changed = False
        for name in names:
            if name == keep or name not in fields:
                continue
            more = untried.setdefault(name, candidates(fields[name], context, now))
            value = next(more, None)
            if value is not None:
                tried[name], changed = value, True
            elif name in tried:
                del tried[name]
                changed = True
        if not changed:
            return None
    return None


def first(field: FieldWords, context: Context, now: datetime) -> Any:
    """The first plausible value."""
    return next(candidates(field, context, now), None)


def last(field: FieldWords, context: Context, now: datetime) -> Any:
    """The last option of a choice; of anything else the first plausible value."""
    return list(field.of)[-1] if field.type == "choice" else first(field, context, now)


def others(field: FieldWords, context: Context, now: datetime) -> list[Any]:
    """What else a deciding field may hold."""
    match field.type:
        case "choice":
            return list(field.of)
        case "choices":
            return [*([key] for key in field.of), None]
        case "yes_no":
            return [True, False, None]
        case "rows":
            return [*islice(candidates(field, context, now), 3), None]
    return [first(field, context, now), None]


def candidates(field: FieldWords, context: Context, now: datetime) -> Iterator[Any]:
    """Plausible values, the most likely first."""
    match field.type:
        case "choice":
            yield from field.of
        case "choices":
            yield from ([key] for key in field.of)
            yield list(field.of)
        case "yes_no":
            yield from (True, False)
        case "number":
            least = field.min if isinstance(field.min, int | float) else 1
            yield from (least, 1, 2, 5, 10, 50, 100, 0)
        case "money":
            yield from ("10.00", "1.00", "100.00", "1000.00")
        case "date" | "datetime":
            yield from _times(field, context, now)
        case "phone":
            yield "13812345678"
        case "person":
            yield from _people(field, context)
        case "people":
            yield from ([person] for person in _people(field, context))
        case "ledger_rule":
            yield from context.ledger.rules
        case "rows":
            columns = field.fields.items()
            row = {name: first(each, context, now) for name, each in columns if each.required}
            yield [row]
            yield [{name: first(each, context, now) for name, each in columns}]
            yield [{name: last(each, context, now) for name, each in columns}]
            yield [row] * 10
        case _:
            yield from _texts(field)


def _times(field: FieldWords, context: Context, now: datetime) -> Iterator[str]:
    for hours in (26, 0, -2, 2, -26, 24 * 8, -24 * 8, 24 * 32, -24 * 32, -24 * 400, -24 * 800):
        at = (now + timedelta(hours=hours)).astimezone(context.calendar.zone)
        yield at.date().isoformat() if field.type == "date" else at.isoformat()


def _people(field: FieldWords, context: Context) -> list[str]:
    if field.role:
        return context.members(field.role)
    return [key for key, person in context.people.items() if person.active]


def _texts(field: FieldWords) -> Iterator[str]:
    least = field.min_length or 0
    long_enough = [each + "x" * max(0, least - len(each)) for each in _TEXTS]
    if field.pattern:
        yield from (each for each in long_enough if re.fullmatch(field.pattern, each))
    yield from long_enough


def saved_fields(process: Process, step: SubCaseStep) -> dict[str, str]:
    """Deciding case fields that a sub-case fills, with the other case's field."""
    known = deciding(process)
    return {own: theirs for own, theirs in step.sub_case.save.items() if (own,) in known}
