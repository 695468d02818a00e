"""值班台: what is due, what nobody has, what is stuck; and giving work to somebody else at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from jieli.engine.events import CaseCancelled
from jieli.engine.loader import load, read_directory
from jieli.store import definitions, tables
from jieli.store.cases import Request, apply_event
from jieli.store.database import Database
from jieli.store.starts import start_case
from jieli.store.times import business_now, real_now
from tests.integration.web_shop import PIN, Form, Shop, open_shop
from tests.integration.web_tables import MORE, begin
from tests.story import DEFINITIONS

ASKED = {"to": "wang_fang", "reason": "李娜请假", "by": "zhang_wei", "pin": PIN}


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Shop]:
    yield from open_shop(database, tmp_path, MORE)


def count(page: str, view: str) -> int:
    """The number beside a filter."""
    found = re.search(rf">{view} <b[^>]*>(\d+)</b>", page)
    assert found, f"no filter {view}"
    return int(found[1])


def refs(page: str) -> list[str]:
    """The cases of the table, from top to bottom."""
    return re.findall(r'<td><a href="/cases/(A\d+)">', page)


def ticks(page: str) -> list[str]:
    """What can be ticked."""
    return re.findall(r'type="checkbox" name="item" value="([^"]+)"', page)


def board(shop: Shop, **query: str) -> str:
    """The page."""
    answer = shop.staff.get("/board", params=query)
    assert answer.status_code == 200
    return str(answer.text)


# ---- looking -------------------------------------------------------------------------------------


def test_the_next_due_comes_first_and_each_row_leads_to_its_case(shop: Shop) -> None:
    shop.start("held", "no-due-time")
    shop.start("plain", "sooner")
    shop.later(timedelta(minutes=30))
    shop.start("plain", "later")
    page = board(shop)
    assert refs(page) == ["A1002", "A1003", "A1001"]
    assert "3 个案件共 3 个待办" in page and "还剩 1 小时 30 分钟" in page


def test_each_row_leads_to_its_run(shop: Shop) -> None:
    case_id = shop.start("plain")
    with shop.database.write() as connection:
        connection.execute(
            update(tables.case_runs).where(tables.case_runs.c.case_id == case_id)
            .values(run_id="11111111-2222-3333-4444-555555555555")
        )  # fmt: skip
    assert "/v2/runs/flow-run/11111111-2222-3333-4444-555555555555" in board(shop)


def test_late_soon_and_all(shop: Shop) -> None:
    shop.start("plain", "first")
    shop.later(timedelta(hours=1))
    shop.start("plain", "second")
    shop.later(timedelta(hours=1, minutes=30))
    page = board(shop)
    assert [count(page, view) for view in ("全部", "逾期", "2小时内", "卡住")] == [2, 1, 1, 0]
    assert refs(board(shop, view="overdue")) == ["A1001"]
    assert refs(board(shop, view="soon")) == ["A1002"]
    assert "已超时 30 分钟" in page


def test_a_fault_or_a_refused_message_is_stuck(shop: Shop) -> None:
    faulty, unsent = shop.start("plain", "1"), shop.start("plain", "2")
    shop.start("plain", "3")
    with shop.database.write() as connection:
        cases, outbox = tables.cases, tables.outbox
        connection.execute(
            update(cases).where(cases.c.id == faulty)
            .values(fault="KeyError: 坏了", fault_at=business_now(connection))
        )  # fmt: skip
        connection.execute(
            update(outbox).where(outbox.c.case_id == unsent)
            .values(status="rejected", reason="关键词不符")
        )  # fmt: skip
    page = board(shop, view="stuck")
    assert refs(page) == ["A1001", "A1002"] and count(page, "卡住") == 2
    assert "坏了" in page and "关键词不符" in page


def test_work_of_somebody_who_left_is_nobodys(shop: Shop) -> None:
    shop.start("plain", "1")
    begin(shop)
    assert count(board(shop), "无人负责") == 0
    leave(shop, "李娜")
    page = board(shop, view="nobody")
    # Who started the second case owned it; 王芳 was asked too, but nobody answers for it.
    assert refs(page) == ["A1001", "A1002"]


def leave(shop: Shop, name: str) -> None:
    """Somebody leaves: the shop's files say so from now on."""
    files = read_directory(DEFINITIONS)
    sources = {key: text for key, text in files.items() if "shop" in Path(key).parts}
    people = next(key for key in sources if key.endswith("people.yaml"))
    sources[people] = sources[people].replace(f"name: {name}", f"name: {name}\n    active: false")
    with shop.database.write() as connection:
        definitions.publish(connection, load(sources), author="t", reason="", now=real_now())


def test_a_person_sees_what_they_have_and_are_asked_for(shop: Shop) -> None:
    shop.start("plain", "1")
    shop.start("claimed", "2")
    shop.start("pinned", "3")
    assert refs(board(shop, person="wang_fang")) == ["A1002"]
    assert sorted(refs(board(shop, person="li_na"))) == ["A1001", "A1002"]
    assert refs(board(shop, process="pinned")) == ["A1003"]
    loads = re.search(r"<aside.*?</aside>", board(shop), re.DOTALL)
    assert loads and "李娜" in loads[0] and "在班" in loads[0]


