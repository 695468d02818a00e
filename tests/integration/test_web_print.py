"""Blank forms to print for an outage."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from jieli.engine.definition import HumanStep
from jieli.store import definitions
from jieli.store.database import Database
from jieli.web.pages import STATIC
from tests.integration.web_shop import Shop, open_shop
from tests.integration.web_tables import MORE, begin


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Shop]:
    yield from open_shop(database, tmp_path, MORE)


def test_every_human_step_is_on_paper_with_what_it_asks(shop: Shop) -> None:
    page = shop.staff.get("/print/hand_on").text
    with shop.database.read() as connection:
        process = definitions.latest_definitions(connection)["hand_on"].process
    for step in process.steps.values():
        if isinstance(step, HumanStep):
            assert step.title in page
            for field in step.form.values():
                assert field.label in page
            for button in step.buttons.values():
                assert f"☐ {button.label}" in page
    assert "☐ 紧急" in page and "签字" in page and "售后客服" in page


def test_a_table_has_ten_rows_to_write_in_or_as_many_as_asked_for(shop: Shop) -> None:
    for query, rows in (("", 10), ("?rows=3", 3), ("?rows=9999", 30), ("?rows=-1", 1)):
        page = shop.staff.get(f"/print/hand_on{query}").text
        assert page.count('<div class="paper-row">') == 2 * rows, query


def test_paper_knows_no_case_and_shows_no_template(shop: Shop) -> None:
    begin(shop, "77889900")
    page = shop.staff.get("/print/hand_on").text
    assert "77889900" not in page and "听力不好" not in page
    assert "{{" not in page and "这一份是 ______ 的" in page


def test_the_list_of_forms_is_found_from_the_start_page(shop: Shop) -> None:
    assert 'href="/print"' in shop.staff.get("/start").text
    page = shop.staff.get("/print").text
    assert 'href="/print/hand_on"' in page and 'href="/print/event"' not in page
    assert shop.staff.get("/print/nothing").status_code == 404
    assert shop.public.get("/print").status_code == 404


def test_it_is_made_for_a4() -> None:
    style = (STATIC / "jieli.css").read_text(encoding="utf-8")
    assert "@page{size:A4" in style and "@media print" in style
