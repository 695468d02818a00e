"""A published version of a process: the words and the message texts pinned with it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from jieli.engine.checking.targets import edges
from jieli.engine.definition import MessageWords, Process, Step


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
