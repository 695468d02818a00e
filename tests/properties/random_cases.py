"""Drives one case through random events, twice: once as it is, once restored after each event."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from pydantic import TypeAdapter

from jieli.engine.advance import advance
from jieli.engine.case import CaseState, Timer, Visit
from jieli.engine.context import Context
from jieli.engine.errors import Refused, TimerMismatch
from jieli.engine.events import (
    AnswerTakenBack,
    CallAnswered,
    CallFailed,
    CallRetried,
    CaseCancelled,
    CaseStarted,
    ContactBlocked,
    Event,
    NoteAdded,
    SignalReceived,
    SubCaseEnded,
    TimerFired,
    Transition,
    WaitAnswered,
    WorkHandedOver,
    WorkItemAnswered,
    WorkItemClaimed,
    WorkItemDelegated,
    WorkItemReassigned,
)
from jieli.engine.published import Definition
from tests.properties.invariants import Mirror, check
from tests.properties.random_processes import EVENTS

EVENT: TypeAdapter[Event] = TypeAdapter(Event)
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
WAYS_TO_LATER = (timedelta(minutes=10), timedelta(hours=1), timedelta(hours=9), timedelta(days=3))
# The timers that may take a visit away from people who are just answering it.
CONTENDING = ("wait_over", "late", "window_close", "take_back", "remind")
RESPONSES: tuple[Any, ...] = (
    {"amount": 120, "at": "2026-11-25T02:00:00+00:00"}, {"amount": 3.5, "at": None},
    {"amount": "12.00", "at": "tomorrow"}, {}, None,
)  # fmt: skip

Outcome = Transition | Refused


@dataclass
class Case:
    """One case, its clock, and everything that was ever written of it."""

    definition: Definition
    contexts: tuple[Context, ...]
    draw: Any
    now: datetime = MONDAY
    state: CaseState | None = None
    restored: CaseState | None = None
    mirror: Mirror = field(default_factory=Mirror)
    told: list[tuple[Event, Context, datetime]] = field(default_factory=list)
    gone: list[Timer] = field(default_factory=list)
    context: Context = field(init=False)

    # ---- events ----

    def start(self, data: dict[str, Any], *, by: str) -> None:
        """Begin the case at some time of a week."""
        self.context = self.contexts[0]
        self.now = MONDAY + timedelta(minutes=30 * self.draw(st.integers(0, 7 * 48)))
        parent = self.one_of(None, "other")
        event = CaseStarted(
            case_id="c1", ref="A1", version=1, data=data, by=by, parent=parent,
            parent_visit=parent and 7,
        )  # fmt: skip
        assert self.apply(event)

    def attempt(self, state: CaseState | None, event: Event) -> Outcome:
        """What becomes of an event; the case it is tried on stays as it was."""
        before = state and state.model_dump_json()
        try:
            return advance(self.definition, state, event, self.context, self.now)
        except Refused as refused:
            return refused
        finally:
            assert before == (state and state.model_dump_json()), "the given state was changed"

    def apply(self, event: Event) -> bool:
        """One event now, for the case and for its restored twin; whether it counted."""
        made, same = self.attempt(self.state, event), self.attempt(self.restored, _read(event))
        if isinstance(made, Refused):
            assert str(made) == str(same)
            return False
        assert made == same, "the restored case behaves differently"
        before = self.state.timers if self.state else {}
        self.gone += [before[number] for number in made.timers_cancelled]
        self.mirror.take(made)
        self.state, self.restored = made.state, restored(made.state)
        self.told.append((event, self.context, self.now))
        check(self.definition, made.state, self.mirror)
        self._old_timers_do_nothing(event)
        return True

    def _old_timers_do_nothing(self, event: Event) -> None:
        stale = [TimerFired(timer=timer.id, at=timer.at) for timer in self.gone[-2:]]
        live = list(self.open_case.timers.values())
        stale += [TimerFired(timer=t.id, at=t.at) for t in live if t.at > self.now][:2]
        stale += [TimerFired(timer=t.id, at=t.at - timedelta(seconds=1)) for t in live[-1:]]
        stale += [event] if isinstance(event, TimerFired) else []
        for each in stale:
            refused = self.attempt(self.state, each)
            assert isinstance(refused, Refused)
            assert isinstance(refused, TimerMismatch) or self.open_case.status != "open"

    # ---- chance ----

    def one_of(self, *values: Any) -> Any:
        return self.draw(st.sampled_from(values))

    @property
    def people(self) -> list[str]:
        return list(self.contexts[0].people)

    @property
    def open_case(self) -> CaseState:
        assert self.state
        return self.state

    @property
    def due(self) -> list[Timer]:
        """The timers whose time has come."""
        return [timer for timer in self.open_case.timers.values() if timer.at <= self.now]

    def go_on(self) -> None:
        """Something happens: mostly what the case waits for."""
        what = self.one_of(
            self.somebody_acts, self.somebody_acts, self.somebody_acts, self.time_passes,
            self.time_passes, self.a_timer_fires, self.both_at_once, self.something_else,
        )  # fmt: skip
        what()

    def somebody_acts(self) -> None:
        """An event for one of the visits, not always one that it takes."""
        offered = [event for visit in self.open_case.visits.values() for event in self._for(visit)]
        if offered:
            self.apply(self.one_of(*offered))

    def time_passes(self) -> None:
        """Up to the next timer, which fires in time; or far beyond it."""
        timers = self.open_case.timers.values()
        ahead = min((timer.at for timer in timers), default=self.now)
        if self.one_of(True, True, False):
            self.now = max(self.now, ahead)
            self.a_timer_fires()
        else:
            self.now += self.one_of(*WAYS_TO_LATER)

    def a_timer_fires(self) -> None:
        """Any of those that are due: the clock may be late and in another order."""
        if self.due:
            timer = self.one_of(*self.due)
            assert self.apply(TimerFired(timer=timer.id, at=timer.at))

    def both_at_once(self) -> None:
        """A person and a timer of the same visit in the same instant, in either order."""
        pairs = [
            (timer, event)
            for timer in self.open_case.timers.values() if timer.kind in CONTENDING
            for event in self._for(self.open_case.visits[timer.visit])
        ]  # fmt: skip
        if not pairs:
            return
        timer, event = self.one_of(*pairs)
        self.now = max(self.now, timer.at)
        fired = TimerFired(timer=timer.id, at=timer.at)
        for first, second in ((fired, event), (event, fired)):
            made = self.attempt(self.state, first)
            if isinstance(made, Transition) and self._takes(made, timer.visit):
                # A signal is kept for later when it came too late for this wait.
                late = self.attempt(made.state, second)
                assert isinstance(late, Refused) or second.kind == "signal_received", "both won"
        orders = ((fired, event), (event, fired))
        for each in self.one_of(*orders):
            self.apply(each)

    def _takes(self, made: Transition, number: int) -> bool:
        after = made.state.visits.get(number)
        return after is None or after.status != self.open_case.visits[number].status

    def something_else(self) -> None:
        """What comes from outside, what nobody asked for, and people joining and leaving."""
        if self.one_of(*range(5)) == 0:
            self.context = self.one_of(*self.contexts)
            return
        numbers = [*self.mirror.visits, 999]
        visit = self.one_of(*numbers)
        by, to = self.one_of(*self.people, "nobody_known", None), self.one_of(*self.people)
        self.apply(
            self.one_of(
                SignalReceived(name=self.one_of(*EVENTS), data={"words": "x"}),
                SignalReceived(name="unheard_of", data={}),
                ContactBlocked(by=by),
                NoteAdded(text="looked at", by=by),
                WorkItemAnswered(visit=visit, button="done", by=by),
                WaitAnswered(visit=visit, button="done", by=by),
                WorkItemClaimed(visit=visit, by=by),
                WorkItemDelegated(visit=visit, by=by, to=to, reason="x"),
                WorkItemReassigned(visit=visit, by=by, to=to, reason="x"),
                WorkHandedOver(from_people=(self.one_of(*self.people),), to=to, reason="x"),
                WorkHandedOver(from_people=tuple(self.people[:3]), to=to, reason="x"),
                AnswerTakenBack(visit=visit, by=by),
                CallAnswered(visit=visit, attempt=self.one_of(0, 1, 2), response={}),
                CallFailed(visit=visit, attempt=0, reason="x"),
                CallRetried(visit=visit, by=by, reason="x"),
                SubCaseEnded(visit=visit, case_id="c9", ref="A9", result="good"),
                CaseCancelled(by=by, reason="x") if self.one_of(*range(8)) == 0 else
                NoteAdded(text="left alone", by=by),
            )
        )  # fmt: skip

    # ---- what a visit waits for ----

    def _for(self, visit: Visit) -> Iterator[Event]:
        match visit.kind:
            case "human":
                yield from self._for_a_work_item(visit)
            case "wait":
                yield from self._for_a_wait(visit)
            case "call":
                yield from self._for_a_call(visit)
            case "sub_case":
                for result in ("good", "bad", "cancelled"):
                    yield SubCaseEnded(visit=visit.id, case_id="c2", ref="A2", result=result)

    def _for_a_work_item(self, visit: Visit) -> Iterator[Event]:
        asked = [visit.assignee] if visit.assignee else visit.candidates
        if visit.status == "held":
            yield AnswerTakenBack(visit=visit.id, by=visit.by)
        for by in (*asked, self.people[-1]):
            for button in self._buttons(visit):
                yield WorkItemAnswered(visit=visit.id, button=button, by=by, answers=ANSWERS)
            yield WorkItemClaimed(visit=visit.id, by=by)
            yield WorkItemDelegated(visit=visit.id, by=by, to=self.people[0], reason="忙")
        yield WorkItemReassigned(visit=visit.id, by="eve", to=self.people[1], reason="请假")

    def _for_a_wait(self, visit: Visit) -> Iterator[Event]:
        for by in (*visit.candidates, self.people[-1]):
            for button in self._buttons(visit):
                yield WaitAnswered(visit=visit.id, button=button, by=by)
        for name in EVENTS:
            yield SignalReceived(name=name, data={"order": "A-17"})

    def _for_a_call(self, visit: Visit) -> Iterator[Event]:
        for response in RESPONSES:
            yield CallAnswered(visit=visit.id, attempt=visit.attempt, response=response)
        for unknown in (True, False):
            yield CallFailed(visit=visit.id, attempt=visit.attempt, reason="500", unknown=unknown)
        yield CallRetried(visit=visit.id, by=self.people[0], reason="再试")
        yield CallAnswered(visit=visit.id, attempt=visit.attempt - 1, response={})

    def _buttons(self, visit: Visit) -> list[str]:
        return [*getattr(self.definition.step(visit.step), "buttons", {}), "unheard_of"]

    # ---- afterwards ----

    def replayed(self) -> CaseState | None:
        """The state made again from what is written of each event."""
        state: CaseState | None = None
        for event, context, when in self.told:
            state = advance(self.definition, state, _read(event), context, when).state
        return state


ANSWERS = {"words": "好", "promised": "2026-11-26T02:00:00+00:00"}


def restored(state: CaseState) -> CaseState:
    """The state after a restart: written down and read again."""
    read = CaseState.model_validate_json(state.model_dump_json())
    assert read == state, "the state is not what it is when read again"
    return read


def _read(event: Event) -> Event:
    return EVENT.validate_json(EVENT.dump_json(event))
