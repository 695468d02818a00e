"""Which cases follow when open work is handed over, and to whom. Moves nothing: it queues events."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import cycle

from sqlalchemy import Connection, Row, func, or_, select

from jieli.engine.case import CaseState
from jieli.engine.events import HandOverWork
from jieli.store import definitions
from jieli.store.statements import one_of
from jieli.store.tables import cases, visits

_COLUMNS = (
    cases.c.id, cases.c.ref, cases.c.process, cases.c.version, cases.c.owner, cases.c.parent_id,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Moved:
    """A case and who has it from now on."""

    case_id: str
    to: str


def who_gets_what(
    connection: Connection, handing: CaseState, effect: HandOverWork
) -> list[Moved]:
    """Every open case that one of the people owns or holds work of, the oldest first.

    What was chosen goes where it was chosen; what one of the new people owns stays with them; the
    rest goes round. Cases of processes without an owner stay, and so does the handover itself.
    """
    chosen = dict(effect.chosen)
    in_turn = cycle(effect.to) if effect.to else None
    found: list[Moved] = []
    for row in touched_by(connection, handing, effect.from_people):
        to = chosen.get(row.ref)
        if to is None and row.owner in effect.to:
            to = row.owner
        if to is None and in_turn is not None:
            to = next(in_turn)
        if to is not None and effect.from_people != (to,):
            found.append(Moved(row.id, to))
    return found


def touched_by(
    connection: Connection, handing: CaseState, people: Iterable[str]
) -> list[Row[tuple[str, ...]]]:
    """The open cases that follow when the work of these people is handed over, the oldest first."""
    return [
        row
        for row in _of_people(connection, people)
        if not _is_of(row, handing) and _has_owner(connection, row)
    ]


def _of_people(connection: Connection, people: Iterable[str]) -> list[Row[tuple[str, ...]]]:
    held = select(visits.c.case_id).where(
        visits.c.status.not_in(("done", "cancelled")), one_of(connection, visits.c.assignee, people)
    )
    query = (
        select(*_COLUMNS)
        .where(
            cases.c.status == "open",
            or_(one_of(connection, cases.c.owner, people), cases.c.id.in_(held)),
        )
        .order_by(cases.c.opened_at, func.length(cases.c.ref), cases.c.ref)
    )
    return list(connection.execute(query))


def _is_of(row: Row[tuple[str, ...]], handing: CaseState) -> bool:
    """The handover itself, and those of the same shift change: they end with their own signatures."""
    if row.process != handing.process:
        return False
    family = {handing.case_id, handing.parent} - {None}
    return row.id in family or row.parent_id in family


def _has_owner(connection: Connection, row: Row[tuple[str, ...]]) -> bool:
    process = definitions.definition(connection, row.process, int(row.version)).process
    return process.case.owner is not None
