"""Links that only the right person can use: one test for each threat, L-1 to L-20."""

from __future__ import annotations

import base64
import logging
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from jieli.engine.events import CaseCancelled
from jieli.logs import redact, redacted
from jieli.store import link_uses, links, people
from jieli.store.database import Database
from jieli.store.tables import links as links_table
from jieli.store.tables import outbox
from jieli.web.apps import public_app
from jieli.web.limiting import Limits
from jieli.web.nonces import new_nonce
from jieli.web.resources import InsecureAddress
from notifications.links import Ring, new_key
from tests.integration.web_shop import PIN, Form, Shop, open_shop
from tests.story import DEFINITIONS

ROBOTS = (
    "DingTalkBot-LinkService/1.0 (+https://open-doc.dingtalk.com)", "Mozilla/5.0 MicroMessenger/8.0",
    "wxwork/4.1 WeCom", "Lark-Url-Preview/1.0", "Slackbot-LinkExpanding 1.0", "WhatsApp/2.23",
    "Mozilla/5.0 (compatible; SafeLinks)", "TelegramBot (like TwitterBot)", "curl/8",
)  # fmt: skip
MORE = {
    "rounds.yaml": """
process: rounds
title: 两轮
case:
  key: [order_no]
  title: "单 {{ order_no | tail(4) }}"
  fields: {order_no: {label: 订单号, required: true}}
start: [{form: {role: after_sales}}]
ends: {ok: 完成}
steps:
  ask:
    title: 再问一次
    who: {person: li_na}
    buttons: {done: {label: 完成, go_to: check}, more: {label: 再来, again: 5, then: finished}}
  check:
    title: 另一人复核
    who: {people: "['li_na', 'wang_fang']"}
    not_same_as: [ask]
    buttons: {fine: {label: 没问题, go_to: finished}}
  finished: {title: 结束, end: ok}
""",
}


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Shop]:
    yield from open_shop(database, tmp_path, MORE)


def press(shop: Shop, path: str, button: str, **more: str) -> httpx.Response:
    return shop.public.post(path, data={**Form(shop.look(path)), **more, "press": button})


def test_l1_a_storm_of_previews_changes_nothing(shop: Shop) -> None:
    for name in ("plain", "claimed", "pinned"):
        shop.start(name, order_no=name)
    paths = [shop.link("li_na"), shop.link("zhang_wei")]
    before = shop.dump()
    for path in paths:
        for robot in ROBOTS:
            for method in ("GET", "HEAD"):
                for asked in ("", "?press=done", "?do=claim&person=li_na", "?saved=1"):
                    answer = shop.public.request(
                        method, path + asked, headers={"User-Agent": robot}
                    )
                    assert answer.status_code == 200 and "set-cookie" not in answer.headers
    # "Opened" is a hint for supervisors, and looks like a person's when a robot says it is one.
    with shop.database.write() as connection:
        connection.execute(update(links_table).values(opened_at=None))
    assert shop.dump() == before


def test_l2_a_token_is_derived_and_short_and_stored_nowhere(shop: Shop) -> None:
    shop.start("plain")
    token = shop.link("li_na")[3:]
    assert len(token) == 44
    assert token not in repr(shop.dump()) and token[-20:] not in repr(shop.dump())
    # The same row gives the same link: a reminder needs no second one.
    found = shop.resources.ring.read(token)
    assert found and shop.resources.ring.token(found.purpose, found.link_id) == token


def test_l3_the_row_decides_and_the_token_only_names_it(shop: Shop) -> None:
    shop.start("plain")
    path = shop.link("li_na")
    form = Form(shop.public.get(path))
    with shop.database.write() as connection:
        connection.execute(update(links_table).values(status="revoked"))
    assert shop.public.get(path).status_code == 404
    assert shop.public.post(path, data={**form, "press": "done"}).status_code == 404


def test_l4_an_expired_link_shows_nothing(shop: Shop) -> None:
    shop.start("plain")
    path = shop.link("li_na")
    shop.later(timedelta(days=31))
    page = shop.public.get(path)
    assert page.status_code == 404 and "7788" not in page.text and "问一问" not in page.text


