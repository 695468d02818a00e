"""The reports in Prefect: every morning's artifacts, with numbers and ids only."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from prefect.client.orchestration import get_client
from prefect.testing.utilities import prefect_test_harness

from flows.reports import reports
from jieli.store.database import Database
from jieli.store.reports import catalogue
from jieli.store.reports.asked import ask
from jieli.store.reports.values import Column, Report, Table
from jieli.store.times import advance_clock, real_now
from tasks.reporting import as_markdown
from tasks.resources import resources
from tests.integration.test_web_reports import NOW, Book, publish_small, recorded
from tests.integration.web_shop import Shop, open_shop

PRIVATE = ("李娜", "王芳", "li_na", "王女士", "杯盖漏水", "保温杯")


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Shop]:
    for opened in open_shop(database, tmp_path):
        with database.write() as connection:
            advance_clock(connection, max(NOW - real_now(), timedelta()))
        publish_small(opened)
        yield opened


def filled(shop: Shop) -> None:
    """Something in every report, with names and words in it that are nobody else's business."""
    book = Book(shop)
    recorded(book, "games", "li_na", "2026-11-02 10:00")
    book.case("after_sales", "2026-11-05 09:00", kind="late", cause="王女士的杯子")
    review = book.case("bad_review", "2026-11-05 09:00", severity="minor", item="保温杯")
    book.press(review, "2026-11-06 09:00", "closed", cause="杯盖漏水")
    signed = book.case("handover", "2026-11-10 17:00", post="after_sales", shift_date="2026-11-10")
    book.press(signed, "2026-11-10 17:30", "signed")
    rating = book.case("appraisal", "2026-11-26 09:00", month="2026-11", person="wang_fang")
    book.press(rating, "2026-11-26 10:00", "done", team_task=20)


def test_what_goes_to_prefect_has_no_personal_data(shop: Shop) -> None:
    filled(shop)
    with shop.database.read() as connection:
        asked = ask(connection, NOW, "2026-11")
        told = {name: as_markdown(make(asked), asked.zone) for name, make in catalogue.REPORTS.items()}
    for name, words in told.items():
        assert not [each for each in PRIVATE if each in words], name
        assert words.startswith("# "), name
    assert "| 售后 | 1 | 1 | 1 | 100.0% |" in told["handovers"]
    assert "| 合计 | 1 | -10 |" in told["people"]


def test_a_long_table_is_cut_and_says_so() -> None:
    rows = tuple((f"A{number}", number) for number in range(80))
    columns = (Column("编号", "case"), Column("a|b"))
    table = Table(title="长", columns=columns, rows=rows, total=("合计", 80))
    words = as_markdown(Report(name="x", title="x", about="", tables=(table,)), NOW.tzinfo)  # type: ignore[arg-type]
    assert "a\\|b" in words and "| A49 |" in words and "| A50 |" not in words
    assert "| 合计 | 80 |" in words and "只列前 50 条" in words


def test_the_flow_writes_an_artifact_for_every_report(
    shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(shop)
    url = shop.database.url.render_as_string(hide_password=False)
    monkeypatch.setenv("JIELI_DATABASE_URL", url)
    monkeypatch.setenv("JIELI_DATA_DIR", str(tmp_path))
    resources.cache_clear()
    try:
        with prefect_test_harness(server_startup_timeout=60):
            state = asyncio.run(reports(return_state=True))  # type: ignore[arg-type]
            written = asyncio.run(_artifacts())
    finally:
        resources().database.dispose()
        resources.cache_clear()
    assert state.is_completed(), state.message
    assert set(written) == {f"report-{name}" for name in catalogue.REPORTS}
    assert not [each for each in PRIVATE if each in "".join(written.values())]


async def _artifacts() -> dict[str, str]:
    async with get_client() as client:
        return {str(each.key): str(each.data) for each in await client.read_artifacts()}
