"""The ledger's rows: proposed as cases, recorded once with the policy that counted, in turn."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from jieli.engine.ledger import Ledger, LedgerRule, LedgerStep
from jieli.store import case_events, entries, items
from jieli.store.database import Database
from jieli.store.entries import Entry
from jieli.store.tables import case_events as rows
from jieli.store.tables import case_links, cases
from tests.contract.shop import CONTEXT, NOW, press, publish, start, state

FAULT = """
process: fault
title: 过失
case:
  key: [order_no]
  title: "{{ order_no }}"
  fields:
    order_no: {label: 订单号, required: yes}
    who: {label: 谁}
start: [{form: {role: agent}}]
steps:
  look:
    title: 看
    who: [{role: agent}]
    buttons:
      propose: {label: 提议, go_to: proposing}
      none: {label: 不提, go_to: finished}
  proposing:
    do: {propose: {rule: late, person: who, reason: "晚了 {{ order_no }}"}}
    go_to: finished
  finished: {end: ok}
ends: {ok: 完成}
"""
LEDGER_ENTRY = """
process: ledger_entry
title: 台账
case:
  key: [key]
  reopen: never
  title: "{{ reason }}"
  fields:
    key: {label: 编号, required: yes}
    rule: {label: 规则, required: yes}
    person: {label: 谁, type: person}
    reason: {label: 原因, required: yes}
    evidence: {label: 依据}
    happened_at: {label: 时间, type: datetime, required: yes}
start: [{case: yes}]
steps:
  confirm:
    title: 确认
    who: [{role: supervisor}]
    buttons:
      ok: {label: 属实, go_to: record}
      wrong: {label: 不属实, go_to: rejected}
  record:
    do:
      record: {rule: rule, person: person, reason: "{{ reason }}", evidence: evidence, happened_at: happened_at}
    go_to: recorded
  recorded: {end: recorded}
  rejected: {end: rejected}
ends: {recorded: 已记, rejected: 未记}
"""
LADDER = (
    LedgerStep(text="口头警告"), LedgerStep(text="书面警告", points=-5),
    LedgerStep(text="降级", points=-10),
)  # fmt: skip
WITH_LEDGER = CONTEXT.model_copy(
    update={"ledger": Ledger(rules={"late": LedgerRule(label="晚交", source="ours", ladder=LADDER)})}
)
MONTH = timedelta(days=31)


@pytest.fixture(autouse=True)
def shop(database: Database) -> None:
    publish(database, FAULT, LEDGER_ENTRY, context=WITH_LEDGER)


def proposed(database: Database, order_no: str, *, who: str = "li_na") -> list[str]:
    """A fault is proposed; the ids of the ledger cases that this begins."""
    case = start(database, order_no, process="fault", who=who)
    press(database, case.case_id, "propose")
    return case_events.apply_pending(database, 10)


def of_ledger(database: Database) -> list[str]:
    with database.read() as connection:
        query = select(cases.c.id).where(cases.c.process == "ledger_entry").order_by(cases.c.ref)
        return list(connection.scalars(query))


def ledger(database: Database) -> list[Entry]:
    with database.read() as connection:
        return entries.entries(connection)


def test_a_proposal_begins_a_case_that_is_linked_and_that_nobody_waits_for(
    database: Database,
) -> None:
    proposed(database, "1")
    (case_id,) = of_ledger(database)
    begun = state(database, case_id)
    assert begun.data["rule"] == "late" and begun.data["person"] == "li_na"
    assert begun.data["reason"] == "晚了 1" and begun.parent is None
    with database.read() as connection:
        (link,) = connection.execute(select(case_links)).all()
    assert link.child_id == case_id and not link.tell
    case_events.apply_pending(database, 10)  # the history of the one that proposed it knows it
    press(database, case_id, "wrong", by="zhang_wei")
    assert case_events.apply_pending(database, 10) == []
    assert ledger(database) == []


def test_the_same_proposal_begins_one_case(database: Database) -> None:
    proposed(database, "1")
    with database.write() as connection:
        connection.execute(rows.update().where(rows.c.kind == "start").values(status="pending"))
    case_events.apply_pending(database, 10)
    assert len(of_ledger(database)) == 1


def test_without_the_ledger_process_the_proposal_fails_where_people_see_it(
    database: Database,
) -> None:
    case = start(database, "1", process="fault", who="li_na")
    with database.write() as connection:
        # As a shop that never published it.
        connection.exec_driver_sql("DELETE FROM definitions WHERE process = 'ledger_entry'")
    press(database, case.case_id, "propose")
    case_events.apply_pending(database, 10)
    with database.read() as connection:
        found = items.troubles(connection)
    assert "case_event" in {each.kind for each in found}
    assert all("ledger_entry" in each.about for each in found)


def test_a_confirmed_entry_is_written_with_its_policy(database: Database) -> None:
    proposed(database, "1")
    (case_id,) = of_ledger(database)
    press(database, case_id, "ok", by="zhang_wei")
    (entry,) = ledger(database)
    fault = entry.evidence
    assert (entry.rule, entry.label, entry.person, entry.nth) == ("late", "晚交", "li_na", 1)
    assert (entry.step_text, entry.points, entry.month) == ("口头警告", 0, "2026-11")
    assert entry.case_id == case_id and entry.by == "zhang_wei" and fault.startswith("A")
    with database.read() as connection:
        context_id = connection.exec_driver_sql(
            "SELECT value FROM current_values WHERE name = 'context'"
        ).scalar()
    assert entry.policy == context_id


def test_the_next_time_is_the_next_step_of_the_ladder_and_the_last_stays(
    database: Database,
) -> None:
    for number in range(4):
        proposed(database, str(number))
    for case_id in of_ledger(database):
        press(database, case_id, "ok", by="zhang_wei")
    assert [(each.nth, each.step_text, each.points) for each in ledger(database)] == [
        (1, "口头警告", 0), (2, "书面警告", -5), (3, "降级", -10), (4, "降级", -10),
    ]  # fmt: skip


def test_another_month_and_another_person_count_anew(database: Database) -> None:
    proposed(database, "1")
    proposed(database, "2", who="wang_fang")
    case = start(database, "3", process="fault", who="li_na")
    press(database, case.case_id, "propose", now=NOW + MONTH)
    case_events.apply_pending(database, 10)
    for case_id in of_ledger(database):
        press(database, case_id, "ok", now=NOW + MONTH, by="zhang_wei")
    assert {(each.person, each.month, each.nth) for each in ledger(database)} == {
        ("li_na", "2026-11", 1), ("wang_fang", "2026-11", 1), ("li_na", "2026-12", 1),
    }  # fmt: skip
    with database.read() as connection:
        assert len(entries.entries(connection, since="2026-12")) == 1
        assert len(entries.entries(connection, until="2026-11", person="li_na")) == 1


def test_two_confirmed_at_once_are_not_both_the_first_time(
    database: Database, second: Database
) -> None:
    proposed(database, "1")
    proposed(database, "2")
    together = threading.Barrier(2)

    def confirm(store: Database, case_id: str) -> None:
        together.wait(10)
        press(store, case_id, "ok", by="zhang_wei")

    threads = [
        threading.Thread(target=confirm, args=each)
        for each in zip((database, second), of_ledger(database), strict=True)
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sorted(each.nth for each in ledger(database)) == [1, 2]
