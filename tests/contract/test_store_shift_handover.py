"""The shipped handover on the store: the calendar opens it, open work fills it, signing moves it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from jieli.engine.case import CaseState
from jieli.engine.events import WorkItemAnswered, WorkItemClaimed
from jieli.engine.loader import load, read_directory
from jieli.engine.scope import form_of, scope_for
from jieli.store import case_events, definitions, timers
from jieli.store.cases import Applied, Request, apply_batch, apply_event
from jieli.store.database import Database
from jieli.store.filling import fill_values
from jieli.store.scheduling import start_due
from jieli.store.starts import start_case
from jieli.store.tables import cases
from jieli.store.times import advance_clock, business_now, real_now
from tests.contract.shop import state
from tests.story import DEFINITIONS, SHANGHAI, at
from tests.unit.handovers import ITEM, RECORD

# The clock of the store only goes forward: the stories are told tomorrow.
TODAY = real_now().astimezone(SHANGHAI).date()


def clock(local: str, day: int = 1) -> datetime:
    """A local time tomorrow, or so many days from today."""
    return at(f"{TODAY + timedelta(days=day)} {local}")


MORNING, EVENING, NIGHT = clock("09:00"), clock("17:00"), clock("00:30", 2)


def move_clock(database: Database, to: datetime) -> None:
    """What is begun by other cases happens then."""
    with database.write() as connection:
        advance_clock(connection, max(to - business_now(connection), timedelta()))


@pytest.fixture(autouse=True)
def shop(database: Database) -> None:
    library = load(read_directory(DEFINITIONS))
    move_clock(database, MORNING)
    with database.write() as connection:
        definitions.publish(connection, library, author="test", reason="", now=MORNING)


def follow_up(database: Database, line: str, now: datetime = MORNING) -> str:
    """A follow-up that Li Na owns since her shift began."""
    data = {
        "shop": "douyin_main", "about": "A0", "line": line, "handover": "A0", "buyer": "王女士",
        "order_no": line, "problem_type": "商品破损", "urgency": "follow", "progress": "待仓库确认",
        "promise": "无", "special_needs": "听力不好，打字沟通", "person": "li_na",
        "taken_at": MORNING.isoformat(),
    }  # fmt: skip
    with database.write() as connection:
        return start_case(
            connection, process="handover_follow_up", data=data, source="case", by=None,
            now=now, event_id=f"start:{line}",
        ).case_id  # fmt: skip


def press(
    database: Database, case_id: str, step: str, button: str, by: str, now: datetime, **given: Any
) -> None:
    move_clock(database, now)
    (visit,) = [each for each in state(database, case_id).visits.values() if each.step == step]
    event = WorkItemAnswered(visit=visit.id, button=button, answers=given, by=by)
    outcome = apply_event(database, Request(case_id, f"{button}:{visit.id}:{by}", event), now)
    assert isinstance(outcome, Applied), outcome
    while case_events.apply_pending(database, 100):
        pass


def only(database: Database, process: str, **data: str) -> CaseState:
    """The one open case of a process with these fields."""
    with database.read() as connection:
        query = select(cases.c.id).where(cases.c.process == process, cases.c.status == "open")
        found = [state(database, each) for each in connection.scalars(query)]
    (one,) = [each for each in found if data.items() <= each.data.items()]
    return one


def filled(database: Database, case: CaseState, step: str, now: datetime) -> dict[str, Any]:
    """What the form of a step holds before anybody has typed."""
    with database.read() as connection:
        definition = definitions.definition(connection, case.process, case.version)
        _, context = definitions.current_context(connection)
        (visit,) = [each for each in case.visits.values() if each.step == step]
        scope = scope_for(definition, case, context, now, visit)
        fields = form_of(definition.process.steps[step])
        return fill_values(connection, definition, case, context, fields, scope, now)


def test_the_calendar_opens_it_and_signing_moves_what_it_found(database: Database) -> None:
    mine = follow_up(database, "20261124001")
    start_due(database, "handover", EVENING)
    handover = only(database, "handover", post="after_sales_post")
    assert handover.data["outgoing"] == ["li_na"] and handover.data["incoming"] == ["wang_fang"]
    assert handover.data["mode"] == "live" and handover.data["backfill"] is False

    (row,) = filled(database, handover, "sort_out", EVENING)["items"]
    assert row["ref"] == state(database, mine).ref and row["process"] == "handover_follow_up"
    assert row["special_needs"] == "听力不好，打字沟通" and row["progress"] == "待仓库确认"

    carried = {**ITEM, **{key: value for key, value in row.items() if key != "_row"}}
    typed = {**ITEM, "ref": None, "process": None, "order_no": "20261124002", "urgency": "urgent"}
    case_id, now = handover.case_id, EVENING + timedelta(minutes=10)
    press(database, case_id, "sort_out", "done", "li_na", now, **RECORD, items=[carried, typed])
    checking = only(database, "handover_check", handover=handover.ref)
    press(database, checking.case_id, "brief_them", "told", "li_na", now,
          explained=["overview", "open", "special", "points"])  # fmt: skip
    (first, second) = filled(database, state(database, checking.case_id), "verify", now)["items"]
    assert first["progress"] == "待仓库确认" and second["order_no"] == "20261124002"
    understood = [{**each, "state": "clear"} for each in (carried, typed)]
    press(database, checking.case_id, "verify", "checked", "wang_fang", now,
          items=understood, same_as_system=True)  # fmt: skip
    press(database, case_id, "sign_off", "signed", "li_na", now)
    press(database, case_id, "sign_on", "signed", "wang_fang", now)

    assert state(database, case_id).status == "completed"
    assert state(database, mine).owner == "wang_fang"
    fresh = only(database, "handover_follow_up", order_no="20261124002")
    assert fresh.owner == "wang_fang"
    (visit,) = fresh.visits.values()
    assert visit.candidates == ["wang_fang"] and visit.due_at == now + timedelta(minutes=30)


def test_a_night_with_something_sudden_a_fault_and_nobody_in_the_morning(database: Database) -> None:
    one = NIGHT
    start_due(database, "handover", one)
    night = only(database, "handover", post="after_sales_post", shift="late").case_id
    sudden = {**ITEM, "ref": None, "process": None, "urgency": "urgent", "hardness": "sudden"}
    press(database, night, "sort_out", "done", "wang_fang", one,
          **{**RECORD, "equipment": ["pc"]}, fault="耳机没有声音", items=[sudden])  # fmt: skip
    assert only(database, "repair").data["what"] == "耳机没有声音"
    problem = only(database, "handover_problem").case_id
    press(database, problem, "solve", "solved", "zhang_wei", one, log="已退款")
    press(database, night, "sign_off", "signed", "wang_fang", one)
    assert only(database, "handover_follow_up").owner == "zhang_wei"

    morning = clock("08:15", 2)
    fire_until(database, morning)
    arrival = only(database, "handover_arrival").case_id
    press(database, arrival, "check_in", "substituted", "zhang_wei", morning,
          substitute="he_jing", reason="李娜没来")  # fmt: skip
    assert only(database, "incident").data["person"] == "li_na"
    press(database, arrival, "check_in", "arrived", "he_jing", morning)
    checking = only(database, "handover_check").case_id
    press(database, checking, "verify", "checked", "he_jing", morning,
          items=[{**sudden, "state": "clear"}], same_as_system=True)  # fmt: skip
    press(database, night, "sign_on", "signed", "he_jing", morning)
    assert state(database, night).status == "completed"


def fire_until(database: Database, end: datetime) -> None:
    """As the clock does: whatever is due, at its time, until nothing is."""
    while True:
        with database.read() as connection:
            due = timers.due(connection, end, 1)
        if not due:
            return
        move_clock(database, due[0].fires_at)
        apply_batch(database, [due[0].request()], due[0].fires_at)
        while case_events.apply_pending(database, 100):
            pass


def test_what_was_carried_over_is_found_again_at_the_next_handover(database: Database) -> None:
    mine = follow_up(database, "20261124001")
    (visit,) = state(database, mine).visits.values()
    apply_event(database, Request(mine, "claim", WorkItemClaimed(visit=visit.id, by="li_na")), MORNING)
    start_due(database, "handover", EVENING)
    first = only(database, "handover", post="after_sales_post")
    assert [row["ref"] for row in filled(database, first, "sort_out", EVENING)["items"]]
    start_due(database, "handover", NIGHT)
    night = only(database, "handover", post="after_sales_post", shift="late")
    assert night.data["mode"] == "async" and night.data["outgoing"] == ["wang_fang"]
    assert night.data["next_starts_at"] == clock("08:00", 2).isoformat()
    assert filled(database, night, "sort_out", NIGHT)["items"] == []


def test_one_change_of_shift_has_one_record_however_often_the_calendar_looks(
    database: Database,
) -> None:
    assert len(start_due(database, "handover", EVENING)) == 2, "after-sales and presales"
    assert start_due(database, "handover", EVENING) == []
    assert start_due(database, "handover", EVENING + timedelta(minutes=5)) == []


def test_after_an_outage_every_change_has_its_record_to_be_entered_later(database: Database) -> None:
    begun = start_due(database, "handover", clock("09:00", 3))
    entered_later = [state(database, each).data["backfill"] for each in begun]
    assert len(begun) == 8 and all(entered_later)


def test_a_record_entered_later_lists_and_moves_only_the_work_of_its_own_shift(
    database: Database,
) -> None:
    then = follow_up(database, "20261124001")
    later = clock("09:00", 3)
    since = follow_up(database, "20261126001", later)
    start_due(database, "handover", later)
    day = str(TODAY + timedelta(days=2))
    record = only(database, "handover", post="after_sales_post", shift="early", shift_date=day)
    (row,) = filled(database, record, "sort_out", later)["items"]
    assert row["ref"] == state(database, then).ref

    item = {**ITEM, **{key: value for key, value in row.items() if key != "_row"}}
    press(database, record.case_id, "sort_out", "done", "li_na", later, **RECORD, items=[item])
    checking = only(database, "handover_check", handover=record.ref).case_id
    press(database, checking, "verify", "checked", "wang_fang", later,
          items=[{**item, "state": "clear"}], same_as_system=True)  # fmt: skip
    at = clock("17:30", 2).isoformat()
    press(database, record.case_id, "sign_off", "signed", "li_na", later, real_at=at)
    press(database, record.case_id, "sign_on", "signed", "wang_fang", later, real_at=at)
    assert state(database, record.case_id).status == "completed"
    assert (state(database, then).owner, state(database, since).owner) == ("wang_fang", "li_na")