def test_l5_one_press_wins_and_the_same_press_again_is_the_same_thanks(shop: Shop) -> None:
    case_id = shop.start("rounds")
    path = shop.link("li_na")
    form = {**Form(shop.public.get(path)), "press": "done"}
    other = {**Form(shop.public.get(path)), "press": "more"}
    assert shop.public.post(path, data=form).status_code == 303
    assert shop.public.post(path, data=form).status_code == 303
    late = shop.public.post(path, data=other)
    assert late.status_code == 409 and "李娜" in late.text
    assert shop.state(case_id).counts["ask"] == 1


def test_l6_a_link_of_round_one_does_nothing_in_round_two(shop: Shop) -> None:
    case_id = shop.start("rounds")
    first = shop.link("li_na")
    form = Form(shop.public.get(first))
    assert press(shop, first, "more").status_code == 303
    second = shop.link("li_na")
    assert second != first and shop.state(case_id).counts["ask"] == 2
    # Also with a nonce that fits: the link leads to its own round for ever.
    link = shop.resources.ring.read(first[3:])
    assert link
    fresh = {**form, "nonce": new_nonce(shop.resources.ring, link.link_id), "press": "done"}
    assert shop.public.post(first, data=fresh).status_code == 409
    (visit,) = shop.state(case_id).visits.values()
    assert visit.step == "ask" and visit.nth == 2
    assert press(shop, second, "done").status_code == 303


def test_l6_handing_on_cancelling_and_finishing_kill_a_link(shop: Shop) -> None:
    shop.start("plain", order_no="1")
    handed = shop.link("li_na")
    form = Form(shop.public.get(handed), 1) | {"to": "wang_fang", "reason": "下班", "do": "delegate"}
    assert shop.public.post(handed, data=form).status_code == 200
    case_id = shop.start("plain", order_no="2")
    cancelled = shop.link("li_na")
    typed = {**Form(shop.public.get(cancelled)), "f.words": "x", "f.kind": "usual", "press": "done"}
    event = CaseCancelled(reason="不用了", by="zhang_wei")
    shop.resources.committer.submit(case_id, "end", event).result()
    shop.start("rounds", order_no="3")
    finished = shop.link("li_na")
    assert press(shop, finished, "done").status_code == 303
    assert shop.public.get(handed).status_code == 404
    over = shop.public.post(cancelled, data=typed)
    assert over.status_code in (404, 409) and shop.state(case_id).status == "cancelled"
    for path in (handed, cancelled, finished):
        page = shop.public.get(path)
        assert 'name="press"' not in page.text and "order" not in page.text


def test_l7_whoever_gets_a_forwarded_link_is_asked_who_they_are(shop: Shop) -> None:
    shop.start("claimed")
    forwarded = shop.link("li_na")
    page = shop.public.get(forwarded)
    assert 'value="name"' in page.text and 'name="press"' not in page.text
    stranger = shop.public.post(forwarded, data={"do": "name", "person": "zhang_wei"})
    assert stranger.status_code == 422 and "单 7788" not in stranger.text
    shop.start("pinned")
    asked = shop.public.get(shop.link("zhang_wei"))
    assert 'name="pin"' in asked.text and 'name="press"' not in asked.text
    # No browser is remembered for ever: a session ends after an hour without use.
    with shop.database.read() as connection:
        known = people.person(connection, "zhang_wei")
    assert known and known.has_pin


@pytest.mark.parametrize(("process", "person"), [("claimed", "li_na"), ("pinned", "zhang_wei")])
def test_l8_reading_is_gated_like_acting(shop: Shop, process: str, person: str) -> None:
    shop.start(process, order_no="SECRET-55", buyer_phone="13812345678")
    path = shop.link(person)
    answers = [
        shop.public.get(path), shop.public.get(path + "?as=aWRvbnRrbm93.x"),
        shop.public.get(path + "?person=li_na"), shop.public.post(path, data={"press": "done"}),
        shop.public.post(path, data={"do": "reveal"}), shop.public.post(path, data={"do": "draft"}),
    ]  # fmt: skip
    for answer in answers:
        for secret in ("T-55", "1381234", "5678", "机密说明", "f.words"):
            assert secret not in answer.text, secret
        assert "A100" in answer.text, "the case's number and the step's name are there"


