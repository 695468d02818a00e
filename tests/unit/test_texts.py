"""Every message has its Chinese words, with the same values in them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from jieli.texts import catalogue, retold, text, use_language

ROOT = Path(__file__).parents[2]
SAYING = {"text", "note", "knows"}
PLACEHOLDER = re.compile(r"\{[a-z_]+\}")


def messages() -> Iterator[str]:
    """What is said through `text`, as it stands in the source, and the words of our exceptions."""
    yield from error_messages()
    files = [*(ROOT / "jieli" / "engine").rglob("*.py"), *(ROOT / "jieli" / "cli").rglob("*.py")]
    for file in sorted(files):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in SAYING:
                said = [*node.args, *(each.value for each in node.keywords)]
            elif isinstance(node, ast.Assign) and _name(node.targets[0]) in ("message", "hint"):
                said = [node.value]
            else:
                continue
            yield from filter(None, map(_sentence, said))


def error_messages() -> Iterator[str]:
    """The first line of every exception's docstring: it is its message."""
    for folder in ("jieli", "notifications"):
        for file in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                known = isinstance(node, ast.ClassDef) and any(
                    _name(each) in ("JieliError", "Refused") for each in node.bases
                )
                if known and (words := ast.get_docstring(node)):  # type: ignore[arg-type]
                    yield words.split("\n")[0]


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def _sentence(node: ast.expr) -> str | None:
    value = node.value if isinstance(node, ast.Constant) else None
    return value if isinstance(value, str) and re.search("[a-z] [a-z]", value) else None


@pytest.mark.parametrize("message", sorted(set(messages())))
def test_a_message_has_chinese_words_with_the_same_values(message: str) -> None:
    chinese = catalogue()[message]

    assert set(PLACEHOLDER.findall(chinese)) <= set(PLACEHOLDER.findall(message))


def test_a_message_speaks_the_readers_language() -> None:
    assert text("Please fill in: {label}.", label="电话") == "请填写电话。"
    use_language("en")
    try:
        assert text("Please fill in: {label}.", label="Phone") == "Please fill in: Phone."
    finally:
        use_language("zh")


def test_braces_of_examples_stay() -> None:
    assert text("an expression is written without {{ }}") == "表达式不用写 {{ }}"


def test_a_finished_sentence_can_be_retold() -> None:
    assert retold('"9-18" is not a time range; write it like "09:30-10:30"') == (
        '“9-18”不是时段，请写成 "09:30-10:30" 这样'
    )
    assert retold("nobody knows this sentence") == "nobody knows this sentence"
