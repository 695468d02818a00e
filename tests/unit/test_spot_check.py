"""Daily spot checks, rectification and incidents (HO-9 and what comes of it)."""

from __future__ import annotations

import pytest

from jieli.engine.errors import NotYours
from tests.story import Story, at, shipped
from tests.unit.handovers import DAY, form_mistakes, proposed, told

pytestmark = pytest.mark.usefixtures("stories_replay")

GOOD = {"accurate": "ok", "complete": "ok", "timely": "ok", "procedure": "ok", "false_record": False}
BAD = {**GOOD, "complete": "not_ok", "note": "没写承诺时间", "people": ["li_na"]}


def check(kind: str = "handover") -> Story:
    data = {"kind": kind, "record": "HO12", "record_title": "交接班 售后 早班"}
    return Story.of("spot_check", data, f"{DAY} 10:30")


def result(story: Story) -> str | None:
    assert story.state
    return story.state.result


# ---- the check -----------------------------------------------------------------------------------


def test_a_good_record_is_the_end_of_it() -> None:
    story = check().press("check", "checked", by="zhang_wei", **GOOD)
    assert result(story) == "ok" and proposed(story) == []
    assert story.asked_for("rectification") == []


@pytest.mark.parametrize("criterion", ["accurate", "complete", "timely", "procedure"])
def test_each_criterion_alone_makes_it_bad(criterion: str) -> None:
    answers = {**GOOD, criterion: "not_ok", "note": "不行", "people": ["li_na"]}
    story = check().press("check", "checked", by="zhang_wei", **answers)
    assert result(story) == "not_ok" and proposed(story) == [("handover_record", "li_na")]
    (fix,) = story.asked_for("rectification")
    assert fix.data["person"] == "li_na" and fix.data["what"] == "不行"
    assert fix.data["due_at"] == at("2026-11-25 10:30").isoformat()


def test_what_is_wrong_and_whose_record_it_is_must_be_said() -> None:
    raw = {**GOOD, "timely": "not_ok"}
    assert list(form_mistakes(check(), "check", "checked", raw)) == ["note", "people"]
    assert form_mistakes(check(), "check", "checked", GOOD) == {}


def test_several_people_each_rectify() -> None:
    story = check().press("check", "checked", by="zhang_wei", **{**BAD, "people": ["li_na", "wang_fang"]})
    assert [each.data["person"] for each in story.asked_for("rectification")] == ["li_na", "wang_fang"]
    assert [person for _, person in proposed(story)] == ["li_na", "wang_fang"]


def test_a_false_record_is_its_own_rule() -> None:
    answers = {**GOOD, "false_record": True, "note": "虚报解决", "people": ["li_na"]}
    story = check().press("check", "checked", by="zhang_wei", **answers)
    assert proposed(story) == [("false_record", "li_na")] and result(story) == "not_ok"


def test_after_sales_records_are_checked_by_the_quality_group() -> None:
    story = check("after_sales")
    assert set(story.open("check").candidates) == {"zhang_wei", "zhou_min"}
    with pytest.raises(NotYours):
        story.press("check", "checked", by="li_na", **GOOD)
    story.press("check", "checked", by="zhou_min", **BAD)
    assert proposed(story) == [("spot_check_error", "li_na")]


def test_handover_records_are_checked_by_the_supervisor() -> None:
    assert check().open("check").candidates == ["zhang_wei"]


def test_a_check_that_nobody_makes_is_told_to_management() -> None:
    assert "zhou_min" in told(check().wait("25h"), "late")


def test_the_samples_are_taken_every_day_from_both_kinds_of_records() -> None:
    process = shipped()[0]["spot_check"]
    samples = [s.schedule.each.sample for s in process.start if s.schedule and s.schedule.each]
    assert [each.process for each in samples if each] == ["handover", "after_sales"]
    assert process.settings["handovers"].value == 3


# ---- rectification -------------------------------------------------------------------------------


def fix(**changes: object) -> Story:
    data = {"subject": "记录抽查", "source": "HO12", "what": "写清承诺时间", "person": "li_na"}
    return Story.of("rectification", {**data, **changes}, f"{DAY} 11:00")


def test_it_is_due_when_said_or_after_a_day() -> None:
    assert fix().open("fix").due_at == at("2026-11-25 11:00")
    said = at(f"{DAY} 18:00").isoformat()
    assert fix(due_at=said).open("fix").due_at == at(f"{DAY} 18:00")


def test_fixed_and_checked_again_it_is_over() -> None:
    story = fix().press("fix", "fixed", by="li_na", changed="补好了")
    story.press("recheck", "passed", by="zhang_wei")
    assert result(story) == "passed"


