"""The view of a form: each field with its value, error and controls. Judges no value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jieli.engine.context import Context
from jieli.engine.definition import FieldWords
from jieli.texts import text
from jieli.web.posted import PREFIX
from jieli.web.shown import Shown, show_all

RADIOS_AT_MOST = 7
INPUTMODE = {"number": "decimal", "money": "decimal", "phone": "tel"}
INPUT_TYPE = {"date": "date", "datetime": "datetime-local", "phone": "tel"}


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of a field."""

    key: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class RowView:
    """One saved row: what people read, and what its hidden inputs post again."""

    index: int
    shown: tuple[Shown, ...]
    hidden: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldView:
    """One field as the template draws it; `key` is its name in the form and in the errors."""

    key: str
    label: str
    control: str
    required: bool
    hint: str | None
    value: str
    error: str | None
    input_type: str = "text"
    inputmode: str | None = None
    maxlength: int | None = None
    options: tuple[Option, ...] = ()
    quick: tuple[tuple[str, str], ...] = ()
    rows: tuple[RowView, ...] = ()
    open_index: int | None = None
    columns: tuple[FieldView, ...] = ()

    @property
    def name(self) -> str:
        """The name of its control, also its id."""
        return PREFIX + self.key


@dataclass(frozen=True)
class Filling:
    """Everything a form view is made of beside its fields."""

    context: Context
    now: datetime
    values: Mapping[str, Any]
    errors: Mapping[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    people: tuple[str, ...] = ()
    quick: tuple[tuple[str, str], ...] = ()
    open_rows: Mapping[str, int] = field(default_factory=dict)


def field_views(fields: Mapping[str, FieldWords], filling: Filling) -> list[FieldView]:
    """The views of a form's fields, in their order."""
    return [
        _rows_view(name, words, filling)
        if words.type == "rows"
        else _view(name, words, filling.values.get(name, words.default), filling)
        for name, words in fields.items()
    ]


def _view(key: str, words: FieldWords, value: Any, filling: Filling) -> FieldView:
    is_required = key in filling.required or words.required is True
    return FieldView(
        key=key,
        label=words.label,
        control=_control(words, filling),
        required=is_required,
        hint=words.hint,
        value=_typed_again(words, value, filling.context),
        error=filling.errors.get(key),
        input_type=INPUT_TYPE.get(words.type, "text"),
        inputmode=INPUTMODE.get(words.type),
        maxlength=words.max_length,
        options=_options(words, value, filling),
        # A time that may not lie in the future is not "in two hours".
        quick=filling.quick if words.type == "datetime" and words.max is None else (),
    )


def _control(words: FieldWords, filling: Filling) -> str:
    match words.type:
        case "choice":
            return "radios" if len(words.of) <= RADIOS_AT_MOST else "select"
        case "choices":
            return "checks"
        case "yes_no":
            return "radios"
        case "person":
            return "select"
        case "long_text":
            return "textarea"
        case "money":
            return "money"
    return "input"


def _options(words: FieldWords, value: Any, filling: Filling) -> tuple[Option, ...]:
    match words.type:
        case "choice":
            offered, chosen = dict(words.of), {str(value)}
        case "choices":
            offered = dict(words.of)
            chosen = set(map(str, value)) if isinstance(value, list | tuple) else {str(value)}
        case "yes_no":
            offered = {"yes": text("Yes"), "no": text("No")}
            chosen = {{True: "yes", False: "no"}.get(value, str(value))}
        case "person":
            names = filling.people or tuple(
                key for key, person in filling.context.people.items() if person.active
            )
            offered = {key: filling.context.label(key) for key in names}
            chosen = {str(value)}
        case _:
            return ()
    return tuple(Option(key, label, key in chosen) for key, label in offered.items())


def _typed_again(words: FieldWords, value: Any, context: Context) -> str:
    """A value as it stands in a control: what was typed, or a stored value in local time."""
    if value is None or isinstance(value, list):
        return ""
    if words.type == "datetime" and isinstance(value, str):
        return local_input(value, context)
    return str(value)


def local_input(value: str, context: Context) -> str:
    """A stored instant as a datetime control holds it; anything else stays as typed."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return value
    if moment.tzinfo is None:
        return value
    return f"{moment.astimezone(context.calendar.zone):%Y-%m-%dT%H:%M}"


def _rows_view(name: str, words: FieldWords, filling: Filling) -> FieldView:
    rows = [row for row in filling.values.get(name) or [] if isinstance(row, dict)]
    opened = _opened(name, rows, filling)
    saved = tuple(
        RowView(
            index,
            tuple(show_all(words.fields, row, filling.context, filling.now)),
            tuple(_hidden(name, index, words, row)),
        )
        for index, row in enumerate(rows)
        if index != opened
    )
    values = rows[opened] if opened is not None and opened < len(rows) else {}
    columns = [
        _view(f"{name}.{opened}.{column}", about, values.get(column, about.default), filling)
        for column, about in words.fields.items()
    ]
    return FieldView(
        key=name, label=words.label, control="rows", hint=words.hint, value="",
        required=name in filling.required or words.required is True,
        error=filling.errors.get(name), rows=saved, open_index=opened,
        columns=tuple(columns) if opened is not None else (),
    )  # fmt: skip


def _opened(name: str, rows: list[dict[str, Any]], filling: Filling) -> int | None:
    """The row whose controls are shown: one with a mistake first, then the one asked for."""
    wrong = [key.split(".")[1] for key in filling.errors if key.startswith(f"{name}.")]
    if wrong and wrong[0].isdigit():
        return int(wrong[0])
    return filling.open_rows.get(name, None if rows else 0)


def _hidden(
    name: str, index: int, words: FieldWords, row: Mapping[str, Any]
) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    for column in words.fields:
        value = row.get(column)
        if value is True or value is False:
            value = "yes" if value else "no"
        for each in value if isinstance(value, list) else [value]:
            if each not in (None, ""):
                pairs.append((f"{PREFIX}{name}.{index}.{column}", str(each)))
    return pairs
