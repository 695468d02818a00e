"""What people and Prefect are shown: lists, pages, runs and their bars."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jieli.engine.errors import CaseNotFound
from jieli.engine.events import WorkItemClaimed
from jieli.store import items, queries, runs
from jieli.store.database import Database
from jieli.store.queries import CaseFilter
from jieli.store.runs import CaseRun
from jieli.store.shown import case_shown
from tests.contract.shop import LATE, NOW, apply, press, publish, start


@pytest.fixture(autouse=True)
def shop(database: Database) -> None:
    publish(database)


def listed(database: Database, **wanted: object) -> list[str]:
    with database.read() as connection:
        chosen = CaseFilter(**wanted)  # type: ignore[arg-type]
        found = queries.case_list(connection, chosen)
        assert queries.case_count(connection, chosen) == len(found)
        return sorted(line.title for line in found)


def test_cases_are_found_by_status_process_and_words(database: Database) -> None:
    start(database, "X1", wangwang="小鹿_100%")
    start(database, "X2", process="once")
    over = start(database, "X3")
    press(database, over.case_id, "block")
    assert listed(database) == ["X1", "X2"]
    assert listed(database, status=None) == ["X1", "X2", "X3"]
    assert listed(database, process="once") == ["X2"]
    assert listed(database, search="x1 小鹿_") == ["X1"]
    assert listed(database, search="_") == ["X1"] and listed(database, search="%") == ["X1"]
    assert listed(database, tag="紧急") == [] and listed(database, faulty=True) == []


def test_a_case_is_shown_with_everything_around_it(database: Database) -> None:
    case = start(database)
    press(database, case.case_id, "done")
    with database.read() as connection:
        page = queries.case_show(connection, case.ref.lower())
        assert queries.case_show(connection, case.case_id) == page
        with pytest.raises(CaseNotFound):
            queries.find_case(connection, "A1")
    assert [(line.step, line.status) for line in page.visits] == [("ask", "done"), ("call", "open")]
    assert [line.kind for line in page.timeline] == ["case_started", "work_item_answered"]
    assert page.timeline[0].entries[0].what == "case_started"
    assert len(page.messages) == 4 and page.timers == ()
    assert page.line.due_at is None and page.run == CaseRun(case.case_id, None, 0, 0, False)


def test_my_items_are_mine_or_free_by_due_time(database: Database) -> None:
    first, second = start(database, "1"), start(database, "2")
    press(database, second.case_id, "done")  # the call has no due time

    def mine(person: str, search: str = "") -> list[tuple[str, str]]:
        with database.read() as connection:
            return [(item.ref, item.step) for item in items.my_items(connection, person, search)]

    both = [(first.ref, "ask"), (second.ref, "call")]
    assert mine("li_na") == mine("wang_fang") == both
    assert mine("zhang_wei") == mine("nobody") == mine("li") == []
    assert mine("li_na", second.ref.lower()) == both[1:]
    apply(database, first.case_id, WorkItemClaimed(visit=1, by="wang_fang"))
    assert mine("li_na") == both[1:] and mine("wang_fang") == both
    with database.read() as connection:
        item = items.my_items(connection, "wang_fang")[0]
    assert (item.due_at, item.assignee) == (LATE, "wang_fang")


def test_a_run_is_saved_once_and_shows_what_changed(database: Database) -> None:
    case = start(database)
    with database.write() as connection:
        assert runs.save_run(connection, case.case_id, "run-1", 0)
        assert runs.save_run(connection, case.case_id, "run-1", 0)
        (visit,) = runs.visits_to_show(connection, case.case_id, "run-1")
        assert (visit.key, visit.status, visit.shown_status) == ("ask.1", "open", None)
        runs.mark_shown(connection, case.case_id, "run-1", [(visit.visit, "open")])
        assert runs.visits_to_show(connection, case.case_id, "run-1") == []
        assert [run.run_id for run in runs.behind(connection, 10)] == ["run-1"]
        runs.shown(connection, case.case_id, "run-1", 1)
        assert runs.behind(connection, 10) == [] and runs.without_run(connection, 10) == []
    press(database, case.case_id, "done")
    with database.write() as connection:
        assert runs.is_behind(connection, case.case_id)
        ask, call = runs.visits_to_show(connection, case.case_id, "run-1")
    assert (ask.key, ask.status, ask.shown_status) == ("ask.1", "done", "open")
    assert (call.key, call.status, call.shown_status) == ("call.1", "open", None)


def test_a_new_generation_shows_everything_again(database: Database) -> None:
    case = start(database)
    with database.write() as connection:
        runs.save_run(connection, case.case_id, "run-1", 0)
        runs.mark_shown(connection, case.case_id, "run-1", [(1, "open")])
        runs.shown(connection, case.case_id, "run-1", 1)
        assert runs.save_run(connection, case.case_id, "run-2", 1)
        # The one that was slow to save its older run learns that it lost.
        assert not runs.save_run(connection, case.case_id, "run-1", 0)
        assert runs.run_of(connection, case.case_id) == CaseRun(
            case.case_id, "run-2", 1, 0, ended=False
        )
        assert len(runs.visits_to_show(connection, case.case_id, "run-2")) == 1
        runs.shown(connection, case.case_id, "run-1", 5)
        assert runs.is_behind(connection, case.case_id)
        assert runs.case_of_run(connection, "run-1") is None


def test_a_finished_case_is_behind_until_its_end_was_shown(database: Database) -> None:
    case = start(database)
    with database.write() as connection:
        runs.save_run(connection, case.case_id, "run-1", 0)
    press(database, case.case_id, "block")
    with database.write() as connection:
        assert [run.case_id for run in runs.behind(connection, 10)] == [case.case_id]
        runs.shown(connection, case.case_id, "run-1", 2)
        assert [run.case_id for run in runs.live_runs(connection, 10)] == [case.case_id]
        runs.shown(connection, case.case_id, "run-1", 2, ended=True)
        runs.shown(connection, case.case_id, "run-1", 2)
        assert runs.behind(connection, 10) == runs.live_runs(connection, 10) == []


def test_a_run_says_what_its_case_waits_for(database: Database) -> None:
    case = start(database)
    with database.read() as connection:
        shown = case_shown(connection, case.case_id)
        with pytest.raises(CaseNotFound):
            case_shown(connection, "nothing")
    (waiting,) = shown.waits_for
    assert (shown.process_title, shown.ref, shown.revision) == ("小流程", case.ref, 1)
    assert (waiting.title, waiting.who, waiting.due_at) == ("问买家", ("李娜", "王芳"), LATE)
    press(database, case.case_id, "block")
    with database.read() as connection:
        over = case_shown(connection, case.case_id)
    assert (over.status, over.result_label, over.waits_for) == ("completed", "过期", ())


def test_moments_come_back_as_they_were(database: Database) -> None:
    odd = NOW + timedelta(microseconds=123456)
    case = start(database)
    press(database, case.case_id, "again", now=odd)
    with database.read() as connection:
        assert queries.timeline(connection, case.case_id)[1].at == odd
