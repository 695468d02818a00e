"""Staff, PINs, drafts, links for the list, leases and heartbeats, definitions, time."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError, OperationalError

from jieli.engine.errors import ProcessNotFound
from jieli.store import definitions, drafts, leases, links, people, tables, times
from jieli.store.database import MOST_TRIES, Database
from jieli.store.people import BadPin, PersonNotFound
from jieli.store.times import real_now
from tests.contract.shop import CONTEXT, NOW, TOY, library, press, publish, start


@pytest.fixture(autouse=True)
def shop(database: Database) -> None:
    publish(database)


def verify(database: Database, pin: str, person: str = "li_na") -> str:
    with database.write() as connection:
        return people.verify_pin(connection, person, pin)


def set_pin(database: Database, pin: str, person: str = "li_na") -> None:
    with database.write() as connection:
        people.set_pin(connection, person, pin)


def test_a_pin_is_right_or_wrong_or_not_there(database: Database) -> None:
    assert verify(database, "1234") == "none"
    set_pin(database, "1234")
    assert [verify(database, pin) for pin in ("1234", "4321")] == ["right", "wrong"]
    assert verify(database, "1234", "nobody") == "none"


def test_five_wrong_tries_lock_a_pin_for_a_quarter_of_an_hour(database: Database) -> None:
    set_pin(database, "1234")
    tries = [verify(database, "0000") for _ in range(5)]
    assert tries == ["wrong"] * 4 + ["locked"]
    assert verify(database, "1234") == "locked"
    with database.write() as connection:
        found = people.person(connection, "li_na")
        assert found and found.locked_until and found.locked_until > real_now()
        past = real_now() - timedelta(seconds=1)
        connection.execute(update(tables.people).values(locked_until=past))
    assert verify(database, "1234") == "right"


def test_a_right_try_forgets_the_wrong_ones(database: Database) -> None:
    set_pin(database, "1234")
    for _ in range(3):
        assert [verify(database, "0000") for _ in range(4)] == ["wrong"] * 4
        assert verify(database, "1234") == "right"


@pytest.mark.parametrize("pin", ["123", "abcd", "12 34", "１２３４", "1" * 13])
def test_a_pin_is_digits(database: Database, pin: str) -> None:
    with pytest.raises(BadPin):
        set_pin(database, pin)


def test_contacts_and_pins_outlive_a_publication(database: Database) -> None:
    set_pin(database, "1234")
    with database.write() as connection:
        people.set_contacts(connection, "li_na", email="li@example.com", phone="13812345678")
    fewer = {"li_na": CONTEXT.people["li_na"].model_copy(update={"name": "李娜娜"})}
    publish(database, context=CONTEXT.model_copy(update={"people": fewer}))
    with database.read() as connection:
        li_na, zhang_wei = (people.person(connection, each) for each in ("li_na", "zhang_wei"))
    assert li_na and (li_na.name, li_na.email, li_na.has_pin) == ("李娜娜", "li@example.com", True)
    assert zhang_wei and not zhang_wei.active
    with database.write() as connection, pytest.raises(PersonNotFound):
        people.set_contacts(connection, "nobody", email=None, phone=None)


def test_drafts_keep_rows_one_by_one_and_end_with_the_step(database: Database) -> None:
    case = start(database)
    place = (case.case_id, 1, "li_na")
    with database.write() as connection:
        drafts.save(connection, *place, {"words": "您好"})
        assert drafts.save_row(connection, *place, "goods", None, {"name": "杯盖"}) == 0
        assert drafts.save_row(connection, *place, "goods", None, {"name": "杯身"}) == 1
        assert drafts.save_row(connection, *place, "goods", 0, {"name": "杯垫"}) == 0
        assert drafts.read(connection, *place) == {
            "words": "您好", "goods": [{"name": "杯垫"}, {"name": "杯身"}],
        }  # fmt: skip
        drafts.drop_row(connection, *place, "goods", 0)
        assert drafts.read(connection, *place)["goods"] == [{"name": "杯身"}]
        assert drafts.read(connection, case.case_id, 1, "wang_fang") == {}
    press(database, case.case_id, "again")
    with database.read() as connection:
        assert drafts.read(connection, *place) == {}


def test_the_list_has_one_link_for_a_work_item(database: Database) -> None:
    case = start(database)
    with database.write() as connection:
        one = links.for_work_item(connection, case.case_id, 1, "li_na")
        same = links.for_work_item(connection, case.case_id, 1, "li_na")
        other = links.for_work_item(connection, case.case_id, 1, "wang_fang")
        assert one and same and other and one.link_id == same.link_id != other.link_id
        links.opened(connection, one.link_id, NOW)
        links.opened(connection, one.link_id, NOW + timedelta(hours=1))
    press(database, case.case_id, "again")
    with database.write() as connection:
        found = links.find(connection, one.link_id)
        assert found and (found.status, found.opened_at) == ("revoked", NOW)
        assert links.for_work_item(connection, case.case_id, 1, "li_na") is None
        assert links.find(connection, "0" * 32) is None


def test_a_lease_is_held_renewed_released_and_ends(database: Database) -> None:
    with database.write() as connection:
        assert leases.take(connection, "clock", "one", 60)
        assert leases.take(connection, "clock", "one", 60)
        assert not leases.take(connection, "clock", "two", 60)
        assert leases.renew(connection, "clock", "one", 60)
        assert not leases.renew(connection, "clock", "two", 60)
        leases.release(connection, "clock", "two")
        assert leases.holder(connection, "clock") == "one"
        connection.execute(update(tables.leases).values(until=real_now() - timedelta(seconds=1)))
        assert leases.holder(connection, "clock") is None
        assert leases.take(connection, "clock", "two", 60)
        leases.release(connection, "clock", "two")
        assert leases.take(connection, "clock", "one", 60)


def test_a_heartbeat_is_the_last_one(database: Database) -> None:
    with database.write() as connection:
        assert leases.last_heartbeat(connection, "clock") is None
        leases.heartbeat(connection, "clock", "one")
        first = leases.last_heartbeat(connection, "clock")
        leases.heartbeat(connection, "clock", "two")
        last = leases.last_heartbeat(connection, "clock")
    assert first and last and last > first


def test_what_is_published_unchanged_makes_no_version(database: Database) -> None:
    def published(*texts: str) -> list[tuple[int, bool]]:
        with database.write() as connection:
            made = definitions.publish(
                connection, library(*texts), author="a", reason="r", now=NOW
            )
        return [(each.version, each.created) for each in made]

    changed = TOY.replace("4h", "8h")
    assert published(TOY) == [(1, False)]
    assert published(changed) == [(2, True)]
    # Going back is a version too: new cases follow the newest.
    assert published(TOY) == [(3, True)]
    with database.read() as connection:
        assert definitions.latest_version(connection, "toy") == 3
        found = definitions.definition(connection, "toy", 2)
        assert found.process == library(changed).processes["toy"]
        assert list(found.process.steps) == ["ask", "call", "finished", "lapsed", "blocked"]
        with pytest.raises(ProcessNotFound):
            definitions.latest_version(connection, "nothing")
        assert [each.version for each in definitions.versions(connection, "toy")] == [3, 2, 1]


def test_business_time_moves_and_real_time_does_not(database: Database) -> None:
    with database.write() as connection:
        times.advance_clock(connection, timedelta(hours=47))
        times.advance_clock(connection, timedelta(hours=1))
        assert times.clock_offset(connection) == timedelta(hours=48)
        ahead = times.business_now(connection) - real_now()
        assert timedelta(hours=47) < ahead <= timedelta(hours=48)
        with pytest.raises(ValueError, match="never goes back"):
            times.advance_clock(connection, timedelta(hours=-1))


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError), database.read() as connection:
        leases.heartbeat(connection, "clock", "one")


def test_a_transaction_in_the_way_is_tried_again_but_not_for_ever(database: Database) -> None:
    tries: list[int] = []

    def work(until: int) -> str:
        tries.append(1)
        if len(tries) < until:
            raise OperationalError("COMMIT", {}, Exception("database is locked"))
        return "done"

    assert database.run(lambda _: work(3)) == "done"
    tries.clear()
    with pytest.raises(OperationalError):
        database.run(lambda _: work(100))
    assert len(tries) == MOST_TRIES
    tries.clear()
    with pytest.raises(ZeroDivisionError):
        database.run(lambda _: 1 / 0)
