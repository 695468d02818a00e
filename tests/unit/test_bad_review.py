"""The bad-review process as its source documents tell it (BR-0 to BR-9), on the pure engine."""

from __future__ import annotations

import pytest

from jieli.engine.errors import CaseClosed, NotYours, WindowClosed, WorkItemClosed
from jieli.engine.events import (
    AnswerTakenBack,
    BlockContact,
    ContactBlocked,
    StartCase,
    SubCaseEnded,
    TimerFired,
    WorkItemAnswered,
    WorkItemClaimed,
    WorkItemDelegated,
)
from tests.story import Story, at

CHECKED = {"deal": "三天前发货", "cause": "杯盖漏水", "fault": "ours"}


def left_message(start: str = "2026-11-20 09:00", **changes: object) -> Story:
    """A case whose message was left and SMS sent at `start`."""
    story = Story.bad_review(start, **changes)
    story.press("check_chat", "contact", **CHECKED)
    story.press("leave_message", "sent", text="您好，非常抱歉")
    if "sms" in story.waits_for:
        story.press("sms", "sent")
    return story


def test_a_severe_review_is_told_to_the_supervisor_at_once() -> None:
    story = Story.bad_review()
    assert [m.to_person for m in story.messages("notice")] == ["zhang_wei"]
    assert story.waits_for == ["check_chat"]
    assert story.state and story.state.priority == "high" and "严重" in story.state.tags


def test_a_normal_review_is_not_told_to_the_supervisor() -> None:
    assert Story.bad_review(severity="normal").messages("notice") == []


def test_severe_ones_have_one_hour_and_others_four() -> None:
    assert Story.bad_review().open("check_chat").due_at == at("2026-11-20 09:30")
    normal = Story.bad_review(severity="normal")
    assert normal.open("check_chat").due_at == at("2026-11-20 12:30")


@pytest.mark.parametrize(
    ("done", "waited", "call"),
    [
        ("2026-11-20 09:00", "2026-11-22 09:00", "2026-11-22 09:30"),
        ("2026-11-20 09:45", "2026-11-22 09:45", "2026-11-22 09:45"),
        ("2026-11-20 10:31", "2026-11-22 10:31", "2026-11-22 16:00"),
        ("2026-11-20 15:10", "2026-11-22 15:10", "2026-11-22 16:00"),
        ("2026-11-20 16:20", "2026-11-22 16:20", "2026-11-22 16:20"),
        ("2026-11-20 22:00", "2026-11-22 22:00", "2026-11-23 09:30"),
        ("2026-12-30 22:00", "2027-01-01 22:00", "2027-01-02 09:30"),
    ],
)
def test_after_48_hours_the_phone_step_opens_in_the_next_call_window(
    done: str, waited: str, call: str
) -> None:
    by = "wang_fang" if done.endswith("22:00") else "li_na"
    story = Story.bad_review(done)
    story.press("check_chat", "contact", by=by, **CHECKED)
    story.press("leave_message", "sent", by=by, text="您好").press("sms", "sent", by=by)
    assert story.open("wait_reply").due_at == at(waited)
    story.until(waited)
    phone = story.open("phone")
    if waited != call:
        assert phone.status == "scheduled"
        story.until(call)
    assert story.open("phone").status == "open"
    assert at(call) == max(phone.window_start or at(call), at(waited))


def test_the_48_hours_count_from_the_later_of_message_and_sms() -> None:
    story = Story.bad_review("2026-11-20 09:00")
    story.press("check_chat", "contact", **CHECKED).press("leave_message", "sent", text="您好")
    story.wait("1h").press("sms", "sent")
    assert story.open("wait_reply").due_at == at("2026-11-22 10:00")


def test_without_a_phone_number_there_is_no_sms_step() -> None:
    story = left_message(buyer_phone=None)
    assert "sms" not in story.path
    assert story.open("wait_reply").due_at == at("2026-11-22 09:00")


