"""What is done every month or half month: problems, marks, awards, surveys, couriers, staffing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.family import Family
from tests.story import at
from tests.unit.scheduled import MEASURE, about, asked, notices, proposals, refused

pytestmark = pytest.mark.usefixtures("stories_replay")


# ---- 产品问题及建议（半月） --------------------------------------------------------------------


def problems() -> Family:
    data = {"date": "2026-11-16", "since": at("2026-10-31 09:30").isoformat()}
    return Family.of("product_problems", data, "2026-11-16 09:30")


def test_product_problems_reach_the_head_of_the_department_and_operations() -> None:
    family = problems()
    assert asked(family, "write") == ["li_na"]
    assert refused(family, "write", "hand_in", "li_na") == {"problems"}
    family.press("write", "hand_in", problems="杯盖漏水", advice="换密封圈")
    assert asked(family, "answer") == ["zhang_wei"]
    family.press("answer", "done", "zhang_wei", answer="已联系工厂", measures=[MEASURE])
    assert notices(family, "换密封圈") == {"sun_yue"}
    assert family.first.result == "done" and "improvement" in family.processes


def test_who_does_not_write_or_answer_is_helped_by_the_next() -> None:
    family = problems().until("2026-11-16 13:31")
    assert "zhang_wei" in asked(family, "write")
    family.until("2026-11-18 09:31").press("write", "hand_in", "zhang_wei", problems="无")
    assert "zhang_wei" in family.told("late", "write")
    family.wait("25h")
    assert asked(family, "answer") == ["zhang_wei", "zhou_min"]
    family.press("answer", "done", "zhou_min", answer="知道了")
    assert family.first.result == "done" and family.processes == ["product_problems"]


# ---- 综合考评 ----------------------------------------------------------------------------------


RATED = {"team": 26, "handover": 18, "satisfaction": 24, "competence": 15, "reason": "记录完整"}


def appraisal() -> Family:
    return Family.of("appraisal", {"person": "li_na", "month": "2026-11"}, "2026-12-02 09:00")


def rated(team: int = 20, **changes: Any) -> Family:
    family = appraisal().press("supervisor_rates", "done", "zhang_wei", **{**RATED, **changes})
    return family.press("operations_rates", "done", "sun_yue", team=team)


def test_two_rate_the_person_reads_and_the_sum_is_filed() -> None:
    family = rated()
    assert family.first.title == "考评 2026-11 li_na"
    assert "团队任务 23.0，交接 18" in about(family, "read") and asked(family, "read") == ["li_na"]
    family.press("read", "agree").press("archive", "done", "zhang_wei")
    assert family.first.result == "done" and family.first.data["score"] == 80


def test_marks_stay_within_their_bounds() -> None:
    wrong = refused(appraisal(), "supervisor_rates", "done", "zhang_wei", **{**RATED, "handover": 21})
    assert wrong == {"handover"}


def test_who_disagrees_is_rated_again_twice_at_most() -> None:
    family = rated()
    assert refused(family, "read", "appeal", "li_na") == {"opinion"}
    family.press("read", "appeal", opinion="交接都按时签了")
    family.press("supervisor_rates", "done", "zhang_wei", **{**RATED, "handover": 20})
    family.press("operations_rates", "done", "sun_yue", team=30)
    family.press("read", "appeal", opinion="还是低")
    assert family.waits_for == ["appraisal:archive"]
    family.press("archive", "done", "zhang_wei", talk="面谈过")
    assert family.first.data["score"] == 87


def test_low_marks_are_proposed_by_the_ledger_alone() -> None:
    family = rated(team=5, handover=5).press("read", "agree")
    family.press("archive", "done", "zhang_wei", score=50)
    assert family.first.result == "done" and proposals(family) == []


def test_raters_who_are_late_are_told_and_silence_of_the_person_holds_up_nothing() -> None:
    family = appraisal().until("2026-12-05 09:01")
    assert {"zhou_min"} <= set(family.told("late", "supervisor_rates"))
    assert "zhou_min" in asked(family, "operations_rates")
    family.press("supervisor_rates", "done", "zhang_wei", **RATED)
    family.press("operations_rates", "done", "zhou_min", team=26).wait("73h")
    assert family.waits_for == ["appraisal:archive"]


# ---- 每月奖励和台账小结 ------------------------------------------------------------------------


AWARDS = [
    {"rule": "best_agent", "person": "li_na", "reason": "零投诉"},
    {"rule": "best_cooperation", "person": "he_jing", "reason": "常替班"},
]
TOTALS = [
    {"key": "k1", "person": "wang_fang", "rule": "extra_deduction", "reason": "轻度四条", "propose": True},
    {"key": "k2", "person": "ma_chao", "rule": "no_complaint", "reason": "零投诉", "propose": False},
]  # fmt: skip


def awards() -> Family:
    return Family.of("monthly_awards", {"month": "2026-11"}, "2026-12-12 09:00")


def test_awards_and_what_was_ticked_are_proposed_once_management_agrees() -> None:
    family = awards().press("pick", "done", "zhang_wei", awards=AWARDS, proposals=TOTALS)
    assert proposals(family) == [] and asked(family, "confirm") == ["zhou_min"]
    family.press("confirm", "agree", "zhou_min")
    assert proposals(family) == [
        ("best_agent", "li_na"), ("best_cooperation", "he_jing"), ("extra_deduction", "wang_fang")
    ]  # fmt: skip
    assert "ma_chao" in notices(family, "优秀客服奖：李娜") and family.first.result == "done"


def test_a_month_without_awards_is_published_too() -> None:
    family = awards().press("pick", "done", "zhang_wei").press("confirm", "agree", "zhou_min")
    assert family.first.result == "done" and proposals(family) == []
    assert "li_na" in notices(family, "基金余额")


def test_management_sends_it_back_until_it_is_dropped() -> None:
    family = awards()
    for _ in range(4):
        family.press("pick", "done", "zhang_wei", awards=AWARDS)
        family.press("confirm", "change", "zhou_min", comment="再看")
    assert family.first.result == "stopped" and proposals(family) == [] == list(notices(family))


def test_late_awards_are_told_to_management() -> None:
    assert "zhou_min" in awards().until("2026-12-15 09:01").told("late", "pick")


# ---- 满意度调查 --------------------------------------------------------------------------------


RETURNED = {"sent": 100, "answered": 40, "satisfied": 36, "wishes": "发货快些"}


def survey() -> Family:
    return Family.of("satisfaction_survey", {"month": "2026-12"}, "2026-12-10 10:00")


def test_a_survey_is_counted_studied_and_leads_to_measures() -> None:
    family = survey().press("survey", "done", asked(survey(), "survey")[0], **RETURNED)
    family.press("study", "done", "zhang_wei", analysis="物流慢", measures=[MEASURE])
    assert family.first.result == "done" and "improvement" in family.processes


@pytest.mark.parametrize(("field", "number"), [("answered", 101), ("satisfied", 41)])
def test_a_survey_cannot_return_more_than_it_sent(field: str, number: int) -> None:
    wrong = refused(survey(), "survey", "done", "li_na", **{**RETURNED, field: number})
    assert field in wrong


def test_a_survey_nobody_takes_up_is_the_supervisors() -> None:
    family = survey().until("2026-12-12 10:01")
    assert "zhang_wei" in asked(family, "survey")
    assert "zhang_wei" in family.until("2026-12-17 10:01").told("late", "survey")


# ---- 快递评价 ----------------------------------------------------------------------------------


CARRIER = {"carrier": "圆通", "parcels": 900, "late": 30, "lost": 2, "broken": 5, "manner": 3}


def carriers() -> Family:
    return Family.of("carrier_review", {"month": "2026-11"}, "2026-12-05 10:00")


def test_couriers_are_rated_and_the_decision_reaches_who_ships() -> None:
    family = carriers()
    wrong = refused(family, "rate", "done", "wu_gang", carriers=[{**CARRIER, "manner": 6}])
    assert wrong == {"carriers.0.manner", "advice"}
    family.press("rate", "done", "wu_gang", carriers=[CARRIER], advice="约谈")
    assert "约谈" in about(family, "decide")
    family.press("decide", "done", "zhou_min", decision="约谈，下月再看")
    assert notices(family, "下月再看") == {"wu_gang", "feng_lei", "zhang_wei"}
    assert family.first.result == "done"


def test_a_rating_nobody_begins_goes_to_the_supervisor() -> None:
    family = carriers().until("2026-12-08 10:01")
    assert "zhang_wei" in asked(family, "rate") and "zhang_wei" in family.told("late", "rate")


# ---- 大促排班 ----------------------------------------------------------------------------------


PLAN = {
    "plan": "晚班加一人", "response_group": ["li_na", "he_jing"],
    "extra": [{"person": "he_jing", "day": "2026-12-11", "note": "晚班"}],
}  # fmt: skip


def staffing(**changes: Any) -> Family:
    data = {"name": "双十二", "from_day": "2026-12-10", "to_day": "2026-12-13", "forecast": 800}
    return Family.of("promotion_staffing", {**data, **changes}, "2026-11-20 10:00", "sun_yue")


def test_a_promotion_is_staffed_approved_announced_and_put_in_the_roster() -> None:
    family = staffing()
    assert "预估每天咨询 800" in about(family, "plan")
    family.press("plan", "done", "zhang_wei", **PLAN).press("decide", "agree", "zhou_min")
    told = notices(family, "紧急响应组：李娜 何静")
    assert {"ma_chao", "feng_lei", "wu_gang"} <= told
    assert refused(family, "roster", "done", "zhang_wei") == {"checked"}
    family.press("roster", "done", "zhang_wei", checked=["two"])
    assert family.first.result == "done"


def test_the_monthly_look_ahead_asks_for_the_forecast_or_finds_nothing() -> None:
    family = staffing(name="例行 2026-11", forecast=None)
    assert refused(family, "plan", "done", "zhang_wei", **PLAN) == {"forecast"}
    assert family.press("plan", "none", "zhang_wei").first.result == "none"
    family = staffing(forecast=None).press("plan", "done", "zhang_wei", **PLAN, forecast=300)
    assert family.first.data["forecast"] == 300 and "300" in about(family, "decide")


def test_a_plan_that_is_never_agreed_ends_without_a_word_to_everybody() -> None:
    family = staffing()
    for _ in range(4):
        family.press("plan", "done", "zhang_wei", **PLAN)
        family.press("decide", "change", "zhou_min", comment="再加人")
    assert family.first.result == "stopped" and notices(family) == set()


def test_a_roster_that_is_not_ready_the_day_before_is_told() -> None:
    family = staffing(from_day="2026-11-22", to_day="2026-11-23")
    family.press("plan", "done", "zhang_wei", **PLAN).press("decide", "agree", "zhou_min")
    assert family.find("roster")[1].due_at == at("2026-11-21 00:00")
    assert "zhou_min" in family.until("2026-11-21 00:01").told("late", "roster")


def test_a_promotion_ends_after_it_begins() -> None:
    with pytest.raises(Exception, match="结束不能早于开始"):
        staffing(to_day="2026-12-01")
