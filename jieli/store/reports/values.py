"""What a report is made of: tables and charts with plain values in them. Knows no database."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

Cell = str | int | float | date | datetime | None
Kind = Literal["text", "number", "share", "money", "moment", "date", "case"]
Share = float
"""From 0 to 1; shown as a percentage."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `personal` ones (names, words people wrote) never leave our own pages."""

    label: str
    kind: Kind = "number"
    personal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows under columns; `total` is one more row that adds them up."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    total: tuple[Cell, ...] | None = None
    note: str = ""
    personal: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """The values of one thing, one for each label of the chart; None where there is none."""

    label: str
    values: tuple[float | None, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A picture of numbers that also stand in a table."""

    title: str
    kind: Literal["bars", "stacked", "lines"]
    labels: tuple[str, ...]
    series: tuple[Series, ...]
    share: bool = False
    personal: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One report about one month, or about now."""

    name: str
    title: str
    about: str
    tables: tuple[Table, ...]
    charts: tuple[Chart, ...] = field(default=())


def share(part: float, whole: float) -> float | None:
    """A part of a whole; nothing of nothing is no number."""
    return part / whole if whole else None
