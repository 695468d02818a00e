"""Arriving, briefing, checking and sudden problems: the processes inside a handover (HO-2 to HO-5)."""

from __future__ import annotations

from itertools import pairwise

import pytest

from jieli.engine.errors import NotYours
from jieli.engine.events import StartCase
from tests.story import Story, at
from tests.unit.handovers import DAY, effects, form_mistakes, item, press_own, proposed, told

pytestmark = pytest.mark.usefixtures("stories_replay")

ALL_TOLD = ["overview", "open", "special", "points"]


# ---- HO-2 arrival --------------------------------------------------------------------------------


def arrival(start: str = f"{DAY} 17:00", **changes: object) -> Story:
    data = {
        "handover": "A1", "shift_date": DAY, "incoming": ["wang_fang", "ma_chao"], "on_duty": [],
        "next_starts_at": at(f"{DAY} 17:30").isoformat(),
    }  # fmt: skip
    return Story.of("handover_arrival", {**data, **changes}, start)


def asked(story: Story) -> set[str]:
    assert story.state
    return {visit.item for visit in story.state.visits.values() if visit.step == "check_in"}


def test_everybody_is_asked_apart_and_should_be_there_fifteen_minutes_early() -> None:
    story = arrival()
    assert asked(story) == {"wang_fang", "ma_chao"}
    assert story.open("check_in").due_at == at(f"{DAY} 17:15")
    press_own(story, "check_in", "arrived", "ma_chao")
    assert asked(story) == {"wang_fang"}
    press_own(story, "check_in", "arrived", "wang_fang")
    assert story.state and story.state.result == "here"


def test_nobody_confirms_for_a_colleague() -> None:
    with pytest.raises(NotYours):
        press_own(arrival(), "check_in", "arrived", "ma_chao", by="wang_fang")


def test_who_is_late_is_reminded_and_the_supervisor_learns_it_when_the_shift_begins() -> None:
    story = press_own(arrival(), "check_in", "arrived", "ma_chao").until(f"{DAY} 17:15")
    assert told(story, "late") == {"wang_fang"}
    story.until(f"{DAY} 17:30")
    assert told(story, "late") == {"wang_fang", "zhang_wei"}


def test_after_the_grace_the_supervisor_names_a_substitute_who_checks_in_too() -> None:
    story = press_own(arrival(), "check_in", "arrived", "ma_chao").until(f"{DAY} 17:39")
    assert "zhang_wei" not in story.open("check_in").candidates
    story.until(f"{DAY} 17:40")
    assert "zhang_wei" in story.open("check_in").candidates
    press_own(story, "check_in", "substituted", "wang_fang", by="zhang_wei",
              substitute="he_jing", reason="联系不上")  # fmt: skip
    assert asked(story) == {"he_jing"}, "who has arrived is not asked again"
    press_own(story, "check_in", "arrived", "he_jing")
    assert story.state and story.state.result == "here"
    assert story.state.data["incoming"] == ["ma_chao", "he_jing"]


def test_an_agent_may_not_name_a_substitute() -> None:
    with pytest.raises(NotYours):
        press_own(arrival(), "check_in", "substituted", "wang_fang",
                  substitute="he_jing", reason="我累了")  # fmt: skip


def test_a_missed_shift_is_looked_into_and_the_others_carry_on() -> None:
    story = press_own(arrival(), "check_in", "arrived", "ma_chao").wait("41m")
    press_own(story, "check_in", "absent", "wang_fang", by="zhang_wei", reason="没有请假")
    (incident,) = story.asked_for("incident")
    assert incident.data["kind"] == "missed_shift" and incident.data["person"] == "wang_fang"
    assert story.state and story.state.result == "here"
    assert story.state.data["incoming"] == ["ma_chao"]


def test_nobody_at_all_came() -> None:
    story = arrival(incoming=["wang_fang"]).wait("41m")
    press_own(story, "check_in", "absent", "wang_fang", by="zhang_wei", reason="没来")
    assert story.state and story.state.result == "nobody"


def test_in_time_there_is_no_incident() -> None:
    story = arrival(incoming=["wang_fang"])
    press_own(story, "check_in", "arrived", "wang_fang")
    assert story.asked_for("incident") == []


def test_substitutes_who_never_come_end_the_search() -> None:
    story = arrival(incoming=["wang_fang"])
    people = ["wang_fang", "he_jing", "li_na", "ma_chao"]
    for absent, then in pairwise(people):
        press_own(story.wait("41m"), "check_in", "substituted", absent, by="zhang_wei",
                  substitute=then, reason="没来")  # fmt: skip
    assert story.state and story.state.status == "completed"


def test_the_night_shift_is_asked_at_its_own_time() -> None:
    story = arrival("2026-11-25 07:30", next_starts_at=at("2026-11-25 08:00").isoformat())
    assert story.open("check_in").due_at == at("2026-11-25 07:45")


