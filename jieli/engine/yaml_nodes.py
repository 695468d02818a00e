"""A definition file as plain data in which every part knows its line and column.

Owns what YAML itself can get wrong; what the words mean is the loader's matter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from jieli.engine.errors import Problem
from jieli.engine.yaml_syntax import FULL_WIDTH, explain, explain_unreadable
from jieli.texts import text

Path = tuple[str | int, ...]

MOST_NODES = 50_000
DEEPEST = 40

_INTEGER = re.compile(r"[-+]?(0|[1-9]\d{0,17})")
_NUMBER = re.compile(r"[-+]?(0|[1-9]\d{0,17})\.\d{1,18}")
_WORDS: dict[str, bool | None] = {
    "true": True, "yes": True, "on": True, "false": False, "no": False, "off": False,
    "": None, "~": None, "null": None,
}  # fmt: skip
_PLAIN_TAGS = ("str", "int", "float", "bool", "null", "timestamp", "map", "seq", "merge", "value")
_FULL_WIDTH_LIST = re.compile(r"[a-z0-9_]+([，、]\s*[a-z0-9_]+)+")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column in a file, counted from 1."""

    line: int
    column: int


@dataclass
class Document:
    """The data of one file, and where each part of it stands."""

    file: str
    data: Any = None
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, Place] = field(default_factory=dict)
    texts: dict[Path, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def place(self, path: Path, *, key: bool = False) -> Place:
        """Where that part stands, or the nearest part around it that is written out."""
        while path:
            if key and path in self.keys:
                return self.keys[path]
            if path in self.values:
                return self.values[path]
            path, key = path[:-1], True
        return Place(1, 1)

    def is_told(self, path: Path) -> bool:
        """Whether something is wrong with that very part already."""
        return any(problem.path == dotted(path) for problem in self.problems if path)

    def say(self, path: Path, message: str, hint: str | None = None, *, key: bool = False) -> None:
        """Note a problem at that part of the file."""
        place = self.place(path, key=key)
        self.problems.append(
            Problem(self.file, place.line, place.column, dotted(path), message, hint)
        )


def dotted(path: Path) -> str:
    """A path as people read it: lines of a list count from 1."""
    return ".".join(str(part + 1) if isinstance(part, int) else part for part in path)


def read(file: str, source: str) -> Document:
    """Read one file; a file that is no YAML has problems and no data."""
    document = Document(file)
    source = source.removeprefix("\ufeff")
    try:
        root = _compose(source)
    except yaml.reader.ReaderError as error:
        document.problems.append(explain_unreadable(file, source, error))
        return document
    except yaml.MarkedYAMLError as error:
        document.problems.append(explain(file, source, error))
        return document
    if root is None:
        document.say((), text("The file is empty"))
        return document
    document.data = _Reader(document).value(root, ())
    return document


def _compose(source: str) -> yaml.Node | None:
    try:
        node: yaml.Node | None = yaml.compose(source, Loader=_Loader)
    except yaml.MarkedYAMLError:
        # The Python loader says what is wrong in words that do not depend on libyaml.
        node = yaml.compose(source, Loader=yaml.SafeLoader)
    return node


class _Reader:
    """Turns nodes into data; notes what YAML would take in silence."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.count = 0

    def value(self, node: yaml.Node, path: Path) -> Any:
        """The data of a node; bounded, because an alias is read anew each time."""
        self.document.values[path] = _start(node)
        self.count += 1
        if self.count > MOST_NODES or len(path) > DEEPEST:
            if self.count <= MOST_NODES + 1:
                self.document.say(path[:3], text("The file is too large or too deeply nested"))
            self.count = max(self.count, MOST_NODES + 1)
            return None
        if node.tag.rpartition(":")[2] not in _PLAIN_TAGS or node.tag.startswith("!"):
            self.document.say(path, text("Tags like {tag} are not used here", tag=node.tag))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(each, (*path, n)) for n, each in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any] | str:
        if _is_unquoted_template(node):
            self.document.say(
                path,
                text("A text with {{ }} needs quotes around it"),
                text('write it like title: "{{ order_no }}"'),
            )
            return ""
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self.document.values[(*path, "?")] = _start(key_node)
                self.document.say((*path, "?"), text("A key is a single word"))
                continue
            # `on`, `yes` and `2026` are keys as they are written, whatever YAML 1.1 makes of them.
            key = key_node.value
            here = (*path, key)
            if key in found:
                self._duplicate(here, key_node)
                continue
            self.document.keys[here] = _start(key_node)
            self._check_key(here, key, value_node)
            found[key] = self.value(value_node, here)
        return found

    def _duplicate(self, path: Path, key_node: yaml.Node) -> None:
        place, first = _start(key_node), self.document.keys[path]
        message = text('"{key}" is written twice; the first is on line {line}',
                       key=path[-1], line=first.line)  # fmt: skip
        self.document.problems.append(
            Problem(self.document.file, place.line, place.column, dotted(path), message)
        )

    def _check_key(self, path: Path, key: str, value: yaml.Node) -> None:
        empty = isinstance(value, yaml.ScalarNode) and value.value == "" and not value.style
        sign = next((each for each in key if each in "：，"), None)
        if empty and sign:
            self.document.say(path, _full_width(sign), key=True)

    def _scalar(self, node: yaml.Node, path: Path) -> str | int | float | bool | None:
        written = str(node.value)
        self.document.texts[path] = written
        plain = not getattr(node, "style", None)
        if "｛｛" in written:
            self.document.say(path, _full_width("｛｛"))
        elif plain and written[:1] in "“‘" and written[-1:] in "”’" and written:
            self.document.say(path, _full_width(written[0]))
        elif plain and _FULL_WIDTH_LIST.fullmatch(written):
            self.document.say(path, _full_width("，" if "，" in written else "、"))
        elif re.search(r"\d：\d", written):
            self.document.say(path, _full_width("："))
        return _resolved(written) if plain else written


def _resolved(written: str) -> str | int | float | bool | None:
    # Not YAML 1.1's rules: there 010 is eight, 9:30 is 570 and 2026-10-01 is no text.
    if written.lower() in _WORDS:
        return _WORDS[written.lower()]
    if _INTEGER.fullmatch(written):
        return int(written)
    if _NUMBER.fullmatch(written):
        return float(written)
    return written


def _is_unquoted_template(node: yaml.MappingNode) -> bool:
    """`title: {{ x }}` is a mapping whose key is a mapping."""
    return bool(node.flow_style) and any(isinstance(k, yaml.MappingNode) for k, _ in node.value)


def _full_width(sign: str) -> str:
    return text('"{sign}" is a full-width sign; write {ascii} instead',
                sign=sign, ascii=FULL_WIDTH[sign])  # fmt: skip


def _start(node: yaml.Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)
