"""The monthly audit of handover records and the award for the best of them."""

from __future__ import annotations

from typing import Any

import pytest

from jieli.engine import filled
from jieli.engine.expressions import evaluate
from jieli.engine.fills import Fill
from jieli.engine.scope import form_of, scope_of
from tests.story import Story, at, shipped
from tests.unit.handovers import form_mistakes, proposed, told

pytestmark = pytest.mark.usefixtures("stories_replay")

GOOD = {"accurate": "ok", "complete": "ok", "standard": "ok"}
RECORDS = [
    {"ref": "HO1", "title": "交接班 售后 早班", "outgoing": ["li_na"], **GOOD},
    {"ref": "HO2", "title": "交接班 售后 晚班", "outgoing": ["wang_fang"], **GOOD, "complete": "not_ok"},
]
AUDITED = {"records": RECORDS, "missing": 1, "quality": "记录总体准确，个别缺少承诺时间，需要改进。"}


def audit() -> Story:
    return Story.of("handover_audit", {"month": "2026-11", "until": "2026-12-01"}, "2026-12-01 09:00")


def names(story: Story) -> dict[str, Any]:
    assert story.state
    return scope_of(story.definition, story.state, story.context, story.now)


def table_of(story: Story, step: str, field: str) -> Fill:
    fill = form_of(story.definition.process.steps[step])[field].fill
    assert isinstance(fill, Fill)
    return fill


def test_last_month_is_audited_on_the_first() -> None:
    (start,) = [s.schedule for s in shipped()[0]["handover_audit"].start if s.schedule]
    assert start.monthly == ("1 09:00",)


def test_the_audit_takes_in_last_month_alone() -> None:
    story = audit()
    wanted, scope = table_of(story, "audit", "records").cases, names(story)
    assert wanted and wanted.process == ("handover",)
    assert evaluate(str(wanted.since), scope) == "2026-11-01"
    assert str(evaluate(str(wanted.until), scope)) == "2026-12-01"


def test_an_audit_without_analysis_is_none() -> None:
    assert list(form_mistakes(audit(), "audit", "audited", {})) == ["missing", "quality"]


def test_what_must_improve_is_rectified() -> None:
    story = audit().press("audit", "audited", by="zhang_wei", **AUDITED, improve="承诺时间必填")
    (started,) = story.asked_for("rectification")
    assert started.data["what"] == "承诺时间必填" and started.data["person"] == "zhang_wei"
    assert story.waits_for == ["award"]


def test_the_candidates_are_those_whose_records_were_good_in_everything() -> None:
    story = audit().press("audit", "audited", by="zhang_wei", **AUDITED)
    assert story.waits_for == ["award"] and story.asked_for("rectification") == []
    wanted, scope = table_of(story, "award", "candidates"), names(story)
    field = form_of(story.definition.process.steps["award"])["candidates"]
    rows = filled.table(field, filled.rows_of(str(wanted.rows), scope), scope)
    assert [row["ref"] for row in rows] == ["HO1"] and rows[0]["outgoing"] == ["li_na"]


def test_the_winners_are_proposed_and_everybody_reads_the_certificate() -> None:
    story = audit().press("audit", "audited", by="zhang_wei", **AUDITED)
    said = {"why": "条条清楚", "certificate": "特授予优秀交接班记录奖"}
    story.press("award", "awarded", by="zhang_wei", winners=["li_na"], **said)
    assert proposed(story) == [("best_record", "li_na")]
    assert {"li_na", "wang_fang", "he_jing"} <= told(story, "notice")
    assert "优秀交接班记录奖" in story.messages("notice")[0].text
    assert story.state and story.state.result == "done"


def test_not_more_winners_than_the_shop_wants() -> None:
    story = audit().press("audit", "audited", by="zhang_wei", **AUDITED)
    four = ["li_na", "wang_fang", "he_jing", "ma_chao"]
    raw = {"winners": four, "why": "好", "certificate": "好"}
    assert list(form_mistakes(story, "award", "awarded", raw)) == ["winners"]
    assert form_mistakes(story, "award", "awarded", {**raw, "winners": four[:3]}) == {}


def test_a_month_without_a_winner() -> None:
    story = audit().press("audit", "audited", by="zhang_wei", **AUDITED)
    story.press("award", "none", by="zhang_wei")
    assert proposed(story) == [] and story.state and story.state.result == "done"


def test_a_forgotten_audit_is_told_to_management() -> None:
    assert "zhou_min" in told(audit().wait("73h"), "late")
    assert audit().open("audit").due_at == at("2026-12-04 09:00")
