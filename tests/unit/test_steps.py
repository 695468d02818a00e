"""Buttons, fields, decisions, loops and notices: where a case goes and what it writes down."""

from __future__ import annotations

import pytest

from jieli.engine.errors import CaseClosed, NotYours, UnknownButton, WorkItemClosed
from jieli.engine.events import (
    CaseCancelled,
    NoteAdded,
    TellCase,
    WaitAnswered,
    WorkItemAnswered,
)
from tests.story import Story
from tests.unit.toys import effects, outcomes, told, toy

ASK = """
ask:
  who: {role: after_sales}
  form:
    words: {label: 说明, case_field: said}
    paid: {label: 金额, type: money, case_field: amount}
  buttons:
    good: {label: 好, sets: {level: "'high'", ship_at: now}, go_to: finished}
    boss: {label: 主管决定, role: supervisor, go_to: finished}
    later: {label: 以后, go_to: ask}
finished: {end: done}
"""
DECIDE = """
look:
  decide:
    - {when: "amount and amount > 100", go_to: much}
    - {when: "level == 'high'", go_to: high}
    - {otherwise: finished}
much: {who: {role: supervisor}, buttons: {ok: {label: 好, go_to: finished}}}
high: {who: {role: after_sales}, buttons: {ok: {label: 好, go_to: finished}}}
finished: {end: done}
"""
LOOP = """
ring:
  who: {role: after_sales}
  buttons:
    reached: {label: 接通, go_to: finished}
    missed: {label: 没接通, again: tries, then: boss}
boss:
  who: {role: supervisor}
  buttons:
    once_more: {label: 再打, go_to: ring, at_most: 3, then: gave_up}
    enough: {label: 算了, go_to: gave_up}
finished: {end: done}
gave_up: {end: gave_up}
"""
TRIES = "{tries: {value: 2, label: 次数, source: ours}}"


def state_of(story: Story) -> str:
    assert story.state
    return f"{story.state.status}: {story.state.result}"


def test_a_button_leads_to_its_step_and_an_end_closes_the_case_with_its_result() -> None:
    story = toy(ASK).press("ask", "good")
    assert state_of(story) == "completed: done"
    assert story.state and story.state.closed_at == story.now


def test_a_field_with_case_field_is_written_into_the_case() -> None:
    story = toy(ASK).press("ask", "later", words="等等", paid="12.50")
    assert story.state and (story.state.data["said"], story.state.data["amount"]) == ("等等", "12.50")


def test_a_field_that_was_left_empty_keeps_what_the_case_knows() -> None:
    story = toy(ASK, said="早就知道").press("ask", "later")
    assert story.state and story.state.data["said"] == "早就知道"


def test_sets_writes_expressions_into_the_case() -> None:
    story = toy(ASK).press("ask", "good")
    assert story.state and story.state.data["level"] == "high"
    assert story.state.data["ship_at"] == "2026-11-20T01:00:00+00:00"


def test_a_tag_that_reads_the_priority_follows_it_at_once() -> None:
    story = toy(ASK)
    assert story.state and story.state.tags == []
    story.press("ask", "good")
    assert story.state.priority == "high" and story.state.tags == ["急件"]


def test_a_button_of_another_role_is_not_for_everybody_who_was_asked() -> None:
    with pytest.raises(NotYours) as told_why:
        toy(ASK).press("ask", "boss")
    assert told_why.value.reason == "needs_role:supervisor"


def test_a_button_that_is_not_there_changes_nothing() -> None:
    story = toy(ASK)
    with pytest.raises(UnknownButton):
        story.press("ask", "best")
    assert story.waits_for == ["ask"] and len(story.events) == 1


def test_an_answer_for_a_wait_does_not_fit_a_work_item_nor_the_other_way_round() -> None:
    steps = """
    pause: {wait: 1h, time_up: ask}
    ask: {who: {role: after_sales}, buttons: {ok: {label: 好, go_to: finished}}}
    finished: {end: done}
    """
    story = toy(steps)
    with pytest.raises(WorkItemClosed):
        story.apply(WorkItemAnswered(visit=story.open("pause").id, button="ok", by="li_na"))
    story.wait("1h")
    with pytest.raises(WorkItemClosed):
        story.apply(WaitAnswered(visit=story.open("ask").id, button="ok", by="li_na"))


