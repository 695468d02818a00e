"""Which keys the models know at a place, read from the models themselves. Validates nothing."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, Tag

from jieli.engine import definition

_KIND_KEYS = {
    "human": "who", "wait": "wait", "call": "call", "notify": "notify", "decision": "decide",
    "parallel": "parallel", "join": "needs", "sub_case": "sub_case", "do": "do", "end": "end",
}  # fmt: skip


def keys_at(root: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """The keys an ops person may write at a location as Pydantic names it."""
    kinds: list[Any] = [root]
    for part in location:
        kinds = [inner for kind in kinds for inner in _inside(kind, part)] or kinds
    return list(
        dict.fromkeys(key for kind in kinds for each in _members(kind) for key in _keys(each))
    )


def owners_of(key: str) -> list[str]:
    """The step kinds, by the key that marks them, whose steps know this key."""
    found = []
    for kind in _members(definition.Step):
        model, tag = _untagged(kind)
        if key in _keys(model) and key not in _keys(definition.StepWords):
            found.append(_KIND_KEYS[tag])
    return found


def _inside(kind: Any, part: int | str) -> Iterator[Any]:
    for member in _members(kind):
        model, tag = _untagged(member)
        if part in (tag, getattr(model, "__name__", None)):
            yield model
        elif isinstance(model, type) and issubclass(model, BaseModel):
            for name, field in model.model_fields.items():
                if part == (field.alias or name):
                    yield field.annotation
        elif get_origin(model) is dict:
            yield get_args(model)[1]
        elif get_origin(model) in (tuple, list) and isinstance(part, int):
            yield get_args(model)[0]


def _members(kind: Any) -> Iterator[Any]:
    """The members of a union, one by one; anything else is its own member."""
    if get_origin(kind) is Annotated:
        inner = get_args(kind)[0]
        if get_origin(inner) in (Union, UnionType):
            yield from _members(inner)
        else:
            yield kind
    elif get_origin(kind) in (Union, UnionType):
        for each in get_args(kind):
            yield from _members(each)
    else:
        yield kind


def _untagged(kind: Any) -> tuple[Any, str]:
    if get_origin(kind) is not Annotated:
        return kind, ""
    inner, *notes = get_args(kind)
    return inner, next((note.tag for note in notes if isinstance(note, Tag)), "")


def _keys(kind: Any) -> list[str]:
    model = _untagged(kind)[0]
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return []
    return [field.alias or name for name, field in model.model_fields.items()]
