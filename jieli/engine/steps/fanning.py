"""Steps with `each`: one visit per element, and how they come together again. Asks nobody itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jieli.engine.case import Fan, Visit
from jieli.engine.move import Move
from jieli.engine.stored import as_stored

Needs = int | str
"""`all`, `any`, a number, the name of a setting, or an expression."""


def spread(
    move: Move, name: str, branch: str, *, each: str, go_to: str, needs: Needs = "all"
) -> list[Visit]:
    """Open one visit per element; with no element at all the case goes on at once."""
    elements = elements_of(move.evaluate(each))
    move.state.rounds[name] = move.state.rounds.get(name, 0) + 1
    move.stale()
    if not elements:
        move.note("fan_empty", step=name)
        _remember_alone(move, name, [])
        move.go(go_to, branch)
        return []
    total = len(elements)
    needed = max(1, min(_needed(move, needs, total), total))
    fan = Fan(id=move.new_id(), step=name, branch=branch, total=total, needed=needed)
    move.state.fans[fan.id] = fan
    move.note("fan_opened", step=name, total=total, needed=needed)
    return [move.open_visit(name, branch, fan=fan.id, item=item) for item in elements]


def elements_of(value: Any) -> list[Any]:
    """The elements of what `each` or `people` yields: a list, or one alone, or none."""
    stored = as_stored(value)
    if isinstance(stored, list):
        return stored
    return [] if stored is None or stored == "" else [stored]


def _needed(move: Move, needs: Needs, total: int) -> int:
    if needs == "all":
        return total
    if needs == "any":
        return 1
    known = isinstance(needs, int) or move.setting(needs) is not None
    return move.number(needs) if known else int(move.evaluate(str(needs)) or 0)


def arrive(move: Move, visit: Visit, said: Mapping[str, Any], go_to: str) -> None:
    """One element is done; when enough are, the others end and the case goes on once."""
    assert visit.fan is not None, "only a visit of a step with each arrives"
    fan = move.state.fans[visit.fan]
    fan.arrived.append(
        {
            **said, "item": visit.item, "by": move.context.label(visit.by), "by_id": visit.by,
            "at": move.now.isoformat(), "button": visit.outcome, "visit": visit.id,
        }
    )  # fmt: skip
    move.note("fan_arrived", visit, done=len(fan.arrived), of=fan.needed)
    if len(fan.arrived) < fan.needed:
        return
    del move.state.fans[fan.id]
    for other in [each for each in move.state.visits.values() if each.fan == fan.id]:
        move.close_visit(other, "overtaken", cancelled=True)
    move.remember(visit, each=fan.arrived)
    move.go(go_to, fan.branch)


def forget(move: Move) -> None:
    """A fan whose visits were all taken away waits for nobody; what arrived by then stays known."""
    live = {visit.fan for visit in move.state.visits.values()}
    for number, fan in list(move.state.fans.items()):
        if number not in live:
            del move.state.fans[number]
            _remember_alone(move, fan.step, fan.arrived)


def _remember_alone(move: Move, name: str, arrived: list[dict[str, Any]]) -> None:
    """What a step with `each` came to although no visit of it went on."""
    move.state.answers[name] = {
        "visit": None, "nth": move.state.counts.get(name, 0), "fields": {}, "by": None,
        "at": move.now.isoformat(), "button": None, "each": arrived,
    }  # fmt: skip
    move.stale()