# ---- HO-3 briefing, HO-4 checking ----------------------------------------------------------------


def checking(*items: dict[str, object], brief: bool = True, **changes: object) -> Story:
    data = {
        "handover": "A1", "brief": brief, "tellers": ["li_na"], "answerers": ["li_na"],
        "incoming": ["wang_fang"], "items": list(items), "overview": "咨询 80",
    }  # fmt: skip
    return Story.of("handover_check", {**data, **changes}, f"{DAY} 17:15")


def briefed(*items: dict[str, object]) -> Story:
    return checking(*items).press("brief_them", "told", by="li_na", explained=ALL_TOLD)


def test_the_outgoing_agent_ticks_everything_that_was_explained() -> None:
    story = checking(item())
    assert form_mistakes(story, "brief_them", "told", {"explained": ["overview"]})
    assert form_mistakes(story, "brief_them", "told", {"explained": ALL_TOLD}) == {}
    assert story.press("brief_them", "told", by="li_na", explained=ALL_TOLD).waits_for == ["verify"]


def test_with_nobody_there_to_brief_the_record_is_read() -> None:
    assert checking(item(), brief=False).waits_for == ["verify"]


def test_every_item_is_understood_or_in_doubt() -> None:
    raw = {"items": [item()], "same_as_system": True}
    assert list(form_mistakes(briefed(item()), "verify", "checked", raw)) == ["items.0.state"]
    doubt = {"items": [item(state="question")], "same_as_system": True}
    assert list(form_mistakes(briefed(item()), "verify", "checked", doubt)) == ["items.0.question"]


def test_several_incoming_agents_say_who_takes_which_item() -> None:
    story = checking(item(), brief=False, incoming=["wang_fang", "ma_chao"])
    raw = {"items": [item(state="clear")], "same_as_system": True}
    assert list(form_mistakes(story, "verify", "checked", raw)) == ["items.0.to"]


def test_all_understood_and_the_check_is_over() -> None:
    story = briefed(item()).press(
        "verify", "checked", by="wang_fang", same_as_system=True, items=[item(state="clear")]
    )
    assert story.state and story.state.result == "agreed"


def test_a_handover_without_items_is_checked_too() -> None:
    story = briefed().press("verify", "checked", by="wang_fang", same_as_system=True)
    assert story.state and story.state.result == "agreed"


def question(story: Story) -> Story:
    return story.press(
        "verify", "checked", by="wang_fang", same_as_system=True,
        items=[item(state="question", question="几点补发？")],
    )  # fmt: skip


def test_a_question_is_answered_by_the_outgoing_agent_and_checked_again() -> None:
    story = question(briefed(item()))
    assert story.waits_for == ["amend"] and story.open("amend").candidates == ["li_na"]
    answered = item(state="question", question="几点补发？", reply="19 点前")
    story.press("amend", "amended", by="li_na", answer="补了时间", items=[answered])
    assert story.waits_for == ["verify"]
    assert story.state and story.state.data["items"][0]["reply"] == "19 点前"


def test_questions_without_end_go_to_the_supervisor() -> None:
    story = briefed(item())
    for _ in range(5):
        question(story).press("amend", "amended", by="li_na", answer="再说一遍")
    assert question(story).waits_for == ["dispute"]


def test_an_incomplete_record_is_returned_with_what_is_missing_even_half_checked() -> None:
    story = briefed(item())
    assert list(form_mistakes(story, "verify", "incomplete", {})) == ["note"]
    assert form_mistakes(story, "verify", "incomplete", {"note": "缺地址", "items": [item()]}) == {}
    story.press("verify", "incomplete", by="wang_fang", note="王女士的地址没写")
    assert "王女士的地址没写" in story.messages("work_item")[-1].text
    assert form_mistakes(story, "amend", "amended", {"answer": "补了", "items": [item()]}) == {}
    story.press("amend", "amended", by="li_na", answer="补了", items=[item(progress="已补地址")])
    assert story.waits_for == ["verify"]
    assert story.state and story.state.data["items"][0]["progress"] == "已补地址"


def test_returned_again_and_again_the_supervisor_decides() -> None:
    story = briefed(item())
    for _ in range(5):
        story.press("verify", "incomplete", by="wang_fang", note="还缺")
        story.press("amend", "amended", by="li_na", answer="补了")
    story.press("verify", "incomplete", by="wang_fang", note="还缺")
    assert story.waits_for == ["dispute"]


def test_a_dispute_is_decided_by_the_supervisor() -> None:
    story = briefed(item()).press("verify", "disagree", by="wang_fang", note="系统里是退款")
    with pytest.raises(NotYours):
        story.press("dispute", "go_on", by="wang_fang", ruling="我说了算")
    story.press("dispute", "go_on", by="zhang_wei", ruling="按记录")
    assert story.state and story.state.result == "agreed"


