"""Claims and fences of messages and service calls: who holds an old one changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from jieli.engine.events import CallAnswered, CallFailed
from jieli.store import calls, links, messages, outbox
from jieli.store.calls import CallRow
from jieli.store.cases import Applied, apply_batch
from jieli.store.database import Database
from jieli.store.outbox import Marked, OutboxRow
from jieli.store.tables import outbox as outbox_table
from jieli.store.tables import service_calls
from jieli.store.times import real_now
from tests.contract.shop import NOW, press, publish, start, state, statuses


@pytest.fixture(autouse=True)
def shop(database: Database) -> None:
    publish(database)


def claim(
    database: Database, owner: str = "one", limit: int = 10, **more: object
) -> list[OutboxRow]:
    with database.write() as connection:
        return outbox.claim(
            connection, owner=owner, limit=limit, lease_seconds=60, **more  # type: ignore[arg-type]
        )


def mark(database: Database, row: OutboxRow, status: str, **more: object) -> int:
    with database.write() as connection:
        return outbox.mark(connection, [Marked(row, status, **more)])  # type: ignore[arg-type]


def let_claims_end(database: Database) -> None:
    """As if the claims had been made long ago."""
    past = real_now() - timedelta(seconds=1)
    with database.write() as connection:
        for table in (outbox_table, service_calls):
            connection.execute(update(table).values(claimed_until=past))


def test_a_claimed_message_is_nobody_elses(database: Database) -> None:
    case = start(database)
    first = claim(database, limit=1)
    second = claim(database, "two")
    assert [row.to_person for row in first + second] == ["li_na", "wang_fang"]
    assert claim(database, "three") == []
    assert first[0].case_id == case.case_id and first[0].reference == f"M-{first[0].id}"
    with database.read() as connection:
        link = links.find(connection, first[0].link_id or "")
    assert link and link.person == "li_na" and link.status == "active"


def test_an_old_fence_changes_nothing(database: Database) -> None:
    start(database)
    (old, _) = claim(database)
    let_claims_end(database)
    (new, _) = claim(database, "two")
    assert new.attempt == old.attempt + 1
    with database.read() as connection:
        assert not outbox.still_valid(connection, old) and outbox.still_valid(connection, new)
    assert mark(database, old, "rejected") == 0
    assert mark(database, new, "sent", provider_id="p-1") == 1
    assert mark(database, new, "rejected") == 0
    with database.read() as connection:
        line = next(each for each in messages.outbox_page(connection) if each.id == new.id)
    assert (line.status, line.provider_id) == ("sent", "p-1")


def test_a_message_cancelled_while_claimed_is_not_sent(database: Database) -> None:
    case = start(database)
    rows = claim(database)
    press(database, case.case_id, "again")
    with database.read() as connection:
        assert not any(outbox.still_valid(connection, row) for row in rows)
    assert mark(database, rows[0], "pending", retry_after=timedelta()) == 0
    # It had left already when it was cancelled: the row says what is true.
    assert mark(database, rows[1], "sent") == 1
    with database.read() as connection:
        assert statuses(connection)[:2] == ["cancelled", "sent"]


def test_a_message_to_try_again_waits(database: Database) -> None:
    start(database)
    (row, other) = claim(database)
    mark(database, row, "pending", retry_after=timedelta(hours=1), reason="busy")
    mark(database, other, "given_up", reason="nobody home")
    assert claim(database) == []
    with database.read() as connection:
        assert outbox.backlog(connection) == 1 and outbox.due_count(connection) == 0
        waiting = outbox.next_try_at(connection)
    assert waiting and waiting > real_now() + timedelta(minutes=59)


def test_urgent_messages_come_first_then_the_oldest(database: Database) -> None:
    for number in "123":
        start(database, number)
    with database.write() as connection:
        last = messages.outbox_page(connection, limit=1)[0].id
        connection.execute(
            update(outbox_table).where(outbox_table.c.id == last).values(urgent=True)
        )
    claimed = [row.id for row in claim(database)]
    assert claimed == [last, *sorted(set(claimed) - {last})]


def test_a_claim_may_be_for_one_case_or_message_or_only_old_ones(database: Database) -> None:
    one, other = start(database, "1"), start(database, "2")
    assert claim(database, min_age_seconds=60) == []
    with database.read() as connection:
        waiting = outbox.due(connection, case_id=other.case_id, limit=10)
    (row,) = claim(database, message_id=waiting[1].id, case_id=other.case_id)
    assert row.id == waiting[1].id
    assert {each.case_id for each in claim(database, case_id=one.case_id)} == {one.case_id}


# ---- service calls ----


def claim_call(database: Database) -> CallRow:
    with database.write() as connection:
        (row,) = calls.claim(connection, owner="one", limit=5, lease_seconds=60)
    return row


def report(database: Database) -> list[object]:
    with database.read() as connection:
        requests = calls.unreported(connection, 10)
    return [(each.event, apply_batch(database, [each], NOW)[0]) for each in requests]


def test_an_answered_call_moves_the_case_once(database: Database) -> None:
    case = start(database, process="caller")
    row = claim_call(database)
    assert row.request["body"] == {"order": "1"} and not row.unfinished
    with database.write() as connection:
        assert calls.begun(connection, row)
        assert calls.answered(connection, row, {"paid": True})
        assert not calls.answered(connection, row, {"paid": False})
    ((event, outcome),) = report(database)  # type: ignore[misc]
    assert isinstance(event, CallAnswered) and isinstance(outcome, Applied)
    assert report(database) == []
    assert state(database, case.case_id).result == "paid"


def test_a_call_that_began_and_never_ended_says_so(database: Database) -> None:
    start(database, process="caller")
    first = claim_call(database)
    with database.write() as connection:
        calls.begun(connection, first)
    let_claims_end(database)
    second = claim_call(database)
    assert second.unfinished and second.attempt == first.attempt + 1
    with database.write() as connection:
        assert not calls.begun(connection, first)
        assert not calls.answered(connection, first, {})
        assert calls.failed(connection, second, "nobody knows", unknown=True)
    ((event, outcome),) = report(database)  # type: ignore[misc]
    assert isinstance(event, CallFailed) and event.unknown and isinstance(outcome, Applied)


def test_a_call_tried_later_is_no_longer_unfinished(database: Database) -> None:
    start(database, process="caller")
    row = claim_call(database)
    with database.write() as connection:
        calls.begun(connection, row)
        assert calls.try_later(connection, row, "busy", timedelta())
    again = claim_call(database)
    assert (again.unfinished, again.tries, again.attempt) == (False, 1, 2)
