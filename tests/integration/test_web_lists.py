"""我的待办, the staff pages and the signed calls."""

from __future__ import annotations

import ast
import base64
import hashlib
import hmac
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from jieli.store import leases, messages, people
from jieli.store.database import Database
from jieli.texts import catalogue
from jieli.web import board, roster, staff, task_page, timeline
from tests.integration.web_shop import PIN, SECRET, Form, Shop, open_shop

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Shop]:
    yield from open_shop(database, tmp_path)


def log_in(shop: Shop, person: str = "li_na") -> httpx.Response:
    """With the PIN everybody has here."""
    answer: httpx.Response = shop.public.post("/me", data={"person": person, "pin": PIN})
    assert answer.status_code == 303
    return answer


# ---- 我的待办 --------------------------------------------------------------------------------------


def test_the_list_is_behind_the_pin(shop: Shop) -> None:
    shop.start("plain")
    for path in ("/me", "/me/start", "/me/start/plain"):
        page = shop.public.get(path)
        assert 'type="password"' in page.text and "7788" not in page.text
    for person, pin in (("li_na", "1"), ("nobody", PIN), ("", ""), ("li_na", "9" * 500)):
        answer = shop.public.post("/me", data={"person": person, "pin": pin})
        assert answer.status_code == 401 and "工号、姓名或 PIN 不对" in answer.text
        assert "set-cookie" not in answer.headers


def test_one_may_log_in_by_name(shop: Shop) -> None:
    log_in(shop, "李娜")
    assert "李娜" in shop.public.get("/me").text


def test_what_is_to_be_done_by_due_time(shop: Shop) -> None:
    shop.start("held", "no-due-time")
    shop.start("plain", "1111")
    shop.start("pinned", "not-mine")
    log_in(shop)
    page = shop.public.get("/me").text
    assert page.index("问一问") < page.index("可撤回")
    assert "主管决定" not in page
    found = shop.public.get("/me", params={"q": "1111"}).text
    assert "问一问" in found and "可撤回" not in found
    assert "没有找到" in shop.public.get("/me", params={"q": "%_'\"<"}).text


def test_an_item_opens_the_same_page_as_its_message(shop: Shop) -> None:
    case_id = shop.start("claimed")
    log_in(shop)
    page = shop.public.get("/me")
    (visit,) = shop.state(case_id).visits
    form = Form(page, 1) | {"case": case_id, "visit": str(visit)}
    opened = shop.public.post("/me/open", data=form)
    assert opened.status_code == 303
    task = shop.public.get(opened.headers["location"])
    # Who one is was proved by the PIN: no name is asked, and the record says so.
    assert "我是" not in task.text
    done = Form(task) | {"f.words": "好", "press": "done"}
    assert shop.public.post(opened.headers["location"], data=done).status_code == 303
    assert shop.state(case_id).answers["ask"]["by"] == "li_na"


def test_nobody_opens_what_is_not_on_their_list(shop: Shop) -> None:
    case_id = shop.start("pinned")
    log_in(shop)
    (visit,) = shop.state(case_id).visits
    nonce = Form(shop.public.get("/me"))["nonce"]
    form = {"case": case_id, "visit": str(visit), "nonce": nonce}
    assert shop.public.post("/me/open", data=form).status_code == 404
    without = shop.public.post("/me/open", data={**form, "nonce": "x"})
    assert without.headers["location"] == "/me"


def test_a_new_pin_ends_old_sessions(shop: Shop) -> None:
    log_in(shop)
    with shop.database.write() as connection:
        people.set_pin(connection, "li_na", "135790")
    assert 'type="password"' in shop.public.get("/me").text


