"""What may happen to a case at a moment, other than time: buttons, results, answers from outside."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from jieli.engine.case import CaseState, Visit
from jieli.engine.context import Context
from jieli.engine.definition import (
    Button,
    CallStep,
    EndStep,
    EventWords,
    HumanStep,
    Process,
    SubCaseStep,
    WaitStep,
)
from jieli.engine.events import (
    CallAnswered,
    CallFailed,
    Event,
    SignalReceived,
    SubCaseEnded,
    WaitAnswered,
    WorkItemAnswered,
)
from jieli.engine.expressions import ExpressionError, references
from jieli.engine.published import Definition
from jieli.engine.scope import form_of
from jieli.engine.simulation import guessing
from jieli.engine.simulation.filling import answer_form
from jieli.texts import text

Choice = tuple[str, str, int, Iterator[Event]]
"""A step, what happens to it in words, which variant, and events one of which the case takes."""


def in_time(kind: str) -> str:
    """What a timer that leads on is called on a path; nothing for one that only opens a step."""
    words = {
        "wait_over": text("time is up"), "late": text("late"),
        "window_close": text("the hours passed unused"),
    }  # fmt: skip
    return words.get(kind, "")


class Choices:
    """The choices of one process; the answers of a form are guessed once."""

    def __init__(self, definition: Definition, all_: Mapping[str, Process], context: Context) -> None:
        self.definition, self.context, self.processes = definition, context, all_
        self._guessed: dict[tuple[str, str], list[guessing.Values]] = {}

    def of(self, state: CaseState, now: datetime) -> Iterator[Choice]:
        """Everything that may happen now."""
        fans: set[tuple[str, int]] = set()
        for visit in list(state.visits.values()):
            if visit.fan is not None and (visit.step, visit.fan) in fans:
                continue  # the elements of `each` are done in their order
            if visit.fan is not None:
                fans.add((visit.step, visit.fan))
            step = self.definition.step(visit.step)
            match step:
                case HumanStep() | WaitStep() if visit.status in ("open", "listening"):
                    yield from self._buttons(state, visit, step, now)
                    if isinstance(step, WaitStep) and isinstance(step.wait, EventWords):
                        event = SignalReceived(name=step.wait.event)
                        yield visit.step, text("it happened"), 0, iter([event])
                case SubCaseStep():
                    yield from self._results(visit, step)
                case CallStep():
                    yield from self._calls(visit, step)

    def _buttons(
        self, state: CaseState, visit: Visit, step: HumanStep | WaitStep, now: datetime
    ) -> Iterator[Choice]:
        for key, button in step.buttons.items():
            if visit.status == "listening" and not button.since:
                continue
            for number, values in enumerate(self._values(state, visit, key, button, now)):
                pressed = self._pressed(visit, key, button, values, now)
                yield visit.step, button.label, number, pressed

    def _pressed(
        self, visit: Visit, key: str, button: Button, values: guessing.Values, now: datetime
    ) -> Iterator[Event]:
        kind = WaitAnswered if visit.kind == "wait" else WorkItemAnswered
        asked = [each for each in (visit.assignee, *visit.candidates) if each]
        awake = [each for each in asked if self.context.on_shift(each, now)]
        members = self.context.members(button.role) if button.role else []
        for person in dict.fromkeys([*awake, *asked, *members, *self.context.people]):
            if person not in visit.signatures:
                yield kind(visit=visit.id, button=key, answers=values, by=person)

    def _values(
        self, state: CaseState, visit: Visit, key: str, button: Button, now: datetime
    ) -> list[guessing.Values]:
        if (visit.step, key) not in self._guessed:
            fields = form_of(self.definition.step(visit.step))
            process, name = self.definition.process, visit.step
            known, asking = guessing.deciding(process), guessing.asking(process)

            def judge(values: guessing.Values) -> guessing.Values:
                return answer_form(
                    self.definition, state, self.context, now, visit, button, values, {}
                )

            self._guessed[visit.step, key] = guessing.variants(
                fields, self.context, now, judge, {},
                lambda key, field: guessing.is_of(known, name, key, field),
                lambda key, field: key in button.needs or guessing.is_of(asking, name, key, field),
            )  # fmt: skip
        return self._guessed[visit.step, key]

    def _results(self, visit: Visit, step: SubCaseStep) -> Iterator[Choice]:
        other = self.processes.get(step.sub_case.process)
        ends = [each.end for each in other.steps.values() if isinstance(each, EndStep)] if other else []
        labels = other.ends if other else {}
        for result in dict.fromkeys([*step.results, *ends, "cancelled"]):
            label = text("cancelled") if result == "cancelled" else labels.get(result, result)
            for number, data in enumerate(self._saved(step)):
                event = SubCaseEnded(
                    visit=visit.id, case_id="c2", ref="A1002", result=result, data=data
                )
                yield visit.step, label, number, iter([event])

    def _saved(self, step: SubCaseStep) -> list[dict[str, Any]]:
        """What the other case leaves in the fields that decide."""
        fields, found = self.definition.process.case.fields, [dict[str, Any]()]
        for own, theirs in guessing.saved_fields(self.definition.process, step).items():
            field = fields[own]
            options: list[Any] = list(field.of) if field.type == "choice" else []
            options += [True] if field.type == "yes_no" else []
            options += ["示例"] if field.type in ("text", "long_text") else []
            found += [{theirs: value} for value in options]
        return found

    def _calls(self, visit: Visit, step: CallStep) -> Iterator[Choice]:
        if visit.status == "blocked":
            return
        response: dict[str, Any] = {}
        for expression in step.call.save.values():
            _imagine(response, expression)
        answered = CallAnswered(visit=visit.id, attempt=visit.attempt, response=response)
        yield visit.step, text("answered"), 0, iter([answered])
        failed = CallFailed(visit=visit.id, attempt=visit.attempt, reason=text("failed"))
        yield visit.step, text("failed"), 0, iter([failed])


def _imagine(response: dict[str, Any], expression: str) -> None:
    """Put something where the expression looks."""
    try:
        paths = [each.path for each in references(expression, template=False)]
    except ExpressionError:
        return
    for root, *rest in paths:
        if root == "response" and rest:
            inner = response
            for part in rest[:-1]:
                inner = inner.setdefault(part, {})
            inner.setdefault(rest[-1], "1")
