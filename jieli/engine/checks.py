"""Everything that is checked before a definition is published, gathered. Never imports Prefect."""

from __future__ import annotations

from collections.abc import Mapping

from jieli.engine.checking import (
    cases,
    fields,
    graph,
    outside,
    parallels,
    people,
    targets,
    times,
    wordings,
)
from jieli.engine.checking.report import Report, Surroundings
from jieli.engine.definition import MessageWords, Process
from jieli.engine.model_errors import Validated
from jieli.engine.yaml_nodes import Document, Path

# Targets first, for the graph is only checked where every way is known; wordings last, for by
# then it is known which settings are used.
_CHECKS = (targets, graph, parallels, people, times, fields, cases, outside, wordings)


def check_process(
    document: Document, found: Validated[Process], process: Process, around: Surroundings
) -> None:
    """Note every mistake that goes across the parts of a process."""
    report = Report(document, process, around, found.broken, found.partial, found.flawed)
    for each in _CHECKS:
        each.check(report)


def check_shop(
    document: Document,
    messages: Mapping[str, MessageWords],
    around: Surroundings,
    broken: set[Path],
) -> None:
    """Note every mistake that goes across the parts of the shop."""
    outside.check_shop(document, messages, around, broken)
