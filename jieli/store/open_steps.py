"""Each open step as the board and its digest count it: due, held, nobody's, stuck. Reads only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from jieli.engine.context import Context
from jieli.engine.published import Definition
from jieli.store import definitions
from jieli.store.board import BoardLine, BoardStep, board_lines
from jieli.store.items import troubles

SOON = timedelta(hours=2)
MOST_TROUBLES = 2000


@dataclass(frozen=True, slots=True)
class OpenStep:
    """A step of an open case; a case in which nothing is open stands for itself.

    `nobody`: work that nobody has or could do, or a case that nobody answers for.
    `stuck`: why it goes no further without somebody who looks at it.
    """

    case: BoardLine
    step: BoardStep | None
    now: datetime
    who: tuple[str, ...]
    nobody: bool
    stuck: str | None

    @property
    def key(self) -> str:
        """Its name in a form."""
        return f"{self.case.case_id}.{self.step.visit if self.step else 0}"

    @property
    def title(self) -> str:
        """What is to be done."""
        return self.step.title if self.step else ""

    @property
    def due_at(self) -> datetime | None:
        """When it is due."""
        return self.step.due_at if self.step else None

    @property
    def is_held(self) -> bool:
        """Whether one person has it, not only been asked."""
        return self.step is not None and self.step.assignee is not None

    @property
    def is_work(self) -> bool:
        """Whether people have something to do; while a case waits they only may."""
        return self.step is not None and self.step.kind == "human"

    @property
    def can_reassign(self) -> bool:
        """Whether it can be given to somebody else."""
        return self.is_work and self.step is not None and self.step.status == "open"

    def concerns(self, person: str, process: str) -> bool:
        """Whether it is of this process, and of this person as holder, asked one or owner."""
        if process and self.case.process != process:
            return False
        return not person or person in (*self.who, self.case.owner)

    def is_in(self, view: str) -> bool:
        """Whether a filter of the board shows it."""
        match view:
            case "overdue":
                late = self.due_at is not None and self.due_at < self.now
                return late or (self.step is not None and self.step.overdue)
            case "soon":
                return self.due_at is not None and self.now <= self.due_at <= self.now + SOON
            case "nobody":
                return self.nobody
            case "stuck":
                return self.stuck is not None
        return True


@dataclass(frozen=True, slots=True)
class BoardCounts:
    """How many open cases there are, and how many each filter of the board shows."""

    open: int
    overdue: int
    nobody: int
    stuck: int
    soon: int


def board_counts(connection: Connection, now: datetime) -> BoardCounts:
    """What the filters of the board show now."""
    lines = board_lines(connection)
    _, context = definitions.current_context(connection)
    processes = definitions.latest_definitions(connection)
    steps = read_open_steps(connection, lines, context, processes, now)
    views = ("overdue", "nobody", "stuck", "soon")
    shown = {view: count_cases([each for each in steps if each.is_in(view)]) for view in views}
    return BoardCounts(open=len(lines), **shown)


def count_cases(steps: Sequence[OpenStep]) -> int:
    """How many cases these steps belong to."""
    return len({each.case.case_id for each in steps})


def read_open_steps(
    connection: Connection, lines: Sequence[BoardLine], context: Context,
    processes: Mapping[str, Definition], now: datetime,
) -> list[OpenStep]:  # fmt: skip
    """Every open step, the next due first, with the troubles the store knows."""
    stuck = {each.case_id: each.about for each in troubles(connection, limit=MOST_TROUBLES)}
    return open_steps(lines, stuck, context, processes, now)


def open_steps(
    lines: Sequence[BoardLine], stuck: Mapping[str, str], context: Context,
    processes: Mapping[str, Definition], now: datetime,
) -> list[OpenStep]:  # fmt: skip
    """Every open step, the next due first; `stuck` has the cases with a known trouble."""
    found = []
    for line in lines:
        orphaned = _is_orphaned(line, context, processes)
        for step in line.steps or (None,):
            about = stuck.get(line.case_id, line.fault)
            if about is None and step is not None and step.status == "blocked":
                about = ""
            who = _who(step)
            nobody = orphaned or (step is not None and _is_free(step, who, context))
            found.append(OpenStep(line, step, now, who, nobody, about))
    return sorted(found, key=lambda each: (each.due_at is None, each.due_at or each.case.opened_at))


def _who(step: BoardStep | None) -> tuple[str, ...]:
    if step is None:
        return ()
    return (step.assignee,) if step.assignee else step.candidates


def _is_free(step: BoardStep, who: tuple[str, ...], context: Context) -> bool:
    """Whether work waits for a person and none who is here has it or was asked."""
    if step.kind != "human" or step.status not in ("open", "scheduled"):
        return False
    return step.nobody or not any(_is_here(each, context) for each in who)


def _is_orphaned(line: BoardLine, context: Context, processes: Mapping[str, Definition]) -> bool:
    """Whether the case should have an owner and nobody answers for it, not even by being asked."""
    process = processes.get(line.process)
    if process is None or process.process.case.owner is None or _is_here(line.owner, context):
        return False
    if line.owner is not None:
        return True
    return not any(
        _is_here(each, context)
        for step in line.steps
        if step.kind == "human"
        for each in _who(step)
    )


def _is_here(person: str | None, context: Context) -> bool:
    known = context.people.get(person) if person else None
    return known is not None and known.active
