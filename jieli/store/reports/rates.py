"""Refund and dispute rates, from the list of figures that comes from the platform."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import select

from jieli.store.reports.asked import Asked
from jieli.store.reports.values import Cell, Chart, Column, Report, Series, Table, share
from jieli.store.tables import imported_rows
from jieli.texts import text

LIST = "shop_figures"
Day = tuple[date, float, float, float]


def rates(asked: Asked) -> Report:
    """The report."""
    days = _days(asked)
    orders, refunds, disputes = (sum(numbers) for numbers in _columns(days))
    return Report(
        name="rates",
        title=text("Refund and dispute rate"),
        about=text("From the imported list of daily figures: orders, refunds, disputes."),
        tables=(
            Table(
                title=text("By day"),
                columns=(
                    Column(text("Day"), "date"), Column(text("Orders")), Column(text("Refunds")),
                    Column(text("Disputes")), Column(text("Refund rate"), "share"),
                    Column(text("Dispute rate"), "share"),
                ),
                rows=tuple(map(_row, days)),
                total=(
                    text("Together"), orders, refunds, disputes, share(refunds, orders),
                    share(disputes, orders),
                ),
            ),
        ),
        charts=(
            Chart(
                title=text("Refund and dispute rate by day"), kind="lines", share=True,
                labels=tuple(f"{day[0].month}/{day[0].day}" for day in days),
                series=(
                    Series(text("Refund rate"), tuple(share(day[2], day[1]) for day in days)),
                    Series(text("Dispute rate"), tuple(share(day[3], day[1]) for day in days)),
                ),
            ),
        ),
    )  # fmt: skip


def _row(day: Day) -> tuple[Cell, ...]:
    return (*day, share(day[2], day[1]), share(day[3], day[1]))


def _days(asked: Asked) -> list[Day]:
    """The month's days with their numbers; several shops of one day together."""
    query = select(imported_rows.c.data).where(imported_rows.c.list == LIST)
    found: dict[date, list[float]] = {}
    for data in asked.connection.scalars(query):
        day = _day(data)
        if day is not None and f"{day:%Y-%m}" == asked.month:
            own = found.setdefault(day, [0.0, 0.0, 0.0])
            for number, name in enumerate(("orders", "refunds", "disputes")):
                own[number] += _number(data, name)
    return [(day, *_three(numbers)) for day, numbers in sorted(found.items())]


def _columns(days: list[Day]) -> tuple[list[float], list[float], list[float]]:
    return [day[1] for day in days], [day[2] for day in days], [day[3] for day in days]


def _three(numbers: list[float]) -> tuple[float, float, float]:
    orders, refunds, disputes = numbers
    return orders, refunds, disputes


def _day(data: Mapping[str, Any]) -> date | None:
    try:
        return date.fromisoformat(str(data.get("day"))[:10])
    except ValueError:
        return None


def _number(data: Mapping[str, Any], name: str) -> float:
    given = data.get(name)
    return float(given) if given not in (None, "") else 0.0
