"""Who is asked, told and allowed: ladders, shifts, groups, claims, delegation, signers."""

from __future__ import annotations

import pytest

from jieli.engine.errors import NotYours
from jieli.engine.events import (
    CancelMessages,
    WorkItemAnswered,
    WorkItemClaimed,
    WorkItemDelegated,
)
from tests.story import Story, at
from tests.unit.toys import effects, refused, told, toy, without

ONE = """
ask:
  who: LADDER
  MORE
  buttons: {ok: {label: 好, go_to: check}, no: {label: 不好, go_to: finished}}
check: {who: {role: after_sales}, NEXT buttons: {ok: {label: 好, go_to: finished}}}
finished: {end: done}
"""
ANY = "{role: after_sales}"
SHIFT = "{role: after_sales, on_shift: yes}"


def asking(
    ladder: str, more: str = "about: 请处理", start: str = "2026-11-20 09:00", after: str = "",
    groups: tuple[str, ...] = (),
) -> Story:  # fmt: skip
    steps = ONE.replace("LADDER", ladder).replace("MORE", more).replace("NEXT", after)
    return toy(steps, start, groups=groups)


def claim(story: Story, by: str, step: str = "ask") -> Story:
    story.apply(WorkItemClaimed(visit=story.open(step).id, by=by))
    return story


def delegate(story: Story, by: str, to: str) -> Story:
    story.apply(WorkItemDelegated(visit=story.open("ask").id, by=by, to=to, reason="忙"))
    return story


# ---- ladders and shifts --------------------------------------------------------------------------


def test_everybody_of_a_role_is_asked_and_told_with_a_link() -> None:
    story = asking(ANY)
    assert told(story, "work_item") == ["li_na", "wang_fang"]
    assert all(message.link for message in story.messages())


def test_on_shift_asks_those_who_work_now_and_any_of_the_role_may_answer() -> None:
    story = asking(SHIFT)
    assert told(story) == ["li_na"] and story.open("ask").candidates == ["li_na"]
    assert story.press("ask", "ok", by="wang_fang").waits_for == ["check"]


def test_a_person_is_asked_by_name() -> None:
    assert told(asking("{person: chen_jing}")) == ["chen_jing"]


def test_one_is_picked_always_the_same_for_a_visit_and_not_always_the_same_one() -> None:
    ladder = "{role: after_sales, pick: one}"
    assert told(asking(ladder)) == told(asking(ladder)) and len(told(asking(ladder))) == 1
    again = "{label: 再来, again: 9, then: finished}"
    story = toy(f"ask: {{who: {ladder}, buttons: {{again: {again}}}}}\nfinished: {{end: done}}")
    for _ in range(8):
        story.press("ask", "again")
    assert set(told(story)) == {"li_na", "wang_fang"} and len(told(story)) == 9


def test_the_next_rung_is_asked_when_the_time_of_the_first_is_over() -> None:
    story = asking("[{person: li_na, for: 1h}, {role: supervisor, for: 2h}, {role: finance}]")
    story.wait("59m")
    assert told(story, "escalated") == []
    assert told(story.wait("1m"), "escalated") == ["zhang_wei"]
    assert told(story.wait("2h"), "escalated") == ["zhang_wei", "chen_jing"]
    assert story.press("ask", "ok", by="li_na").waits_for == ["check"], "the first may still answer"


def test_nobody_on_shift_is_said_and_the_next_shift_is_told_when_it_begins() -> None:
    story = asking(SHIFT, start="2026-11-20 03:00")
    assert told(story) == [] and story.state and story.state.tags == ["无人"]
    story.until("2026-11-20 08:00")
    assert told(story, "work_item") == ["li_na"] and story.state.tags == []


def test_urgent_work_goes_up_at_once_and_the_skipped_rung_has_no_time_any_more() -> None:
    ladder = "[{role: after_sales, on_shift: yes, for: 2h}, {role: supervisor}]"
    story = asking(ladder, "urgent: yes", "2026-11-20 03:00")
    assert told(story) == ["zhang_wei"] and story.messages("escalated")[0].urgent
    assert story.state and story.state.tags == ["紧急"]
    assert told(story.wait("1d")) == ["zhang_wei"], "there is no rung after the last"


