"""What tables of a form are filled with: open work, cases, lists, the ledger, the roster."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import yaml

from jieli.engine.calendar import Hours
from jieli.engine.case import CaseState
from jieli.engine.context import Context, Person, Role
from jieli.engine.definition import FieldWords
from jieli.engine.events import RecordEntry, WorkItemClaimed
from jieli.engine.filled import ROW
from jieli.engine.imports import ImportedList
from jieli.engine.ledger import Ledger, LedgerRule, Total
from jieli.engine.roster import Post, Rota, Shift
from jieli.engine.scope import scope_of
from jieli.store import definitions, entries, imports
from jieli.store.database import Database
from jieli.store.filling import fill_values
from tests.contract.shop import NOW, TOY, apply, press, publish, start, state

UNPAID = ImportedList(label="未付款", key=("order",), columns={"order": FieldWords(label="订单")})
SHOP = Context(
    people={
        "li_na": Person(name="李娜", roles=("agent",)),
        "wang_fang": Person(name="王芳", roles=("agent",)),
        "zhang_wei": Person(name="张伟", roles=("supervisor",)),
    },
    roles={"agent": Role(label="客服"), "supervisor": Role(label="主管")},
    hours={},
    posts={"desk": Post(label="售后", role="agent", least=2)},
    shifts={
        "early": Shift(label="早班", hours=Hours(daily=("08:00-16:00",))),
        "late": Shift(label="晚班", hours=Hours(daily=("16:00-24:00",))),
    },
    roster=(
        Rota.model_validate({
            "post": "desk", "from": date(2026, 11, 2),
            "weeks": {"li_na": ("early",), "wang_fang": ("late",)},
        }),
    ),
    imports={"unpaid": UNPAID},
    ledger=Ledger(
        rules={
            "late": LedgerRule(label="晚交", source="ours", level="minor", points=-2),
            "talk": LedgerRule(label="约谈", source="ours"),
        },
        totals={"three": Total(label="三次轻微", rule="talk", when="minor >= 3")},
    ),
)  # fmt: skip
# The same process as `owned`, with personal data.
OWNED = (
    TOY.replace("process: toy", "process: owned")
    .replace("  key: [order_no]", "  key: [order_no]\n  owner: first")
    .replace("    wangwang: {label: 旺旺}", """    wangwang: {label: 旺旺, pii: name}
    phone: {label: 电话, type: phone, pii: phone}
    mood: {label: 情绪, type: choice, of: {angry: 愤怒, calm: 平静}}
    promised: {label: 承诺, type: datetime}""")
)  # fmt: skip
DESK = """
process: desk
title: 台
case:
  key: [name]
  title: "{{ name }}"
  fields:
    name: {label: 名称, required: yes}
    leaving: {label: 交班人, type: people}
    day: {label: 哪天, type: date}
start: [{form: {role: agent}}]
steps:
  look:
    title: 看
    who: [{role: agent}]
    buttons: {ok: {label: 好, go_to: finished}}
  finished: {end: ok}
ends: {ok: 完成}
"""


@pytest.fixture
def desk(database: Database) -> CaseState:
    """The case whose form is filled."""
    publish(database, OWNED, TOY, DESK, context=SHOP)
    case = start(database, "", process="desk", event_id="desk", name="desk",
                 leaving=["li_na"], day="2026-11-20")  # fmt: skip
    return state(database, case.case_id)


def filled(database: Database, desk: CaseState, words: str) -> list[dict[str, Any]]:
    """The rows of one table."""
    field = FieldWords.model_validate({"label": "表", "type": "rows", **yaml.safe_load(words)})
    with database.read() as connection:
        definition = definitions.definition(connection, "desk", 1)
        _, context = definitions.current_context(connection)
        values: Mapping[str, Any] = fill_values(
            connection, definition, desk, context, {"table": field},
            scope_of(definition, desk, context, NOW), NOW,
        )  # fmt: skip
    found: list[dict[str, Any]] = values["table"]
    return found


def claimed(database: Database, order_no: str, by: str = "li_na", **data: Any) -> str:
    case = start(database, order_no, process="owned", **data)
    visit = next(iter(state(database, case.case_id).visits))
    apply(database, case.case_id, WorkItemClaimed(visit=visit, by=by), event_id=f"c:{order_no}")
    return case.case_id


OPEN_WORK = """
fill: {open_work: leaving, key: ref}
fields:
  ref: {label: 单号}
  title: {label: 标题}
  process: {label: 流程}
  process_title: {label: 流程名}
  buyer: {label: 客户}
  order_no: {label: 订单}
  step: {label: 步骤}
  due: {label: 时限, type: datetime}
  owner: {label: 谁, type: person}
  priority: {label: 优先}
  promised: {label: 承诺, type: datetime}
  mood: {label: 情绪, type: choice, of: {angry: 愤怒, calm: 平静}}
  wangwang: {label: 旺旺}
  phone: {label: 电话}
