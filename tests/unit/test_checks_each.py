"""What the checks say of steps done for each of a list, of owners and of buttons that stay."""

from __future__ import annotations

import pytest

from tests import small_shop
from tests.small_shop import problems

TEAM = """\
process: team
title: 小组
case: {key: [a], title: 小组, fields: {a: {label: 甲}, crew: {label: 人员, type: people}}}
start: [{case: true}]
steps:
  ask:
    who: {people: item}
    each: crew
    go_to: finish
    buttons: {done: {label: 完成}, note: {label: 记, stay: yes}}
  finish: {end: done}
ends: {done: 完成}
"""
SHOP = """\
shop: 样例
roles: {agent: {label: 客服}}
people: {li_na: {name: 李娜, roles: [agent]}}
hours: {calls: {daily: ["09:00-18:00"]}}
messages: {work_item: {title: "{{ step.title }}"}}
"""


def mistakes(old: str, new: str) -> list[str]:
    assert old in TEAM
    found = problems({"team.yaml": TEAM.replace(old, new, 1), "shop.yaml": SHOP})
    return [each.partition(": ")[2] for each in found]


@pytest.mark.parametrize(
    ("old", "new", "place", "message"),
    [
        ("    go_to: finish\n", "", "steps.ask.each", "write go_to: in the step"),
        ("    each: crew\n", "", "steps.ask.go_to", "goes with each:"),
        ("go_to: finish", "go_to: finnish", "steps.ask.go_to", 'did you mean "finish"?'),
        ("{label: 完成}", "{label: 完成, go_to: finish}", "steps.ask.buttons.done.go_to",
         "the step itself says where it goes"),
        ("stay: yes", "stay: yes, go_to: finish", "steps.ask.buttons.note.go_to", "leads nowhere"),
        ("{label: 完成}", "{label: 完成, stay: yes}", "steps.ask.buttons", "nobody could ever finish"),
        ("    each: crew", "    each: crew\n    each_needs: 0", "steps.ask.each_needs", "from 1 on"),
        ("    each: crew", "    each: crew\n    take_back: 3m", "steps.ask.take_back", "exclude"),
        ("    each: crew", "    each: crew\n    only_during: calls", "steps.ask.only_during", "exclude"),
        ("    each: crew", "    each: crew\n    signers: {need: 2, button: done}",
         "steps.ask.signers", "exclude"),
        ("    each: crew", "    each: crew\n    finish_within: 1h\n    when_late: {go_to: finish}",
         "steps.ask.when_late.1.go_to", "exclude"),
        ("    each: crew", "    each: crew\n    form: {item: {label: 物品}}", "steps.ask.form.item",
         "means something else"),
        ("    each: crew", "    each: crews", "steps.ask.each", 'did you mean "crew"?'),
        ("people: item", "people: item, role: agent", "steps.ask.who", "Exactly one of"),
        ("people: item", "people: itme", "steps.ask.who", 'did you mean "item"?'),
        ("people: item", "role_from: itme", "steps.ask.who", 'did you mean "item"?'),
        ("people: item", "owner: yes", "steps.ask.who", "needs case.owner"),
        ("people: item", "person: li_na, pick: turn", "steps.ask.who", "There is only one"),
    ],
)  # fmt: skip
def test_a_mistake_about_each_is_told_at_its_place(
    old: str, new: str, place: str, message: str
) -> None:
    found = [each for each in mistakes(old, new) if place in each and message in each]
    assert found, mistakes(old, new)


def test_a_circle_of_steps_whose_lists_may_be_empty_would_never_stop() -> None:
    found = mistakes("    go_to: finish\n", "    go_to: turn\n")
    assert any("turn" in each for each in found)
    circle = TEAM.replace("    go_to: finish\n", "    go_to: turn\n").replace(
        "  finish:", "  turn: {decide: [{when: a, go_to: ask}, {otherwise: finish}]}\n  finish:"
    )
    found = problems({"team.yaml": circle, "shop.yaml": SHOP})
    assert any("These steps go round without a wait" in each for each in found)


def test_a_sub_case_for_each_has_no_results_of_its_own() -> None:
    parent = small_shop.PARENT.replace("data: {day: a}}", 'data: {day: item}, each: "[a]"}')
    found = problems({"parent.yaml": parent, "shift.yaml": small_shop.PARALLEL, "shop.yaml": small_shop.SHOP})
    assert [each for each in found if "below.results: results: has no meaning with each:" in each]