@pytest.mark.parametrize(
    ("data", "step"),
    [
        ({"amount": "100.01", "level": "high"}, ["much"]),
        ({"amount": "100.00", "level": "high"}, ["high"]),
        ({"level": "high"}, ["high"]),
        ({}, []),
    ],
)
def test_the_first_line_that_holds_decides(data: dict[str, str], step: list[str]) -> None:
    assert toy(DECIDE, **data).waits_for == step


def test_again_counts_the_visits_of_the_step_and_then_goes_the_other_way() -> None:
    story = toy(LOOP, settings=TRIES).press("ring", "missed")
    assert story.open("ring").nth == 2
    assert story.press("ring", "missed").waits_for == ["boss"]
    assert "limit_reached" in [entry.what for entry in story.entries]


def test_at_most_counts_the_visits_of_the_step_it_leads_to() -> None:
    story = toy(LOOP, settings=TRIES).press("ring", "missed").press("ring", "missed")
    story.press("boss", "once_more", by="zhang_wei").press("ring", "missed")
    assert story.waits_for == ["boss"] and story.path.count("ring") == 3
    assert state_of(story.press("boss", "once_more", by="zhang_wei")) == "completed: gave_up"


def test_a_loop_of_a_decision_ends_at_its_limit_without_anybody() -> None:
    steps = """
    check:
      decide:
        - {when: "visits.ping < 9", go_to: ping, at_most: 3, then: finished}
        - {otherwise: finished}
    ping: {notify: {to: {role: supervisor}, title: "第 {{ visits.ping }} 次"}, go_to: check}
    finished: {end: done}
    """
    story = toy(steps)
    assert [message.title for message in story.messages("notice")] == ["第 1 次", "第 2 次", "第 3 次"]
    assert state_of(story) == "completed: done"


def test_a_notice_goes_to_each_once_has_no_link_and_the_case_goes_on() -> None:
    steps = """
    ask: {who: {role: after_sales}, buttons: {ok: {label: 好, go_to: tell}}}
    tell:
      notify: {to: [{same_as: ask}, {role: after_sales}, {person: zhang_wei}], title: "{{ ask.by }} 做完了"}
      go_to: finished
    finished: {end: done}
    """
    story = toy(steps).press("ask", "ok", by="wang_fang")
    assert told(story, "notice") == ["wang_fang", "li_na", "zhang_wei"]
    assert {message.title for message in story.messages("notice")} == {"王芳 做完了"}
    assert not any(message.link for message in story.messages("notice"))
    assert state_of(story) == "completed: done"


def test_a_notice_for_those_on_shift_goes_to_all_when_nobody_is() -> None:
    steps = """
    tell: {notify: {to: {role: after_sales, on_shift: yes}, title: 注意}, go_to: finished}
    finished: {end: done}
    """
    assert told(toy(steps, "2026-11-20 09:00")) == ["li_na"]
    assert told(toy(steps, "2026-11-20 03:00")) == ["li_na", "wang_fang"]


def test_a_cancelled_case_says_why_takes_its_work_away_and_tells_the_case_that_waits() -> None:
    story = toy(ASK)
    assert story.state
    story.state = story.state.model_copy(update={"parent": "c0", "parent_visit": 4})
    story.apply(CaseCancelled(by="zhang_wei", reason="重复登记"))
    assert state_of(story) == "cancelled: cancelled"
    assert story.state.visits == {} and outcomes(story) == {"ask.1": "case_closed"}
    assert {"by": "zhang_wei", "reason": "重复登记"} in [entry.detail for entry in story.entries]
    (tell,) = effects(story, TellCase)
    assert (tell.case_id, tell.event.visit, tell.event.result) == ("c0", 4, "cancelled")


def test_a_closed_case_takes_nothing_but_notes() -> None:
    story = toy(ASK).press("ask", "good")
    with pytest.raises(CaseClosed):
        story.apply(CaseCancelled(reason="迟了"))
    story.apply(NoteAdded(by="zhang_wei", text="买家致谢"))
    assert state_of(story) == "completed: done" and story.entries[-1].what == "note"
