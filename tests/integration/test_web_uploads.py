"""Photos and videos as evidence: uploaded one by one, judged by content, shown to who may see the case."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from sqlalchemy import select, update
from starlette.testclient import TestClient

from jieli.store import files
from jieli.store.database import Database
from jieli.store.tables import files as files_table
from jieli.store.times import real_now
from tests.integration.web_shop import PIN, Form, Shop, open_shop

GPS = 0x8825
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2" + b"\x00\x00\x00\x08mdat"


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Shop]:
    yield from open_shop(database, tmp_path)


def photo(form: str = "JPEG", size: tuple[int, int] = (64, 48), **more: Any) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, form, **more)
    return out.getvalue()


def photo_with_place() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = "PhoneMaker"
    exif.get_ifd(GPS)[2] = (31.0, 14.0, 5.0)
    return photo(exif=exif, comment=b"taken at home")


def post(
    browser: TestClient, path: str, form: Form, do: str = "", press: str = "", **uploads: Any
) -> httpx.Response:
    """Post the page's form with files, as a browser without JavaScript would."""
    data = {**form, **({"press": press} if press else {"do": do})}
    sent = [(f"u.{name}", each) for name, each in uploads.items()]
    return browser.post(path, data=data, files=sent or [("none", ("", b""))])


def filled(page: httpx.Response) -> Form:
    """The form of a page with all its files; a dictionary alone would keep one of a name."""
    form = Form(page)
    if found := re.findall(r'name="f.proof" value="(\w+)"', page.text):
        form["f.proof"] = found  # type: ignore[assignment]
    return form


def opened(shop: Shop) -> tuple[str, str, Form]:
    case_id = shop.start("pictured")
    path = shop.link(person="li_na")
    return case_id, path, Form(shop.public.get(path))


def test_a_photo_is_uploaded_seen_and_handed_in(shop: Shop) -> None:
    case_id, path, form = opened(shop)
    form["f.words"] = "外壳裂了"
    page = post(shop.public, path, form, "upload:proof", proof=("a.jpg", photo()))
    assert page.status_code == 200 and "已上传" in page.text and "外壳裂了" in page.text
    # The draft knows it: another look at the page still has it.
    again = Form(shop.public.get(path))
    assert re.fullmatch("[0-9a-f]{32}", again["f.proof"]) and again["f.words"] == "外壳裂了"
    done = shop.public.post(path, data={**again, "press": "done"})
    assert done.status_code == 303
    assert shop.state(case_id).answers["ask"]["fields"]["proof"] == [again["f.proof"]]


def test_choosing_a_file_and_pressing_the_decision_is_enough(shop: Shop) -> None:
    case_id, path, form = opened(shop)
    form["f.words"] = "一次按完"
    done = post(shop.public, path, form, press="done", proof=("a.png", photo("PNG")))
    assert done.status_code == 303
    assert len(shop.state(case_id).answers["ask"]["fields"]["proof"]) == 1


def test_a_form_that_fails_keeps_its_files(shop: Shop) -> None:
    _, path, form = opened(shop)
    page = post(shop.public, path, form, press="done", proof=("a.jpg", photo()))
    assert page.status_code == 422 and "f.proof" in Form(page)
    assert Form(shop.public.get(path))["f.proof"]


def test_a_required_file_is_asked_for(shop: Shop) -> None:
    _, path, form = opened(shop)
    form["f.words"] = "没有图"
    page = post(shop.public, path, form, press="done")
    assert page.status_code == 422 and "请上传：证据" in page.text


def test_a_photo_is_made_anew_without_place_and_camera(shop: Shop) -> None:
    _, path, form = opened(shop)
    given = photo_with_place() + b"<script>alert(1)</script>"
    page = post(shop.public, path, form, "upload:proof", proof=("a.jpg", given))
    kept = shop.public.get(f"{path}/files/{Form(page)['f.proof']}")
    assert kept.status_code == 200 and kept.headers["content-type"] == "image/jpeg"
    read = Image.open(io.BytesIO(kept.content))
    assert not read.getexif() and not read.getexif().get_ifd(GPS)
    for trace in (b"PhoneMaker", b"taken at home", b"script"):
        assert trace in given and trace not in kept.content


