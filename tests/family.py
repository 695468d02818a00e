"""A case and every case it starts, told on one clock: forms are checked as the store does it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from jieli.engine import forms
from jieli.engine.case import CaseState, Visit
from jieli.engine.errors import Refused
from jieli.engine.events import (
    BlockContact,
    CancelSubCases,
    CaseCancelled,
    CaseStarted,
    ContactBlocked,
    Event,
    StartCase,
    TellCase,
    TimerFired,
    WaitAnswered,
    WorkItemAnswered,
)
from jieli.engine.expressions import evaluate
from jieli.engine.published import Definition
from jieli.engine.scope import form_of, scope_for, scope_of
from jieli.engine.values import parse_duration
from tests.story import Story, at, shipped


def photos(number: int) -> list[str]:
    """What a field for files holds: ids."""
    return [f"{number:032x}"]


@dataclass
class Family:
    """The first case, its sub-cases, theirs, and the time."""

    now: datetime
    stories: dict[str, Story] = field(default_factory=dict)
    parents: dict[str, tuple[str, int]] = field(default_factory=dict)
    seen: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, process: str, data: dict[str, Any], start: str, by: str | None = None) -> Family:
        """A family whose first case is of that process."""
        family = cls(at(start))
        family._begin("c1", process, data, by=by, source="form" if by else "case")
        family._settle()
        return family

    def _begin(
        self, case_id: str, process: str, data: dict[str, Any], *, by: str | None = None,
        source: str = "case", parent: str | None = None, visit: int | None = None,
    ) -> None:  # fmt: skip
        processes, context, messages = shipped()
        definition = Definition(processes[process], 1, messages)
        blank = CaseState(case_id="", process=process, version=1, ref="", opened_at=self.now)
        words = definition.process.case
        checked = forms.check(
            words.fields, words.rules, data, scope_of(definition, blank, context, self.now),
            now=self.now, timezone="Asia/Shanghai", people=context.people,
        )  # fmt: skip
        story = Story(definition, context, self.now)
        self.stories[case_id], self.seen[case_id] = story, 0
        if parent and visit is not None:
            self.parents[case_id] = (parent, visit)
        ref = f"A{len(self.stories)}"
        story.apply(CaseStarted(case_id=case_id, ref=ref, version=1, data=checked, by=by,
                                source=source, parent=parent, parent_visit=visit))  # fmt: skip

    # ---- what a case asks of others ----

    def _settle(self) -> None:
        """Carry every effect to the case it is for, until nothing is under way."""
        while any(self.seen[key] < len(story.effects) for key, story in self.stories.items()):
            for key, story in list(self.stories.items()):
                fresh = story.effects[self.seen[key] :]
                self.seen[key] = len(story.effects)
                for effect in fresh:
                    self._carry(key, effect)

    def _carry(self, key: str, effect: Any) -> None:
        match effect:
            case StartCase():
                child = f"{key}.{effect.visit}{effect.key}"
                waits = (key, effect.visit) if effect.wait else (None, None)
                self._begin(child, effect.process, effect.data, parent=waits[0], visit=waits[1])
            case TellCase():
                self._tell(effect.case_id, effect.event)
            case CancelSubCases(visit=visit):
                for child, of in list(self.parents.items()):
                    if of == (key, visit):
                        self._tell(child, CaseCancelled(reason="parent_gone"))
            case BlockContact(buyer=buyer):
                for other, story in self.stories.items():
                    if other != key and story.state and story.state.buyer == buyer:
                        self._tell(other, ContactBlocked())

    def _tell(self, key: str, event: Event) -> None:
        story = self.stories[key]
        story.now = self.now
        try:
            story.apply(event)
        except Refused:  # closed, or gone on: it concerns nobody any more
            return

    # ---- what people and time do ----

    def press(self, step: str, button: str, by: str = "li_na", **answers: Any) -> Family:
        """Somebody fills in the form of an open step, as it is filled in advance, and presses."""
        story, visit = self.find(step, by)
        definition, state = story.definition, story.state
        assert state
        words: Any = definition.step(visit.step)
        scope = scope_for(definition, state, story.context, self.now, visit)
        filled = {
            name: evaluate(each.fill, scope)
            for name, each in form_of(words).items()
            if isinstance(each.fill, str)
        }
        raw = {k: v.isoformat() if isinstance(v, datetime) else v for k, v in filled.items()}
        given = forms.check(
            words.form, words.rules, {**raw, **answers}, scope, now=self.now,
            timezone="Asia/Shanghai", button=words.buttons[button], people=story.context.people,
        )  # fmt: skip
        kind = WaitAnswered if visit.kind == "wait" else WorkItemAnswered
        story.now = self.now
        story.apply(kind(visit=visit.id, button=button, answers=given, by=by))
        self._settle()
        return self

    def find(self, step: str, by: str | None = None) -> tuple[Story, Visit]:
        """The open step of that name, of the youngest case that has one; `process:step` is exact.

        Among the work items of a step with `each` it is the one that `by` was asked.
        """
        process, _, name = step.rpartition(":")
        for story in reversed(self.stories.values()):
            if process and story.definition.process.process != process:
                continue
            live = story.state.visits.values() if story.state else ()
            found = [visit for visit in live if visit.step == name]
            if found:
                own = (visit for visit in found if by in (visit.assignee, *visit.candidates))
                return story, next(own, found[0])
        raise AssertionError(f"{step} is not open; open are {self.waits_for}")

    def wait(self, length: str) -> Family:
        """Time passes for every case, timer by timer."""
        return self.until_time(self.now + parse_duration(length))

    def until(self, local: str) -> Family:
        """Time passes up to a local time."""
        return self.until_time(at(local))

    def until_time(self, end: datetime) -> Family:
        """Time passes up to an instant."""
        while due := [
            (timer.at, timer.id, key)
            for key, story in self.stories.items()
            for timer in (story.state.timers.values() if story.state else ())
            if timer.at <= end
        ]:
            moment, number, key = min(due)
            self.now = max(self.now, moment)
            self.stories[key].now = self.now
            self.stories[key].apply(TimerFired(timer=number, at=moment))
            self._settle()
        self.now = end
        for story in self.stories.values():
            story.now = end
        return self

    # ---- looking at it ----

    @property
    def first(self) -> CaseState:
        """The first case."""
        state = self.stories["c1"].state
        assert state
        return state

    def case(self, process: str) -> Story:
        """The youngest case of a process."""
        found = [s for s in self.stories.values() if s.definition.process.process == process]
        assert found, f"no case of {process}; there are {self.processes}"
        return found[-1]

    @property
    def processes(self) -> list[str]:
        """Which processes the cases are of, in the order they began."""
        return [story.definition.process.process for story in self.stories.values()]

    @property
    def waits_for(self) -> list[str]:
        """What people and waits are open anywhere, as `process:step`."""
        return [
            f"{story.definition.process.process}:{visit.step}"
            for story in self.stories.values()
            for visit in (story.state.visits.values() if story.state else ())
            if visit.kind in ("human", "wait")
        ]

    def told(self, purpose: str, step: str | None = None) -> list[str | None]:
        """Who was sent messages of that purpose, in all cases."""
        found = []
        for story in self.stories.values():
            for message in story.messages(purpose):
                visit = story.visits.get(message.visit) if message.visit is not None else None
                if step is None or (visit and visit.step == step):
                    found.append(message.to_person)
        return found

    def replayed(self) -> None:
        """Every case, made again from its events, is as it stands; what is closed is empty."""
        for story in self.stories.values():
            assert story.replayed() == story.state
            if story.state and story.state.status != "open":
                assert not story.state.visits and not story.state.timers


