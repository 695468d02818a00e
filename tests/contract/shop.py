"""A small shop with small processes for the tests of the store, and short words to drive it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import yaml
from sqlalchemy import Connection

from jieli.engine.case import CaseState, Visit
from jieli.engine.context import Context, Person, Role
from jieli.engine.definition import Process
from jieli.engine.events import Event, TimerFired, WorkItemAnswered
from jieli.engine.loader import Library
from jieli.store import definitions
from jieli.store.cases import Applied, Outcome, Request, apply_event
from jieli.store.database import Database
from jieli.store.replay import replay, stored_state
from jieli.store.starts import Started, start_case
from jieli.store.tables import outbox

NOW = datetime(2026, 11, 20, 1, 0, tzinfo=UTC)

CASE = """
case:
  key: [order_no]
  title: "{{ order_no }}"
  buyer: "{{ wangwang or '' }}"
  contact_blocked: blocked
  fields:
    order_no: {label: 订单号, required: yes}
    wangwang: {label: 旺旺}
"""
TOY = f"""
process: toy
title: 小流程
{CASE}
start: [{{form: {{role: agent}}}}]
steps:
  ask:
    title: 问买家
    who: [{{role: agent}}]
    finish_within: 4h
    clock: wall
    remind: [50%]
    when_late: {{go_to: lapsed}}
    form:
      words: {{label: 说了什么}}
    buttons:
      done: {{label: 完成, go_to: call}}
      again: {{label: 再来, again: 100, then: lapsed}}
      block: {{label: 请勿再联系, go_to: lapsed, block_contact: yes}}
  call:
    title: 打电话
    who: [{{role: agent}}]
    contacts_buyer: yes
    buttons:
      ok: {{label: 好, go_to: finished}}
  finished: {{end: ok}}
  lapsed: {{end: lapsed}}
  blocked: {{end: blocked}}
ends: {{ok: 完成, lapsed: 过期, blocked: 不再联系}}
"""
ONCE = TOY.replace("process: toy", "process: once").replace(
    "  key: [order_no]", "  key: [order_no]\n  reopen: never"
)
PARENT = f"""
process: parent
title: 大流程
{CASE}
start: [{{form: {{role: agent}}}}]
steps:
  child:
    sub_case: {{process: toy, data: {{order_no: order_no}}}}
    results: {{ok: good}}
    go_to: bad
  good: {{end: good}}
  bad: {{end: bad}}
  blocked: {{end: blocked}}
ends: {{good: 好, bad: 不好, blocked: 不再联系}}
"""
CALLER = f"""
process: caller
title: 调用
{CASE}
start: [{{form: {{role: agent}}}}]
steps:
  pay:
    call: {{url: http://bank, body: {{order: "{{{{ order_no }}}}"}}, timeout: 5s}}
    on_unknown: ask
    go_to: paid
  paid: {{end: paid}}
  blocked: {{end: blocked}}
ends: {{paid: 已付, blocked: 不再联系}}
"""
CONTEXT = Context(
    people={
        "li_na": Person(name="李娜", roles=("agent",)),
        "wang_fang": Person(name="王芳", roles=("agent",)),
        "zhang_wei": Person(name="张伟", roles=("supervisor",)),
    },
    roles={"agent": Role(label="客服"), "supervisor": Role(label="主管")},
    hours={},
)


def library(*texts: str, context: Context = CONTEXT) -> Library:
    """The processes of the texts, or all of this module, with its people."""
    chosen = texts or (TOY, ONCE, PARENT, CALLER)
    processes = [Process.model_validate(yaml.safe_load(text)) for text in chosen]
    return Library({each.process: each for each in processes}, context, {}, {})


def publish(database: Database, *texts: str, context: Context = CONTEXT) -> None:
    """Publish them."""
    with database.write() as connection:
        definitions.publish(
            connection, library(*texts, context=context), author="test", reason="", now=NOW
        )


def start(
    database: Database, order_no: str = "1", *, process: str = "toy", event_id: str | None = None,
    **data: Any,
) -> Started:  # fmt: skip
    """Begin a case."""
    with database.write() as connection:
        return start_case(
            connection, process=process, data={"order_no": order_no, **data}, source="form",
            by="li_na", now=NOW, event_id=event_id or f"start:{process}:{order_no}",
        )  # fmt: skip


def apply(
    database: Database, case_id: str, event: Event, *, event_id: str = "e1", now: datetime = NOW
) -> Outcome:
    """Apply one event."""
    return apply_event(database, Request(case_id, event_id, event), now)


def answer(visit: int, button: str = "done", by: str = "li_na", **answers: Any) -> Event:
    """A button of a human step is pressed."""
    return WorkItemAnswered(visit=visit, button=button, answers=answers, by=by)


def press(
    database: Database, case_id: str, button: str, *, now: datetime = NOW, by: str = "li_na"
) -> Applied:
    """The button of the one live step is pressed, and counts."""
    visit = live(database, case_id)
    outcome = apply(
        database, case_id, answer(visit.id, button, by), event_id=f"press:{visit.id}", now=now
    )
    assert isinstance(outcome, Applied), outcome
    return outcome


def state(database: Database, case_id: str) -> CaseState:
    """Where the case stands, which is where its history leads."""
    with database.read() as connection:
        stored = stored_state(connection, case_id)
        assert replay(connection, case_id) == stored
        return stored


def live(database: Database, case_id: str) -> Visit:
    """The one live visit."""
    (visit,) = state(database, case_id).visits.values()
    return visit


def late_timer(database: Database, case_id: str) -> TimerFired:
    """The event of the timer that takes the step away."""
    timers = state(database, case_id).timers.values()
    (late,) = [timer for timer in timers if timer.kind == "late"]
    return TimerFired(timer=late.id, at=late.at)


def statuses(connection: Connection) -> list[str]:
    """The statuses of all messages, in order."""
    query = outbox.select().order_by(outbox.c.id)
    return [row.status for row in connection.execute(query)]


LATE = NOW + timedelta(hours=4)
