"""The start form of a process: which fields it asks for, and how a filled-in one begins a case."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from typing import Any

from jieli.engine import forms
from jieli.engine.context import Context
from jieli.engine.definition import CallStep, FieldWords, Process, StepWords, SubCaseStep
from jieli.engine.scope import form_of
from jieli.store.starts import Start, Started
from jieli.web.resources import Resources


def may_start(process: Process, roles: tuple[str, ...]) -> bool:
    """Whether somebody of these roles may begin a case with the form."""
    return any(start.form is not None and start.form.role in roles for start in process.start)


def has_form(process: Process) -> bool:
    """Whether people can begin a case of it at all."""
    return any(start.form is not None for start in process.start)


def starters(process: Process, context: Context) -> list[tuple[str, str]]:
    """Who may begin a case, as id and name."""
    return [
        (key, person.name)
        for key, person in context.people.items()
        if person.active and may_start(process, person.roles)
    ]


def start_fields(process: Process) -> dict[str, FieldWords]:
    """The case's fields, without the optional ones that its steps fill in later."""
    later = {name for step in process.steps.values() for name in _written_by(step)}
    return {
        name: words
        for name, words in process.case.fields.items()
        if words.required or name in process.case.key or name not in later
    }


def _written_by(step: StepWords) -> Iterator[str]:
    yield from (words.case_field for words in form_of(step).values() if words.case_field)
    for button in getattr(step, "buttons", {}).values():
        yield from button.sets
    if isinstance(step, CallStep):
        yield from step.call.save
    if isinstance(step, SubCaseStep):
        yield from step.sub_case.save


def start_scope(process: Process, context: Context) -> dict[str, Any]:
    """The few names a start form's expressions may use: there is no case yet."""
    return {
        "settings": {name: setting.value for name, setting in process.settings.items()},
        "case": {"shop": context.shop},
        "ledger": context.ledger.names,
        "roles": context.people_of_roles,
    }


def checked(
    process: Process, fields: dict[str, FieldWords], raw: dict[str, Any], context: Context,
    now: Any, *, uploads: Collection[str] = (),
) -> dict[str, Any]:  # fmt: skip
    """The case's data, with no other files than these uploads in it; raises FormError."""
    return forms.check(
        fields, process.case.rules, raw, start_scope(process, context), now=now,
        timezone=context.calendar.timezone, people=context.people,
        members=context.people_of_roles, ledger_rules=context.ledger.rules, files=uploads,
    )  # fmt: skip


async def begin(
    resources: Resources, process: str, data: dict[str, Any], *, source: str, by: str | None,
    event_id: str,
) -> Started:  # fmt: skip
    """Begin the case and wake it."""
    asked = Start(process=process, data=data, source=source, by=by, event_id=event_id)
    started = await asyncio.wrap_future(resources.committer.start(asked))
    if started.created:
        resources.wake(started.case_id)
    return started
