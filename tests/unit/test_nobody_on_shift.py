"""What the calendar begins while everybody it would ask is away: it is never nobody's for long."""

from __future__ import annotations

from typing import Any

import pytest

from jieli.engine.published import Definition
from jieli.engine.roster import Absence
from tests.story import Story, at, shipped

pytestmark = pytest.mark.usefixtures("stories_replay")

DAY = "2026-11-20"


def without(process: str, people: tuple[str, ...], start: str, **data: Any) -> Story:
    """A case that begins while these people are on leave without a substitute."""
    processes, context, messages = shipped()
    away = tuple(Absence.model_validate({"person": p, "from": DAY, "to": DAY}) for p in people)
    shop = context.model_copy(update={"absences": away})
    return Story(Definition(processes[process], 1, messages), shop, at(start)).start(data, by=None)


AWAY = [
    ("unpaid_reminder", "chase", ("he_jing", "ma_chao"), "16:00", "17:01", {}),
    ("review_query", "query", ("li_na", "wang_fang"), "09:00", "10:01", {"round": "morning"}),
    ("product_problems", "write", ("li_na", "wang_fang"), "09:30", "13:31",
     {"since": at("2026-11-04 09:30").isoformat()}),
]  # fmt: skip


@pytest.mark.parametrize(("process", "step", "people", "start", "until", "more"), AWAY)
def test_the_supervisor_has_it_when_all_of_a_role_are_away(
    process: str, step: str, people: tuple[str, ...], start: str, until: str, more: dict[str, str]
) -> None:
    story = without(process, people, f"{DAY} {start}", date=DAY, **more)
    assert story.open(step).nobody, "the board shows it as nobody's"
    story.until(f"{DAY} {until}")
    assert "zhang_wei" in story.open(step).candidates and not story.open(step).nobody


def test_a_turn_goes_to_who_is_there() -> None:
    story = without("unpaid_reminder", ("he_jing",), f"{DAY} 16:00", date=DAY)
    assert story.open("chase").candidates == ["ma_chao"]
    story = without("cleaning", ("li_na", "wang_fang", "he_jing"), f"{DAY} 16:00", date=DAY)
    assert story.open("clean").candidates[0] in ("ma_chao", "huang_li")
