"""The reports on the staff pages: what was stored, counted, drawn and downloaded."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from sqlalchemy import insert, select

from jieli.engine.events import (
    CaseCancelled,
    Event,
    RecordEntry,
    TimerFired,
    WorkItemAnswered,
    WorkItemClaimed,
)
from jieli.engine.loader import load, read_directory
from jieli.store import definitions, entries
from jieli.store.case_events import apply_pending
from jieli.store.cases import Applied, Request, apply_event
from jieli.store.database import Database
from jieli.store.replay import stored_state
from jieli.store.reports import catalogue
from jieli.store.reports.asked import ask
from jieli.store.reports.values import Cell, Chart, Report, Series
from jieli.store.starts import start_case
from jieli.store.tables import case_links, imported_rows
from jieli.store.times import advance_clock, real_now
from jieli.texts import catalogue as texts
from jieli.web.charts import svg
from tests.integration.web_shop import Shop, open_shop
from tests.story import DEFINITIONS, at

NOW = at("2026-11-27 09:00")

WORDS = """
process: {process}
title: {title}
case:
  key: [nr]
  title: "{title} {{{{ nr }}}}"
  owner: first
  fields:
    nr: {{label: 编号, required: true}}
{fields}
start: [{{form: {{role: supervisor}}}}, {{case: true}}]
ends: {ends}
steps:
  {step}:
    title: 处理
    who: {{role: after_sales}}
    finish_within: 30d
    clock: wall
    form:
{form}
    buttons:
{buttons}
{finish}
"""


def process(
    name: str, title: str, *, fields: str = "", form: str = "", step: str = "work", **ends: str
) -> str:
    """A small process of that id, whose one step has a button for every end."""
    buttons = "".join(f"      {e}: {{label: {t}, go_to: end_{e}}}\n" for e, t in ends.items())
    if name == "handover_check":
        buttons += "      incomplete: {label: 退回, go_to: work, at_most: 9, then: end_agreed}\n"
    if name == "handover":
        buttons += "      check: {label: 核对, go_to: checks}\n"
    finish = "".join(f"  end_{e}: {{end: {e}}}\n" for e in ends)
    return WORDS.format(
        process=name, title=title, step=step, fields=fields or "    more: {label: 别的}",
        form=form or "      words: {label: 说明}", buttons=buttons, finish=finish,
        ends="{" + ", ".join(f"{e}: {t}" for e, t in ends.items()) + "}",
    )  # fmt: skip


PROCESSES = [
    process("handover", "交接班", step="sign_on", signed="已签", fields="""
    post: {label: 岗位, type: choice, of: {after_sales: 售后, presales: 售前}}
    shift: {label: 班次, type: choice, of: {early: 早班}}
    shift_date: {label: 日期, type: date}
    mode: {label: 怎么交}
    ends_at: {label: 下班, type: datetime}
    next_starts_at: {label: 下一班, type: datetime}""") + """
  checks: {sub_case: {process: handover_check, data: {nr: nr}}, go_to: sign_on}