def test_a_dead_virtual_number_is_skipped_with_a_reason_and_48_hours_still_count() -> None:
    story = Story.bad_review("2026-11-20 09:00")
    story.press("check_chat", "contact", **CHECKED).press("leave_message", "sent", text="您好")
    story.press("sms", "skipped", skip_reason="虚拟号码已失效")
    assert story.waits_for == ["wait_reply"]


def test_a_reply_at_hour_20_ends_the_wait_and_no_phone_step_opens() -> None:
    story = left_message().wait("20h").press("wait_reply", "replied", by="wang_fang")
    assert story.waits_for == ["result"]
    story.wait("40h")
    assert "phone" not in story.path


def test_a_reply_counts_while_the_sms_is_still_to_be_sent() -> None:
    story = Story.bad_review("2026-11-20 09:00")
    story.press("check_chat", "contact", **CHECKED).press("leave_message", "sent", text="您好")
    assert story.open("wait_reply").status == "listening"
    story.press("wait_reply", "replied")
    assert story.waits_for == ["result"]
    assert [v.outcome for v in story.visits.values() if v.step == "sms"] == ["overtaken"]


def test_the_waits_link_is_sent_once_and_stays_the_same_visit() -> None:
    story = left_message()
    assert len({m.visit for m in story.messages("wait")}) == 1
    assert len(story.messages("wait")) == 1


def test_an_answer_outside_the_call_window_is_refused_and_nothing_changes() -> None:
    story = left_message("2026-11-20 15:10").wait("48h")
    before = story.state.model_dump_json() if story.state else ""
    with pytest.raises(WindowClosed):
        story.press("phone", "reached", summary="好")
    assert story.state and story.state.model_dump_json() == before


def test_a_missed_window_offers_the_call_again_in_the_next_one_and_tells_the_supervisor() -> None:
    story = left_message("2026-11-20 09:45").wait("48h")
    story.until("2026-11-22 10:45")
    phone = story.open("phone")
    assert phone.status == "scheduled" and phone.window_start == at("2026-11-22 16:00")
    assert {m.to_person for m in story.messages("missed")} == {"zhang_wei"}
    assert phone.generation == 1, "the link of the missed window is dead"


def test_the_second_call_belongs_to_another_half_day_and_then_the_supervisor_decides() -> None:
    story = left_message("2026-11-20 09:45").wait("48h").press("phone", "not_reached")
    assert story.open("phone").window_start == at("2026-11-22 16:00")
    story.until("2026-11-22 16:05").press("phone", "not_reached", by="wang_fang")
    assert story.waits_for == ["supervisor_decides"]


def test_the_result_of_a_call_begun_in_the_window_can_be_written_down_after_it() -> None:
    story = left_message("2026-11-20 09:45").wait("48h").until("2026-11-22 10:40")
    story.press("phone", "reached", summary="答应周三改")
    assert story.waits_for == ["result"]


def test_promised_verified_and_archived() -> None:
    story = left_message("2026-11-20 09:45").wait("48h").press("phone", "reached", summary="好")
    story.press("result", "promised", said="周三改", promised_at="2026-11-25T02:00:00+00:00")
    story.wait("3m")
    assert story.open("wait_promised").due_at == at("2026-11-25 10:00")
    story.until("2026-11-25 10:00").press("verify_change", "changed")
    story.press("archive", "archived", process="已处理")
    assert story.state and story.state.status == "completed" and story.state.result == "changed"
    assert story.state.data["progress"] == "changed" and story.state.data["handling"] == "called"
    assert story.waits_for == [] and story.state.timers == {}


def test_a_promise_not_kept_leads_to_another_call() -> None:
    story = left_message().wait("20h").press("wait_reply", "replied", by="wang_fang")
    story.press("result", "promised", by="wang_fang", said="好", promised_at="2026-11-22T01:00:00+00:00")
    story.until("2026-11-22 09:00").press("verify_change", "not_changed")
    assert story.open("phone").window_start == at("2026-11-22 09:30")


