"""Everything that is checked before a definition is published, gathered. Never imports Prefect."""

from __future__ import annotations

from collections.abc import Mapping

from jieli.engine.checking import (
    actions,
    cases,
    each,
    fields,
    graph,
    ledger_rules,
    outside,
    parallels,
    people,
    roster,
    schedules,
    targets,
    times,
    wordings,
)
from jieli.engine.checking.report import Report, Surroundings
from jieli.engine.checking.shop_report import ShopReport
from jieli.engine.definition import MessageWords, Process
from jieli.engine.model_errors import Validated
from jieli.engine.yaml_nodes import Document, Path

# Targets first, for the graph is only checked where every way is known; wordings last, for by
# then it is known which settings are used.
_CHECKS = (
    targets, each, graph, parallels, people, times, fields, cases, actions, schedules, outside,
    wordings,
)  # fmt: skip


def check_process(
    document: Document, found: Validated[Process], process: Process, around: Surroundings
) -> None:
    """Note every mistake that goes across the parts of a process."""
    report = Report(document, process, around, found.broken, found.partial, found.flawed)
    for part in _CHECKS:
        part.check(report)


def check_shop(
    document: Document,
    messages: Mapping[str, MessageWords],
    around: Surroundings,
    broken: set[Path],
) -> None:
    """Note every mistake that goes across the parts of the shop."""
    outside.check_shop(document, messages, around, broken)
    shop = ShopReport(document, around, broken)
    roster.check(shop)
    ledger_rules.check(shop)
