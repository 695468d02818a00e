"""When two moments of a case are alike for exploring: the same steps open, the same decisions ahead."""

from __future__ import annotations

import re
from collections.abc import Hashable
from datetime import datetime
from typing import Any

from jieli.engine.case import CaseState
from jieli.engine.context import Context
from jieli.engine.definition import DecisionStep, Go, Process
from jieli.engine.elements import each_of
from jieli.engine.expressions import ExpressionError, evaluate
from jieli.engine.published import Definition
from jieli.engine.scope import scope_of
from jieli.engine.simulation.guessing import deciding

FEW = 2
"""Limits and counts above this are taken as this: a loop is gone round once past its limit."""


def few_rounds(process: Process) -> Process:
    """The process with its loops cut short."""
    limits = {value for go in _goes(process) for value in (go.again, go.at_most) if isinstance(value, str)}
    counted = {path[1] for path in deciding(process) if path[0] == "settings" and len(path) > 1}
    settings = {
        name: setting.model_copy(update={"value": FEW})
        if name in limits | counted and type(setting.value) is int and setting.value > FEW
        else setting
        for name, setting in process.settings.items()
    }
    steps = {name: _few(step) for name, step in process.steps.items()}
    return process.model_copy(update={"settings": settings, "steps": steps})


def _goes(process: Process) -> list[Go]:
    found: list[Go] = []
    for step in process.steps.values():
        found += getattr(step, "buttons", {}).values()
        found += step.decide if isinstance(step, DecisionStep) else ()
    return found


def _few(step: Any) -> Any:
    if isinstance(step, DecisionStep):
        return step.model_copy(update={"decide": tuple(_short(line) for line in step.decide)})
    if buttons := getattr(step, "buttons", None):
        return step.model_copy(update={"buttons": {key: _short(go) for key, go in buttons.items()}})
    return step


def _short(go: Any) -> Any:
    many = {
        key: FEW for key in ("again", "at_most") if type(getattr(go, key)) is int and getattr(go, key) > FEW
    }
    return go.model_copy(update=many) if many else go


class Likeness:
    """Tells moments of cases of one process apart, as far as it matters for where they may go."""

    def __init__(self, definition: Definition, context: Context) -> None:
        process = definition.process
        self.definition, self.context = definition, context
        self.whens = [
            line.when
            for step in process.steps.values()
            if isinstance(step, DecisionStep)
            for line in step.decide
            if line.when
        ]
        # Whether there is anything to do a step with `each` for decides too.
        self.whens += [each for step in process.steps.values() if (each := each_of(step))]
        known = deciding(process)
        self.numbers = [
            name for name, field in process.case.fields.items() if (name,) in known and field.type == "number"
        ]
        counted = {path[1] for path in known if path[0] == "visits" and len(path) > 1}
        limited = {go.go_to for go in _goes(process) if go.at_most is not None}
        limited |= {
            name
            for name, step in process.steps.items()
            if any(go.again is not None for go in getattr(step, "buttons", {}).values())
        }
        self.counted = sorted(counted | {name for name in limited if name})

    def key(self, state: CaseState, now: datetime) -> Hashable:
        """Equal for moments that are alike."""
        if state.status != "open":
            return ("over", state.result, tuple(sorted(state.counts)))
        scope = scope_of(self.definition, state, self.context, now)
        visits = (
            (visit.step, visit.status, _place(visit.branch), len(visit.signatures),
             visit.outcome if visit.status == "held" else None)
            for visit in state.visits.values()
        )  # fmt: skip
        return (
            tuple(sorted(map(str, visits))),
            tuple(_truth(when, scope) for when in self.whens),
            tuple(min(state.counts.get(name, 0), FEW + 1) for name in self.counted),
            tuple(_few_of(state.data.get(name)) for name in self.numbers),
            tuple(sorted(_place(each) for arrived in state.joins.values() for each in arrived)),
            tuple(sorted(len(fan.arrived) for fan in state.fans.values())),
            state.contact_blocked,
            tuple(sorted(state.signals)),
        )


def _place(branch: str) -> str:
    """A branch without the numbers of its forks."""
    return re.sub(r"/\d+\.", "/", branch)


def _truth(when: str, scope: Any) -> bool | None:
    try:
        return bool(evaluate(when, scope))
    except ExpressionError:
        return None


def _few_of(value: Any) -> Any:
    return min(value, FEW + 2) if isinstance(value, int | float) else value
