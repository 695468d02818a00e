"""Steps done for each of a list: one work item or case per element, and how they come together."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from jieli.engine.case import Visit
from jieli.engine.errors import NotYours, WorkItemClosed
from jieli.engine.events import StartCase, SubCaseEnded, WorkItemAnswered
from tests.story import Story
from tests.unit.toys import effects, outcomes, refused, told, toy

PREPARE = """
prepare:
  who: {person: zhang_wei}
  form:
    items:
      label: 事项
      type: rows
      fields:
        who: {label: 谁, type: person}
        kind: {label: 类别, type: choice, of: {hot: 紧急, calm: 一般}}
        promised: {label: 承诺时间, type: datetime}
  buttons: {ok: {label: 好, go_to: ask}}
"""
ASK = """
ask:
  title: "{{ item.kind.label }}"
  about: "答应 {{ item.promised | moment }}"
  who: {people: item.who}
  each: prepare.items
  MORE
  go_to: look
  form: {said: {label: 说明}}
  buttons: {done: {label: 完成}, note: {label: 记一笔, stay: yes, sets: {said: "item.who ~ ask.said"}}}
look:
  title: "{{ ask.each | length }}"
  about: "{{ ask.each | map(attribute='said') | join('，') }}"
  who: {same_as: ask}
  not_same_as: NOT
  buttons: {ok: {label: 好, go_to: finished}}
