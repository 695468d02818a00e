"""A link asked for again goes to the registered address only; opening one is a hint, no more."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from jieli.store import faults, links, messages, people, tries
from jieli.store.database import Database
from jieli.store.tables import links as links_table
from jieli.store.tables import outbox
from tests.integration.web_shop import PIN, Form, Shop, open_shop

PHONE = {"user-agent": "Mozilla/5.0 (Linux; Android 14) AliApp(DingTalk/7.6) Mobile Safari/537.36"}
ROBOTS = (
    "Slackbot-LinkExpanding 1.0", "Mozilla/5.0 (compatible; Googlebot/2.1)", "facebookexternalhit/1.1",
    "Mozilla/5.0 (Windows NT 6.1) SkypeUriPreview Preview/0.5", "WhatsApp/2.23", "curl/8", "",
    "Mozilla/5.0 (X11) HeadlessChrome/120", "TelegramBot (like TwitterBot)",
)  # fmt: skip


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Shop]:
    yield from open_shop(database, tmp_path)


def queued(shop: Shop) -> list[tuple[str | None, str]]:
    with shop.database.read() as connection:
        found = messages.outbox_page(connection)
    return [(each.to_person, each.title) for each in reversed(found)]


def test_an_expired_link_is_sent_again_to_whom_it_was_for(shop: Shop) -> None:
    shop.start("plain")
    old = shop.link("li_na")
    shop.later(timedelta(days=40))
    page = shop.public.get(old)
    assert page.status_code == 404 and "重新发送给我" in page.text
    answer = shop.public.post(old, data={"again": "1"})
    assert answer.status_code == 200 and "7788" not in answer.text
    before, after = queued(shop)
    assert after == before and after[0] == "li_na"
    new = shop.link("li_na")
    assert new != old and shop.public.get(new).status_code == 200


def test_asking_often_sends_once(shop: Shop) -> None:
    shop.start("plain")
    link = shop.link("li_na")
    shop.later(timedelta(days=40))
    answers = {shop.public.post(link, data={"again": "1"}).text for _ in range(5)}
    assert len(answers) == 1 and len(queued(shop)) == 2


def test_an_unknown_a_revoked_and_a_finished_link_bring_nothing_and_say_the_same(shop: Shop) -> None:
    shop.start("plain")
    revoked = shop.link("li_na")
    form = Form(shop.public.get(revoked), 1) | {"to": "wang_fang", "reason": "下班", "do": "delegate"}
    shop.public.post(revoked, data=form)
    count = len(queued(shop))
    unknown = "/t/" + shop.resources.ring.token("work_item", "0" * 32)
    texts = {
        shop.public.post(path, data={"again": "1"}).text for path in (revoked, unknown, "/t/nonsense")
    }
    assert len(texts) == 1 and len(queued(shop)) == count


def test_from_the_list_a_task_of_ones_own_comes_again(shop: Shop) -> None:
    case_id = shop.start("plain")
    shop.public.post("/me", data={"person": "li_na", "pin": PIN})
    page = shop.public.get("/me")
    form = Form(page, 1)
    ours = {"nonce": form["nonce"], "case": case_id, "visit": "1"}
    assert shop.public.post("/me/resend", data=ours).status_code == 200
    assert len(queued(shop)) == 2
    shop.public.post("/me/resend", data=ours | {"case": "someone-elses"})
    shop.public.post("/me/resend", data=ours | {"nonce": "made-up"})
    assert len(queued(shop)) == 2


def test_a_persons_first_look_is_remembered_and_nothing_else_changes(shop: Shop) -> None:
    shop.start("plain")
    link = shop.link("li_na")
    before = shop.dump()
    shop.public.get(link, headers=PHONE)
    after = shop.dump()
    assert [old[0] for old, new in zip(before, after, strict=True) if old != new] == ["links"]
    with shop.database.read() as connection:
        message = connection.execute(select(outbox.c.id)).scalar_one()
        first = tries.tries_of(connection, message).opened_at
    assert first is not None
    shop.public.get(link, headers=PHONE)
    with shop.database.read() as connection:
        found = connection.execute(select(links_table)).one()
        link_row = links.find(connection, found.id)
    assert link_row and link_row.opened_at == first


def test_robots_that_look_ahead_open_nothing(shop: Shop) -> None:
    shop.start("plain")
    link = shop.link("li_na")
    before = shop.dump()
    for agent in ROBOTS:
        shop.public.get(link, headers={"user-agent": agent})
        shop.public.head(link, headers={"user-agent": agent})
    shop.public.head(link, headers=PHONE)
    assert shop.dump() == before


def test_user_ids_are_entered_on_the_page_of_people(shop: Shop) -> None:
    nonce = Form(shop.staff.get("/people"), 1)["nonce"]
    ids = {"nonce": nonce, "email": "", "phone": "13812345678", "dingtalk": "manager7", "wecom": "LiNa"}
    assert shop.staff.post("/people/li_na/contacts", data=ids).status_code == 303
    with shop.database.read() as connection:
        known = people.person(connection, "li_na")
    assert known and (known.dingtalk, known.wecom, known.email) == ("manager7", "LiNa", None)
    assert "manager7" in shop.staff.get("/people").text


def test_a_broken_channel_stands_on_the_pages(shop: Shop) -> None:
    with shop.database.write() as connection:
        faults.note(connection, {faults.of_channel("console"): "93000: invalid webhook url"}, [])
    assert "通知渠道用不了" in shop.staff.get("/people").text + shop.staff.get("/cases").text
