"""台账 on the staff pages and in 我的待办, the roster, and that nobody sees what is not theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jieli.engine.context import Context
from jieli.engine.events import RecordEntry
from jieli.engine.loader import load, read_directory
from jieli.store import definitions, entries
from jieli.store.database import Database
from jieli.store.times import real_now
from tests.integration.web_shop import PIN, Form, Shop, open_shop
from tests.story import DEFINITIONS

RULE = "careless_form"
LEDGER = """
ledger:
  money: {money}
  rules:
    careless_form: {{label: 表单没有认真填, source: "004 第五篇", points: -5, money: -30, level: minor}}
    good_idea: {{label: 建议被采纳, source: "004 第五篇", points: 5, money: 20, level: reward}}
"""
PROPOSED = """
process: ledger_entry
title: 台账登记
case:
  key: [rule, person]
  title: 台账
  fields:
    rule: {label: 哪一条, type: ledger_rule, required: true}
    person: {label: 谁, type: person}
    reason: {label: 发生了什么, type: long_text}
start: [{form: {role: supervisor}}]
ends: {ok: 完成}
steps:
  hear: {title: 请本人说明, who: {people: person}, buttons: {ok: {label: 无异议, go_to: finished}}}
  finished: {title: 结束, end: ok}
"""


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Shop]:
    yield from open_shop(database, tmp_path)


def publish(shop: Shop, *, money: bool = False) -> None:
    """The shop with a small ledger of its own."""
    files = read_directory(DEFINITIONS)
    sources = {
        key: text for key, text in files.items() if "shop" in Path(key).parts
        and not text.lstrip("# \n").startswith("ledger") and "\nledger:" not in text
    }  # fmt: skip
    own = {"ledger.yaml": LEDGER.format(money=str(money).lower()), "ledger_entry.yaml": PROPOSED}
    with shop.database.write() as connection:
        library = load({**sources, **own})
        definitions.publish(connection, library, author="t", reason="", now=real_now())


def record(shop: Shop, person: str, rule: str = RULE, reason: str = "交接表少填了承诺") -> None:
    """A confirmed entry."""
    case_id = shop.start("plain", f"{person}{rule}{reason}")
    with shop.database.write() as connection:
        context_id, context = definitions.current_context(connection)
        effect = RecordEntry(
            key=f"{person}:{rule}:{reason}", rule=rule, person=person, reason=reason,
            evidence=shop_ref(connection, case_id), happened_at=shop.now(), by="zhang_wei",
        )  # fmt: skip
        entries.record(
            connection, [(case_id, effect)], context_id=context_id,
            context=Context.model_validate(context), recorded_at=real_now(),
        )  # fmt: skip


def shop_ref(connection: object, case_id: str) -> str:
    from jieli.store.replay import stored_state

    return stored_state(connection, case_id).ref  # type: ignore[arg-type]


def log_in(shop: Shop, person: str = "li_na") -> None:
    answer = shop.public.post("/me", data={"person": person, "pin": PIN})
    assert answer.status_code == 303


# ---- staff ---------------------------------------------------------------------------------------


def test_the_month_by_person_with_its_evidence(shop: Shop) -> None:
    publish(shop)
    record(shop, "li_na")
    record(shop, "li_na", "good_idea", "改了留言模板")
    record(shop, "wang_fang")
    page = shop.staff.get("/ledger").text
    assert "李娜" in page and "表单没有认真填" in page and "改了留言模板" in page
    assert '<a href="/cases/A1001">A1001</a>' in page and "张伟" in page
    only = shop.staff.get("/ledger", params={"person": "wang_fang"}).text
    assert "改了留言模板" not in only and "交接表少填了承诺" in only
    before = shop.staff.get("/ledger", params={"month": "2024-01"}).text
    assert "这个月没有记录" in before and "交接表少填了承诺" not in before


@pytest.mark.parametrize("money", [False, True])
def test_money_is_shown_only_where_the_shop_has_it_on(shop: Shop, money: bool) -> None:
    publish(shop, money=money)
    record(shop, "li_na")
    log_in(shop)
    for page in (shop.staff.get("/ledger").text, shop.public.get("/me/ledger").text):
        assert ("¥30.00" in page) == money and ("部门基金余额" in page) == money
        assert "-5" in page


def test_open_proposals_lead_to_their_case(shop: Shop) -> None:
    publish(shop)
    start_proposal(shop, "li_na")
    page = shop.staff.get("/ledger").text
    assert "迟交交接表" in page and "请本人说明" in page and 'href="/cases/A1001"' in page


def start_proposal(shop: Shop, person: str) -> None:
    """A proposal as a timer makes it, with its rule chosen from the ledger's list."""
    form = Form(shop.staff.get("/start/ledger_entry"))
    form |= {"person": "zhang_wei", "f.rule": RULE, "f.person": person, "f.reason": "迟交交接表"}
    answer = shop.staff.post("/start/ledger_entry", data={**form, "do": "start"})
    assert answer.status_code == 303, answer.text


