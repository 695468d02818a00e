"""The graph of a process: which step leads where. Static; knows nothing of cases."""

from __future__ import annotations

from collections.abc import Iterator

from jieli.engine.definition import (
    CallStep,
    DecisionStep,
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


def targets(name: str, step: StepWords) -> Iterator[str]:
    """Every step that can follow this one, in the order written."""
    match step:
        case HumanStep():
            for button in step.buttons.values():
                yield from _of_go(name, button)
            if step.when_late.go_to:
                yield step.when_late.go_to
        case WaitStep():
            for button in step.buttons.values():
                yield from _of_go(name, button)
            yield from (target for target in (step.time_up, step.happened) if target)
        case CallStep():
            yield from (target for target in (step.go_to, step.if_failed) if target)
        case DecisionStep():
            for branch in step.decide:
                yield from _of_go(name, branch)
                if branch.otherwise:
                    yield branch.otherwise
        case ParallelStep():
            yield from step.parallel
        case SubCaseStep():
            yield from step.results.values()
            yield step.go_to
        case NotifyStep() | JoinStep():
            yield step.go_to


def _of_go(name: str, go: Go) -> Iterator[str]:
    if go.again is not None:
        yield name
    yield from (target for target in (go.go_to, go.then) if target)


def reaches(process: Process, start: str, goal: str, *, avoiding: str | None = None) -> bool:
    """Whether a path leads from `start` to `goal` without passing `avoiding`; a step reaches itself."""
    seen, todo = {avoiding} if avoiding else set(), [start]
    while todo:
        name = todo.pop()
        if name == goal:
            return True
        if name in seen or name not in process.steps:
            continue
        seen.add(name)
        todo.extend(targets(name, process.steps[name]))
        if process.case.contact_blocked and getattr(process.steps[name], "contacts_buyer", False):
            todo.append(process.case.contact_blocked)
    return False