""",
    process("handover_check", "核对", agreed="核对无误"),
    process("after_sales", "售后", satisfied="客户满意", no_contact="无法联系", fields="""
    kind: {label: 类型, type: choice, of: {quality: 质量问题, late: 到货延迟}}
    round: {label: 轮次, type: number}
    satisfied: {label: 满意, type: choice, of: {"yes": 满意, "no": 不满意}}
    fault: {label: 责任方, type: choice, of: {ours: 我方, courier: 快递}}
    cause: {label: 原因, type: long_text}"""),
    process("bad_review", "中差评", changed="评价已修改", closed="处理完毕", step="check_chat", fields="""
    item: {label: 商品}
    severity: {label: 严重程度, type: choice, of: {severe: 严重, minor: 轻微}}
    progress: {label: 进展, type: choice, of: {changed: 已修改, refused: 拒绝}}
    fault: {label: 责任方, type: choice, of: {ours: 我方}}""",
            form="      cause: {label: 原因}"),
    process("spot_check", "抽查", done="查完", step="check", fields="""
    kind: {label: 什么, type: choice, of: {handover: 交接班记录}}""",
            form="".join(f"      {each}: {{label: {each}, type: choice, of: {{ok: 合格, not_ok: 不合格}}}}\n"
                         for each in ("accurate", "complete", "timely", "procedure"))),
    process("appraisal", "考评", done="评完", step="rate",
            fields="    month: {label: 月份}\n    person: {label: 谁}",
            form="".join(f"      {each}: {{label: {each}, type: number}}\n"
                         for each in ("team", "handover", "satisfaction", "competence"))),
]  # fmt: skip


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Shop]:
    for opened in open_shop(database, tmp_path, language="zh"):
        with database.write() as connection:
            advance_clock(connection, max(NOW - real_now(), timedelta()))
        yield opened


@pytest.fixture
def told(shop: Shop) -> Shop:
    """The shop with small processes of the ids that the reports look for."""
    publish_small(shop)
    return shop


def publish_small(shop: Shop) -> None:
    """Publish them."""
    sources = read_directory(DEFINITIONS)
    files = {name: words for name, words in sources.items() if "shop" in Path(name).parts}
    library = load({**files, **{f"{n}.yaml": words for n, words in enumerate(PROCESSES)}})
    with shop.database.write() as connection:
        definitions.publish(connection, library, author="t", reason="", now=real_now())


class Book:
    """Cases told one after the other, each at its time."""

    def __init__(self, shop: Shop) -> None:
        self.shop, self.count = shop, 0

    def case(self, process: str, opened: str, **data: Any) -> str:
        """A case opened at a local time."""
        self.count += 1
        with self.shop.database.write() as connection:
            return start_case(
                connection, process=process, data={"nr": f"N{self.count}", **data}, source="form",
                by="zhang_wei", now=at(opened), event_id=f"case:{self.count}",
            ).case_id  # fmt: skip

    def begin_sub_cases(self) -> str:
        """What was queued for other cases happens; the id of the case begun last."""
        apply_pending(self.shop.database, 50)
        with self.shop.database.read() as connection:
            return str(connection.scalar(select(case_links.c.child_id)))

    def press(self, case_id: str, when: str, button: str, **answers: Any) -> str:
        """Li Na presses a button of the one live step."""
        (visit,) = self._state(case_id).visits.values()
        event = WorkItemAnswered(visit=visit.id, button=button, answers=answers, by="li_na")
        return self.event(case_id, when, event)

    def late(self, case_id: str) -> str:
        """The step's time is over."""
        (timer,) = [each for each in self._state(case_id).timers.values() if each.kind == "late"]
        event = TimerFired(timer=timer.id, at=timer.at)
        self.count += 1
        assert isinstance(apply_event(
            self.shop.database, Request(case_id, f"e{self.count}", event), timer.at), Applied
        )  # fmt: skip
        return case_id

    def event(self, case_id: str, when: str, event: Event) -> str:
        """Something happens to a case."""
        self.count += 1
        request = Request(case_id, f"e{self.count}", event)
        assert isinstance(apply_event(self.shop.database, request, at(when)), Applied)
        return case_id

    def _state(self, case_id: str) -> Any:
        with self.shop.database.read() as connection:
            return stored_state(connection, case_id)


def report(shop: Shop, name: str, month: str = "2026-11", now: datetime = NOW) -> Report:
    with shop.database.read() as connection:
        return catalogue.REPORTS[name](ask(connection, now, month))


def table(found: Report, title: str) -> dict[str, tuple[Cell, ...]]:
    """A table's rows by their first cell, with the total."""
    (one,) = [each for each in found.tables if each.title == title]
    rows = {str(row[0]): row[1:] for row in one.rows}
    return rows | ({"合计": one.total[1:]} if one.total else {})


def series(found: Report) -> dict[str, dict[str, float | None]]:
    (chart,) = found.charts
    return {each.label: dict(zip(chart.labels, each.values, strict=True)) for each in chart.series}


# ---- numbers -------------------------------------------------------------------------------------


