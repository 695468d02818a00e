"""Sub-cases on the pure engine: what they bring back, and what ends with who waited for them."""

from __future__ import annotations

import pytest

from jieli.engine.errors import DefinitionError
from jieli.engine.events import CancelSubCases, CaseCancelled, StartCase, SubCaseEnded
from jieli.engine.loader import load, read_directory
from jieli.engine.published import Definition
from tests.story import DEFINITIONS, Story, at

SAVE = "{outcome: did, amount: cost}"
TWO = """
process: big
title: 大
case:
  key: [order_no]
  title: "{{ order_no }}"
  fields:
    order_no: {label: 订单编号, type: text, required: true}
    outcome:  {label: 结果, type: text}
    amount:   {label: 金额, type: money}
    jobs:     {label: 几件, type: rows, fields: {what: {label: 什么, type: text}}}
start: [{form: {role: after_sales}}]
steps:
  part:
    sub_case: {process: small, SUB save: SAVE}
    go_to: end
  end: {end: done}
ends: {done: 完}
"""
SMALL = """
process: small
title: 小
case:
  key: [what]
  title: "{{ what }}"
  fields:
    what: {label: 什么, type: text, required: true}
    did:  {label: 做了什么, type: text}
    cost: {label: 花了多少, type: money}
start: [{case: true}]
steps:
  work:
    who: {role: warehouse}
    buttons: {done: {label: 好了, go_to: end}}
  end: {end: done}
ends: {done: 完}
"""
ONE = "data: {what: order_no},"
EACH = "each: jobs, data: {what: item.what},"


def big(sub: str = ONE, save: str = SAVE, **data: object) -> Story:
    """A case that waits for one or several small ones."""
    shop = {k: v for k, v in read_directory(DEFINITIONS).items() if "shop/" in k}
    text = TWO.replace("SUB", sub).replace("SAVE", save)
    library = load({**shop, "big.yaml": text, "small.yaml": SMALL})
    own = Definition(library.processes["big"], 1, library.messages)
    return Story(own, library.context, at("2026-11-23 09:00")).start({"order_no": "1", **data})


def ended(story: Story, nth: int = 0, **data: object) -> SubCaseEnded:
    """The end of one of its sub-cases."""
    asked = [e for e in story.effects if isinstance(e, StartCase)][nth]
    return SubCaseEnded(visit=asked.visit, case_id=f"s{nth}", ref=f"S{nth}", result="done", data=data)


def test_the_end_brings_back_what_the_case_saves() -> None:
    story = big()
    story.apply(ended(story, did="修好了", cost="12.50", what="别的"))
    assert story.state and story.state.data["outcome"] == "修好了"
    assert story.state.data["amount"] == "12.50" and "what" not in story.state.data


def test_what_the_other_case_left_empty_changes_nothing() -> None:
    story = big(outcome="原来的")
    story.apply(ended(story, did=None))
    assert story.state and story.state.data["outcome"] == "原来的"


def test_what_does_not_fit_is_noted_and_left_out() -> None:
    story = big()
    story.apply(ended(story, cost="很多"))
    assert story.state and "amount" not in story.state.data
    assert "not_understood" in [entry.what for entry in story.entries]


def test_with_each_it_is_in_the_rows() -> None:
    story = big(EACH, jobs=[{"what": "甲"}, {"what": "乙"}])
    story.apply(ended(story, 1, did="乙好了"))
    story.apply(ended(story, 0, did="甲好了", cost="3.00"))
    assert story.state
    rows = story.state.answers["part"]["each"]
    assert [(row["item"]["what"], row["outcome"]) for row in rows] == [("乙", "乙好了"), ("甲", "甲好了")]
    assert "outcome" not in story.state.data


def test_a_sub_case_ends_with_who_waits_for_it() -> None:
    story = big()
    story.apply(CaseCancelled(reason="不做了"))
    (asked,) = [e for e in story.effects if isinstance(e, StartCase)]
    assert CancelSubCases(asked.visit) in story.effects


@pytest.mark.parametrize(
    ("save", "place", "hint"),
    [("{outcom: did}", "save.outcom", "outcome"), ("{outcome: dit}", "save.outcome", "did")],
)
def test_both_names_are_checked(save: str, place: str, hint: str) -> None:
    with pytest.raises(DefinitionError) as refused:
        big(save=save)
    (problem,) = refused.value.problems
    assert problem.path.endswith(place) and hint in (problem.hint or "")


def test_nothing_comes_back_from_a_case_nobody_waits_for() -> None:
    with pytest.raises(DefinitionError) as refused:
        big("data: {what: order_no}, wait: false,")
    assert "save" in str(refused.value.problems[0].message)
