"""Open cases without an owner and open work that nobody holds, now."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, select

from jieli.store.reports.asked import Asked
from jieli.store.reports.values import Cell, Chart, Column, Report, Series, Table
from jieli.store.tables import cases, visits
from jieli.texts import text

MOST = 200
_WORK: ColumnElement[bool] = and_(visits.c.kind == "human", visits.c.status == "open")


def unowned(asked: Asked) -> Report:
    """The report."""
    items = _items(asked)
    numbers = _numbers(asked)
    return Report(
        name="unowned",
        title=text("Open work without owner"),
        about=text("Nobody there: nobody could be asked. Not taken: asked, but nobody has it yet. "
                   "A case has an owner only where its process says so."),
        tables=(_by_process(asked, numbers), _list(items)),
        charts=(_chart(asked, numbers),),
    )  # fmt: skip


def _numbers(asked: Asked) -> dict[str, Counter[str]]:
    """Per process: open cases, those without owner, work that is not taken, nobody there, late."""
    found: dict[str, Counter[str]] = {}
    owners = select(
        cases.c.process, func.count().label("open"),
        func.sum(case((cases.c.owner.is_(None), 1), else_=0)).label("alone"),
    ).where(cases.c.status == "open").group_by(cases.c.process)  # fmt: skip
    for row in asked.connection.execute(owners):
        own = found.setdefault(row.process, Counter())
        own["open"], own["alone"] = row.open, row.alone if _owned(asked, row.process) else 0
    late = and_(visits.c.due_at.is_not(None), visits.c.due_at < asked.now)
    work = select(
        cases.c.process,
        func.sum(case((and_(visits.c.assignee.is_(None), ~visits.c.nobody), 1), else_=0)).label("free"),
        func.sum(case((and_(visits.c.assignee.is_(None), visits.c.nobody), 1), else_=0)).label("nobody"),
        func.sum(case((late, 1), else_=0)).label("late"),
    ).join(cases, cases.c.id == visits.c.case_id).where(_WORK, cases.c.status == "open")  # fmt: skip
    for row in asked.connection.execute(work.group_by(cases.c.process)):
        own = found.setdefault(row.process, Counter())
        own["free"], own["nobody"], own["late"] = row.free, row.nobody, row.late
    return dict(sorted(found.items()))


def _owned(asked: Asked, process: str) -> bool:
    known = asked.processes.get(process)
    return known is not None and known.process.case.owner is not None


def _by_process(asked: Asked, numbers: dict[str, Counter[str]]) -> Table:
    keys = ("open", "alone", "free", "nobody", "late")
    rows: list[tuple[Cell, ...]] = [
        (asked.title(name), *(own[key] for key in keys)) for name, own in numbers.items()
    ]
    sums: tuple[Cell, ...] = tuple(sum(own[key] for own in numbers.values()) for key in keys)
    return Table(
        title=text("By process"),
        columns=(
            Column(text("Process"), "text"), Column(text("Open cases")),
            Column(text("without owner")), Column(text("Work not taken")),
            Column(text("Nobody there")), Column(text("Overdue work")),
        ),
        rows=tuple(rows),
        total=(text("Together"), *sums),
    )  # fmt: skip


def _items(asked: Asked) -> list[Row[Any]]:
    query = (
        select(
            cases.c.ref, cases.c.title, visits.c.title.label("step"), visits.c.nobody,
            visits.c.opened_at, visits.c.due_at,
        )
        .join(cases, cases.c.id == visits.c.case_id)
        .where(_WORK, cases.c.status == "open", visits.c.assignee.is_(None))
        .order_by(visits.c.nobody.desc(), visits.c.due_at.is_(None), visits.c.due_at, cases.c.ref)
        .limit(MOST)
    )  # fmt: skip
    return list(asked.connection.execute(query))


def _list(items: list[Row[Any]]) -> Table:
    rows: list[tuple[str | datetime | None, ...]] = [
        (each.ref, each.title, each.step,
         text("Nobody there") if each.nobody else text("Not taken"), each.opened_at, each.due_at)
        for each in items
    ]  # fmt: skip
    return Table(
        title=text("What nobody holds"),
        columns=(
            Column(text("No."), "case"), Column(text("Case"), "text", personal=True),
            Column(text("Step"), "text"), Column(text("State"), "text"),
            Column(text("Since"), "moment"), Column(text("Due"), "moment"),
        ),
        rows=tuple(rows),
        note=text("The first {count}.", count=MOST) if len(rows) == MOST else "",
    )  # fmt: skip


def _chart(asked: Asked, numbers: dict[str, Counter[str]]) -> Chart:
    shown = {name: own for name, own in numbers.items() if own["free"] or own["nobody"]}
    return Chart(
        title=text("Work that nobody holds"),
        kind="stacked",
        labels=tuple(asked.title(name) for name in shown),
        series=(
            Series(text("Nobody there"), tuple(float(own["nobody"]) for own in shown.values())),
            Series(text("Not taken"), tuple(float(own["free"]) for own in shown.values())),
        ),
    )
