"""Sub-cases: begun, linked, ended, refused; each step in a commit of its own, each once."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from jieli.engine.errors import CaseNotFound
from jieli.engine.events import CaseCancelled
from jieli.store import case_events, items, queries
from jieli.store.database import Database
from jieli.store.queries import LinkedCase
from jieli.store.tables import case_events as rows
from tests.contract.shop import NOW, PARENT, apply, press, publish, start, state


@pytest.fixture(autouse=True)
def shop(database: Database) -> None:
    publish(database)


def settle(database: Database) -> None:
    """Apply until nothing waits."""
    while case_events.apply_pending(database, 10):
        continue


def only_child(database: Database, parent: str) -> LinkedCase:
    with database.read() as connection:
        (child,) = queries.case_show(connection, parent).children
    return child


def test_a_sub_case_is_begun_and_its_end_chooses_the_path(database: Database) -> None:
    parent = start(database, process="parent")
    settle(database)
    child = only_child(database, parent.case_id)
    assert child.process == "toy" and child.status == "open"
    assert state(database, child.case_id).parent == parent.case_id
    press(database, child.case_id, "done")
    press(database, child.case_id, "ok")
    settle(database)
    assert state(database, parent.case_id).result == "good"


def test_an_open_case_of_the_same_key_is_linked_and_its_end_told(database: Database) -> None:
    there = start(database, "1")
    parent = start(database, "1", process="parent")
    settle(database)
    assert only_child(database, parent.case_id).case_id == there.case_id
    assert state(database, there.case_id).parent is None
    press(database, there.case_id, "block")
    settle(database)
    assert state(database, parent.case_id).result == "bad"


def test_a_closed_case_that_is_never_reopened_is_told_at_once(database: Database) -> None:
    publish(database, PARENT.replace("process: toy", "process: once"))
    there = start(database, "1", process="once")
    press(database, there.case_id, "block")
    parent = start(database, "1", process="parent")
    settle(database)
    assert only_child(database, parent.case_id).case_id == there.case_id
    assert state(database, parent.case_id).result == "bad"


def test_a_sub_case_that_cannot_begin_is_visible_and_may_be_tried_again(
    database: Database,
) -> None:
    publish(database, PARENT.replace("process: toy", "process: missing"))
    parent = start(database, process="parent")
    settle(database)
    with database.read() as connection:
        page = queries.case_show(connection, parent.ref)
        kinds = {trouble.kind for trouble in items.troubles(connection)}
        failed = connection.execute(select(rows.c.id).where(rows.c.status == "failed")).scalar_one()
    assert page.line.fault and "missing" in page.line.fault
    assert kinds == {"fault", "case_event"}
    publish(database, PARENT.replace("process: toy", "process: once"))
    publish_missing = PARENT.replace("process: parent", "process: missing")
    publish(database, publish_missing)
    with database.write() as connection:
        assert case_events.retry(connection, failed)
    settle(database)
    assert only_child(database, parent.case_id).process == "missing"


def test_a_case_is_not_its_own_sub_case(database: Database) -> None:
    publish(database, PARENT.replace("process: toy", "process: parent"))
    parent = start(database, process="parent")
    settle(database)
    with database.read() as connection:
        page = queries.case_show(connection, parent.ref)
    assert page.line.fault and page.children == ()


def test_an_end_told_to_a_closed_parent_is_refused_and_forgotten(database: Database) -> None:
    parent = start(database, "1", process="parent", wangwang="小鹿")
    settle(database)
    child = only_child(database, parent.case_id)
    apply(database, parent.case_id, CaseCancelled(reason="x", by="zhang_wei"), now=NOW)
    press(database, child.case_id, "block")
    settle(database)
    with database.read() as connection:
        found = connection.execute(select(rows.c.status).order_by(rows.c.id)).scalars().all()
    # The cancellation came too late for the child, its end too late for the parent.
    assert found == ["done", "done", "refused", "refused"]


def cancel(database: Database, case_id: str) -> None:
    """A supervisor ends the case."""
    apply(database, case_id, CaseCancelled(reason="x", by="zhang_wei"), event_id=f"x:{case_id}")


def test_what_a_cancelled_case_had_begun_is_cancelled_with_it(database: Database) -> None:
    parent = start(database, process="parent")
    settle(database)
    child = only_child(database, parent.case_id)
    cancel(database, parent.case_id)
    settle(database)
    assert state(database, child.case_id).status == "cancelled"


def test_a_sub_case_that_is_still_to_begin_does_not_begin(database: Database) -> None:
    parent = start(database, process="parent")
    cancel(database, parent.case_id)
    settle(database)
    with database.read() as connection:
        assert queries.case_show(connection, parent.case_id).children == ()


def test_a_case_that_was_there_before_goes_on_without_its_parent(database: Database) -> None:
    there = start(database, "1")
    parent = start(database, "1", process="parent")
    settle(database)
    cancel(database, parent.case_id)
    settle(database)
    assert state(database, there.case_id).status == "open"


def test_there_is_no_case_of_an_unknown_ref(database: Database) -> None:
    with database.read() as connection, pytest.raises(CaseNotFound):
        queries.case_show(connection, "A1")