"""


def test_open_work_brings_one_row_for_each_case_that_would_move(
    database: Database, desk: CaseState
) -> None:
    promised = "2026-11-21T01:00:00+00:00"
    case_id = claimed(database, "8001", wangwang="小鹿爱吃草", phone="13812345678", mood="angry",
                      promised=promised)  # fmt: skip
    claimed(database, "8002", by="wang_fang")
    start(database, "8003")
    (row,) = filled(database, desk, OPEN_WORK)
    found = state(database, case_id)
    assert row == {
        ROW: found.ref, "ref": found.ref, "title": "8001", "process": "owned",
        "process_title": "小流程", "buyer": "小鹿爱吃草", "order_no": "8001", "step": "问买家",
        "due": (NOW + timedelta(hours=4)).isoformat(), "owner": "li_na", "priority": "normal",
        "promised": promised, "mood": "angry",
    }  # fmt: skip


def test_personal_data_stays_in_its_case(database: Database, desk: CaseState) -> None:
    claimed(database, "8001", wangwang="小鹿爱吃草", phone="13812345678")
    (row,) = filled(database, desk, OPEN_WORK)
    assert "phone" not in row and "wangwang" not in row
    assert "13812345678" not in str(row)


def test_an_owner_is_a_name_where_a_text_is_wanted(database: Database, desk: CaseState) -> None:
    claimed(database, "8001")
    words = OPEN_WORK.replace("owner: {label: 谁, type: person}", "owner: {label: 谁}")
    assert filled(database, desk, words)[0]["owner"] == "李娜"


def test_nobody_leaving_leaves_nothing(database: Database, desk: CaseState) -> None:
    claimed(database, "8001")
    assert filled(database, desk, OPEN_WORK.replace("open_work: leaving", "open_work: none")) == []


CASES = """
fill: {cases: {process: owned, status: [completed], since: "'2026-11-20'", until: "'2026-11-21'"}, key: ref}
fields:
  ref: {label: 单号}
  result: {label: 结果}
  order_no: {label: 订单}
  closed_at: {label: 关闭, type: datetime}
"""


def test_cases_of_a_time_the_newest_last(database: Database, desk: CaseState) -> None:
    for number in ("1", "2"):
        case = start(database, number, process="owned")
        press(database, case.case_id, "done", now=NOW + timedelta(minutes=1))
        press(database, case.case_id, "ok", now=NOW + timedelta(minutes=2))
    start(database, "3", process="owned")
    rows = filled(database, desk, CASES)
    assert [(row["order_no"], row["result"]) for row in rows] == [("1", "完成"), ("2", "完成")]
    assert rows[0]["closed_at"] == (NOW + timedelta(minutes=2)).isoformat()
    assert filled(database, desk, CASES.replace("2026-11-20", "2026-11-21")) == []
    assert filled(database, desk, CASES.replace("2026-11-21", "2026-11-20")) == []


def test_an_imported_list_brings_its_rows_without_a_mark(
    database: Database, desk: CaseState
) -> None:
    with database.write() as connection:
        imports.write(connection, "unpaid", UNPAID, [{"order": "A"}, {"order": "B"}], NOW)
        connection.execute(
            imports.table.update().where(imports.table.c.key == "A").values(mark="催过")
        )
    words = "{fill: {imported: unpaid, key: order}, fields: {order: {label: 订单}}}"
    assert filled(database, desk, words) == [{ROW: "B", "order": "B"}]


def test_the_ledger_brings_what_its_totals_propose_for_a_month(
    database: Database, desk: CaseState
) -> None:
    with database.write() as connection:
        context_id, context = definitions.current_context(connection)
        at = datetime(2026, 11, 5, tzinfo=UTC)
        for number in range(3):
            effect = RecordEntry(
                key=f"k{number}", rule="late", person="li_na", reason="晚", evidence="A1",
                happened_at=at,
            )  # fmt: skip
            entries.record(
                connection, [(desk.case_id, effect)], context_id=context_id, context=context,
                recorded_at=NOW,
            )  # fmt: skip
    words = """
fill: {ledger: "day | month", key: key}
fields: {key: {label: 键}, rule: {label: 规则}, person: {label: 谁, type: person}, reason: {label: 原因}}
"""
    (row,) = filled(database, desk, words)
    assert (row["rule"], row["person"], row["reason"]) == ("talk", "li_na", "2026-11 三次轻微")
    assert filled(database, desk, words.replace("day | month", "'2026-10'")) == []


def test_the_roster_brings_who_works_and_who_is_short(database: Database, desk: CaseState) -> None:
    words = """
fill: {roster: day}
fields: {post: {label: 岗}, shift: {label: 班}, people: {label: 人, type: people}, gap: {label: 缺}}
"""
    rows = filled(database, desk, words)
    assert [(row["shift"], row["people"], row["gap"]) for row in rows] == [
        ("早班", ["li_na"], "1/2"), ("晚班", ["wang_fang"], "1/2"),
    ]  # fmt: skip
    assert {row["post"] for row in rows} == {"售后"}


def test_what_cannot_be_worked_out_yet_is_left_to_people(
    database: Database, desk: CaseState
) -> None:
    assert filled(database, desk, "{fill: {roster: nothing_yet}, fields: {post: {label: 岗}}}") == []
