"""The phrases a step offers to copy, and the words better not used. Judges nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jieli.engine import forms
from jieli.engine.context import Context
from jieli.engine.definition import HumanStep, StepWords
from jieli.engine.scope import form_of


@dataclass(frozen=True, slots=True)
class PhraseGroup:
    """A situation and what may be said in it."""

    label: str
    texts: tuple[str, ...]


def phrase_groups(step: StepWords, context: Context) -> list[PhraseGroup]:
    """The situations of a step, in its order; one the shop no longer has is left out."""
    if not isinstance(step, HumanStep):
        return []
    found = (context.phrases.get(name) for name in step.phrases)
    return [PhraseGroup(each.label, each.texts) for each in found if each]


def hints(step: StepWords, values: Mapping[str, Any], context: Context) -> list[str]:
    """What could be said better; no mistake."""
    wordings = forms.wordings_for(step, context.wordings)
    if wordings is None:
        return []
    return list(dict.fromkeys(forms.better_not(form_of(step), values, wordings).values()))
