"""Turns what Pydantic finds in a file into one line for each mistake, in the writer's words.

What cannot be mended is replaced by a stand-in, so that the checks still see the rest of the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from jieli.engine.model_words import keys_at, owners_of
from jieli.engine.stand_ins import at, replace
from jieli.engine.yaml_nodes import Document, Path
from jieli.texts import retold, text

Model = TypeVar("Model", bound=BaseModel)

_ROUNDS = 12
_SIMPLE = {
    "string_type": "A text is wanted here",
    "int_type": "A whole number is wanted here",
    "int_parsing": "A whole number is wanted here",
    "int_from_float": "A whole number is wanted here",
    "float_type": "A number is wanted here",
    "float_parsing": "A number is wanted here",
    "bool_type": "Write yes or no here",
    "bool_parsing": "Write yes or no here",
    "dict_type": "Keys with values are wanted here",
    "model_type": "Keys with values are wanted here",
    "model_attributes_type": "Keys with values are wanted here",
    "tuple_type": "A list is wanted here",
    "list_type": "A list is wanted here",
    "date_type": "A date is wanted here, like 2026-10-01",
    "date_parsing": "A date is wanted here, like 2026-10-01",
    "date_from_datetime_parsing": "A date is wanted here, like 2026-10-01",
}


@dataclass
class Validated(Generic[Model]):
    """The model, if there is one; what in it stands in for broken parts; what lost a key."""

    model: Model | None = None
    broken: set[Path] = field(default_factory=set)
    partial: set[Path] = field(default_factory=set)
    flawed: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether every part of the file is there, even if some are broken inside."""
        return self.model is not None and () not in self.partial


def validate(kind: type[Model], document: Document) -> Validated[Model]:
    """The document as a model; its mistakes become problems of the document."""
    data, result = deepcopy(document.data), Validated[Model](flawed=bool(document.problems))
    told: set[Path] = set()
    for _ in range(_ROUNDS):
        try:
            result.model = kind.model_validate(data)
        except ValidationError as error:
            found = error.errors(include_url=False)
        else:
            return result
        if _take_as_text(data, document, found):
            continue
        result.flawed = True
        for each in _one_each(data, found):
            if each.path not in told and not document.is_told(each.path):
                told.add(each.path)
                _tell(kind, document, each)
        mended = [_mend(data, each, result) for each in _one_each(data, found)]
        if not all(mended):
            return result
    return result


@dataclass(frozen=True)
class _Found:
    """One mistake: where in the data, and what Pydantic says of it."""

    path: Path
    error: ErrorDetails
    choices: tuple[str, ...] = ()


def _take_as_text(data: Any, document: Document, found: Sequence[ErrorDetails]) -> bool:
    """`title: 123` or `go_to: no` where a text is wanted is the text as it was written."""
    changed = False
    for error in found:
        path, value = _path_of(data, error["loc"])[0], error["input"]
        if error["type"] == "string_type" and isinstance(value, bool | int | float):
            at(data, path[:-1])[path[-1]] = document.texts.get(path, str(value))
            changed = True
    return changed


def _path_of(data: Any, location: tuple[int | str, ...]) -> tuple[Path, str | None]:
    """The part of the data a location means, and the member of a union it was read as."""
    node: Any = data
    path: list[int | str] = []
    member, kind_read = None, False
    for part in location:
        if len(path) == 2 and path[0] == "steps" and not kind_read:
            kind_read = True  # the kind of the step, which may be spelled like one of its keys
        elif (isinstance(node, dict) and part in node) or (
            isinstance(node, list) and isinstance(part, int) and part < len(node)
        ):
            path.append(part)
            node = node[part]  # type: ignore[index, unused-ignore]
            member = None
        elif isinstance(part, str) and part != "[key]" and member is None:
            member = part
    return tuple(path), member


def _one_each(data: Any, found: Sequence[ErrorDetails]) -> list[_Found]:
    """A union reports a mistake once for every member: keep the member that was meant."""
    plain: list[_Found] = []
    unions: dict[Path, dict[str, list[_Found]]] = {}
    for error in found:
        where = _union_of(data, error)
        path = _path_of(data, error["loc"])[0]
        if error["type"] == "missing":
            path = (*path, str(error["loc"][-1]))
        if where is None:
            plain.append(_Found(path, error))
        else:
            unions.setdefault(where[0], {}).setdefault(where[1], []).append(_Found(path, error))
    for path, members in unions.items():
        value = at(data, path)
        if isinstance(value, dict | list):
            fitting = [each for name, each in members.items() if _fits(name, value)]
            plain += sorted(fitting or members.values(), key=_badness)[0]
        else:
            first = next(iter(members.values()))[0]
            plain.append(_Found(path, first.error, tuple(members)))
    return [each for each in _first_of_each(plain) if not _is_echo(each, plain)]


def _first_of_each(found: list[_Found]) -> list[_Found]:
    return list({each.path: each for each in reversed(found)}.values())[::-1]


