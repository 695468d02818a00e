"""Two at once, from two connections: exactly one wins, and nothing is done twice."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import pytest
from sqlalchemy import func, select

from jieli.store import leases, outbox, timers
from jieli.store.cases import Applied, Duplicate, Rejected, Request, apply_batch, apply_event
from jieli.store.committer import Committer
from jieli.store.database import Database
from jieli.store.starts import start_case
from jieli.store.tables import cases, history
from tests.contract.shop import LATE, NOW, answer, late_timer, live, publish, start, state

T = TypeVar("T")


@pytest.fixture(autouse=True)
def shop(database: Database) -> None:
    publish(database)


def at_once(*work: Callable[[], T]) -> list[T]:
    """Let all begin together, each in its own thread."""
    gate = threading.Barrier(len(work))

    def begin(one: Callable[[], T]) -> T:
        gate.wait()
        return one()

    with ThreadPoolExecutor(len(work)) as pool:
        return [future.result() for future in [pool.submit(begin, one) for one in work]]


@pytest.mark.parametrize("number", range(5))
def test_an_answer_and_a_timer_never_both_win(
    database: Database, second: Database, number: int
) -> None:
    case = start(database)
    late, visit = late_timer(database, case.case_id), live(database, case.case_id)
    outcomes = at_once(
        lambda: apply_event(database, Request(case.case_id, "a", answer(visit.id)), LATE),
        lambda: apply_event(second, Request(case.case_id, "t", late), LATE),
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["Applied", "Rejected"]
    after = state(database, case.case_id)
    won = "call" if isinstance(outcomes[0], Applied) else "lapsed"
    assert won in ([visit.step for visit in after.visits.values()] or [after.result])


def test_the_same_event_from_two_places_counts_once(database: Database, second: Database) -> None:
    case = start(database)
    request = Request(case.case_id, "same", answer(live(database, case.case_id).id))
    outcomes = at_once(
        lambda: apply_event(database, request, NOW), lambda: apply_event(second, request, NOW)
    )
    assert {type(each) for each in outcomes} == {Applied, Duplicate}


def test_two_starts_of_one_key_are_one_case(database: Database, second: Database) -> None:
    def begin(own: Database, event_id: str) -> Callable[[], object]:
        return lambda: own.run(
            lambda connection: start_case(
                connection, process="once", data={"order_no": "1"}, source="form", by=None,
                now=NOW, event_id=event_id,
            )
        )  # fmt: skip

    started = at_once(*(begin(own, f"{n}") for n in range(4) for own in (database, second)))
    assert sum(each.created for each in started) == 1  # type: ignore[attr-defined]
    assert len({each.case_id for each in started}) == 1  # type: ignore[attr-defined]
    with database.read() as connection:
        assert connection.execute(select(func.count()).select_from(cases)).scalar() == 1


def test_the_same_start_from_two_places_is_one_case(database: Database, second: Database) -> None:
    outcomes = at_once(
        lambda: start(database, "1", event_id="same"), lambda: start(second, "1", event_id="same")
    )
    assert sorted(each.created for each in outcomes) == [False, True]


def test_two_claimers_never_have_the_same_message(database: Database, second: Database) -> None:
    for number in range(10):
        start(database, str(number))

    def claim_all(own: Database, owner: str) -> list[int]:
        mine: list[int] = []
        while rows := own.run(
            lambda connection: outbox.claim(connection, owner=owner, limit=3, lease_seconds=60)
        ):
            mine += [row.id for row in rows]
        return mine

    one, other = at_once(lambda: claim_all(database, "one"), lambda: claim_all(second, "two"))
    assert len(one + other) == len(set(one + other)) == 20


def test_two_clocks_fire_each_timer_once(database: Database, second: Database) -> None:
    for number in range(20):
        start(database, str(number))
    with database.read() as connection:
        due = timers.due(connection, LATE, 100)
    requests = [timer.request() for timer in due]
    # In opposite orders: locks are taken by id all the same.
    one, other = at_once(
        lambda: apply_batch(database, requests, LATE),
        lambda: apply_batch(second, sorted(requests, key=lambda r: r.event_id, reverse=True), LATE),
    )
    kinds = [type(each) for each in one + other]
    assert kinds.count(Applied) + kinds.count(Rejected) + kinds.count(Duplicate) == len(kinds)
    with database.read() as connection:
        fired = select(func.count()).where(history.c.kind == "timer_fired")
        assert connection.execute(fired).scalar() == kinds.count(Applied)
        over = select(func.count()).where(cases.c.result == "lapsed")
        assert connection.execute(over).scalar() == 20


def test_one_lease_has_one_holder(database: Database, second: Database) -> None:
    def take(own: Database, owner: str) -> bool:
        return own.run(lambda connection: leases.take(connection, "clock", owner, 60))

    taken = at_once(lambda: take(database, "one"), lambda: take(second, "two"))
    assert sorted(taken) == [False, True]


def test_many_people_at_once_each_get_an_answer(database: Database) -> None:
    begun = [start(database, str(number)) for number in range(10)]
    visits = {case.case_id: live(database, case.case_id).id for case in begun}
    committer = Committer(database)
    try:
        futures = at_once(
            *(
                lambda case=case, n=n: committer.submit(  # type: ignore[misc]
                    case.case_id, f"{case.case_id}:{n}", answer(visits[case.case_id])
                ).result()
                for case in begun
                for n in range(3)
            )
        )
    finally:
        committer.close()
    kinds = [type(each) for each in futures]
    assert kinds.count(Applied) == 10 and kinds.count(Rejected) == 20