@pytest.mark.parametrize("query", ["month=2026-13", "month=x&person=%3Cscript%3E", "person=nobody"])
def test_a_strange_address_is_this_month(shop: Shop, query: str) -> None:
    page = shop.staff.get(f"/ledger?{query}")
    assert page.status_code == 200 and "<script" not in page.text


# ---- one's own -----------------------------------------------------------------------------------


def test_one_sees_ones_own_entries_behind_the_pin_and_how_to_answer(shop: Shop) -> None:
    publish(shop)
    record(shop, "li_na")
    record(shop, "wang_fang", reason="王芳的事")
    start_proposal(shop, "li_na")
    asked = shop.public.get("/me/ledger")
    assert 'type="password"' in asked.text and "交接表少填了承诺" not in asked.text
    log_in(shop)
    page = shop.public.get("/me/ledger").text
    assert "交接表少填了承诺" in page and "王芳的事" not in page
    assert "迟交交接表" in page and "申诉" in page and "3 天内" in page
    assert "/cases/" not in page, "the staff pages are not reachable from outside"


def test_text_from_outside_stays_text(shop: Shop) -> None:
    publish(shop)
    record(shop, "li_na", reason="<script>alert(1)</script>")
    log_in(shop)
    for page in (shop.staff.get("/ledger").text, shop.public.get("/me/ledger").text):
        assert "<script" not in page and "&lt;script&gt;" in page


# ---- the roster ----------------------------------------------------------------------------------


def test_the_week_shows_who_works_and_where_too_few_do(shop: Shop) -> None:
    page = shop.staff.get("/roster", params={"week": "2026-11-25"}).text
    assert "2026-11-23 – 2026-11-29" in page and "周一 11/23" in page
    assert "李娜" in page and "早班" in page
    assert 'href="/roster?week=2026-11-16"' in page and 'href="/roster?week=2026-11-30"' in page


def test_a_thin_shift_is_said_in_words(shop: Shop) -> None:
    files = read_directory(DEFINITIONS)
    sources = {key: text for key, text in files.items() if "shop" in Path(key).parts}
    roster = next(key for key in sources if key.endswith("roster.yaml"))
    people = next(key for key in sources if key.endswith("people.yaml"))
    sources[people] = sources[people].replace("name: 李娜", "name: 李娜\n    active: false")
    assert "least" in sources[roster]
    with shop.database.write() as connection:
        definitions.publish(connection, load(sources), author="t", reason="", now=real_now())
    page = shop.staff.get("/roster").text
    assert "! 无人" in page or "! 只有" in page
    assert "处人手不够" in page


@pytest.mark.parametrize("week", ["x", "2026-02-30", "9999-12-31", "0001-01-01", "2026-11-25' --"])
def test_a_strange_week_is_a_week(shop: Shop, week: str) -> None:
    assert shop.staff.get("/roster", params={"week": week}).status_code == 200
