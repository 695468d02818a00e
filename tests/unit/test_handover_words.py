"""Words that the handover brought into the language: an owner by field, only some work, names."""

from __future__ import annotations

import pytest

from jieli.engine.errors import DefinitionError
from jieli.engine.events import HandOverWork
from tests.story import Story, definition
from tests.unit.handovers import effects

TOY = """
process: toy
title: 小流程
case:
  key: [no]
  OWNER
  title: "{{ boss.label }}"
  summary: [boss, team, day, at, sure]
  fields:
    no:   {label: 单号, required: true}
    boss: {label: 负责人, type: person}
    team: {label: 同事, type: people}
    day:  {label: 日期, type: date}
    at:   {label: 时间, type: datetime}
    sure: {label: 确定, type: yes_no}
    rows: {label: 单子, type: rows, fields: {ref: {label: 单号}, to: {label: 给谁, type: person}}}
start: [{form: {role: supervisor}}]
steps:
  ask:
    title: 问
    about: "{{ boss.label }}：{{ team }}"
    who: {OWNERS: true}
    buttons: {ok: {label: 好, go_to: move}}
  move:
    do: {hand_over: {from: boss, to: team, choose: rows, only: rows}}
    go_to: finished
  finished: {end: done}
ends: {done: 完成}
"""
DATA = {
    "no": "1", "boss": "li_na", "team": ["wang_fang", "ma_chao"], "day": "2026-11-24",
    "at": "2026-11-24T09:30:00+00:00", "sure": True,
}  # fmt: skip


def toy(owner: str = "owner: boss", **data: object) -> Story:
    text = TOY.replace("OWNERS", "owner").replace("OWNER", owner)
    published, context = definition(text)
    story = Story(published, context, Story.bad_review().now)
    return story.start({**DATA, **data}, by=None)


def test_a_case_is_owned_from_the_start_by_whom_its_field_names() -> None:
    story = toy()
    assert story.state and story.state.owner == "li_na"
    assert story.open("ask").candidates == ["li_na"]


def test_a_name_that_is_nobodys_owns_nothing() -> None:
    story = toy(boss="gone")
    assert story.state and story.state.owner is None and story.open("ask").nobody


@pytest.mark.parametrize(
    ("owner", "problem"), [("owner: bos", "boss"), ("owner: no", "no"), ("owner: team", "team")]
)
def test_the_owner_must_be_a_field_with_a_person(owner: str, problem: str) -> None:
    with pytest.raises(DefinitionError) as wrong:
        toy(owner)
    (one,) = wrong.value.problems
    assert one.path == "case.owner" and problem in f"{one.message} {one.hint}"


def test_people_have_names_wherever_people_read() -> None:
    story = toy()
    assert story.state and story.state.title == "李娜"
    (message,) = story.messages("work_item")
    assert "李娜：王芳、马超" in message.text
    assert dict(message.facts) == {
        "负责人": "李娜", "同事": "王芳、马超", "日期": "11月24日", "时间": "11月24日 17:30", "确定": "是",
    }  # fmt: skip


def test_only_the_named_cases_move_each_to_whom_it_was_given_or_in_turn() -> None:
    rows = [{"ref": "A1"}, {"ref": "A2", "to": "he_jing"}, {"ref": "A3"}, {"ref": None}]
    story = toy(rows=rows).press("ask", "ok")
    (moved,) = effects(story, HandOverWork)
    assert moved.to == () and dict(moved.chosen) == {
        "A1": "wang_fang", "A2": "he_jing", "A3": "wang_fang",
    }  # fmt: skip


def test_with_nothing_named_nothing_moves() -> None:
    assert effects(toy(rows=[]).press("ask", "ok"), HandOverWork) == []
