"""改派 by a supervisor, buttons that let their step stay, and signatures by expression."""

from __future__ import annotations

import pytest

from jieli.engine.errors import NotYours, UnknownButton, WindowClosed, WorkItemClosed
from jieli.engine.events import (
    CancelMessages,
    ProposeEntry,
    WorkItemAnswered,
    WorkItemClaimed,
    WorkItemReassigned,
)
from tests.story import Story
from tests.unit.toys import effects, refused, told, toy, without

STEPS = """
work:
  who: [{role: after_sales, for: 1h}, {role: supervisor}]
  clock: wall
  finish_within: 4h
  MORE
  form: {progress: {label: 进展}, cause: {label: 原因, case_field: said}}
  buttons:
    ok: {label: 好, go_to: check}
    note: {label: 记一笔, stay: yes, needs: [progress], sets: {amount: "7"} DO}
check: {who: {role: finance}, buttons: {ok: {label: 好, go_to: finished}}}
finished: {end: done}
"""


def working(more: str = "urgent: no", do: str = "", start: str = "2026-11-20 09:00") -> Story:
    return toy(STEPS.replace("MORE", more).replace("DO", do), start)


def reassign(story: Story, to: str, step: str = "work") -> Story:
    visit = story.open(step).id
    story.apply(WorkItemReassigned(visit=visit, by="zhang_wei", to=to, reason="请假"))
    return story


def entry(story: Story, what: str) -> dict[str, object]:
    return next(each.detail or {} for each in reversed(story.entries) if each.what == what)


# ---- 改派 ----------------------------------------------------------------------------------------


def test_a_supervisor_gives_the_item_to_anybody_whoever_was_asked() -> None:
    story = working()
    before = story.open("work").generation
    reassign(story, "he_jing")
    work = story.open("work")
    assert (work.assignee, work.candidates, work.generation) == ("he_jing", ["he_jing"], before + 1)
    assert told(story, "handed_on") == ["he_jing"] and story.messages("handed_on")[0].link
    assert CancelMessages(work.id) in effects(story, CancelMessages)
    assert entry(story, "reassigned") == {"by": "zhang_wei", "to": "he_jing", "reason": "请假"}
    assert story.press("work", "ok", by="he_jing").waits_for == ["check"]


def test_it_is_taken_from_who_held_it_and_the_ladder_stops() -> None:
    story = working("delegate: no")
    story.apply(WorkItemClaimed(visit=story.open("work").id, by="li_na"))
    reassign(story, "wang_fang")
    with pytest.raises(NotYours):
        refused(story, WorkItemAnswered(visit=story.open("work").id, button="ok", by="li_na"))
    assert told(story.wait("2h"), "escalated") == []
    assert told(story.wait("2h"), "late") == ["wang_fang"], "its deadline is as before"


def test_work_that_nobody_was_there_for_has_somebody_then() -> None:
    steps = STEPS.replace("{role: after_sales, for: 1h}", "{people: said, for: 1h}")
    story = toy(steps.replace("MORE", "urgent: no").replace("DO", ""))
    assert story.state and story.state.tags == ["无人"]
    assert reassign(story, "li_na").state and story.state and story.state.tags == []


def test_it_is_not_given_to_who_left_or_may_not_do_it_or_signed() -> None:
    steps = """
work: {who: {role: after_sales}, buttons: {ok: {label: 好, go_to: check}}}
check:
  who: {role: everyone}
  not_same_as: [work]
  signers: {need: 2, button: ok}
  buttons: {ok: {label: 好, go_to: finished}}
finished: {end: done}
"""
    story = toy(steps).press("work", "ok", by="li_na")
    story.press("check", "ok", by="wang_fang")
    story.context = without(story.context, "ma_chao")
    for to, why in (
        ("ma_chao", "no_delegation"), ("li_na", "not_same_person"), ("wang_fang", "signed_already"),
    ):  # fmt: skip
        event = WorkItemReassigned(visit=story.open("check").id, by="zhang_wei", to=to, reason="x")
        with pytest.raises(NotYours) as refusal:
            refused(story, event)
        assert refusal.value.reason == why
    assert reassign(story, "he_jing", "check").press("check", "ok", by="he_jing").waits_for == []


