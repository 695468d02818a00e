"""What the shipped definitions write where everybody reads it: titles in Prefect, phrases to buyers."""

from __future__ import annotations

import pytest

from jieli.engine import forms
from jieli.engine.definition import FieldWords, Process
from jieli.engine.errors import FormError
from jieli.engine.expressions import references
from tests.story import at, shipped

PROCESSES, CONTEXT, _ = shipped()
FIELD = {"said": FieldWords(label="留言", type="long_text")}


@pytest.mark.parametrize("process", PROCESSES)
def test_titles_have_the_ids_of_staff_and_never_their_names(process: str) -> None:
    words: Process = PROCESSES[process]
    people = {name for name, each in words.case.fields.items() if each.type in ("person", "people")}
    titles = [words.case.title, *(step.title for step in words.steps.values())]
    used = [each.path for title in titles for each in references(title, template=True)]
    assert not [path for path in used if path[-1] == "label" and path[0] in people]
    assert not [path for path in used if path in (("case", "owner"), ("case", "buyer"))]
    assert not [path for path in used if path[0] in words.steps and path[-1] == "by"]


@pytest.mark.parametrize("situation", CONTEXT.phrases)
def test_no_phrase_says_what_must_not_be_said(situation: str) -> None:
    for phrase in CONTEXT.phrases[situation].texts:
        forms.check(FIELD, (), {"said": phrase}, {}, now=at("2026-11-20 09:00"),
                    timezone="Asia/Shanghai", wordings=CONTEXT.wordings)  # fmt: skip
        assert not forms.better_not(FIELD, {"said": phrase}, CONTEXT.wordings)


@pytest.mark.parametrize(
    "said",
    ["这不是我们的问题，我们不负责任", "我们不补货了", "工厂不再生产了", "删 评就返现", "加微信说"],
)
def test_what_the_documents_forbid_is_refused_with_better_words(said: str) -> None:
    with pytest.raises(FormError) as error:
        forms.check(FIELD, (), {"said": said}, {}, now=at("2026-11-20 09:00"),
                    timezone="Asia/Shanghai", wordings=CONTEXT.wordings)  # fmt: skip
    assert "said" in error.value.fields


def test_chasing_an_order_shows_its_phrases() -> None:
    step = PROCESSES["unpaid_reminder"].steps["chase"]
    assert getattr(step, "phrases", ()) == ("unpaid",)
    assert forms.wordings_for(step, CONTEXT.wordings) is CONTEXT.wordings