def test_handovers_on_time_complete_and_unsigned_by_post_and_week(told: Shop) -> None:
    book = Book(told)
    words = {"shift": "early", "post": "after_sales"}
    good = book.case("handover", "2026-11-10 17:00", shift_date="2026-11-10", **words)
    book.press(good, "2026-11-10 17:30", "signed")
    returned = book.case("handover", "2026-11-17 17:00", shift_date="2026-11-17", **words)
    book.press(returned, "2026-11-17 17:05", "check")
    check = book.begin_sub_cases()
    book.press(check, "2026-11-17 17:10", "incomplete")
    book.press(check, "2026-11-17 17:12", "agreed")
    book.begin_sub_cases()
    book.press(returned, "2026-11-17 17:20", "signed")
    late = book.late(book.case("handover", "2026-10-20 17:00", shift_date="2026-10-20", **words))
    book.press(late, "2026-11-20 18:00", "signed")
    ends = at("2026-11-18 17:30").isoformat()
    book.case("handover", "2026-11-18 17:00", shift_date="2026-11-18", ends_at=ends, post="presales")
    running = at("2026-11-27 17:30").isoformat()
    book.case("handover", "2026-11-27 08:59", shift_date="2026-11-27", ends_at=running, **words)
    gone = book.case("handover", "2026-11-19 17:00", shift_date="2026-11-19", **words)
    book.event(gone, "2026-11-19 18:00", CaseCancelled(by="zhang_wei", reason="试的"))

    november = report(told, "handovers")
    assert table(november, "按岗位") == {
        "售前": (1, 0, 0, None, 0, None, 1),
        "售后": (4, 2, 2, 1.0, 1, 0.5, 1),
        "合计": (5, 2, 2, 1.0, 1, 0.5, 2),
    }
    assert table(november, "按周（周一开始）")["2026-11-16"] == (3, 1, 1, 1.0, 0, 0.0, 2)
    assert [row[3] for row in november.tables[2].rows] == [date(2026, 11, 18), date(2026, 11, 19)]
    assert series(november)["未签"] == {"11/9": 0, "11/16": 2, "11/23": 0}
    october = report(told, "handovers", "2026-10")
    assert table(october, "按岗位")["售后"] == (1, 1, 0, 0.0, 1, 1.0, 0)
    assert series(october)["已签，超时"] == {"10/19": 1}


def test_open_work_that_nobody_holds(told: Shop) -> None:
    book = Book(told)
    book.case("after_sales", "2026-11-26 09:00")
    held = book.case("after_sales", "2026-11-26 10:00")
    (visit,) = book._state(held).visits.values()
    book.event(held, "2026-11-26 10:05", WorkItemClaimed(visit=visit.id, by="li_na"))
    found = report(told, "unowned")
    assert table(found, "按流程") == {"售后": (2, 1, 1, 0, 0), "合计": (2, 1, 1, 0, 0)}
    (row,) = found.tables[1].rows
    assert row[1:4] == ("售后 N1", "处理", "没人领")
    assert series(found)["没人领"] == {"售后": 1}
    overdue = report(told, "unowned", now=NOW + timedelta(days=40))
    assert table(overdue, "按流程")["合计"][4] == 2


def test_the_age_of_open_after_sales_cases(told: Shop) -> None:
    book = Book(told)
    for opened, kind in (("2026-11-26 10:00", "quality"), ("2026-11-24 10:00", "quality"),
                         ("2026-11-05 10:00", "late"), ("2026-11-01 10:00", None)):  # fmt: skip
        book.case("after_sales", opened, **({"kind": kind} if kind else {}))
    done = book.case("after_sales", "2026-11-02 10:00", kind="late")
    book.press(done, "2026-11-03 10:00", "satisfied")
    found = report(told, "ageing")
    assert table(found, "按类型和账龄") == {
        "质量问题": (1, 1, 0, 0, 0, 2), "到货延迟": (0, 0, 0, 0, 1, 1), "没有分类": (0, 0, 0, 0, 1, 1),
        "合计": (1, 1, 0, 0, 2, 4),
    }  # fmt: skip
    assert [row[4] for row in found.tables[1].rows] == [25, 21, 2, 0]


