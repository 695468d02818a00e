"""What holds for every case after every event, and the rows a store would keep of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter

from jieli.engine.case import CaseState, Timer, Visit
from jieli.engine.definition import EventWords, HumanStep, JoinStep, ParallelStep, WaitStep
from jieli.engine.events import Entry, MakeCall, SendMessage, StartCase, Transition
from jieli.engine.published import Definition

ENTRIES = TypeAdapter(tuple[Entry, ...])


@dataclass
class Mirror:
    """Visits and timers as a store keeps them: from transitions only, never from the state."""

    visits: dict[int, dict[str, Any]] = field(default_factory=dict)
    timers: dict[int, Timer] = field(default_factory=dict)
    calls: set[tuple[int, int]] = field(default_factory=set)
    sub_cases: set[int] = field(default_factory=set)
    messages: set[int] = field(default_factory=set)
    told: set[tuple[int, int]] = field(default_factory=set)
    owner: str | None = None

    def take(self, made: Transition) -> None:
        """Write one transition down, as one commit."""
        self._take_visits(made)
        for number in made.timers_cancelled:
            assert number in self.timers, "a timer is cancelled that was never set"
            del self.timers[number]
        for timer in made.timers_set:
            self.timers[timer.id] = timer
        self._take_effects(made)
        assert made.state.owner or not self.owner, "the case has lost its owner"
        self.owner = made.state.owner
        assert ENTRIES.validate_json(ENTRIES.dump_json(made.entries)) == made.entries
        live = {key: row for key, row in self.visits.items() if not _is_over(row)}
        assert live == {key: each.model_dump() for key, each in made.state.visits.items()}
        assert self.timers == made.state.timers

    def _take_visits(self, made: Transition) -> None:
        ids = [visit.id for visit in made.visits]
        assert ids == sorted(set(ids)), "each visit once, in the order opened"
        for visit in made.visits:
            known = self.visits.get(visit.id)
            assert known is None or not _is_over(known), f"{visit.key} was over and moved again"
            self.visits[visit.id] = visit.model_dump()

    def _take_effects(self, made: Transition) -> None:
        for effect in made.effects:
            match effect:
                case MakeCall(visit=visit, attempt=attempt):
                    assert (visit, attempt) not in self.calls, "one call is asked for twice"
                    self.calls.add((visit, attempt))
                case StartCase(visit=visit):
                    assert visit not in self.sub_cases, "a sub-case is started twice"
                    self.sub_cases.add(visit)
                case SendMessage(number=number, visit=about):
                    assert number not in self.messages, "two messages have one number"
                    assert about in self.visits, "a message is about a visit nobody knows"
                    self.messages.add(number)
                    if effect.link:
                        self.told.add((about, self.visits[about]["generation"]))


def check(definition: Definition, state: CaseState, mirror: Mirror) -> None:
    """A case that is open waits for something on each of its paths; a closed one for nothing."""
    _check_timers(state)
    if state.status != "open":
        assert not state.visits and not state.timers and not state.joins and not state.fans
        assert state.closed_at is not None and state.result is not None
        return
    waiting = [visit for visit in state.visits.values() if visit.status != "listening"]
    assert waiting, "the case waits for nothing"
    for visit in state.visits.values():
        assert not visit.is_over
        assert _has_a_way_on(definition, state, visit, mirror), f"{visit.key} can never end"
        assert _is_known(state, visit, mirror), f"nobody was told of {visit.key}"
    # The elements of one fan are one step together.
    places = {(visit.branch, visit.fan or -visit.id) for visit in waiting}
    paths = Counter(branch for branch, _ in places)
    assert not [path for path, number in paths.items() if number > 1], "a path is in two steps"
    _check_forks(definition, state, mirror)
    _check_fans(state, mirror)


def _check_fans(state: CaseState, mirror: Mirror) -> None:
    """Each element of a fan is done or still asked for: none is lost, none counts twice."""
    assert {visit.fan for visit in state.visits.values()} - {None} == set(state.fans)
    for fan in state.fans.values():
        rows = [row for row in mirror.visits.values() if row["fan"] == fan.id]
        live = {visit.id for visit in state.visits.values() if visit.fan == fan.id}
        arrived = [said["visit"] for said in fan.arrived]
        assert len(rows) == fan.total and len(arrived) < fan.needed <= fan.total
        assert live.isdisjoint(arrived) and len(arrived) == len(set(arrived))
        assert live | set(arrived) == {row["id"] for row in rows}
        assert {(row["step"], row["branch"]) for row in rows} == {(fan.step, fan.branch)}


def _check_timers(state: CaseState) -> None:
    for timer in state.timers.values():
        assert timer.visit in state.visits, f"a timer of a visit that is over: {timer}"
    alike = Counter((timer.visit, timer.kind, timer.number) for timer in state.timers.values())
    assert not [key for key, number in alike.items() if number > 1], "a timer is set twice"


def _has_a_way_on(
    definition: Definition, state: CaseState, visit: Visit, mirror: Mirror
) -> bool:
    step = definition.step(visit.step)
    timers = {timer.kind for timer in state.timers.values() if timer.visit == visit.id}
    match visit.status:
        case "scheduled":
            return "window_open" in timers
        case "held":
            return timers == {"take_back"}
        case "blocked":
            return visit.kind == "call"
        case "listening":
            return isinstance(step, WaitStep) and any(b.since for b in step.buttons.values())
    if isinstance(step, HumanStep):
        return visit.window_end is None or "window_close" in timers
    if isinstance(step, WaitStep):
        return isinstance(step.wait, EventWords) or "wait_over" in timers
    if visit.kind == "call":
        return (visit.id, visit.attempt) in mirror.calls
    return visit.kind == "sub_case" and visit.id in mirror.sub_cases


def _is_known(state: CaseState, visit: Visit, mirror: Mirror) -> bool:
    """Somebody has the link of a work item or holds it, or will be told, or it says 无人."""
    if visit.kind != "human" or visit.status != "open":
        return True
    ahead = {timer.kind for timer in state.timers.values() if timer.visit == visit.id}
    told = (visit.id, visit.generation) in mirror.told
    return told or visit.assignee is not None or visit.nobody or not ahead.isdisjoint(_TELLING)


_TELLING = {"staffed", "rung"}


def _check_forks(definition: Definition, state: CaseState, mirror: Mirror) -> None:
    """Each path of a fork has arrived or is on its way: none is dropped, none is there twice."""
    branches = [visit.branch for visit in state.visits.values() if visit.status != "listening"]
    for fork, arrived in state.joins.items():
        split = definition.step(mirror.visits[int(fork)]["step"])
        assert isinstance(split, ParallelStep)
        join = definition.step(split.join)
        assert isinstance(join, JoinStep)
        over = f"{mirror.visits[int(fork)]['branch']}/{fork}."
        going = {over + b.removeprefix(over).partition("/")[0] for b in branches if b.startswith(over)}
        assert going.isdisjoint(arrived) and len(arrived) == len(set(arrived))
        assert going | set(arrived) == {over + str(n) for n in range(len(split.parallel))}
    inside = {part.partition(".")[0] for branch in branches for part in branch.split("/")[1:]}
    assert inside == set(state.joins), "a fork is remembered if and only if its paths are live"


def _is_over(row: dict[str, Any]) -> bool:
    return row["status"] in ("done", "cancelled")
