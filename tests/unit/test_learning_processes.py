"""What is learnt, tried and rewarded: exams, new products, campaigns, rewards, levels."""

from __future__ import annotations

from typing import Any

import pytest

from jieli.engine.errors import FormError
from tests.family import Family
from tests.story import at
from tests.unit.scheduled import about, asked, notices, proposals, refused

pytestmark = pytest.mark.usefixtures("stories_replay")

NOW = "2026-11-20 09:00"
LEARNERS = ["li_na", "wang_fang", "ma_chao"]


# ---- 培训和考试 --------------------------------------------------------------------------------


def training(kind: str = "exam") -> Family:
    data = {"subject": "交接班记录", "kind": kind, "asked_on": "2026-11-20", "person": "li_na"}
    return Family.of("training", data, NOW, "li_na")


def planned(kind: str = "exam") -> Family:
    family = training(kind)
    when = at("2026-11-21 14:00").isoformat()
    family.press("plan", "plan", "zhang_wei", people=LEARNERS, when=when)
    assert notices(family, "11月21日 14:00") == set(LEARNERS)
    assert family.waits_for == ["training:wait_day"]
    return family.until("2026-11-21 14:01")


def results(family: Family) -> list[dict[str, Any]]:
    arrived = family.first.answers["learn"]["each"]
    return [{key: each.get(key) for key in ("item", "button", "score")} for each in arrived]


def test_an_exam_is_planned_taken_and_its_extremes_are_proposed() -> None:
    family = planned()
    assert refused(family, "learn", "learned", "li_na") == {"score"}
    for person, score in zip(LEARNERS, (100, 0, 59), strict=True):
        family.press("learn", "learned", person, score=score)
    assert proposals(family) == [
        ("exam_failed", "wang_fang"), ("exam_failed", "ma_chao"), ("exam_full", "li_na")
    ], "nothing at all is less than 60 too"  # fmt: skip
    family.press("check", "done", "zhang_wei", learners=results(family))
    assert family.first.result == "done"


def test_a_training_has_no_marks_and_is_repeated_for_who_did_not_understand() -> None:
    family = planned("rules").press("learn", "learned", "li_na").press("learn", "learned", "ma_chao")
    assert refused(family, "learn", "again", "wang_fang") == {"unclear"}
    family.press("learn", "again", "wang_fang", unclear="提醒类怎么填")
    family.press("check", "again", "zhang_wei", learners=results(family))
    assert family.waits_for == ["training:plan"] and proposals(family) == []


def test_who_does_not_come_cannot_hold_up_the_others() -> None:
    family = planned().press("learn", "learned", "li_na", score=80).until("2026-11-24 14:02")
    assert "zhang_wei" in family.told("late", "learn")
    family.until("2026-11-26 14:02")
    assert "没有登记的：王芳 马超" in about(family, "check")
    assert family.press("check", "done", "zhang_wei", learners=results(family)).first.result == "done"


def test_what_is_not_planned_is_told_to_who_asked() -> None:
    family = training()
    assert refused(family, "plan", "refuse", "zhang_wei") == {"comment"}
    past = {"people": LEARNERS, "when": at("2026-11-19 14:00").isoformat()}
    assert refused(family, "plan", "plan", "zhang_wei", **past) == {"when"}
    family.press("plan", "refuse", "zhang_wei", comment="大促以后")
    assert family.first.result == "refused" and "li_na" in notices(family, "大促以后")
    assert "zhou_min" in training().wait("49h").told("late", "plan")


# ---- 新品上架 ----------------------------------------------------------------------------------


EVERYONE = ["li_na", "wang_fang", "huang_li", "he_jing", "ma_chao"]
SHOPS = [{"shop": f"店 {n}", "praised": "轻", "blamed": "漏水"} for n in range(10)]


def launch(**changes: Any) -> Family:
    data = {"product": "折叠杯", "launch": "2026-11-27", "points": "可折叠",
            "lesson": at("2026-11-21 10:00").isoformat(), **changes}  # fmt: skip
    return Family.of("launch_gate", data, NOW, "sun_yue")


