"""The after-sales loop from the record to the next round (AS-1 to AS-6), on the pure engine."""

from __future__ import annotations

from typing import Any

import pytest

from jieli.engine.errors import FormError
from jieli.engine.events import ProposeEntry
from tests.family import Family, photos
from tests.story import Story, at
from tests.unit.after_sales import (
    PROBLEM,
    RESULT,
    SIMPLE,
    accepted,
    answered,
    at_department,
    begun,
    sorted_as,
    unsatisfied,
)


def proposed(family: Family) -> list[str]:
    """The ledger rules that were proposed, in all cases."""
    return [e.rule for s in family.stories.values() for e in s.effects if isinstance(e, ProposeEntry)]


# ---- AS-1 接收与记录 ----


@pytest.mark.parametrize("missing", ["customer_name", "phone", "order_no", "problem", "happened_at"])
def test_the_record_needs_name_contact_order_problem_and_time(missing: str) -> None:
    with pytest.raises(FormError) as refused:
        begun(**dict[str, Any]({missing: None}))
    assert missing in refused.value.fields


def test_the_same_order_has_one_open_case_of_a_shop() -> None:
    case = Story.of("after_sales", PROBLEM, "2026-11-23 09:00", "li_na").definition.process.case
    assert case.key == ("shop", "order_no") and case.reopen == "after_close"
    assert "原单" in (case.fields["order_no"].hint or "")


def test_the_customer_is_greeted_before_anything_else() -> None:
    with pytest.raises(FormError):
        begun().press("accept", "accepted", greeted=False)


def test_who_accepts_owns_the_case_for_its_whole_life() -> None:
    family = begun("2026-11-23 16:30").press("accept", "accepted", by="wang_fang", greeted=True)
    assert family.first.owner == "wang_fang"
    assert family.find("triage")[1].candidates == ["wang_fang"]


def test_nobody_accepts_in_time_tells_the_supervisor_and_is_proposed_for_the_ledger() -> None:
    family = begun().wait("30m")
    assert "zhang_wei" in family.told("late", "accept")
    family.wait("15m").press("accept", "accepted", greeted=True)
    assert proposed(family) == ["overrun_11_to_30"]


def test_from_a_bad_review_what_is_missing_is_filled_in_at_acceptance() -> None:
    story = Story.bad_review()
    story.press("check_chat", "real_problem", deal="三天前", cause="杯盖漏水", fault="ours")
    (asked,) = story.asked_for("after_sales")
    family = Family.of("after_sales", asked.data, "2026-11-20 09:00")
    assert family.first.data["source"] == "bad_review"
    assert family.first.buyer == "taobao_main/小鹿爱吃草", "the same buyer as in the review's case"
    family.press("accept", "accepted", greeted=True)
    assert family.first.data["customer_name"] == "小鹿爱吃草"


def test_a_paper_slip_from_an_outage_comes_in_without_phone_only_from_other_processes() -> None:
    bare = {name: PROBLEM[name] for name in ("shop", "order_no", "problem")}
    family = Family.of("after_sales", {**bare, "source": "handover"}, "2026-11-23 09:00")
    with pytest.raises(FormError) as refused:
        family.press("accept", "accepted", greeted=True)
    assert {"customer_name", "phone", "happened_at"} <= set(refused.value.fields)


# ---- AS-2 分类和分诊 ----


@pytest.mark.parametrize(
    ("kind", "play", "step"),
    [
        ("not_as_imagined", "play_not_as_imagined", "explain"),
        ("service", "play_service", "read_chat"),
        ("missing", "play_missing", "apologise"),
        ("late", "play_late", "trace"),
        ("logistics", "play_late", "trace"),
        ("damaged", "play_damaged", "signed"),
        ("quality", "play_quality", "judge"),
        ("usage", "handle_now", "answer_now"),
        ("policy", "handle_now", "answer_now"),
        ("other", "handle_now", "answer_now"),
    ],
)
def test_a_simple_problem_is_handled_at_once_by_the_way_for_its_kind(
    kind: str, play: str, step: str
) -> None:
    family = sorted_as(kind, evidence=photos(1))
    assert f"{play}:{step}" in family.waits_for
    assert family.find(step)[1].candidates == ["li_na"], "the same agent, the same contact"


