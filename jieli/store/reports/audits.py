"""Audit indices over months: what the spot checks of records found (准确、完整、及时、流程)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jieli.engine.accounts import earlier
from jieli.store.reports.asked import Asked, CaseFacts, cases_of
from jieli.store.reports.values import Cell, Chart, Column, Report, Series, Table, share
from jieli.texts import text

PROCESS, STEP = "spot_check", "check"
AUDIT, RECORDS = "handover_audit", "audit"
MONTHS = 6
FINE = "ok"
Marks = Mapping[str, Any]


def audits(asked: Asked) -> Report:
    """The report."""
    months = [earlier(asked.month, back) for back in range(MONTHS - 1, -1, -1)]
    span = (asked.span(months[0])[0], asked.span()[1])
    checked: dict[str, list[tuple[str, Marks]]] = {month: [] for month in months}
    for each in cases_of(asked, [PROCESS], by="closed", span=span, statuses=["completed"]):
        checked[_month(asked, each)].append((str(each.data.get("kind") or ""), _fields(each)))
    return Report(
        name="audits",
        title=text("Audit indices"),
        about=text("Share of the records that a spot check found in order, over {count} months.",
                   count=MONTHS),
        tables=(
            _by_month(checked),
            _by_kind(asked, checked),
            _full_audits(asked, span),
        ),
        charts=(_chart(checked),),
    )  # fmt: skip


def _criteria() -> dict[str, str]:
    return {
        "accurate": text("Accurate"), "complete": text("Complete"), "timely": text("In time"),
        "procedure": text("By the rules"),
    }  # fmt: skip


def _fields(each: CaseFacts) -> Marks:
    fields: Marks = (each.answers.get(STEP) or {}).get("fields", {})
    return fields


def _month(asked: Asked, each: CaseFacts) -> str:
    assert each.closed_at is not None, "completed cases are closed"
    return f"{asked.local_date(each.closed_at):%Y-%m}"


def _index(marks: Sequence[Marks], criterion: str) -> float | None:
    known = [mark[criterion] for mark in marks if mark.get(criterion)]
    return share(known.count(FINE), len(known))


def _numbers(marks: list[Marks]) -> tuple[Cell, ...]:
    names = _criteria()
    fine = sum(all(mark.get(name) == FINE for name in names) for mark in marks)
    return (
        len(marks), *(_index(marks, name) for name in names), share(fine, len(marks)),
    )  # fmt: skip


def _columns(*first: Column) -> tuple[Column, ...]:
    return (
        *first, Column(text("Records checked")),
        *(Column(label, "share") for label in _criteria().values()),
        Column(text("All of it in order"), "share"),
    )  # fmt: skip


def _by_month(checked: Mapping[str, list[tuple[str, Marks]]]) -> Table:
    everything = [marks for own in checked.values() for _, marks in own]
    return Table(
        title=text("By month"),
        columns=_columns(Column(text("Month"), "text")),
        rows=tuple((month, *_numbers([m for _, m in own])) for month, own in checked.items()),
        total=(text("Together"), *_numbers(everything)),
    )


def _by_kind(asked: Asked, checked: Mapping[str, list[tuple[str, Marks]]]) -> Table:
    own = checked[asked.month]
    kinds = {kind: asked.label(PROCESS, "kind", kind) for kind, _ in own}
    return Table(
        title=text("This month by kind of record"),
        columns=_columns(Column(text("Record"), "text")),
        rows=tuple(
            (label, *_numbers([marks for each, marks in own if each == kind]))
            for kind, label in sorted(kinds.items())
        ),
    )


def _full_audits(asked: Asked, span: tuple[Any, Any]) -> Table:
    """The monthly audits of all handover records, as their forms say."""
    rows: list[tuple[Cell, ...]] = []
    for each in cases_of(asked, [AUDIT], by="opened", span=span):
        records = each.said(RECORDS, "records")
        if isinstance(records, list):
            marks = [record for record in records if isinstance(record, dict)]
            indices = (_index(marks, name) for name in ("accurate", "complete", "standard"))
            rows.append((str(each.data.get("month") or ""), each.ref, len(marks), *indices))
    return Table(
        title=text("Full audits of handover records"),
        columns=(
            Column(text("Month"), "text"), Column(text("No."), "case"), Column(text("Records")),
            Column(text("Accurate"), "share"), Column(text("Complete"), "share"),
            Column(text("By the rules"), "share"),
        ),
        rows=tuple(rows),
    )  # fmt: skip


def _chart(checked: Mapping[str, list[tuple[str, Marks]]]) -> Chart:
    return Chart(
        title=text("Audit indices over months"),
        kind="lines",
        share=True,
        labels=tuple(checked),
        series=tuple(
            Series(label, tuple(_index([m for _, m in own], name) for own in checked.values()))
            for name, label in _criteria().items()
        ),
    )
