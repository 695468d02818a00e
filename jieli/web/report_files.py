"""A report as files: CSV of one table, a workbook of all with charts. Text stays text in both."""

from __future__ import annotations

import csv
from datetime import date, datetime
from io import BytesIO, StringIO
from zoneinfo import ZoneInfo

from openpyxl import Workbook
from openpyxl.cell import Cell as XlsxCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.chart import BarChart, LineChart, Reference
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from jieli.store.reports.values import Cell, Chart, Report, Table

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_FORMATS = {
    "share": "0.0%", "money": "¥#,##0.00", "moment": "yyyy-mm-dd hh:mm", "date": "yyyy-mm-dd",
}  # fmt: skip
_LONGEST_SHEET_NAME = 31
_NOT_IN_A_SHEET_NAME = str.maketrans(dict.fromkeys("[]:*?/\\", " "))


def as_csv(table: Table, zone: ZoneInfo) -> bytes:
    """One table; with a byte order mark, or Excel would not read the Chinese."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow([column.label for column in table.columns])
    for row in _all_rows(table):
        writer.writerow([_csv_cell(_local(value, zone)) for value in row])
    return ("\ufeff" + out.getvalue()).encode()


def as_xlsx(report: Report, zone: ZoneInfo) -> bytes:
    """All tables, a sheet each, and the charts with their numbers."""
    book = Workbook()
    first = book.active
    if first is not None:
        book.remove(first)
    for table in report.tables:
        _table_sheet(book.create_sheet(_sheet_name(book, table.title)), table, zone)
    for chart in report.charts:
        if chart.labels:
            _chart_sheet(book.create_sheet(_sheet_name(book, chart.title)), chart)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _all_rows(table: Table) -> list[tuple[Cell, ...]]:
    return [*table.rows, *([table.total] if table.total else [])]


def _local(value: Cell, zone: ZoneInfo) -> Cell:
    """Spreadsheets know no time zones: the shop's wall clock."""
    if isinstance(value, datetime):
        return value.astimezone(zone).replace(tzinfo=None)
    return value


def _csv_cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.4g}" if abs(value) < 1 else f"{value:.15g}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, str):
        # A spreadsheet would run what somebody typed: an apostrophe keeps it a text.
        return f"'{value}" if value.startswith(_FORMULA) else value
    return str(value)


def _table_sheet(sheet: Worksheet, table: Table, zone: ZoneInfo) -> None:
    for number, column in enumerate(table.columns, start=1):
        _write(sheet, 1, number, column.label).font = Font(bold=True)
        sheet.column_dimensions[get_column_letter(number)].width = _width(table, number - 1)
    for line, row in enumerate(_all_rows(table), start=2):
        for number, (value, column) in enumerate(zip(row, table.columns, strict=True), start=1):
            cell = _write(sheet, line, number, _local(value, zone))
            if isinstance(value, date | int | float) and column.kind in _FORMATS:
                cell.number_format = _FORMATS[column.kind]
            if table.total and line == len(table.rows) + 2:
                cell.font = Font(bold=True)
    sheet.freeze_panes = "A2"


def _write(sheet: Worksheet, line: int, number: int, value: Cell) -> XlsxCell:
    cell = sheet.cell(row=line, column=number)
    assert isinstance(cell, XlsxCell), "nothing is merged here"
    if isinstance(value, str):
        cell.value = ILLEGAL_CHARACTERS_RE.sub("", value)
        cell.data_type = "s"  # "=…" that somebody typed is no formula
    else:
        cell.value = value
    return cell


def _width(table: Table, number: int) -> float:
    cells = [row[number] for row in table.rows] + [table.columns[number].label]
    longest = max(len(str(value)) * (2 if isinstance(value, str) else 1) for value in cells)
    return float(min(max(longest, 10), 60))


def _chart_sheet(sheet: Worksheet, chart: Chart) -> None:
    for number, series in enumerate(chart.series, start=2):
        _write(sheet, 1, number, series.label)
        for line, value in enumerate(series.values, start=2):
            cell = _write(sheet, line, number, value)
            if chart.share:
                cell.number_format = _FORMATS["share"]
    for line, label in enumerate(chart.labels, start=2):
        _write(sheet, line, 1, label)
    drawn: BarChart | LineChart = LineChart() if chart.kind == "lines" else BarChart()
    drawn.title = chart.title
    if isinstance(drawn, BarChart) and chart.kind == "stacked":
        drawn.grouping, drawn.overlap = "stacked", 100
    last, wide = len(chart.labels) + 1, len(chart.series) + 1
    drawn.add_data(
        Reference(sheet, min_col=2, max_col=wide, min_row=1, max_row=last), titles_from_data=True
    )
    drawn.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=last))
    # Without this, newer versions of Excel hide the axes that openpyxl writes.
    drawn.x_axis.delete = drawn.y_axis.delete = False
    drawn.width, drawn.height = 24, 12
    sheet.add_chart(drawn, f"{get_column_letter(wide + 2)}2")


def _sheet_name(book: Workbook, title: str) -> str:
    plain = title.translate(_NOT_IN_A_SHEET_NAME).strip("' ")[:_LONGEST_SHEET_NAME] or "-"
    name, number = plain, 2
    while name in book.sheetnames:
        name, number = f"{plain[: _LONGEST_SHEET_NAME - 3]} {number}", number + 1
    return name
