"""How the stories of the after-sales loop begin. Words only, no tests."""

from __future__ import annotations

from typing import Any

from tests.family import Family

PROBLEM: dict[str, Any] = {
    "shop": "douyin_main", "order_no": "2026112000014821", "source": "chat",
    "customer_name": "王小鹿", "phone": "13812345678", "account": "小鹿爱吃草",
    "problem": "杯盖漏水", "happened_at": "2026-11-20T08:00:00+08:00",
}  # fmt: skip
SIMPLE: dict[str, Any] = {"complexity": "simple", "urgency": "normal", "priority": "normal"}
COMPLEX: dict[str, Any] = {"complexity": "complex", "urgency": "urgent", "priority": "high", "kind": "quality"}
RESULT: dict[str, Any] = {"outcome": "已联系厂家换新", "cause": "密封圈老化", "fault": "supplier"}
ARCHIVE: dict[str, Any] = {"outcome": "已处理", "fault": "ours", "cause": "密封圈老化"}


def begun(start: str = "2026-11-23 09:00", **changes: Any) -> Family:
    """A case somebody registered; 2026-11-23 is a Monday."""
    return Family.of("after_sales", {**PROBLEM, **changes}, start, "li_na")


def accepted(start: str = "2026-11-23 09:00", **changes: Any) -> Family:
    """A case that Li Na has taken up."""
    return begun(start, **changes).press("accept", "accepted", greeted=True)


def sorted_as(kind: str, **changes: Any) -> Family:
    """A simple problem of a kind, at its play-book."""
    return accepted(**changes).press("triage", "sorted", kind=kind, **SIMPLE)


def at_department(*departments: str, **changes: Any) -> Family:
    """A complex problem, passed on to departments."""
    triage = {**COMPLEX, "departments": list(departments) or ["tech"], **changes}
    return accepted().press("triage", "sorted", **triage)


def answered() -> Family:
    """A question of use that was answered at once: the customer is to be asked."""
    return sorted_as("usage").press("answer_now", "answered", outcome="教了怎么装杯盖")


def unsatisfied(family: Family, times: int) -> Family:
    """So many rounds that did not please."""
    for number in range(times):
        if "after_sales:triage" in family.waits_for:
            family.press("triage", "sorted", kind="usage", **SIMPLE)
            family.press("answer_now", "answered", outcome=f"第{number + 1}次解答")
        family.press("tell", "unsatisfied", feedback=f"还是漏（{number + 1}）")
    return family
