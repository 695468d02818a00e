"""Departments: the named person, progress, questions, several at once, major problems (AS-3b to d)."""

from __future__ import annotations

import pytest

from jieli.engine.errors import FormError, NotYours
from jieli.engine.events import ProposeEntry
from tests.family import Family, photos
from tests.story import at
from tests.unit.after_sales import COMPLEX, RESULT, accepted, at_department

DUTIES = [
    {"department": "tech", "duty": "查密封圈", "due_at": "2026-11-23T15:00:00+08:00"},
    {"department": "logistics", "duty": "追回包裹", "due_at": "2026-11-24T12:00:00+08:00"},
]
ROLES = {"operations": "sun_yue", "logistics": "wu_gang", "tech": "zheng_kai",
         "warehouse": "feng_lei", "finance": "chen_jing"}  # fmt: skip


def named(department: str = "tech") -> Family:
    """A department whose person has taken the problem."""
    return at_department(department).press("name_person", "mine", by=ROLES[department])


# ---- 指定专人 ----


@pytest.mark.parametrize(("department", "person"), ROLES.items())
def test_every_department_has_its_desk(department: str, person: str) -> None:
    family = at_department(department)
    assert family.find("name_person")[1].candidates == [person]
    family.press("name_person", "mine", by=person).press("work", "done", by=person, **RESULT)
    assert "after_sales:tell" in family.waits_for


def test_a_person_is_named_within_30_minutes_or_supervisor_and_management_hear_of_it() -> None:
    family = at_department("tech")
    assert family.find("name_person")[1].due_at == at("2026-11-23 09:30")
    assert {"li_na", "zhang_wei"} <= set(family.wait("30m").told("late", "name_person"))
    assert "zhou_min" in family.wait("2h").told("late", "name_person")
    rules = [e.rule for s in family.stories.values() for e in s.effects if isinstance(e, ProposeEntry)]
    assert rules == ["overrun_over_30"]


def test_the_30_minutes_are_those_of_the_departments_desk() -> None:
    family = accepted("2026-11-23 17:15")
    family.press("triage", "sorted", **COMPLEX, departments=["tech"])
    family.find("name_person")
    assert family.find("name_person")[1].due_at == at("2026-11-23 17:45")
    late = accepted("2026-11-23 17:20").until("2026-11-23 18:30")
    late.press("triage", "sorted", **COMPLEX, departments=["tech"])
    assert late.find("name_person")[1].due_at == at("2026-11-24 09:30")


def test_the_head_may_name_a_colleague() -> None:
    family = at_department("warehouse").press("name_person", "assign", by="feng_lei", person="huang_li")
    assert family.find("work")[1].candidates == ["huang_li"]


def test_naming_a_colleague_needs_the_colleague() -> None:
    with pytest.raises(FormError):
        at_department("tech").press("name_person", "assign", by="zheng_kai")


def test_another_department_may_not_take_it() -> None:
    with pytest.raises(NotYours):
        at_department("tech").press("name_person", "mine", by="wu_gang")


# ---- 处理 ----


def test_urgent_problems_have_four_staffed_hours_and_others_a_day() -> None:
    assert named().find("work")[1].due_at == at("2026-11-23 13:00")
    family = at_department("tech", urgency="normal").press("name_person", "mine", by="zheng_kai")
    assert family.find("work")[1].due_at == at("2026-11-24 09:00")


def test_the_platforms_deadline_comes_first() -> None:
    family = accepted(platform_deadline="2026-11-23T17:00:00+08:00")
    family.press("triage", "sorted", **COMPLEX, departments=["tech"])
    family.press("name_person", "mine", by="zheng_kai")
    assert family.find("work")[1].due_at == at("2026-11-23 11:00")


def test_the_department_is_reminded_every_four_hours() -> None:
    family = at_department("tech", urgency="normal").press("name_person", "mine", by="zheng_kai")
    family.until("2026-11-23 12:59")
    assert family.told("reminder", "work") == []
    family.until("2026-11-23 17:05")
    assert family.told("reminder", "work") == ["zheng_kai", "zheng_kai"]


def test_progress_is_noted_and_the_work_goes_on() -> None:
    family = named().press("work", "note", by="zheng_kai", progress="正在拆检")
    assert "department_desk:work" in family.waits_for
    desk = family.case("department_desk").state
    assert desk and desk.data["progress"] == "正在拆检"


def test_a_result_names_cause_and_whose_fault() -> None:
    with pytest.raises(FormError) as refused:
        named().press("work", "done", by="zheng_kai", outcome="换新")
    assert {"cause", "fault"} <= set(refused.value.fields)


def test_late_work_goes_to_agent_department_supervisor_and_management() -> None:
    family = named().until("2026-11-23 13:00")
    assert {"li_na", "zheng_kai", "zhang_wei"} <= set(family.told("late", "work"))
    assert "zhou_min" in family.wait("2h").told("late", "work")


# ---- AS-4 请客户补充 ----


def test_a_question_to_the_customer_goes_through_the_agent_and_back() -> None:
    family = named().press("work", "ask", by="zheng_kai", question="杯底的批号？")
    assert family.find("ask")[1].candidates == ["li_na"]
    family.press("ask", "answered", answer="B1023")
    story, work = family.find("work")
    assert work.nth == 2 and story.state and story.state.data["answer"] == "B1023"


def test_the_customer_may_answer_later() -> None:
    family = named().press("work", "ask", by="zheng_kai", question="批号？").press("ask", "asked")
    family.wait("20h").press("wait_answer", "answered", answer="B1023", evidence=photos(2))
    assert "department_desk:work" in family.waits_for


