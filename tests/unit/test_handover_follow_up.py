"""What follows a handover (HO-8): due at the earliest of class, promise and key time; carried over."""

from __future__ import annotations

import pytest

from jieli.engine.errors import NotYours
from jieli.engine.events import WorkHandedOver
from tests.story import Story, at
from tests.unit.handovers import DAY, form_mistakes, proposed, told

pytestmark = pytest.mark.usefixtures("stories_replay")


def follow_up(urgency: str = "follow", start: str = f"{DAY} 17:30", **changes: object) -> Story:
    data = {
        "shop": "douyin_main", "about": "AS7", "line": "20261124001", "handover": "A1",
        "buyer": "王女士", "order_no": "20261124001", "problem_type": "商品破损",
        "urgency": urgency, "progress": "待仓库确认", "promise": "无", "special_needs": "无",
        "person": "wang_fang", "taken_at": at(start).isoformat(),
    }  # fmt: skip
    return Story.of("handover_follow_up", {**data, **changes}, start)


@pytest.mark.parametrize(
    ("urgency", "taken", "times", "due"),
    [
        ("urgent", "17:30", {}, f"{DAY} 18:00"),
        ("urgent", "17:30", {"promised_at": "17:40"}, f"{DAY} 17:40"),
        ("urgent", "17:30", {"key_time": "20:00"}, f"{DAY} 18:00"),
        ("follow", "17:30", {}, "2026-11-25 01:00"),
        ("follow", "17:30", {"promised_at": "19:00", "key_time": "20:00"}, f"{DAY} 19:00"),
        ("follow", "17:30", {"key_time": "18:15", "promised_at": "19:00"}, f"{DAY} 18:15"),
        ("remind", "17:30", {"key_time": "20:00"}, f"{DAY} 20:00"),
        ("remind", "17:30", {}, "2026-11-25 17:30"),
    ],
)
def test_it_is_due_at_the_earliest(urgency: str, taken: str, times: dict[str, str], due: str) -> None:
    given = {name: at(f"{DAY} {clock}").isoformat() for name, clock in times.items()}
    story = follow_up(urgency, f"{DAY} {taken}", **given)
    assert story.open("follow_up").due_at == at(due)


def test_the_business_day_goes_past_midnight() -> None:
    assert follow_up("follow", "2026-11-25 00:30").open("follow_up").due_at == at("2026-11-25 01:00")
    assert follow_up("follow", "2026-11-25 08:00").open("follow_up").due_at == at("2026-11-26 01:00")


def test_who_took_over_owns_it_before_touching_it() -> None:
    story = follow_up()
    assert story.state and story.state.owner == "wang_fang"
    assert story.open("follow_up").candidates == ["wang_fang"]


def test_special_needs_and_promises_stand_in_the_message() -> None:
    story = follow_up(special_needs="听力不好，打字沟通", promise="两小时内补发")
    text = story.messages("work_item")[0].text
    assert "听力不好，打字沟通" in text and "两小时内补发" in text


def test_done_is_done() -> None:
    story = follow_up().press("follow_up", "closed", by="wang_fang", outcome="已补发，客户满意")
    assert story.state and story.state.result == "closed"


def test_late_the_owner_is_reminded_then_the_supervisor_then_it_is_proposed() -> None:
    story = follow_up("urgent", promised_at=at(f"{DAY} 17:40").isoformat()).until(f"{DAY} 17:40")
    assert told(story, "late") == {"wang_fang"}
    story.until(f"{DAY} 17:55")
    assert told(story, "late") == {"wang_fang", "zhang_wei"} and proposed(story) == []
    story.press("follow_up", "closed", by="wang_fang", outcome="晚了")
    assert [rule for rule, _ in proposed(story)] == ["overrun_11_to_30"]


def test_more_than_half_an_hour_late_is_proposed_without_waiting_for_anybody() -> None:
    story = follow_up("urgent").until(f"{DAY} 18:31")
    assert [rule for rule, _ in proposed(story)] == ["overrun_over_30"]


def test_a_new_time_is_agreed_and_only_that_counts() -> None:
    story = follow_up("urgent", promised_at=at(f"{DAY} 17:50").isoformat())
    assert list(form_mistakes(story, "follow_up", "later", {"outcome": "等客户"})) == ["next_at"]
    later = at("2026-11-25 10:00").isoformat()
    story.press("follow_up", "later", by="wang_fang", outcome="客户明天回", next_at=later)
    assert story.waits_for == ["follow_up"] and story.open("follow_up").due_at == at("2026-11-25 10:00")
    assert story.state and story.state.data["progress"] == "客户明天回"


def test_put_off_again_and_again_the_supervisor_decides() -> None:
    story = follow_up()
    for _ in range(6):
        story.press("follow_up", "later", by="wang_fang", outcome="再等",
                    next_at=at("2026-11-26 10:00").isoformat())  # fmt: skip
    assert story.waits_for == ["decide"]
    story.press("decide", "close", by="zhang_wei", plan="不再跟进")
    assert story.state and story.state.result == "dropped"


def test_help_is_asked_for_and_the_plan_comes_back() -> None:
    story = follow_up().press("follow_up", "help", by="wang_fang", outcome="仓库不认")
    story.press("decide", "go_on", by="zhang_wei", plan="找吴刚",
                next_at=at("2026-11-25 12:00").isoformat())  # fmt: skip
    assert story.waits_for == ["follow_up"] and story.open("follow_up").candidates == ["wang_fang"]
    assert story.open("follow_up").due_at == at("2026-11-25 12:00")


def test_it_becomes_an_after_sales_case() -> None:
    story = follow_up().press("follow_up", "to_after_sales", by="wang_fang", outcome="要退货")
    (started,) = story.asked_for("after_sales")
    assert not started.wait and story.state and story.state.result == "closed"


def test_nobody_takes_it_up_and_the_supervisor_is_asked() -> None:
    story = follow_up().wait("30m")
    assert story.open("follow_up").candidates == ["wang_fang", "zhang_wei"]


def test_at_the_next_handover_it_goes_on_to_the_next_agent_with_its_history() -> None:
    story = follow_up(start="2026-11-25 00:10")
    handed = WorkHandedOver(from_people=("wang_fang",), to="li_na", reason="交接班", source="A2")
    story.apply(handed)
    assert story.state and story.state.owner == "li_na"
    assert "li_na" in story.open("follow_up").candidates
    with pytest.raises(NotYours):
        story.press("follow_up", "closed", by="wang_fang", outcome="好了")
    story.press("follow_up", "later", by="li_na", outcome="再等", next_at=at("2026-11-25 15:00").isoformat())
    story.apply(WorkHandedOver(from_people=("li_na",), to="ma_chao", reason="交接班", source="A3"))
    assert story.state.owner == "ma_chao" and story.open("follow_up").candidates == ["ma_chao"]
    assert [e.what for e in story.entries].count("handed_over") == 2
