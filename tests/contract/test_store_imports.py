"""Lists and cases from CSV files: all of a file or nothing, the same file twice changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jieli.engine.csv_rows import BadRows, decoded
from jieli.engine.definition import FieldWords
from jieli.engine.imports import ImportedList
from jieli.store import imports
from jieli.store.database import Database
from jieli.store.importing import (
    ImportedCases,
    ListNotFound,
    NotFromRows,
    import_cases,
    import_list,
)
from jieli.store.imports import Imported
from tests.contract.shop import CONTEXT, NOW, TOY, press, publish, start, state

UNPAID = ImportedList(
    label="未付款订单",
    key=("order_no",),
    columns={
        "order_no": FieldWords(label="订单号"),
        "amount": FieldWords(label="金额", type="money", required=True),
        "ordered_at": FieldWords(label="下单时间", type="datetime"),
        "way": FieldWords(label="渠道", type="choice", of={"app": "手机", "web": "网页"}),
        "agent": FieldWords(label="客服", type="person"),
    },
    keep="90d",
)
SHOP = CONTEXT.model_copy(update={"imports": {"unpaid": UNPAID}})
CHASE = """
process: chase
title: 催付
case:
  key: [order_no]
  title: "{{ order_no }}"
  fields:
    order_no: {label: 订单号, required: yes}
start: [{form: {role: agent}}]
steps:
  ask:
    title: 催
    who: [{role: agent}]
    buttons:
      ok: {label: 催过, go_to: mark}
  mark:
    do: {mark_rows: {list: unpaid, rows: "[{'order_no': order_no}]", mark: "已催 {{ case.ref }}"}}
    go_to: finished
  finished: {end: ok}
