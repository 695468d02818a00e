"""Personal data goes after its time or on request; what is counted stays, and replay still holds."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, text, update
from sqlalchemy.exc import DatabaseError

from jieli.engine.events import CaseCancelled, WaitAnswered, WorkItemAnswered
from jieli.engine.loader import load, read_directory
from jieli.store import blanking, customers, definitions, files
from jieli.store.blobs import Blobs
from jieli.store.cases import Applied, Request, apply_event
from jieli.store.database import Database
from jieli.store.files import NewFile, Quota
from jieli.store.replay import replay, stored_state
from jieli.store.starts import start_case
from jieli.store.tables import cases, history, metadata
from tests.story import BAD_REVIEW, DEFINITIONS, at

BEGIN = at("2026-11-20 09:00")
NAME, PHONE = "小鹿爱吃草", "13812345678"


@pytest.fixture
def case_id(database: Database) -> str:
    """A bad review of somebody, told about in free words too, and closed."""
    library = load(read_directory(DEFINITIONS))
    data = {
        **BAD_REVIEW, "wangwang": NAME, "buyer_phone": PHONE,
        "review_text": f"我是{NAME}，打我电话{PHONE}，杯盖漏水",
    }  # fmt: skip
    with database.write() as connection:
        definitions.publish(connection, library, author="test", reason="", now=BEGIN)
        case_id = start_case(
            connection, process="bad_review", data=data, source="form", by="li_na", now=BEGIN,
            event_id="s",
        ).case_id  # fmt: skip
    press(database, case_id, "check_chat", "contact", deal=f"{NAME} 三天前发货", cause="漏水", fault="ours")
    press(database, case_id, "leave_message", "sent", text=f"{NAME}您好，非常抱歉")
    return case_id


def press(database: Database, case_id: str, step: str, button: str, **given: Any) -> None:
    with database.read() as connection:
        live = stored_state(connection, case_id).visits.values()
    (visit,) = [each for each in live if each.step == step]
    kind = WaitAnswered if visit.kind == "wait" else WorkItemAnswered
    event = kind(visit=visit.id, button=button, answers=given, by="li_na")
    outcome = apply_event(database, Request(case_id, f"press:{visit.id}", event), BEGIN)
    assert isinstance(outcome, Applied), outcome


def close(database: Database, case_id: str) -> None:
    event = CaseCancelled(reason=f"{NAME} 自己改了", by="zhang_wei")
    assert isinstance(apply_event(database, Request(case_id, "end", event), BEGIN), Applied)


def age(database: Database, case_id: str, days: int) -> None:
    """The case was closed so many days ago."""

    def work(connection: Connection) -> None:
        closed = blanking.business_now(connection) - timedelta(days=days)
        connection.execute(update(cases).where(cases.c.id == case_id).values(closed_at=closed))

    database.run(work)


def everything(database: Database) -> str:
    """All that is written anywhere but of the customers who asked not to be contacted."""
    with database.read() as connection:
        return "\n".join(
            repr(connection.execute(select(table)).all())
            for name, table in metadata.tables.items()
            if name not in ("definitions", "contexts")
        )


def test_after_its_time_nothing_personal_is_anywhere(database: Database, case_id: str) -> None:
    close(database, case_id)
    assert blanking.blank_due(database) == 0
    age(database, case_id, 179)
    assert blanking.blank_due(database) == 0 and NAME in everything(database)
    age(database, case_id, 181)
    assert blanking.blank_due(database) == 1
    said = everything(database)
    assert NAME not in said and PHONE not in said
    # What is counted, and what a supervisor must answer for, is there.
    with database.read() as connection:
        state = stored_state(connection, case_id)
        row = connection.execute(select(cases).where(cases.c.id == case_id)).one()
    assert state.data["wangwang"] == "***" and state.data["order_no"] == BAD_REVIEW["order_no"]
    assert state.answers["check_chat"]["fields"]["fault"] == "ours"
    assert state.answers["leave_message"]["by"] == "li_na"
    assert row.status == "cancelled" and row.blanked_at is not None
    assert blanking.blank_due(database) == 0


def test_the_blanked_history_leads_to_the_blanked_state(database: Database, case_id: str) -> None:
    close(database, case_id)
    age(database, case_id, 200)
    blanking.blank_due(database)
    with database.read() as connection:
        assert replay(connection, case_id) == stored_state(connection, case_id)
        notes = connection.scalars(select(history.c.event).where(history.c.case_id == case_id))
        assert "personal_data_blanked" in list(notes)[-1]


def test_an_open_case_keeps_what_its_work_needs(database: Database, case_id: str) -> None:
    with database.write() as connection:
        blanking.blank(connection, case_id, "request")
        assert stored_state(connection, case_id).data["wangwang"] == NAME


def _update(what: str) -> Callable[[Connection, str], Any]:
    return lambda connection, case_id: connection.execute(
        text(f"UPDATE history SET {what} WHERE case_id = :case"), {"case": case_id}
    )


@pytest.mark.parametrize("what", ["event = '{}'", "\"by\" = 'x'", "kind = 'x'", "seq = seq + 100"])
def test_history_is_append_only_all_the_same(database: Database, case_id: str, what: str) -> None:
    close(database, case_id)
    with pytest.raises(DatabaseError, match="append-only"):
        database.run(lambda connection: _update(what)(connection, case_id))
    if what.startswith("event"):
        return
    age(database, case_id, 200)
    blanking.blank_due(database)
    with pytest.raises(DatabaseError, match="append-only"):
        database.run(lambda connection: _update(what)(connection, case_id))


def test_a_customer_is_found_by_account_name_or_number(database: Database, case_id: str) -> None:
    with database.read() as connection:
        state = stored_state(connection, case_id)
        for said in (NAME, PHONE, state.buyer):
            assert [each.case_id for each in customers.cases_of(connection, str(said))] == [case_id]
        # Part of a name is somebody else's.
        assert customers.cases_of(connection, NAME[:2]) == []
        assert customers.cases_of(connection, BAD_REVIEW["order_no"]) == []


def test_everything_of_a_customer_is_handed_out(
    database: Database, case_id: str, tmp_path: Path
) -> None:
    upload(database, Blobs(f"file://{tmp_path / 'files'}"), case_id, tmp_path)
    with database.write() as connection:
        told, uploads = customers.export(connection, NAME, BEGIN)
    (case,) = told["cases"]
    assert case["fields"]["联系电话"] == PHONE
    assert any(f"{NAME}您好，非常抱歉" in step.values() for step in case["steps"])
    assert [each.name for each in uploads] == ["a.jpg"] and case["files"] == ["a.jpg"]
    assert json.loads(json.dumps(told))
    with database.read() as connection:
        said = connection.scalars(select(history.c.event).where(history.c.case_id == case_id))
        assert "personal_data_exported" in list(said)[-1]


def upload(database: Database, blobs: Blobs, case_id: str, tmp_path: Path) -> str:
    source = tmp_path / "a.jpg"
    source.write_bytes(b"picture")
    new = NewFile("ab" * 32, 7, "photo", "image/jpeg", "a.jpg")
    return files.add(
        database, blobs, new, source, owner=files.owner_of(case_id), case_id=case_id, by="li_na",
        quota=Quota(10**6, 10**6),
    )  # fmt: skip


def test_a_customer_is_erased_closed_cases_now_open_ones_when_they_close(
    database: Database, case_id: str, tmp_path: Path
) -> None:
    blobs = Blobs(f"file://{tmp_path / 'files'}")
    upload(database, blobs, case_id, tmp_path)
    with database.write() as connection:
        erased = customers.erase(connection, NAME)
    assert erased.blanked == () and len(erased.later) == 1
    assert blanking.blank_due(database) == 0
    close(database, case_id)
    assert blanking.blank_due(database) == 1
    assert NAME not in everything(database) and PHONE not in everything(database)
    assert files.sweep(database, blobs) == 1
    assert [each for each in (tmp_path / "files").rglob("*") if each.is_file()] == []
    with database.read() as connection:
        (kept,) = files.of_case(connection, case_id)
        assert kept.is_gone and kept.name == "" and kept.kind == "photo"
        assert customers.cases_of(connection, NAME) == []


def test_the_same_picture_of_another_case_stays(
    database: Database, case_id: str, tmp_path: Path
) -> None:
    blobs = Blobs(f"file://{tmp_path / 'files'}")
    upload(database, blobs, case_id, tmp_path)
    with database.write() as connection:
        other = start_case(
            connection, process="bad_review", data={**BAD_REVIEW, "order_no": "99999"},
            source="form", by="li_na", now=BEGIN, event_id="s2",
        ).case_id  # fmt: skip
    kept = upload(database, blobs, other, tmp_path)
    close(database, case_id)
    with database.write() as connection:
        blanking.blank(connection, case_id, "request")
    files.sweep(database, blobs)
    with database.read() as connection:
        file = files.find(connection, kept)
    assert file and b"".join(blobs.read(file.sha256, 0, file.size)) == b"picture"
