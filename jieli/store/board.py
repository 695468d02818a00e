"""值班台: every open case with its open steps, in two queries however many there are. Reads only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from jieli.store.tables import case_runs, cases, visits

_AT_WORK = ("human", "wait", "call", "sub_case")


@dataclass(frozen=True, slots=True)
class BoardStep:
    """A step of a case that is not over."""

    case_id: str
    visit: int
    step: str
    kind: str
    title: str
    status: str
    assignee: str | None
    role: str | None
    candidates: tuple[str, ...]
    due_at: datetime | None
    overdue: bool
    nobody: bool
    window_start: datetime | None

    @property
    def is_free(self) -> bool:
        """Whether it is to be done by somebody and nobody has it."""
        return self.kind == "human" and self.status == "open" and self.assignee is None


@dataclass(frozen=True, slots=True)
class BoardLine:
    """An open case; `due_at` is the next due of its steps."""

    case_id: str
    ref: str
    title: str
    process: str
    priority: str
    tags: tuple[str, ...]
    owner: str | None
    opened_at: datetime
    fault: str | None
    run_id: str | None
    due_at: datetime | None
    steps: tuple[BoardStep, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """How much somebody has: items held, items they are asked for, late ones, cases they own."""

    person: str
    held: int = 0
    asked: int = 0
    overdue: int = 0
    owned: int = 0


_CASE = (
    cases.c.id, cases.c.ref, cases.c.title, cases.c.process, cases.c.priority, cases.c.tags,
    cases.c.owner, cases.c.opened_at, cases.c.fault, case_runs.c.run_id,
)  # fmt: skip


def board_lines(connection: Connection) -> list[BoardLine]:
    """Every open case, the next due first; those without a due time last, the oldest first."""
    steps = _steps(connection)
    query = (
        select(*_CASE)
        .join(case_runs, case_runs.c.case_id == cases.c.id)
        .where(cases.c.status == "open")
    )
    lines = []
    for row in connection.execute(query):
        own = steps.get(row.id, ())
        due = min((each.due_at for each in own if each.due_at), default=None)
        values = row._asdict()
        case_id, tags = values.pop("id"), tuple(values.pop("tags"))
        line = BoardLine(case_id, **values, tags=tags, due_at=due, steps=tuple(own))
        lines.append(line)
    return sorted(lines, key=lambda each: (each.due_at is None, each.due_at or each.opened_at))


def load_per_person(lines: Iterable[BoardLine]) -> list[Load]:
    """Everybody who has or is asked for something, the most loaded first."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for line in lines:
        if line.owner:
            found[line.owner][3] += 1
        for step in line.steps:
            if step.kind != "human":
                continue
            for person in (step.assignee,) if step.assignee else step.candidates:
                numbers = found[person]
                numbers[0 if step.assignee else 1] += 1
                numbers[2] += step.overdue
    loads = [Load(person, *numbers) for person, numbers in found.items()]
    return sorted(loads, key=lambda each: (-each.held, -each.asked, each.person))


def _steps(connection: Connection) -> dict[str, list[BoardStep]]:
    query = (
        select(*(visits.c[name] for name in BoardStep.__slots__))
        .where(visits.c.status.not_in(("done", "cancelled")), visits.c.kind.in_(_AT_WORK))
        .order_by(visits.c.case_id, visits.c.visit)
    )
    found: dict[str, list[BoardStep]] = defaultdict(list)
    for row in connection.execute(query):
        step = BoardStep(**(row._asdict() | {"candidates": tuple(row.candidates)}))
        found[step.case_id].append(step)
    return found