ends: {ok: 完成}
"""
FROM_ROWS = TOY.replace("start: [{form: {role: agent}}]", "start: [{form: {role: agent}}, {rows: yes}]")
GOOD = "订单号,金额,下单时间,渠道,客服\nA1,12.5,2026/11/5 9:30,手机,李娜\nA2,￥8,,web,\n"


@pytest.fixture(autouse=True)
def shop(database: Database) -> None:
    publish(database, FROM_ROWS, CHASE, context=SHOP)


def take_in(database: Database, content: str, **more: Any) -> Imported:
    with database.write() as connection:
        return import_list(connection, "unpaid", content, more.pop("now", NOW), **more)


def unmarked(database: Database) -> list[dict[str, Any]]:
    with database.read() as connection:
        return imports.unmarked(connection, "unpaid", UNPAID)


def told(found: pytest.ExceptionInfo[BadRows]) -> list[tuple[int, str]]:
    return [(each.line, each.column) for each in found.value.mistakes]


def test_cells_are_read_as_people_write_them(database: Database) -> None:
    assert take_in(database, GOOD) == Imported(new=2, changed=0, same=0)
    first, second = unmarked(database)
    assert str(first["amount"]) == "12.50" and str(first["way"]) == "app"
    assert first["ordered_at"].isoformat() == "2026-11-05T01:30:00+00:00"
    assert first["agent"] == "li_na" and first["key"] == "A1" and first["list"] == "unpaid"
    assert second["ordered_at"] is None


def test_a_dry_run_writes_nothing(database: Database) -> None:
    assert take_in(database, GOOD, dry_run=True) == Imported(new=2, changed=0, same=0)
    assert unmarked(database) == []


def test_the_same_key_renews_the_row_and_keeps_its_mark(database: Database) -> None:
    take_in(database, GOOD)
    case = start(database, "A1", process="chase")
    press(database, case.case_id, "ok")
    assert take_in(database, GOOD.replace("12.5", "13")) == Imported(new=0, changed=1, same=1)
    assert [row["key"] for row in unmarked(database)] == ["A2"]
    with database.read() as connection:
        marked = next(row for row in imports.rows(connection, "unpaid") if row.key == "A1")
    assert marked.data["amount"] == "13.00"
    assert marked.mark == f"已催 {case.ref}" and marked.mark_case == case.case_id


def test_the_first_mark_of_a_row_stays(database: Database) -> None:
    take_in(database, GOOD)
    first = start(database, "A1", process="chase")
    press(database, first.case_id, "ok")
    again = start(database, "A1", process="chase", event_id="again")
    assert again.created
    press(database, again.case_id, "ok")
    with database.read() as connection:
        marked = next(row for row in imports.rows(connection, "unpaid") if row.key == "A1")
    assert marked.mark_case == first.case_id


def test_every_mistake_is_told_with_its_line_and_nothing_is_written(database: Database) -> None:
    with pytest.raises(BadRows) as found:
        take_in(database, "订单号,金额,渠道\nA1,zwölf,手机\n,5,手机\nA3,,传真\nA4,5,\n")
    assert told(found) == [(2, "金额"), (3, "订单号"), (4, "渠道"), (4, "金额")]
    assert unmarked(database) == []


def test_a_wrong_header_is_told_before_any_cell(database: Database) -> None:
    with pytest.raises(BadRows) as found:
        take_in(database, "订单,金客,订单号,订单号\n1,2,3,4\n")
    assert told(found) == [(1, "订单"), (1, "金客"), (1, "订单号"), (1, "金额")]
    assert "订单号" in found.value.mistakes[0].message


def test_a_key_that_is_there_twice_is_a_mistake(database: Database) -> None:
    with pytest.raises(BadRows) as found:
        take_in(database, "order_no,amount\nA1,1\nA1,2\n")
    assert told(found) == [(3, "")]


def test_a_list_nobody_knows_is_told(database: Database) -> None:
    with pytest.raises(ListNotFound, match="unpaid"), database.write() as connection:
        import_list(connection, "unpayed", GOOD, NOW)


def test_old_rows_leave_with_a_later_import(database: Database) -> None:
    take_in(database, GOOD)
    later = NOW + timedelta(days=91)
    take_in(database, "订单号,金额\nA9,1\n", now=later)
    assert [row["key"] for row in unmarked(database)] == ["A9"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_spreadsheets_write_several_encodings(database: Database, encoding: str) -> None:
    take_in(database, decoded(GOOD.encode(encoding)))
    assert len(unmarked(database)) == 2


def test_a_picture_is_no_text() -> None:
    with pytest.raises(BadRows):
        decoded(b"\x89PNG\r\n\x1a\n\x00\xff\xfe\xff")


# ---- cases from rows --------------------------------------------------------------------------


ROWS = "订单号,旺旺\n1,小鹿\n2,\n"


def begin(database: Database, content: str, **more: Any) -> ImportedCases:
    with database.write() as connection:
        return import_cases(connection, "toy", content, NOW, **more)


def test_every_row_begins_a_case_once(database: Database) -> None:
    done = begin(database, ROWS)
    assert (done.new, done.known) == (2, 0)
    assert state(database, done.begun[0]).data == {"order_no": "1", "wangwang": "小鹿"}
    press(database, done.begun[0], "done")
    press(database, done.begun[0], "ok")
    # Also when the case is closed meanwhile: the same row is the same start.
    assert begin(database, ROWS) == ImportedCases(new=0, known=2)


def test_a_dry_run_begins_nothing_and_says_what_would_be(database: Database) -> None:
    start(database, "1")
    assert begin(database, ROWS, dry_run=True) == ImportedCases(new=1, known=1)
    assert begin(database, ROWS).new == 1


def test_a_row_with_a_mistake_begins_nothing_at_all(database: Database) -> None:
    with pytest.raises(BadRows) as found:
        begin(database, "订单号,旺旺\n1,\n,小鹿\n1,别的\n")
    assert told(found) == [(3, "订单号"), (4, "")]
    assert begin(database, ROWS).new == 2


def test_a_process_that_does_not_start_from_rows_says_so(database: Database) -> None:
    with pytest.raises(NotFromRows), database.write() as connection:
        import_cases(connection, "chase", "订单号\n1\n", NOW)
