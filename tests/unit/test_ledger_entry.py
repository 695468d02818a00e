"""The shipped process behind the ledger: proposed, answered by the person, decided, recorded."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from jieli.engine import forms
from jieli.engine.case import CaseState
from jieli.engine.context import Context
from jieli.engine.definition import HumanStep
from jieli.engine.errors import FormError, Refused
from jieli.engine.events import RecordEntry, WorkItemDelegated
from jieli.engine.ledger import Ledger
from jieli.engine.loader import Library, load, read_directory
from jieli.engine.published import Definition
from jieli.engine.scope import scope_for
from tests.story import DEFINITIONS, Story, at

START = "2026-11-20 09:00"
PROPOSAL = {
    "key": "c7:3:12", "rule": "handover_missing", "person": "li_na",
    "happened_at": "2026-11-19T15:30:00+00:00", "reason": "晚班下班没有录入交接事项", "evidence": "A1007",
}  # fmt: skip


@cache
def library() -> Library:
    sources = read_directory(DEFINITIONS)
    ours = {n: t for n, t in sources.items() if "shop" in Path(n).parts or "ledger_entry" in n}
    return load(ours)


def proposed(context: Context | None = None, **changes: Any) -> Story:
    """A case as a proposal starts it: by the machine, with what it knows."""
    words = library()
    definition = Definition(words.processes["ledger_entry"], 1, words.messages)
    story = Story(definition, context or words.context, at(START))
    data = {name: value for name, value in {**PROPOSAL, **changes}.items() if value is not None}
    return story.start(data, by="zhang_wei")


def changed(ledger: Ledger, **words: Any) -> Ledger:
    """The ledger as it would be read from a changed file."""
    known = {name: getattr(ledger, name) for name in Ledger.model_fields}
    return Ledger.model_validate({**known, **words})


def recorded(story: Story) -> list[RecordEntry]:
    return [effect for effect in story.effects if isinstance(effect, RecordEntry)]


def result(story: Story) -> str | None:
    assert story.state
    assert story.replayed() == story.state
    assert CaseState.model_validate_json(story.state.model_dump_json()) == story.state
    return story.state.result


def refusal(story: Story, step: str, button: str, **answers: Any) -> dict[str, str]:
    """What the page says when somebody presses with these answers; nothing if it would count."""
    assert story.state
    visit = story.open(step)
    words = story.definition.step(visit.step)
    assert isinstance(words, HumanStep)
    scope = scope_for(story.definition, story.state, story.context, story.now, visit)
    try:
        forms.check(
            words.form, words.rules, answers, scope, now=story.now, timezone="Asia/Shanghai",
            button=words.buttons[button], people=story.context.people,
        )  # fmt: skip
    except FormError as error:
        return dict(error.fields)
    return {}


def confirm(story: Story, step: str = "supervisor_decides", **answers: Any) -> Story:
    by = "zhou_min" if step == "management_decides" else "zhang_wei"
    story.wait("1m")
    return story.press(step, "confirmed", by, reason="查过记录，属实", **answers)


# ---- the person is heard ---------------------------------------------------------------------


def test_who_appeals_is_heard_and_the_supervisor_may_reject_it() -> None:
    story = proposed()
    assert story.waits_for == ["hear_person"]
    assert story.open("hear_person").candidates == ["li_na"]
    story.press("hear_person", "appeal", statement="网店通当时打不开")
    assert story.state and story.state.tags == ["申诉"]
    asked = next(m for m in story.messages("work_item") if m.to_person == "zhang_wei")
    assert "网店通当时打不开" in asked.text and "A1007" in asked.text
    story.press("supervisor_decides", "rejected", "zhang_wei", reason="系统故障，不是本人的责任")
    assert result(story) == "rejected" and not recorded(story)
    told = story.messages("notice")[-1]
    assert (told.to_person, "系统故障" in told.text) == ("li_na", True)


def test_no_objection_still_needs_the_supervisor() -> None:
    story = proposed().press("hear_person", "accept")
    assert story.waits_for == ["supervisor_decides"] and not recorded(story)
    confirm(story)
    (entry,) = recorded(story)
    assert (entry.rule, entry.person, entry.evidence) == ("handover_missing", "li_na", "A1007")
    assert entry.happened_at == at("2026-11-19 23:30")
    assert entry.by == "zhang_wei" and "查过记录，属实" in entry.reason
    assert story.messages("notice")[-1].to_person == "li_na"
    assert result(story) == "confirmed"


def test_silence_confirms_nothing() -> None:
    story = proposed()
    assert story.open("hear_person").due_at == at("2026-11-23 09:00")
    story.until("2026-11-23 08:59")
    assert story.waits_for == ["hear_person"]
    assert [m.to_person for m in story.messages("reminder")] == ["li_na"]
    story.until("2026-11-23 09:01")
    assert story.waits_for == ["supervisor_decides"] and not recorded(story)
    asked = next(m for m in story.messages("work_item") if m.to_person == "zhang_wei")
    assert "没有在时限内答复" in asked.text


def test_the_time_for_an_appeal_is_the_ledgers() -> None:
    words = library().context
    longer = words.model_copy(update={"ledger": changed(words.ledger, appeal="5d")})
    assert proposed(longer).open("hear_person").due_at == at("2026-11-25 09:00")


def test_an_appeal_needs_its_reason_and_is_the_persons_own() -> None:
    story = proposed()
    assert set(refusal(story, "hear_person", "appeal")) == {"statement"}
    assert not refusal(story, "hear_person", "accept")
    visit = story.open("hear_person")
    with pytest.raises(Refused):
        story.apply(WorkItemDelegated(visit=visit.id, to="wang_fang", reason="你来", by="li_na"))
    assert story.waits_for == ["hear_person"]


def test_who_has_left_cannot_hold_it_up() -> None:
    words = library().context
    people = {**words.people, "li_na": words.people["li_na"].model_copy(update={"active": False})}
    story = proposed(words.model_copy(update={"people": people}))
    story.wait("4d")
    assert story.waits_for == ["supervisor_decides"]


def test_a_reward_is_not_appealed() -> None:
    story = proposed(rule="best_record", reason="十一月记录最完整")
    assert story.path == ["who_is_it", "is_reward", "who_decides", "supervisor_decides"]
    confirm(story)
    assert recorded(story)[0].rule == "best_record" and result(story) == "confirmed"


# ---- who it was ------------------------------------------------------------------------------


def test_when_nobody_knows_who_it_was_the_supervisor_finds_out_first() -> None:
    story = proposed(person=None)
    assert story.waits_for == ["find_person"]
    assert set(refusal(story, "find_person", "found")) == {"who"}
    assert set(refusal(story, "find_person", "nobody")) == {"why"}
    story.wait("3h").press("find_person", "found", "zhang_wei", who="wang_fang")
    assert story.open("hear_person").candidates == ["wang_fang"]
    assert story.open("hear_person").due_at == at("2026-11-23 12:00")
    story.press("hear_person", "accept", "wang_fang")
    confirm(story)
    assert recorded(story)[0].person == "wang_fang" and result(story) == "confirmed"


def test_what_cannot_be_laid_at_anybodys_door_is_dropped() -> None:
    story = proposed(person=None)
    story.press("find_person", "nobody", "zhang_wei", why="日志里看不出是谁")
    assert result(story) == "rejected" and not recorded(story) and not story.messages("notice")


# ---- who decides -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("person", "rule", "step"),
    [("li_na", "handover_missing", "supervisor_decides"),
     ("li_na", "overrun_over_30", "management_decides"),
     ("li_na", "two_months_failed", "management_decides"),
     ("zhang_wei", "missed_meeting", "management_decides"),
     ("zhou_min", "missed_meeting", "supervisor_decides"),
     ("zhou_min", "leak", "supervisor_decides")],
)  # fmt: skip
def test_nobody_decides_about_themselves_and_management_about_what_is_severe(
    person: str, rule: str, step: str
) -> None:
    story = proposed(person=person, rule=rule).press("hear_person", "accept", person)
    assert story.waits_for == [step]


def test_management_confirms_what_is_severe() -> None:
    story = proposed(rule="overrun_over_30").press("hear_person", "appeal", statement="电话没挂断")
    confirm(story, "management_decides")
    (entry,) = recorded(story)
    assert entry.by == "zhou_min" and "查过记录" in entry.reason
    assert result(story) == "confirmed"


def test_management_may_reject_it_too() -> None:
    story = proposed(rule="absent").press("hear_person", "appeal", statement="当天请过假")
    story.press("management_decides", "rejected", "zhou_min", reason="请假单在")
    assert result(story) == "rejected" and not recorded(story)
    assert "请假单在" in story.messages("notice")[-1].text


def test_dismissal_is_only_ever_a_talk_with_management() -> None:
    story = proposed(rule="three_warnings").press("hear_person", "accept")
    confirm(story, "management_decides")
    rule = library().context.ledger.rules["three_warnings"]
    assert [step.text for step in rule.ladder] == ["建议管理层面谈"]
    assert recorded(story)[0].rule == "three_warnings"


def test_the_severity_is_chosen_where_the_rule_has_one_and_fits_it() -> None:
    story = proposed(rule="late").press("hear_person", "accept")
    step = "supervisor_decides"
    assert set(refusal(story, step, "confirmed", reason="属实")) == {"severity"}
    assert set(refusal(story, step, "confirmed", reason="属实", severity="fine")) == {"severity"}
    assert not refusal(story, step, "rejected", reason="不属实")
    confirm(story, severity="severe")
    assert recorded(story)[0].severity == "severe"


def test_a_rule_without_severities_does_not_ask_for_one() -> None:
    story = proposed().press("hear_person", "accept")
    assert not refusal(story, "supervisor_decides", "confirmed", reason="属实")
    confirm(story)
    assert recorded(story)[0].severity is None


def test_a_decision_that_is_late_is_told_and_stays_open() -> None:
    story = proposed().press("hear_person", "accept")
    story.wait("9d")
    assert story.waits_for == ["supervisor_decides"]
    assert [m.to_person for m in story.messages("late")] == ["zhang_wei", "zhou_min"]


def test_a_rule_that_left_the_ledger_is_still_decided_and_records_nothing() -> None:
    words = library().context
    rules = {name: rule for name, rule in words.ledger.rules.items() if name != "handover_missing"}
    story = proposed(
        words.model_copy(update={"ledger": changed(words.ledger, rules=rules)})
    )
    confirm(story.press("hear_person", "accept"))
    assert not recorded(story) and result(story) == "confirmed"


def test_a_supervisor_proposes_by_hand_without_a_key() -> None:
    story = proposed(key=None)
    assert story.waits_for == ["hear_person"]
    assert story.state and story.state.title == "台账：下班没有录入交接事项"
