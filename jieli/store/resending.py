"""Owns asking for one's link again: the same message once more, to the registered address only.

It changes no case: its number is below zero, where the case's own counters never come.
"""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Connection, func, select

from jieli.engine.case import Visit
from jieli.engine.rates import Rate
from jieli.store import limits
from jieli.store.limits import Limit, Want
from jieli.store.queued import link_row
from jieli.store.replay import stored_state
from jieli.store.tables import cases, links, outbox
from jieli.store.times import business_now, real_now

RATES = (Rate(1, 300.0), Rate(5, 86_400.0))


def resend(connection: Connection, link_id: str) -> bool:
    """Queue the message of a link again, with a new link, to whom the old one was for.

    Only while the work item is still theirs, and not often; a writing transaction.
    """
    row = connection.execute(select(links).where(links.c.id == link_id)).first()
    if row is None or row.status != "active" or row.purpose != "work_item":
        return False
    connection.execute(select(cases.c.id).where(cases.c.id == row.case_id).with_for_update())
    live = stored_state(connection, row.case_id).visits.get(row.visit)
    if live is None or live.is_over or live.generation != row.generation:
        return False
    return _queue(connection, row.case_id, live, row.person, row.role)


def resend_to(connection: Connection, case_id: str, visit: int, person: str) -> bool:
    """The same for a work item of somebody's own list; the caller has made sure that it is."""
    connection.execute(select(cases.c.id).where(cases.c.id == case_id).with_for_update())
    live = stored_state(connection, case_id).visits.get(visit)
    if live is None or live.is_over:
        return False
    return _queue(connection, case_id, live, person, None)


def _queue(
    connection: Connection, case_id: str, visit: Visit, person: str | None, role: str | None
) -> bool:
    now = real_now()
    name = f"resend:{case_id}:{visit.id}:{person or f'role:{role}'}"
    (wait,) = limits.take(connection, [Want((Limit(name, RATES, now),), urgent=True)])
    if wait > timedelta():
        return False
    of_case = outbox.c.case_id == case_id
    last = connection.execute(
        select(outbox)
        .where(of_case, outbox.c.visit == visit.id, outbox.c.link_id.is_not(None))
        .order_by(outbox.c.id.desc())
    ).first()
    if last is None:
        return False
    lowest = connection.execute(select(func.min(outbox.c.number)).where(of_case)).scalar_one()
    number = min(int(lowest), 0) - 1
    link = link_row(
        case_id, visit, number=number, at=now, now=business_now(connection), person=person,
        role=role,
    )  # fmt: skip
    connection.execute(links.insert().values(link))
    connection.execute(
        outbox.insert().inline().values(
            case_id=case_id, number=number, visit=visit.id, purpose=last.purpose,
            to_person=person, to_role=role, title=last.title, text=last.text, facts=last.facts,
            link_id=link["id"], urgent=True, status="pending", attempt=0, next_try_at=now,
            queued_at=now,
        )
    )  # fmt: skip
    return True
