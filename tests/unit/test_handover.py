"""The shift handover (HO-1, HO-2, HO-6 to HO-8, HO-10) and its exceptions, on the pure engine."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jieli.engine.errors import NotYours
from jieli.engine.events import ChangeRoster, HandOverWork, WorkItemReassigned
from tests.story import Story, at, shipped
from tests.unit.handovers import (
    DAY,
    RECORD,
    agree,
    arrive,
    effects,
    form_mistakes,
    item,
    live,
    night,
    press_own,
    proposed,
    ready_to_sign,
    sort_out,
    told,
)

pytestmark = pytest.mark.usefixtures("stories_replay")


def field(story: Story, name: str) -> object:
    assert story.state
    return story.state.data.get(name)


# ---- the whole way -------------------------------------------------------------------------------


def test_face_to_face_from_sorting_to_archive() -> None:
    story = live()
    assert sorted(story.waits_for) == ["arrive", "sort_out"]
    sort_out(story, item())
    agree(arrive(story, "wang_fang"), item())
    assert story.waits_for == ["sign_off"]
    story.press("sign_off", "signed", by="li_na")
    assert story.waits_for == ["sign_on"]
    story.press("sign_on", "signed", by="wang_fang")
    assert story.state and (story.state.status, story.state.result) == ("completed", "done")


def test_signing_moves_the_open_work_and_starts_one_follow_up_for_each_item() -> None:
    other = item(ref="BR9", process="bad_review", order_no="20261124002", urgency="urgent")
    story = ready_to_sign(item(), other)
    story.press("sign_off", "signed", by="li_na").press("sign_on", "signed", by="wang_fang")
    moved = effects(story, HandOverWork)
    assert [(each.from_people, each.to) for each in moved] == [(("li_na",), ("wang_fang",))]
    follow_ups = story.asked_for("handover_follow_up")
    assert [each.data["about"] for each in follow_ups] == ["AS7", "BR9"]
    assert {each.data["person"] for each in follow_ups} == {"wang_fang"}
    assert not any(each.wait for each in follow_ups)


def test_nothing_moves_before_the_incoming_agent_signs() -> None:
    story = ready_to_sign(item()).press("sign_off", "signed", by="li_na")
    assert effects(story, HandOverWork) == [] and story.asked_for("handover_follow_up") == []


def test_a_follow_up_that_was_carried_over_moves_and_is_not_made_twice() -> None:
    carried = item(ref="HF3", process="handover_follow_up")
    story = ready_to_sign(carried)
    story.press("sign_off", "signed", by="li_na").press("sign_on", "signed", by="wang_fang")
    assert effects(story, HandOverWork) and story.asked_for("handover_follow_up") == []


def test_an_item_goes_to_whom_it_was_given() -> None:
    story = live(incoming=["wang_fang", "ma_chao"])
    sort_out(story, item())
    arrive(story, "wang_fang", "ma_chao")
    agree(story, item(to="ma_chao"))
    story.press("sign_off", "signed", by="li_na")
    story.press("sign_on", "signed", by="wang_fang").press("sign_on", "signed", by="ma_chao")
    (moved,) = effects(story, HandOverWork)
    assert moved.to == ("wang_fang", "ma_chao") and moved.chosen == (("AS7", "ma_chao"),)
    assert story.asked_for("handover_follow_up")[0].data["person"] == "ma_chao"


# ---- HO-1 the record -----------------------------------------------------------------------------


def test_the_record_is_due_when_the_shift_ends() -> None:
    assert live().open("sort_out").due_at == at(f"{DAY} 17:30")


@pytest.mark.parametrize(
    "missing",
    ["buyer", "problem_type", "urgency", "stage", "progress", "promise", "key_time", "mood",
     "special_needs"],
)  # fmt: skip
def test_every_item_must_say_what_the_next_shift_needs(missing: str) -> None:
    bare = {key: value for key, value in item().items() if key != missing}
    found = form_mistakes(live(), "sort_out", "done", {**RECORD, "items": [bare]})
    assert list(found) == [f"items.0.{missing}"]


def test_a_promise_needs_its_time_and_none_needs_none() -> None:
    without = {**item(), "promised_at": None}
    found = form_mistakes(live(), "sort_out", "done", {**RECORD, "items": [without]})
    assert list(found) == ["items.0.promised_at"]
    nothing = {**without, "promise": "无"}
    assert form_mistakes(live(), "sort_out", "done", {**RECORD, "items": [nothing]}) == {}


def test_a_complex_problem_needs_what_was_done_and_what_the_customer_said() -> None:
    hard = item(hardness="complex")
    found = form_mistakes(live(), "sort_out", "done", {**RECORD, "items": [hard]})
    assert list(found) == ["items.0.done_so_far", "items.0.feedback"]


def test_no_items_at_all_must_be_said() -> None:
    assert list(form_mistakes(live(), "sort_out", "done", RECORD)) == ["none_left"]
    assert form_mistakes(live(), "sort_out", "done", {**RECORD, "none_left": True}) == {}
    both = {**RECORD, "none_left": True, "items": [item()]}
    assert list(form_mistakes(live(), "sort_out", "done", both)) == ["none_left"]
    denied = {**RECORD, "none_left": False}
    assert list(form_mistakes(live(), "sort_out", "done", denied)) == ["none_left"]


def test_equipment_that_was_not_ticked_must_be_explained() -> None:
    raw = {**RECORD, "none_left": True, "equipment": ["pc", "phone"]}
    assert list(form_mistakes(live(), "sort_out", "done", raw)) == ["fault"]


def test_a_fault_starts_a_repair_and_nobody_waits_for_it() -> None:
    story = sort_out(live(), fault="耳机没有声音")
    (repair,) = story.asked_for("repair")
    assert repair.data["what"] == "耳机没有声音" and repair.data["reporter"] == "li_na"
    assert story.waits_for == ["arrive"] and not repair.wait


def test_without_a_fault_there_is_no_repair() -> None:
    assert sort_out(live()).asked_for("repair") == []


def test_a_late_record_reminds_then_proposes_then_tells_the_supervisor() -> None:
    story = live().until(f"{DAY} 17:30")
    assert told(story, "late") == {"li_na"} and story.open("sort_out").overdue
    story.until(f"{DAY} 17:39")
    assert proposed(story) == []
    story.until(f"{DAY} 17:40")
    assert proposed(story) == [("handover_record", "li_na")]
    assert "zhang_wei" not in told(story, "late")
    story.until(f"{DAY} 17:45")
    assert "zhang_wei" in told(story, "late")


def test_a_record_in_time_proposes_nothing() -> None:
    story = sort_out(live(), item()).until(f"{DAY} 19:00")
    assert "handover_record" not in dict(proposed(story))


def test_a_record_that_was_never_made_is_written_by_the_supervisor_and_proposed() -> None:
    story = live().until(f"{DAY} 18:00")
    assert "zhang_wei" in story.open("sort_out").candidates
    story.press("sort_out", "missing", by="zhang_wei", **RECORD, none_left=True)
    assert ("handover_missing", "li_na") in proposed(story)
    assert "sort_out" not in story.waits_for


def test_an_agent_may_not_say_that_the_record_is_missing() -> None:
    with pytest.raises(NotYours):
        live().press("sort_out", "missing", by="li_na", **RECORD, none_left=True)


def test_a_sick_outgoing_agent_is_replaced_and_the_stand_in_signs() -> None:
    story = live().until(f"{DAY} 18:00")
    story.press("sort_out", "replace", by="zhang_wei", stand_in="he_jing")
    assert story.open("sort_out").candidates == ["he_jing"]
    sort_out(story, item(), by="he_jing")
    story = agree(arrive(story, "wang_fang"), item(), teller="he_jing")
    with pytest.raises(NotYours):
        story.press("sign_off", "signed", by="li_na")
    story.press("sign_off", "signed", by="he_jing").press("sign_on", "signed", by="wang_fang")
    assert effects(story, HandOverWork)[0].from_people == ("li_na",), "her work moves all the same"


def test_a_supervisor_reassigns_the_record_and_the_old_link_dies() -> None:
    story = live()
    visit = story.open("sort_out")
    story.apply(WorkItemReassigned(visit=visit.id, to="he_jing", reason="李娜不舒服", by="zhang_wei"))
    assert story.open("sort_out").generation == visit.generation + 1
    with pytest.raises(NotYours):
        sort_out(story, item(), by="li_na")
    sort_out(story, item(), by="he_jing")


# ---- the shift is extended -----------------------------------------------------------------------


def test_serving_customers_still_the_shift_is_extended_and_what_is_due_moves() -> None:
    story = live().press("sort_out", "extend", by="li_na", extend_reason="还有三位客户")
    (changed,) = effects(story, ChangeRoster)
    assert (changed.change.kind, changed.change.post, changed.change.shift) == (
        "extend", "after_sales_post", "early",
    )  # fmt: skip
    assert changed.change.until == at(f"{DAY} 18:00")
    assert story.waits_for[0] == "sort_out" and story.open("sort_out").due_at == at(f"{DAY} 18:00")
    story.until(f"{DAY} 17:59")
    assert not story.open("sort_out").overdue and proposed(story) == []
    story.until(f"{DAY} 18:10")
    assert proposed(story) == [("handover_record", "li_na")]


def test_an_extension_while_late_is_not_late_any_more() -> None:
    story = live().until(f"{DAY} 17:35").press("sort_out", "extend", extend_reason="客户还在")
    assert not story.open("sort_out").overdue
    story.until(f"{DAY} 17:50")
    assert proposed(story) == []


def test_an_extension_needs_a_reason_and_nothing_else() -> None:
    assert list(form_mistakes(live(), "sort_out", "extend", {})) == ["extend_reason"]
    half = {"extend_reason": "客户还在", "items": [{"buyer": "王女士"}]}
    assert form_mistakes(live(), "sort_out", "extend", half) == {}


def test_the_shift_is_extended_before_signing_too() -> None:
    story = ready_to_sign(item()).press("sign_off", "extend", extend_reason="又来一位")
    assert story.open("sign_off").due_at == at(f"{DAY} 18:00")
    assert effects(story, ChangeRoster)[0].change.until == at(f"{DAY} 18:00")


def test_twice_extended_is_an_hour() -> None:
    story = live()
    for reason in ("还有一位", "又来一位"):
        story.press("sort_out", "extend", extend_reason=reason)
    assert field(story, "ends_at") == at(f"{DAY} 18:30").isoformat()


# ---- HO-2 who comes ------------------------------------------------------------------------------


def test_who_is_on_duty_already_is_not_asked_to_arrive() -> None:
    story = live(on_duty=["wang_fang"])
    assert story.waits_for == ["sort_out"]
    assert sort_out(story, item()).waits_for == ["check"]


def test_of_two_only_the_one_who_is_not_there_yet_is_asked() -> None:
    story = live(incoming=["wang_fang", "ma_chao"], on_duty=["wang_fang"])
    arrival = story.child("handover_arrival")
    assert [visit.item for visit in arrival.state.visits.values()] == ["ma_chao"]  # type: ignore[union-attr]


def test_the_briefing_waits_for_the_record_and_for_the_people() -> None:
    story = sort_out(live(), item())
    assert story.waits_for == ["arrive"]
    assert arrive(story, "wang_fang").waits_for == ["check"]
    other = arrive(live(), "wang_fang")
    assert other.waits_for == ["sort_out"]


def test_no_successor_and_the_supervisor_names_one() -> None:
    story = live(incoming=[])
    assert "no_successor" in story.waits_for and "arrive" not in story.waits_for
    story.press("no_successor", "named", by="zhang_wei", successors=["ma_chao"])
    assert story.child("handover_arrival").open("check_in").candidates == ["ma_chao"]


def test_no_successor_and_the_supervisor_extends_the_shift() -> None:
    story = live(incoming=[]).press("no_successor", "extended", by="zhang_wei", reason="正在找人")
    assert field(story, "ends_at") == at(f"{DAY} 18:00").isoformat()
    assert "no_successor" in story.waits_for
    assert story.open("sort_out").due_at == at(f"{DAY} 18:00")
    assert effects(story, ChangeRoster)


def test_no_successor_and_the_supervisor_on_call_takes_over() -> None:
    story = live(incoming=[]).press("no_successor", "on_call", by="zhang_wei", reason="没有人")
    story = agree(sort_out(story, item()), item(), by="zhang_wei")
    story.press("sign_off", "signed", by="li_na").press("sign_on", "signed", by="zhang_wei")
    assert effects(story, HandOverWork)[0].to == ("zhang_wei",)


def test_nobody_came_and_the_supervisor_must_find_somebody() -> None:
    story = sort_out(live(), item())
    arrival = story.child("handover_arrival").wait("41m")
    press_own(arrival, "check_in", "absent", "wang_fang", by="zhang_wei", reason="联系不上")
    story.over(arrival)
    assert story.waits_for == ["no_successor"]


def test_named_again_and_again_the_search_ends() -> None:
    story = sort_out(live(incoming=[]), item())
    for _ in range(3):
        story.press("no_successor", "named", by="zhang_wei", successors=["ma_chao"])
        arrival = story.child("handover_arrival").wait("41m")
        press_own(arrival, "check_in", "absent", "ma_chao", by="zhang_wei", reason="没来")
        story.over(arrival)
    story.press("no_successor", "named", by="zhang_wei", successors=["ma_chao"])
    assert story.waits_for == ["check"], "the limit is reached, the handover goes on"


# ---- HO-5 sudden and complex ---------------------------------------------------------------------


def test_a_sudden_problem_locks_the_signatures_until_it_is_solved() -> None:
    story = ready_to_sign(item(hardness="sudden"))
    assert story.waits_for == ["handle_problems"]
    assert story.state and "交接锁定" in story.state.tags
    problem = story.child("handover_problem").press("solve", "solved", by="wang_fang", log="已补发")
    assert story.over(problem).waits_for == ["sign_off"]
    assert story.state and "交接锁定" not in story.state.tags


def test_every_sudden_problem_must_be_over() -> None:
    story = ready_to_sign(item(hardness="sudden"), item(hardness="sudden", ref="AS8"), item(ref="AS9"))
    first, second = (story.child("handover_problem", nth) for nth in (0, 1))
    story.over(first.press("solve", "solved", by="li_na", log="好"))
    assert story.waits_for == ["handle_problems"]
    story.over(second.press("solve", "solved", by="li_na", log="好"))
    assert story.waits_for == ["sign_off"]


def test_an_urgent_item_alone_locks_nothing() -> None:
    assert ready_to_sign(item(urgency="urgent")).waits_for == ["sign_off"]


def test_something_sudden_before_signing_is_handled_first() -> None:
    story = ready_to_sign(item())
    story.press("sign_off", "emergency", by="li_na", problem="客户要求马上退款", buyer="李先生")
    assert story.waits_for == ["one_more"] and story.state and "交接锁定" in story.state.tags
    problem = story.child("handover_problem").press("solve", "solved", by="li_na", log="已退")
    assert story.over(problem).waits_for == ["sign_off"]


# ---- HO-6 and HO-7 signatures --------------------------------------------------------------------


def test_both_signatures_need_a_pin() -> None:
    steps = shipped()[0]["handover"].steps
    assert steps["sign_off"].identity == steps["sign_on"].identity == "pin"  # type: ignore[union-attr]


def test_several_outgoing_agents_all_sign() -> None:
    story = sort_out(live(outgoing=["li_na", "he_jing"]), item())
    agree(arrive(story, "wang_fang"), item())
    story.press("sign_off", "signed", by="he_jing")
    assert story.waits_for == ["sign_off"]
    with pytest.raises(NotYours):
        story.press("sign_off", "signed", by="he_jing")
    assert story.press("sign_off", "signed", by="li_na").waits_for == ["sign_on"]


def test_one_of_several_is_enough_where_the_shop_says_any() -> None:
    story = live(outgoing=["li_na", "he_jing"])
    settings = dict(story.definition.process.settings)
    settings["signers"] = settings["signers"].model_copy(update={"value": "any"})
    process = story.definition.process.model_copy(update={"settings": settings})
    story.definition = type(story.definition)(process, 1, story.definition.messages)
    sort_out(story, item())
    agree(arrive(story, "wang_fang"), item())
    assert story.press("sign_off", "signed", by="he_jing").waits_for == ["sign_on"]


def test_nobody_signs_for_both_sides() -> None:
    story = sort_out(live(outgoing=["li_na", "wang_fang"], incoming=["wang_fang", "ma_chao"]), item())
    arrive(story, "wang_fang", "ma_chao")
    agree(story, item())
    story.press("sign_off", "signed", by="li_na").press("sign_off", "signed", by="wang_fang")
    assert story.open("sign_on").candidates == ["ma_chao"]
    with pytest.raises(NotYours):
        story.press("sign_on", "signed", by="wang_fang")
    story.press("sign_on", "signed", by="ma_chao")
    assert story.state and story.state.status == "completed"


def test_an_unsigned_takeover_goes_to_the_supervisor_after_half_an_hour() -> None:
    story = ready_to_sign(item()).press("sign_off", "signed", by="li_na").wait("30m")
    assert "zhang_wei" in told(story, "late") | told(story, "escalated")
    story.wait("30m")
    # By now the supervisor is asked too: no machine says whose fault it is.
    assert ("handover_not_signed", None) in proposed(story)


def test_an_incoming_agent_who_cannot_sign_is_replaced_and_checks_again() -> None:
    story = ready_to_sign(item()).press("sign_off", "signed", by="li_na").wait("31m")
    story.press("sign_on", "not_coming", by="zhang_wei")
    story.press("new_receiver", "named", by="zhang_wei", successors=["ma_chao"], reason="王芳病了")
    agree(story, item(), by="ma_chao")
    assert story.waits_for == ["sign_on"] and story.open("sign_on").candidates == ["ma_chao"]
    story.press("sign_on", "signed", by="ma_chao")
    assert effects(story, HandOverWork)[0].to == ("ma_chao",)


def test_an_incoming_agent_who_leaves_while_checking_is_replaced() -> None:
    story = arrive(sort_out(live(), item()), "wang_fang")
    checking = story.child("handover_check")
    checking.press("brief_them", "told", explained=["overview", "open", "special", "points"])
    checking.wait("31m").press("verify", "not_coming", by="zhang_wei")
    assert story.over(checking).waits_for == ["new_receiver"]


# ---- asynchronous --------------------------------------------------------------------------------


def test_at_one_in_the_morning_the_outgoing_agent_signs_without_waiting_for_anybody() -> None:
    story = sort_out(night(), item(), by="wang_fang")
    assert story.waits_for == ["sign_off"]
    story.press("sign_off", "signed", by="wang_fang")
    assert story.waits_for == ["wait_for_shift"]
    assert story.open("wait_for_shift").due_at == at("2026-11-25 07:30")


def test_in_between_the_supervisor_on_call_has_what_is_urgent_and_only_that() -> None:
    urgent = item(ref="AS8", urgency="urgent", order_no="20261124008")
    story = sort_out(night(), item(), urgent, by="wang_fang")
    story.press("sign_off", "signed", by="wang_fang")
    (moved,) = effects(story, HandOverWork)
    assert moved.from_people == ("wang_fang",) and moved.to == ()
    assert moved.chosen == (("AS8", "zhang_wei"),)
    (follow_up,) = story.asked_for("handover_follow_up")
    assert follow_up.data["person"] == "zhang_wei" and follow_up.data["about"] == "AS8"


def test_in_the_morning_the_incoming_agent_checks_in_reads_signs_and_gets_it_all() -> None:
    urgent = item(ref="AS8", urgency="urgent", order_no="20261124008")
    story = sort_out(night(), item(), urgent, by="wang_fang")
    story.press("sign_off", "signed", by="wang_fang").until("2026-11-25 07:30")
    assert story.waits_for == ["arrive_later"]
    arrival = story.child("handover_arrival")
    assert arrival.open("check_in").due_at == at("2026-11-25 07:45")
    story.over(press_own(arrival, "check_in", "arrived", "li_na"))
    assert story.child("handover_check").waits_for == ["verify"], "nobody is there to brief"
    agree(story, item(), urgent, by="li_na")
    assert story.waits_for == ["sign_on"], "the outgoing agent signed at one"
    story.press("sign_on", "signed", by="li_na")
    late, given_back = effects(story, HandOverWork)[1:]
    assert (late.from_people, late.to) == (("wang_fang",), ("li_na",))
    assert given_back.from_people == ("zhang_wei",) and given_back.chosen == (("AS8", "li_na"),)


def test_at_night_questions_go_to_the_supervisor_on_call() -> None:
    story = sort_out(night(), item(), by="wang_fang").press("sign_off", "signed", by="wang_fang")
    arrive(story.until("2026-11-25 07:30"), "li_na", step="arrive_later")
    checking = story.child("handover_check")
    checking.press("verify", "checked", by="li_na", same_as_system=True,
                   items=[item(state="question", question="几点补发？")])  # fmt: skip
    assert checking.open("amend").candidates == ["zhang_wei"]


def test_nobody_comes_in_the_morning_and_the_supervisor_names_somebody() -> None:
    story = sort_out(night(incoming=[]), item(), by="wang_fang")
    story.press("sign_off", "signed", by="wang_fang").until("2026-11-25 07:30")
    assert story.waits_for == ["new_receiver"]
    story.press("new_receiver", "named", by="zhang_wei", successors=["he_jing"], reason="没排班")
    assert story.waits_for == ["check"]


def test_the_same_agent_after_a_split_shift_still_hands_over() -> None:
    """004 第四篇: 10:00-14:00 and 17:30-23:00; whoever is alone signs out, a supervisor countersigns."""
    story = night(
        f"{DAY} 13:30", shift="split", outgoing=["ma_chao"], incoming=["ma_chao"],
        ends_at=at(f"{DAY} 14:00").isoformat(), next_starts_at=at(f"{DAY} 17:30").isoformat(),
    )  # fmt: skip
    sort_out(story, item(), by="ma_chao").press("sign_off", "signed", by="ma_chao")
    arrive(story.until(f"{DAY} 17:00"), "ma_chao", step="arrive_later")
    agree(story, item(), by="ma_chao")
    assert story.open("sign_on").candidates == ["zhang_wei"]
    story.press("sign_on", "signed", by="zhang_wei")
    assert story.state and story.state.status == "completed"


def test_a_sudden_problem_at_night_is_handled_with_the_supervisor_on_call() -> None:
    story = sort_out(night(), item(hardness="sudden"), by="wang_fang")
    problem = story.child("handover_problem")
    assert problem.open("solve").candidates == ["wang_fang", "zhang_wei"]


# ---- later entry after an outage -----------------------------------------------------------------


def test_later_entry_needs_the_real_times_and_skips_what_happened_on_paper() -> None:
    story = live(f"{DAY} 20:00", backfill=True)
    assert story.waits_for == ["sort_out"]
    assert story.open("sort_out").due_at == at(f"{DAY} 20:00") + timedelta(hours=4)
    sort_out(story, item())
    assert story.child("handover_check").waits_for == ["verify"]
    agree(story, item())
    assert list(form_mistakes(story, "sign_off", "signed", {})) == ["real_at"]
    real = at(f"{DAY} 17:32").isoformat()
    story.press("sign_off", "signed", by="li_na", real_at=real)
    story.press("sign_on", "signed", by="wang_fang", real_at=real)
    assert story.asked_for("handover_follow_up")[0].data["taken_at"] == real
    assert story.state and "补录" in story.state.tags and story.state.status == "completed"


def test_in_time_nobody_is_asked_for_real_times() -> None:
    assert form_mistakes(ready_to_sign(item()), "sign_off", "signed", {}) == {}


def test_later_entry_of_a_night_shift_does_not_wait_for_the_morning() -> None:
    story = sort_out(night("2026-11-25 09:00", backfill=True), item(), by="wang_fang")
    agree(story, item(), by="li_na", teller="wang_fang")
    story.press("sign_off", "signed", by="wang_fang", real_at=at("2026-11-25 01:00").isoformat())
    assert story.waits_for == ["sign_on"]


# ---- the definition and the shop -----------------------------------------------------------------


def test_every_post_and_shift_of_the_roster_can_be_handed_over() -> None:
    processes, context, _ = shipped()
    fields = processes["handover"].case.fields
    assert set(context.posts) <= set(fields["post"].of)
    assert set(context.shifts) <= set(fields["shift"].of)


def test_the_supervisor_on_call_and_the_ledger_rules_exist() -> None:
    processes, context, _ = shipped()
    assert processes["handover"].settings["on_call"].value in context.members("supervisor")
    rules = context.ledger.rules
    assert {"handover_record", "handover_missing", "handover_not_signed"} <= set(rules)


def test_special_needs_are_required_and_marked() -> None:
    columns = shipped()[0]["handover"].case.fields["items"].fields
    assert columns["special_needs"].required is True and columns["special_needs"].highlight
