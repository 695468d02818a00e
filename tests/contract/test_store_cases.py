"""The one write path, over both databases: what counts, what does not, what is written with it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import DatabaseError

from jieli.engine import advance as engine
from jieli.engine.errors import CaseNotFound, WorkItemClosed
from jieli.engine.events import NoteAdded
from jieli.store import cases as case_store
from jieli.store import definitions, links, queries, timers
from jieli.store.cases import (
    Applied,
    Duplicate,
    Failed,
    Rejected,
    Request,
    apply_batch,
    apply_events,
)
from jieli.store.database import Database
from jieli.store.replay import replay
from jieli.store.tables import cases, history, visits
from jieli.store.tables import links as link_table
from tests.contract.shop import (
    CONTEXT,
    LATE,
    NOW,
    TOY,
    answer,
    apply,
    late_timer,
    live,
    press,
    publish,
    start,
    state,
    statuses,
)


@pytest.fixture(autouse=True)
def shop(database: Database) -> None:
    publish(database)


def test_an_answer_moves_the_case_and_raises_its_revision_once(database: Database) -> None:
    case = start(database)
    outcome = apply(database, case.case_id, answer(live(database, case.case_id).id))
    assert isinstance(outcome, Applied) and outcome.revision == 2
    assert live(database, case.case_id).step == "call"


def test_the_same_event_twice_changes_nothing_the_second_time(database: Database) -> None:
    case = start(database)
    event = answer(live(database, case.case_id).id, "again")
    apply(database, case.case_id, event)
    before = state(database, case.case_id)
    again = apply(database, case.case_id, event)
    assert again == Duplicate(case.case_id, 2)
    assert state(database, case.case_id) == before


def test_the_same_event_twice_in_one_batch_counts_once(database: Database) -> None:
    case = start(database)
    request = Request(case.case_id, "e", answer(live(database, case.case_id).id))
    first, second = apply_batch(database, [request, request], NOW)
    assert isinstance(first, Applied) and second == Duplicate(case.case_id, 2)


def test_the_same_event_id_may_be_used_by_two_cases(database: Database) -> None:
    one, other = start(database, "1"), start(database, "2")
    for case in (one, other):
        event = answer(live(database, case.case_id).id)
        assert isinstance(apply(database, case.case_id, event, event_id="same"), Applied)


def test_a_refused_event_leaves_the_revision_and_the_others(database: Database) -> None:
    one, other = start(database, "1"), start(database, "2")
    refused = Request(one.case_id, "e1", answer(999))
    counted = Request(other.case_id, "e2", answer(live(database, other.case_id).id))
    unknown = Request("nobody", "e3", answer(1))
    outcomes = apply_batch(database, [refused, counted, unknown], NOW)
    assert isinstance(outcomes[0], Rejected) and isinstance(outcomes[0].error, WorkItemClosed)
    assert isinstance(outcomes[1], Applied)
    assert isinstance(outcomes[2], Rejected) and isinstance(outcomes[2].error, CaseNotFound)
    with database.read() as connection:
        assert queries.case_show(connection, one.ref).line.revision == 1


def test_a_fault_in_one_case_is_seen_on_it_and_harms_no_other(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = start(database, "1"), start(database, "2")

    def advance(definition, case, event, *rest):  # type: ignore[no-untyped-def]
        if case.case_id == one.case_id:
            raise KeyError("a fault of ours")
        return engine.advance(definition, case, event, *rest)

    monkeypatch.setattr(case_store, "advance", advance)
    note = NoteAdded(text="hello", by="li_na")
    requests = [Request(each.case_id, "n", note) for each in (one, other)]
    failed, applied = apply_batch(database, requests, NOW)
    assert isinstance(failed, Failed) and isinstance(applied, Applied)
    with database.read() as connection:
        line = queries.case_show(connection, one.ref).line
        assert line.revision == 1 and line.fault and "a fault of ours" in line.fault
        assert timers.due(connection, LATE, 10, case_id=one.case_id) == []
        assert timers.due(connection, LATE, 10, case_id=other.case_id) != []


def test_a_fault_is_gone_with_the_next_event_that_counts(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = start(database)
    with monkeypatch.context() as patch:
        patch.setattr(case_store, "advance", lambda *_: 1 / 0)
        assert isinstance(apply(database, case.case_id, NoteAdded(text="x")), Failed)
    press(database, case.case_id, "done")
    with database.read() as connection:
        assert queries.case_show(connection, case.ref).line.fault is None


def test_events_of_one_case_in_one_batch_build_on_each_other(database: Database) -> None:
    case = start(database)
    first = live(database, case.case_id)
    again = Request(case.case_id, "e1", answer(first.id, "again"))
    (outcome,) = apply_batch(database, [again], NOW)
    assert isinstance(outcome, Applied)
    second = live(database, case.case_id)
    batch = [
        Request(case.case_id, "e2", answer(second.id, "again")),
        Request(case.case_id, "e3", answer(second.id, "again")),
        Request(case.case_id, "e4", NoteAdded(text="note")),
    ]
    outcomes = apply_batch(database, batch, NOW)
    assert [type(each) for each in outcomes] == [Applied, Rejected, Applied]
    assert live(database, case.case_id).nth == 3


def test_visits_and_timers_of_a_batch_are_those_of_the_last_state(database: Database) -> None:
    case = start(database)
    press(database, case.case_id, "again")
    stored = state(database, case.case_id)
    with database.read() as connection:
        page = queries.case_show(connection, case.ref)
    assert {line.timer for line in page.timers} == set(stored.timers)
    assert [(line.nth, line.status) for line in page.visits] == [(1, "done"), (2, "open")]


def test_a_timer_row_is_gone_when_it_has_fired(database: Database) -> None:
    case = start(database)
    with database.read() as connection:
        assert timers.due(connection, NOW, 10) == []
        due = timers.due(connection, LATE, 10)
        assert timers.next_at(connection) == NOW + timedelta(hours=2)
    assert [timer.fires_at for timer in due] == [NOW + timedelta(hours=2), LATE]
    outcomes = apply_batch(database, [timer.request() for timer in due], LATE)
    assert [type(each) for each in outcomes] == [Applied, Applied]
    with database.read() as connection:
        assert timers.due(connection, LATE, 10) == []
        assert timers.next_at(connection) is None
    assert state(database, case.case_id).result == "lapsed"


def test_messages_of_a_finished_step_are_cancelled_and_its_links_revoked(
    database: Database,
) -> None:
    case = start(database)
    with database.read() as connection:
        rows = connection.execute(select(link_table)).all()
        assert {row.person for row in rows} == {"li_na", "wang_fang"}
        assert statuses(connection) == ["pending", "pending"]
    press(database, case.case_id, "done")
    with database.read() as connection:
        assert statuses(connection) == ["cancelled", "cancelled", "pending", "pending"]
        found = [links.find(connection, row.id) for row in rows]
        assert {link.status for link in found if link} == {"revoked"}


def test_what_one_batch_sends_and_makes_pointless_leaves_as_cancelled(database: Database) -> None:
    case = start(database)
    first = live(database, case.case_id)
    # The id of the second visit is known only to the engine: ask it beforehand.
    with database.read() as connection:
        before = replay(connection, case.case_id)
        definition = definitions.definition(connection, "toy", 1)
    moved = engine.advance(definition, before, answer(first.id, "again"), CONTEXT, NOW, {})
    (second,) = moved.state.visits
    batch = [
        Request(case.case_id, "e1", answer(first.id, "again")),
        Request(case.case_id, "e2", answer(second, "again")),
    ]
    assert [type(each) for each in apply_batch(database, batch, NOW)] == [Applied, Applied]
    with database.read() as connection:
        assert statuses(connection) == ["cancelled"] * 4 + ["pending"] * 2
        active = select(func.count()).where(link_table.c.status == "active")
        assert connection.execute(active).scalar() == 2
    assert live(database, case.case_id).nth == 3


def test_history_is_append_only(database: Database) -> None:
    start(database)
    for change in (update(history).values(by="nobody"), delete(history)):
        with pytest.raises(DatabaseError, match="append-only"), database.write() as connection:
            connection.execute(change)


def test_replay_uses_the_version_and_the_people_of_the_time(database: Database) -> None:
    case = start(database)
    fewer = CONTEXT.model_copy(update={"people": {"li_na": CONTEXT.people["li_na"]}})
    publish(database, TOY.replace("4h", "8h"), context=fewer)
    press(database, case.case_id, "again")
    assert live(database, case.case_id).candidates == ["li_na"]
    with database.read() as connection:
        versions = {line.context_id for line in queries.timeline(connection, case.case_id)}
        assert len(versions) == 2
        assert replay(connection, case.case_id, up_to=1).visits[1].candidates != ["li_na"]
    # A running case keeps its version: four hours, not eight.
    assert live(database, case.case_id).due_at == LATE


def test_a_thousand_timers_are_one_batch(database: Database) -> None:
    with database.write() as connection:
        from jieli.store.starts import Start, Started, begin_all

        asked = [
            Start(process="toy", data={"order_no": str(n)}, source="form", by="li_na",
                  event_id=f"s{n}")
            for n in range(200)
        ]  # fmt: skip
        begun = begin_all(connection, asked, NOW)
    assert all(isinstance(each, Started) for each in begun)
    with database.read() as connection:
        due = timers.due(connection, LATE, 1000)
    assert len(due) == 400
    with database.write() as connection:
        outcomes = apply_events(connection, [timer.request() for timer in due], LATE)
    assert {type(each) for each in outcomes} == {Applied}
    with database.read() as connection:
        over = select(func.count()).where(cases.c.status == "completed", cases.c.revision == 3)
        assert connection.execute(over).scalar() == 200
        assert connection.execute(select(func.count()).where(visits.c.overdue)).scalar() == 200


def test_a_late_event_for_a_finished_step_is_refused(database: Database) -> None:
    case = start(database)
    late, visit = late_timer(database, case.case_id), live(database, case.case_id)
    assert isinstance(apply(database, case.case_id, late, now=LATE), Applied)
    outcome = apply(database, case.case_id, answer(visit.id), event_id="e2", now=LATE)
    assert isinstance(outcome, Rejected)
