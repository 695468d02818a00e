"""Checks what somebody filled in against the fields of a form. Owns required, shown and rules.

What one value may look like is `inputs`; nothing is stored here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jieli.engine.definition import Button, FieldWords, Rule, StepWords
from jieli.engine.errors import FormError
from jieli.engine.expressions import ExpressionError, evaluate, references
from jieli.engine.inputs import Mistake, Reader, is_date, is_empty
from jieli.engine.phrases import Wordings
from jieli.engine.scope import typed
from jieli.texts import text

MOST_ROWS = 200
MOST_FILLED_ROWS = 1_000


def check(
    fields: Mapping[str, FieldWords],
    rules: Sequence[Rule],
    raw: Mapping[str, Any],
    scope: Mapping[str, Any],
    *,
    now: datetime,
    timezone: str,
    button: Button | None = None,
    people: Collection[str] | None = None,
    members: Mapping[str, Collection[str]] | None = None,
    ledger_rules: Collection[str] | None = None,
    wordings: Wordings | None = None,
    missing: Mapping[str, Sequence[str]] | None = None,
    files: Collection[str] | None = None,
) -> dict[str, Any]:
    """The answers as JSON keeps them, without hidden and empty fields.

    `members` are the people of each role, `wordings` the words that may not be written here,
    `missing` what filled tables lack (see `filled.completed`), `files` the ids of uploads that may
    stand in it. Raises FormError with every
    mistake: the key is the field, `field.<row from 0>.<column>` for a cell, or "" for a rule that
    belongs to no field.
    """
    reader = Reader(now, timezone, people, members, ledger_rules, files)
    form = _Form(fields, {**scope, "now": now}, reader, {}, {})
    form.spared = button is not None and button.unless_needed
    form.read(raw)
    form.lacks(missing or {})
    form.hide()
    form.forbid(wordings or Wordings())
    form.demand(button)
    form.hold_to(rules)
    if form.mistakes:
        raise FormError(form.mistakes)
    return form.values


def shown(
    fields: Mapping[str, FieldWords],
    raw: Mapping[str, Any],
    scope: Mapping[str, Any],
    *,
    now: datetime,
    timezone: str,
) -> list[str]:
    """The names of the fields that a page asks for, with what is filled in so far."""
    form = _Form(fields, {**scope, "now": now}, Reader(now, timezone, None), {}, {})
    form.read(raw)
    form.hide()
    return [name for name in fields if name not in form.hidden]


@dataclass
class _Form:
    fields: Mapping[str, FieldWords]
    scope: Mapping[str, Any]
    reader: Reader
    values: dict[str, Any]
    mistakes: dict[str, str]
    prefix: str = ""

    def __post_init__(self) -> None:
        self.hidden: set[str] = set()
        self.spared = False  # what is required may stay empty, in rows too

    def read(self, raw: Mapping[str, Any]) -> None:
        """Take over what can be read; note what cannot."""
        given = {name: raw.get(name, field.default) for name, field in self.fields.items()}
        for name, field in self.fields.items():
            if field.type != "rows":
                self._read_one(name, field, given[name])
        for name, field in self.fields.items():
            if field.type == "rows":
                self._read_rows(name, field, given[name])
        for name, field in self.fields.items():
            self._hold_to_bounds(name, field)

    def _read_one(self, name: str, field: FieldWords, given: Any) -> None:
        try:
            value = self.reader.read(field, given)
        except Mistake as mistake:
            self._wrong(name, str(mistake))
            return
        if value is not None:
            self.values[name] = value

    def _read_rows(self, name: str, field: FieldWords, given: Any) -> None:
        if is_empty(given):
            return
        if not isinstance(given, list | tuple) or not all(
            isinstance(row, Mapping) for row in given
        ):
            self._wrong(name, text("This is not a list of rows."))
            return
        most = MOST_FILLED_ROWS if field.fill else MOST_ROWS
        if len(given) > most:
            self._wrong(name, text("At most {count} rows.", count=most))
            return
        rows: list[dict[str, Any]] = []
        for number, cells in enumerate(given):
            # A blank row at the end of a table is how people stop; it is no answer.
            if all(is_empty(cells.get(column)) for column in field.fields):
                continue
            row = _Form(
                field.fields, self._names(), self.reader, {}, self.mistakes,
                f"{self.prefix}{name}.{number}.",
            )  # fmt: skip
            row.read(cells)
            row.hide()
            if not self.spared:
                row.demand(None)
            rows.append(row.values)
        if rows:
            self.values[name] = rows

    def hide(self) -> None:
        """Drop the fields that are not asked, in their order: one may hide the next."""
        for name, field in self.fields.items():
            if field.show_if and not self._evaluate(field.show_if, otherwise=False):
                self.hidden.add(name)
                self.values.pop(name, None)
                for key in [key for key in self.mistakes if self._about(key, name)]:
                    del self.mistakes[key]

    def lacks(self, missing: Mapping[str, Sequence[str]]) -> None:
        """Note the filled tables that lack rows: taken out by hand, or new at the source."""
        for name, labels in missing.items():
            rows = "、".join(labels[:5]) + ("…" if len(labels) > 5 else "")
            message = text(
                "Rows were taken out or are new: {rows}. They are back; please look at them.",
                rows=rows,
            )
            self.mistakes.setdefault(self.prefix + name, message)

    def forbid(self, wordings: Wordings) -> None:
        """Note the words that may not be written, with what to say instead."""
        for where, written in _written(self.fields, self.values, self.prefix):
            if found := _first(wordings.forbidden, written):
                message = text('"{word}" must not be written here: {instead}',
                               word=found, instead=wordings.forbidden[found])  # fmt: skip
                self.mistakes.setdefault(where, message)

    def demand(self, button: Button | None) -> None:
        """Note the empty fields that this button, or the form, requires."""
        for name, field in self.fields.items():
            if name in self.hidden or name in self.values or self._is_wrong(name):
                continue
            needed = button is not None and name in button.needs
            spared = button is not None and button.unless_needed
            if needed or (not spared and self._required(field)):
                self._wrong(name, _please(field))

    def hold_to(self, rules: Sequence[Rule]) -> None:
        """Note the rules that do not hold; one over a field with a mistake waits for its turn."""
        for rule in rules:
            own = self._own_names(rule.that)
            if any(self._is_wrong(name) for name in own):
                continue
            if not self._evaluate(rule.that, otherwise=True):
                self._wrong(rule.at or next(iter(own), ""), rule.message)

    def _evaluate(self, expression: str, *, otherwise: Any) -> Any:
        try:
            return evaluate(expression, self._names())
        except ExpressionError:
            # `refund <= paid` says nothing about a form in which one of them is left empty.
            if any(name not in self.values for name in self._own_names(expression)):
                return otherwise
            raise

    def _own_names(self, expression: str) -> list[str]:
        used = (reference.path[0] for reference in references(expression, template=False))
        return [name for name in used if name in self.fields]

    def _hold_to_bounds(self, name: str, field: FieldWords) -> None:
        if name not in self.values:
            return
        least, most = self._bound(field.min), self._bound(field.max)
        if field.type == "money" and least is None:
            least = 0
        try:
            self.reader.hold_to_bounds(field, self.values[name], least, most)
        except Mistake as mistake:
            self._wrong(name, str(mistake))

    def _bound(self, words: float | str | None) -> Any:
        if not isinstance(words, str) or is_date(words):
            return words
        return self._evaluate(words, otherwise=None)

    def _required(self, field: FieldWords) -> bool:
        if isinstance(field.required, str):
            return bool(self._evaluate(field.required, otherwise=False))
        return field.required

    def _names(self) -> dict[str, Any]:
        own = {name: typed(field, self.values.get(name)) for name, field in self.fields.items()}
        return {**self.scope, **own}

    def _wrong(self, name: str, message: str) -> None:
        self.values.pop(name, None)
        self.mistakes.setdefault(self.prefix + name, message)

    def _is_wrong(self, name: str) -> bool:
        return any(self._about(key, name) for key in self.mistakes)

    def _about(self, key: str, name: str) -> bool:
        own = self.prefix + name
        return key == own or key.startswith(own + ".")


def wordings_for(step: StepWords, wordings: Wordings) -> Wordings | None:
    """The words to check in the forms of a step: where customers read what is written."""
    is_read = getattr(step, "contacts_buyer", False) or getattr(step, "phrases", ())
    return wordings if is_read else None


def better_not(
    fields: Mapping[str, FieldWords], values: Mapping[str, Any], wordings: Wordings
) -> dict[str, str]:
    """Hints, by field, where there are better words; they keep nobody from going on."""
    hints: dict[str, str] = {}
    for where, written in _written(fields, values, ""):
        if found := _first(wordings.better_not, written):
            hints[where] = text('Better not "{word}": {instead}',
                                word=found, instead=wordings.better_not[found])  # fmt: skip
    return hints


def _written(
    fields: Mapping[str, FieldWords], values: Mapping[str, Any], prefix: str
) -> Iterator[tuple[str, str]]:
    """Every text that somebody wrote, with the key of its field or cell."""
    for name, field in fields.items():
        value = values.get(name)
        if field.type in ("text", "long_text") and isinstance(value, str):
            yield prefix + name, value
        elif field.type == "rows" and isinstance(value, list):
            for number, row in enumerate(value):
                yield from _written(field.fields, row, f"{prefix}{name}.{number}.")


def _first(words: Iterable[str], written: str) -> str | None:
    # Blanks between the signs hide a word from machines, not from a customer.
    bare = _bare(written)
    return next((word for word in words if _bare(word) and _bare(word) in bare), None)


def _bare(words: str) -> str:
    return "".join(unicodedata.normalize("NFKC", words).casefold().split())


def _please(field: FieldWords) -> str:
    if field.type in ("choice", "choices", "yes_no", "person", "people", "ledger_rule"):
        return text("Please choose: {label}.", label=field.label)
    if field.type == "files":
        return text("Please upload: {label}.", label=field.label)
    return text("Please fill in: {label}.", label=field.label)
