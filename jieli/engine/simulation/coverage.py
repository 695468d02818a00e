"""Which ways of a process the tests took: every button, branch and timeout is one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jieli.engine.diagram import Arrow, Picture
from jieli.engine.simulation.played import Played, Told


@dataclass(frozen=True)
class Coverage:
    """The ways of one process that were taken."""

    picture: Picture
    taken: frozenset[Arrow]

    @property
    def missing(self) -> list[Arrow]:
        """The ways nobody took, in the order written."""
        return [arrow for arrow in self.picture.arrows if arrow not in self.taken]

    @property
    def percent(self) -> int:
        """Rounded down: 100 means all."""
        count = len(self.picture.arrows)
        return 100 * len(self.taken) // count if count else 100


def coverage_of(picture: Picture, played: Iterable[Played]) -> Coverage:
    """What these cases of the process took of its ways."""
    return Coverage(picture, frozenset(arrow for case in played for arrow in _taken(picture, case)))


def _taken(picture: Picture, case: Played) -> Iterable[Arrow]:
    for told in case.told:
        left = {(visit.step, visit.outcome) for visit in told.made.visits if visit.is_over}
        reached = {visit.step for visit in told.made.visits}
        reached |= _named(told, "branch_arrived")
        # Left out because nobody may contact the buyer: the step never opened.
        left |= {(step, "contact_blocked") for step in _named(told, "contact_refused")}
        # A step with `each` and nothing to do it for opens nothing, and goes on.
        empty = _named(told, "fan_empty")
        reached |= empty
        left |= {(step, "") for step in empty}
        yield from (arrow for arrow in picture.arrows if _fits(picture, arrow, left, reached))


def _named(told: Told, what: str) -> set[str]:
    """The steps that the history names without a visit of them."""
    found = (entry.detail or {} for entry in told.made.entries if entry.what == what)
    return {str(detail["step"]) for detail in found if "step" in detail}


def _fits(
    picture: Picture, arrow: Arrow, left: set[tuple[str, str | None]], reached: set[str]
) -> bool:
    if arrow.target not in reached:
        return False
    if arrow.key:
        return (arrow.source, arrow.key) in left
    named = {each.key for each in picture.leaving(arrow.source) if each.key}
    return any(
        step == arrow.source and outcome not in named | {"overtaken", "case_closed"}
        for step, outcome in left
    )
