"""Where a case stands: its state, the visits of its steps, its timers. Values only."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

StepKind = Literal[
    "human", "wait", "call", "notify", "decision", "parallel", "join", "sub_case", "do", "end"
]
VisitStatus = Literal[
    "listening",  # a wait whose buttons already count, before its turn
    "scheduled",  # a human step before its window opens
    "open",
    "held",  # answered, may still be taken back
    "blocked",  # a call failed for good or nobody knows whether it happened: an operator decides
    "done",
    "cancelled",
]
TimerKind = Literal[
    "remind", "rung", "late", "window_open", "window_close", "wait_over", "take_back", "staffed",
    "overrun",
]
CaseStatus = Literal["open", "completed", "cancelled"]


class _Value(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Visit(_Value):
    """One stay of a case in one step; a human visit is a work item."""

    id: int
    step: str
    nth: int
    kind: StepKind
    title: str
    status: VisitStatus
    branch: str = ""
    opened_at: datetime
    closed_at: datetime | None = None
    outcome: str | None = None
    by: str | None = None
    due_at: datetime | None = None
    due_guessed: bool = False
    overdue: bool = False
    rung: int = 0
    role: str | None = None
    candidates: list[str] = []
    assignee: str | None = None
    nobody: bool = False
    answers: dict[str, Any] = {}
    signatures: list[str] = []
    window_start: datetime | None = None
    window_end: datetime | None = None
    generation: int = 0
    attempt: int = 0
    begun_at: datetime | None = None  # when its clock began; `now` in its due: and wait:
    within_until: datetime | None = None  # when finish_within alone is over
    late_rungs: int = 0  # rungs of when_late whose time has come
    fan: int | None = None  # one of several visits of a step with `each`
    item: Any = None

    @property
    def key(self) -> str:
        """Step and visit, unique within the case: `phone.2`."""
        return f"{self.step}.{self.nth}"

    @property
    def is_over(self) -> bool:
        """Done or cancelled: it never changes again."""
        return self.status in ("done", "cancelled")


class Timer(_Value):
    """A durable wake-up of one visit; `at` is business time in UTC."""

    id: int
    visit: int
    kind: TimerKind
    at: datetime
    number: int = 0
    guessed: bool = False


class Fan(_Value):
    """The visits of a step with `each`: how many there are, how many must be done, what they said."""

    id: int
    step: str
    branch: str
    total: int
    needed: int
    arrived: list[dict[str, Any]] = []


class CaseState(_Value):
    """Everything the engine knows of a case; replaying its history gives the same value."""

    case_id: str
    process: str
    version: int
    ref: str
    title: str = ""
    priority: Literal["urgent", "high", "normal", "low"] = "normal"
    status: CaseStatus = "open"
    result: str | None = None
    opened_at: datetime
    closed_at: datetime | None = None
    buyer: str | None = None
    contact_blocked: bool = False
    owner: str | None = None
    parent: str | None = None
    parent_visit: int | None = None
    data: dict[str, Any] = {}
    answers: dict[str, dict[str, Any]] = {}
    counts: dict[str, int] = {}
    rounds: dict[str, int] = {}  # of steps with `each`: a round is all its elements
    visits: dict[int, Visit] = {}
    timers: dict[int, Timer] = {}
    joins: dict[str, list[str]] = {}
    fans: dict[int, Fan] = {}
    signals: dict[str, dict[str, Any]] = {}
    tags: list[str] = []
    next_id: int = 1