def test_the_supervisor_may_let_them_go_on_without_the_answer() -> None:
    family = named().press("work", "ask", by="zheng_kai", question="批号？").press("ask", "asked")
    family.wait("72h").press("supervisor_decides", "go_on", by="zhang_wei", reason="照片够了")
    assert "department_desk:work" in family.waits_for


def test_the_supervisor_may_have_the_customer_asked_again_but_not_for_ever() -> None:
    family = named().press("work", "ask", by="zheng_kai", question="批号？")
    for _ in range(2):
        family.press("ask", "asked").wait("72h")
        family.press("supervisor_decides", "ask_again", by="zhang_wei", reason="再问")
    family.press("ask", "asked").wait("72h")
    family.press("supervisor_decides", "ask_again", by="zhang_wei", reason="再问")
    assert "ask_customer:ask" not in family.waits_for


def test_whoever_must_not_be_contacted_is_not_asked() -> None:
    family = named().press("work", "ask", by="zheng_kai", question="批号？").press("ask", "no_contact")
    assert "after_sales:no_contact_ahead" in family.waits_for


def test_too_many_questions_go_to_the_supervisor() -> None:
    family = named()
    for _ in range(6):
        family.press("work", "ask", by="zheng_kai", question="批号？").press("ask", "answered", answer="不知道")
    family.press("work", "ask", by="zheng_kai", question="批号？")
    assert "department_desk:supervisor_decides" in family.waits_for
    family.press("supervisor_decides", "go_on", by="zhang_wei", reason="按现有资料")
    assert "department_desk:work" in family.waits_for


# ---- AS-3c 几个部门 ----


def several() -> Family:
    """Two departments; management has named the lead and the duties."""
    family = at_department("tech", "logistics")
    return family.press("name_lead", "named", by="zhou_min", lead="tech", duties=DUTIES,
                        meeting="2026-11-23T10:00:00+08:00", plan="先追包裹再查原因")  # fmt: skip


def test_several_departments_work_at_once_and_the_lead_writes_one_result() -> None:
    family = several()
    assert family.processes.count("department_desk") == 2
    assert {"zheng_kai", "li_na", "zhang_wei"} <= set(family.told("notice"))
    family.press("name_person", "mine", by="wu_gang").press("work", "done", by="wu_gang", **RESULT)
    assert "coordination:lead_writes" not in family.waits_for, "the other is still at it"
    family.press("name_person", "mine", by="zheng_kai").press("work", "done", by="zheng_kai", **RESULT)
    story, lead = family.find("lead_writes")
    assert lead.candidates == ["zheng_kai"]
    assert [each["outcome"] for each in story.state.answers["duties"]["each"]] == [  # type: ignore[union-attr]
        "已联系厂家换新", "已联系厂家换新",
    ]  # fmt: skip
    family.press("lead_writes", "written", by="zheng_kai", **RESULT)
    assert "after_sales:tell" in family.waits_for
    family.press("tell", "satisfied").press("archive", "archived")
    family.replayed()


def test_each_duty_has_the_time_management_gave_it() -> None:
    family = several().press("name_person", "mine", by="wu_gang")
    assert family.find("work")[1].due_at == at("2026-11-23 13:00"), "urgent: four hours come first"
    desks = [s.state.data["wanted_by"] for s in family.stories.values()
             if s.state and s.state.process == "department_desk"]  # fmt: skip
    assert desks == ["2026-11-23T07:00:00+00:00", "2026-11-24T04:00:00+00:00"]


def test_one_duty_is_no_coordination() -> None:
    with pytest.raises(FormError):
        at_department("tech", "logistics").press(
            "name_lead", "named", by="zhou_min", lead="tech", duties=DUTIES[:1]
        )


def test_the_lead_may_ask_for_new_duties_a_few_times() -> None:
    family = several()
    for _ in range(3):
        for who in ("wu_gang", "zheng_kai"):
            family.press("name_person", "mine", by=who).press("work", "done", by=who, **RESULT)
        family.press("lead_writes", "again", by="zheng_kai", reason="还缺仓库")
        if "coordination:name_lead" in family.waits_for:
            family.press("name_lead", "named", by="zhou_min", lead="tech", duties=DUTIES)
    assert "after_sales:triage" in family.waits_for


def test_a_department_may_say_that_others_are_needed() -> None:
    family = named().press("work", "more", by="zheng_kai", reason="要物流一起查")
    assert family.find("name_lead")[1].candidates == ["zhou_min"]


def test_nobody_but_management_names_the_lead() -> None:
    with pytest.raises(NotYours):
        at_department("tech", "logistics").press(
            "name_lead", "named", by="zhang_wei", lead="tech", duties=DUTIES
        )


# ---- AS-3d 重大问题 ----


def major() -> Family:
    """A major problem: management is told at once."""
    return accepted().press("triage", "sorted", **{**COMPLEX, "major": True})


def test_a_major_problem_is_told_to_management_at_once() -> None:
    family = major()
    assert family.told("work_item", "major_decides") == ["zhou_min"]
    assert "重大" in family.first.tags


def test_management_may_give_a_major_problem_to_one_department_with_a_plan() -> None:
    family = major().press("major_decides", "one", by="zhou_min", plan="全部召回", departments=["warehouse"])
    desk = family.find("name_person")[0].state
    assert desk and desk.data["plan"] == "全部召回" and desk.data["department"] == "warehouse"


def test_management_may_give_it_to_several() -> None:
    family = major().press("major_decides", "several", by="zhou_min", plan="全部召回")
    assert "coordination:name_lead" in family.waits_for


def test_management_may_have_the_agent_answer_by_its_plan() -> None:
    family = major().press("major_decides", "answer", by="zhou_min", plan="上门道歉并退款")
    assert "after_sales:tell" in family.waits_for and family.first.data["outcome"] == "上门道歉并退款"
