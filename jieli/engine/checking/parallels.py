"""Parallel paths: each keeps to itself and leaves only through its join."""

from __future__ import annotations

from jieli.engine.checking.graph import forks, reached
from jieli.engine.checking.report import Report
from jieli.engine.checking.targets import Edge, edges
from jieli.engine.definition import EndStep, JoinStep, ParallelStep
from jieli.engine.yaml_nodes import Path


def check(report: Report) -> None:
    """Joins and their forks, then the paths between them."""
    joins: dict[str, str] = {}
    for name, fork in forks(report):
        _check_fork(report, name, fork, joins)
    for name, step, path in report.steps():
        if isinstance(step, JoinStep) and name not in joins and not report.flawed:
            report.note(path, "No parallel step names this as its join", key=True)
    if report.flawed or report.lost_targets:
        return
    ways = edges(report.process)
    for name, fork in forks(report):
        if isinstance(report.process.steps.get(fork.join), JoinStep):
            _check_paths(report, name, fork, ways)


def _check_fork(report: Report, name: str, fork: ParallelStep, joins: dict[str, str]) -> None:
    path: Path = ("steps", name)
    join = report.process.steps.get(fork.join)
    if join is None or report.is_broken("steps", fork.join):
        return
    if not isinstance(join, JoinStep):
        report.note(
            (*path, "join"), 'The step "{name}" is no join; it needs needs:', name=fork.join
        )
        return
    if fork.join in joins:
        message = 'The join "{name}" belongs to the step "{other}" already'
        report.note((*path, "join"), message, name=fork.join, other=joins[fork.join])
    joins.setdefault(fork.join, name)
    if isinstance(join.needs, int) and not 1 <= join.needs <= len(fork.parallel):
        message = "There are {count} paths; so many can be needed, and at least one"
        report.note(("steps", fork.join, "needs"), message, count=len(fork.parallel))
    for number, target in enumerate(fork.parallel):
        if target in fork.parallel[:number]:
            message = 'The path "{name}" is named twice'
            report.note((*path, "parallel", number), message, name=target)
        elif target == fork.join:
            message = "A path begins with a step of its own, not with the join"
            report.note((*path, "parallel", number), message)


def _check_paths(report: Report, name: str, fork: ParallelStep, ways: list[Edge]) -> None:
    inside = _inside(report, name, fork, ways)
    outside = _outside(report, name, fork, ways)
    arriving = [
        start
        for start, own in inside.items()
        if any(way.source in own and way.target == fork.join for way in ways)
    ]
    # A path that the join does not need may go round until the others have met.
    enough = len(arriving) >= _needed(report, fork)
    owner: dict[str, str] = {}
    for number, start in enumerate(fork.parallel):
        where: Path = ("steps", name, "parallel", number)
        own = inside[start]
        shared = next((step for step in own if owner.setdefault(step, start) != start), None)
        if shared and start not in fork.parallel[:number]:
            message = 'The step "{name}" is in two parallel paths; each path has its own steps'
            report.note(where, message, name=shared)
        if start not in arriving and not enough:
            message = 'This path never comes to its join "{name}"'
            report.note(where, message, name=fork.join)
    everything = set().union(*inside.values())
    for way in ways:
        _check_way(report, way, name, fork, everything, outside)


def _needed(report: Report, fork: ParallelStep) -> int:
    join = report.process.steps[fork.join]
    assert isinstance(join, JoinStep)
    if isinstance(join.needs, int):
        return join.needs
    return 1 if join.needs == "any" else len(fork.parallel)


def _check_way(
    report: Report, way: Edge, name: str, fork: ParallelStep, inside: set[str], outside: set[str]
) -> None:
    if way.source in inside:
        ends = isinstance(report.process.steps[way.target], EndStep)
        if way.target != fork.join and (ends or way.target == name or way.target in outside):
            message = 'This leaves the parallel path; it can only end in its join "{name}"'
            report.note(way.path, message, name=fork.join)
    elif way.target in inside and way.source != name:
        message = 'This leads into a parallel path from outside; only "{name}" can begin it'
        report.note(way.path, message, name=name)
    elif way.target == fork.join:
        message = 'Only the parallel paths of "{name}" lead to this join'
        report.note(way.path, message, name=name)


def _outside(report: Report, name: str, fork: ParallelStep, ways: list[Edge]) -> set[str]:
    """What comes before the paths part and after they have met."""
    around = {name, fork.join, *fork.parallel}
    before = reached([report.process.first], ways, without=around)
    join = report.process.steps[fork.join]
    after = reached([join.go_to], ways, without=around) if isinstance(join, JoinStep) else set()
    return before | after


def _inside(report: Report, name: str, fork: ParallelStep, ways: list[Edge]) -> dict[str, set[str]]:
    outside = _outside(report, name, fork, ways)
    ends = {key for key, step in report.process.steps.items() if isinstance(step, EndStep)}
    closed = outside | ends | {name, fork.join}
    return {start: reached([start], ways, without=closed) for start in fork.parallel}
