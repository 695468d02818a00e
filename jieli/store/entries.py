"""Owns the ledger's entries: written once, when confirmed, with the policy that counted.

What they bring is `engine.accounts`; nothing here touches pay.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Connection, Row, cast, func, select

from jieli.engine.accounts import Posted, amount, month_of, nth_time
from jieli.engine.context import Context
from jieli.engine.events import RecordEntry
from jieli.engine.ledger import LedgerRule
from jieli.store.columns import dump_json
from jieli.store.statements import insert
from jieli.store.tables import ledger_entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the ledger."""

    id: int
    key: str
    rule: str
    label: str
    person: str
    reason: str
    evidence: str
    happened_at: datetime
    month: str
    severity: str | None
    points: float
    money: float
    nth: int
    step_text: str
    policy: str
    recorded_at: datetime
    by: str | None
    case_id: str

    def posted(self) -> Posted:
        """The entry as the accounts take it."""
        return Posted(
            rule=self.rule, person=self.person, month=self.month, points=self.points,
            money=self.money, nth=self.nth, step_text=self.step_text, label=self.label,
            reason=self.reason, evidence=self.evidence, happened_at=self.happened_at, key=self.key,
        )  # fmt: skip


def record(
    connection: Connection, effects: Iterable[tuple[str, RecordEntry]], *, context_id: str,
    context: Context, recorded_at: datetime,
) -> None:  # fmt: skip
    """Write confirmed entries (case id, effect); the same key again changes nothing."""
    # One order of locks in every process, so that two commits never wait for each other in a ring.
    for case_id, effect in sorted(effects, key=lambda each: (each[1].person, each[1].rule)):
        _lock(connection, effect)
        row = _row(connection, effect, context)
        row |= {"policy": context_id, "recorded_at": recorded_at, "case_id": case_id}
        statement = insert(connection, ledger_entries).values(row)
        connection.execute(statement.on_conflict_do_nothing(index_elements=["key"]))


def entries(
    connection: Connection, *, since: str | None = None, until: str | None = None,
    person: str | None = None, limit: int | None = None,
) -> list[Entry]:  # fmt: skip
    """The entries of these months (`2026-11`, both included), the newest last."""
    query = select(ledger_entries).order_by(ledger_entries.c.happened_at, ledger_entries.c.id)
    if since is not None:
        query = query.where(ledger_entries.c.month >= since)
    if until is not None:
        query = query.where(ledger_entries.c.month <= until)
    if person is not None:
        query = query.where(ledger_entries.c.person == person)
    return [_entry(row) for row in connection.execute(query.limit(limit))]


def _row(connection: Connection, effect: RecordEntry, context: Context) -> dict[str, Any]:
    # A rule may leave the ledger while its case is decided: what was confirmed is kept, at nothing.
    rule = context.ledger.rules.get(effect.rule) or LedgerRule(label=effect.rule, source="")
    month = month_of(effect.happened_at, context.calendar.timezone)
    nth = nth_time(rule, _months(connection, effect), month)
    step = amount(rule, nth, effect.severity)
    # What was confirmed while money was off costs nothing when it is turned on later.
    money = step.money if context.ledger.money else 0
    return {
        "key": effect.key, "rule": effect.rule, "label": rule.label, "person": effect.person,
        "reason": effect.reason, "evidence": effect.evidence, "happened_at": effect.happened_at,
        "month": month, "severity": effect.severity, "points": step.points, "money": money,
        "nth": nth, "step_text": step.text, "by": effect.by,
    }  # fmt: skip


def _months(connection: Connection, effect: RecordEntry) -> list[str]:
    known = ledger_entries.c
    query = select(known.month).where(
        known.person == effect.person, known.rule == effect.rule, known.key != effect.key
    )
    return list(connection.scalars(query))


def _lock(connection: Connection, effect: RecordEntry) -> None:
    # Two confirmed at once must not both be the first time.
    if connection.dialect.name == "postgresql":
        words = dump_json(["ledger", effect.person, effect.rule])
        hashed = cast(func.hashtextextended(words, 0), BigInteger)
        connection.execute(select(func.pg_advisory_xact_lock(hashed)))


def _entry(row: Row[Any]) -> Entry:
    return Entry(**row._asdict())