def test_class_urgency_and_priority_are_required_and_set_the_priority() -> None:
    with pytest.raises(FormError) as refused:
        accepted().press("triage", "sorted", kind="usage")
    assert {"complexity", "urgency", "priority"} <= set(refused.value.fields)
    family = accepted().press("triage", "sorted", kind="usage", **{**SIMPLE, "priority": "high"})
    assert family.first.priority == "high"


def test_a_complex_problem_needs_a_department() -> None:
    with pytest.raises(FormError) as refused:
        at_department(departments=[])
    assert "departments" in refused.value.fields


def test_beyond_the_agents_authority_goes_to_a_department_though_it_is_simple() -> None:
    family = accepted().press(
        "triage", "sorted", kind="usage", **SIMPLE, beyond=True, departments=["finance"]
    )
    assert family.case("department_desk").state.data["department"] == "finance"  # type: ignore[union-attr]


def test_triage_may_ask_the_customer_first_and_sees_the_answer() -> None:
    family = accepted().press("triage", "ask", question="哪一批的杯子？")
    family.press("ask", "asked").wait("1h").press("wait_answer", "answered", answer="十月那批")
    assert "after_sales:triage" in family.waits_for and family.first.data["answer"] == "十月那批"


@pytest.mark.parametrize(("priority", "told"), [("high", ["zhang_wei"]), ("normal", [])])
def test_a_complaint_is_reported_to_the_supervisor_by_how_serious_it_is(
    priority: str, told: list[str]
) -> None:
    words = {**SIMPLE, "priority": priority, "callback_due": True}
    assert accepted().press("triage", "sorted", kind="usage", **words).told("notice") == told


# ---- AS-3a 解决不了 ----


def test_what_cannot_be_solved_at_once_goes_to_the_department_the_agent_chooses() -> None:
    family = sorted_as("usage").press("answer_now", "not_solved", cause="要看硬件")
    family.press("choose", "chosen", departments=["tech"])
    assert "department_desk:name_person" in family.waits_for


def test_what_cannot_be_solved_at_once_may_turn_out_to_be_major() -> None:
    family = sorted_as("usage").press("answer_now", "not_solved", cause="有人烫伤")
    assert "coordination:major_decides" in family.press("choose", "major").waits_for


# ---- AS-3b, AS-5, AS-6 ----


def test_a_departments_result_is_told_to_the_customer_at_once() -> None:
    family = at_department("tech").press("name_person", "mine", by="zheng_kai")
    family.press("work", "done", by="zheng_kai", **RESULT)
    tell = family.find("tell")[1]
    assert tell.due_at == at("2026-11-23 09:30")
    assert family.first.data["fault"] == "supplier" and family.first.data["cause"] == "密封圈老化"


def test_a_result_with_money_goes_to_finance_before_the_customer_is_told() -> None:
    family = at_department("tech").press("name_person", "mine", by="zheng_kai")
    family.press("work", "done", by="zheng_kai", **RESULT, money=True)
    family.press("plan", "ask", way="reissue", amount="0", reason="换新", remark="补发杯盖_李娜")
    family.press("approve", "approved", by="zhang_wei").press("pay", "paid", by="chen_jing", paid_no="F1")
    family.press("ship", "shipped", by="feng_lei", ship_no="SF123")
    assert "after_sales:tell" in family.waits_for
    assert family.first.data["slip_done"] == "补发 SF123"


def test_a_slip_that_is_not_approved_is_known_when_the_customer_is_told() -> None:
    family = at_department("tech").press("name_person", "mine", by="zheng_kai")
    family.press("work", "done", by="zheng_kai", **RESULT, money=True)
    family.press("plan", "ask", way="refund", amount="9", reason="漏水", remark="退差价_李娜")
    family.press("approve", "rejected", by="zhang_wei", note="先换新")
    assert "after_sales:tell" in family.waits_for
    story, _ = family.find("tell")
    assert story.state and story.state.answers["slip"]["result"] == "rejected"


def test_wrong_department_comes_back_to_triage_with_its_reason() -> None:
    family = at_department("tech").press("name_person", "not_ours", by="zheng_kai", reason="是快递的事")
    assert "after_sales:triage" in family.waits_for
    assert family.first.data["reason"] == "是快递的事"
    family.press("triage", "sorted", kind="late", complexity="complex", urgency="normal",
                 priority="normal", departments=["logistics"])  # fmt: skip
    assert family.find("name_person")[1].role == "logistics"


