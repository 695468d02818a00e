"""The fence around expressions: what they may call and how much they may do. Runs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from jinja2 import TemplateSyntaxError, nodes
from jinja2.exceptions import SecurityError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from jieli.engine.filters import FILTERS, as_text

LONGEST_TEXT = 100_000
LONGEST_RANGE = 1_000
DEEPEST_LOOPS = 2

_KEPT_FILTERS = (
    "abs", "count", "d", "default", "first", "float", "int", "last", "length", "list", "lower",
    "map", "max", "min", "reject", "rejectattr", "round", "select", "selectattr", "sort", "string",
    "sum", "trim", "truncate", "unique", "upper",
)  # fmt: skip
_METHODS: dict[type, frozenset[str]] = {
    str: frozenset(
        {"endswith", "isdigit", "label", "lower", "split", "startswith", "strip", "upper"}
    ),
    Mapping: frozenset({"get", "items", "keys", "values"}),
    datetime: frozenset({"date", "hour", "minute"}),
    date: frozenset({"day", "isoformat", "isoweekday", "month", "weekday", "year"}),
    timedelta: frozenset({"days", "seconds", "total_seconds"}),
    LoopContext: frozenset({"first", "index", "last", "length"}),
}
_ALLOWED_STATEMENTS = (nodes.Output, nodes.For, nodes.If)


class TooMuch(Exception):
    """An expression would make something too large."""


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2 with little to call: no globals but `range`, few filters, few methods."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def __init__(self, **options: Any) -> None:
        super().__init__(finalize=as_text, autoescape=False, cache_size=0, **options)
        self.filters = {name: self.filters[name] for name in _KEPT_FILTERS}
        self.filters |= {**FILTERS, "join": _join, "replace": _replace}
        self.globals = {"range": _range}

    def getattr(self, obj: Any, attribute: str) -> Any:
        # A field may be called `items` or `values`: what is in the mapping comes first.
        if isinstance(obj, Mapping) and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return any(isinstance(obj, kind) and attr in known for kind, known in _METHODS.items())

    def wrap_str_format(self, value: Any) -> None:
        # `'{:>999999999}'.format(1)` would fill the memory; without the wrapper it is refused.
        return None

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        if _is_number(left) and _is_number(right):
            left, right = _same_kind(left, right)
            if operator == "**" and (abs(right) > 32 or abs(left) > 1_000_000):
                raise TooMuch("the power is too large")
        elif operator in ("**", "%") or (operator == "*" and not _has(timedelta, left, right)):
            raise SecurityError(f"{operator} is for numbers only")
        return super().call_binop(context, operator, left, right)

    def refuse(self, tree: nodes.Template) -> None:
        """Raise TemplateSyntaxError for what a definition may not say."""
        for statement in tree.find_all(nodes.Stmt):
            if not isinstance(statement, _ALLOWED_STATEMENTS):
                raise TemplateSyntaxError(
                    "only {{ }}, {% if %} and {% for %} can be used here", statement.lineno
                )
        for loop in tree.find_all(nodes.For):
            if loop.recursive or _depth(loop) > DEEPEST_LOOPS:
                raise TemplateSyntaxError("loops are nested too deeply", loop.lineno)
        # Jinja2 compiles an unknown filter or test and fails only when it runs.
        for used in tree.find_all((nodes.Filter, nodes.Test)):
            known = self.filters if isinstance(used, nodes.Filter) else self.tests
            if isinstance(used, nodes.Filter | nodes.Test) and used.name not in known:
                what = "filter" if isinstance(used, nodes.Filter) else "test"
                raise TemplateSyntaxError(f'there is no {what} "{used.name}"', used.lineno)


def _depth(loop: nodes.For) -> int:
    inner = [each for child in loop.body for each in _loops(child)]
    return 1 + max(map(_depth, inner), default=0)


def _loops(node: nodes.Node) -> Iterable[nodes.For]:
    return [node] if isinstance(node, nodes.For) else list(node.find_all(nodes.For))


def _has(kind: type, *values: Any) -> bool:
    return any(isinstance(value, kind) for value in values)


def _same_kind(left: Any, right: Any) -> tuple[Any, Any]:
    """Money is Decimal, a number written in an expression is float: reckon both as money."""
    if _has(Decimal, left, right):
        return _exact(left), _exact(right)
    return left, right


def _exact(number: Any) -> Any:
    return Decimal(str(number)) if isinstance(number, float) else number


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal)


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > LONGEST_RANGE:
        raise TooMuch(f"a range has at most {LONGEST_RANGE} numbers")
    return numbers


def _join(values: Iterable[Any], separator: str = "", attribute: str | None = None) -> str:
    """The values as one text; a choice by what people read."""
    picked = [getattr(v, attribute, None) or v[attribute] if attribute else v for v in values]
    texts = ["" if each is None else str(getattr(each, "label", each)) for each in picked]
    if sum(map(len, texts)) + len(separator) * len(texts) > LONGEST_TEXT:
        raise TooMuch("the text is too long")
    return separator.join(texts)


def _replace(value: Any, old: str, new: str) -> str:
    text = "" if value is None else str(value)
    if len(text) + text.count(old) * len(new) > LONGEST_TEXT:
        raise TooMuch("the text is too long")
    return text.replace(old, new)
