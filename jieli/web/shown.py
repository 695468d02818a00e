"""Values as people read them: options by their text, times by name, money with ¥."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from jieli.engine.context import Context
from jieli.engine.definition import FieldWords
from jieli.engine.filters import masked
from jieli.engine.personal import kind_of
from jieli.texts import text
from jieli.web.file_pages import FileView
from jieli.web.moments import day_words, moment_words

Cover = Mapping[str, FieldWords] | None
"""The case's fields, when what is personal by them is to be masked."""
NO_FILES: Mapping[str, FileView] = {}
NOTHING = {"", "无", "没有", "none", "no", "-"}


@dataclass(frozen=True, slots=True)
class Shown:
    """One line of a list of facts; `tel` is set when the number may be called now.

    `flagged` values get a mark that does not rest on colour alone.
    """

    label: str
    value: str
    tel: str | None = None
    rows: tuple[tuple[Shown, ...], ...] = ()
    flagged: bool = False
    files: tuple[FileView, ...] = ()
    is_covered: bool = False

    @property
    def hides(self) -> bool:
        """Whether something of it is masked."""
        return self.is_covered or any(each.hides for row in self.rows for each in row)


def show_all(
    fields: Mapping[str, FieldWords], values: Mapping[str, Any], context: Context, now: datetime,
    *, may_call: bool = False, files: Mapping[str, FileView] = NO_FILES, cover: Cover = None,
) -> list[Shown]:  # fmt: skip
    """The fields that have a value, in their order; with `cover` personal ones are masked."""
    return [
        show(words, values[name], context, now, may_call=may_call, files=files, cover=cover)
        for name, words in fields.items()
        if values.get(name) not in (None, "", [])
    ]


def show(
    words: FieldWords, value: Any, context: Context, now: datetime, *, may_call: bool = False,
    files: Mapping[str, FileView] = NO_FILES, cover: Cover = None,
) -> Shown:  # fmt: skip
    """One field and its value."""
    if words.type == "rows" and isinstance(value, list):
        rows = tuple(tuple(show_all(words.fields, row, context, now, cover=cover)) for row in value)
        return Shown(words.label, text("{n} rows", n=len(rows)), rows=rows)
    said = value_words(words, value, context, now)
    if words.type == "files":
        return Shown(words.label, said, files=files_in(value, files))
    tel = _dialled(said) if words.type == "phone" and may_call else None
    kind = kind_of(words, cover) if cover is not None and tel is None else None
    if kind and (hidden := masked(said, kind)) != said:
        return Shown(words.label, hidden, is_covered=True)
    return Shown(words.label, said, tel, flagged=calls_for_attention(words, value))


def files_in(value: Any, files: Mapping[str, FileView]) -> tuple[FileView, ...]:
    """The files a value names, as far as they are known here."""
    named = value if isinstance(value, list) else []
    return tuple(files[each] for each in named if each in files)


def calls_for_attention(words: FieldWords, value: Any) -> bool:
    """Whether a highlighted field says something; 无 says that there is nothing."""
    if not words.highlight or value in (None, "", False, "no", []):
        return False
    return str(value).strip() not in NOTHING


def value_words(words: FieldWords, value: Any, context: Context, now: datetime) -> str:
    """A value as text."""
    zone = context.calendar.zone
    match words.type:
        case "choice":
            return words.of.get(str(value), str(value))
        case "choices" if isinstance(value, list):
            return text(", ").join(words.of.get(str(each), str(each)) for each in value)
        case "yes_no":
            return text("Yes") if value in (True, "yes", "true") else text("No")
        case "people" if isinstance(value, list):
            return text(", ").join(context.label(str(each)) for each in value)
        case "person" | "people":
            return context.label(str(value))
        case "ledger_rule" if rule := context.ledger.rules.get(str(value)):
            return rule.label
        case "ledger_rule":
            rule = context.ledger.rules.get(str(value))
            return rule.label if rule else str(value)
        case "files" if isinstance(value, list):
            return text("{n} files", n=len(value))
        case "money":
            return _money(value)
        case "datetime" if moment := _datetime(value):
            return moment_words(moment, now, zone)
        case "date" if day := _date(value):
            return day_words(day, now.astimezone(zone).date())
    return str(value)


def _money(value: Any) -> str:
    try:
        return f"¥{Decimal(str(value)):,.2f}"
    except InvalidOperation:
        return str(value)


def _datetime(value: Any) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None


def _date(value: Any) -> date | None:
    try:
        return date.fromisoformat(value)
    except (TypeError, ValueError):
        return None


def _dialled(number: str) -> str:
    """What a phone dials: an extension after - or 转 follows a pause."""
    main, _, extension = number.replace("转", "-").partition("-")
    digits = "".join(each for each in main if each in "+0123456789")
    if extension.isdigit() and len(digits) >= 11:
        return f"{digits},{extension}"
    return digits + "".join(each for each in extension if each.isdigit())