def test_a_refusal_ends_contact() -> None:
    story = left_message().wait("1h").press("wait_reply", "replied")
    story.press("result", "refused", said="不改").wait("3m")
    assert story.waits_for == ["supervisor_closes"]
    story.press("supervisor_closes", "close", by="zhang_wei", reason="买家拒绝")
    story.press("archive", "archived", process="已处理")
    assert story.state and story.state.result == "closed"


def test_a_wish_not_to_be_contacted_is_kept_for_every_process() -> None:
    story = left_message().wait("1h").press("wait_reply", "replied")
    story.press("result", "no_contact", said="别再联系").wait("3m")
    assert story.waits_for == ["supervisor_closes"]
    blocks = [effect for effect in story.effects if isinstance(effect, BlockContact)]
    assert [block.buyer for block in blocks] == ["taobao_main/小鹿爱吃草"]


def test_a_wish_told_in_another_case_takes_the_contact_steps_away_here() -> None:
    story = Story.bad_review()
    story.press("check_chat", "contact", **CHECKED)
    story.apply(ContactBlocked(by="wang_fang"))
    assert story.waits_for == ["supervisor_closes"]


def test_compensation_needs_a_recorded_fault_and_leads_to_the_archive_not_to_the_review() -> None:
    story = left_message().wait("1h").press("wait_reply", "replied")
    story.press("result", "remedy", said="要赔").wait("3m")
    assert story.waits_for == ["remedy"]
    child = next(effect for effect in story.effects if isinstance(effect, StartCase))
    assert child.process == "money_slip" and child.data["fault"] == "ours"
    story.apply(SubCaseEnded(visit=child.visit, case_id="c2", ref="A2", result="paid"))
    assert story.waits_for == ["archive"]
    story.press("archive", "archived", process="已补救")
    assert story.state and story.state.result == "remedied"


def test_without_a_fault_nothing_is_paid() -> None:
    story = Story.bad_review("2026-11-20 09:00")
    story.press("check_chat", "contact", **{**CHECKED, "fault": "buyer"})
    story.press("leave_message", "replied").press("result", "remedy", said="要赔").wait("3m")
    assert story.waits_for == ["supervisor_decides"]
    assert "remedy" not in story.path


def test_a_product_problem_opens_a_linked_after_sales_case_and_goes_on() -> None:
    story = Story.bad_review()
    story.press("check_chat", "real_problem", **CHECKED)
    child = next(effect for effect in story.effects if isinstance(effect, StartCase))
    assert child.process == "after_sales" and not child.wait
    assert story.waits_for == ["leave_message"]


def test_an_answer_may_be_taken_back_within_three_minutes() -> None:
    story = left_message().wait("1h").press("wait_reply", "replied")
    story.press("result", "refused", said="不改")
    held = story.open("result")
    assert held.status == "held" and "supervisor_closes" not in story.path
    story.wait("2m").apply(AnswerTakenBack(visit=held.id, by="li_na"))
    assert story.open("result").status == "open"
    story.press("result", "changed", said="改了").wait("3m")
    assert story.waits_for == ["verify_change"]


def test_only_who_answered_may_take_it_back() -> None:
    story = left_message().wait("7h").press("wait_reply", "replied")
    story.press("result", "refused", said="不改")
    with pytest.raises(NotYours):
        story.apply(AnswerTakenBack(visit=story.open("result").id, by="wang_fang"))


def test_a_second_answer_is_told_who_was_first() -> None:
    story = Story.bad_review()
    visit = story.open("check_chat")
    story.press("check_chat", "contact", **CHECKED)
    with pytest.raises(WorkItemClosed) as told:
        story.apply(
            WorkItemAnswered(visit=visit.id, button="contact", answers=CHECKED, by="li_na")
        )
    assert told.value.by == "李娜"


def test_somebody_who_was_not_asked_may_not_answer() -> None:
    story = Story.bad_review()
    with pytest.raises(NotYours):
        story.press("check_chat", "contact", by="chen_jing", **CHECKED)


