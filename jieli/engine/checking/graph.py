"""The process as a whole: every step can be reached, from every step an end, nothing spins."""

from __future__ import annotations

from collections.abc import Iterable

from jieli.engine.checking.report import Report
from jieli.engine.checking.targets import Edge, edges
from jieli.engine.definition import (
    EndStep,
    HumanStep,
    JoinStep,
    ParallelStep,
    StepWords,
    SubCaseStep,
    WaitStep,
)
from jieli.engine.elements import each_of


def check(report: Report) -> None:
    """Reachability and loops; the first only where every way is known."""
    ways = edges(report.process)
    _check_loops(report, ways)
    if report.flawed or report.lost_targets:
        return
    _check_reached(report, ways)
    _check_end(report, ways)


def reached(start: Iterable[str], ways: Iterable[Edge], *, without: Iterable[str] = ()) -> set[str]:
    """Every step that can follow these, they included; ways into `without` are closed."""
    onward: dict[str, list[str]] = {}
    for way in ways:
        onward.setdefault(way.source, []).append(way.target)
    closed, seen, todo = set(without), set[str](), list(start)
    while todo:
        name = todo.pop()
        if name not in seen and name not in closed:
            seen.add(name)
            todo.extend(onward.get(name, ()))
    return seen


def _check_reached(report: Report, ways: list[Edge]) -> None:
    found = reached([report.process.first], ways)
    for name in report.process.steps:
        if name not in found:
            report.note(("steps", name), 'No way leads to the step "{name}"', key=True, name=name)


def _check_end(report: Report, ways: list[Edge]) -> None:
    steps = report.process.steps
    ends = [name for name, step in steps.items() if isinstance(step, EndStep)]
    if not ends:
        report.note(("steps",), "No step ends the case; write one with end:", key=True)
        return
    whole = [*ways, *_overtaken(report, ways)]
    back = [Edge(way.target, way.source, way.path) for way in whole]
    found = reached(ends, back)
    for name in steps:
        if name not in found:
            message = 'From the step "{name}" no way leads to an end'
            report.note(("steps", name), message, key=True, name=name)


def _overtaken(report: Report, ways: list[Edge]) -> list[Edge]:
    """A path that goes round until the others have met ends in the join that does not need it."""
    found = []
    for name, fork in forks(report):
        join = report.process.steps.get(fork.join)
        if isinstance(join, JoinStep) and join.needs != "all":
            inside = reached(fork.parallel, ways, without=(name, fork.join))
            found += [Edge(step, fork.join, ("steps", step)) for step in inside]
    return found


def _check_loops(report: Report, ways: list[Edge]) -> None:
    """A circle of steps that nobody does and that waits for nothing would never stop."""
    steps = report.process.steps
    spinning = [
        way
        for way in ways
        if not way.limited and _is_automatic(steps[way.source]) and _is_automatic(steps[way.target])
    ]
    told: set[str] = set()
    for name in steps:
        after = [way.target for way in spinning if way.source == name]
        circle = _circle(name, spinning) if name in reached(after, spinning) else []
        if circle and told.isdisjoint(circle):
            told.update(circle)
            message = "These steps go round without a wait, a person or a limit: {steps}"
            empty = any(_has_each(steps[each]) for each in circle)
            hint = "a list of each: may be empty; write at_most: on the way back" if empty else None
            report.note(("steps", name), message, hint, key=True, steps=" → ".join([*circle, name]))


def _is_automatic(step: StepWords) -> bool:
    if _has_each(step):
        return True  # the list may be empty
    if isinstance(step, SubCaseStep):
        return not step.sub_case.wait
    return not isinstance(step, HumanStep | WaitStep | EndStep)


def _has_each(step: StepWords) -> bool:
    return each_of(step) is not None


def _circle(start: str, ways: list[Edge]) -> list[str]:
    """The shortest way from a step back to itself."""
    paths = [[start]]
    seen: set[str] = set()
    while paths:
        path = paths.pop(0)
        for way in ways:
            if way.source == path[-1] and way.target == start:
                return path
            if way.source == path[-1] and way.target not in seen:
                seen.add(way.target)
                paths.append([*path, way.target])
    return []


def forks(report: Report) -> list[tuple[str, ParallelStep]]:
    """The steps where paths part."""
    return [(name, step) for name, step, _ in report.steps() if isinstance(step, ParallelStep)]
