"""What Jieli does itself, as a step and at a button: the effects it asks for, and their keys."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from jieli.engine.events import ChangeRoster, HandOverWork, MarkRows, ProposeEntry, RecordEntry
from jieli.engine.filters import FILTERS
from jieli.engine.roster import RosterChange
from tests.story import Story, at
from tests.unit.toys import effects, toy

ASK = """
ask:
  who: {role: after_sales}
  form:
    from_who: {label: 谁, type: people}
    to_who: {label: 给谁, type: people}
    when: {label: 何时, type: datetime}
    until: {label: 到, type: date}
    rows:
      label: 行
      type: rows
      fields: {ref: {label: 单号}, to: {label: 给, type: person}, why: {label: 为什么}}
  buttons: {ok: {label: 好, go_to: act BUTTON}}
act: {do: DO, go_to: finished}
finished: {end: done}
"""


def asked(do: str, button: str = "", **data: Any) -> Story:
    """A case in which a step does something with the answers of the step before."""
    return toy(ASK.replace("DO", do).replace("BUTTON", button), **data)


def done(do: str, *, by: str = "li_na", **answers: Any) -> Story:
    return asked(do).press("ask", "ok", by=by, **answers)


def history(story: Story, what: str) -> list[dict[str, Any] | None]:
    return [entry.detail for entry in story.entries if entry.what == what]


# ---- hand over -----------------------------------------------------------------------------------

HAND_OVER = "{hand_over: {from: ask.from_who, to: ask.to_who, choose: ask.rows}}"


def test_open_work_goes_from_people_to_people_and_some_of_it_to_one_of_them() -> None:
    rows = [{"ref": "B2", "to": "he_jing"}, {"ref": "B3"}, {"to": "he_jing", "why": "typed in"}]
    story = done(HAND_OVER, from_who=["li_na"], to_who=["wang_fang", "he_jing"], rows=rows)
    (effect,) = effects(story, HandOverWork)
    assert (effect.from_people, effect.to) == (("li_na",), ("wang_fang", "he_jing"))
    assert (effect.chosen, effect.reason) == ((("B2", "he_jing"),), "小流程")
    assert story.state and story.state.result == "done"


@pytest.mark.parametrize(
    "answers",
    [{}, {"from_who": ["li_na"]}, {"to_who": ["li_na"]}, {"from_who": ["li_na"], "to_who": ["nobody"]}],
)
def test_work_that_nobody_has_or_takes_stays_where_it_is(answers: dict[str, Any]) -> None:
    story = done(HAND_OVER, **answers)
    assert effects(story, HandOverWork) == [] and len(history(story, "handed_over_asked")) == 1


# ---- ledger --------------------------------------------------------------------------------------


def test_an_entry_is_proposed_with_the_case_as_its_evidence() -> None:
    story = done("{propose: {rule: handover_record, person: ask.by_id, reason: '单 {{ order_no }}'}}")
    (entry,) = effects(story, ProposeEntry)
    assert (entry.rule, entry.person, entry.reason) == ("handover_record", "li_na", "单 7")
    assert (entry.evidence, entry.happened_at) == ("A1", story.now)
    assert entry.key.startswith(f"c1:{entry.visit}:")


def test_one_proposal_for_each_row_each_with_a_key_of_its_own() -> None:
    do = "{propose: {each: ask.rows, rule: '{{ item.ref }}', person: item.to, reason: '{{ item.why }}'}}"
    rows = [
        {"ref": "handover_record", "to": "li_na", "why": "甲"},
        {"ref": "no_such_rule", "to": "li_na", "why": "乙"},
        {"ref": "handover_missing", "why": "丙"},
        {"to": "li_na"},
    ]
    story = done(do, rows=rows)
    said = [(each.rule, each.person, each.reason) for each in effects(story, ProposeEntry)]
    assert said == [("handover_record", "li_na", "甲"), ("handover_missing", None, "丙")]
    assert len({each.key for each in effects(story, ProposeEntry)}) == 2
    assert history(story, "not_proposed") == [{"rule": "no_such_rule", "reason": "no_such_rule"}]


RECORD = (
    "{record: {rule: \"'handover_record'\", person: ask.from_who, reason: 确认, "
    "evidence: case.ref, happened_at: ask.when}}"
)


def test_a_confirmed_entry_says_who_confirmed_it_and_when_it_happened() -> None:
    story = done(RECORD, by="wang_fang", from_who=["li_na"], when=at("2026-10-31 23:00").isoformat())
    (entry,) = effects(story, RecordEntry)
    assert (entry.person, entry.by, entry.evidence) == ("li_na", "wang_fang", "A1")
    assert entry.happened_at == at("2026-10-31 23:00")


def test_an_entry_for_nobody_is_not_recorded() -> None:
    story = done(RECORD)
    assert effects(story, RecordEntry) == [] and len(history(story, "not_recorded")) == 1


# ---- roster and rows -----------------------------------------------------------------------------


def test_a_leave_is_written_into_the_roster_by_its_local_dates() -> None:
    do = "{change_roster: {kind: away, person: ask.from_who, other: ask.to_who, from: ask.when, to: ask.until}}"
    when = at("2026-11-21 00:30").isoformat()
    story = done(do, from_who=["li_na"], to_who=["he_jing"], when=when, until="2026-11-23")
    (effect,) = effects(story, ChangeRoster)
    first, last = date(2026, 11, 21), date(2026, 11, 23)
    known = {"kind": "away", "person": "li_na", "other": "he_jing", "from": first, "to": last}
    assert effect.change == RosterChange.model_validate({**known, "case_ref": "A1"})


def test_a_shift_that_ends_later_has_a_time_as_its_end() -> None:
    whose = "kind: extend, post: \"'desk'\", shift: \"'late'\""
    do = f"{{change_roster: {{{whose}, date: ask.until, to: ask.when | plus('30m')}}}}"
    story = done(do, when=at("2026-11-20 23:00").isoformat(), until="2026-11-20")
    (effect,) = effects(story, ChangeRoster)
    assert effect.change.until == at("2026-11-20 23:30") and effect.change.to is None
    assert (effect.change.date_, effect.change.post) == (date(2026, 11, 20), "desk")


@pytest.mark.parametrize(
    ("columns", "keys"), [(["ref"], ("B1", "B2")), (["ref", "why"], ("B1|甲", "B2|", "|乙"))]
)
def test_rows_are_marked_by_the_key_of_their_list(columns: list[str], keys: tuple[str, ...]) -> None:
    cells = "{ref: {label: 单号}, why: {label: 说}}"
    toy_list = f"toy_list: {{label: 未付款, key: {columns}, columns: {cells}}}"
    mark = "{mark_rows: {list: toy_list, rows: ask.rows, mark: '已催 {{ order_no }}'}}"
    steps = ASK.replace("DO", mark).replace("BUTTON", "")
    rows = [{"ref": "B1", "why": "甲"}, {"ref": "B1", "why": "甲"}, {"ref": "B2"}, {"why": "乙"}]
    story = toy(steps, more=f"imports: {{{toy_list}}}").press("ask", "ok", rows=rows)
    assert effects(story, MarkRows) == [MarkRows("toy_list", keys, "已催 7")]


# ---- at a button ---------------------------------------------------------------------------------


def test_a_button_does_it_with_the_answers_just_given() -> None:
    button = ", do: {propose: {rule: handover_record, person: ask.to_who, reason: 迟了}}"
    do = "{propose: {rule: handover_missing, person: ask.by_id, reason: x}}"
    story = asked(do, button).press("ask", "ok", to_who=["he_jing"])
    said = [(each.rule, each.person) for each in effects(story, ProposeEntry)]
    assert said == [("handover_record", "he_jing"), ("handover_missing", "li_na")]
    assert story.replayed() == story.state


def test_the_filters_that_reckon_with_times_are_there() -> None:
    assert {"plus", "minus", "end_of_day", "earliest", "local_date", "month", "day_name"} <= set(FILTERS)
