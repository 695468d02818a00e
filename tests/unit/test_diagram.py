"""The picture of a process: its words, the path of a case, and boxes that do not lie on others."""

from __future__ import annotations

import re
from itertools import combinations
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from jieli.cli import jieli
from jieli.engine.diagram import (
    Picture,
    as_mermaid,
    as_svg,
    as_text,
    laid_out,
    picture,
    trail_of,
)
from tests.story import DEFINITIONS, Story, shipped

PROCESSES = sorted(shipped()[0])


def drawn(process: str) -> Picture:
    processes, context, _ = shipped()
    return picture(processes[process], context, processes)


def section(text: str, title: str) -> str:
    return next(part for part in text.split("\n\n") if title in part.splitlines()[0])


def test_a_step_tells_who_is_asked_how_long_there_is_and_where_its_buttons_lead() -> None:
    said = section(as_text(drawn("bad_review")), "查聊天记录")
    assert "售后客服（当班） 2 小时 → 客服主管" in said
    assert "时限 严重 1 小时，否则 4 小时" in said
    assert "查清了，联系买家 ─▷ 5 旺旺留言" in said


def test_waits_limits_and_ways_aside_are_told() -> None:
    whole = as_text(drawn("bad_review"))
    assert "等 48 小时" in section(whole, "等待买家响应")
    assert "时间到 ─▷ 9 电话沟通" in section(whole, "等待买家响应")
    assert "没接通（最多 2 次） ─▷ 9 电话沟通" in section(whole, "电话沟通")
    assert "没接通（满 2 次以后） ─▷ 15 主管决定" in section(whole, "电话沟通")
    assert "请勿再联系 ┄▷ 16 主管收尾" in section(whole, "电话沟通")
    assert "已付款 ─▷ 18 归档" in section(whole, "服务补救")


def test_conditions_are_read_with_the_labels_of_fields_and_options() -> None:
    labels = [arrow.label for arrow in drawn("bad_review").leaving("is_severe")]
    assert labels == ["严重程度 = 严重", "否则"]
    assert "等到 登记结果·买家答应的时间" in as_text(drawn("bad_review"))


def test_a_case_shows_its_path_and_where_it_waits() -> None:
    story = Story.bad_review().press("check_chat", "contact", deal="x", cause="y", fault="ours")
    shown = drawn("bad_review")
    trail = trail_of(shown, story.visits.values())

    whole = as_text(shown, trail)
    assert "严重程度 = 严重 ━▶ 2 告知主管" in whole
    assert "否则 ─▷ 3 查聊天记录" in whole
    assert "查清了，联系买家 ━▶ 5 旺旺留言" in whole
    assert "5 ▢ 旺旺留言  ◀ 等在这里" in whole
    assert "class s_leave_message waiting" in as_mermaid(shown, trail)
    assert 'class="human waiting" id="step-leave_message"' in as_svg(shown, trail)


def test_a_step_done_twice_says_so() -> None:
    story = Story.bad_review(severity="normal")
    story.press("check_chat", "contact", deal="x", cause="y", fault="ours")
    story.press("leave_message", "sent", text="您好").press("sms", "sent").wait("48h")
    story.until("2026-11-23 10:30").press("phone", "not_reached")
    story.until("2026-11-23 16:30").press("phone", "not_reached")
    shown = drawn("bad_review")
    said = section(as_text(shown, trail_of(shown, story.visits.values())), "电话沟通")
    assert "✓ ×2" in said.splitlines()[0]
    assert "没接通（满 2 次以后） ━▶ 15 主管决定" in said


@pytest.mark.parametrize("process", PROCESSES)
def test_every_step_and_arrow_is_in_every_picture(process: str) -> None:
    shown = drawn(process)
    assert {node.name for node in shown.nodes} == set(shipped()[0][process].steps)

    mermaid = as_mermaid(shown)
    for arrow in shown.arrows:
        assert re.search(rf"s_{arrow.source} (-->|-\.->).*s_{arrow.target}$", mermaid, re.M)

    root = ElementTree.fromstring(as_svg(shown))
    ids = {each.get("id") for each in root.iter("{http://www.w3.org/2000/svg}g")}
    assert {f"step-{node.name}" for node in shown.nodes} <= ids
    outside = [value for each in root.iter() for value in each.attrib.values() if "://" in value]
    assert outside == []


@pytest.mark.parametrize("process", PROCESSES)
def test_no_box_or_label_lies_on_another(process: str) -> None:
    layout = laid_out(drawn(process))
    boxes = [*layout.boxes.values(), *(label for _, label in layout.labels)]
    for one, other in combinations(boxes, 2):
        aside = abs(one.x - other.x) >= (one.width + other.width) / 2 - 0.01
        apart = one.y + one.height <= other.y or other.y + other.height <= one.y
        assert aside or apart, (one.lines, other.lines)
    assert all(box.x - box.width / 2 >= 0 and box.x + box.width / 2 <= layout.width for box in boxes)


def test_the_command_draws_and_names_what_there_is() -> None:
    assert CliRunner().invoke(jieli, ["diagram", "bad_review"]).output.startswith("中差评处理")
    drawn = CliRunner().invoke(jieli, ["diagram", "bad_review", "--format", "svg"]).output
    assert drawn.startswith("<svg")
    refused = CliRunner().invoke(jieli, ["diagram", "bad_reviews"])
    assert refused.exception is not None and "bad_review" in refused.exception.told()  # type: ignore[attr-defined]
    assert CliRunner().invoke(jieli, ["diagram"]).exit_code == 2


def test_the_picture_in_the_guide_is_the_process_as_it_is_now() -> None:
    file = DEFINITIONS.parent / "docs" / "pictures" / "bad_review.svg"
    made = "jieli diagram bad_review --format svg --out docs/pictures/bad_review.svg"
    assert file.read_text("utf-8") == as_svg(drawn("bad_review")), made