def test_nobody_checks_his_own_rectification() -> None:
    story = fix(person="zhang_wei").press("fix", "fixed", by="zhang_wei", changed="补好了")
    with pytest.raises(NotYours):
        story.press("recheck", "passed", by="zhang_wei")
    story.wait("25h").press("recheck", "passed", by="zhou_min")
    assert result(story) == "passed"


def test_not_good_enough_it_comes_back_with_what_is_missing_and_a_new_date() -> None:
    story = fix().press("fix", "fixed", by="li_na", changed="改了")
    assert list(form_mistakes(story, "recheck", "not_passed", {})) == ["still", "due_at"]
    later = at("2026-11-26 12:00").isoformat()
    story.press("recheck", "not_passed", by="zhang_wei", still="还缺时间", due_at=later)
    assert story.open("fix").due_at == at("2026-11-26 12:00")
    assert "还缺时间" in story.messages("work_item")[-1].text


def test_three_times_in_vain_and_management_decides() -> None:
    story, later = fix(), at("2026-11-26 12:00").isoformat()
    for _ in range(3):
        story.press("fix", "fixed", by="li_na", changed="改了")
        story.press("recheck", "not_passed", by="zhang_wei", still="还缺", due_at=later)
    assert story.waits_for == ["decide"]
    story.press("decide", "close", by="zhou_min", decision="换人做")
    assert result(story) == "closed"


def test_who_disagrees_is_heard_by_management_and_may_have_to_go_on() -> None:
    story = fix().press("fix", "question", by="li_na", changed="我没有错")
    later = at("2026-11-27 12:00").isoformat()
    story.press("decide", "again", by="zhou_min", decision="要改", due_at=later)
    assert story.open("fix").due_at == at("2026-11-27 12:00")


def test_late_it_is_told_to_the_supervisor_and_reminded_every_day() -> None:
    story = fix().wait("25h")
    assert "zhang_wei" in told(story, "late")
    assert "li_na" in told(story, "reminder")


# ---- incidents -----------------------------------------------------------------------------------


def incident(kind: str = "handover_failure") -> Story:
    data = {"kind": kind, "handover": "HO12", "person": "li_na", "happened_on": DAY,
            "what": "没交代退费进度，客户投诉"}  # fmt: skip
    return Story.of("incident", data, f"{DAY} 18:00")


DECIDED = {"finding": "沟通不清", "severity": "usual", "responsible": ["li_na"]}


def test_the_person_explains_before_the_supervisor_decides() -> None:
    story = incident()
    assert story.waits_for == ["explain"] and story.open("explain").candidates == ["li_na"]
    story.press("explain", "said", by="li_na", said="说过了", evidence="聊天记录")
    assert story.waits_for == ["decide"] and "说过了" in story.messages("work_item")[-1].text


def test_who_says_nothing_does_not_stop_it() -> None:
    assert incident().wait("25h").waits_for == ["decide"]


def test_a_failure_is_proposed_with_its_severity() -> None:
    story = incident().press("explain", "said", by="li_na", said="忘了")
    story.press("decide", "his", by="zhang_wei", **DECIDED)
    assert proposed(story) == [("handover_failure", "li_na")] and result(story) == "proposed"


def test_a_missed_shift_is_proposed_as_such() -> None:
    story = incident("missed_shift").wait("25h").press("decide", "his", by="zhang_wei", **DECIDED)
    assert proposed(story) == [("missed_shift", "li_na")]


def test_missed_in_spite_of_leave_the_supervisor_is_responsible() -> None:
    story = incident("missed_shift").wait("25h")
    story.press("decide", "on_leave", by="zhang_wei", **{**DECIDED, "responsible": ["zhang_wei"]})
    assert proposed(story) == [("missed_shift_after_leave", "zhang_wei")]


def test_nobody_is_to_blame() -> None:
    story = incident().wait("25h")
    story.press("decide", "nobody", by="zhang_wei", finding="平台故障", severity="light")
    assert result(story) == "nothing" and proposed(story) == []


def test_what_must_not_happen_again_is_rectified() -> None:
    story = incident().wait("25h")
    story.press("decide", "his", by="zhang_wei", **DECIDED, improvement="进度写进记录")
    (started,) = story.asked_for("rectification")
    assert started.data["what"] == "进度写进记录" and started.data["person"] == "li_na"


def test_severity_needs_a_choice_and_a_pin() -> None:
    story = incident().wait("25h")
    assert "severity" in form_mistakes(story, "decide", "his", {"finding": "x", "responsible": ["li_na"]})
    assert story.definition.process.steps["decide"].identity == "pin"  # type: ignore[union-attr]


def test_the_rules_exist_in_the_ledger() -> None:
    rules = shipped()[1].ledger.rules
    wanted = {"handover_record", "false_record", "spot_check_error", "missed_shift",
              "missed_shift_after_leave", "handover_failure", "problem_solved", "best_record"}  # fmt: skip
    assert wanted <= set(rules)
