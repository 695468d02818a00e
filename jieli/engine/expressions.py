"""Expressions and templates of a definition: Jinja2 in a sandbox, compiled once, bounded.

Owns what they may do; what names exist is the scope's and the checks' matter.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jinja2 import StrictUndefined, Template, TemplateSyntaxError, Undefined, nodes
from jinja2.environment import TemplateExpression
from jinja2.parser import Parser

from jieli.engine.errors import JieliError
from jieli.engine.filters import Choice, duration, masked
from jieli.engine.sandbox import Sandbox, TooMuch

__all__ = [
    "Choice", "ExpressionError", "Reference", "duration", "evaluate", "masked", "references",
    "render", "truth",
]  # fmt: skip

LONGEST_EXPRESSION = 2_000
LONGEST_TEMPLATE = 20_000
LONGEST_RESULT = 100_000

_sandbox = Sandbox(undefined=StrictUndefined)


class ExpressionError(JieliError):
    """`{expression}` cannot be worked out: {reason}"""

    def __init__(self, expression: str, reason: str, line: int = 1) -> None:
        super().__init__(expression=expression, reason=reason)
        self.expression, self.reason, self.line = expression, reason, line


def evaluate(expression: str, scope: Mapping[str, Any]) -> Any:
    """The value of an expression; a name that is not there is an ExpressionError."""
    compiled = _expression(expression)
    try:
        value = compiled(scope)
    except Exception as error:  # whatever the ops person's words made Python raise
        raise ExpressionError(expression, _reason(error)) from error
    if isinstance(value, Undefined):
        raise ExpressionError(expression, _undefined(value))
    return value


def truth(expression: str, scope: Mapping[str, Any]) -> bool:
    """Whether a condition holds; empty text, 0, nothing and an empty list do not."""
    return bool(evaluate(expression, scope))


def render(template: str, scope: Mapping[str, Any]) -> str:
    """A template's text; a value that is not there yet (None) reads as nothing."""
    compiled = _template(template)
    pieces: list[str] = []
    size = 0
    try:
        for piece in compiled.root_render_func(compiled.new_context(dict(scope))):
            size += len(piece)
            if size > LONGEST_RESULT:
                raise TooMuch(f"the text is longer than {LONGEST_RESULT} characters")
            pieces.append(piece)
    except Exception as error:  # whatever the ops person's words made Python raise
        raise ExpressionError(template, _reason(error)) from error
    return "".join(pieces)


def _reason(error: Exception) -> str:
    return str(error) or type(error).__name__


def _undefined(value: Undefined) -> str:
    try:
        return str(value)
    except Exception as error:  # StrictUndefined says what is missing only by raising it
        return _reason(error)


@lru_cache(maxsize=4096)
def _expression(expression: str) -> TemplateExpression:
    _parsed(expression, template=False)
    return _sandbox.compile_expression(expression.strip(), undefined_to_none=False)


@lru_cache(maxsize=4096)
def _template(template: str) -> Template:
    _parsed(template, template=True)
    return _sandbox.from_string(template)


# ---- reading without running ---------------------------------------------------------------------


class Reference(tuple[str, ...]):
    """A name an expression reads: `phone.by` is ("phone", "by"); `line` counts from 0."""

    line: int

    def __new__(cls, path: tuple[str, ...], line: int) -> Reference:
        self = super().__new__(cls, path)
        self.line = line
        return self

    @property
    def path(self) -> tuple[str, ...]:
        """The names from the outermost on."""
        return tuple(self)


def references(text: str, *, template: bool) -> list[Reference]:
    """Every outside name the text reads, in its order; ExpressionError if it is not well formed."""
    return list(_references(text, template))


@lru_cache(maxsize=4096)
def _references(text: str, template: bool) -> tuple[Reference, ...]:
    return tuple(_read(_parsed(text, template=template), frozenset()))


def _parsed(text: str, *, template: bool) -> nodes.Template:
    """The text as a tree, once it is known to be well formed and allowed."""
    longest = LONGEST_TEMPLATE if template else LONGEST_EXPRESSION
    if len(text) > longest:
        raise ExpressionError(text[:40] + "…", f"it is longer than {longest} characters")
    if not template and "{{" in text:
        raise ExpressionError(text, "an expression is written without {{ }}")
    if not template and not text.strip():
        raise ExpressionError(text, "it is empty")
    try:
        tree = _sandbox.parse(text if template else "{{ " + text.strip() + " }}")
        _sandbox.refuse(tree)
        if not template:
            _refuse_more_than_one(text.strip())
    except TemplateSyntaxError as error:
        raise ExpressionError(text, error.message or "", error.lineno) from error
    return tree


def _refuse_more_than_one(text: str) -> None:
    """`a }} {{ b` ends the braces early; to parse it as an expression is enough to see it."""
    parser = Parser(_sandbox, text, state="variable")
    parser.parse_expression()
    if not parser.stream.eos:
        line = parser.stream.current.lineno
        raise TemplateSyntaxError("chunk after expression", line)


def _read(node: nodes.Node, local: frozenset[str]) -> Iterator[Reference]:
    if isinstance(node, nodes.Name):
        if node.name not in local:
            yield Reference((node.name,), node.lineno - 1)
        return
    if isinstance(node, nodes.Getattr | nodes.Getitem) and (path := _path(node)):
        if path[0] not in local:
            yield Reference(path, node.lineno - 1)
        return
    if isinstance(node, nodes.For):
        yield from _read(node.iter, local)
        own = local | {name.name for name in node.target.find_all(nodes.Name)} | {"loop"}
        if isinstance(node.target, nodes.Name):
            own |= {node.target.name}
        inside = [*node.body, *node.else_, *([node.test] if node.test else [])]
        for child in inside:
            yield from _read(child, own)
        return
    for child in node.iter_child_nodes():
        yield from _read(child, local)


def _path(node: nodes.Node) -> tuple[str, ...] | None:
    if isinstance(node, nodes.Name):
        return (node.name,)
    if isinstance(node, nodes.Getattr):
        inner, key = _path(node.node), node.attr
    elif isinstance(node, nodes.Getitem) and isinstance(node.arg, nodes.Const):
        inner, key = _path(node.node), node.arg.value
    else:
        return None
    return (*inner, key) if inner and isinstance(key, str) else None
