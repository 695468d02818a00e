"""What the calendar begins, filled from lists, the roster, other cases and the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from jieli.engine.events import RecordEntry
from jieli.store import case_events, definitions, entries
from jieli.store.database import Database
from jieli.store.importing import import_list
from jieli.store.imports import rows
from jieli.store.scheduling import start_due
from jieli.store.times import advance_clock, business_now
from tests.contract.shipped import begun, page, press, publish, start, table
from tests.contract.shop import state
from tests.story import BAD_REVIEW, at


@pytest.fixture(autouse=True)
def shop(database: Database) -> None:
    publish(database, at("2026-12-01 00:00"))


def test_who_is_on_leave_is_not_asked_and_the_substitute_is(database: Database) -> None:
    now = at("2026-12-01 09:00")
    data = {"person": "he_jing", "from_day": "2026-12-03", "to_day": "2026-12-03",
            "substitute": "ma_chao", "reason": "看病"}  # fmt: skip
    case = start(database, "leave", data, now, "he_jing")
    case = press(database, case, "agree", "agree", "ma_chao", now)
    cover = table(database, case, "decide", "cover", now)
    assert [row["people"] for row in cover] == ["李娜", "王芳", "何静", "马超"]
    case = press(database, case, "decide", "approve", "zhang_wei", now)
    assert case.result == "approved"
    asked: dict[str, list[Any]] = {}
    for day in ("2026-12-02", "2026-12-03", "2026-12-04"):
        start_due(database, "shift_start", at(f"{day} 08:00"))
        (last,) = {each.data["date"] for each in begun(database, "shift_start")} - asked.keys()
        same = [each for each in begun(database, "shift_start") if each.data["date"] == last]
        asked[last] = sorted(str(each.data["person"]) for each in same)
    assert list(asked.values()) == [["he_jing", "li_na"], ["li_na", "ma_chao"], ["he_jing", "li_na"]]


# ---- nobody is chased twice --------------------------------------------------------------------


CSV = "订单编号,买家,金额\nA1001,小鹿,59.00\nA1002,大象,120.00\nA1003,松鼠,8.50\n"


def take_in(database: Database, content: str, now: datetime) -> None:
    with database.write() as connection:
        import_list(connection, "unpaid_orders", content, now)


def chase(database: Database, day: str, answer: Callable[[str], str]) -> list[str]:
    """The orders that the agent of a day finds, and what came of each."""
    now = at(f"{day} 16:00")
    (case_id,) = start_due(database, "unpaid_reminder", now)
    case = state(database, case_id)
    found = table(database, case, "chase", "orders", now)
    (by,) = next(iter(case.visits.values())).candidates
    answered = [{**row, "result": answer(row["order_no"])} for row in found]
    assert press(database, case, "chase", "done", by, now, orders=answered).result
    return [row["order_no"] for row in found]


def test_an_order_that_was_chased_is_never_listed_again(database: Database) -> None:
    take_in(database, CSV, at("2026-12-01 15:30"))
    first = chase(database, "2026-12-01", lambda order: "skipped" if order == "A1002" else "reminded")
    assert first == ["A1001", "A1002", "A1003"]
    # The next day's file has the same orders, one of them changed, and a new one.
    take_in(database, CSV.replace("59.00", "49.00") + "A1004,兔子,30\n", at("2026-12-02 15:30"))
    assert chase(database, "2026-12-02", lambda _: "paid") == ["A1002", "A1004"]
    assert chase(database, "2026-12-03", lambda _: "paid") == []
    with database.read() as connection:
        marked = {row.key: row.mark for row in rows(connection, "unpaid_orders")}
    assert marked["A1001"] and "12月1日" in marked["A1001"] and "12月2日" in str(marked["A1002"])
    agents = {e.answers["chase"]["by"] for e in begun(database, "unpaid_reminder")}
    assert agents == {"he_jing", "ma_chao"}, "they take turns"


def test_rates_are_looked_at_once(database: Database) -> None:
    figures = "日期,订单数,退款数,纠纷数\n2026-12-05,200,9,1\n2026-12-06,180,4,0\n"
    now = at("2026-12-07 10:00")
    with database.write() as connection:
        import_list(connection, "shop_figures", figures, now)
    (case_id,) = start_due(database, "rates_review", now)
    case = state(database, case_id)
    assert [row["refunds"] for row in table(database, case, "look", "days", now)] == [9, 4]
    assert press(database, case, "look", "done", "sun_yue", now, finding="稳定").result == "done"
    (case_id,) = start_due(database, "rates_review", now + timedelta(days=7))
    assert table(database, state(database, case_id), "look", "days", now + timedelta(days=7)) == []


# ---- tables of other cases and the ledger ------------------------------------------------------


def test_the_records_of_the_week_come_together_by_person(database: Database) -> None:
    now = at("2026-12-03 16:00")
    (case_id,) = start_due(database, "weekly_records", now)
    case = state(database, case_id)
    people = case.data["people"]
    assert people == ["li_na", "wang_fang", "huang_li", "he_jing", "ma_chao"]
    for number, person in enumerate(people):
        given = {"served": number, "deals": "3 笔", "problems": "无"}
        case = press(database, case, "collect", "hand_in", person, now, **given)
    found = table(database, case, "compile", "records", now)
    assert [(row["item"], row["served"]) for row in found] == list(zip(people, range(5), strict=True))
    case = press(database, case, "compile", "done", "zhang_wei", now, summary="都交了")
    case = press(database, case, "deliver", "return", "sun_yue", now, comment="写上数量")
    _, _, _, filled = page(database, case, next(iter(case.visits.values())), now)
    assert filled["summary"] == "都交了", "not to be typed again"


def test_the_agenda_of_the_meeting_lists_the_cases_of_the_week(database: Database) -> None:
    late, now = at("2026-12-02 10:00"), at("2026-12-07 09:00")
    start(database, "bad_review", {**BAD_REVIEW, "order_no": "2026112000014800"}, late, "li_na")
    start(database, "bad_review", BAD_REVIEW, at("2026-12-04 10:00"), "li_na")
    (case_id,) = start_due(database, "weekly_meeting", now)
    case = state(database, case_id)
    found = table(database, case, "agenda", "cases", now)
    assert [row["process_title"] for row in found] == ["中差评处理", "中差评处理"]
    topics = [{**found[0], "topic": "杯盖"}, found[1]]
    case = press(database, case, "agenda", "ready", "zhang_wei", now, cases=topics)
    (next_week,) = start_due(database, "weekly_meeting", now + timedelta(days=7))
    assert case.status == "open"
    after = table(database, state(database, next_week), "agenda", "cases", now + timedelta(days=7))
    assert after == [], "of the week only"


def test_what_the_ledger_adds_up_to_is_proposed_when_it_is_ticked(database: Database) -> None:
    now = at("2027-01-12 09:00")
    (case,) = start_due(database, "monthly_awards", now)
    with database.write() as connection:
        advance_clock(connection, now - business_now(connection))  # the proposal is begun then
        context_id, context = definitions.current_context(connection)
        records = [
            RecordEntry(key=f"k{n}", rule="wrong_entry", person=who, reason="录错", evidence="A1",
                        happened_at=at("2026-12-05 10:00"))
            for n, who in enumerate(["li_na"] * 4 + ["he_jing"] * 4)
        ]  # fmt: skip
        entries.record(
            connection, [(case, each) for each in records], context_id=context_id, context=context,
            recorded_at=now,
        )  # fmt: skip
    awards = state(database, case)
    assert awards.data["month"] == "2026-12"
    found = table(database, awards, "pick", "proposals", now)
    assert {(row["person"], row["rule"]) for row in found} == {
        ("li_na", "extra_deduction"), ("he_jing", "extra_deduction")
    }  # fmt: skip
    ticked = [{**row, "propose": row["person"] == "he_jing"} for row in found]
    awards = press(database, awards, "pick", "done", "zhang_wei", now, proposals=ticked)
    press(database, awards, "confirm", "agree", "zhou_min", now)
    while case_events.apply_pending(database, 100):
        pass
    assert [each.data["person"] for each in begun(database, "ledger_entry")] == ["he_jing"]