def test_rounds_and_satisfaction_of_the_month(told: Shop) -> None:
    book = Book(told)
    for rounds, said, ends in ((None, "yes", "satisfied"), (3, "no", "no_contact"),
                               (1, None, "no_contact"), (6, "yes", "satisfied")):  # fmt: skip
        data = {"kind": "quality", **({"round": rounds} if rounds else {}),
                **({"satisfied": said} if said else {})}  # fmt: skip
        case_id = book.case("after_sales", "2026-11-02 10:00", **data)
        book.press(case_id, "2026-11-04 10:00", ends)
    earlier = book.case("after_sales", "2026-10-02 10:00", kind="late")
    book.press(earlier, "2026-10-04 10:00", "satisfied")
    found = report(told, "rounds")
    assert table(found, "按类型") == {
        "质量问题": (4, 2.8, 0.5, 2, 1, 1, pytest.approx(2 / 3), 2.0),
        "合计": (4, 2.8, 0.5, 2, 1, 1, pytest.approx(2 / 3), 2.0),
    }
    assert series(found)["案件"] == {"1 轮": 2, "2 轮": 0, "3 轮": 1, "4 轮以上": 1}
    assert table(found, "按结果") == {"客户满意": (2, 0.5), "无法联系": (2, 0.5)}


def test_refund_and_dispute_rates_of_the_imported_figures(told: Shop) -> None:
    rows = [
        {"day": "2026-11-01", "orders": 100, "refunds": 4, "disputes": 1},
        {"day": "2026-11-02", "orders": "50", "refunds": "1", "disputes": None},
        {"day": "2026-11-03", "orders": 0, "refunds": 0, "disputes": 0},
        {"day": "2026-10-31", "orders": 9, "refunds": 9, "disputes": 9},
        {"day": "soon", "orders": 9},
    ]
    with told.database.write() as connection:
        for number, row in enumerate(rows):
            connection.execute(
                insert(imported_rows).values(
                    list="shop_figures", key=str(number), data=row, imported_at=NOW
                )
            )
    found = report(told, "rates")
    assert table(found, "按天") == {
        "2026-11-01": (100, 4, 1, 0.04, 0.01), "2026-11-02": (50, 1, 0, 0.02, 0.0),
        "2026-11-03": (0, 0, 0, None, None),
        "合计": (150, 5, 1, pytest.approx(1 / 30), pytest.approx(1 / 150)),
    }  # fmt: skip
    assert series(found)["退款率"] == {"11/1": 0.04, "11/2": 0.02, "11/3": None}


def test_bad_reviews_by_state_result_and_severity(told: Shop) -> None:
    book = Book(told)
    won = book.case("bad_review", "2026-11-05 09:00", severity="severe", progress="changed")
    book.press(won, "2026-11-06 09:00", "changed", cause="杯盖漏水")
    book.case("bad_review", "2026-11-05 09:00", severity="minor", progress="refused")
    book.case("bad_review", "2026-11-25 09:00", severity="minor")
    found = report(told, "reviews")
    assert table(found, "进展情况")["已修改"] == (1, 0, 1, pytest.approx(1 / 3))
    assert table(found, "进展情况")["还没有"][2] == 1
    assert table(found, "结果")["处理中"] == (0, 2, 2, pytest.approx(2 / 3))
    assert table(found, "处理中的在等") == {"处理": (2,)}
    assert series(found)["轻微"]["处理中"] == 2


