"""The effects of a commit as rows: messages with their links, calls, events for other cases.

Carries nothing out; an effect cancelled later in the same commit leaves as cancelled.
"""

from __future__ import annotations

import secrets
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from jieli.engine.case import CaseState, Visit
from jieli.engine.events import (
    BlockContact,
    CancelMessages,
    CancelSubCases,
    ChangeRoster,
    Effect,
    HandOverWork,
    MakeCall,
    MarkRows,
    ProposeEntry,
    RecordEntry,
    SendMessage,
    StartCase,
    SubCaseEnded,
    TellCase,
    Transition,
)
from jieli.store import sub_cases, writing
from jieli.store.columns import dump_json
from jieli.store.doings import Doings
from jieli.store.statements import one_of
from jieli.store.tables import case_links
from jieli.store.writing import event_row

Values = dict[str, Any]
_ALL = 2**31 - 1


LINK_GRACE = timedelta(hours=72)
LINK_LASTS = timedelta(days=30)


class Queued:
    """What is to be done after the commit."""

    def __init__(self, *, now: datetime, recorded_at: datetime, context_id: str) -> None:
        self._now = now
        self._recorded_at = recorded_at
        self._doings = Doings(now=now, recorded_at=recorded_at, context_id=context_id)
        self._messages: list[Values] = []
        self._links: list[Values] = []
        self._calls: list[Values] = []
        self._case_events: list[Values] = []
        self._blocks: list[Values] = []
        self._cancelled: list[Values] = []
        self._over: dict[tuple[str, int], Visit] = {}
        self._revoked: dict[tuple[str, int], int] = {}
        self._closed: dict[str, CaseState] = {}
        self._forsaken: list[tuple[str, int]] = []

    def add(
        self, case_id: str, before: CaseState | None, transition: Transition, revision: int
    ) -> None:
        """Take in the effects of one transition, in their order."""
        state = transition.state
        known = {visit.id: visit for visit in transition.visits}
        for effect in transition.effects:
            self._take(state, effect, state.visits | known, revision)
        for visit in transition.visits:
            self._follow(case_id, visit, before)
        if state.status != "open" and (before is None or before.status == "open"):
            self._closed[case_id] = state

    def write(self, connection: Connection) -> None:
        """Write the rows."""
        writing.cancel_messages(connection, self._cancelled)
        writing.insert_messages(connection, self._links, self._messages)
        writing.revoke_links(
            connection,
            [
                {"on_case": case_id, "on_visit": visit, "below": below}
                for (case_id, visit), below in self._revoked.items()
            ],
        )
        writing.insert_calls(connection, self._calls)
        self._end_visits(connection)
        self._tell_waiting_cases(connection)
        self._case_events += sub_cases.cancellations(
            connection, self._forsaken, self._recorded_at
        )
        self._case_events += self._doings.write(connection)
        writing.insert_case_events(connection, self._case_events)
        # In one order in every process, so that two commits never wait for each other in a ring.
        writing.block_contacts(connection, sorted(self._blocks, key=lambda row: str(row["buyer"])))

    def _take(
        self, state: CaseState, effect: Effect, visits: dict[int, Visit], revision: int
    ) -> None:
        case_id = state.case_id
        match effect:
            case SendMessage():
                self._send(case_id, effect, visits)
            case CancelMessages(visit=visit):
                self._cancel(case_id, visit)
            case MakeCall():
                self._call(case_id, effect)
            case StartCase(visit=visit):
                self._start(case_id, visit, effect)
            case CancelSubCases(visit=visit):
                self._forsaken.append((case_id, visit))
            case TellCase(case_id=other, event=event):
                self._tell(case_id, other, event)
            case BlockContact(buyer=buyer):
                self._blocks.append(
                    {"buyer": buyer, "case_id": case_id, "blocked_at": self._recorded_at}
                )
            case HandOverWork() | ProposeEntry() | RecordEntry() | ChangeRoster() | MarkRows():
                self._doings.add(state, effect, revision)

    def _send(self, case_id: str, message: SendMessage, visits: dict[int, Visit]) -> None:
        link_id = None
        if message.link and message.visit is not None:
            link = link_row(
                case_id, visits[message.visit], number=message.number, at=self._recorded_at, now=self._now,
                person=message.to_person, role=message.to_role,
            )  # fmt: skip
            self._links.append(link)
            link_id = link["id"]
        self._messages.append({
            "case_id": case_id, "number": message.number, "visit": message.visit,
            "purpose": message.purpose, "to_person": message.to_person,
            "to_role": message.to_role, "title": message.title, "text": message.text,
            "facts": [list(fact) for fact in message.facts], "link_id": link_id,
            "urgent": message.urgent, "status": "pending", "attempt": 0,
            "next_try_at": self._recorded_at, "queued_at": self._recorded_at,
            "finished_at": None,
        })  # fmt: skip

    def _cancel(self, case_id: str, visit: int) -> None:
        for row in self._messages:
            if row["case_id"] == case_id and row["visit"] == visit and row["status"] == "pending":
                row |= {"status": "cancelled", "finished_at": self._recorded_at}
        self._cancelled.append({"on_case": case_id, "on_visit": visit, "at": self._recorded_at})

    def _call(self, case_id: str, call: MakeCall) -> None:
        request = asdict(call)
        for name in ("visit", "attempt", "idempotency_key"):
            del request[name]
        self._calls.append({
            "case_id": case_id, "visit": call.visit, "call_attempt": call.attempt,
            "idempotency_key": call.idempotency_key, "request": request, "status": "pending",
            "attempt": 0, "tries": 0, "next_try_at": self._recorded_at,
            "queued_at": self._recorded_at, "unknown": False, "reported": False,
        })  # fmt: skip

    def _start(self, case_id: str, visit: int, start: StartCase) -> None:
        body = {"process": start.process, "data": start.data, "wait": start.wait}
        event_id = f"sub:{case_id}:{visit}" + (f":{start.key}" if start.key else "")
        self._case_events.append(
            event_row(
                event_id, "start", from_case=case_id, from_visit=visit,
                to_case=None, body=dump_json(body), at=self._recorded_at,
            )
        )  # fmt: skip

    def _tell(self, case_id: str, other: str, event: SubCaseEnded) -> None:
        self._case_events.append(
            event_row(
                f"sub_ended:{event.case_id}:{other}:{event.visit}", "event", from_case=case_id,
                from_visit=None, to_case=other, body=event.model_dump_json(),
                at=self._recorded_at,
            )
        )  # fmt: skip

    def _follow(self, case_id: str, visit: Visit, before: CaseState | None) -> None:
        """A visit that is over, or was given to somebody else, takes its links with it."""
        earlier = before.visits.get(visit.id) if before else None
        if visit.is_over and visit.kind in ("human", "wait", "call"):
            self._over[case_id, visit.id] = visit
            self._revoked[case_id, visit.id] = _ALL
        elif earlier and visit.generation > earlier.generation:
            self._revoked[case_id, visit.id] = visit.generation

    def _end_visits(self, connection: Connection) -> None:
        calls, drafts = [], []
        for (case_id, number), visit in self._over.items():
            row = {"on_case": case_id, "on_visit": number}
            if visit.kind == "call":
                calls.append(row | {"at": self._recorded_at})
            else:
                drafts.append(row)
        writing.cancel_calls(connection, calls)
        writing.drop_drafts(connection, drafts)

    def _tell_waiting_cases(self, connection: Connection) -> None:
        """Cases that were linked to a closed one, which does not know them as its parent."""
        if not self._closed:
            return
        waiting = select(case_links).where(
            case_links.c.tell, one_of(connection, case_links.c.child_id, self._closed)
        )
        for row in connection.execute(waiting):
            state = self._closed[row.child_id]
            event = SubCaseEnded(
                visit=row.parent_visit, case_id=row.child_id, ref=state.ref,
                result=state.result or state.status, data=dict(state.data),
            )  # fmt: skip
            self._tell(row.child_id, row.parent_id, event)


def link_row(
    case_id: str, visit: Visit, *, number: int, at: datetime, now: datetime,
    person: str | None, role: str | None,
) -> Values:  # fmt: skip
    """A new link to a visit; its id is the secret part of nothing, the token's MAC is.

    `at` is real time, `now` business time, in which a link expires.
    """
    return {
        "id": secrets.token_hex(16), "case_id": case_id, "visit": visit.id,
        "purpose": "wait" if visit.kind == "wait" else "work_item",
        "recipient": f"person:{person}" if person else f"role:{role}",
        "person": person, "role": role, "generation": visit.generation, "number": number,
        "status": "active", "created_at": at, "expires_at": _expires_at(visit, now),
    }  # fmt: skip


def _expires_at(visit: Visit, now: datetime) -> datetime | None:
    """Some days after the deadline, at most a month; a wait's link lives as long as the wait."""
    if visit.kind == "wait":
        return None
    due = visit.due_at or now + LINK_LASTS
    return min(max(due, now) + LINK_GRACE, now + LINK_LASTS)
