"""What the stories of the scheduled and the on-demand processes ask of a family of cases."""

from __future__ import annotations

from typing import Any

import pytest

from jieli.engine.errors import FormError
from jieli.engine.events import ChangeRoster, MarkRows, ProposeEntry
from jieli.engine.expressions import render
from jieli.engine.scope import scope_for
from tests.family import Family

MEASURE = {
    "problem": "杯盖漏水", "cause": "没有质检", "measure": "出厂前抽检", "person": "feng_lei",
    "due": "2027-01-20",
}  # fmt: skip


def proposals(family: Family) -> list[tuple[str, str | None]]:
    """What was proposed for the ledger, by rule and person, in order."""
    return [
        (effect.rule, effect.person)
        for story in family.stories.values()
        for effect in story.effects
        if isinstance(effect, ProposeEntry)
    ]


def roster_changes(family: Family) -> list[dict[str, Any]]:
    """How the roster was changed."""
    return [
        effect.change.model_dump(mode="json", by_alias=True, exclude_none=True)
        for story in family.stories.values()
        for effect in story.effects
        if isinstance(effect, ChangeRoster)
    ]


def marked(family: Family) -> list[str]:
    """The keys of the imported rows that were marked."""
    effects = [e for story in family.stories.values() for e in story.effects]
    return [key for each in effects if isinstance(each, MarkRows) for key in each.keys]


def notices(family: Family, word: str = "") -> set[str | None]:
    """Who was told something without a link, in whose title or text the word is."""
    return {
        message.to_person
        for story in family.stories.values()
        for message in story.messages("notice")
        if word in message.title + message.text
    }


def asked(family: Family, step: str) -> list[str]:
    """Who may do an open step."""
    return family.find(step)[1].candidates


def about(family: Family, step: str) -> str:
    """What the page of an open step says to do."""
    story, visit = family.find(step)
    assert story.state
    scope = scope_for(story.definition, story.state, story.context, story.now, visit)
    return render(story.definition.step(visit.step).about, scope)


def refused(family: Family, step: str, button: str, by: str, **answers: Any) -> set[str]:
    """The fields a page complains of; the answer does not count."""
    with pytest.raises(FormError) as error:
        family.press(step, button, by, **answers)
    return set(error.value.fields)
