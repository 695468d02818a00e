"""The writer thread: answers come after the commit, it drains, faults find their owner."""

from __future__ import annotations

import pytest
from sqlalchemy.exc import IntegrityError

from jieli.engine.errors import ProcessNotFound
from jieli.store import cases as case_store
from jieli.store.cases import Applied, Failed
from jieli.store.changes import Changes
from jieli.store.committer import Committer
from jieli.store.database import Database
from jieli.store.starts import Start
from tests.contract.shop import answer, live, publish, start, state


@pytest.fixture(autouse=True)
def shop(database: Database) -> None:
    publish(database)


def asked(process: str, event_id: str) -> Start:
    return Start(
        process=process, data={"order_no": event_id}, source="form", by="li_na", event_id=event_id
    )


def test_a_case_may_be_begun_and_answered(database: Database) -> None:
    committer = Committer(database)
    begun = committer.start(asked("toy", "1")).result()
    outcome = committer.submit(begun.case_id, "e", answer(1)).result()
    committer.close()
    assert isinstance(outcome, Applied) and live(database, begun.case_id).step == "call"


def test_a_start_that_is_refused_raises_for_its_caller_only(database: Database) -> None:
    committer = Committer(database)
    good, bad = committer.start(asked("toy", "1")), committer.start(asked("nothing", "2"))
    committer.close()
    assert good.result().created
    with pytest.raises(ProcessNotFound):
        bad.result()


def test_what_has_arrived_is_committed_before_it_closes(database: Database) -> None:
    committer = Committer(database)
    futures = [committer.start(asked("toy", str(number))) for number in range(200)]
    committer.close()
    assert all(future.done() and future.result().created for future in futures)
    with pytest.raises(RuntimeError, match="closed"):
        committer.start(asked("toy", "x"))


def test_a_case_that_cannot_be_written_does_not_take_others_along(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = start(database, "1"), start(database, "2")
    write = Changes.write

    def refuse_one(self: Changes, connection):  # type: ignore[no-untyped-def]
        if one.case_id in self._moved:
            raise IntegrityError("insert", {}, Exception("a row that does not fit"))
        write(self, connection)

    monkeypatch.setattr(Changes, "write", refuse_one)
    requests = [case_store.Request(each.case_id, "e", answer(1)) for each in (one, other)]
    failed, applied = case_store.apply_batch(database, requests)
    assert isinstance(failed, Failed) and isinstance(applied, Applied)
    assert state(database, one.case_id).visits[1].status == "open"
