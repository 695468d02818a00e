"""Every kind of step has its function in the flow of a case."""

from __future__ import annotations

from typing import get_args

from flows.run_case import STEPS
from jieli.engine.case import StepKind


def test_each_kind_of_step_is_carried_out() -> None:
    kinds = set(get_args(StepKind))
    assert kinds <= STEPS.keys()
    assert STEPS.keys() - kinds == {"messages", "other_cases", "calls"}, "the three queues of a case"