def test_l8_a_chosen_name_opens_the_page_and_only_this_one(shop: Shop) -> None:
    shop.start("claimed", order_no="ORDER-1")
    one = shop.link("li_na")
    named = shop.public.post(one, data={"do": "name", "person": "li_na"})
    assert named.status_code == 303 and "set-cookie" not in named.headers
    assert "DER-1" in shop.public.get(named.headers["location"]).text
    shop.start("claimed", order_no="ORDER-2")
    two = shop.link("li_na")
    query = named.headers["location"].partition("?")[2]
    assert "DER-2" not in shop.public.get(f"{two}?{query}").text


def test_l9_who_did_it_may_not_check_it(shop: Shop) -> None:
    case_id = shop.start("rounds")
    assert press(shop, shop.link("li_na"), "done").status_code == 303
    (visit,) = shop.state(case_id).visits.values()
    assert visit.step == "check" and visit.candidates == ["wang_fang"]
    path = shop.link("wang_fang")
    shop.public.post(path, data={**Form(shop.public.get(path)), "person": "li_na", "press": "fine"})
    assert shop.state(case_id).answers.get("check", {}).get("by") != "li_na"


def test_l10_keys_change_and_old_links_live_until_their_key_goes(shop: Shop) -> None:
    shop.start("plain")
    path = shop.link("li_na")
    old = ",".join(
        f"{kid}:{base64.b64encode(key).decode()}" for kid, key in shop.resources.ring.keys.items()
    )
    newer = new_key("b")
    rotated = Ring.parse(f"{old},{newer}")
    resources = replace(shop.resources, ring=rotated)
    with TestClient(public_app(resources), follow_redirects=False) as later:
        assert later.get(path).status_code == 200
        typed = {**Form(later.get(path)), "f.words": "好", "f.kind": "usual", "press": "done"}
        assert later.post(path, data=typed).status_code == 303
    link = rotated.read(path[3:])
    assert link and rotated.token(link.purpose, link.link_id)[0] == "b"
    with TestClient(public_app(replace(resources, ring=Ring.parse(newer)))) as retired:
        assert retired.get(path).status_code == 404


def test_l10_each_use_has_a_key_of_its_own(shop: Shop) -> None:
    ring = shop.resources.ring
    nonce = new_nonce(ring, "x")
    assert ring.verify("form", nonce) and ring.verify("session", nonce) is None
    assert ring.verify("claim", nonce) is None and ring.read(nonce) is None


def test_l11_no_time_is_in_a_token_so_no_wrong_clock_spoils_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.start("plain")
    path = shop.link("li_na")
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert shop.public.get(path).status_code == 200
    assert shop.resources.ring.token("work_item", "0" * 32) == shop.resources.ring.token(
        "work_item", "0" * 32
    )


def test_l12_another_sites_form_does_nothing(shop: Shop) -> None:
    case_id = shop.start("pinned")
    path = shop.link("zhang_wei")
    inside = shop.public.post(path, data={"do": "pin", "person": "zhang_wei", "pin": PIN})
    cookie = inside.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie
    # With the cookie and even the link: without the page's own nonce nothing counts.
    foreign = {"press": "done", "f.words": "x"}
    for nonce in ("", "x", new_nonce(shop.resources.ring, "0" * 32)):
        answer = shop.public.post(path, data={**foreign, "nonce": nonce})
        assert answer.status_code == 409
    assert shop.state(case_id).status == "open"


def test_l13_nothing_of_a_page_leaves_with_its_address(shop: Shop) -> None:
    shop.start("plain")
    page = shop.public.get(shop.link("li_na"))
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "noindex" in page.headers["x-robots-tag"]
    assert not re.findall(r'(?:src|href|action)="(?:https?:)?//', page.text)


