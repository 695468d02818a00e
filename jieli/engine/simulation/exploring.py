"""Walks every branch and every timeout of a process, without playing its sub-cases. Pure, bounded.

What is alike is walked once (see `likeness`), loops once past their limit.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from jieli.engine.advance import advance
from jieli.engine.case import CaseState
from jieli.engine.errors import FormError, JieliError, Refused
from jieli.engine.events import CaseStarted, Event, SendMessage, TimerFired, Transition
from jieli.engine.published import Definition
from jieli.engine.simulation import guessing, moves
from jieli.engine.simulation.filling import start_form
from jieli.engine.simulation.likeness import Likeness, few_rounds
from jieli.engine.simulation.script import Script
from jieli.engine.simulation.times import local
from jieli.engine.simulation.world import Library

MOST_TIMERS = 30
MERELY_TELL = ("remind", "rung", "staffed", "overrun")
"""Timers that tell people something and leave the case where it stands."""
SITUATIONS = 2
"""So often one choice is tried while other paths are under way beside it."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One thing that happened on a path: a step and the button, or what else ended it."""

    step: str
    words: str


@dataclass(frozen=True, slots=True)
class Walked:
    """A path from the start; `result` is None where it goes on like one that is listed already."""

    legs: tuple[Leg, ...]
    result: str | None


@dataclass(frozen=True, slots=True)
class Silence:
    """So long nobody was told anything while these steps were open; None: for ever."""

    length: timedelta | None
    after: timedelta
    steps: tuple[str, ...]


@dataclass
class Explored:
    """Everything that was found."""

    paths: list[Walked] = field(default_factory=list)
    silences: dict[tuple[str, ...], Silence] = field(default_factory=dict)
    for_ever: dict[tuple[str, ...], Silence] = field(default_factory=dict)
    faults: dict[str, str] = field(default_factory=dict)
    left: set[tuple[str, str | None]] = field(default_factory=set)
    opened: dict[str, tuple[CaseState, int]] = field(default_factory=dict)
    moments: int = 0
    moves: int = 0
    cut: bool = False

    @property
    def longest_silence(self) -> Silence | None:
        """The longest time in which nobody was told anything, though something came then."""
        known = [each for each in self.silences.values() if each.length is not None]
        return max(known, key=lambda each: each.length or timedelta(), default=None)


@dataclass(frozen=True, slots=True)
class Moment:
    """A case on its way."""

    state: CaseState
    now: datetime
    legs: tuple[Leg, ...]


def explore(library: Library, process: str, script: Script, *, most: int = 6000) -> Explored:
    """Walk a process from every start that matters; raises FormError if it cannot begin."""
    return _Walk(library, process, script, most).walk()


