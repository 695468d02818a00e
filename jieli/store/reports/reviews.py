"""Bad reviews of a month: how far they are, how they ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from sqlalchemy import select

from jieli.store.reports.asked import Asked, CaseFacts, cases_of
from jieli.store.reports.values import Chart, Column, Report, Series, Table, share
from jieli.store.statements import one_of
from jieli.store.tables import visits
from jieli.texts import text

PROCESS = "bad_review"
_LIVE = ("listening", "scheduled", "open", "held", "blocked")


def reviews(asked: Asked) -> Report:
    """The report."""
    found = cases_of(asked, [PROCESS], by="opened")
    severities = asked.options(PROCESS, "severity") or _seen(found, "severity")
    return Report(
        name="reviews",
        title=text("Bad reviews by state and result"),
        about=text("Reviews whose case was opened in the month."),
        tables=(
            _crossed(asked, text("Progress"), "progress", found, severities),
            _crossed(asked, text("Handling"), "handling", found, severities),
            _results(asked, found, severities),
            _waits(asked, found),
        ),
        charts=(_chart(asked, found, severities),),
    )


def _crossed(
    asked: Asked, title: str, field: str, found: list[CaseFacts], severities: Mapping[str, str]
) -> Table:
    options = {**(asked.options(PROCESS, field) or _seen(found, field)), "": text("Not yet")}
    counted = Counter((_said(each, field), _said(each, "severity")) for each in found)
    return _table(title, options, severities, counted, len(found))


def _results(asked: Asked, found: list[CaseFacts], severities: Mapping[str, str]) -> Table:
    known = asked.processes.get(PROCESS)
    ends = dict(known.process.ends) if known else {}
    options = {**ends, "open": text("Open"), "cancelled": text("Cancelled")}
    counted = Counter((_state(each), _said(each, "severity")) for each in found)
    return _table(text("Result"), options, severities, counted, len(found))


def _table(
    title: str, options: Mapping[str, str], severities: Mapping[str, str],
    counted: Counter[tuple[str, str]], whole: int,
) -> Table:  # fmt: skip
    rows = []
    for key, label in options.items():
        numbers = [counted[key, severity] for severity in severities]
        together = sum(count for (own, _), count in counted.items() if own == key)
        rows.append((label, *numbers, together, share(together, whole)))
    return Table(
        title=title,
        columns=(
            Column(title, "text"), *(Column(label) for label in severities.values()),
            Column(text("Together")), Column(text("of all"), "share"),
        ),
        rows=tuple(rows),
    )  # fmt: skip


def _waits(asked: Asked, found: list[CaseFacts]) -> Table:
    """The steps in which the open ones are."""
    still = [each.case_id for each in found if each.status == "open"]
    query = select(visits.c.title).where(
        one_of(asked.connection, visits.c.case_id, still),
        one_of(asked.connection, visits.c.status, _LIVE),
    )
    counted = Counter(asked.connection.scalars(query))
    return Table(
        title=text("Open ones wait for"),
        columns=(Column(text("Step"), "text"), Column(text("Cases"))),
        rows=tuple(counted.most_common()),
    )


def _chart(asked: Asked, found: list[CaseFacts], severities: Mapping[str, str]) -> Chart:
    known = asked.processes.get(PROCESS)
    options = {"open": text("Open"), **(known.process.ends if known else {})}
    counted = Counter((_state(each), _said(each, "severity")) for each in found)
    return Chart(
        title=text("Bad reviews by result"),
        kind="stacked",
        labels=tuple(options.values()),
        series=tuple(
            Series(label, tuple(float(counted[state, severity]) for state in options))
            for severity, label in severities.items()
        ),
    )


def _state(each: CaseFacts) -> str:
    return (each.result or "") if each.status == "completed" else each.status


def _said(each: CaseFacts, field: str) -> str:
    return str(each.data.get(field) or "")


def _seen(found: list[CaseFacts], field: str) -> dict[str, str]:
    return {value: value for value in sorted({_said(each, field) for each in found}) if value}