def test_l13_no_token_or_number_is_in_any_log(shop: Shop) -> None:
    shop.start("plain")
    token = shop.link("li_na")[3:]
    said = f'GET /t/{token}?as=SIGNED HTTP/1.1 of 13812345678 and {token} alone'
    assert token not in redacted(said) and "13812345678" not in redacted(said)
    assert "SIGNED" not in redacted(said) and "138****5678" in redacted(said)
    access = logging.LogRecord(
        "uvicorn.access", logging.INFO, "", 1, '%s - "%s %s HTTP/%s" %d',
        ("1:1", "GET", f"/t/{token}", "1.1", 200), None,
    )  # fmt: skip
    assert redact(access).args == ("1:1", "GET", "/t/***", "1.1", 200)
    try:
        raise ValueError(f"no link {token} for 13812345678")
    except ValueError as error:
        info = (ValueError, error, error.__traceback__)
    failed = logging.LogRecord("jieli.web", logging.ERROR, "", 1, "failed", None, info)
    shown = logging.Formatter().format(redact(failed))
    assert "ValueError" in shown and token not in shown and "13812345678" not in shown


def test_l14_messages_are_kept_without_their_links(shop: Shop) -> None:
    """What Prefect sees are ids of rows; the token is put in by the notifier alone."""
    shop.start("plain", buyer_phone="13812345678")
    token = shop.link("li_na")[3:]
    with shop.database.read() as connection:
        rows = repr(connection.execute(select(outbox)).all())
    assert token not in rows and "/t/" not in rows and "13812345678" not in rows
    flows = [
        each.read_text()
        for each in Path(__file__).parents[2].glob("[ft][la][os][wk]s/*.py")
    ]
    assert len(flows) > 10
    assert not any("ring.token" in each and "link_url" not in each for each in flows)