class _Walk:
    def __init__(self, library: Library, process: str, script: Script, most: int) -> None:
        self.library, self.script, self.most = library, script, most
        self.context = library.context
        shortened = few_rounds(library.processes[process])
        self.definition = Definition(shortened, 1, library.messages)
        self.likeness = Likeness(self.definition, self.context)
        self.choices = moves.Choices(self.definition, library.processes, self.context)
        self.found = Explored()
        self.seen: set[Hashable] = set()
        self.todo: deque[Moment] = deque()
        self.tried: Counter[Hashable] = Counter()

    def walk(self) -> Explored:
        """Breadth first: the shortest way to each moment is the one that is listed."""
        begun = local(self.script.from_, self.context)
        for data in starts_of(self.definition, self.library, self.script, begun):
            event = CaseStarted(case_id="c1", ref="A1001", version=1, data=data, by=self.script.by)
            self._move(None, begun, (), event, None)
        while self.todo:
            moment = self.todo.popleft()
            if self.found.moves >= self.most:
                self.found.cut = True
                break
            self._from(moment)
        self.found.moments = len(self.seen)
        self.found.paths = list(dict.fromkeys(self.found.paths))
        return self.found

    # ---- one moment ----

    def _from(self, moment: Moment) -> None:
        for step, words, variant, events in self.choices.of(moment.state, moment.now):
            if self._is_new(moment.state, step, words, variant):
                self._try(moment, Leg(step, words), events)
        self._wait(moment)

    def _is_new(self, state: CaseState, step: str, words: str, variant: int) -> bool:
        """Whether a choice is worth trying; beside other paths only in some situations."""
        visits = state.visits.values()
        if len({visit.branch for visit in visits}) < 2:
            return True
        alike = sum(visit.step == step for visit in visits)
        situation = (step, words, variant, min(state.counts.get(step, 0), 3), alike)
        self.tried[situation] += 1
        return self.tried[situation] <= SITUATIONS

    def _try(self, moment: Moment, leg: Leg, events: Iterator[Event]) -> None:
        """The first of these events that the case takes: they differ in who does it."""
        for event in events:
            try:
                self._move(moment.state, moment.now, moment.legs, event, leg)
            except Refused:
                continue
            except (FormError, JieliError) as error:
                self.found.faults[f"{leg.step}: {leg.words}"] = error.told()
            return

    def _move(
        self, state: CaseState | None, now: datetime, legs: tuple[Leg, ...], event: Event,
        leg: Leg | None,
    ) -> None:  # fmt: skip
        made = self._advance(state, event, now)
        self._arrive(Moment(made.state, now, (*legs, leg) if leg else legs))

    def _advance(self, state: CaseState | None, event: Event, now: datetime) -> Transition:
        self.found.moves += 1
        made = advance(self.definition, state, event, self.context, now)
        for visit in made.visits:
            if visit.status == "done":
                self.found.left.add((visit.step, visit.outcome))
            elif visit.kind == "human" and visit.status == "open":
                self.found.opened.setdefault(visit.step, (made.state, visit.id))
        return made

    def _arrive(self, moment: Moment) -> None:
        key = self.likeness.key(moment.state, moment.now)
        if moment.state.status != "open":
            self.found.paths.append(Walked(moment.legs, moment.state.result or ""))
        elif key in self.seen:
            self.found.paths.append(Walked(moment.legs, None))
        else:
            self.todo.append(moment)
        self.seen.add(key)

    # ---- nobody does anything ----

    def _wait(self, moment: Moment) -> None:
        """Time passes until the case stands elsewhere, or no timer is left."""
        state, now, told = moment.state, moment.now, moment.now
        before = self.likeness.key(state, now)
        for _ in range(MOST_TIMERS):
            if not state.timers:
                self._silent(state, None, told - moment.now)
                return
            timer = min(state.timers.values(), key=lambda each: (each.at, each.id))
            name = state.visits[timer.visit].step
            now = max(now, timer.at)
            try:
                made = self._advance(state, TimerFired(timer=timer.id, at=timer.at), now)
            except JieliError as error:
                self.found.faults[f"{name}: {timer.kind}"] = error.told()
                return
            if any(isinstance(effect, SendMessage) for effect in made.effects):
                self._silent(state, now - told, told - moment.now)
                told = now
            state = made.state
            if timer.kind in MERELY_TELL:
                continue
            if state.status != "open" or self.likeness.key(state, now) != before:
                words = moves.in_time(timer.kind)
                legs = (*moment.legs, Leg(name, words)) if words else moment.legs
                self._arrive(Moment(state, now, legs))
                return

    def _silent(self, state: CaseState, length: timedelta | None, after: timedelta) -> None:
        steps = tuple(sorted({visit.step for visit in state.visits.values()}))
        kept = self.found.for_ever if length is None else self.found.silences
        known = kept.get(steps)
        if known is None or (length or after) > (known.length or known.after):
            kept[steps] = Silence(length, after, steps)


def starts_of(
    definition: Definition, library: Library, script: Script, begun: datetime
) -> list[guessing.Values]:
    """Data a case may begin with: what the script says, the rest guessed; raises FormError."""
    process, context = definition.process, library.context
    later = guessing.written_later(process) - guessing.passed_on(process, library.processes)
    known = {name for name in guessing.deciding(process) if name[0] not in later}
    asking = guessing.asking(process)

    def judge(values: guessing.Values) -> guessing.Values:
        return start_form(definition, values, context, begun)

    found = guessing.variants(
        process.case.fields, context, begun, judge, dict(script.data),
        lambda name, _: (name,) in known, lambda name, _: (name,) in asking,
    )  # fmt: skip
    if not found:
        judge(dict(script.data))  # says what is missing
    return found