finished: {end: done}
"""
LI = {"who": "li_na", "kind": "hot", "promised": "2026-11-20T04:00:00+00:00"}
WANG = {"who": "wang_fang", "kind": "calm", "promised": "2026-11-20T05:00:00+00:00"}
MA = {"who": "ma_chao", "kind": "calm", "promised": None}


def asked(*rows: Mapping[str, str | None], more: str = "delegate: yes", not_same: str = "[]") -> Story:
    story = toy(PREPARE + ASK.replace("MORE", more).replace("NOT", not_same))
    return story.press("prepare", "ok", by="zhang_wei", items=list(rows))


def of(story: Story, person: str) -> Visit:
    """The live work item of the element that is about this person."""
    assert story.state
    return next(v for v in story.state.visits.values() if v.item and v.item["who"] == person)


def done(story: Story, by: str, said: str = "好", button: str = "done") -> Story:
    answers = {"said": said}
    story.apply(WorkItemAnswered(visit=of(story, by).id, button=button, by=by, answers=answers))
    return story


# ---- work items ----------------------------------------------------------------------------------


def test_each_element_is_a_work_item_of_its_own_with_its_own_people_and_words() -> None:
    story = asked(LI, WANG)
    assert told(story, "work_item")[1:] == ["li_na", "wang_fang"]
    assert [of(story, each).title for each in ("li_na", "wang_fang")] == ["紧急", "一般"]
    assert story.messages()[1].title.startswith("紧急")
    assert "12:00" in story.messages()[1].text, "a time of the row is a time"
    assert [visit.key for visit in story.visits.values()][1:] == ["ask.1", "ask.2"]


def test_the_case_goes_on_once_when_all_are_done_and_knows_what_each_said() -> None:
    story = done(asked(LI, WANG), "wang_fang", "缺货")
    assert story.waits_for == ["ask"] and story.state and not story.state.answers.get("ask")
    done(story, "li_na", "已回电")
    assert story.waits_for == ["look"] and story.open("look").title == "2"
    assert "缺货，已回电" in story.messages()[-1].text
    assert story.open("look").candidates == ["wang_fang", "li_na"], "all of them did it"
    assert not story.state.fans and story.replayed() == story.state


def test_nobody_does_the_element_of_another() -> None:
    story = asked(LI, WANG)
    with pytest.raises(NotYours):
        refused(story, WorkItemAnswered(visit=of(story, "li_na").id, button="done", by="wang_fang"))


def test_who_did_one_element_is_told_so_when_pressing_again() -> None:
    story = asked(LI, WANG)
    visit = of(story, "li_na").id
    done(story, "li_na")
    for _ in range(2):
        with pytest.raises(WorkItemClosed) as closed:
            refused(story, WorkItemAnswered(visit=visit, button="done", by="li_na"))
        assert closed.value.by == "李娜"
        if "ask" in story.waits_for:
            done(story, "wang_fang")


def test_any_or_so_many_are_enough_and_the_others_are_not_needed_any_more() -> None:
    story = done(asked(LI, WANG, MA, more="each_needs: any"), "wang_fang")
    assert story.waits_for == ["look"]
    assert outcomes(story)["ask.1"] == outcomes(story)["ask.3"] == "overtaken"
    story = done(asked(LI, WANG, MA, more="each_needs: 2"), "wang_fang")
    assert story.waits_for == ["ask", "ask"]
    assert done(story, "ma_chao").waits_for == ["look"]
    assert len(story.state.answers["ask"]["each"]) == 2 if story.state else False


def test_how_many_may_be_worked_out_and_is_never_more_than_there_are() -> None:
    half = 'each_needs: "(prepare.items | length + 1) // 2"'
    assert done(asked(LI, WANG, MA, more=half), "li_na").waits_for == ["ask", "ask"]
    assert done(asked(LI, more="each_needs: 9"), "li_na").waits_for == ["look"]


def test_with_nothing_to_do_the_case_goes_on_at_once() -> None:
    story = asked()
    assert story.waits_for == ["look"] and story.open("look").title == "0"
    assert story.open("look").nobody, "nobody did it, so nobody is asked"
    assert [entry.what for entry in story.entries].count("fan_empty") == 1
    assert story.replayed() == story.state


def test_a_colleague_may_do_an_element_and_whoever_did_one_may_not_check() -> None:
    story = done(done(asked(LI, WANG, not_same="[ask]"), "li_na"), "wang_fang")
    assert story.open("look").nobody and story.open("look").candidates == []


def test_a_button_that_stays_sees_the_element_and_what_was_just_said() -> None:
    story = done(asked(LI, WANG), "wang_fang", "等货", button="note")
    assert story.state and story.state.data["said"] == "wang_fang等货"
    assert story.waits_for == ["ask", "ask"] and of(story, "wang_fang").assignee == "wang_fang"


def test_each_element_is_late_for_itself_and_its_people_are_told() -> None:
    late = "finish_within: 2h\n  clock: wall\n  when_late: {tell: {people: item.who}}"
    story = done(asked(LI, WANG, more=late).wait("1h"), "wang_fang").wait("1h")
    assert told(story, "late") == ["li_na"] and of(story, "li_na").overdue
    assert story.state and story.state.tags == ["逾期"]


def test_a_second_round_asks_again_and_its_limit_counts_rounds_not_elements() -> None:
    steps = PREPARE + ASK.replace("MORE", "delegate: yes").replace("NOT", "[]").replace(
        "go_to: finished}", "go_to: ask, at_most: 2, then: finished}"
    )
    story = toy(steps).press("prepare", "ok", by="zhang_wei", items=[LI, WANG])
    done(done(story, "li_na"), "wang_fang").press("look", "ok", by="li_na")
    assert story.waits_for == ["ask", "ask"], "the second round, after two elements"
    assert [v.nth for v in story.visits.values() if v.step == "ask"] == [1, 2, 3, 4]
    done(done(story, "li_na"), "wang_fang").press("look", "ok", by="li_na")
    assert story.state and story.state.status == "completed"


def test_a_path_that_is_overtaken_takes_its_elements_with_it() -> None:
    steps = """
fork: {parallel: [ask, other], join: meet}
ask: {who: {people: item}, each: "['li_na', 'wang_fang']", go_to: meet, buttons: {ok: {label: 好}}}
other: {who: {role: supervisor}, buttons: {ok: {label: 好, go_to: meet}}}
meet: {needs: any, go_to: rest}
rest: {who: {role: supervisor}, buttons: {ok: {label: 好, go_to: finished}}}
finished: {end: done}
"""
    story = toy(steps)
    assert story.waits_for == ["ask", "ask", "other"]
    story.press("other", "ok", by="zhang_wei")
    assert story.waits_for == ["rest"] and story.state and not story.state.fans


def test_a_wait_that_counts_from_the_step_counts_from_all_its_elements() -> None:
    steps = """
