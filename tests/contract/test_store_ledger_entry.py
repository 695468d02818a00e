"""From a late step to the ledger: proposed, answered, confirmed, counted, proposed again by totals."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from jieli.engine.accounts import proposals
from jieli.engine.case import CaseState, Visit
from jieli.engine.events import WorkItemAnswered
from jieli.engine.loader import load, read_directory
from jieli.store import definitions
from jieli.store.case_events import apply_pending
from jieli.store.cases import Applied, Request, apply_event
from jieli.store.database import Database
from jieli.store.entries import Entry, entries
from jieli.store.queries import CaseFilter, case_list
from jieli.store.replay import replay, stored_state
from jieli.store.starts import start_case
from jieli.store.times import business_now, real_now
from tests.story import DEFINITIONS

LATE = """
process: toy
title: 小流程
case:
  key: [nr]
  title: "单 {{ nr }}"
  fields: {nr: {label: 编号, required: true}}
start: [{form: {role: after_sales}}]
steps:
  ask:
    title: 回电
    who: {person: li_na}
    form: {rule: {label: 哪一条}}
    buttons:
      propose:
        label: 提议
        stay: true
        do: {propose: {rule: "{{ ask.rule }}", person: "'li_na'", reason: "{{ case.ref }} 出了差错"}}
      done: {label: 完成, go_to: over}
  over: {end: ok}
ends: {ok: 完成}
"""


@pytest.fixture
def shop(database: Database) -> Database:
    sources = read_directory(DEFINITIONS)
    files = {n: t for n, t in sources.items() if "shop" in Path(n).parts or "ledger_entry" in n}
    library = load({**files, "toy.yaml": LATE})
    with database.write() as connection:
        definitions.publish(connection, library, author="t", reason="", now=real_now())
    return database


class Told:
    """Drives the cases of one store."""

    def __init__(self, database: Database) -> None:
        self.database, self.count = database, 0
        with database.write() as connection:
            self.now: datetime = business_now(connection)
            self.case_id = start_case(
                connection, process="toy", data={"nr": "1"}, source="form", by="li_na",
                now=self.now, event_id="toy:1",
            ).case_id  # fmt: skip

    def press(self, case_id: str, button: str, by: str, **answers: str) -> None:
        self.count += 1
        event = WorkItemAnswered(visit=self.live(case_id).id, button=button, answers=answers, by=by)
        at = self.now + timedelta(seconds=self.count)
        done = apply_event(self.database, Request(case_id, f"e{self.count}", event), at)
        assert isinstance(done, Applied), done

    def propose(self, rule: str) -> list[str]:
        """A proposal is made, once however often it is carried over; the open ledger cases."""
        self.press(self.case_id, "propose", "li_na", rule=rule)
        for _ in range(2):
            apply_pending(self.database, 50)
        with self.database.read() as connection:
            lines = case_list(connection, CaseFilter(process="ledger_entry"))
        return [line.case_id for line in lines]

    def live(self, case_id: str) -> Visit:
        (visit,) = self.state(case_id).visits.values()
        return visit

    def state(self, case_id: str) -> CaseState:
        with self.database.read() as connection:
            state = stored_state(connection, case_id)
            assert replay(connection, case_id) == state
        return state

    def entries(self) -> list[Entry]:
        with self.database.read() as connection:
            return entries(connection)


def test_a_proposal_becomes_an_entry_only_through_the_people(shop: Database) -> None:
    told = Told(shop)
    (proposal,) = told.propose("handover_missing")
    state = told.state(proposal)
    assert state.data["person"] == "li_na"
    assert state.data["evidence"] == told.state(told.case_id).ref
    assert state.title == "台账：下班没有录入交接事项"
    told.press(proposal, "appeal", "li_na", statement="系统打不开")
    assert told.entries() == []
    told.press(proposal, "confirmed", "zhang_wei", reason="日志正常")
    (entry,) = told.entries()
    assert (entry.rule, entry.person, entry.points, entry.nth) == ("handover_missing", "li_na", -5, 1)
    assert entry.by == "zhang_wei" and entry.evidence == state.data["evidence"]
    with shop.read() as connection:
        assert definitions.context(connection, entry.policy).ledger.rules["handover_missing"]


def test_a_rejected_proposal_leaves_no_entry(shop: Database) -> None:
    told = Told(shop)
    (proposal,) = told.propose("handover_missing")
    told.press(proposal, "accept", "li_na")
    told.press(proposal, "rejected", "zhang_wei", reason="当天停电")
    assert told.entries() == [] and told.state(proposal).result == "rejected"


def test_the_second_time_takes_the_next_step_and_the_totals_see_both(shop: Database) -> None:
    told = Told(shop)
    for time in (1, 2):
        (proposal,) = told.propose("games")
        told.press(proposal, "accept", "li_na")
        told.press(proposal, "confirmed", "zhang_wei", reason=f"第{time}次")
    found = told.entries()
    assert [(each.nth, each.points, each.money) for each in found] == [(1, -10, 0), (2, -10, 0)]
    with shop.read() as connection:
        _, context = definitions.current_context(connection)
    posted = [each.posted() for each in found]
    (more,) = proposals(posted, context.ledger, found[0].month)
    assert (more.rule, more.person) == ("extra_deduction", "li_na")
