"""Service steps: calls to other systems and messages. They ask for effects, they perform none."""

from __future__ import annotations

import re
from typing import Any

from jieli.engine.case import Visit
from jieli.engine.definition import CallStep, NotifyStep
from jieli.engine.errors import FormError, Refused, WorkItemClosed
from jieli.engine.events import CallAnswered, CallFailed, CallRetried, MakeCall
from jieli.engine.expressions import ExpressionError
from jieli.engine.move import Move
from jieli.engine.steps import assigning
from jieli.engine.steps.answers import fitted
from jieli.engine.steps.telling import tell
from jieli.engine.stored import as_stored

_ALONE = re.compile(r"\s*\{\{((?:(?!\}\}).)*)\}\}\s*", re.DOTALL)


class CallNotBlocked(Refused):
    """This call is not blocked; there is nothing to try again."""


def enter_notify(move: Move, name: str, step: NotifyStep, branch: str) -> None:
    """Tell people, and go on."""
    visit = move.open_visit(name, branch)
    people = assigning.recipients(move, step.notify.to, visit)
    tell(move, visit, "notice", people, link=False, words=step.notify, urgent=step.urgent)
    move.close_visit(visit, "told")
    move.remember(visit)
    move.go(step.go_to, branch)


def enter_call(move: Move, name: str, step: CallStep, branch: str) -> None:
    """Ask for the call; its answer comes as an event."""
    visit = move.open_visit(name, branch)
    _ask(move, visit, step)


def _ask(move: Move, visit: Visit, step: CallStep) -> None:
    call, retry = step.call, step.retry
    visit.attempt += 1
    move.touch(visit)
    seconds = {
        key: (move.duration(words) or move.duration("10s")).total_seconds()  # type: ignore[union-attr]
        for key, words in
        {"timeout": call.timeout, "first": retry.first, "longest": retry.longest}.items()
    }  # fmt: skip
    move.effects.append(
        MakeCall(
            visit=visit.id, attempt=visit.attempt,
            # The same key for every try of this visit: the other side can tell a repetition.
            idempotency_key=f"{move.state.case_id}:{visit.key}",
            method=call.method, url=move.render(call.url),
            headers={key: move.render(value) for key, value in call.headers.items()},
            body=_rendered(move, call.body), timeout_seconds=seconds["timeout"],
            sign_with=call.sign_with, retry_times=retry.times,
            retry_first_seconds=seconds["first"], retry_longest_seconds=seconds["longest"],
            on_unknown=step.on_unknown,
        )
    )  # fmt: skip
    move.note("call_asked", visit, attempt=visit.attempt)


def _rendered(move: Move, value: Any) -> Any:
    if isinstance(value, str):
        alone = _ALONE.fullmatch(value)
        # A lone `{{ amount }}` keeps its kind: the other system gets a number, not its text.
        return as_stored(move.evaluate(alone[1])) if alone else move.render(value)
    if isinstance(value, dict):
        return {key: _rendered(move, each) for key, each in value.items()}
    if isinstance(value, list):
        return [_rendered(move, each) for each in value]
    return value


def _require(move: Move, number: int, attempt: int) -> tuple[Visit, CallStep]:
    visit = move.state.visits.get(number)
    step = move.definition.step(visit.step) if visit else None
    if visit is None or visit.attempt != attempt or not isinstance(step, CallStep):
        raise WorkItemClosed(None, None)
    return visit, step


def call_answered(move: Move, event: CallAnswered) -> None:
    """Save what the definition wants of the response, and go on."""
    visit, step = _require(move, event.visit, event.attempt)
    fields = move.process.case.fields
    try:
        saved = {
            name: fitted(move, fields[name], move.evaluate(expression, response=event.response))
            for name, expression in step.call.save.items()
        }
    except (ExpressionError, FormError) as error:
        # It was answered, so something was done: where that matters nobody may take it for failed.
        _failed(move, visit, step, f"response: {error}", unknown=step.on_unknown == "ask")
        return
    move.state.data.update(saved)
    move.close_visit(visit, "answered")
    move.remember(visit)
    if saved:
        move.note("data_changed", visit, fields=saved)
    move.go(step.go_to, visit.branch)


def call_failed(move: Move, event: CallFailed) -> None:
    """Failed for good: the path for it, or blocked until an operator decides."""
    visit, step = _require(move, event.visit, event.attempt)
    _failed(move, visit, step, event.reason, unknown=event.unknown)


def _failed(
    move: Move, visit: Visit, step: CallStep, reason: str, *, unknown: bool = False
) -> None:
    # Money whose fate nobody knows must not take the path of "it failed".
    if step.if_failed and not unknown:
        move.close_visit(visit, "failed")
        move.remember(visit, result=reason)
        move.go(step.if_failed, visit.branch)
        return
    visit.status, visit.outcome = "blocked", reason
    move.touch(visit)
    move.note("blocked", visit, reason=reason, unknown=unknown or None)


def call_retried(move: Move, event: CallRetried) -> None:
    """An operator has the blocked call made again."""
    visit = move.state.visits.get(event.visit)
    step = move.definition.step(visit.step) if visit else None
    if visit is None or visit.status != "blocked" or not isinstance(step, CallStep):
        raise CallNotBlocked()
    visit.status, visit.outcome = "open", None
    move.note("retried", visit, by=event.by, reason=event.reason)
    _ask(move, visit, step)
