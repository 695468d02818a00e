"""What expressions and templates of a definition can say, and what they are kept from."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from jieli.engine.expressions import (
    Choice,
    ExpressionError,
    evaluate,
    masked,
    references,
    render,
    truth,
)

SCOPE: dict[str, Any] = {
    "order_no": "SO20261124",
    "severity": Choice("severe", "严重"),
    "amount": Decimal("199.90"),
    "phone": None,
    "call": {"done": False, "items": 3, "note": None},
    "rows": [{"item": "杯子", "count": 2}, {"item": "碗", "count": 1}],
    "kinds": [Choice("a", "甲"), Choice("b", "乙")],
    "visits": {"call": 2},
    "now": datetime(2026, 11, 24, 1, 30, tzinfo=UTC),
}


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("severity == 'severe'", True),
        ("severity.label", "严重"),
        ("severity in ['normal', 'minor']", False),
        ("phone", None),
        ("not call.done and visits.call >= 2", True),
        ("call.items", 3),
        ("call['items']", 3),
        ("order_no[-4:]", "1124"),
        ("order_no.startswith('SO')", True),
        ("amount > 100", True),
        ("amount * 0.1", Decimal("19.990")),
        ("amount + 0.1", Decimal("200.00")),
        ("rows | sum(attribute='count')", 3),
        ("rows | map(attribute='item') | join('、')", "杯子、碗"),
        ("now + ('2h' | duration)", datetime(2026, 11, 24, 3, 30, tzinfo=UTC)),
        ("(now | day).isoformat()", "2026-11-24"),
        ("'a' if phone else 'b'", "b"),
    ],
)
def test_an_expression_has_a_value(expression: str, value: object) -> None:
    assert evaluate(expression, SCOPE) == value


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("差评 {{ order_no | tail(4) }} {{ severity.label }}", "差评 1124 严重"),
        ("[{{ phone }}]", "[]"),
        ("{{ call.done }}", "否"),
        ("{{ now }}", "11月24日 09:30"),
        ("{{ now | moment }}", "11月24日 09:30"),
        ("{{ '2026-11-24T01:30:00+00:00' | moment }}", "11月24日 09:30"),
        ("{{ amount | money }}", "¥199.90"),
        ("{{ kinds }}", "甲、乙"),
        ("{{ '13812345678' | mask('phone') }}", "138****5678"),
        ("{% for row in rows %}{{ loop.index }}{{ row.item }} {% endfor %}", "1杯子 2碗 "),
        ("{% if phone %}有{% else %}没有{% endif %}", "没有"),
    ],
)
def test_a_template_reads_well(template: str, text: str) -> None:
    assert render(template, SCOPE) == text


def test_times_are_shown_in_the_time_zone_of_the_scope() -> None:
    scope = {**SCOPE, "_timezone": "Europe/Berlin"}

    assert render("{{ now }} {{ now | moment }}", scope) == "11月24日 02:30 11月24日 02:30"


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("severty", "'severty' is undefined"),
        ("call.nota", "'dict object' has no attribute 'nota'"),
        ("severty == 'x'", "'severty' is undefined"),
        ("phone > 3", "'>' not supported between instances of 'NoneType' and 'int'"),
        ("amount / 0", "[<class 'decimal.DivisionByZero'>]"),
        ("amount >", "unexpected 'end of print statement'"),
        ("", "it is empty"),
        ("{{ amount }}", "an expression is written without {{ }}"),
        ("order_no | shout", 'there is no filter "shout"'),
        ("order_no is loud", 'there is no test "loud"'),
    ],
)
def test_an_expression_that_cannot_be_worked_out_says_why(expression: str, reason: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        evaluate(expression, SCOPE)

    assert caught.value.reason == reason


@pytest.mark.parametrize(
    "expression",
    [
        "call.__class__",
        "''.__class__.__mro__",
        "order_no.format(1)",
        "'{:>999999999}'.format(1)",
        "'%999999999d' % 1",
        "order_no.ljust(999999999)",
        "'x' * 999999999",
        "10 ** 10 ** 10",
        "[1] * 999999999",
        "range(100000)",
        "('x' | replace('x', order_no * 9))",
        "lipsum()",
        "cycler(1)",
        "call.pop('done')",
        "rows.append(1)",
        "a }} {{ b",
        "x" * 3_000,
    ],
)
def test_an_expression_cannot_break_out_or_fill_the_memory(expression: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(expression, SCOPE)


@pytest.mark.parametrize(
    "template",
    [
        "{% set x = 1 %}",
        "{% include 'secrets' %}",
        "{% import 'x' as y %}",
        "{% macro m() %}{% endmacro %}",
        "{% for a in rows recursive %}{{ loop(rows) }}{% endfor %}",
        "{% for a in 'x' %}{% for b in 'x' %}{% for c in 'x' %}{% endfor %}{% endfor %}{% endfor %}",
        "{% for a in range(900) %}{% for b in range(900) %}xxxxxxxxxx{% endfor %}{% endfor %}",
        "{{ order_no",
        "x" * 30_000,
    ],
)  # fmt: skip
@pytest.mark.timeout(30)
def test_a_template_is_kept_small(template: str) -> None:
    with pytest.raises(ExpressionError):
        render(template, SCOPE)


def test_a_choice_is_its_key_and_has_a_label() -> None:
    choice = Choice("severe", "严重")

    assert choice == "severe"
    assert "severe" in {choice}
    assert choice.label == "严重"
    assert Choice("odd").label == "odd"


def test_truth_is_what_people_expect() -> None:
    assert truth("order_no", SCOPE)
    assert not truth("phone", SCOPE)
    assert not truth("call.done", SCOPE)


@pytest.mark.parametrize(
    ("text", "template", "paths"),
    [
        ("a.b['c'] and x[-4:]", False, [("a", "b", "c"), ("x",)]),
        ("f(y) | tail(n)", False, [("f",), ("y",), ("n",)]),
        ("{{ a }}{% if b.c %}{{ d | moment }}{% endif %}", True, [("a",), ("b", "c"), ("d",)]),
        ("{% for x in a %}{{ x.y }}{{ z }}{{ loop.index }}{% endfor %}", True, [("a",), ("z",)]),
    ],
)  # fmt: skip
def test_the_names_a_text_reads_are_known_without_running_it(
    text: str, template: bool, paths: list[tuple[str, ...]]
) -> None:
    assert [reference.path for reference in references(text, template=template)] == paths


def test_a_name_knows_its_line() -> None:
    assert [each.line for each in references("{{ a }}\n{{ b }}", template=True)] == [0, 1]


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ("张三", "name", "张*"),
        ("欧阳小明", "name", "欧***"),
        ("13812345678", "phone", "138****5678"),
        ("13212345678-1234", "phone", "132****5678-****"),
        ("010-12345678", "phone", "010****5678"),
        ("浙江省杭州市西湖区文三路 1 号", "address", "浙江省杭州市****"),
        ("330102199001011234", "id", "330****234"),
        ("ab", "id", "****"),
        ("", "phone", ""),
    ],
)
def test_personal_data_is_covered(text: str, kind: str, shown: str) -> None:
    assert masked(text, kind) == shown