ask: {who: {people: item}, each: "['li_na', 'wang_fang']", go_to: then, buttons: {ok: {label: 好}}}
then: {who: {role: supervisor}, buttons: {ok: {label: 好, go_to: quiet}}}
quiet:
  wait: 1d
  who: {role: supervisor}
  buttons: {back: {label: 有回音, since: ask, go_to: finished}}
  time_up: finished
finished: {end: done}
"""
    story = toy(steps)
    story.apply(WorkItemAnswered(visit=story.open("ask").id, button="ok", by="wang_fang"))
    assert story.waits_for == ["ask"]
    story.apply(WorkItemAnswered(visit=story.open("ask").id, button="ok", by="li_na"))
    assert story.waits_for == ["then", "quiet"]


def test_a_person_of_a_list_has_a_name() -> None:
    steps = """
ask:
  title: "{{ item.label }}"
  who: {people: item}
  each: "['li_na']"
  go_to: look
  buttons: {ok: {label: 好}}
look:
  title: "{{ ask.each | map(attribute='item.label') | first }}"
  who: {role: supervisor}
  buttons: {ok: {label: 好, go_to: finished}}
finished: {end: done}
"""
    story = toy(steps)
    assert story.open("ask").title == "李娜"
    assert story.press("ask", "ok").open("look").title == "李娜"


def test_the_department_of_an_element_is_asked_in_its_group_and_by_its_own_clock() -> None:
    steps = """
ask:
  who: [{role_from: item, for: 1h}, {role: supervisor}]
  each: "['finance', 'after_sales', 'no_such_role']"
  finish_within: 2h
  go_to: finished
  buttons: {ok: {label: 好}}
finished: {end: done}
"""
    story = toy(steps, "2026-11-20 22:00", groups=("finance",))
    finance, sales, unknown = story.visits.values()
    assert told(story, "work_item") == ["role:finance", "li_na", "wang_fang"]
    assert (finance.role, sales.role, unknown.nobody) == ("finance", "after_sales", True)
    assert finance.due_at and sales.due_at and finance.due_at > sales.due_at, "the desk is closed"
    assert "zhang_wei" in told(story.wait("1d"), "escalated")


# ---- cases ---------------------------------------------------------------------------------------

SUB = """
below: {sub_case: {process: child, data: {order_no: item}, each: "['A', 'B', 'C']", WAIT}, go_to: look}
look:
  title: "{{ below.each | map(attribute='result') | join(',') }}"
  who: {role: supervisor}
  buttons: {ok: {label: 好, go_to: finished}}
finished: {end: done}
"""


def ended(story: Story, number: int, result: str) -> Story:
    visit = [v for v in story.visits.values() if v.step == "below"][number].id
    story.apply(SubCaseEnded(visit=visit, case_id=f"c{number}", ref=f"A{number}", result=result))
    return story


def test_one_case_is_started_for_each_and_all_are_waited_for() -> None:
    story = toy(SUB.replace("WAIT", "wait: yes"))
    starts = effects(story, StartCase)
    assert [(each.data, each.key) for each in starts] == [
        ({"order_no": "A"}, "0"), ({"order_no": "B"}, "1"), ({"order_no": "C"}, "2"),
    ]  # fmt: skip
    assert len({each.visit for each in starts}) == 3
    ended(ended(story, 1, "bad"), 0, "good")
    assert story.waits_for == ["below"]
    ended(story, 2, "cancelled")
    assert story.open("look").title == "bad,good,cancelled"
    assert story.state and [each["item"] for each in story.state.answers["below"]["each"]] == [
        "B", "A", "C",
    ]  # fmt: skip
    assert story.replayed() == story.state


def test_cases_that_are_not_waited_for_are_only_started() -> None:
    story = toy(SUB.replace("WAIT", "wait: no"))
    assert len(effects(story, StartCase)) == 3 and story.waits_for == ["look"]
    assert story.state and len(story.state.answers["below"]["each"]) == 3