def _is_echo(found: _Found, others: list[_Found]) -> bool:
    """A list whose only line is wrong is also too short for Pydantic."""
    size = len(found.path)
    return found.error["type"] == "too_short" and any(
        len(each.path) > size and each.path[:size] == found.path for each in others
    )


def _union_of(data: Any, error: ErrorDetails) -> tuple[Path, str] | None:
    location = error["loc"]
    for end in range(1, len(location) + 1):
        path, member = _path_of(data, location[:end])
        if member is None:
            continue
        last = end == len(location)
        if last and error["type"] in ("missing", "extra_forbidden"):
            return None
        return path, member
    return None


def _fits(member: str, value: Any) -> bool:
    written_as_dict = member[:1].isupper() or member.startswith("dict")
    return written_as_dict == isinstance(value, dict)


def _badness(found: list[_Found]) -> tuple[int, int]:
    return sum(each.error["type"] == "extra_forbidden" for each in found), len(found)


# ---- saying it ---------------------------------------------------------------------------------


def _tell(kind: type[BaseModel], document: Document, found: _Found) -> None:
    error, path = found.error, found.path
    key = str(path[-1]) if path else ""
    value = error["input"]
    if error["type"] == "extra_forbidden":
        message, hint = _unknown_key(kind, error, key)
        document.say(path, message, hint, key=True)
    elif error["type"] == "missing":
        document.say(path, text('"{key}" is missing', key=key), key=True)
    elif error["type"] in ("union_tag_not_found", "union_tag_invalid"):
        document.say(path, *_no_kind(value), key=True)
    elif value is None:
        message = text('"{key}" is empty; write something or remove it', key=key)
        document.say(path, message, key=True)
    elif error["loc"][-1] == "[key]":
        document.say(path, _value_error(error, key), key=True)
    else:
        document.say(path, *_message(found, document.texts.get(path, "")))


def _unknown_key(kind: type[BaseModel], error: ErrorDetails, key: str) -> tuple[str, str | None]:
    known = keys_at(kind, error["loc"][:-1])
    if close := did_you_mean(key, known):
        return text('There is no key "{key}" here', key=key), close
    if owners := owners_of(key):
        hint: str | None = text("it belongs to a step with {kinds}", kinds=" / ".join(owners))
    else:
        hint = text("there is: {keys}", keys=", ".join(known)) if known else None
    return text('There is no key "{key}" here', key=key), hint


def _no_kind(value: Any) -> tuple[str, str | None]:
    message = text(
        "What kind of step this is cannot be seen; it needs one of: who (somebody does it), wait, "
        "call, notify, decide, parallel, needs (where paths meet), sub_case, do, end"
    )
    kinds = ("who", "wait", "call", "notify", "decide", "parallel", "needs", "sub_case", "do", "end")
    hints = (did_you_mean(key, kinds) for key in value) if isinstance(value, dict) else iter(())
    return message, next((hint for hint in hints if hint), None)


def _message(found: _Found, written: str) -> tuple[str, str | None]:
    error = found.error
    context: dict[str, Any] = error.get("ctx", {})
    shown = written or str(error["input"])
    shown = shown if len(shown) <= 40 else shown[:40] + "…"
    options = re.findall(r"'([^']*)'", str(context.get("expected", "")))
    match error["type"]:
        case "literal_error":
            message = text('"{value}" cannot be here; there is: {options}',
                           value=shown, options=", ".join(options))  # fmt: skip
            return message, did_you_mean(shown, options)
        case "value_error":
            return _value_error(error, shown), None
        case "too_short":
            if context.get("actual_length") == 0:
                return text("At least one is needed here"), None
            return text("At least {least} are needed here", least=context["min_length"]), None
        case "greater_than_equal":
            return text("At least {least}", least=context["ge"]), None
        case "less_than_equal":
            return text("At most {most}", most=context["le"]), None
    if found.choices:
        return text('"{value}" cannot be here', value=shown), None
    known = _SIMPLE.get(error["type"])
    return (text(known) if known else retold(error["msg"])), None


def _value_error(error: ErrorDetails, shown: str) -> str:
    reason = str(error.get("ctx", {}).get("error", error["msg"]))
    if reason.startswith("a name is "):
        return text('"{value}": ', value=shown) + retold(reason)
    return retold(reason)


def did_you_mean(word: str, known: Sequence[str]) -> str | None:
    """A hint with the known word that is spelled most like this one."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return text('did you mean "{close}"?', close=close[0]) if close else None


def _mend(data: Any, found: _Found, result: Validated[Any]) -> bool:
    """Take the mistake out of the data; whether that was possible."""
    path = found.path
    if any(path[:length] in result.broken for length in range(1, len(path) + 1)):
        return True
    if found.error["type"] == "extra_forbidden":
        at(data, path[:-1]).pop(path[-1])
        result.partial.add(path[:-1])
        return True
    replaced = replace(data, path, is_key=found.error["loc"][-1] == "[key]")
    if replaced is not None:
        result.broken.add(replaced)
    return replaced is not None