@pytest.mark.parametrize("query", ["view=x&start=-1", "person=%3Cb%3E", "process=%22", "start=9e9"])
def test_a_strange_address_is_the_whole_board(shop: Shop, query: str) -> None:
    shop.start("plain", 'x"><script>')
    page = shop.staff.get(f"/board?{query}")
    assert page.status_code == 200 and "<script" not in page.text and "<b>" not in query


def test_looking_changes_nothing(shop: Shop) -> None:
    begin(shop)
    before = shop.dump()
    for path in ("/board", "/ledger", "/roster", "/print", "/print/hand_on", "/imports"):
        assert shop.staff.get(path).status_code == 200
        assert shop.staff.head(path).status_code == 200
    assert shop.dump() == before


@pytest.mark.parametrize("cases", [200, 500])
def test_a_full_morning_fits_one_page(shop: Shop, cases: int) -> None:
    with shop.database.write() as connection:
        for number in range(cases):
            start_case(
                connection, process=("plain", "claimed")[number % 2], source="form", by="li_na",
                data={"order_no": f"20261122{number:08d}"}, now=business_now(connection),
                event_id=f"many:{number}",
            )  # fmt: skip
    answer = shop.staff.get("/board")
    assert len(answer.content) < 300_000
    assert f"{cases} 个案件" in answer.text
    assert len(refs(answer.text)) == min(cases, 400)
    assert ("start=400" in answer.text) == (cases > 400)


# ---- giving to somebody else ---------------------------------------------------------------------


def test_ticked_work_goes_to_somebody_else_and_each_line_says_so(shop: Shop) -> None:
    cases = [shop.start("plain", str(number)) for number in range(3)]
    page = shop.staff.get("/board")
    chosen = ticks(page.text)[:2]
    form = {**Form(page), **ASKED, "item": chosen}
    form.pop("view", None)
    answer = shop.staff.post("/board", data=form)
    assert answer.status_code == 200 and answer.text.count("已改派给王芳") == 2
    assert "2 行中已改派 2 行" in answer.text
    holders = [next(iter(shop.state(case).visits.values())).assignee for case in cases]
    assert sorted(map(str, holders)) == ["None", "wang_fang", "wang_fang"]
    link = shop.link("wang_fang")
    assert shop.public.get(link).status_code == 200
    ref = shop.state(chosen[0].partition(".")[0]).ref
    assert "张伟把“问一问”改派给王芳：李娜请假" in shop.staff.get(f"/cases/{ref}").text


def test_the_same_form_twice_counts_once(shop: Shop) -> None:
    case_id = shop.start("plain")
    page = shop.staff.get("/board")
    form = {**Form(page), **ASKED, "item": ticks(page.text)}
    first, second = (shop.staff.post("/board", data=form) for _ in range(2))
    assert "已改派给王芳" in first.text and "已改派给王芳" in second.text
    assert shop.staff.get(f"/cases/{shop.state(case_id).ref}").text.count("改派给王芳") == 1


def test_work_that_is_done_meanwhile_is_told_and_harms_no_other(shop: Shop) -> None:
    done, other = shop.start("signed", "1"), shop.start("plain", "2")
    page = shop.staff.get("/board")
    visit = next(iter(shop.state(done).visits))
    cancelled = CaseCancelled(reason="重复", by="zhang_wei")
    apply_event(shop.database, Request(done, "t:cancel", cancelled))
    form = {**Form(page), **ASKED, "item": ticks(page.text)}
    answer = shop.staff.post("/board", data=form)
    assert f"{done}.{visit}" in ticks(page.text)
    assert answer.text.count("已改派给王芳") == 1 and answer.text.count("✗") == 1
    assert "2 行中已改派 1 行" in answer.text
    assert next(iter(shop.state(other).visits.values())).assignee == "wang_fang"


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"nonce": "x"}, "页面打开太久了"), ({"item": []}, "请至少勾选一行"),
        ({"to": "nobody"}, "请选择同事"), ({"reason": " "}, "请填写原因"),
        ({"by": "wang_fang"}, "请选择您的姓名"), ({"pin": "1"}, "PIN 不对"),
    ],
)  # fmt: skip
def test_nothing_moves_without_a_supervisors_pin_and_a_reason(
    shop: Shop, wrong: dict[str, object], words: str
) -> None:
    case_id = shop.start("plain")
    page = shop.staff.get("/board")
    form = {**Form(page), **ASKED, "item": ticks(page.text), **wrong}
    answer = shop.staff.post("/board", data=form)
    assert answer.status_code == 422 and words in answer.text
    assert next(iter(shop.state(case_id).visits.values())).assignee is None
    assert PIN not in answer.text


def test_what_was_ticked_and_typed_is_still_there_after_a_mistake(shop: Shop) -> None:
    shop.start("plain")
    page = shop.staff.get("/board")
    form = {**Form(page), **ASKED, "item": ticks(page.text), "pin": "0000"}
    again = shop.staff.post("/board", data=form).text
    assert re.search(r'name="item" value="[^"]+"[^>]* checked', again)
    assert 'value="李娜请假"' in again and re.search(r'value="wang_fang" selected', again)
