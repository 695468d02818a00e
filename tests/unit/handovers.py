"""Handovers to tell stories about: people, shifts and records of the sample shop."""

from __future__ import annotations

from typing import Any, TypeVar

from jieli.engine.errors import FormError
from jieli.engine.events import ProposeEntry
from jieli.engine.forms import check
from jieli.engine.scope import form_of, scope_for
from tests.story import Story, at

DAY = "2026-11-24"

LIVE = {
    "shop": "douyin_main", "post": "after_sales_post", "shift": "early", "shift_date": DAY,
    "part": 1, "outgoing": ["li_na"], "incoming": ["wang_fang"], "on_duty": [], "mode": "live",
    "ends_at": at(f"{DAY} 17:30").isoformat(), "next_starts_at": at(f"{DAY} 17:30").isoformat(),
    "backfill": False,
}  # fmt: skip
NIGHT = {
    **LIVE, "shift": "late", "outgoing": ["wang_fang"], "incoming": ["li_na"], "mode": "async",
    "ends_at": at("2026-11-25 01:00").isoformat(),
    "next_starts_at": at("2026-11-25 08:00").isoformat(),
}  # fmt: skip

ITEM = {
    "ref": "AS7", "process": "after_sales", "buyer": "王女士", "order_no": "20261124001",
    "problem_type": "商品破损", "urgency": "follow", "stage": "contacting",
    "progress": "已拍照，待仓库确认", "promise": "两小时内补发",
    "promised_at": at(f"{DAY} 19:00").isoformat(), "key_time": at(f"{DAY} 20:00").isoformat(),
    "mood": "anxious", "special_needs": "无", "hardness": "usual",
}  # fmt: skip
WELL = ["pc", "phone", "headset", "supplies", "paper_form", "desk"]
RECORD: dict[str, Any] = {
    "overview": "咨询 80，投诉 2", "crm_checked": True, "files_updated": True, "equipment": WELL,
}  # fmt: skip


E = TypeVar("E")


def effects(story: Story, kind: type[E]) -> list[E]:
    """What of this kind the case asked for."""
    return [each for each in story.effects if isinstance(each, kind)]


def proposed(story: Story) -> list[tuple[str, str | None]]:
    """The ledger entries that were proposed: rule and person."""
    return [(each.rule, each.person) for each in effects(story, ProposeEntry)]


def told(story: Story, purpose: str) -> set[str | None]:
    """Who got a message of this purpose."""
    return {message.to_person for message in story.messages(purpose)}


def live(start: str = f"{DAY} 17:00", **changes: Any) -> Story:
    """The early shift's handover to the late one, face to face."""
    return Story.of("handover", {**LIVE, **changes}, start)


def night(start: str = "2026-11-25 00:30", **changes: Any) -> Story:
    """The late shift's handover at 1:00, when nobody comes before 8:00."""
    return Story.of("handover", {**NIGHT, **changes}, start)


def item(**changes: Any) -> dict[str, Any]:
    """One thing that is left to do."""
    return {**ITEM, **changes}


def sort_out(story: Story, *items: dict[str, Any], by: str = "li_na", **more: Any) -> Story:
    """HO-1: the record is written."""
    answers = {**RECORD, **({"items": list(items)} if items else {"none_left": True}), **more}
    written = {"items": list(items)} if items else {}
    return story.press("sort_out", "done", by=by, **{**answers, **written})


def arrive(story: Story, *people: str, step: str = "arrive") -> Story:
    """HO-2: everybody who is asked comes."""
    arrival = story.child("handover_arrival")
    assert step in story.waits_for
    for person in people:
        press_own(arrival, "check_in", "arrived", person)
    return story.over(arrival)


def press_own(story: Story, step: str, button: str, item: str, by: str = "", **more: Any) -> Story:
    """A button of the work item that is about this person."""
    assert story.state
    mine = [v for v in story.state.visits.values() if v.step == step and v.item == item]
    assert mine, f"{item} is not asked"
    return story.press_visit(mine[0], button, by or item, **more)


def agree(story: Story, *items: dict[str, Any], by: str = "wang_fang", teller: str = "li_na") -> Story:
    """HO-3 and HO-4: told, checked, understood."""
    checking = story.child("handover_check")
    if "brief_them" in checking.waits_for:
        checking.press("brief_them", "told", by=teller, explained=["overview", "open", "special", "points"])
    understood = [{**each, "state": "clear"} for each in items]
    checked = {"items": understood} if items else {}
    checking.press("verify", "checked", by=by, same_as_system=True, **checked)
    return story.over(checking)


def ready_to_sign(*items: dict[str, Any], **changes: Any) -> Story:
    """A face to face handover up to the first signature."""
    story = sort_out(live(**changes), *items)
    return agree(arrive(story, "wang_fang"), *items)


def form_mistakes(
    story: Story, step: str, button: str, raw: dict[str, Any]
) -> dict[str, str]:
    """What a page would refuse, by field; nothing when it would be taken."""
    assert story.state
    words = story.definition.process.steps[step]
    scope = scope_for(story.definition, story.state, story.context, story.now, story.open(step))
    try:
        check(
            form_of(words), getattr(words, "rules", ()), raw, scope, now=story.now,
            timezone=story.context.calendar.timezone, button=words.buttons[button],  # type: ignore[union-attr]
            people=story.context.people,
        )  # fmt: skip
    except FormError as error:
        return dict(error.fields)
    return {}