def test_a_session_is_for_its_person_and_not_for_ever(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookie = log_in(shop).headers["set-cookie"]
    value = cookie.split("=", 1)[1].split(";")[0]
    forged = "B" if value[5] != "B" else "C"
    shop.public.cookies.set("jieli", value[:5] + forged + value[6:])
    assert 'type="password"' in shop.public.get("/me").text
    shop.public.cookies.clear()
    log_in(shop)
    later = datetime.now(UTC) + timedelta(hours=1, seconds=5)

    class Clock(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Clock:
            return cls.fromtimestamp(later.timestamp(), tz)

    monkeypatch.setattr("jieli.web.session.datetime", Clock)
    assert 'type="password"' in shop.public.get("/me").text


def test_with_https_the_cookie_never_travels_in_the_open(
    database: Database, tmp_path: Path
) -> None:
    for shop in open_shop(database, tmp_path, public_url="https://cs.example.com"):
        cookie = log_in(shop).headers["set-cookie"]
        assert cookie.startswith("__Host-") and "Secure" in cookie and "Path=/" in cookie
        assert "max-age=31536000" in shop.public.get("/me").headers["strict-transport-security"]


def test_logging_out_forgets(shop: Shop) -> None:
    log_in(shop)
    shop.public.post("/me/leave")
    assert 'type="password"' in shop.public.get("/me").text


def test_a_case_is_started_by_its_form(shop: Shop) -> None:
    log_in(shop)
    page = shop.public.get("/me/start/plain")
    form = Form(page, 1) | {"do": "start", "f.order_no": "", "f.buyer_phone": "12"}
    wrong = shop.public.post("/me/start/plain", data=form)
    assert wrong.status_code == 422 and Form(wrong, 1)["f.buyer_phone"] == "12"
    form = Form(wrong, 1) | {"do": "start", "f.order_no": "4821", "f.buyer_phone": ""}
    begun = [shop.public.post("/me/start/plain", data=form) for _ in range(2)]
    assert "已开始" in begun[0].text and "已经在处理中" in begun[1].text
    assert len(shop.woken) == 1
    assert shop.state(shop.woken[0]).data == {"order_no": "4821"}


def test_a_case_is_started_only_by_its_role(shop: Shop) -> None:
    log_in(shop, "zhang_wei")
    assert shop.public.get("/me/start/plain").status_code == 404
    assert shop.public.post("/me/start/plain", data={"f.order_no": "1"}).status_code == 404
    assert shop.public.get("/me/start/nothing").status_code == 404


# ---- the staff pages -----------------------------------------------------------------------------


def test_cases_are_found(shop: Shop) -> None:
    shop.start("plain", "1111")
    shop.start("held", "2222")
    page = shop.staff.get("/cases").text
    assert "单 1111" in page and "单 2222" in page
    assert "单 2222" not in shop.staff.get("/cases", params={"process": "plain"}).text
    assert "单 1111" not in shop.staff.get("/cases", params={"q": "2222"}).text
    assert shop.staff.get("/cases", params={"start": "x"}).status_code == 400
    assert "没有案件" in shop.staff.get("/cases", params={"state": "completed"}).text


def test_a_case_shows_its_way(shop: Shop) -> None:
    case_id = shop.start("plain")
    link = shop.link("li_na")
    form = Form(shop.public.get(link))
    form |= {"f.words": "好", "f.kind": "usual", "press": "done"}
    ref = shop.state(case_id).ref
    before = shop.staff.get(f"/cases/{ref}").text
    assert "问一问" in before and "通知李娜" in before and "待发送" in before
    shop.public.post(link, data=form)
    after = shop.staff.get(f"/cases/{ref.lower()}").text
    assert "李娜：完成（问一问）" in after and "案件结束：完成" in after
    assert shop.staff.get("/cases/A99999").status_code == 404


def test_the_outbox_shows_what_was_sent_and_its_link(shop: Shop) -> None:
    shop.start("plain")
    page = shop.staff.get("/outbox").text
    link = re.search(r'href="http://testserver(/t/[^"]+)"', page)
    assert link and shop.public.get(link[1]).status_code == 200


def test_outside_development_there_is_no_outbox(database: Database, tmp_path: Path) -> None:
    settings = {"profile": "production", "public_url": "https://cs.example.com"}
    for shop in open_shop(database, tmp_path, **settings):
        assert shop.staff.get("/outbox").status_code == 404
        assert "/outbox" not in shop.staff.get("/cases").text


def test_the_alarm_shows_that_the_clock_is_silent(shop: Shop) -> None:
    assert "时钟还没有启动" in shop.staff.get("/cases").text
    with shop.database.write() as connection:
        leases.heartbeat(connection, "clock", "one")
    assert "时钟" not in shop.staff.get("/cases").text


def test_a_pin_is_set_with_our_form_only(shop: Shop) -> None:
    page = shop.staff.get("/people")
    assert PIN not in page.text
    forged = shop.staff.post("/people/wang_fang/pin", data={"pin": "1357"})
    assert forged.status_code == 409
    form = Form(page) | {"pin": "12"}
    assert shop.staff.post("/people/wang_fang/pin", data=form).status_code == 422
    form |= {"pin": "1357"}
    assert shop.staff.post("/people/wang_fang/pin", data=form).status_code == 303
    assert shop.staff.post("/people/nobody/pin", data=form).status_code == 404
    answer = shop.public.post("/me", data={"person": "wang_fang", "pin": "1357"})
    assert answer.status_code == 303


def test_another_name_for_this_machine_reaches_no_staff_page(shop: Shop) -> None:
    assert shop.staff.get("/cases", headers={"host": "evil.example"}).status_code == 400


def test_staff_and_public_pages_are_apart(shop: Shop) -> None:
    for path in ("/cases", "/people", "/outbox", "/start", "/troubles"):
        assert shop.public.get(path).status_code == 404
    assert shop.staff.get("/me").status_code == 404


# ---- signed calls --------------------------------------------------------------------------------


def signed(body: bytes, message_id: str = "m-1", at: datetime | None = None) -> dict[str, str]:
    """The headers of a good call, worked out without the library that checks them."""
    stamp = str(int((at or datetime.now(UTC)).timestamp()))
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    mac = hmac.new(key, f"{message_id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    return {
        "webhook-id": message_id, "webhook-timestamp": stamp,
        "webhook-signature": "v1," + base64.b64encode(mac).decode(),
    }  # fmt: skip


def test_a_signed_call_begins_one_case(shop: Shop) -> None:
    body = json.dumps({"order_no": "9001"}).encode()
    first = shop.public.post("/hooks/plain", content=body, headers=signed(body))
    assert first.status_code == 201 and first.json()["created"]
    again = shop.public.post("/hooks/plain", content=body, headers=signed(body))
    assert again.status_code == 200 and again.json()["ref"] == first.json()["ref"]
    other = shop.public.post("/hooks/plain", content=body, headers=signed(body, "m-2"))
    assert other.json() == {"ref": first.json()["ref"], "created": False}
    assert len(shop.woken) == 1


def test_an_unsigned_call_does_nothing(shop: Shop) -> None:
    body = json.dumps({"order_no": "9001"}).encode()
    old = datetime.now(UTC) - timedelta(minutes=6)
    for headers in ({}, signed(b"{}"), signed(body, at=old), {**signed(body), "webhook-id": "x"}):
        answer = shop.public.post("/hooks/plain", content=body, headers=headers)
        assert answer.status_code == 401
    assert shop.public.post("/hooks/none", content=body, headers=signed(body)).status_code == 404
    assert not shop.woken


def test_a_call_with_mistakes_is_told_which(shop: Shop) -> None:
    for body, status in ((b"{}", 422), (b"[]", 400), (b"{", 400), (b"\xff", 401), (b"1", 400)):
        answer = shop.public.post("/hooks/plain", content=body, headers=signed(body))
        assert answer.status_code == status, body
    answer = shop.public.post("/hooks/plain", content=b"{}", headers=signed(b"{}"))
    assert "order_no" in answer.json()["errors"]


def test_a_signed_call_tells_a_case_something(shop: Shop) -> None:
    case_id = shop.start("event")
    ref = shop.state(case_id).ref
    body = b'{"parcel": "SF1"}'
    path = f"/hooks/event/{ref}/shipped"
    assert shop.public.post(path, content=body).status_code == 401
    wrong = f"/hooks/event/{ref}/lost"
    assert shop.public.post(wrong, content=body, headers=signed(body)).status_code == 404
    other = f"/hooks/plain/{ref}/shipped"
    assert shop.public.post(other, content=body, headers=signed(body)).status_code == 404
    counted = shop.public.post(path, content=body, headers=signed(body))
    assert counted.json() == {"ref": ref, "counted": True}
    again = shop.public.post(path, content=body, headers=signed(body))
    assert again.json() == {"ref": ref, "counted": False}
    assert shop.state(case_id).status == "completed"


# ---- language ------------------------------------------------------------------------------------


def said() -> set[str]:
    """Every message the pages and channels can show."""
    found: set[str] = {"{n} d", "{n} h", "{n} min"}
    for table in (staff.STATES, timeline.TIMERS, timeline.MESSAGE_STATES, timeline.SENTENCES,
                  timeline.ROSTER, task_page.PRIORITIES, board.VIEWS):  # fmt: skip
        found |= set(table.values())
    found |= set(roster.WEEKDAYS)
    for folder in (ROOT / "jieli" / "web", ROOT / "notifications", ROOT / "tasks"):
        for path in folder.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and getattr(node.func, "id", "") == "text"
                    and isinstance(node.args[0], ast.Constant)
                ):
                    found.add(str(node.args[0].value))
        for path in folder.rglob("templates/*"):
            found |= set(re.findall(r'\btext\("([^"]+)"', path.read_text(encoding="utf-8")))
    return found


def test_no_message_lacks_its_chinese() -> None:
    known = catalogue()
    assert sorted(said() - set(known)) == []
    for message in said():
        names = set(re.findall(r"\{(\w+)\}", message))
        assert set(re.findall(r"\{(\w+)\}", known[message])) == names, message


def test_english_by_setting(database: Database, tmp_path: Path) -> None:
    for shop in open_shop(database, tmp_path, language="en"):
        shop.start("plain")
        page = shop.public.get(shop.link("li_na")).text
        assert '<html lang="en">' in page
        for words in ("required", "Save draft", "2 h left", "The case"):
            assert words in page


def test_messages_are_never_read_by_their_token(shop: Shop) -> None:
    shop.start("plain")
    with shop.database.read() as connection:
        (message,) = messages.outbox_page(connection)
    token = shop.link("li_na").removeprefix("/t/")
    everything = json.dumps(shop.dump(), default=str)
    assert message.link_id and message.link_id in everything
    assert token not in everything and token[23:] not in everything
