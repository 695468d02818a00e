"""Reports on the staff pages: a list, each with its tables, charts and downloads. Only shows."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jieli.engine.accounts import earlier, month_of
from jieli.store.database import Database
from jieli.store.reports.asked import ask
from jieli.store.reports.catalogue import OF_NOW, REPORTS, titles
from jieli.store.reports.values import Cell, Column, Report, Table
from jieli.store.times import business_now
from jieli.web.charts import svg
from jieli.web.moments import moment_words
from jieli.web.notices import not_found
from jieli.web.pages import page, see_other
from jieli.web.report_files import as_csv, as_xlsx
from jieli.web.resources import resources_of
from jieli.web.staff import Around, bar, read_around

router = APIRouter(prefix="/reports", include_in_schema=False)
MONTHS_BACK = 24
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")
_RIGHT = frozenset({"number", "share", "money"})


@router.api_route("", methods=["GET", "HEAD"])
async def index(request: Request) -> Response:
    """The first one; the others are named above it."""
    return see_other(f"/reports/{next(iter(REPORTS))}")


@router.api_route("/{name}", methods=["GET", "HEAD"])
async def one(request: Request, name: str, month: str = "") -> Response:
    """One report."""
    if name not in REPORTS:
        return not_found(request)
    around, report, asked = await run_in_threadpool(
        _read, resources_of(request).database, name, month
    )
    this = month_of(around.now, around.context.calendar.timezone)
    months = [earlier(this, back) for back in range(MONTHS_BACK)]
    words = {
        **bar(request, "reports", around), "month": asked, "of_now": name in OF_NOW,
        "months": months if asked in months else [asked, *months],
        "name": name, "titles": titles(), "title": report.title, "about": report.about,
        "tables": [_table(number, each, around) for number, each in enumerate(report.tables)],
        "charts": [
            {"title": each.title, "svg": drawn}
            for number, each in enumerate(report.charts) if (drawn := svg(each, number))
        ],
    }  # fmt: skip
    return page(request, "report.html", {"page": words})


@router.api_route("/{name}/table-{number}.csv", methods=["GET", "HEAD"])
async def csv_file(request: Request, name: str, number: int, month: str = "") -> Response:
    """One of its tables."""
    if name not in REPORTS:
        return not_found(request)
    around, report, asked = await run_in_threadpool(
        _read, resources_of(request).database, name, month
    )
    if not 0 <= number < len(report.tables):
        return not_found(request)
    table = report.tables[number]
    body = as_csv(table, around.context.calendar.zone)
    return _file(body, "text/csv; charset=utf-8", f"{report.title} {table.title} {asked}.csv")


@router.api_route("/{name}/workbook.xlsx", methods=["GET", "HEAD"])
async def xlsx_file(request: Request, name: str, month: str = "") -> Response:
    """All of it."""
    if name not in REPORTS:
        return not_found(request)
    around, report, asked = await run_in_threadpool(
        _read, resources_of(request).database, name, month
    )
    body = await run_in_threadpool(as_xlsx, report, around.context.calendar.zone)
    return _file(body, XLSX, f"{report.title} {asked}.xlsx")


def _read(database: Database, name: str, month: str) -> tuple[Around, Report, str]:
    # One moment for all its statements: a total must be the sum of its rows.
    with database.read(snapshot=True) as connection:
        wanted = month if _MONTH.fullmatch(month) and name not in OF_NOW else None
        asked = ask(connection, business_now(connection), wanted)
        return read_around(connection), REPORTS[name](asked), asked.month


def _file(body: bytes, kind: str, name: str) -> Response:
    header = f"attachment; filename*=UTF-8''{quote(name)}"
    return Response(body, media_type=kind, headers={"Content-Disposition": header})


# ---- showing -------------------------------------------------------------------------------------


def _table(number: int, table: Table, around: Around) -> dict[str, Any]:
    def cells(row: tuple[Cell, ...]) -> list[dict[str, Any]]:
        return [_cell(value, column, around)
                for value, column in zip(row, table.columns, strict=True)]  # fmt: skip

    return {
        "number": number, "title": table.title, "note": table.note,
        "columns": [{"label": each.label, "right": each.kind in _RIGHT} for each in table.columns],
        "rows": [cells(row) for row in table.rows],
        "total": cells(table.total) if table.total and table.rows else [],
    }  # fmt: skip


def _cell(value: Cell, column: Column, around: Around) -> dict[str, Any]:
    return {
        "words": _words(value, column, around), "right": column.kind in _RIGHT,
        "case": value if column.kind == "case" else "",
    }  # fmt: skip


def _words(value: Cell, column: Column, around: Around) -> str:
    match value:
        case None:
            return "–"
        case datetime():
            return moment_words(value, around.now, around.context.calendar.zone)
        case date():
            return value.isoformat()
        case int() | float() if column.kind == "share":
            return f"{value * 100:.0f}%" if value in (0, 1) else f"{value * 100:.1f}%"
        case int() | float() if column.kind == "money":
            return f"{'-' if value < 0 else ''}¥{abs(value):,.2f}"
        case int() | float():
            return f"{value:,.10g}"
    return value
