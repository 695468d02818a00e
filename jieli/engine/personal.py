"""Which values of a case are personal, how they are covered, and what is left when they go. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from jieli.engine.case import CaseState
from jieli.engine.definition import FieldWords, Process
from jieli.engine.filters import masked
from jieli.engine.scope import form_of

BLANKED = "***"
_MOBILE = re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)")
_SHORTEST_WORD = 4  # letters and digits; fewer of them stand in many words by chance
# Names of people of ours, of steps and of times: never a customer's words.
_OURS = {
    "by", "by_id", "button", "at", "to", "kind", "visit", "step", "id", "ref", "case_id", "status",
    "result", "assignee", "candidates", "role", "owner", "process", "person", "branch", "generation",
    "outcome", "signatures", "opened_at", "closed_at", "due_at",
}  # fmt: skip
_PAYLOADS = ("data", "answers", "response", "reason", "text", "detail")
_OF_A_STATE = ("title", "buyer", "data", "answers", "fans", "signals")
_OF_A_VISIT = ("title", "answers", "item")

Fields = Mapping[str, FieldWords]


def kind_of(words: FieldWords, case_fields: Fields | None = None) -> str | None:
    """Which kind of personal data a field holds, by itself or by the case's field it writes."""
    if words.pii is not None:
        return words.pii
    if words.type == "phone":
        return "phone"
    into = (case_fields or {}).get(words.case_field or "")
    return kind_of(into) if into is not None else None


def has_personal(process: Process) -> bool:
    """Whether any field of the process holds personal data."""
    known = [process.case.fields, *(form_of(step) for step in process.steps.values())]
    return any(_is_any(words, process.case.fields) for fields in known for words in fields.values())


def _is_any(words: FieldWords, case_fields: Fields) -> bool:
    if words.type == "files" or kind_of(words, case_fields):
        return True
    return any(_is_any(column, case_fields) for column in words.fields.values())


def covered(fields: Fields, values: Mapping[str, Any], case_fields: Fields) -> dict[str, Any]:
    """The values with personal ones masked, for exports and lists."""
    return {
        name: _covered(fields[name], value, case_fields) if name in fields else value
        for name, value in values.items()
    }


def _covered(words: FieldWords, value: Any, case_fields: Fields) -> Any:
    if words.type == "rows" and isinstance(value, list):
        return [covered(words.fields, row, case_fields) for row in value]
    kind = kind_of(words, case_fields)
    return masked(str(value), kind) if kind and value not in (None, "") else value


def words_of(process: Process, state: CaseState) -> set[str]:
    """The personal texts that a case holds now."""
    fields, found = process.case.fields, set(_words(process.case.fields, state.data, {}))
    for name, answer in state.answers.items():
        if name in process.steps:
            form = form_of(process.steps[name])
            for said in (answer.get("fields") or {}, *answer.get("each", [])):
                found |= set(_words(form, said, fields))
    for visit in state.visits.values():
        found |= words_in_answers(process, visit.step, visit.answers)
    return found


def words_in_answers(process: Process, step: str, answers: Mapping[str, Any]) -> set[str]:
    """The personal texts in the answers of one step."""
    form = form_of(process.steps[step]) if step in process.steps else {}
    return set(_words(form, answers, process.case.fields))


def words_in_data(process: Process, data: Mapping[str, Any]) -> set[str]:
    """The personal texts in the fields of a case."""
    return set(_words(process.case.fields, data, {}))


def _words(fields: Fields, values: Mapping[str, Any], case_fields: Fields) -> Iterator[str]:
    for name, words in fields.items():
        value = values.get(name)
        if words.type == "rows" and isinstance(value, list):
            for row in value:
                yield from _words(words.fields, row, case_fields)
        elif isinstance(value, str | int) and value and kind_of(words, case_fields):
            yield str(value)


class Eraser:
    """Takes personal texts out of everything that was written about a case.

    Each text becomes the same sign everywhere, so that the blanked history still leads to the
    blanked state.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._whole = {word for word in words if word != BLANKED}
        inside = [word for word in self._whole if _is_telling(word)]
        longest_first = sorted(inside, key=lambda word: (-len(word), word))
        self._inside = re.compile("|".join(map(re.escape, longest_first))) if inside else None

    def text(self, written: str) -> str:
        """One text without them; a mobile number goes, whoever wrote it."""
        if written in self._whole:
            return BLANKED
        if self._inside:
            written = self._inside.sub(BLANKED, written)
        return _MOBILE.sub(BLANKED, written)

    def value(self, value: Any) -> Any:
        """The same for everything inside a JSON value, but for our own names."""
        if isinstance(value, Mapping):
            return {
                key: each if key in _OURS else self.value(each) for key, each in value.items()
            }
        if isinstance(value, list | tuple):
            return [self.value(each) for each in value]
        return self.text(value) if isinstance(value, str) else value

    def event(self, stored: str) -> str:
        """The payload of one event of the history."""
        event: dict[str, Any] = json.loads(stored)
        blanked = {key: self.value(event[key]) for key in _PAYLOADS if key in event}
        return json.dumps({**event, **blanked}, ensure_ascii=False)

    def entries(self, stored: str) -> str:
        """What one event's line of the history says."""
        found: list[dict[str, Any]] = json.loads(stored)
        for entry in found:
            entry["detail"] = self.value(entry.get("detail"))
        return json.dumps(found, ensure_ascii=False)

    def state(self, state: CaseState) -> CaseState:
        """Where a case stands."""
        plain = state.model_dump(mode="json")
        for key in _OF_A_STATE:
            plain[key] = self.value(plain[key])
        for visit in plain["visits"].values():
            visit.update({key: self.value(visit[key]) for key in _OF_A_VISIT})
        return CaseState.model_validate(plain)


def _is_telling(word: str) -> bool:
    """Whether a text is long enough to be found inside others without harm."""
    return len(word) >= _SHORTEST_WORD or (len(word) >= 2 and not word.isascii())