def test_a_file_is_served_so_that_it_can_do_nothing(shop: Shop) -> None:
    _, path, form = opened(shop)
    name = "../../etc/passwd\\聊天 记录.mp4"
    page = post(shop.public, path, form, "upload:proof", proof=(name, MP4))
    kept = shop.public.get(f"{path}/files/{Form(page)['f.proof']}")
    assert kept.content == MP4
    assert kept.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert kept.headers["x-content-type-options"] == "nosniff"
    assert kept.headers["cache-control"] == "no-store"
    disposition = kept.headers["content-disposition"]
    assert disposition.startswith("attachment") and "passwd" not in disposition
    part = shop.public.get(
        f"{path}/files/{Form(page)['f.proof']}", headers={"Range": "bytes=4-7"}
    )
    assert part.status_code == 206 and part.content == b"ftyp"
    nowhere = shop.public.get(
        f"{path}/files/{Form(page)['f.proof']}", headers={"Range": "bytes=999999-"}
    )
    assert nowhere.status_code == 416


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.jpg", b"<html><script>alert(1)</script></html>"),
        ("a.png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
        ("a.jpg", photo("GIF") + b"<script>"),
        ("a.jpg", photo()[:200]),
        ("a.jpg", b""),
        ("a.jpg", b"MZ\x90\x00" + b"\0" * 200),
        ("a.pdf", b"%PDF-1.7\n%%EOF"),  # not into this field
    ],
)  # fmt: skip
def test_what_is_no_photo_or_video_is_refused_by_its_content(
    shop: Shop, name: str, content: bytes
) -> None:
    _, path, form = opened(shop)
    form["f.words"] = "保留"
    page = post(shop.public, path, form, "upload:proof", proof=(name, content))
    assert page.status_code == 422 and "e-f.proof" in page.text and "保留" in page.text
    assert "f.proof" not in Form(page)
    with shop.database.read() as connection:
        assert connection.execute(select(files_table)).first() is None


def test_a_field_says_which_kinds_it_takes(shop: Shop) -> None:
    _, path, form = opened(shop)
    page = post(shop.public, path, form, "upload:paper", paper=("a.txt", b"%PDF-1.7\n%%EOF"))
    assert page.status_code == 200
    kept = shop.public.get(f"{path}/files/{Form(page)['f.paper']}")
    assert kept.headers["content-type"] == "application/pdf"
    assert kept.headers["content-disposition"].startswith("attachment")
    page = post(shop.public, path, form, "upload:paper", paper=("a.mp4", MP4))
    assert page.status_code == 422


def test_a_picture_of_very_many_pixels_is_refused_before_it_is_unpacked(shop: Shop) -> None:
    _, path, form = opened(shop)
    bomb = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(bomb, "PNG")
    assert len(bomb.getvalue()) < 200_000
    page = post(shop.public, path, form, "upload:proof", proof=("a.png", bomb.getvalue()))
    assert page.status_code == 422 and "像素" in page.text


def test_a_field_takes_so_many_files_and_no_more(shop: Shop) -> None:
    _, path, form = opened(shop)
    sent = [("u.proof", (f"{n}.png", photo("PNG", (10 + n, 10)))) for n in range(3)]
    page = shop.public.post(path, data={**form, "do": "upload:proof"}, files=sent)
    assert page.status_code == 422 and "最多 2" in page.text
    assert page.text.count('name="f.proof" value=') == 2


def test_the_same_picture_twice_is_one(shop: Shop) -> None:
    _, path, form = opened(shop)
    page = post(shop.public, path, form, "upload:proof", proof=("a.jpg", photo()))
    page = post(shop.public, path, Form(page), "upload:proof", proof=("b.jpg", photo()))
    assert page.text.count('name="f.proof" value=') == 1


