"""Reads the text of a CSV file as rows of a form: headers are labels or names, cells as people type.

Pure: judges no value, `forms` does; opens no file.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from jieli.engine.definition import FieldWords
from jieli.engine.errors import JieliError
from jieli.texts import text

MOST_LINES = 20_000
_BETWEEN = re.compile(r"[,，、;；|\s]+")
_WHEN = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row as it was typed, by field; `line` counts from 1, as a table shows it."""

    line: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class RowMistake:
    """What is wrong in one place of the file; line 1 is the header."""

    line: int
    column: str
    message: str

    def __str__(self) -> str:
        where = text("line {line}", line=self.line)
        return f"{where}, {self.column}: {self.message}" if self.column else f"{where}: {self.message}"


class BadRows(JieliError):
    """The file has mistakes; nothing was imported."""

    def __init__(self, mistakes: list[RowMistake]) -> None:
        super().__init__()
        self.mistakes = mistakes


def decoded(content: bytes) -> str:
    """The text of a file as spreadsheets write it: UTF-8, with or without its mark, or GBK."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadRows([RowMistake(1, "", text("This is not a text file; save it as CSV (UTF-8)."))])


def read_rows(
    content: str, fields: Mapping[str, FieldWords], people: Mapping[str, str] | None = None
) -> list[CsvRow]:
    """The rows of the file, blank ones left out; `people` are ids by name.

    Raises BadRows when the header is wrong: then no cell can be trusted.
    """
    lines = list(csv.reader(io.StringIO(content.lstrip("\ufeff")), delimiter=_delimiter(content)))
    if not lines:
        raise BadRows([RowMistake(1, "", text("The file is empty."))])
    if len(lines) > MOST_LINES:
        raise BadRows([RowMistake(1, "", text("At most {count} rows.", count=MOST_LINES))])
    names = _header(lines[0], fields)
    found = []
    for number, cells in enumerate(lines[1:], start=2):
        if not any(cell.strip() for cell in cells):
            continue
        extra = [cell for cell in cells[len(names) :] if cell.strip()]
        if extra:
            message = text("There are more cells than headers: {cell}", cell=extra[0][:40])
            raise BadRows([RowMistake(number, "", message)])
        typed = zip(names, cells, strict=False)
        values = {
            name: _cell(fields[name], cell.strip(), people or {})
            for name, cell in typed
            if name and cell.strip()
        }
        found.append(CsvRow(number, values))
    return found


def _header(cells: list[str], fields: Mapping[str, FieldWords]) -> list[str | None]:
    names = {name: name for name in fields} | {each.label: name for name, each in fields.items()}
    mistakes: list[RowMistake] = []
    found: list[str | None] = []
    for cell in (each.strip() for each in cells):
        name = names.get(cell)
        if cell and name is None:
            mistakes.append(RowMistake(1, cell, _unknown(cell, names)))
        elif name is not None and name in found:
            mistakes.append(RowMistake(1, cell, text("This column is there twice.")))
        elif name is not None and fields[name].type == "rows":
            mistakes.append(RowMistake(1, cell, text("A table does not fit into a cell.")))
        found.append(name)
    for name, words in fields.items():
        if words.required is True and words.default is None and not words.fill and name not in found:
            mistakes.append(RowMistake(1, words.label, text("This column is missing.")))
    if mistakes:
        raise BadRows(mistakes)
    return found


def _unknown(cell: str, names: Mapping[str, str]) -> str:
    close = get_close_matches(cell, names, n=1)
    if close:
        return text("There is no such column; did you mean {name}?", name=close[0])
    return text("There is no such column; there are: {names}", names=", ".join(dict.fromkeys(names)))


def _cell(words: FieldWords, cell: str, people: Mapping[str, str]) -> Any:
    """A cell as a form takes it: options by their text, people by their name, dates padded."""
    match words.type:
        case "choice":
            return _option(words, cell)
        case "choices":
            return [_option(words, each) for each in _BETWEEN.split(cell) if each]
        case "person":
            return people.get(cell, cell)
        case "people":
            return [people.get(each, each) for each in _BETWEEN.split(cell) if each]
        case "date" | "datetime":
            return _padded(cell)
    return cell


def _option(words: FieldWords, cell: str) -> str:
    return next((key for key, label in words.of.items() if cell in (key, label)), cell)


def _padded(cell: str) -> str:
    """2026/1/5 9:30, as spreadsheets write it, with all its digits."""
    found = _WHEN.fullmatch(cell)
    if not found:
        return cell
    year, month, day, hour, minute, second = found.groups()
    known = f"{year}-{int(month):02d}-{int(day):02d}"
    return f"{known} {int(hour):02d}:{minute}:{second or '00'}" if hour else known


def _delimiter(content: str) -> str:
    first = content.partition("\n")[0]
    return max(",\t;", key=first.count)