def test_l15_links_come_from_the_settings_and_production_wants_https(shop: Shop) -> None:
    shop.start("plain")
    path = shop.link("li_na")
    page = shop.public.get(path, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    assert "evil.example" not in page.text + str(page.headers)
    settings = shop.resources.settings.model_copy(update={"profile": "production"})
    with pytest.raises(InsecureAddress):
        public_app(replace(shop.resources, settings=settings))


def test_l16_bad_tokens_are_slowed_and_good_links_of_the_same_address_are_not(shop: Shop) -> None:
    shop.start("plain")
    path = shop.link("li_na")
    answers = [shop.public.get(f"/t/{'x' * 44}").status_code for _ in range(30)]
    assert answers[:20] == [404] * 20 and answers[20:] == [429] * 10
    assert shop.public.get(path).status_code == 200
    typed = {**Form(shop.public.get(path)), "f.words": "好", "f.kind": "usual", "press": "done"}
    assert shop.public.post(path, data=typed).status_code == 303


def test_l16_one_link_takes_so_many_presses_a_minute(shop: Shop) -> None:
    shop.start("plain")
    path = shop.link("li_na")
    link = shop.resources.ring.read(path[3:])
    assert link
    limits: Limits = shop.resources.limits
    while limits.may_press(link.link_id):
        pass
    refused = shop.public.post(path, data={"do": "draft"})
    assert refused.status_code == 429 and refused.headers["retry-after"] == "60"
    assert shop.public.get(path).status_code == 200
    shop.start("plain", order_no="2")
    other = shop.link("li_na")
    assert shop.public.post(other, data={"do": "draft"}).status_code == 303


def test_l16_unknown_expired_and_revoked_are_the_same_bytes(shop: Shop) -> None:
    ring = shop.resources.ring
    shop.start("plain", order_no="1")
    expired = shop.link("li_na")
    shop.later(timedelta(days=31))
    shop.start("plain", order_no="2")
    revoked = shop.link("li_na")
    link = ring.read(revoked[3:])
    assert link
    with shop.database.write() as connection:
        mine = links_table.c.id == link.link_id
        connection.execute(update(links_table).where(mine).values(status="revoked"))
    unknown = "/t/" + ring.token("work_item", "0" * 32)
    forged = expired[:-1] + ("A" if expired[-1] != "A" else "B")
    for method in ("GET", "POST"):
        answers = [
            shop.public.request(method, path)
            for path in (unknown, forged, "/t/x", expired, revoked)
        ]
        assert {each.status_code for each in answers} == {404}
        assert len({each.content for each in answers}) == 1
        assert len({repr(sorted(each.headers.items())) for each in answers}) == 1


def test_l17_a_malformed_token_asks_no_database(shop: Shop) -> None:
    shop.start("plain")
    good = shop.link("li_na")
    bad = [good[:-1] + "!", good + "x", good[:20], "/t/" + "a" * 44, "/t/%00", "/t/" + "长" * 44]
    with shop.statements() as seen:
        for path in bad:
            assert shop.public.get(path).status_code == 404
            assert shop.public.get(f"{path}/files/{'0' * 32}").status_code == 404
    assert seen == []


def test_l18_it_is_written_down_who_did_what_from_where(shop: Shop) -> None:
    case_id = shop.start("claimed")
    path = shop.link("li_na")
    page = shop.look(path, "wang_fang")
    typed = {**Form(page), "person": "wang_fang", "f.words": "好", "press": "done"}
    answer = shop.public.post(path, data=typed, headers={"User-Agent": "DingTalk/7 iPhone"})
    assert answer.status_code == 303
    with shop.database.read() as connection:
        (use,) = link_uses.of_case(connection, case_id)
    assert (use.what, use.person, use.known_by) == ("done", "wang_fang", "claim")
    assert use.browser == "DingTalk/7 iPhone"
    assert link_uses.network_of("203.0.113.77") == "203.0.113.0/24"
    assert link_uses.network_of("2001:db8:1:2::9") == "2001:db8:1::/48"
    assert link_uses.network_of("testclient") == ""


def test_l19_personal_data_is_covered_until_somebody_asks_and_is_written_down(shop: Shop) -> None:
    case_id = shop.start("plain", buyer_phone="13812345678-1234")
    path = shop.link("li_na")
    page = shop.public.get(path)
    assert "138****5678" in page.text and "13812345678" not in page.text
    typed = {**Form(page), "f.words": "写了一半", "do": "reveal"}
    shown = shop.public.post(path, data=typed)
    assert shown.status_code == 200 and "13812345678-1234" in shown.text
    assert "写了一半" in shown.text, "what was typed stays"
    assert "13812345678" not in shop.public.get(path).text
    ref = shop.state(case_id).ref
    staff = shop.staff.get(f"/cases/{ref}")
    assert "李娜查看了完整个人信息" in staff.text and "13812345678" not in staff.text
    nonce = re.findall(r'name="nonce" value="([^"]+)"', staff.text)[-1]
    assert shop.staff.get(f"/cases/{ref}/reveal").status_code == 405
    without = shop.staff.post(f"/cases/{ref}/reveal", data={"nonce": "x"})
    assert without.status_code == 303
    looked = shop.staff.post(f"/cases/{ref}/reveal", data={"nonce": nonce})
    assert "13812345678-1234" in looked.text and "主管页面上的人查看了" in looked.text


def test_l19_no_number_of_our_people_is_in_the_definitions() -> None:
    # What tests beside the definitions say is made up, buyers and all.
    for file in {*DEFINITIONS.rglob("*.yaml")} - {*DEFINITIONS.rglob("*.test.yaml")}:
        found = re.findall(r"(?<!\d)1[3-9]\d{9}(?!\d)", file.read_text(encoding="utf-8"))
        # An example in a hint is no one's.
        assert set(found) <= {"13212345678"}, file


def test_l20_doctor_says_when_the_address_is_not_fit_for_phones(tmp_path: Path) -> None:
    from jieli.cli.doctor import _address
    from jieli.settings import Settings

    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    plain = Settings(profile="production", public_url="http://10.0.0.5:8080", data_dir=tmp_path)
    (bad, *_) = _address(plain, database)
    good_one = plain.model_copy(update={"public_url": "https://cs.shop.example"})
    (good, *_) = _address(good_one, database)
    database.dispose()
    assert not bad.fine and good.fine


def test_a_link_from_the_list_is_as_gated_as_any(shop: Shop) -> None:
    case_id = shop.start("claimed")
    (visit,) = shop.state(case_id).visits.values()
    with shop.database.write() as connection:
        own = links.for_work_item(connection, case_id, visit.id, "li_na")
    assert own
    page = shop.public.get("/t/" + shop.resources.ring.token(own.purpose, own.link_id))
    assert 'value="name"' in page.text