def test_frequent_problems_with_the_month_before(told: Shop) -> None:
    book = Book(told)
    for opened, kind, cause in (
        ("2026-11-05 09:00", "late", "快递  爆仓"), ("2026-11-06 09:00", "late", "快递 爆仓"),
        ("2026-11-07 09:00", "quality", "裂纹"), ("2026-10-07 09:00", "late", "下雪"),
    ):  # fmt: skip
        book.case("after_sales", opened, kind=kind, cause=cause, fault="courier")
    review = book.case("bad_review", "2026-11-05 09:00", item="保温杯", fault="ours")
    book.press(review, "2026-11-06 09:00", "closed", cause="杯盖漏水")
    found = report(told, "frequent")
    assert table(found, "售后类型") == {
        "到货延迟": (2, pytest.approx(2 / 3), 1, 1), "质量问题": (1, pytest.approx(1 / 3), 0, 1)
    }  # fmt: skip
    assert table(found, "责任方") == {"快递": (3, 0.75, 1, 2), "我方": (1, 0.25, 0, 1)}
    assert table(found, "售后原因")["快递 爆仓"][0] == 2
    assert table(found, "中差评原因") == {"杯盖漏水": (1, 1.0, 0, 1)}


def test_audit_indices_over_months(told: Shop) -> None:
    book = Book(told)
    for when, complete in (("2026-11-03", "ok"), ("2026-11-04", "not_ok"), ("2026-09-04", "not_ok")):
        case_id = book.case("spot_check", f"{when} 09:00", kind="handover")
        marks = {"accurate": "ok", "timely": "ok", "procedure": "ok", "complete": complete}
        book.press(case_id, f"{when} 10:00", "done", **marks)
    found = report(told, "audits")
    months = table(found, "按月")
    assert list(months) == ["2026-06", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11", "合计"]
    assert months["2026-11"] == (2, 1.0, 0.5, 1.0, 1.0, 0.5)
    assert months["2026-10"] == (0, None, None, None, None, None)
    assert table(found, "本月按记录种类") == {"交接班记录": (2, 1.0, 0.5, 1.0, 1.0, 0.5)}
    assert series(found)["完整"]["2026-09"] == 0.0


def recorded(book: Book, rule: str, person: str, when: str) -> None:
    """A confirmed entry, as the write path keeps it."""
    case_id = book.case("after_sales", when)
    effect = RecordEntry(
        key=case_id, rule=rule, person=person, reason="属实", evidence="A1001", happened_at=at(when)
    )
    with book.shop.database.write() as connection:
        context_id, context = definitions.current_context(connection)
        entries.record(
            connection, [(case_id, effect)], context_id=context_id, context=context, recorded_at=NOW
        )


def test_appraisal_and_ledger_by_person(told: Shop) -> None:
    book = Book(told)
    for rule, when in (("games", "2026-11-02 10:00"), ("missed_meeting", "2026-11-03 10:00"),
                       ("exam_full", "2026-11-04 10:00"), ("games", "2026-10-31 23:59")):  # fmt: skip
        recorded(book, rule, "li_na", when)
    for person, marks in (("li_na", (20, 10, 20, 10)), ("wang_fang", (30, 20, 25, 15))):
        case_id = book.case("appraisal", "2026-11-26 09:00", month="2026-11", person=person)
        parts = ("team", "handover", "satisfaction", "competence")
        book.press(case_id, "2026-11-26 10:00", "done", **dict(zip(parts, marks, strict=True)))
    found = report(told, "people")
    assert table(found, "按人") == {
        "王芳": (90, 0, 90, pytest.approx(2 / 3), 0, 0, 0, 0, 0),
        "李娜": (60, -15, 45, pytest.approx(1 / 3), 1, 0, 2, 0, 0),
    }  # fmt: skip
    assert table(found, "按轻重")["合计"] == (3, -15)
    proposed = {(row[0], row[1]) for row in found.tables[3].rows}
    assert ("李娜", "当月中度两条或轻度四条以上，追加扣分") in proposed
    assert ("李娜", "考核分不达 60 分") in proposed
    assert "部门基金余额" not in [each.title for each in found.tables]


def test_money_and_the_fund_are_shown_only_where_the_shop_turns_money_on(told: Shop) -> None:
    book = Book(told)
    recorded(book, "games", "li_na", "2026-11-01 10:00")
    sources = read_directory(DEFINITIONS)
    files = {
        name: words.replace("\n  money: false", "\n  money: true")
        for name, words in sources.items() if "shop" in Path(name).parts
    }  # fmt: skip
    with told.database.write() as connection:
        definitions.publish(connection, load(files), author="t", reason="", now=real_now())
    recorded(book, "games", "li_na", "2026-11-02 10:00")
    found = report(told, "people")
    # The second time is double (004 第三篇 七); the first was confirmed while money was off.
    assert table(found, "部门基金余额") == {"2026-11": (100.0,), "合计": (100.0,)}
    assert table(found, "按人")["李娜"][-1] == -100.0


# ---- pages and files -----------------------------------------------------------------------------


def test_every_report_works_before_its_processes_are_published(shop: Shop) -> None:
    assert shop.staff.get("/reports").headers["location"] == "/reports/handovers"
    for name, title in catalogue.titles():
        page = shop.staff.get(f"/reports/{name}")
        assert page.status_code == 200 and f"<h1>{title}" in page.text
        assert report(shop, name).title == title
        assert "这里没有" in page.text and "<svg" not in page.text
        for file in ("workbook.xlsx", "table-0.csv"):
            assert shop.staff.get(f"/reports/{name}/{file}").status_code == 200


def test_a_page_names_its_month_and_strange_addresses_are_harmless(told: Shop) -> None:
    book = Book(told)
    book.press(book.case("handover", "2026-10-05 09:00", post="presales"), "2026-10-05 10:00", "signed")
    page = told.staff.get("/reports/handovers", params={"month": "2026-10"}).text
    assert "<option selected>2026-10</option>" in page and "售前" in page
    assert re.search(r'href="/reports/handovers/workbook\.xlsx\?month=2026-10"', page)
    for month in ("2026-13", "' OR 1=1", "99999-01", "2020-01-01"):
        assert told.staff.get("/reports/handovers", params={"month": month}).status_code == 200
    for path in ("/reports/nothing", "/reports/handovers/table-9.csv", "/reports/x/workbook.xlsx"):
        assert told.staff.get(path).status_code == 404


def test_a_case_in_a_report_is_a_link(told: Shop) -> None:
    Book(told).case("after_sales", "2026-11-26 09:00")
    page = told.staff.get("/reports/unowned").text
    (ref,) = re.findall(r'<a href="/cases/(A\d+)">', page)
    assert told.staff.get(f"/cases/{ref}").status_code == 200


def test_a_csv_opens_in_excel_and_runs_nothing(told: Shop) -> None:
    Book(told).case("after_sales", "2026-11-05 09:00", kind="late", cause="=HYPERLINK(1)")
    answer = told.staff.get("/reports/frequent/table-2.csv", params={"month": "2026-11"})
    assert answer.content.startswith(b"\xef\xbb\xbf")
    assert "filename*=UTF-8''" in answer.headers["content-disposition"]
    head, row = csv.reader(StringIO(answer.content.decode("utf-8-sig")))
    assert head[:2] == ["问题", "本月"]
    assert row == ["'=HYPERLINK(1)", "1", "1", "0", "1"]


def test_a_workbook_has_every_table_and_the_charts(told: Shop) -> None:
    Book(told).case("after_sales", "2026-11-05 09:00", kind="late", cause="=HYPERLINK(1)")
    answer = told.staff.get("/reports/frequent/workbook.xlsx", params={"month": "2026-11"})
    book = openpyxl.load_workbook(BytesIO(answer.content))
    assert book.sheetnames[0] == "售后类型" and len(book.sheetnames) == 6
    causes = book["售后原因"]
    assert causes["A2"].value == "=HYPERLINK(1)" and causes["A2"].data_type == "s"
    assert causes["C2"].number_format == "0.0%"
    drawn = book[book.sheetnames[-1]]
    assert [cell.value for cell in drawn[1]] == [None, "本月", "上个月"]
    assert len(drawn._charts) == 1


# ---- charts --------------------------------------------------------------------------------------


def chart(kind: Any, *values: tuple[float | None, ...], share: bool = False) -> str:
    shown = tuple(Series(f"<{n}>", each) for n, each in enumerate(values))
    labels = tuple(f"L{n}" for n in range(len(values[0])))
    return str(svg(Chart(title="图", kind=kind, labels=labels, series=shown, share=share)))


def test_series_differ_by_more_than_colour() -> None:
    stacked = chart("stacked", (1, 2), (3, 0), (1, 1))
    assert len(set(re.findall(r'<rect [^>]*fill="(url\(#p0-\d\))"', stacked))) == 3
    assert len(set(re.findall(r"<pattern[^>]*>(.*?)</pattern>", re.sub("#[0-9a-f]{6}", "", stacked)))) == 4
    lines = chart("lines", (0.1, None, 0.2), (0.3, 0.2, 0.1), share=True)
    assert len(set(re.findall(r'stroke-dasharray="([^"]*)"', lines))) == 2
    assert "<circle" in lines and "<rect" in lines


def test_what_is_drawn_is_escaped_and_says_what_it_is() -> None:
    drawn = chart("bars", (1, 2), (3, 4))
    assert "&lt;0&gt;" in drawn and "<0>" not in drawn
    assert 'role="img"' in drawn and 'aria-label="图：' in drawn


def test_minus_points_go_to_the_left() -> None:
    drawn = chart("bars", (-10, 5))
    (minus, plus) = re.findall(r'<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="16"', drawn)
    assert float(minus[0]) + float(minus[1]) == pytest.approx(float(plus[0]), abs=0.2)
    assert ">-10</text>" in drawn and ">5</text>" in drawn


def test_nothing_is_drawn_of_nothing() -> None:
    assert chart("bars", (0, 0)) == "" and chart("lines", (None, None)) == ""
    assert str(svg(Chart(title="图", kind="bars", labels=(), series=()))) == ""


# ---- what holds them to the rest -----------------------------------------------------------------


def test_the_shipped_processes_have_what_the_reports_look_for() -> None:
    shipped = load(read_directory(DEFINITIONS)).processes
    handover, after_sales = shipped["handover"], shipped["after_sales"]
    assert {"post", "shift", "shift_date", "ends_at"} <= set(handover.case.fields)
    assert {"mode", "next_starts_at"} <= set(handover.case.fields)
    assert "signed" in getattr(handover.steps["sign_on"], "buttons", {})
    checks = shipped["handover_check"].steps.values()
    assert any("incomplete" in getattr(step, "buttons", {}) for step in checks)
    assert {"month", "person", "score"} <= set(shipped["appraisal"].case.fields)
    assert "shop_figures" in load(read_directory(DEFINITIONS)).context.imports
    assert {"kind", "round", "satisfied", "fault", "cause"} <= set(after_sales.case.fields)
    assert {"severity", "progress", "handling", "fault"} <= set(shipped["bad_review"].case.fields)
    marks = {"accurate", "complete", "timely", "procedure"}
    assert marks <= set(getattr(shipped["spot_check"].steps["check"], "form", {}))


def test_every_message_of_the_reports_is_there_in_chinese() -> None:
    root = Path(catalogue.__file__).parents[2]
    files = [*(root / "store" / "reports").glob("*.py"), *(root / "web").glob("report*.py"),
             root / "web" / "charts.py", root / "web" / "templates" / "report.html"]  # fmt: skip
    said = {
        found for file in files
        for found in re.findall(r'text\(\s*"([^"]+)"\s*[,)]', file.read_text("utf-8"))
    }  # fmt: skip
    assert len(said) > 90
    assert not said - set(texts())


def test_what_is_personal_is_marked(told: Shop) -> None:
    """Names of people and words that people wrote stand in columns that never leave our pages."""
    book = Book(told)
    recorded(book, "games", "li_na", "2026-11-02 10:00")
    book.case("after_sales", "2026-11-05 09:00", kind="late", cause="王女士的杯子")
    for name in catalogue.REPORTS:
        for each in report(told, name).tables:
            open_columns = [] if each.personal else [
                n for n, column in enumerate(each.columns) if not column.personal
            ]  # fmt: skip
            shown = {str(row[n]) for row in each.rows for n in open_columns}
            assert not shown & {"李娜", "li_na", "王女士的杯子"}, each.title