def test_who_slept_through_the_first_rung_is_told_when_the_second_asks_them() -> None:
    ladder = "[{person: wang_fang, on_shift: yes, for: 1h}, {person: wang_fang}]"
    story = asking(ladder, "clock: wall")
    assert told(story) == [] and told(story.wait("1h")) == ["wang_fang"]


def test_those_of_the_first_rung_keep_the_right_to_answer_when_the_second_changes_shift() -> None:
    ladder = "[{person: li_na, for: 1h}, {role: supervisor, on_shift: yes}]"
    story = asking(ladder, "clock: wall", "2026-11-20 07:30").wait("1h")
    assert story.state and story.state.tags == ["无人"]
    story.until("2026-11-20 09:00")
    assert told(story) == ["li_na", "zhang_wei"], "each when there was somebody to be told"
    assert story.press("ask", "ok").waits_for == ["check"]


def test_nobody_sleeps_through_the_second_rung_because_the_first_is_awake() -> None:
    ladder = "[{role: after_sales, for: 1h}, {role: supervisor, on_shift: yes}]"
    story = asking(ladder, "clock: wall", "2026-11-20 21:30").wait("1h")
    assert "zhang_wei" not in told(story), "not at half past ten in the evening"
    assert told(story.until("2026-11-21 09:00"))[-1] == "zhang_wei"


# ---- groups --------------------------------------------------------------------------------------


def test_a_role_with_a_group_gets_one_message_with_the_link_of_the_role() -> None:
    story = asking(ANY, groups=("after_sales",))
    (message,) = story.messages("work_item")
    assert (message.to_role, message.to_person, message.link) == ("after_sales", None, True)


def test_what_concerns_one_person_does_not_go_to_the_group() -> None:
    groups = ("after_sales",)
    story = delegate(asking(ANY, groups=groups), "li_na", "wang_fang")
    assert told(story, "handed_on") == ["wang_fang"]
    story = asking("[{role: after_sales, for: 1h}, {person: chen_jing}]", groups=groups).wait("1h")
    assert told(story, "escalated") == ["chen_jing"]
    story = claim(asking(ANY, "finish_within: 2h\n  remind: 50%", groups=groups), "li_na").wait("1h")
    assert told(story, "reminder") == ["li_na"]


# ---- the same person and another one -------------------------------------------------------------


def test_same_as_asks_who_did_the_other_step() -> None:
    steps = ONE.replace("LADDER", ANY).replace("MORE", "about: x").replace("NEXT", "")
    steps = steps.replace("check: {who: {role: after_sales}", "check: {who: {same_as: ask}")
    story = toy(steps).press("ask", "ok", by="wang_fang")
    assert story.open("check").candidates == ["wang_fang"]
    with pytest.raises(NotYours):
        story.press("check", "ok", by="li_na")


def test_not_same_as_asks_somebody_else_and_lets_nobody_else_pass() -> None:
    story = asking(ANY, after="not_same_as: ask,").press("ask", "ok", by="li_na")
    assert story.open("check").candidates == ["wang_fang"]
    for event in (
        WorkItemAnswered(visit=story.open("check").id, button="ok", by="li_na"),
        WorkItemClaimed(visit=story.open("check").id, by="li_na"),
        WorkItemDelegated(visit=story.open("check").id, by="wang_fang", to="li_na", reason="x"),
    ):
        with pytest.raises(NotYours):
            refused(story, event)
    story.press("check", "ok", by="wang_fang")
    assert story.state and story.state.status == "completed"


# ---- claimed and handed on -----------------------------------------------------------------------


def test_a_claim_stops_the_ladder_and_the_others_and_somebody_is_there_again() -> None:
    ladder = "[{role: after_sales, on_shift: yes, for: 1h}, {role: supervisor}]"
    story = claim(asking(ladder, start="2026-11-20 03:00"), "wang_fang")
    assert story.state and story.state.tags == [] and story.state.timers == {}
    with pytest.raises(NotYours) as why:
        story.press("ask", "ok", by="li_na")
    assert why.value.reason == "claimed_by:wang_fang"


def test_what_is_handed_on_is_theirs_alone_and_waiting_messages_of_others_are_cancelled() -> None:
    story = delegate(asking(ANY), "li_na", "chen_jing")
    assert [each.visit for each in effects(story, CancelMessages)] == [story.open("ask").id]
    assert told(story)[-1] == "chen_jing" and story.open("ask").generation == 1
    with pytest.raises(NotYours):
        story.press("ask", "ok", by="li_na")
    assert story.press("ask", "ok", by="chen_jing").waits_for == ["check"]