def test_what_is_over_held_or_not_yet_open_is_not_reassigned() -> None:
    story = working("take_back: 30m")
    visit = story.open("work").id
    again = WorkItemReassigned(visit=visit, by="zhang_wei", to="he_jing", reason="x")
    story.press("work", "ok")
    with pytest.raises(WorkItemClosed):
        refused(story, again)
    story.wait("1h")
    with pytest.raises(WorkItemClosed):
        refused(story, again)
    closed = working("only_during: call_hours", start="2026-11-20 12:00")
    with pytest.raises(WindowClosed):
        reassign(closed, "he_jing")


# ---- buttons that stay ---------------------------------------------------------------------------


def test_a_button_that_stays_counts_and_the_step_is_whose_who_pressed_it() -> None:
    story = working().press("work", "note", by="wang_fang", progress="已联系快递", cause="漏发")
    work = story.open("work")
    assert (story.waits_for, work.assignee, work.status) == (["work"], "wang_fang", "open")
    assert story.state and (story.state.data["amount"], story.state.data["said"]) == (7, "漏发")
    said = {"progress": "已联系快递", "cause": "漏发"}
    assert entry(story, "noted") == {
        "button": "note", "by": "wang_fang", "identity": "none", "fields": said,
    }  # fmt: skip
    assert told(story.wait("2h"), "escalated") == [], "somebody has taken it up"
    assert told(story.wait("2h"), "late") == ["wang_fang"]


def test_it_may_be_pressed_again_and_the_step_is_done_by_another_button() -> None:
    story = working().press("work", "note", progress="一").press("work", "note", progress="二")
    assert [e.what for e in story.entries].count("noted") == 2
    story.press("work", "ok", progress="好了")
    assert story.waits_for == ["check"] and story.state
    assert story.state.answers["work"]["fields"] == {"progress": "好了"}
    assert story.replayed() == story.state


def test_who_does_not_hold_it_cannot_note_either() -> None:
    story = working()
    story.apply(WorkItemClaimed(visit=story.open("work").id, by="li_na"))
    visit = story.open("work").id
    with pytest.raises(NotYours):
        refused(story, WorkItemAnswered(visit=visit, button="note", by="wang_fang"))
    with pytest.raises(UnknownButton):
        refused(story, WorkItemAnswered(visit=visit, button="notes", by="li_na"))


def test_what_a_button_does_sees_its_answers_before_the_step_is_done() -> None:
    person, reason = "case.owner_id or 'li_na'", "{{ work.progress }}"
    do = f', do: {{propose: {{rule: false_record, person: "{person}", reason: "{reason}"}}}}'
    story = working(do=do).press("work", "note", progress="晚了")
    (proposed,) = effects(story, ProposeEntry)
    assert (proposed.person, proposed.reason) == ("li_na", "晚了")
    story.press("work", "note", progress="又晚了")
    assert len({each.key for each in effects(story, ProposeEntry)}) == 2


def test_where_several_sign_a_note_holds_nobody_up() -> None:
    steps = """
sign:
  who: {role: after_sales}
  signers: {need: "['li_na', 'wang_fang'] | length", button: ok}
  buttons: {ok: {label: 签字, go_to: finished}, more: {label: 延长, stay: yes}}
finished: {end: done}
"""
    story = toy(steps).press("sign", "more", by="li_na")
    assert story.open("sign").assignee is None
    story.press("sign", "ok", by="wang_fang")
    assert story.open("sign").signatures == ["wang_fang"], "the expression says two"
    assert story.press("sign", "ok", by="li_na").state and story.state
    assert story.state.status == "completed"


def test_who_did_or_signed_one_of_several_steps_may_not_do_the_next() -> None:
    steps = """
sign: {who: {role: everyone}, signers: {need: 2, button: ok}, buttons: {ok: {label: 签字, go_to: work}}}
work: {who: {role: everyone}, buttons: {ok: {label: 好, go_to: check}}}
check: {who: {role: everyone}, not_same_as: [sign, work], buttons: {ok: {label: 好, go_to: finished}}}
finished: {end: done}
"""
    story = toy(steps).press("sign", "ok", by="li_na").press("sign", "ok", by="wang_fang")
    story.press("work", "ok", by="he_jing")
    assert not {"li_na", "wang_fang", "he_jing"} & set(story.open("check").candidates)
    assert "ma_chao" in story.open("check").candidates
