"""Which step leads where: every target exists, every limit has its other way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from jieli.engine.checking.report import Report
from jieli.engine.definition import (
    Branch,
    CallStep,
    DecisionStep,
    DoStep,
    EventWords,
    Go,
    HumanStep,
    JoinStep,
    NotifyStep,
    ParallelStep,
    Process,
    StepWords,
    SubCaseStep,
    WaitStep,
)
from jieli.engine.yaml_nodes import Path


@dataclass(frozen=True)
class Edge:
    """One way from a step to another; a limited one cannot be gone for ever."""

    source: str
    target: str
    path: Path
    limited: bool = False


def edges(process: Process) -> list[Edge]:
    """Every way of a process that leads to a step there is, in the order written."""
    found = [
        Edge(name, target, path, limited)
        for name, step in process.steps.items()
        for target, path, limited in _leads(name, step, ("steps", name))
        if target in process.steps
    ]
    blocked = process.case.contact_blocked
    if blocked in process.steps:
        contacting = [name for name, step in process.steps.items() if _contacts(step)]
        found += [Edge(name, blocked, ("case", "contact_blocked")) for name in contacting]
    return found


def _contacts(step: StepWords) -> bool:
    return isinstance(step, HumanStep) and step.contacts_buyer


def _leads(name: str, step: StepWords, path: Path) -> Iterator[tuple[str, Path, bool]]:
    match step:
        case HumanStep() | WaitStep():
            for key, button in step.buttons.items():
                yield from _go(name, button, (*path, "buttons", key))
            if isinstance(step, HumanStep):
                for number, late in enumerate(step.when_late):
                    yield from _one(late.go_to, (*path, "when_late", number, "go_to"))
                yield from _one(step.go_to, (*path, "go_to"))
            else:
                yield from _one(step.time_up, (*path, "time_up"))
                yield from _one(step.happened, (*path, "happened"))
        case CallStep():
            yield from _one(step.go_to, (*path, "go_to"))
            yield from _one(step.if_failed, (*path, "if_failed"))
        case DecisionStep():
            for number, branch in enumerate(step.decide):
                yield from _go(name, branch, (*path, "decide", number))
                yield from _one(branch.otherwise, (*path, "decide", number, "otherwise"))
        case ParallelStep():
            for number, target in enumerate(step.parallel):
                yield target, (*path, "parallel", number), False
        case SubCaseStep():
            for key, target in step.results.items():
                yield target, (*path, "results", key), False
            yield step.go_to, (*path, "go_to"), False
        case NotifyStep() | JoinStep() | DoStep():
            yield step.go_to, (*path, "go_to"), False


def _one(target: str | None, path: Path) -> Iterator[tuple[str, Path, bool]]:
    if target is not None:
        yield target, path, False


def _go(name: str, go: Go, path: Path) -> Iterator[tuple[str, Path, bool]]:
    if go.again is not None:
        yield name, (*path, "again"), True
    if go.go_to is not None:
        yield go.go_to, (*path, "go_to"), go.at_most is not None
    yield from _one(go.then, (*path, "then"))


def check(report: Report) -> None:
    """Targets, limits, and the lines of decisions."""
    for name, step, path in report.steps():
        for target, where, _ in _leads(name, step, path):
            report.knows_step(where, target)
        match step:
            case HumanStep() | WaitStep():
                leads_itself = isinstance(step, HumanStep) and step.each is not None
                for key, button in step.buttons.items():
                    if not (button.stay or leads_itself):
                        _check_go(report, button, (*path, "buttons", key))
                if isinstance(step, WaitStep):
                    _check_wait(report, step, path)
            case DecisionStep():
                _check_decision(report, step, path)
            case ParallelStep():
                report.knows_step((*path, "join"), step.join)
    blocked = report.process.case.contact_blocked
    if blocked is not None:
        report.knows_step(("case", "contact_blocked"), blocked)


def _check_go(report: Report, go: Go, path: Path) -> None:
    if go.again is not None and go.go_to is not None:
        report.note((*path, "again"), "again and go_to exclude each other", key=True)
    if go.again is None and go.go_to is None:
        report.lost_targets = True
        report.note(path, "This leads nowhere; write go_to: with a step", key=True)
    if go.at_most is not None and go.go_to is None:
        report.note((*path, "at_most"), "at_most needs go_to; for this step again: is enough")
    limit = "again" if go.again is not None else "at_most" if go.at_most is not None else None
    if limit and go.then is None:
        report.lost_targets = True
        report.note((*path, limit), "When the limit is reached the way must go on; write then:")
    if go.then is not None and limit is None:
        report.note((*path, "then"), "then: needs a limit, again: or at_most:", key=True)
    for key, value in (("again", go.again), ("at_most", go.at_most)):
        if value is not None:
            _check_limit(report, (*path, key), value)


def _check_limit(report: Report, path: Path, value: str | int) -> None:
    if isinstance(value, int):
        number: object = value
    else:
        report.used_settings.add(value)
        settings = report.process.settings
        known = [*settings, *([value] if report.is_broken("settings", value) else [])]
        message = 'There is no setting "{name}"; write a number or the name of a setting'
        if not report.knows(path, message, value, known):
            report.lost_settings = True
        if value not in settings or report.is_broken("settings", value):
            return
        number = settings[value].value
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        report.note(path, 'A limit is a whole number from 1 on; "{value}" is not', value=value)


def _check_wait(report: Report, step: WaitStep, path: Path) -> None:
    comes = [step.happened] if isinstance(step.wait, EventWords) else [step.time_up]
    report.lost_targets = report.lost_targets or None in comes
    if isinstance(step.wait, EventWords):
        if step.happened is None:
            report.note(path, "Where the event leads is missing; write happened:", key=True)
        if step.wait.at_most is not None and step.time_up is None:
            report.note(path, "Where it goes when the time is up is missing; write time_up:",
                        key=True)  # fmt: skip
        if step.wait.at_most is None and step.time_up is not None:
            report.note((*path, "time_up"), "This never comes: the wait has no at_most:", key=True)
        return
    if step.time_up is None:
        report.note(path, "Where it goes when the time is up is missing; write time_up:", key=True)
    if step.happened is not None:
        report.note((*path, "happened"), "This never comes: the step waits for no event", key=True)


def _check_decision(report: Report, step: DecisionStep, path: Path) -> None:
    last = len(step.decide) - 1
    for number, line in enumerate(step.decide):
        here = (*path, "decide", number)
        if number < last:
            _check_line(report, line, here)
        elif line.otherwise is None:
            report.note(here, "The last line of a decision says otherwise: and a step")
        elif line != Branch(otherwise=line.otherwise):
            report.note(here, "The line with otherwise: has nothing else")


def _check_line(report: Report, line: Branch, path: Path) -> None:
    if line.otherwise is not None:
        report.note((*path, "otherwise"), "Only the last line may say otherwise:", key=True)
        return
    if line.when is None:
        report.note(path, "When this line holds is missing; write when:")
    _check_go(report, line, path)


__all__ = ["Edge", "check", "edges"]
