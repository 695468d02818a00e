"""Takes personal data out of closed cases when its time is over, or when a customer asks.

Statistics stay: steps, times, results, who of ours did what. The blanked history leads to the
blanked state.
"""

from __future__ import annotations

import logging
from datetime import datetime
from functools import partial

from pydantic import TypeAdapter
from sqlalchemy import Connection, and_, delete, or_, select, update

from jieli.engine.case import CaseState
from jieli.engine.definition import Process
from jieli.engine.events import CaseStarted, Event, NoteAdded, WaitAnswered, WorkItemAnswered
from jieli.engine.personal import (
    Eraser,
    words_in_answers,
    words_in_data,
    words_of,
)
from jieli.engine.values import parse_duration
from jieli.store import definitions, files
from jieli.store.cases import Request, apply_events
from jieli.store.changes import search_text
from jieli.store.database import Database
from jieli.store.replay import stored_state
from jieli.store.starts import key_of
from jieli.store.tables import (
    case_events,
    case_links,
    cases,
    drafts,
    history,
    link_uses,
    outbox,
    outbox_tries,
    service_calls,
    visits,
)
from jieli.store.times import business_now

log = logging.getLogger(__name__)
_EVENT: TypeAdapter[Event] = TypeAdapter(Event)
AT_ONCE = 50


def blank_due(database: Database, *, limit: int = AT_ONCE) -> int:
    """Blank the closed cases whose time is over, each in its own transaction; how many."""
    with database.read() as connection:
        found = _due(connection, business_now(connection), limit)
    for case_id in found:
        database.run(partial(blank, case_id=case_id, reason="retention"))
    return len(found)


def _due(connection: Connection, now: datetime, limit: int) -> list[str]:
    over = [cases.c.blank_at <= now]
    for name, own in definitions.latest_definitions(connection).items():
        if own.process.case.retention is not None:
            kept = parse_duration(own.process.case.retention)
            over.append(and_(cases.c.process == name, cases.c.closed_at <= now - kept))
    query = select(cases.c.id).where(
        cases.c.status != "open", cases.c.blanked_at.is_(None), or_(*over)
    )
    return list(connection.scalars(query.order_by(cases.c.closed_at).limit(limit)))


def blank(connection: Connection, case_id: str, reason: str) -> None:
    """Blank one closed case; the same case twice changes nothing."""
    row = connection.execute(
        select(cases.c.status, cases.c.blanked_at).where(cases.c.id == case_id)
    ).one()
    if row.status == "open" or row.blanked_at is not None:
        return
    now = business_now(connection)
    note = NoteAdded(text="personal_data_blanked", detail={"reason": reason})
    apply_events(connection, [Request(case_id, f"blanked:{case_id}", note)], now)
    eraser = Eraser(personal_words(connection, case_id))
    # First the mark: only the history of a marked case may lose its payloads.
    connection.execute(update(cases).where(cases.c.id == case_id).values(blanked_at=now))
    _blank_case(connection, case_id, eraser)
    _blank_history(connection, case_id, eraser)
    _blank_traffic(connection, case_id, eraser)
    files.forget(connection, case_id)


def personal_words(connection: Connection, case_id: str) -> set[str]:
    """Every personal text of a case, of its past too, and of the cases it began."""
    state = stored_state(connection, case_id)
    process = _process(connection, state)
    found = words_of(process, state)
    steps = {
        row.visit: row.step
        for row in connection.execute(
            select(visits.c.visit, visits.c.step).where(visits.c.case_id == case_id)
        )
    }
    for stored in connection.scalars(select(history.c.event).where(history.c.case_id == case_id)):
        event = _EVENT.validate_json(stored)
        if isinstance(event, CaseStarted):
            found |= words_in_data(process, event.data)
        elif isinstance(event, WorkItemAnswered | WaitAnswered):
            found |= words_in_answers(process, steps.get(event.visit, ""), event.answers)
    children = select(case_links.c.child_id).where(case_links.c.parent_id == case_id)
    for child in connection.scalars(children):
        other = stored_state(connection, child)
        found |= words_of(_process(connection, other), other)
    return found


def _process(connection: Connection, state: CaseState) -> Process:
    return definitions.definition(connection, state.process, state.version).process


def _blank_case(connection: Connection, case_id: str, eraser: Eraser) -> None:
    state = eraser.state(stored_state(connection, case_id))
    key = key_of(_process(connection, state), state.data)
    values = {
        "state": state.model_dump_json(), "title": state.title, "buyer": state.buyer,
        "search": search_text(state), "key": key, "fault": None,
    }  # fmt: skip
    connection.execute(update(cases).where(cases.c.id == case_id).values(values))
    for row in connection.execute(
        select(visits.c.visit, visits.c.title).where(visits.c.case_id == case_id)
    ).all():
        if (title := eraser.text(row.title)) != row.title:
            mine = and_(visits.c.case_id == case_id, visits.c.visit == row.visit)
            connection.execute(update(visits).where(mine).values(title=title))


def _blank_history(connection: Connection, case_id: str, eraser: Eraser) -> None:
    query = select(history.c.seq, history.c.event, history.c.entries)
    for row in connection.execute(query.where(history.c.case_id == case_id)).all():
        event, entries = eraser.event(row.event), eraser.entries(row.entries)
        connection.execute(
            update(history)
            .where(history.c.case_id == case_id, history.c.seq == row.seq)
            .values(event=event, entries=entries)
        )


def _blank_traffic(connection: Connection, case_id: str, eraser: Eraser) -> None:
    """Messages keep their words without the person; calls and addresses go whole."""
    for row in connection.execute(select(outbox).where(outbox.c.case_id == case_id)).all():
        connection.execute(
            update(outbox).where(outbox.c.id == row.id).values(
                title=eraser.text(row.title), text=eraser.text(row.text),
                facts=eraser.value(row.facts), reason=row.reason and eraser.text(row.reason),
            )
        )  # fmt: skip
    mine = select(outbox.c.id).where(outbox.c.case_id == case_id)
    connection.execute(
        update(outbox_tries).where(outbox_tries.c.message.in_(mine)).values(answer="")
    )
    connection.execute(
        update(service_calls)
        .where(service_calls.c.case_id == case_id)
        .values(request={}, response=None, reason=None)
    )
    told = or_(case_events.c.from_case == case_id, case_events.c.to_case == case_id)
    query = select(case_events.c.id, case_events.c.body).where(
        told, case_events.c.status != "pending"
    )
    for row in connection.execute(query).all():
        connection.execute(
            update(case_events)
            .where(case_events.c.id == row.id)
            .values(body=eraser.event(row.body))
        )
    connection.execute(delete(drafts).where(drafts.c.case_id == case_id))
    connection.execute(delete(link_uses).where(link_uses.c.case_id == case_id))

