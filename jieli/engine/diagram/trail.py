"""The path a case has taken through a picture, and where it waits. From its visits only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from jieli.engine.diagram.picture import Arrow, Picture


class Stay(Protocol):
    """What is known of one visit, in the engine and in the store alike."""

    @property
    def step(self) -> str: ...
    @property
    def status(self) -> str: ...
    @property
    def outcome(self) -> str | None: ...


@dataclass(frozen=True)
class Trail:
    """How often each step was left, which are open, which arrows were taken."""

    done: Mapping[str, int] = field(default_factory=dict)
    waiting: frozenset[str] = frozenset()
    taken: frozenset[Arrow] = frozenset()


NOTHING = Trail()


def trail_of(picture: Picture, visits: Iterable[Stay]) -> Trail:
    """The trail of a case whose visits these are, oldest first."""
    known = {node.name for node in picture.nodes}
    stays = [visit for visit in visits if visit.step in known]
    done = Counter(visit.step for visit in stays if visit.status == "done")
    waiting = {visit.step for visit in stays if visit.status not in ("done", "cancelled")}
    come_to = {*done, *waiting}
    left = {(visit.step, visit.outcome) for visit in stays if visit.status == "done"}
    taken = {arrow for arrow in picture.arrows if _was_taken(picture, arrow, left, come_to)}
    return Trail(dict(done), frozenset(waiting), frozenset(taken))


def _was_taken(
    picture: Picture, arrow: Arrow, left: set[tuple[str, str | None]], come_to: set[str]
) -> bool:
    if arrow.target not in come_to:
        return False
    if arrow.key:
        return (arrow.source, arrow.key) in left
    # An arrow without an outcome of its own is what is left: a result nobody has named.
    named = {each.key for each in picture.leaving(arrow.source) if each.key}
    return any(step == arrow.source and outcome not in named for step, outcome in left)