def test_the_supervisor_may_demand_an_amendment() -> None:
    story = briefed(item()).press("verify", "disagree", by="wang_fang", note="对不上")
    assert story.press("dispute", "again", by="zhang_wei", ruling="查清再写").waits_for == ["amend"]


def test_paper_that_differs_from_the_system_is_a_dispute() -> None:
    raw = {"items": [item(state="clear")], "same_as_system": False}
    assert list(form_mistakes(briefed(item()), "verify", "checked", raw)) == ["note"]
    story = briefed(item()).press("verify", "checked", by="wang_fang", note="金额不同", **raw)
    assert story.waits_for == ["dispute"]


def test_nobody_checks_in_time_and_the_supervisor_is_asked() -> None:
    story = briefed(item()).wait("31m")
    assert "zhang_wei" in story.open("verify").candidates
    story.press("verify", "not_coming", by="zhang_wei")
    assert story.state and story.state.result == "not_coming"


# ---- HO-5 sudden and complex ---------------------------------------------------------------------


def problem(kind: str = "sudden", **changes: object) -> Story:
    data = {
        "handover": "A1", "kind": kind, "buyer": "王女士", "order_no": "20261124001",
        "what": "客户说已等两小时", "done_so_far": "已道歉", "feedback": "很生气",
        "handlers": ["li_na", "wang_fang"],
    }  # fmt: skip
    return Story.of("handover_problem", {**data, **changes}, f"{DAY} 17:20")


def result(story: Story) -> str | None:
    assert story.state
    return story.state.result


def test_both_sides_may_solve_a_sudden_problem() -> None:
    assert problem().open("solve").candidates == ["li_na", "wang_fang"]
    assert result(problem().press("solve", "solved", by="wang_fang", log="已补发")) == "solved"


def test_a_sudden_problem_that_stays_is_told_to_the_supervisor() -> None:
    story = problem().wait("30m")
    assert "zhang_wei" in told(story, "late") and "zhang_wei" in story.open("solve").candidates


def test_the_supervisor_releases_it_with_a_reason() -> None:
    story = problem().press("solve", "release", by="li_na", log="联系不上仓库")
    assert list(form_mistakes(story, "release", "released", {})) == ["reason"]
    with pytest.raises(NotYours):
        story.press("release", "released", by="li_na", reason="我要下班")
    assert result(story.press("release", "released", by="zhang_wei", reason="由接班继续")) == "released"


def test_releasing_needs_a_pin() -> None:
    assert problem().definition.process.steps["release"].identity == "pin"  # type: ignore[union-attr]


def test_the_supervisor_does_not_release_it_and_they_go_on() -> None:
    story = problem().press("solve", "release", by="li_na", log="没解决")
    assert story.press("release", "go_on", by="zhang_wei", reason="再试").waits_for == ["solve"]


def test_what_cannot_be_solved_now_gets_a_joint_plan() -> None:
    story = problem().press("solve", "complex", by="li_na", log="要等质检")
    assert result(story.press("plan", "agreed", by="wang_fang", plan="明早 9 点回电")) == "planned"


def test_a_complex_problem_is_planned_at_once_with_what_was_done_before() -> None:
    story = problem("complex")
    assert story.waits_for == ["plan"]
    text = story.messages("work_item")[-1].text
    assert "已道歉" in text and "很生气" in text


def test_a_complex_problem_is_reported_to_the_supervisor_whose_answer_counts() -> None:
    story = problem("complex").press("plan", "report", by="li_na", plan="赔多少定不了")
    assert story.waits_for == ["supervisor"]
    assert result(story.press("supervisor", "answered", by="zhang_wei", answer="按八折")) == "planned"


def test_the_supervisor_sends_them_back_to_it() -> None:
    story = problem("complex").press("plan", "report", by="li_na", plan="定不了")
    assert story.press("supervisor", "together", by="zhang_wei", answer="先补发").waits_for == ["solve"]


def test_a_complex_problem_solved_during_the_handover_may_be_rewarded() -> None:
    story = problem("complex").press("plan", "solved", by="li_na", plan="当场补发")
    assert story.waits_for == ["reward"]
    story.press("reward", "reward", by="zhang_wei", winners=["li_na", "wang_fang"], why="客户改口称赞")
    assert proposed(story) == [("problem_solved", "li_na"), ("problem_solved", "wang_fang")]
    assert result(story) == "solved"


def test_no_reward_and_no_answer_lock_nothing() -> None:
    refused = problem("complex").press("plan", "solved", by="li_na", plan="好了")
    assert result(refused.press("reward", "none", by="zhang_wei")) == "solved"
    silent = problem("complex").press("plan", "solved", by="li_na", plan="好了").wait("31m")
    assert result(silent) == "solved" and effects(silent, StartCase) == []
    assert proposed(silent) == proposed(refused) == []
