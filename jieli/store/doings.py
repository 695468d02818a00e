"""What processes have Jieli do itself, as rows of the same commit: hand over, propose, record, mark.

Other cases only get events here; they change in commits of their own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from jieli.engine.case import CaseState
from jieli.engine.events import (
    ChangeRoster,
    HandOverWork,
    MarkRows,
    ProposeEntry,
    RecordEntry,
    WorkHandedOver,
)
from jieli.store import definitions, entries, imports, roster_changes
from jieli.store.columns import dump_json
from jieli.store.handing_over import who_gets_what
from jieli.store.roster_changes import MadeChange
from jieli.store.writing import event_row

LEDGER_PROCESS = "ledger_entry"
Doing = HandOverWork | ProposeEntry | RecordEntry | ChangeRoster | MarkRows


class Doings:
    """What one commit does besides moving its cases."""

    def __init__(self, *, now: datetime, recorded_at: datetime, context_id: str) -> None:
        self._now = now
        self._recorded_at = recorded_at
        self._context_id = context_id
        self._events: list[dict[str, Any]] = []
        self._handed: list[tuple[CaseState, HandOverWork, int]] = []
        self._records: list[tuple[str, RecordEntry]] = []
        self._changes: list[MadeChange] = []
        self._marks: list[tuple[str, MarkRows]] = []

    def add(self, state: CaseState, effect: Doing, revision: int) -> None:
        """Take in one of them; `revision` is what the case comes to with it."""
        match effect:
            case HandOverWork():
                self._handed.append((state, effect, revision))
            case ProposeEntry():
                self._events.append(self._proposal(state.case_id, effect))
            case RecordEntry():
                self._records.append((state.case_id, effect))
            case ChangeRoster(key=key, change=change):
                self._changes.append(MadeChange(key, change, state.case_id))
            case MarkRows():
                self._marks.append((state.case_id, effect))

    def write(self, connection: Connection) -> list[dict[str, Any]]:
        """Write the rows; returns the events for other cases."""
        # Before the ledger's locks: the cases that move are read as this commit leaves them.
        events = [*self._events]
        for state, effect, revision in self._handed:
            events += self._hand_over(connection, state, effect, revision)
        if self._records:
            context = definitions.context(connection, self._context_id)
            entries.record(
                connection, self._records, context_id=self._context_id, context=context,
                recorded_at=self._recorded_at,
            )  # fmt: skip
        imports.mark(connection, self._marks, self._now)
        new = roster_changes.record(connection, self._changes, self._recorded_at)
        definitions.change_roster(connection, new, self._now)
        return events

    def _proposal(self, case_id: str, effect: ProposeEntry) -> dict[str, Any]:
        data = {
            "key": effect.key, "rule": effect.rule, "person": effect.person,
            "reason": effect.reason, "evidence": effect.evidence,
            "happened_at": effect.happened_at.isoformat(),
        }  # fmt: skip
        body = {
            "process": LEDGER_PROCESS, "data": data, "wait": False, "source": "ledger",
            "parent": False,
        }  # fmt: skip
        return event_row(
            f"propose:{effect.key}", "start", from_case=case_id, from_visit=effect.visit,
            to_case=None, body=dump_json(body), at=self._recorded_at,
        )  # fmt: skip

    def _hand_over(
        self, connection: Connection, state: CaseState, effect: HandOverWork, revision: int
    ) -> list[dict[str, Any]]:
        # The revision: a button that stays may be pressed again, and means it again.
        asked = f"handed:{state.case_id}:{effect.visit}:{revision}"
        return [
            event_row(
                f"{asked}:{moved.case_id}", "event",
                from_case=state.case_id, from_visit=effect.visit, to_case=moved.case_id,
                body=WorkHandedOver(
                    from_people=effect.from_people, to=moved.to, reason=effect.reason,
                    source=state.ref,
                ).model_dump_json(),
                at=self._recorded_at,
            )
            for moved in who_gets_what(connection, state, effect)
        ]  # fmt: skip
