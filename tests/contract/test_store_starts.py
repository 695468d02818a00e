"""How cases begin: one open case per key, one start per event id, refs, blocked buyers."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from jieli.engine.errors import FormError, ProcessNotFound
from jieli.store import case_events, runs
from jieli.store.database import Database
from jieli.store.starts import NotStarted, Start, Started, begin_all, check_data
from jieli.store.tables import cases
from tests.contract.shop import NOW, press, publish, start, state


@pytest.fixture(autouse=True)
def shop(database: Database) -> None:
    publish(database)


def test_a_second_start_finds_the_open_case(database: Database) -> None:
    first = start(database, "1")
    second = start(database, "1", event_id="another")
    assert first.created and second == Started(first.case_id, first.ref, created=False)


def test_the_same_start_twice_is_one_case_even_when_it_is_closed(database: Database) -> None:
    first = start(database, "1", event_id="webhook-1")
    press(database, first.case_id, "block")
    again = start(database, "1", event_id="webhook-1")
    assert again == Started(first.case_id, first.ref, created=False)


def test_a_closed_case_may_be_followed_by_another(database: Database) -> None:
    first = start(database, "1")
    press(database, first.case_id, "block")
    second = start(database, "1", event_id="another")
    assert second.created and second.case_id != first.case_id


def test_a_case_that_is_never_reopened_is_found_closed(database: Database) -> None:
    first = start(database, "1", process="once")
    press(database, first.case_id, "block")
    second = start(database, "1", process="once", event_id="another")
    assert second == Started(first.case_id, first.ref, created=False)


def test_keys_of_two_processes_do_not_meet(database: Database) -> None:
    assert start(database, "1").created and start(database, "1", process="once").created


def test_refs_are_short_and_different(database: Database) -> None:
    refs = {start(database, str(number)).ref for number in range(5)}
    assert len(refs) == 5 and all(re.fullmatch(r"A\d{4}", ref) for ref in refs)


def test_an_unknown_process_is_not_started(database: Database) -> None:
    with pytest.raises(ProcessNotFound):
        start(database, process="nothing")


def test_one_bad_start_harms_no_other(database: Database) -> None:
    asked = [
        Start(process=process, data={"order_no": "1"}, source="form", by=None, event_id=process)
        for process in ("toy", "nothing", "once")
    ]
    with database.write() as connection:
        first, second, third = begin_all(connection, asked, NOW)
    assert isinstance(first, Started) and isinstance(third, Started)
    assert isinstance(second, NotStarted) and isinstance(second.error, ProcessNotFound)
    # The number and event id of the bad one are free again.
    with database.write() as connection:
        assert connection.execute(select(func.count()).select_from(cases)).scalar() == 2
        publish_later = Start(
            process="toy", data={"order_no": "2"}, source="form", by=None, event_id="nothing"
        )
        (late,) = begin_all(connection, [publish_later], NOW)
    assert isinstance(late, Started) and late.created


def test_a_case_of_a_blocked_buyer_begins_blocked(database: Database) -> None:
    first = start(database, "1", wangwang="小鹿")
    press(database, first.case_id, "block")
    second = start(database, "2", wangwang="小鹿")
    assert state(database, second.case_id).contact_blocked
    assert not state(database, start(database, "3", wangwang="小马").case_id).contact_blocked


def test_a_block_reaches_the_open_cases_of_the_buyer(database: Database) -> None:
    one, other, stranger = (
        start(database, "1", wangwang="小鹿"), start(database, "2", wangwang="小鹿"),
        start(database, "3", wangwang="小马"),
    )  # fmt: skip
    press(database, other.case_id, "done")  # is about to call the buyer
    press(database, one.case_id, "block")
    assert case_events.apply_pending(database, 10) == [other.case_id]
    assert state(database, other.case_id).result == "blocked"
    assert not state(database, stranger.case_id).contact_blocked
    assert case_events.apply_pending(database, 10) == []


def test_a_new_case_is_without_run(database: Database) -> None:
    case = start(database)
    with database.read() as connection:
        assert [run.case_id for run in runs.without_run(connection, 10)] == [case.case_id]


def test_data_of_a_start_passes_the_form(database: Database) -> None:
    with database.read() as connection:
        assert check_data(connection, "toy", {"order_no": " 7 "}, NOW)["order_no"] == "7"
        with pytest.raises(FormError):
            check_data(connection, "toy", {"wangwang": "x"}, NOW)
