"""What is known of one customer, across cases: found, handed out, and taken away on request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Text, cast, delete, func, or_, select, update

from jieli.engine.events import NoteAdded
from jieli.engine.scope import form_of
from jieli.store import blanking, definitions, files
from jieli.store.cases import Request, apply_events
from jieli.store.files import StoredFile
from jieli.store.replay import stored_state
from jieli.store.tables import cases, history, imported_rows
from jieli.store.times import business_now, real_now


@dataclass(frozen=True, slots=True)
class Known:
    """A case that names the customer."""

    case_id: str
    ref: str
    status: str
    opened_at: datetime
    title: str


@dataclass(frozen=True, slots=True)
class Erased:
    """What became of a customer's data: cases blanked, cases to be blanked when they close."""

    blanked: tuple[str, ...]
    later: tuple[str, ...]
    rows: int


def cases_of(connection: Connection, buyer: str) -> list[Known]:
    """The cases whose buyer this is, or that hold this name or number in a personal field."""
    wanted = buyer.strip()
    said = cases.c.state.contains(wanted, autoescape=True)
    past = (
        select(history.c.case_id)
        .where(history.c.case_id == cases.c.id, history.c.event.contains(wanted, autoescape=True))
        .exists()
    )
    query = select(cases).where(or_(cases.c.buyer == wanted, said, past)).order_by(cases.c.opened_at)
    return [
        Known(row.id, row.ref, row.status, row.opened_at, row.title)
        for row in connection.execute(query)
        if row.buyer == wanted or _names(connection, row.id, row.buyer, wanted)
    ]


def _names(connection: Connection, case_id: str, buyer: str | None, wanted: str) -> bool:
    """Whether it is this customer, and not somebody whose name only contains it."""
    if buyer and buyer.rpartition("/")[2] == wanted:
        return True
    known = blanking.personal_words(connection, case_id)
    return wanted in known or any(word.rpartition("/")[2] == wanted for word in known)


def export(connection: Connection, buyer: str, now: datetime) -> tuple[dict[str, Any], list[StoredFile]]:
    """Everything about a customer, to read; each case notes that it was handed out."""
    found = cases_of(connection, buyer)
    told: list[dict[str, Any]] = []
    uploads: list[StoredFile] = []
    for each in found:
        told.append(_told(connection, each.case_id))
        uploads += [file for file in files.of_case(connection, each.case_id) if not file.is_gone]
    notes = [
        Request(each.case_id, f"exported:{each.case_id}:{real_now().timestamp()}",
                NoteAdded(text="personal_data_exported"))
        for each in found
    ]  # fmt: skip
    apply_events(connection, notes, now)
    return {"buyer": buyer, "made_at": real_now().isoformat(), "cases": told}, uploads


def _told(connection: Connection, case_id: str) -> dict[str, Any]:
    state = stored_state(connection, case_id)
    process = definitions.definition(connection, state.process, state.version).process
    fields = process.case.fields
    steps = []
    for name, answer in state.answers.items():
        if name not in process.steps:
            continue
        form = form_of(process.steps[name])
        said = {form[key].label: value for key, value in (answer.get("fields") or {}).items()
                if key in form}  # fmt: skip
        steps.append({"step": process.steps[name].title or name, "at": answer.get("at"), **said})
    return {
        "ref": state.ref, "process": process.title, "opened_at": state.opened_at.isoformat(),
        "closed_at": state.closed_at.isoformat() if state.closed_at else None,
        "result": process.ends.get(state.result or "", state.result),
        "fields": {fields[key].label: value for key, value in state.data.items() if key in fields},
        "steps": steps,
        "files": [each.name for each in files.of_case(connection, case_id)],
    }  # fmt: skip


def erase(connection: Connection, buyer: str) -> Erased:
    """Blank the customer's closed cases now and the open ones when they close; imported rows go."""
    now = business_now(connection)
    blanked, later = [], []
    for each in cases_of(connection, buyer):
        connection.execute(update(cases).where(cases.c.id == each.case_id).values(blank_at=now))
        if each.status == "open":
            later.append(each.ref)
        else:
            blanking.blank(connection, each.case_id, "request")
            blanked.append(each.ref)
    gone = connection.execute(
        delete(imported_rows).where(
            func.instr(cast(imported_rows.c.data, Text), buyer.strip()) > 0
            if connection.dialect.name == "sqlite"
            else func.strpos(cast(imported_rows.c.data, Text), buyer.strip()) > 0
        )
    )
    return Erased(tuple(blanked), tuple(later), gone.rowcount)
