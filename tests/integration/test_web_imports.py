"""导入: a file is looked through first, told line by line, and taken in once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from jieli.store import imports, queries
from jieli.store.database import Database
from jieli.store.queries import CaseFilter
from tests.integration.web_shop import Form, Shop, open_shop
from tests.integration.web_tables import MORE

LISTS = """
imports:
  late_parcels:
    label: 迟到的包裹
    key: [parcel_no]
    columns:
      parcel_no: {label: 运单号, required: true}
      days: {label: 迟了几天, type: number, min: 1}
"""
GOOD = "运单号,迟了几天\nSF1,2\nSF2,3\n"


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Shop]:
    yield from open_shop(database, tmp_path, {**MORE, "imports.yaml": LISTS})


def upload(
    shop: Shop, content: bytes, target: str = "list:late_parcels", **said: str
) -> httpx.Response:
    """What a browser sends when a file is chosen and checked."""
    form = {**Form(shop.staff.get("/imports")), "target": target, "by": "zhang_wei", "do": "check"}
    form = {**form, **said}
    form.pop("file", None)
    files = {"file": ("包裹.csv", content, "text/csv")}
    answer: httpx.Response = shop.staff.post("/imports", data=form, files=files)
    return answer


def confirm(shop: Shop, checked: httpx.Response) -> httpx.Response:
    """The button under what would happen."""
    form = {**Form(checked), "do": "import"}
    # Multipart, as the page says, though there is no file in it.
    files = {key: (None, value) for key, value in form.items()}
    answer: httpx.Response = shop.staff.post("/imports", files=files)
    return answer


def rows(shop: Shop) -> list[str]:
    with shop.database.read() as connection:
        return sorted(row.key for row in imports.rows(connection, "late_parcels"))


def test_the_file_is_looked_through_first_and_then_taken_in(shop: Shop) -> None:
    checked = upload(shop, GOOD.encode())
    assert (
        checked.status_code == 200 and "还没有导入" in checked.text and "新增 2 行" in checked.text
    )
    assert rows(shop) == []
    done = confirm(shop, checked)
    assert "已导入：新增 2 行" in done.text and rows(shop) == ["SF1", "SF2"]
    again = confirm(shop, checked)
    assert "不变 2 行" in again.text and rows(shop) == ["SF1", "SF2"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_what_a_spreadsheet_writes_can_be_read(shop: Shop, encoding: str) -> None:
    checked = upload(shop, GOOD.replace("\n", "\r\n").encode(encoding))
    assert "新增 2 行" in checked.text
    confirm(shop, checked)
    assert rows(shop) == ["SF1", "SF2"]


def test_mistakes_are_told_by_line_and_nothing_is_taken_in(shop: Shop) -> None:
    answer = upload(shop, "运单号,迟了几天\nSF1,0\n,2\nSF3,很久\n".encode())
    assert answer.status_code == 422 and "一行也没有导入" in answer.text
    for line in ("第 2 行", "第 3 行", "第 4 行"):
        assert line in answer.text
    assert "确认导入" not in answer.text and rows(shop) == []


def test_a_wrong_header_is_told_with_what_was_meant(shop: Shop) -> None:
    answer = upload(shop, "运单,迟了几天\nSF1,1\n".encode())
    assert answer.status_code == 422 and "运单号" in answer.text


def test_cases_begin_from_rows_once(shop: Shop) -> None:
    content = "订单号\n1001\n1002\n".encode()
    checked = upload(shop, content, "process:hand_on")
    assert "新开 2 单" in checked.text and cases(shop) == 0 and not shop.woken
    done = confirm(shop, checked)
    assert "新开 2 单" in done.text and cases(shop) == 2 and len(shop.woken) == 2
    confirm(shop, checked)
    assert cases(shop) == 2


def cases(shop: Shop) -> int:
    with shop.database.read() as connection:
        return queries.case_count(connection, CaseFilter(process="hand_on"))


@pytest.mark.parametrize(
    ("target", "said", "words"),
    [
        ("", {}, "请选择导入到哪里"), ("list:nothing", {}, "nothing"),
        ("process:plain", {}, "plain"), ("process:hand_on", {"by": ""}, "请选择您的姓名"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said(shop: Shop, target: str, said: dict[str, str], words: str) -> None:
    answer = upload(shop, "订单号\n1\n".encode(), target, **said)
    assert answer.status_code == 422 and words in answer.text


def test_a_form_of_another_site_does_nothing(shop: Shop) -> None:
    answer = upload(shop, GOOD.encode(), nonce="forged")
    assert answer.status_code == 409 and "页面打开太久了" in answer.text
    files = {"target": (None, "list:late_parcels"), "content": (None, GOOD), "do": (None, "import")}
    assert shop.staff.post("/imports", files=files).status_code == 409
    assert rows(shop) == []


@pytest.mark.parametrize("size", [220_000, 2_000_000])
def test_a_file_that_is_too_large_is_refused(shop: Shop, size: int) -> None:
    answer = upload(shop, b"x" * size)
    assert answer.status_code in (413, 422)
    assert rows(shop) == []


def test_bytes_that_are_no_text_and_text_that_is_html_harm_nothing(shop: Shop) -> None:
    assert upload(shop, b"\xff\xfe\x00\x81\x00").status_code == 422
    evil = "运单号,迟了几天\n<script>alert(1)</script>,很久\n".encode()
    assert "<script" not in upload(shop, evil).text
    good = upload(shop, '运单号,迟了几天\n"<b>,""x",2\n'.encode())
    assert '<b>,"x' not in good.text and "<b>,&#34;" not in good.text
    confirm(shop, good)
    assert rows(shop) == ['<b>,"x']


def test_the_page_names_the_columns(shop: Shop) -> None:
    page = shop.staff.get("/imports").text
    assert "迟到的包裹" in page and "运单号、迟了几天" in page
    assert shop.public.get("/imports").status_code == 404
