"""Says in plain words why a file is no YAML, and where. Reads no nodes: there are none."""

from __future__ import annotations

import re

import yaml

from jieli.engine.errors import Problem
from jieli.texts import text

FULL_WIDTH = {
    "：": ":", "，": ",", "“": '"', "”": '"', "‘": "'", "’": "'", "｛｛": "{{", "、": ",",
}  # fmt: skip

_TEMPLATE = re.compile(r"(?:^|[:\-,\[{])\s+(\{\{)")
_COLON = re.compile(r"^\s*(?:- )?[\w\"']+(：)")
_SIGNS = (
    re.compile(r"[{\[].*?(，)"),
    re.compile(r"[{,]\s*\w+(：)"),
    re.compile(r"[:,\[{]\s*(“)"),
)
_KNOWN = (
    ("found character '\\t'", "A tab; indent with spaces only"),
    ("mapping values are not allowed here",
     "A colon where none can be: put quotes around the text, or mend the indentation"),
    ("while scanning a quoted scalar", "A quotation mark is not closed"),
    ("expected ',' or", "A comma is missing, or a bracket is not closed"),
    ("expected the node content", "A comma is missing, or a bracket is not closed"),
    ("could not find expected ':'", "A colon is missing after the key"),
    ("found undefined alias", "A text that begins with * needs quotes"),
    ("but found another document", "One file is one document; remove the line ---"),
    ("cannot start any token", "A text cannot begin with this sign; put quotes around it"),
    ("scanning an anchor", "A text cannot begin with this sign; put quotes around it"),
    ("scanning an alias", "A text cannot begin with this sign; put quotes around it"),
    ("scanning a block scalar", "A text cannot begin with this sign; put quotes around it"),
    ("parsing a tag", "A text cannot begin with this sign; put quotes around it"),
    ("are not allowed here", "The indentation is wrong, or a quotation mark above is not closed"),
    ("<document start>", "The indentation is wrong, or a quotation mark above is not closed"),
    ("expected <block end>", "The indentation is wrong, or a quotation mark above is not closed"),
)  # fmt: skip

# What is wrong is the sign that opened the text, not the place where YAML gave up.
_OPENED_EARLIER = ("quoted scalar", "an anchor", "an alias", "block scalar", "parsing a tag")


def explain(file: str, source: str, error: yaml.MarkedYAMLError) -> Problem:
    """The problem in the writer's words, at the sign that caused it."""
    mark = error.problem_mark or error.context_mark
    lines = source.splitlines() or [""]
    number = min(mark.line, len(lines) - 1) if mark else 0
    column = mark.column if mark else 0
    for line in (number, number - 1):
        if line >= 0 and (known := _in_line(file, lines[line], line)):
            return known
    said = f"{error.context or ''} {error.problem or ''}"
    if error.context_mark and any(each in said for each in _OPENED_EARLIER):
        number, column = error.context_mark.line, error.context_mark.column
    message = next((words for sign, words in _KNOWN if sign in said), None)
    told = text(message) if message else text("This is not YAML: {reason}", reason=said.strip())
    return Problem(file, number + 1, column + 1, "", told)


def _in_line(file: str, line: str, number: int) -> Problem | None:
    """The two mistakes that YAML reports elsewhere and in words nobody understands."""
    code = line.split(" #")[0]
    if found := _TEMPLATE.search(code):
        return Problem(
            file, number + 1, found.start(1) + 1, "",
            text("A text with {{ }} needs quotes around it"),
            text('write it like title: "{{ order_no }}"'),
        )  # fmt: skip
    for pattern in (_COLON, *_SIGNS):
        if found := pattern.search(code):
            sign = found[1]
            message = text('"{sign}" is a full-width sign; write {ascii} instead',
                           sign=sign, ascii=FULL_WIDTH[sign])  # fmt: skip
            return Problem(file, number + 1, found.start(1) + 1, "", message)
    return None


def explain_unreadable(file: str, source: str, error: yaml.reader.ReaderError) -> Problem:
    """A sign that no text has."""
    before = source[: error.position]
    line, column = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    code = f"U+{ord(error.character):04X}" if isinstance(error.character, str) else "?"
    if isinstance(error.character, int):
        code = f"U+{error.character:04X}"
    return Problem(file, line, column, "", text("The sign {code} cannot be here", code=code))
