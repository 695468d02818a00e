"""Whose a case is: the first who takes it up or who started it, and what asks its owner."""

from __future__ import annotations

import pytest

from jieli.engine.errors import NotYours
from jieli.engine.events import CancelMessages, CaseStarted, WorkHandedOver, WorkItemClaimed
from tests.story import Story
from tests.unit.toys import effects, refused, told, toy, without

STEPS = """
work:
  who: {role: after_sales}
  buttons:
    ok: {label: 好, go_to: call}
    note: {label: 记, stay: yes, sets: {said: "'记了'"}}
call:
  title: "{{ case.owner }}"
  who: [{owner: yes, for: 2h}, {role: supervisor}]
  clock: wall
  buttons: {ok: {label: 好, go_to: tell}}
tell: {notify: {to: {owner: yes}, title: 完成}, go_to: finished}
finished: {end: done}
"""
WAITS = """
work: {who: {role: after_sales}, buttons: {ok: {label: 好, go_to: quiet}}}
quiet:
  wait: 2d
  who: {owner: yes}
  buttons: {back: {label: 有回音, go_to: finished}}
  time_up: finished
finished: {end: done}
"""


def hand_over(story: Story, to: str, *leaving: str) -> Story:
    story.apply(WorkHandedOver(from_people=leaving, to=to, reason="交接班", source="J1"))
    return story


def owner(story: Story) -> str | None:
    assert story.state
    return story.state.owner


def whats(story: Story) -> list[str]:
    return [entry.what for entry in story.entries]


# ---- who owns it ---------------------------------------------------------------------------------


def test_nobody_owns_a_case_of_a_process_without_owners() -> None:
    story = toy(STEPS.replace("{owner: yes, for: 2h}", "{role: finance, for: 2h}").replace(
        "{to: {owner: yes}", "{to: {role: finance}"))  # fmt: skip
    story.press("work", "ok", by="wang_fang")
    assert owner(story) is None and "owner_changed" not in whats(story)


def test_the_first_who_claims_answers_or_notes_owns_the_case_and_stays_its_owner() -> None:
    story = toy(STEPS, owner="first")
    assert owner(story) is None
    story.apply(WorkItemClaimed(visit=story.open("work").id, by="wang_fang"))
    assert owner(story) == "wang_fang"
    assert owner(toy(STEPS, owner="first").press("work", "note", by="li_na")) == "li_na"
    story = toy(STEPS, owner="first").press("work", "ok", by="li_na")
    assert owner(story) == "li_na" and story.open("call").title == "李娜"
    story.wait("2h").press("call", "ok", by="zhang_wei")
    assert owner(story) == "li_na" and whats(story).count("owner_changed") == 1


def test_who_started_the_case_by_form_owns_it_and_otherwise_the_first() -> None:
    assert owner(toy(STEPS, owner="starter")) == "li_na"
    story = toy(STEPS, owner="starter")
    story.state = None
    start = CaseStarted(case_id="c1", ref="A1", version=1, data={"order_no": "7"}, source="webhook")
    story.apply(start)
    assert owner(story) is None
    assert owner(story.press("work", "ok", by="wang_fang")) == "wang_fang"


# ---- who is asked --------------------------------------------------------------------------------


def test_a_step_asks_the_owner_and_nobody_else_may_do_it() -> None:
    story = toy(STEPS, owner="first").press("work", "ok", by="wang_fang")
    assert story.open("call").candidates == ["wang_fang"]
    with pytest.raises(NotYours):
        refused(story, WorkItemClaimed(visit=story.open("call").id, by="li_na"))
    story.press("call", "ok", by="wang_fang")
    assert told(story, "notice") == ["wang_fang"]


def test_a_step_that_asks_the_owner_of_a_case_without_one_says_so_and_goes_up() -> None:
    story = toy("first: {decide: [{otherwise: call}]}\n" + STEPS.partition("call:")[1]
                + STEPS.partition("call:")[2], owner="first")  # fmt: skip
    assert story.open("call").nobody and story.state and story.state.tags == ["无人"]
    assert told(story.wait("2h"), "escalated") == ["zhang_wei"]
    story.press("call", "ok", by="zhang_wei")
    assert owner(story) == "zhang_wei" and told(story, "handed_on") == []


def test_an_owner_who_has_left_is_not_asked() -> None:
    story = toy(STEPS, owner="first")
    story.press("work", "note", by="li_na")
    story.context = without(story.context, "li_na")
    hand_over(story, "wang_fang", "zhang_wei")
    story.press("work", "ok", by="wang_fang")
    assert story.open("call").nobody and story.open("call").candidates == []


# ---- handed over ---------------------------------------------------------------------------------


def test_the_owners_open_work_is_the_new_owners_and_the_old_link_is_dead() -> None:
    story = toy(STEPS, owner="first").press("work", "ok", by="li_na")
    before = story.open("call").generation
    hand_over(story, "wang_fang", "li_na")
    call = story.open("call")
    assert (owner(story), call.candidates, call.generation) == ("wang_fang", ["wang_fang"], before + 1)
    assert told(story, "handed_on") == ["wang_fang"] and story.messages("handed_on")[0].link
    assert CancelMessages(call.id) in effects(story, CancelMessages)
    with pytest.raises(NotYours):
        refused(story, WorkItemClaimed(visit=call.id, by="li_na"))
    assert story.press("call", "ok", by="wang_fang").state and story.replayed() == story.state