def prepared(*unclear: str) -> Family:
    family = launch()
    for person in EVERYONE:
        button = "unclear" if person in unclear else "learned"
        family.press("learn", button, person, unclear="保温吗" if person in unclear else None)
    return family.press("study", "done", asked(family, "study")[0], shops=SHOPS, phrases="折叠杯……")


def learnt(family: Family) -> list[dict[str, Any]]:
    arrived = family.first.answers["learn"]["each"]
    return [{key: each.get(key) for key in ("item", "button", "unclear")} for each in arrived]


def decided(family: Family, button: str = "ok", **answers: Any) -> Family:
    more = {"phrases_done": ["published"]} if button == "ok" else {"comment": "再学"}
    return family.press("decide", button, "zhang_wei", learned=learnt(family), **more, **answers)


def test_a_product_is_listed_when_all_know_it_and_the_phrases_are_out() -> None:
    family = launch()
    assert "11月21日 10:00 上课" in about(family, "learn")
    assert refused(family, "study", "done", "he_jing", shops=SHOPS[:9], phrases="x") == {"shops"}
    family = prepared()
    assert refused(family, "decide", "ok", "zhang_wei", learned=learnt(family)) == {"phrases_done"}
    decided(family)
    assert family.first.result == "ok" and {"sun_yue", "wang_fang"} <= notices(family, "可以上架")


def test_nothing_is_listed_while_somebody_does_not_know_it() -> None:
    family = decided(prepared("ma_chao"))
    assert family.first.status == "open" and notices(family, "可以上架") == set()
    assert asked(family, "study") and "launch_gate:learn" in family.waits_for
    away = launch()
    for person in EVERYONE[:-1]:
        away.press("learn", "learned", person)
    away.press("study", "done", asked(away, "study")[0], shops=SHOPS, phrases="x").wait("5d")
    assert "没有登记的：马超" in about(away, "decide")
    assert notices(decided(away), "可以上架") == set()


def test_learning_again_has_its_limit_and_operations_are_told() -> None:
    family = prepared()
    for _ in range(4):
        decided(family, "again")
        if family.first.status == "open":
            for person in EVERYONE:
                family.press("learn", "learned", person)
            family.press("study", "done", asked(family, "study")[0], shops=SHOPS)
    assert family.first.result == "stopped" and notices(family, "没有上架") == {"sun_yue"}
    assert decided(prepared(), "stop").first.result == "stopped"


def test_all_is_due_by_the_day_of_the_launch() -> None:
    family = launch(launch="2026-11-21")
    assert family.find("learn", "li_na")[1].due_at == at("2026-11-21 00:00")
    assert "zhang_wei" in family.until("2026-11-21 00:01").told("late", "learn")
    with pytest.raises(FormError):
        launch(launch="2026-11-20")


# ---- 客户关怀活动 ------------------------------------------------------------------------------


def campaign(**changes: Any) -> Family:
    data = {"name": "老客户", "whom": "一年内买过三次", "plan": "寄样品", "ends": "2026-11-30", **changes}
    return Family.of("care_campaign", data, NOW, "sun_yue")


def test_a_campaign_without_money_runs_to_the_end_of_its_last_day() -> None:
    family = campaign()
    assert "一年内买过三次：寄样品" in about(family, "review")
    family.press("review", "agree", "zhang_wei").until("2026-11-30 23:59")
    assert family.waits_for == ["care_campaign:wait_end"]
    family.until("2026-12-01 00:01").press("result", "done", "sun_yue", reached=120, effect="复购 9 单")
    assert family.first.result == "done"


def test_money_is_managements() -> None:
    family = campaign(budget="800").press("review", "agree", "zhang_wei")
    assert "¥800.00" in about(family, "approve")
    assert refused(family, "approve", "refuse", "zhou_min") == {"comment"}
    family.press("approve", "refuse", "zhou_min", comment="太贵")
    assert family.first.result == "stopped" and notices(family, "太贵") == {"sun_yue"}
    agreed = campaign(budget="800").press("review", "agree", "zhang_wei")
    assert agreed.press("approve", "agree", "zhou_min").waits_for == ["care_campaign:wait_end"]


