"""Shipped cases on the store: forms filled and checked as the page does it, then sent in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select

from jieli.engine import forms
from jieli.engine.case import CaseState, Visit
from jieli.engine.context import Context
from jieli.engine.definition import HumanStep
from jieli.engine.events import WorkItemAnswered
from jieli.engine.loader import load, read_directory
from jieli.engine.scope import scope_for
from jieli.store import definitions
from jieli.store.cases import Applied, Request, apply_event
from jieli.store.database import Database
from jieli.store.filling import fill_values
from jieli.store.starts import start_case
from jieli.store.tables import cases
from tests.contract.shop import state
from tests.story import DEFINITIONS

LIBRARY = load(read_directory(DEFINITIONS))


def publish(database: Database, now: datetime) -> None:
    """The shipped definitions, published at that time."""
    with database.write() as connection:
        definitions.publish(connection, LIBRARY, author="test", reason="", now=now)


def start(
    database: Database, process: str, data: dict[str, Any], now: datetime, by: str | None = None
) -> CaseState:
    """Begin a case."""
    with database.write() as connection:
        started = start_case(
            connection, process=process, data=data, source="form" if by else "schedule", by=by,
            now=now, event_id=f"start:{process}:{now.isoformat()}:{len(data)}",
        )  # fmt: skip
    return state(database, started.case_id)


def begun(database: Database, process: str) -> list[CaseState]:
    """The cases of a process, the oldest first."""
    with database.read() as connection:
        query = select(cases.c.state).where(cases.c.process == process).order_by(cases.c.opened_at)
        return [CaseState.model_validate_json(each) for each in connection.scalars(query)]


def page(
    database: Database, case: CaseState, visit: Visit, now: datetime
) -> tuple[HumanStep, Context, dict[str, Any], dict[str, Any]]:
    """What a page is made of: the step, the shop, the names of its expressions, what it holds."""
    with database.read() as connection:
        definition = definitions.definition(connection, case.process, case.version)
        _, context = definitions.current_context(connection)
        scope = scope_for(definition, case, context, now, visit)
        words = definition.step(visit.step)
        assert isinstance(words, HumanStep)
        return words, context, scope, fill_values(
            connection, definition, case, context, words.form, scope, now
        )


def asked(case: CaseState, step: str, by: str) -> Visit:
    """The open work item of a step, with `each` the one of that person."""
    found = [each for each in case.visits.values() if each.step == step]
    return next((each for each in found if by in each.candidates), found[0])


def table(database: Database, case: CaseState, step: str, name: str, now: datetime) -> list[Any]:
    """The rows a page shows in a table before anybody has typed."""
    _, _, _, filled = page(database, case, asked(case, step, ""), now)
    found: list[Any] = filled[name]
    return found


def press(
    database: Database, case: CaseState, step: str, button: str, by: str, now: datetime, **given: Any
) -> CaseState:
    """A form as the page fills and checks it, sent in."""
    visit = asked(case, step, by)
    words, context, scope, filled = page(database, case, visit, now)
    answers = forms.check(
        words.form, words.rules, {**filled, **given}, scope, now=now, timezone="Asia/Shanghai",
        button=words.buttons[button], people=context.people,
        ledger_rules=context.ledger.rules, wordings=forms.wordings_for(words, context.wordings),
    )  # fmt: skip
    event = WorkItemAnswered(visit=visit.id, button=button, answers=answers, by=by)
    outcome = apply_event(database, Request(case.case_id, f"{step}:{visit.id}", event), now)
    assert isinstance(outcome, Applied), outcome
    return state(database, case.case_id)