def test_what_was_asked_of_the_owner_and_has_gone_up_is_asked_of_the_new_owner_too() -> None:
    story = toy(STEPS, owner="first").press("work", "ok", by="li_na").wait("2h")
    hand_over(story, "wang_fang", "li_na")
    assert story.open("call").candidates == ["zhang_wei", "wang_fang"]
    assert told(story, "handed_on") == ["wang_fang"]
    assert story.press("call", "ok", by="zhang_wei").state


def test_what_one_of_them_holds_is_the_other_ones_and_a_colleagues_item_stays() -> None:
    story = toy(STEPS, owner="first")
    story.apply(WorkItemClaimed(visit=story.open("work").id, by="li_na"))
    hand_over(story, "wang_fang", "li_na", "ma_chao")
    work = story.open("work")
    assert (work.assignee, work.candidates, owner(story)) == ("wang_fang", ["wang_fang"], "wang_fang")
    hand_over(story, "he_jing", "li_na")
    assert story.open("work").assignee == "wang_fang" and owner(story) == "wang_fang"


def test_what_only_they_were_asked_is_handed_over_and_what_others_were_asked_too_is_not() -> None:
    alone = STEPS.replace("{role: after_sales}", "{person: li_na}")
    story = hand_over(toy(alone, owner="first"), "wang_fang", "li_na")
    assert story.open("work").assignee == "wang_fang"
    story = hand_over(toy(STEPS, owner="first"), "he_jing", "li_na")
    assert story.open("work").candidates == ["li_na", "wang_fang"]
    assert told(story, "handed_on") == []


def test_who_may_not_do_a_step_does_not_get_it_with_the_others() -> None:
    steps = """
work: {who: {role: after_sales}, buttons: {ok: {label: 好, go_to: check}}}
check: {who: {role: after_sales}, not_same_as: work, buttons: {ok: {label: 好, go_to: finished}}}
finished: {end: done}
"""
    story = toy(steps, owner="first").press("work", "ok", by="li_na")
    story.apply(WorkItemClaimed(visit=story.open("check").id, by="wang_fang"))
    hand_over(story, "li_na", "wang_fang")
    check = story.open("check")
    assert check.assignee is None and check.candidates == ["wang_fang"], "nobody else may"


def test_the_link_of_a_wait_goes_to_the_new_owner() -> None:
    story = toy(WAITS, owner="first").press("work", "ok", by="li_na")
    assert told(story, "wait") == ["li_na"]
    hand_over(story, "wang_fang", "li_na")
    assert told(story, "wait") == ["li_na", "wang_fang"]
    assert story.open("quiet").candidates == ["wang_fang"]
    with pytest.raises(NotYours):
        story.press("quiet", "back", by="li_na")
    assert story.press("quiet", "back", by="wang_fang").state


def test_work_is_not_handed_to_somebody_who_has_left() -> None:
    story = toy(STEPS, owner="first").press("work", "ok", by="li_na")
    gone = WorkHandedOver(from_people=("li_na",), to="nobody_known", reason="x")
    with pytest.raises(NotYours):
        refused(story, gone)
    assert owner(story) == "li_na"


def test_handing_over_to_oneself_changes_nothing() -> None:
    story = hand_over(toy(STEPS, owner="first").press("work", "ok", by="li_na"), "li_na", "li_na")
    assert owner(story) == "li_na" and told(story, "handed_on") == []
    assert "handed_over" not in whats(story)
    assert story.open("call").candidates == ["li_na"]


# ---- in turn and by name -------------------------------------------------------------------------


def test_one_is_asked_in_turn_from_day_to_day() -> None:
    steps = """
ask: {who: {role: everyone, pick: turn}, buttons: {ok: {label: 好, go_to: ask, at_most: 9, then: finished}}}
finished: {end: done}
"""
    turns = [str(told(toy(steps, f"2026-11-{day} 10:00"))[0]) for day in range(16, 28)]
    assert turns == [str(told(toy(steps, f"2026-11-{day} 15:00"))[0]) for day in range(16, 28)]
    assert len(set(turns)) > 2, "not always the same"
    again = toy(steps).press("ask", "ok", by=str(told(toy(steps))[0]))
    assert told(again)[0] == told(again)[1], "the same all day"


def test_people_may_be_one_or_several_and_who_has_left_is_not_among_them() -> None:
    steps = """
ask: {who: {people: EXPRESSION}, buttons: {ok: {label: 好, go_to: finished}}}
finished: {end: done}
"""
    assert told(toy(steps.replace("EXPRESSION", "\"'li_na'\""))) == ["li_na"]
    several = "\"['wang_fang', 'li_na', none, 'nobody_known', 'li_na']\""
    assert told(toy(steps.replace("EXPRESSION", several))) == ["wang_fang", "li_na"]
    assert toy(steps.replace("EXPRESSION", "said")).open("ask").nobody
