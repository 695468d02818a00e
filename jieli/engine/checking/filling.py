"""What fields hold before anybody has typed: where it comes from, and the columns it fills."""

from __future__ import annotations

from jieli.engine.checking.actions import knows_list
from jieli.engine.checking.report import Report
from jieli.engine.definition import FieldWords
from jieli.engine.fills import Fill
from jieli.engine.yaml_nodes import Path

SOURCES = ("rows", "open_work", "cases", "imported", "ledger", "roster")


def check_fill(report: Report, field: FieldWords, fill: str | Fill, path: Path) -> None:
    """A default for a field, or a source for a table."""
    if field.default is not None:
        report.note(path, "fill: and default: exclude each other", key=True)
    if isinstance(fill, str):
        if field.type == "rows":
            report.note(path, "Rows are filled from a source; write rows: and the expression")
        return
    if field.type != "rows":
        report.note(path, "A source fills rows; here fill: is an expression")
        return
    _check_source(report, fill, path)
    for key in ("key", "shown"):
        said = getattr(fill, key) or ()
        for number, name in enumerate((said,) if isinstance(said, str) else said):
            where: Path = (*path, key) if key == "key" else (*path, key, number)
            report.knows(where, 'The rows have no column "{name}"', name, field.fields)
    if fill.shown and fill.key is None and fill.rows is None:
        message = "Which row is which is not known; shown: needs key: and a column"
        report.note((*path, "shown"), message, key=True)


def _check_source(report: Report, fill: Fill, path: Path) -> None:
    said = [key for key in SOURCES if getattr(fill, key) is not None]
    if len(said) != 1:
        report.note(path, "Exactly one of {words} is needed", key=True, words=", ".join(SOURCES))
    if fill.imported is not None:
        knows_list(report, (*path, "imported"), fill.imported)
    if fill.cases is None:
        return
    for number, name in enumerate(fill.cases.process):
        if report.around.processes_are_whole:
            report.knows((*path, "cases", "process", number), 'There is no process "{name}"',
                         name, report.around.processes)  # fmt: skip
    for number, status in enumerate(fill.cases.status):
        message = 'A case is never "{name}"'
        known = ("open", "completed", "cancelled")
        report.knows((*path, "cases", "status", number), message, status, known)
