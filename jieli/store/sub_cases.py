"""Sub-cases nobody waits for any more: starts still queued are dropped, open ones are cancelled.

Only cases that were begun for that visit; one that was there before goes its own way.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select, update

from jieli.engine.events import CaseCancelled
from jieli.store.tables import case_events, case_links, cases
from jieli.store.writing import event_row
from jieli.texts import text

REASON = "The case that had asked for this one goes on without it"


def cancellations(
    connection: Connection, visits: list[tuple[str, int]], at: datetime
) -> list[dict[str, Any]]:
    """The events that cancel what these visits (case and visit) had begun."""
    rows: list[dict[str, Any]] = []
    for case_id, visit in visits:
        # First the starts: one that is just being applied is a case when this returns.
        connection.execute(
            update(case_events)
            .where(
                case_events.c.from_case == case_id, case_events.c.from_visit == visit,
                case_events.c.kind == "start", case_events.c.status == "pending",
            )
            .values(status="refused", reason=text(REASON))
        )  # fmt: skip
        begun = connection.scalars(
            select(cases.c.id)
            .join(case_links, case_links.c.child_id == cases.c.id)
            .where(
                case_links.c.parent_id == case_id, case_links.c.parent_visit == visit,
                cases.c.parent_id == case_id, cases.c.status == "open",
            )
            .order_by(cases.c.id)
        )  # fmt: skip
        rows += [_cancel(case_id, visit, child, at) for child in begun]
    return rows


def _cancel(case_id: str, visit: int, child: str, at: datetime) -> dict[str, Any]:
    return event_row(
        f"cancel:{case_id}:{visit}:{child}", "event", from_case=case_id, from_visit=visit,
        to_case=child, body=CaseCancelled(reason=text(REASON)).model_dump_json(), at=at,
    )  # fmt: skip