@pytest.mark.parametrize("to", ["nobody_known", "zhang_wei"])
def test_nothing_is_handed_on_to_strangers_nor_where_it_may_not(to: str) -> None:
    story = asking(ANY, "delegate: no" if to == "zhang_wei" else "about: x")
    event = WorkItemDelegated(visit=story.open("ask").id, by="li_na", to=to, reason="x")
    with pytest.raises(NotYours):
        refused(story, event)


def test_nothing_is_handed_on_to_who_has_left() -> None:
    story = asking(ANY)
    left = story.context.people["wang_fang"].model_copy(update={"active": False})
    people = {**story.context.people, "wang_fang": left}
    story.context = story.context.model_copy(update={"people": people})
    with pytest.raises(NotYours):
        delegate(story, "li_na", "wang_fang")


def test_what_somebody_held_who_left_the_shop_is_anybodys_again() -> None:
    story = claim(asking(ANY, "finish_within: 4h\n  remind: 50%"), "wang_fang")
    story.context = without(story.context, "wang_fang")
    story.wait("2h")
    assert told(story, "reminder") == ["li_na"]
    assert story.press("ask", "ok", by="li_na").waits_for == ["check"]


def test_a_person_of_the_definition_who_left_the_shop_leaves_the_step_to_the_next_rung() -> None:
    published = asking("[{person: chen_jing, on_shift: yes, for: 1h}, {role: supervisor}]")
    context = without(published.context, "chen_jing")
    story = Story(published.definition, context, published.now).start({"order_no": "8"})
    assert story.state and "无人" in story.state.tags
    assert told(story.wait("1h"), "escalated") == ["zhang_wei"]


# ---- signers -------------------------------------------------------------------------------------

SIGNED = "signers: {need: 2, button: ok}"


def test_two_have_to_sign_before_it_counts() -> None:
    story = asking(ANY, SIGNED).press("ask", "ok", by="li_na")
    assert story.waits_for == ["ask"] and story.open("ask").signatures == ["li_na"]
    assert story.press("ask", "ok", by="wang_fang").waits_for == ["check"]


def test_nobody_signs_twice() -> None:
    story = asking(ANY, SIGNED).press("ask", "ok", by="li_na")
    with pytest.raises(NotYours) as why:
        refused(story, WorkItemAnswered(visit=story.open("ask").id, button="ok", by="li_na"))
    assert why.value.reason == "signed_already"


def test_any_other_button_needs_no_second_signature() -> None:
    story = asking(ANY, SIGNED).press("ask", "ok", by="li_na").press("ask", "no", by="wang_fang")
    assert story.state and story.state.status == "completed"


def test_who_claimed_and_signed_holds_it_no_longer() -> None:
    story = claim(asking(ANY, SIGNED), "li_na").press("ask", "ok", by="li_na")
    assert story.open("ask").assignee is None
    assert story.press("ask", "ok", by="wang_fang").waits_for == ["check"]


def test_the_next_signature_is_asked_of_somebody_who_has_not_signed() -> None:
    story = asking("{role: after_sales, pick: one}", SIGNED)
    (first,) = told(story)
    assert told(story.press("ask", "ok", by=str(first)))[1:] == [
        "wang_fang" if first == "li_na" else "li_na"
    ]


def test_who_has_signed_is_not_reminded() -> None:
    story = asking(ANY, f"{SIGNED}\n  finish_within: 2h\n  remind: 50%", "2026-11-20 16:30")
    assert told(story.press("ask", "ok", by="li_na").wait("1h"), "reminder") == ["wang_fang"]


def test_when_nobody_is_left_to_sign_the_case_says_so() -> None:
    story = asking("{person: li_na}", SIGNED).press("ask", "ok", by="li_na")
    assert story.state and story.state.tags == ["无人"]


def test_a_signature_at_night_leaves_the_next_one_to_the_next_shift() -> None:
    story = claim(asking(SHIFT, SIGNED, "2026-11-20 03:00"), "wang_fang")
    story.press("ask", "ok", by="wang_fang")
    assert story.state and "无人" in story.state.tags
    assert told(story.until("2026-11-20 08:00")) == ["li_na"] and story.now == at("2026-11-20 08:00")
