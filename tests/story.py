"""Tells the story of a case on the pure engine, with a clock that is moved by hand."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from jieli.engine.advance import advance
from jieli.engine.case import CaseState, Visit
from jieli.engine.context import Context
from jieli.engine.definition import MessageWords, Process
from jieli.engine.events import (
    CaseStarted,
    Effect,
    Entry,
    Event,
    SendMessage,
    StartCase,
    TellCase,
    TimerFired,
    WaitAnswered,
    WorkItemAnswered,
)
from jieli.engine.loader import load, read_directory
from jieli.engine.published import Definition
from jieli.engine.values import parse_duration

SHANGHAI = ZoneInfo("Asia/Shanghai")
DEFINITIONS = Path(__file__).parent.parent / "definitions"


def at(text: str) -> datetime:
    """A local time of the shop, `2026-11-20 09:00`, as an instant."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


@cache
def shipped() -> tuple[dict[str, Process], Context, dict[str, MessageWords]]:
    """The shipped definitions, loaded once."""
    library = load(read_directory(DEFINITIONS))
    return library.processes, library.context, library.messages


def definition(text: str, *, process: str = "toy") -> tuple[Definition, Context]:
    """A definition written in a test, with the sample shop's people and hours."""
    sources = read_directory(DEFINITIONS)
    shop = {name: body for name, body in sources.items() if "shop" in Path(name).parts}
    library = load({**shop, "toy.yaml": text})
    return Definition(library.processes[process], 1, library.messages), library.context


BAD_REVIEW = {
    "shop": "taobao_main", "order_no": "2026112000014821", "item": "保温杯", "review_kind": "first",
    "level": "bad", "severity": "severe", "reviewed_at": "2026-11-19T10:00:00+00:00",
    "wangwang": "小鹿爱吃草", "buyer_phone": "13812345678", "review_text": "杯盖漏水",
}  # fmt: skip


told: list[Story] = []
"""The stories of the test that runs; see the fixture `stories_replay`."""


@dataclass
class Story:
    """One case and its clock."""

    definition: Definition
    context: Context
    now: datetime
    state: CaseState | None = None
    events: list[tuple[Event, datetime]] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    visits: dict[int, Visit] = field(default_factory=dict)

    def __post_init__(self) -> None:
        told.append(self)

    @classmethod
    def bad_review(cls, start: str = "2026-11-20 08:30", **changes: Any) -> Story:
        """A case of the shipped process, started at a local time."""
        processes, context, messages = shipped()
        story = cls(Definition(processes["bad_review"], 1, messages), context, at(start))
        return story.start({**BAD_REVIEW, **changes})

    @classmethod
    def of(cls, process: str, data: dict[str, Any], start: str, by: str | None = None) -> Story:
        """A case of any shipped process, started at a local time."""
        processes, context, messages = shipped()
        story = cls(Definition(processes[process], 1, messages), context, at(start))
        return story.start(data, by)

    def start(self, data: dict[str, Any], by: str | None = "li_na") -> Story:
        """Start the case."""
        self.apply(CaseStarted(case_id="c1", ref="A1", version=1, data=data, by=by))
        return self

    def asked_for(self, process: str) -> list[StartCase]:
        """The cases of another process that this one asked for."""
        started = [effect for effect in self.effects if isinstance(effect, StartCase)]
        return [each for each in started if each.process == process]

    def child(self, process: str, nth: int = -1) -> Story:
        """The case of another process that this one asked for, at the same moment."""
        asked = self.asked_for(process)[nth]
        processes, context, messages = shipped()
        story = Story(Definition(processes[process], 1, messages), context, self.now)
        parent = {"parent": "c1", "parent_visit": asked.visit} if asked.wait else {}
        story.apply(
            CaseStarted(case_id=f"c{asked.visit}", ref=f"A{asked.visit}", version=1,
                        data=asked.data, source="case", **parent)
        )  # fmt: skip
        return story

    def over(self, child: Story) -> Story:
        """A case that this one waits for has ended; time has passed meanwhile."""
        told = [effect for effect in child.effects if isinstance(effect, TellCase)]
        assert told, f"{child.definition.process.process} has not ended; open are {child.waits_for}"
        self.until_time(max(self.now, child.now))
        self.apply(told[-1].event)
        return self

    def apply(self, event: Event) -> None:
        """One event now."""
        before = self.state.model_dump_json() if self.state else None
        made = advance(self.definition, self.state, event, self.context, self.now)
        assert before is None or (self.state is not None and self.state.model_dump_json() == before)
        # Saved and restored between any two steps, as the store does it.
        self.state = CaseState.model_validate_json(made.state.model_dump_json())
        assert self.state == made.state
        self.events.append((event, self.now))
        self.effects += made.effects
        self.entries += made.entries
        self.visits.update({visit.id: visit.model_copy(deep=True) for visit in made.visits})

    def open(self, step: str) -> Visit:
        """The live visit of a step."""
        assert self.state
        found = [visit for visit in self.state.visits.values() if visit.step == step]
        assert found, f"{step} is not open; open are {self.waits_for}"
        return found[-1]

    @property
    def waits_for(self) -> list[str]:
        """The steps that are live, in the order they opened."""
        assert self.state
        return [visit.step for visit in self.state.visits.values()]

    @property
    def path(self) -> list[str]:
        """Every step that was ever opened, in order."""
        return [visit.step for visit in self.visits.values()]

    def press(self, step: str, button: str, by: str = "li_na", **answers: Any) -> Story:
        """Somebody presses a button of a step."""
        return self.press_visit(self.open(step), button, by, **answers)

    def press_visit(self, visit: Visit, button: str, by: str, **answers: Any) -> Story:
        """Somebody presses a button of one work item among several."""
        kind = WaitAnswered if visit.kind == "wait" else WorkItemAnswered
        self.apply(kind(visit=visit.id, button=button, answers=answers, by=by))
        return self

    def wait(self, length: str) -> Story:
        """Time passes; every timer that comes due fires at its time, in order."""
        return self.until_time(self.now + parse_duration(length))

    def until_time(self, end: datetime) -> Story:
        """Time passes up to an instant."""
        while self.state and (due := [t for t in self.state.timers.values() if t.at <= end]):
            timer = min(due, key=lambda t: (t.at, t.id))
            self.now = max(self.now, timer.at)
            self.apply(TimerFired(timer=timer.id, at=timer.at))
        self.now = end
        return self

    def until(self, local: str) -> Story:
        """Time passes up to a local time."""
        return self.until_time(at(local))

    def messages(self, purpose: str | None = None) -> list[SendMessage]:
        """The messages so far, of one purpose or all."""
        sent = [effect for effect in self.effects if isinstance(effect, SendMessage)]
        return [each for each in sent if purpose in (None, each.purpose)]

    def replayed(self) -> CaseState:
        """The state made again from the events alone."""
        state: CaseState | None = None
        for event, when in self.events:
            state = advance(self.definition, state, event, self.context, when).state
        assert state
        return state


def minutes(number: int) -> timedelta:
    """A short word for a duration."""
    return timedelta(minutes=number)