def test_sent_to_and_fro_too_often_goes_to_the_supervisor() -> None:
    family = at_department("tech")
    for _ in range(7):
        family.press("name_person", "not_ours", by="zheng_kai", reason="不是我们")
        family.press("triage", "sorted", departments=["tech"])
    family.press("name_person", "not_ours", by="zheng_kai", reason="不是我们")
    assert "dissatisfied:supervisor" in family.waits_for


# ---- AS-6 满意没有 ----


def test_a_satisfied_customer_ends_the_handling() -> None:
    assert answered().press("tell", "satisfied").waits_for == ["after_sales:archive"]


def test_an_unsatisfied_one_begins_the_next_round_with_the_reason() -> None:
    family = answered().press("tell", "unsatisfied", feedback="还是漏")
    assert "after_sales:triage" in family.waits_for
    assert (family.first.data["round"], family.first.data["reason"]) == (2, "还是漏")
    assert "第二轮以上" in family.first.tags


def test_the_wish_must_be_written_down_when_the_customer_is_not_satisfied() -> None:
    with pytest.raises(FormError):
        answered().press("tell", "unsatisfied")


def test_two_rounds_go_to_the_supervisor_whose_word_is_the_reason_of_the_next() -> None:
    family = unsatisfied(answered(), 2)
    assert "dissatisfied:supervisor" in family.waits_for
    family.press("supervisor", "again", by="zhang_wei", advice="换一只新的")
    assert "after_sales:triage" in family.waits_for and family.first.data["reason"] == "换一只新的"


def test_three_rounds_go_to_management_and_only_management_closes() -> None:
    family = unsatisfied(answered(), 2).press("supervisor", "again", by="zhang_wei", advice="换新")
    unsatisfied(family, 1)
    assert "dissatisfied:management" in family.waits_for
    family.press("management", "close", by="zhou_min", advice="已尽力")
    assert family.waits_for == ["after_sales:archive"]
    family.press("archive", "archived", fault="nobody", cause="期望不符")
    assert family.first.result == "unresolved"


def test_the_supervisor_may_ask_management_early() -> None:
    family = unsatisfied(answered(), 2).press("supervisor", "management", by="zhang_wei", advice="请定")
    family.press("management", "again", by="zhou_min", advice="再试一次")
    assert "after_sales:triage" in family.waits_for


def test_it_never_goes_round_for_ever() -> None:
    family = unsatisfied(answered(), 2).press("supervisor", "again", by="zhang_wei", advice="换新")
    for _ in range(3):
        unsatisfied(family, 1).press("management", "again", by="zhou_min", advice="再试")
    assert "dissatisfied:management" in family.waits_for, "the sixth round is the last"
    family.press("management", "close", by="zhou_min", advice="到此为止")
    assert family.waits_for == ["after_sales:archive"]


def test_the_customer_is_tried_twice_in_48_hours_then_the_case_is_marked() -> None:
    family = answered().press("tell", "unreachable").wait("24h")
    family.press("tell", "unreachable").wait("24h")
    assert family.waits_for == ["after_sales:archive"]
    assert "无法联系" in family.first.tags and "zhang_wei" in family.told("notice")
    family.press("archive", "archived", fault="nobody", cause="不明")
    assert family.first.result == "unreachable"
    family.replayed()


def test_a_customer_who_comes_back_is_told_at_once() -> None:
    family = answered().press("tell", "unreachable").wait("24h").press("tell", "unreachable")
    family.wait("5h").press("reach_again", "reached")
    assert "after_sales:tell" in family.waits_for and family.first.data["exit"] is None


def test_the_wait_for_the_second_try_does_not_carry_over_to_the_next_round() -> None:
    family = answered().press("tell", "unreachable").wait("24h")
    family.press("tell", "unsatisfied", feedback="还是漏").press("triage", "sorted")
    assert family.first.data["tries"] == 0


def test_telling_late_goes_to_owner_supervisor_and_then_management() -> None:
    family = answered().wait("30m")
    assert {"li_na", "zhang_wei"} <= set(family.told("late", "tell"))
    assert "zhou_min" in family.wait("2h").told("late", "tell")
    assert "overrun_over_30" in proposed(family)
