"""The view of repeated rows: typed one by one, or filled in advance as one card per row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jieli.engine.definition import FieldWords
from jieli.engine.filled import ROW, locked
from jieli.engine.fills import Fill
from jieli.engine.inputs import is_empty
from jieli.texts import text
from jieli.web.fields import CardView, FieldView, Filling, RowView, field_view
from jieli.web.posted import PREFIX
from jieli.web.shown import Shown, show, show_all

MOST_IN_TITLE = 3

Row = Mapping[str, Any]


def rows_view(name: str, words: FieldWords, filling: Filling) -> FieldView:
    """A table, in the way its definition asks for."""
    rows = [row for row in filling.values.get(name) or [] if isinstance(row, dict)]
    opened = _opened(name, rows, filling, is_filled=isinstance(words.fill, Fill))
    if isinstance(words.fill, Fill):
        return _cards(name, words, words.fill, rows, opened, filling)
    return _typed(name, words, rows, opened, filling)


def _opened(
    name: str, rows: list[dict[str, Any]], filling: Filling, *, is_filled: bool
) -> int | None:
    """The row whose controls are shown: one with a mistake first, then the one asked for."""
    wrong = [key.split(".")[1] for key in filling.errors if key.startswith(f"{name}.")]
    if wrong and wrong[0].isdigit():
        return int(wrong[0])
    return filling.open_rows.get(name, None if rows or is_filled else 0)


def _typed(
    name: str, words: FieldWords, rows: list[dict[str, Any]], opened: int | None, filling: Filling
) -> FieldView:
    saved = tuple(
        RowView(
            index,
            tuple(show_all(words.fields, row, filling.context, filling.now)),
            tuple(_hidden(name, index, words.fields, row)),
        )
        for index, row in enumerate(rows)
        if index != opened
    )
    values = rows[opened] if opened is not None and opened < len(rows) else {}
    columns = [
        field_view(f"{name}.{opened}.{column}", about, values.get(column, about.default), filling)
        for column, about in words.fields.items()
    ]
    return FieldView(
        key=name, label=words.label, control="rows", hint=words.hint, value="",
        required=name in filling.required or words.required is True,
        error=filling.errors.get(name), rows=saved, open_index=opened,
        columns=tuple(columns) if opened is not None else (),
    )  # fmt: skip


# ---- filled tables -------------------------------------------------------------------------------


def _cards(
    name: str, words: FieldWords, fill: Fill, rows: list[dict[str, Any]], opened: int | None,
    filling: Filling,
) -> FieldView:  # fmt: skip
    if opened is not None and opened >= len(rows):
        rows, opened = [*rows, {}], len(rows)
    cards = tuple(
        _card(name, words, fill, index, row, filling, is_open=index == opened)
        for index, row in enumerate(rows)
    )
    return FieldView(
        key=name, label=words.label, control="cards", hint=words.hint, value="",
        required=name in filling.required or words.required is True,
        error=filling.errors.get(name), open_index=opened, cards=cards,
    )  # fmt: skip


def _card(
    name: str, words: FieldWords, fill: Fill, index: int, row: Row, filling: Filling, *,
    is_open: bool,
) -> CardView:  # fmt: skip
    is_from_source = bool(row.get(ROW))
    asked = _asked(words, row)
    shown = tuple(
        show(words.fields[column], row[column], filling.context, filling.now)
        for column in locked(words, row)
        if column in fill.shown
    )
    start = f"{name}.{index}."
    return CardView(
        index=index,
        title=_title(words, fill, row, filling) or text("No. {n}", n=index + 1),
        shown=shown,
        hidden=((f"{PREFIX}{start}{ROW}", str(row[ROW])),) if is_from_source else (),
        columns=tuple(
            field_view(start + column, about, row.get(column, about.default), filling, in_card=True)
            for column, about in asked.items()
        ),
        flags=tuple(_flags(words, row, filling)),
        is_filled=_is_filled(asked, row),
        is_open=is_open,
        is_wrong=any(key.startswith(start) for key in filling.errors),
        may_drop=not (is_from_source and fill.keep),
    )  # fmt: skip


def _asked(words: FieldWords, row: Row) -> dict[str, FieldWords]:
    """The columns people fill in; what ties a row to its source is never asked."""
    assert isinstance(words.fill, Fill)
    fixed = {*locked(words, row), words.fill.key}
    return {column: about for column, about in words.fields.items() if column not in fixed}


def next_unfilled(words: FieldWords, rows: Sequence[Row], after: int) -> int | None:
    """The card to open next: the first unfilled one after this, else the first of all."""
    order = [*range(after + 1, len(rows)), *range(min(after, len(rows)))]
    return next((at for at in order if not _is_filled(_asked(words, rows[at]), rows[at])), None)


def _title(words: FieldWords, fill: Fill, row: Row, filling: Filling) -> str:
    """The first words of a card: what names the row, whom it is about, what its source says."""
    told = [
        name
        for name, column in words.fields.items()
        if column.type not in ("long_text", "rows") and not column.highlight
        and not is_empty(row.get(name))
    ]  # fmt: skip
    named = [name for name in told if name == fill.key and name in fill.shown]
    about = [name for name in told if name not in named and words.fields[name].required is True]
    rest = [name for name in told if name in fill.shown] or told
    chosen = list(dict.fromkeys([*named, *about[:1], *rest]))[:MOST_IN_TITLE]
    return " · ".join(
        show(words.fields[name], row[name], filling.context, filling.now).value[:40]
        for name in chosen
    )


def _flags(words: FieldWords, row: Row, filling: Filling) -> list[Shown]:
    known = show_all(words.fields, row, filling.context, filling.now)
    return [each for each in known if each.flagged]


def _is_filled(asked: Mapping[str, FieldWords], row: Row) -> bool:
    """Whether everything a card asks for is there; without required columns, anything at all."""
    required = [column for column, about in asked.items() if about.required is True]
    if required:
        return all(not is_empty(row.get(column)) for column in required)
    return not asked or any(not is_empty(row.get(column)) for column in asked)


def _hidden(
    name: str, index: int, columns: Mapping[str, FieldWords], row: Row
) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for column in columns:
        value = row.get(column)
        if value is True or value is False:
            value = "yes" if value else "no"
        for each in value if isinstance(value, list) else [value]:
            if each not in (None, ""):
                pairs.append((f"{PREFIX}{name}.{index}.{column}", str(each)))
    return pairs
