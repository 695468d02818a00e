"""Being late: several rungs, and the ledger entries that it proposes."""

from __future__ import annotations

import pytest

from jieli.engine.events import AnswerTakenBack, ProposeEntry, WorkItemClaimed
from tests.story import Story, at
from tests.unit.toys import effects, outcomes, told, toy

LATE = """
ask:
  title: 打电话
  who: WHO
  clock: wall
  MORE
  buttons: {ok: {label: 好, go_to: next}}
next: {who: {role: supervisor}, buttons: {ok: {label: 好, go_to: finished}}}
finished: {end: done}
"""
RUNGS = (
    "when_late: [{tell: {role: supervisor}}, {after: 30m, tell: {role: management}}, "
    "{after: 2h, go_to: next}]"
)


def late(*more: str, who: str = "{role: after_sales}", start: str = "2026-11-20 09:00") -> Story:
    """A step of one hour."""
    words = "\n  ".join(("finish_within: 1h", *more))
    return toy(LATE.replace("WHO", who).replace("MORE", words), start)


def proposed(story: Story) -> list[tuple[str, str | None, str]]:
    """The entries proposed: rule, person, what their keys end with."""
    return [(each.rule, each.person, each.key.split(":", 2)[2]) for each in effects(story, ProposeEntry)]


# ---- rungs ---------------------------------------------------------------------------------------


def test_every_rung_has_its_time_after_the_due_time() -> None:
    story = late(RUNGS).wait("1h")
    assert told(story, "late") == ["li_na", "zhang_wei"]
    assert told(story.wait("30m"), "late")[2:] == ["zhou_min"], "who has it knows already"
    assert story.wait("89m").waits_for == ["ask"]
    assert story.wait("1m").waits_for == ["next"] and outcomes(story)["ask.1"] == "late"


def test_what_begins_later_is_overdue_at_its_due_time_all_the_same() -> None:
    story = late("when_late: {after: 30m, tell: {role: supervisor}}").wait("1h")
    assert story.open("ask").overdue and told(story, "late") == ["li_na"]
    assert told(story.wait("30m"), "late") == ["li_na", "zhang_wei"]


def test_what_is_done_between_two_rungs_never_reaches_the_second() -> None:
    story = late(RUNGS).wait("80m").press("ask", "ok").wait("1d")
    assert told(story, "late") == ["li_na", "zhang_wei"]


def test_an_answer_taken_back_goes_on_with_the_rungs_that_are_left() -> None:
    story = late(RUNGS, "take_back: 3m").wait("70m").press("ask", "ok").wait("1m")
    story.apply(AnswerTakenBack(visit=story.open("ask").id, by="li_na"))
    assert told(story.wait("5m"), "late") == ["li_na", "zhang_wei"], "the first is not repeated"
    assert told(story.until("2026-11-20 10:30"), "late")[2:] == ["zhou_min"]


# ---- who is to blame -----------------------------------------------------------------------------

PROPOSE = "when_late: [{after: 10m, propose: handover_record}]"


def test_a_rung_proposes_an_entry_for_who_holds_the_work() -> None:
    story = late(PROPOSE)
    story.apply(WorkItemClaimed(visit=story.open("ask").id, by="wang_fang"))
    assert proposed(story.wait("1h")) == []
    story.wait("10m")
    assert proposed(story) == [("handover_record", "wang_fang", "late1")]
    (entry,) = effects(story, ProposeEntry)
    assert (entry.happened_at, entry.evidence) == (at("2026-11-20 10:10"), "A1")
    assert entry.reason == "A1 的“打电话”应在 2026-11-20 10:00 前完成，过了 10 分钟还没有完成。"


@pytest.mark.parametrize(
    ("who", "person"), [("{person: li_na}", "li_na"), ("{role: after_sales}", None)]
)
def test_of_several_who_were_asked_none_is_blamed_by_a_machine(who: str, person: str | None) -> None:
    assert [each[1] for each in proposed(late(PROPOSE, who=who).wait("2h"))] == [person]


def test_a_rule_that_the_ledger_lost_proposes_nothing() -> None:
    story = late(PROPOSE)
    ledger = story.context.ledger.model_copy(update={"rules": {}})
    story.context = story.context.model_copy(update={"ledger": ledger})
    assert proposed(story.wait("2h")) == []
    assert "not_proposed" in [entry.what for entry in story.entries]


# ---- overruns ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("minutes", "rules"),
    [
        (59, []),
        (60, []),
        (70, []),
        (71, ["overrun_11_to_30"]),
        (90, ["overrun_11_to_30"]),
        (91, ["overrun_over_30"]),
        (500, ["overrun_over_30"]),
    ],
)
def test_how_late_it_was_done_decides_on_the_rule(minutes: int, rules: list[str]) -> None:
    story = late("overrun: step_limit", who="{person: li_na}").wait(f"{minutes}m").press("ask", "ok")
    assert [(rule, person) for rule, person, _ in proposed(story)] == [(r, "li_na") for r in rules]


def test_the_last_band_is_proposed_while_nobody_does_it_and_only_once() -> None:
    story = late("overrun: step_limit", who="{person: li_na}").until("2026-11-20 10:31")
    assert [rule for rule, _, _ in proposed(story)] == ["overrun_over_30"]
    story.wait("1d").press("ask", "ok").wait("1d")
    assert len(proposed(story)) == 1


def test_after_an_outage_the_last_band_is_proposed_with_the_answer() -> None:
    story = late("overrun: step_limit", who="{person: li_na}")
    story.now = at("2026-11-20 15:00")
    assert [rule for rule, _, _ in proposed(story.press("ask", "ok"))] == ["overrun_over_30"]


def test_what_was_answered_in_time_is_in_time_however_long_it_may_be_taken_back() -> None:
    story = late("overrun: step_limit", "take_back: 30m", who="{person: li_na}")
    assert proposed(story.wait("65m").press("ask", "ok").wait("2h")) == []
    assert outcomes(story)["ask.1"] == "ok"


def test_what_was_taken_away_was_not_done_and_what_was_cancelled_neither() -> None:
    story = late("overrun: step_limit", "when_late: {after: 20m, go_to: next}", who="{person: li_na}")
    assert proposed(story.wait("2h")) == [] and outcomes(story)["ask.1"] == "late"