def test_a_plan_is_changed_as_often_as_agreed_and_then_dropped() -> None:
    family = campaign()
    for _ in range(4):
        family.press("review", "change", "zhang_wei", comment="不能返现")
        assert "不能返现" in about(family, "revise")
        family.press("revise", "again", "sun_yue", plan="换一种")
    assert family.first.result == "stopped" and family.first.data["plan"] == "换一种"
    given_up = campaign().press("review", "change", "zhang_wei", comment="不行")
    assert given_up.press("revise", "stop", "sun_yue").first.result == "stopped"


def test_a_result_nobody_writes_is_told_and_a_campaign_cannot_be_over() -> None:
    family = campaign().press("review", "agree", "zhang_wei").until("2026-12-04 00:02")
    assert "zhang_wei" in family.told("late", "result")
    with pytest.raises(FormError):
        campaign(ends="2026-11-19")


# ---- 提请奖励 ----------------------------------------------------------------------------------


def reward() -> Family:
    data = {"person": "wang_fang", "rule": "problem_solved", "happened_on": "2026-11-19",
            "reason": "挽回三单", "evidence": "A88"}  # fmt: skip
    return Family.of("reward", data, NOW, "li_na")


def test_a_reward_is_proposed_by_anybody_and_looked_at_first() -> None:
    family = reward()
    assert family.first.title == "提请奖励 wang_fang 解决复杂问题" and proposals(family) == []
    family.press("look", "agree", "zhang_wei")
    assert proposals(family) == [("problem_solved", "wang_fang")] and family.first.result == "done"
    no = reward().press("look", "refuse", "zhang_wei", comment="是两个人做的")
    assert no.first.result == "refused" and proposals(no) == []
    assert "zhou_min" in reward().wait("49h").told("late", "look")


# ---- 晋级 --------------------------------------------------------------------------------------


REVIEWED = {"tenure": "right", "meets": "逐条看过，都做到", "opinion": "support"}


def promotion(level: str = "middle", joined: str = "2026-08-01") -> Family:
    data = {"person": "li_na", "level": level, "joined": joined, "merits": "零投诉"}
    return Family.of("promotion_review", data, NOW, "li_na")


@pytest.mark.parametrize(
    ("level", "joined", "words"),
    [
        ("middle", "2026-08-22", "规格和参数"),
        ("senior", "2025-11-20", "培训新员工"),
        ("expert", "2024-11-20", "独立带领团队"),
    ],
)
def test_who_has_been_there_long_enough_is_reviewed_by_the_demands_of_the_level(
    level: str, joined: str, words: str
) -> None:
    family = promotion(level, joined)
    assert words in about(family, "review")
    family.press("review", "done", "zhang_wei", **REVIEWED)
    assert "同意" in about(family, "decide")
    family.press("decide", "promote", "zhou_min", reason="够格")
    assert family.first.result == "promoted" and notices(family, "已晋级") == {"li_na"}


@pytest.mark.parametrize(
    ("level", "joined"),
    [("middle", "2026-08-23"), ("senior", "2025-11-21"), ("expert", "2024-11-21")],
)
def test_a_day_too_early_is_too_early(level: str, joined: str) -> None:
    with pytest.raises(FormError) as error:
        promotion(level, joined)
    assert set(error.value.fields) == {"joined"}


def test_a_date_that_is_not_true_or_management_itself_ends_it() -> None:
    wrong = promotion().press("review", "done", "zhang_wei", **{**REVIEWED, "tenure": "wrong"})
    assert wrong.first.result == "not_yet" and notices(wrong, "人事记录不一致") == {"li_na"}
    family = promotion().press("review", "done", "zhang_wei", **{**REVIEWED, "opinion": "oppose"})
    family.press("decide", "not_yet", "zhou_min", reason="再三个月")
    assert family.first.result == "not_yet" and notices(family, "再三个月") == {"li_na"}
    assert "zhou_min" in promotion().wait("73h").told("late", "review")
