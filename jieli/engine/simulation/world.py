"""A case and every case it starts on one moved clock, with a script for what people do. Pure.

Every change goes through `advance`, with forms checked as the page checks them.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from jieli.engine.case import Visit
from jieli.engine.context import Context
from jieli.engine.definition import HumanStep, MessageWords, Process, WaitStep
from jieli.engine.errors import FormError, Refused
from jieli.engine.events import (
    CaseCancelled,
    CaseStarted,
    ContactBlocked,
    Event,
    SignalReceived,
    TimerFired,
    WaitAnswered,
    WorkItemAnswered,
)
from jieli.engine.published import Definition
from jieli.engine.simulation import others
from jieli.engine.simulation.filling import answer_form, reason_of, start_form
from jieli.engine.simulation.played import Played
from jieli.engine.simulation.script import Answer, Script, answer_for
from jieli.engine.simulation.times import local, until_of
from jieli.engine.values import parse_duration
from jieli.texts import text

MOST_EVENTS = 20_000
FIRST = "c1"


@dataclass(frozen=True, slots=True)
class Mishap:
    """The script asked for something that did not go."""

    at: datetime
    case: str
    step: str
    reason: str


@dataclass(frozen=True)
class Library:
    """What there is to play: processes, messages, the shop."""

    processes: Mapping[str, Process]
    messages: dict[str, MessageWords]
    context: Context


@dataclass
class World:
    """The clock and the cases."""

    library: Library
    script: Script
    context: Context = field(init=False)
    now: datetime = field(init=False)
    cases: dict[str, Played] = field(default_factory=dict)
    mishaps: list[Mishap] = field(default_factory=list)
    events: int = 0

    def __post_init__(self) -> None:
        self.context = self.library.context
        self.now = self.begun = local(self.script.from_, self.context)
        self._planned: list[tuple[datetime, int, Any]] = []
        self._order = count()
        self._expected: set[tuple[str, int]] = set()
        self.ended: Counter[str] = Counter()
        self.called: Counter[str] = Counter()

    # ---- the run ----

    def run(self, process: str) -> World:
        """Play the case to its end, or until the clock has come far enough; raises FormError."""
        end = until_of(self.script.until, self.begun, self.context)
        definition = self.definition(process)
        data = start_form(definition, self.script.data, self.context, self.now)
        source = "form" if self.script.by else "case"
        self.begin(FIRST, definition, data, by=self.script.by, source=source)
        for each in self.script.outside:
            after = parse_duration(each.after or "0m")
            at = local(each.at, self.context) if each.at else self.begun + after
            self.plan(at, lambda each=each: self._outside(each))
        while self.events < MOST_EVENTS and self._is_open() and self._next(end):
            pass
        if self._is_open() and self.events < MOST_EVENTS:
            self.now = end
        return self

    def _is_open(self) -> bool:
        return any(played.now_open for played in self.cases.values())

    def _next(self, end: datetime) -> bool:
        """The next thing that happens: a timer, or what the script planned."""
        timers = [
            (timer.at, timer.id, key)
            for key, played in self.cases.items()
            for timer in (played.now_open.timers.values() if played.now_open else ())
        ]
        timer = min(timers, default=None)
        # At the same moment people were faster than the clock.
        planned = self._planned[0] if self._planned else None
        if planned and (timer is None or planned[0] <= timer[0]):
            if planned[0] > end:
                return False
            heapq.heappop(self._planned)
            self.now = max(self.now, planned[0])
            planned[2]()
        elif timer and timer[0] <= end:
            self.now = max(self.now, timer[0])
            self._apply(self.cases[timer[2]], TimerFired(timer=timer[1], at=timer[0]))
        else:
            return False
        return True

    def plan(self, at: datetime, act: Any) -> None:
        """Do something at that time, or now if it is past."""
        heapq.heappush(self._planned, (max(at, self.now), next(self._order), act))

    # ---- cases ----

    def definition(self, process: str) -> Definition:
        """The definition of a process that may be played."""
        return Definition(self.library.processes[process], 1, self.library.messages)

    def begin(
        self, key: str, definition: Definition, data: dict[str, Any], *, by: str | None,
        source: str, parent: str | None = None, visit: int | None = None,
    ) -> None:  # fmt: skip
        """A case begins; its data has passed the start form."""
        played = Played(key, definition, source=source)
        self.cases[key] = played
        event = CaseStarted(
            case_id=key, ref=f"A{1000 + len(self.cases)}", version=1, data=data, by=by,
            source=source, parent=parent, parent_visit=visit,
        )  # fmt: skip
        self._apply(played, event)

    def _apply(self, played: Played, event: Event) -> None:
        """One event, and everything that follows at once; raises Refused."""
        self.events += 1
        made = played.apply(event, self.context, self.now)
        others.carry(self, played, made)
        self._expect(played)

    def tell(self, played: Played, event: Event) -> None:
        """An event from outside or from another case; one that comes too late is nobody's."""
        try:
            self._apply(played, event)
        except Refused:  # closed, or gone on: it concerns nobody any more
            return

    # ---- what people do ----

    def _expect(self, played: Played) -> None:
        """Plan the next answer of every step that may be answered now and has none planned."""
        state = played.now_open
        for visit in list(state.visits.values()) if state else ():
            if (played.key, visit.id) in self._expected or not _answerable(played, visit):
                continue
            given = played.answered[visit.step]
            answer = answer_for(self.script, played.process, visit.step, given)
            if answer is None or not _has_begun(played, visit, answer):
                continue
            played.answered[visit.step] += 1
            self._expected.add((played.key, visit.id))
            if answer.press is not None:
                at = self.now + parse_duration(answer.after)
                at = local(answer.at, self.context) if answer.at else at
                self.plan(at, lambda v=visit.id, a=answer: self._answer(played, v, a))

    def _answer(self, played: Played, number: int, answer: Answer) -> None:
        visit = played.now_open.visits.get(number) if played.now_open else None
        if visit is None or not _answerable(played, visit):
            # Something else was faster; a window that passed opens again.
            if visit is not None:
                self._expected.discard((played.key, number))
                played.answered[visit.step] -= 1
            return
        self._expected.discard((played.key, number))
        try:
            self._press(played, visit, answer)
        except (Refused, FormError) as error:
            reason = reason_of(error)
            if not answer.refused or answer.refused not in reason:
                self.mishap(played, visit.step, reason)
            self._expect(played)
            return
        if answer.refused:
            words = text("This should have been refused: {reason}", reason=answer.refused)
            self.mishap(played, visit.step, words)

    def _press(self, played: Played, visit: Visit, answer: Answer) -> None:
        step = played.definition.step(visit.step)
        assert isinstance(step, HumanStep | WaitStep) and played.state is not None
        button = step.buttons.get(str(answer.press))
        if button is None:
            known = ", ".join(step.buttons)
            raise FormError({"": text("There is no button {name}; there are {known}.",
                                      name=answer.press, known=known)})  # fmt: skip
        values = answer_form(
            played.definition, played.state, self.context, self.now, visit, button, answer.fill,
            self.script.rows,
        )  # fmt: skip
        by = answer.by or self._who(visit)
        kind = WaitAnswered if visit.kind == "wait" else WorkItemAnswered
        self._apply(played, kind(visit=visit.id, button=str(answer.press), answers=values, by=by))

    def _who(self, visit: Visit) -> str | None:
        """Who holds it; else the first of those asked who works, and has not signed yet."""
        if visit.assignee:
            return visit.assignee
        asked = [each for each in visit.candidates if each not in visit.signatures]
        awake = [each for each in asked if self.context.on_shift(each, self.now)]
        return next(iter(awake or asked), None)

    def mishap(self, played: Played, step: str, reason: str) -> None:
        """The script asked for something that did not go."""
        self.mishaps.append(Mishap(self.now, played.key, f"{played.process}:{step}", reason))

    def _outside(self, each: Any) -> None:
        first = self.cases[FIRST]
        if each.event:
            self.tell(first, SignalReceived(name=each.event, data=each.data))
        elif each.no_contact:
            self.tell(first, ContactBlocked())
        elif each.cancel:
            self.tell(first, CaseCancelled(reason=each.cancel))


def _answerable(played: Played, visit: Visit) -> bool:
    step = played.definition.step(visit.step)
    if visit.status == "listening":
        return isinstance(step, WaitStep) and any(each.since for each in step.buttons.values())
    return visit.status == "open" and isinstance(step, HumanStep | WaitStep)


def _has_begun(played: Played, visit: Visit, answer: Answer) -> bool:
    """Before its turn only those buttons of a wait count that say since:."""
    buttons = getattr(played.definition.step(visit.step), "buttons", {})
    button = buttons.get(str(answer.press))
    return visit.status != "listening" or (button is not None and button.since is not None)
