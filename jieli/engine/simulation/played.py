"""One case while it is played: its state, and everything that was written of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from jieli.engine.advance import advance
from jieli.engine.case import CaseState, Visit
from jieli.engine.context import Context
from jieli.engine.events import Effect, Entry, Event, Transition
from jieli.engine.published import Definition


@dataclass(frozen=True, slots=True)
class Told:
    """One event of a case, when it came, and what it made."""

    at: datetime
    event: Event
    made: Transition


@dataclass
class Played:
    """A case of a simulation."""

    key: str
    definition: Definition
    state: CaseState | None = None
    told: list[Told] = field(default_factory=list)
    visits: dict[int, Visit] = field(default_factory=dict)
    answered: Counter[str] = field(default_factory=Counter)
    source: str = "form"

    def apply(self, event: Event, context: Context, now: datetime) -> Transition:
        """One event now; raises Refused and FormError."""
        made = advance(self.definition, self.state, event, context, now)
        self.state = made.state
        self.visits.update({visit.id: visit.model_copy(deep=True) for visit in made.visits})
        self.told.append(Told(now, event, made))
        return made

    @property
    def process(self) -> str:
        """The name of its process."""
        return self.definition.process.process

    @property
    def now_open(self) -> CaseState | None:
        """Its state, if it is open."""
        return self.state if self.state and self.state.status == "open" else None

    @property
    def path(self) -> list[str]:
        """Every step that was opened, in order."""
        return [self.visits[key].step for key in sorted(self.visits)]

    @property
    def entries(self) -> list[Entry]:
        """Its history."""
        return [entry for each in self.told for entry in each.made.entries]

    @property
    def effects(self) -> list[tuple[datetime, Effect]]:
        """What it asked for, and when."""
        return [(each.at, effect) for each in self.told for effect in each.made.effects]
