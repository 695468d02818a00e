"""Measures that somebody carries out and somebody else checks; staff protected from abuse."""

from __future__ import annotations

from typing import Any

import pytest

from jieli.engine.errors import FormError, NotYours
from tests.family import Family
from tests.story import at

PLAN = {"cause": "没有质检", "measure": "出厂前抽检", "person": "feng_lei", "due": "2026-11-27"}
ABUSE = {"agent": "li_na", "order_no": "2026112000014821", "happened_at": "2026-11-23T08:50:00+08:00",
         "kind": "insult", "words": "骂人"}  # fmt: skip


def improvement(**data: Any) -> Family:
    """An improvement that somebody proposed."""
    return Family.of("improvement", {"problem": "杯盖漏水很多", **data}, "2026-11-23 09:00")


def test_a_problem_gets_cause_measure_person_and_date() -> None:
    family = improvement()
    with pytest.raises(FormError) as refused:
        family.press("plan", "planned", by="zhang_wei")
    assert set(PLAN) <= set(refused.value.fields)
    family.press("plan", "planned", by="zhang_wei", **PLAN)
    assert family.find("carry_out")[1].candidates == ["feng_lei"]
    assert family.find("carry_out")[1].due_at == at("2026-11-28 00:00"), "the whole last day counts"


def test_a_measure_that_is_complete_is_carried_out_at_once_and_checked_by_another() -> None:
    family = improvement(**PLAN).press("carry_out", "note", by="feng_lei", progress="开始抽检")
    family.press("carry_out", "done", by="feng_lei", did="每批抽检五个")
    assert family.press("check", "effective", by="zhou_min").first.result == "done"
    family.replayed()


def test_nobody_checks_his_own_measure() -> None:
    family = improvement(**{**PLAN, "person": "zhou_min"}).press("carry_out", "done", by="zhou_min", did="改了")
    with pytest.raises(NotYours):
        family.press("check", "effective", by="zhou_min")


def test_a_measure_without_effect_is_planned_again_at_most_three_times() -> None:
    family = improvement()
    for _ in range(3):
        family.press("plan", "planned", by="zhang_wei", **PLAN)
        family.press("carry_out", "done", by="feng_lei", did="抽检").press(
            "check", "again", by="zhou_min", note="还是漏"
        )
    assert family.first.result == "dropped"


def test_late_is_told_to_the_supervisor() -> None:
    family = improvement(**PLAN).until("2026-11-28 00:00")
    assert {"feng_lei", "zhang_wei"} <= set(family.told("late", "carry_out"))


def test_what_needs_no_improvement_is_dropped() -> None:
    assert improvement().press("plan", "drop", by="zhang_wei").first.result == "dropped"


def abuse() -> Family:
    """Somebody was insulted and reports it."""
    return Family.of("abuse_report", ABUSE, "2026-11-23 09:00", "li_na")


def test_the_supervisor_protects_at_once_and_the_person_confirms() -> None:
    family = abuse()
    assert "紧急" in family.first.tags and family.find("protect")[1].due_at == at("2026-11-23 10:00")
    family.press("protect", "done", by="zhang_wei", measures=["swap", "care"], measure="换人接待")
    assert family.find("confirm")[1].candidates == ["li_na"]
    assert family.press("confirm", "settled").first.result == "protected"
    family.replayed()


def test_late_protection_goes_to_management() -> None:
    assert "zhou_min" in abuse().wait("1h").told("late", "protect")


def test_management_decides_on_more_and_the_person_may_say_it_is_not_enough() -> None:
    family = abuse().press("protect", "report", by="zhang_wei", measures=["police"], measure="建议报警")
    for _ in range(3):
        family.press("management_decides", "done", by="zhou_min", measure="已报警")
        family.press("confirm", "again", note="还在骂")
    assert family.first.status == "completed"
