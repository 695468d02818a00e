"""What a picture of a process shows: its steps, and the arrows between them with their words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from jieli.engine.context import Context
from jieli.engine.definition import (
    CallStep,
    DecisionStep,
    DoStep,
    Go,
    HumanStep,
    JoinStep,
    NotifyStep,
    ParallelStep,
    Process,
    StepWords,
    SubCaseStep,
    WaitStep,
    kind_of,
)
from jieli.engine.diagram.spoken import spoken
from jieli.engine.diagram.words import facts_of
from jieli.texts import text


@dataclass(frozen=True, slots=True)
class Node:
    """A step: its number in the file, its title, and what people must know of it."""

    name: str
    number: int
    kind: str
    title: str
    facts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arrow:
    """A way from a step to another; `key` is the outcome of the step that takes it."""

    source: str
    target: str
    label: str
    key: str
    aside: bool = False  # 超时, 失败, 请勿再联系: not the usual way


@dataclass(frozen=True, slots=True)
class Picture:
    """One process."""

    process: str
    title: str
    nodes: tuple[Node, ...]
    arrows: tuple[Arrow, ...]

    def node(self, name: str) -> Node:
        """The node of a step."""
        return next(node for node in self.nodes if node.name == name)

    def leaving(self, name: str) -> list[Arrow]:
        """The arrows that leave a step, in the order written."""
        return [arrow for arrow in self.arrows if arrow.source == name]


def picture(process: Process, context: Context, others: Mapping[str, Process]) -> Picture:
    """The picture of a process; `others` are the processes it may start."""
    nodes = tuple(
        Node(name, number, str(kind_of(step)), step.title or name,
             tuple(facts_of(process, step, context, others)))
        for number, (name, step) in enumerate(process.steps.items(), start=1)
    )  # fmt: skip
    arrows = [
        arrow
        for name, step in process.steps.items()
        for arrow in _arrows(process, name, step, others)
        if arrow.target in process.steps
    ]
    return Picture(process.process, process.title, nodes, tuple(dict.fromkeys(arrows)))


def _arrows(
    process: Process, name: str, step: StepWords, others: Mapping[str, Process]
) -> Iterator[Arrow]:
    match step:
        case HumanStep() | WaitStep():
            for key, button in step.buttons.items():
                yield from _going(process, name, button, button.label, key)
            yield from _by_time(process, name, step)
        case DecisionStep():
            for line in step.decide:
                if line.otherwise:
                    label = text("otherwise") if len(step.decide) > 1 else ""
                    yield Arrow(name, line.otherwise, label, line.otherwise)
                else:
                    said = spoken(process, line.when or "")
                    yield from _going(process, name, line, said, line.go_to or "again")
        case ParallelStep():
            for target in step.parallel:
                yield Arrow(name, target, "", "split")
        case SubCaseStep():
            yield from _by_result(name, step, others)
        case CallStep():
            yield Arrow(name, step.go_to, text("answered") if step.if_failed else "", "answered")
            if step.if_failed:
                yield Arrow(name, step.if_failed, text("failed"), "failed", aside=True)
        case NotifyStep() | JoinStep() | DoStep():
            yield Arrow(name, step.go_to, "", "")


def _going(process: Process, name: str, go: Go, label: str, key: str) -> Iterator[Arrow]:
    limit = go.again if go.again is not None else go.at_most
    target = name if go.again is not None else go.go_to
    if target is None:  # with stay: or each: a button leads nowhere by itself
        return
    if limit is None:
        yield Arrow(name, target, label, key)
        return
    setting = process.settings.get(str(limit))
    most = setting.value if setting else limit
    yield Arrow(name, target, text("{label} (at most {most} times)", label=label, most=most), key)
    if go.then:
        yield Arrow(name, go.then, text("{label} (after {most} times)", label=label, most=most), key)


def _by_time(process: Process, name: str, step: HumanStep | WaitStep) -> Iterator[Arrow]:
    if isinstance(step, WaitStep):
        if step.time_up:
            yield Arrow(name, step.time_up, text("time is up"), "time_up")
        if step.happened:
            yield Arrow(name, step.happened, text("it happened"), "happened")
        return
    for late in step.when_late:
        if late.go_to:
            yield Arrow(name, late.go_to, text("late"), "late", aside=True)
    if step.go_to:
        yield Arrow(name, step.go_to, text("all are done"), "")
    blocked = process.case.contact_blocked
    if step.contacts_buyer and blocked:
        yield Arrow(name, blocked, text("no more contact"), "contact_blocked", aside=True)


def _by_result(name: str, step: SubCaseStep, others: Mapping[str, Process]) -> Iterator[Arrow]:
    other = others.get(step.sub_case.process)
    for result, target in step.results.items():
        label = other.ends.get(result, result) if other else result
        yield Arrow(name, target, text("cancelled") if result == "cancelled" else label, result)
    yield Arrow(name, step.go_to, text("otherwise") if step.results else "", "")
