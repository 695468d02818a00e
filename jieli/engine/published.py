"""A published version of a process: the words and the message texts pinned with it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from jieli.engine.checking.targets import edges
from jieli.engine.definition import MessageWords, Process, Step
from jieli.engine.elements import Columns, arrival_columns, each_of

_ABOUT_AN_ANSWER = ("by", "by_id", "at", "button", "result", "ref")


@dataclass(frozen=True)
class Definition:
    """What a case is pinned to; immutable, shared between threads."""

    process: Process
    version: int
    messages: dict[str, MessageWords] = field(default_factory=dict)

    def step(self, name: str) -> Step:
        """The step of that name; a name that is not there is a fault of the checks."""
        return self.process.steps[name]

    @cached_property
    def ways(self) -> dict[str, list[str]]:
        """Where each step may lead."""
        found: dict[str, list[str]] = defaultdict(list)
        for edge in edges(self.process):
            found[edge.source].append(edge.target)
        return dict(found)

    @cached_property
    def arrivals(self) -> dict[str, Columns]:
        """The columns of `<step>.each`, for the steps that say each."""
        steps = self.process.steps
        return {key: arrival_columns(self.process, key) for key in steps if each_of(steps[key])}

    @cached_property
    def blanks(self) -> dict[str, dict[str, Any]]:
        """What expressions read of a step that nobody has done yet; to be copied, never changed."""
        steps = self.process.steps.items()
        return {
            name: {**dict.fromkeys((*getattr(step, "form", ()), *_ABOUT_AN_ANSWER)), "done": False}
            for name, step in steps
        }

    def item_columns(self, step: str) -> Columns:
        """The columns of `item` in a step that says each."""
        found: Any = self.arrivals.get(step, {}).get("item", {})
        return dict(found)