def test_a_file_can_be_taken_out_again(shop: Shop) -> None:
    _, path, form = opened(shop)
    page = post(shop.public, path, form, "upload:proof", proof=("a.jpg", photo()))
    own = Form(page)["f.proof"]
    page = shop.public.post(path, data={**Form(page), "do": f"file_drop:proof:{own}"})
    assert "f.proof" not in Form(page) and "f.proof" not in Form(shop.public.get(path))


def test_nobody_hands_in_or_sees_the_file_of_another_case(shop: Shop) -> None:
    _, path, form = opened(shop)
    page = post(shop.public, path, form, "upload:proof", proof=("a.jpg", photo()))
    stolen = Form(page)["f.proof"]
    shop.start("pictured", order_no="9")
    other = shop.link(person="li_na")
    assert other != path
    assert shop.public.get(f"{other}/files/{stolen}").status_code == 404
    mine = {**Form(shop.public.get(other)), "f.proof": stolen, "f.words": "x", "press": "done"}
    answer = shop.public.post(other, data=mine)
    assert answer.status_code == 422 and "重新上传" in answer.text
    assert shop.public.get(f"{path[:-3]}abc/files/{stolen}").status_code == 404
    with shop.database.read() as connection:
        sha256 = files.find(connection, stolen).sha256  # type: ignore[union-attr]
    assert shop.public.get(f"{path}/files/{sha256}").status_code == 404


def test_behind_a_pin_files_are_behind_it_too(shop: Shop) -> None:
    _, path, form = opened(shop)
    form["f.words"] = "给主管看"
    page = post(shop.public, path, form, "upload:proof", proof=("a.jpg", photo()))
    own = Form(page)["f.proof"]
    shop.public.post(path, data={**Form(page), "press": "done"})
    # The first link is over, and with it the look at the file.
    assert shop.public.get(f"{path}/files/{own}").status_code == 404
    looking = shop.link("zhang_wei")
    assert shop.public.get(f"{looking}/files/{own}").status_code == 404
    shop.public.post(looking, data={"do": "pin", "person": "zhang_wei", "pin": PIN})
    assert f"{looking}/files/{own}" in shop.public.get(looking).text
    assert shop.public.get(f"{looking}/files/{own}").status_code == 200
    assert shop.staff.get(f"/files/{own}").status_code == 200


def test_quotas_hold(database: Database, tmp_path: Path) -> None:
    for shop in open_shop(database, tmp_path, upload_case_mb=0.001, upload_photo_mb=0.01):
        _, path, form = opened(shop)
        page = post(shop.public, path, form, "upload:proof", proof=("a.jpg", photo(size=(600, 600))))
        assert page.status_code == 422 and "空间已满" in page.text
        noise = Image.effect_noise((400, 400), 90)
        out = io.BytesIO()
        noise.save(out, "PNG")
        page = post(shop.public, path, form, "upload:proof", proof=("a.png", out.getvalue()))
        assert page.status_code == 422 and "超过 0.01 MB" in page.text


def test_only_pages_with_uploads_take_large_bodies(database: Database, tmp_path: Path) -> None:
    for shop in open_shop(database, tmp_path, upload_video_mb=0.5):
        _, path, _ = opened(shop)
        large = b"x" * 2_000_000
        sent = shop.public.post(path, files={"u.proof": ("a.mp4", large)})
        assert sent.status_code == 413
        shop.start("plain")
        plain = shop.link(person="li_na")
        assert shop.public.post(plain, content=b"f.words=" + b"x" * 300_000).status_code == 413


def test_content_lies_under_its_hash_once_and_readable_by_us_alone(
    shop: Shop, tmp_path: Path
) -> None:
    _, path, form = opened(shop)
    post(shop.public, path, form, "upload:proof", proof=("a.jpg", photo()))
    shop.start("pictured", order_no="2")
    other = shop.link(person="li_na")
    post(shop.public, other, Form(shop.public.get(other)), "upload:proof", proof=("b.jpg", photo()))
    kept = [each for each in (tmp_path / "files").rglob("*") if each.is_file()]
    assert len(kept) == 1 and kept[0].stat().st_mode & 0o077 == 0
    with shop.database.read() as connection:
        rows = connection.execute(select(files_table)).all()
    assert {row.sha256 for row in rows} == {kept[0].name} and len(rows) == 2


