"""Reads definition files into models, and says everything that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field

from jieli.engine import checks
from jieli.engine.calendar import Hours, WorkCalendar
from jieli.engine.checking.report import Surroundings
from jieli.engine.context import Channel, Context, Person, Role
from jieli.engine.definition import MessageWords, Process
from jieli.engine.errors import DefinitionError, Problem
from jieli.engine.imports import ImportedList
from jieli.engine.ledger import Ledger
from jieli.engine.model_errors import Validated, did_you_mean, validate
from jieli.engine.phrases import Situation, Wordings
from jieli.engine.roster import Absence, Post, Rota, Shift
from jieli.engine.values import Name
from jieli.engine.words import Words
from jieli.engine.yaml_nodes import Document, read
from jieli.texts import text

_KINDS_OF_FILE = (
    "process", "shop", "roles", "people", "hours", "calendar", "channels", "messages", "posts",
    "shifts", "roster", "absences", "ledger", "phrases", "wordings", "imports",
)  # fmt: skip


class ShopFile(Words):
    """What a file about the shop may hold; each part stands in one file only."""

    shop: str = Field(default="", description="The shop's name.")
    roles: dict[Name, Role] = Field(default={}, description="The roles there are.")
    people: dict[Name, Person] = Field(default={}, description="The people who work here.")
    hours: dict[Name, Hours] = Field(
        default={}, description="Named hours: call windows and staffed hours of desks."
    )
    calendar: WorkCalendar = Field(default=WorkCalendar(), description="Holidays and make-up workdays.")
    channels: dict[Name, Channel] = Field(default={}, description="The ways people are reached.")
    messages: dict[Name, MessageWords] = Field(
        default={}, description="The words of the messages, by purpose."
    )
    posts: dict[Name, Post] = Field(
        default={}, description="The posts that are handed over from shift to shift."
    )
    shifts: dict[Name, Shift] = Field(default={}, description="The shifts there are.")
    roster: tuple[Rota, ...] = Field(default=(), description="Who works when.")
    absences: tuple[Absence, ...] = Field(default=(), description="Who is away when, and who stands in.")
    ledger: Ledger = Field(default=Ledger(), description="What is rewarded and what has a price.")
    phrases: dict[Name, Situation] = Field(
        default={}, description="Replies that can be copied, by situation."
    )
    wordings: Wordings = Field(default=Wordings(), description="Words that may not or should not be used.")
    imports: dict[Name, ImportedList] = Field(default={}, description="Lists that come from other systems.")


@dataclass(frozen=True)
class Library:
    """Everything that a directory of definitions says."""

    processes: dict[str, Process]
    context: Context
    messages: dict[str, MessageWords]
    sources: dict[str, str]


@dataclass
class _Shelf:
    """Files while they are being sorted."""

    processes: list[tuple[Document, Validated[Process]]] = field(default_factory=list)
    shops: list[tuple[Document, Validated[ShopFile]]] = field(default_factory=list)
    lost: list[Document] = field(default_factory=list)


def load(sources: Mapping[str, str]) -> Library:
    """Read all files together; raises DefinitionError with all their problems."""
    shelf = _sorted_by_kind([read(file, sources[file]) for file in sorted(sources)])
    parts = _shop_parts(shelf)
    processes = _processes(shelf)
    context = _context(parts)
    _check(shelf, processes, context)
    problems = _all_problems(shelf)
    if problems:
        raise DefinitionError(problems)
    return Library(processes, context, parts.get("messages", {}), dict(sources))


def read_directory(path: Path) -> dict[str, str]:
    """The text of every definition file below a directory, by its name from there.

    Files named `*.test.yaml` are tests of processes, read by those who run them.
    """
    sources, problems = {}, []
    for file in sorted([*path.rglob("*.yaml"), *path.rglob("*.yml")]):
        if file.name.endswith((".test.yaml", ".test.yml")):
            continue
        name = f"{path.name}/{file.relative_to(path).as_posix()}"
        content = file.read_bytes()
        try:
            sources[name] = content.decode("utf-8")
        except UnicodeDecodeError as error:
            problems.append(_not_utf8(name, content, error.start))
    if problems:
        raise DefinitionError(problems)
    return sources


def _not_utf8(name: str, content: bytes, at: int) -> Problem:
    line = content[:at].count(b"\n") + 1
    column = at - (content.rfind(b"\n", 0, at) + 1) + 1
    message = text("The file is not UTF-8; save it as UTF-8 (in Notepad: Save as, Encoding)")
    return Problem(name, line, column, "", message)


def _sorted_by_kind(documents: list[Document]) -> _Shelf:
    shelf = _Shelf()
    for document in documents:
        data = document.data
        if data is None:
            shelf.lost.append(document)
        elif not isinstance(data, dict):
            document.say((), text("Keys with values are wanted here"))
            shelf.lost.append(document)
        elif "process" in data:
            shelf.processes.append((document, validate(Process, document)))
        elif any(key in data for key in _KINDS_OF_FILE):
            shelf.shops.append((document, validate(ShopFile, document)))
        else:
            hints = [did_you_mean(key, _KINDS_OF_FILE) for key in data]
            message = text("This is neither a process (process:) nor about the shop (roles:, …)")
            document.say((), message, next((hint for hint in hints if hint), None))
            shelf.lost.append(document)
    return shelf


def _shop_parts(shelf: _Shelf) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    first: dict[str, Document] = {}
    for document, found in shelf.shops:
        for key in document.data:
            if key in first:
                _say_twice(document, key, first[key])
            elif found.model is not None and key in ShopFile.model_fields:
                parts[key], first[key] = getattr(found.model, key), document
    return parts


def _say_twice(document: Document, key: str, first: Document) -> None:
    place = first.place((key,), key=True)
    message = text('"{key}" stands in {file}, line {line}, already',
                   key=key, file=first.file, line=place.line)  # fmt: skip
    document.say((key,), message, key=True)


def _processes(shelf: _Shelf) -> dict[str, Process]:
    found: dict[str, Process] = {}
    first: dict[str, Document] = {}
    for document, each in shelf.processes:
        if each.model is None:
            continue
        name = each.model.process
        if name in first:
            message = text('The process "{name}" stands in {file} already',
                           name=name, file=first[name].file)  # fmt: skip
            document.say(("process",), message)
            continue
        found[name], first[name] = each.model, document
    return found


def _context(parts: Mapping[str, Any]) -> Context:
    known = {key: value for key, value in parts.items() if key in Context.model_fields}
    return Context.model_validate({"people": {}, "roles": {}, "hours": {}, **known})


def _check(shelf: _Shelf, processes: dict[str, Process], context: Context) -> None:
    whole = not shelf.lost
    around = Surroundings(
        context=context,
        processes=processes,
        whole_parts=_whole_parts(shelf),
        processes_are_whole=whole and all(found.model for _, found in shelf.processes),
    )
    for document, process in shelf.processes:
        if process.model is not None:
            checks.check_process(document, process, process.model, around)
    for document, shop in shelf.shops:
        if shop.model is not None:
            checks.check_shop(document, shop.model.messages, around, shop.broken)


def _whole_parts(shelf: _Shelf) -> frozenset[str]:
    """The parts of the shop that were read, or that no file has: only they can lack a name."""
    read_parts = {key for document, found in shelf.shops if found.model for key in document.data}
    nothing_lost = not shelf.lost and all(found.is_whole for _, found in shelf.shops)
    # Of a part that lost one of its own words (`rulez:`) nobody knows what it would have said.
    partial = {path[0] for _, found in shelf.shops for path in found.partial if len(path) == 1}
    return frozenset(_KINDS_OF_FILE if nothing_lost else read_parts) - partial


def _all_problems(shelf: _Shelf) -> list[Problem]:
    documents = [*shelf.lost, *(d for d, _ in shelf.processes), *(d for d, _ in shelf.shops)]
    found = {problem for document in documents for problem in document.problems}
    return sorted(found, key=lambda each: (each.file, each.line, each.column, each.message))


__all__ = ["Library", "ShopFile", "load", "read_directory"]
