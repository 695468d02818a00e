"""Reckoning with times in expressions, in the shop's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from jieli.engine.expressions import ExpressionError, evaluate
from tests.story import at

SCOPE: dict[str, Any] = {
    "now": at("2026-11-20 23:30"), "stored": at("2026-11-20 23:30").isoformat(),
    "on": date(2026, 11, 21), "local": "2026-11-21T08:00", "written": "2026-11-21", "empty": None,
    "early": at("2026-11-20 08:00"), "_timezone": "Asia/Shanghai",
}  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("now | plus('30m')", at("2026-11-21 00:00")),
        ("stored | minus('1d')", at("2026-11-19 23:30")),
        ("on | plus('9h')", at("2026-11-21 09:00")),
        ("local | plus('1h')", at("2026-11-21 09:00")),
        ("empty | plus('30m')", None),
        ("now | end_of_day", at("2026-11-21 00:00")),
        ("on | end_of_day", at("2026-11-22 00:00")),
        ("empty | end_of_day", None),
        ("[stored, empty, early, on] | earliest", at("2026-11-20 08:00")),
        ("[on, local] | earliest", at("2026-11-21 00:00")),
        ("[empty] | earliest", None),
        ("now | local_date", date(2026, 11, 20)),
        ("now | plus('30m') | local_date", date(2026, 11, 21)),
        ("written | local_date", date(2026, 11, 21)),
        ("now | month", "2026-11"),
        ("empty | month", ""),
        ("now | day_name", "周五"),
        ("on | day_name", "周六"),
    ],
)
def test_times_are_reckoned_with_in_the_shops_time_zone(expression: str, value: object) -> None:
    found = evaluate(expression, SCOPE)
    assert found == value and type(found) is type(value)
    if isinstance(found, datetime):
        assert found.tzinfo is UTC


@pytest.mark.parametrize("expression", ["'soon' | plus('30m')", "now | plus('soon')", "7 | end_of_day"])
def test_what_is_no_time_cannot_be_reckoned_with(expression: str) -> None:
    with pytest.raises(ExpressionError):
        evaluate(expression, SCOPE)