def test_any_fsspec_store_will_do(database: Database, tmp_path: Path) -> None:
    for shop in open_shop(database, tmp_path, files_url=f"memory://shop-{tmp_path.name}"):
        _, path, form = opened(shop)
        page = post(shop.public, path, form, "upload:proof", proof=("a.jpg", photo()))
        assert shop.public.get(f"{path}/files/{Form(page)['f.proof']}").status_code == 200
        assert not (tmp_path / "files").exists()


def test_what_nobody_used_is_gone_after_a_day(shop: Shop, tmp_path: Path) -> None:
    case_id, path, form = opened(shop)
    form["f.words"] = "用一张"
    page = post(shop.public, path, form, "upload:proof", proof=("a.jpg", photo()))
    used = Form(page)["f.proof"]
    page = post(shop.public, path, Form(page), "upload:proof", proof=("b.png", photo("PNG")))
    ids = re.findall(r'name="f.proof" value="(\w+)"', page.text)
    dropped = next(each for each in ids if each != used)
    page = shop.public.post(path, data={**filled(page), "do": f"file_drop:proof:{dropped}"})
    blobs = shop.resources.blobs
    assert files.sweep(shop.database, blobs) == 0
    _age(shop)
    # The one in the draft stays, the one that was taken out goes.
    assert files.sweep(shop.database, blobs) == 1
    assert shop.public.get(f"{path}/files/{used}").status_code == 200
    shop.public.post(path, data={**Form(shop.public.get(path)), "press": "done"})
    assert files.sweep(shop.database, blobs) == 0
    with shop.database.read() as connection:
        assert files.find(connection, used) and files.find(connection, dropped) is None
        assert [each.id for each in files.of_case(connection, case_id)] == [used]
    assert len([each for each in (tmp_path / "files").rglob("*") if each.is_file()]) == 1


def _age(shop: Shop) -> None:
    with shop.database.write() as connection:
        old = real_now() - timedelta(days=2)
        connection.execute(update(files_table).values(uploaded_at=old))


def test_a_start_form_takes_files_to_the_case_it_begins(database: Database, tmp_path: Path) -> None:
    more = {"started.yaml": STARTED}
    for shop in open_shop(database, tmp_path, more):
        form = Form(shop.staff.get("/start/started"))
        form |= {"f.order_no": "55", "person": "li_na"}
        page = post(shop.staff, "/start/started", form, "upload:proof", proof=("a.jpg", photo()))
        assert page.status_code == 200 and Form(page)["f.order_no"] == "55"
        own = Form(page)["f.proof"]
        assert shop.staff.get(f"/files/{own}").status_code == 200
        # An id made up, or another desk's, begins no case.
        wrong = {**Form(page), "f.proof": "0" * 32, "do": "start"}
        assert shop.staff.post("/start/started", data=wrong).status_code == 422
        done = shop.staff.post("/start/started", data={**Form(page), "do": "start"})
        assert done.status_code == 303
        assert f"/files/{own}" in shop.staff.get(done.headers["location"]).text
        _age(shop)
        assert files.sweep(shop.database, shop.resources.blobs) == 0


STARTED = """
process: started
title: 带图开始
case:
  key: [order_no]
  title: "单 {{ order_no | tail(4) }}"
  fields:
    order_no: {label: 订单号, required: true}
    proof: {label: 证据, type: files, required: true}
start: [{form: {role: after_sales}}]
ends: {ok: 完成}
steps:
  ask: {title: 看, who: {person: li_na}, buttons: {done: {label: 完成, go_to: finished}}}
  finished: {title: 结束, end: ok}
"""