def test_a_claimed_item_belongs_to_who_claimed_it_and_its_ladder_stops() -> None:
    story = Story.bad_review("2026-11-20 16:30")
    visit = story.open("check_chat")
    assert visit.candidates == ["li_na", "wang_fang"]
    story.apply(WorkItemClaimed(visit=visit.id, by="wang_fang"))
    with pytest.raises(NotYours):
        story.press("check_chat", "contact", by="li_na", **CHECKED)
    story.wait("10h")
    assert not story.messages("escalated")


def test_a_delegated_item_leaves_the_others() -> None:
    story = Story.bad_review("2026-11-20 16:30")
    visit = story.open("check_chat")
    story.apply(WorkItemDelegated(visit=visit.id, by="li_na", to="wang_fang", reason="下班了"))
    assert story.open("check_chat").generation == 1
    assert [m.to_person for m in story.messages("handed_on")] == ["wang_fang"]


def test_reminders_then_late_then_the_supervisor() -> None:
    story = Story.bad_review("2026-11-20 09:00", severity="normal")
    story.wait("2h")
    assert len(story.messages("reminder")) == 1
    assert [m.to_person for m in story.messages("escalated")] == ["zhang_wei"], "after pick_up"
    story.wait("2h")
    assert story.state and "逾期" in story.state.tags
    late = {m.to_person for m in story.messages("late")}
    assert {"li_na", "zhang_wei"} <= late
    story.press("check_chat", "contact", **CHECKED)
    assert story.state and "逾期" not in story.state.tags


def test_at_two_in_the_morning_nobody_is_woken_and_the_case_says_so() -> None:
    story = Story.bad_review("2026-11-20 02:00", severity="normal")
    assert story.state and "无人" in story.state.tags
    assert story.messages("work_item") == []
    story.until("2026-11-20 08:00")
    assert [m.to_person for m in story.messages("work_item")] == ["li_na"]
    assert story.state and "无人" not in story.state.tags


def test_messages_mask_personal_data() -> None:
    for message in Story.bad_review().messages():
        text = " ".join([message.title, message.text, *(v for _, v in message.facts)])
        assert "小鹿爱吃草" not in text and "13812345678" not in text


def test_nothing_is_accepted_after_the_end() -> None:
    story = left_message().wait("1h").press("wait_reply", "replied")
    story.press("result", "refused", said="不").wait("3m")
    story.press("supervisor_closes", "close", by="zhang_wei", reason="好")
    story.press("archive", "archived", process="好")
    with pytest.raises(CaseClosed):
        story.apply(ContactBlocked())


def test_replaying_the_events_gives_the_same_state() -> None:
    story = left_message("2026-11-20 09:45").wait("48h").press("phone", "not_reached")
    story.until("2026-11-22 16:05").press("phone", "reached", by="wang_fang", summary="好")
    assert story.replayed() == story.state


def fire_late(story: Story, when: str) -> None:
    """The clock was away and comes back: everything due fires at that moment, in order."""
    story.now = at(when)
    while story.state and (due := [t for t in story.state.timers.values() if t.at <= story.now]):
        timer = min(due, key=lambda t: (t.at, t.id))
        story.apply(TimerFired(timer=timer.id, at=timer.at))


def test_after_an_outage_missed_reminders_are_one_message() -> None:
    story = Story.bad_review("2026-11-20 09:00", severity="normal")
    fire_late(story, "2026-11-20 15:00")
    assert len(story.messages("reminder")) == 0 and len(story.messages("late")) == 2
    assert story.state and "逾期" in story.state.tags


def test_a_window_that_passed_during_an_outage_was_missed_and_the_next_one_is_offered() -> None:
    story = left_message("2026-11-20 09:00").until("2026-11-22 09:20")
    assert story.open("phone").window_start == at("2026-11-22 09:30")
    fire_late(story, "2026-11-22 11:00")
    assert story.open("phone").window_start == at("2026-11-22 16:00")
    assert story.open("phone").status == "scheduled" and story.messages("missed")
