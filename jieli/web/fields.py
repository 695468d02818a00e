"""The view of a form: each field with its value, error and controls. Judges no value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jieli.engine.context import Context
from jieli.engine.definition import FieldWords
from jieli.texts import text
from jieli.web.evidence import accepted
from jieli.web.file_pages import FileView
from jieli.web.posted import PREFIX
from jieli.web.shown import Shown, calls_for_attention, files_in
from jieli.web.uploads import kinds_of, most_in

RADIOS_AT_MOST = 7
RADIOS_IN_CARD = 3
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
class CardView:
    """One row of a filled table: what it is about, what is asked, how far it is."""

    index: int
    title: str
    shown: tuple[Shown, ...]
    hidden: tuple[tuple[str, str], ...]
    columns: tuple[FieldView, ...]
    flags: tuple[Shown, ...]
    is_filled: bool
    is_open: bool
    is_wrong: bool
    may_drop: bool


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
    cards: tuple[CardView, ...] = ()
    flagged: bool = False
    files: tuple[FileView, ...] = ()
    accept: str = ""
    most: int = 0

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
    quick: tuple[tuple[str, str], ...] = ()
    open_rows: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, FileView] = field(default_factory=dict)


def field_view(
    key: str, words: FieldWords, value: Any, filling: Filling, *, in_card: bool = False
) -> FieldView:
    """One field; in a card of a table its choices take one line."""
    is_required = key in filling.required or words.required is True
    return FieldView(
        key=key,
        label=words.label,
        control=_control(words, in_card=in_card),
        required=is_required,
        hint=words.hint,
        value=_typed_again(words, value, filling.context),
        error=filling.errors.get(key),
        input_type=INPUT_TYPE.get(words.type, "text"),
        inputmode=INPUTMODE.get(words.type),
        maxlength=words.max_length,
        options=_options(words, value, filling),
        # A time that may not lie in the future is not "in two hours".
        quick=filling.quick
        if words.type == "datetime" and words.max is None and not in_card
        else (),
        flagged=calls_for_attention(words, value),
        files=files_in(value, filling.files) if words.type == "files" else (),
        accept=accepted(kinds_of(words)) if words.type == "files" else "",
        most=most_in(words),
    )


def _control(words: FieldWords, *, in_card: bool) -> str:
    match words.type:
        case "choice":
            most = RADIOS_IN_CARD if in_card else RADIOS_AT_MOST
            return "radios" if len(words.of) <= most else "select"
        case "choices" | "people":
            return "checks"
        case "files":
            return "files"
        case "yes_no":
            return "radios"
        case "person" | "ledger_rule":
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
            offered, chosen = dict(words.of), _several(value)
        case "yes_no":
            offered = {"yes": text("Yes"), "no": text("No")}
            chosen = {{True: "yes", False: "no"}.get(value, str(value))}
        case "person" | "people":
            offered, chosen = _people(words, filling.context), _several(value)
        case "ledger_rule":
            rules = filling.context.ledger.rules
            offered, chosen = {key: rule.label for key, rule in rules.items()}, {str(value)}
        case _:
            return ()
    return tuple(Option(key, label, key in chosen) for key, label in offered.items())


def _several(value: Any) -> set[str]:
    return set(map(str, value)) if isinstance(value, list | tuple) else {str(value)}


def _people(words: FieldWords, context: Context) -> dict[str, str]:
    """Who may be chosen: everybody active, or those of the role the field names."""
    return {
        key: person.name
        for key, person in context.people.items()
        if person.active and (words.role is None or words.role in person.roles)
    }


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
