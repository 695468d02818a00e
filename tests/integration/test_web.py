"""The page behind a link: it shows, acts once, and tells nobody else anything."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from jieli.store import drafts, links
from jieli.store.database import Database
from jieli.web.apps import public_app
from jieli.web.resources import InsecureAddress, Resources
from tests.integration.web_shop import PIN, Form, Shop, open_shop

FILLED = {"f.words": "杯盖漏水", "f.kind": "usual"}


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Shop]:
    yield from open_shop(database, tmp_path)


# ---- reading -------------------------------------------------------------------------------------


def test_the_page_says_what_to_do_by_when(shop: Shop) -> None:
    shop.start("plain")
    page = shop.public.get(shop.link("li_na"))
    assert page.status_code == 200
    for words in ("问一问", "请问订单 7788", "订单号", "还剩 2 小时", "必填", "完成", "不再联系"):
        assert words in page.text
    assert len(page.content) < 50_000
    assert "<script" not in page.text and "style=" not in page.text and "onclick" not in page.text


def test_every_control_has_a_label(shop: Shop) -> None:
    shop.start("plain")
    page = shop.public.get(shop.link("li_na")).text
    for name in ("f.words", "f.call_at", "f.paid", "f.goods.0.name", "f.goods.0.number"):
        assert f'for="{name}"' in page and f'id="{name}"' in page
    assert 'inputmode="decimal"' in page
    assert "<legend>哪一种" in page


def test_looking_changes_nothing_however_often(shop: Shop) -> None:
    shop.start("plain")
    shop.start("claimed", "1")
    shop.start("waiting", "2")
    paths = [shop.link("li_na"), shop.link("wang_fang"), "/me", "/me/start", "/t/x", "/"]
    before = shop.dump()
    with ThreadPoolExecutor(8) as threads:
        for method in ("GET", "HEAD"):
            answers = threads.map(lambda path: shop.public.request(method, path), paths * 10)  # noqa: B023
            assert {answer.status_code for answer in answers} <= {200, 404}
    for path in ("/cases", "/outbox", "/people", "/troubles", "/start", "/cases/A1001"):
        assert shop.staff.get(path).status_code == 200
    assert shop.dump() == before
    assert not shop.woken


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cache-control", "no-store"),
        ("referrer-policy", "no-referrer"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("x-robots-tag", "noindex, nofollow"),
    ],
)
def test_every_answer_carries_its_headers(shop: Shop, name: str, value: str) -> None:
    shop.start("plain")
    link = shop.link("li_na")
    answers = [
        shop.public.get(link), shop.public.get("/t/nothing"), shop.public.get("/nowhere"),
        shop.public.post(link, data={}), shop.public.get("/me"), shop.staff.get("/outbox"),
        shop.public.put(link),
    ]  # fmt: skip
    assert all(answer.headers[name] == value for answer in answers)
    for answer in answers:
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy


def test_a_bad_token_costs_no_query(shop: Shop) -> None:
    shop.start("plain")
    good = shop.link("li_na")
    bad = [
        good[:-1] + ("A" if good[-1] != "A" else "B"),
        "/t/" + "a" * 44,
        "/t/",
        "/t/..%2f..",
        good + "x",
    ]
    with shop.statements() as seen:
        for path in bad:
            assert shop.public.get(path).status_code == 404
            assert shop.public.post(path, data={"press": "done"}).status_code == 404
    assert seen == []


def test_unknown_expired_and_revoked_links_read_the_same(shop: Shop) -> None:
    case_id = shop.start("plain")
    good = shop.link("li_na")
    unknown = "/t/" + shop.resources.ring.token("work_item", "0" * 32)
    other_purpose = shop.resources.ring.read(good[3:])
    assert other_purpose
    wrong = "/t/" + shop.resources.ring.token("wait", other_purpose.link_id)
    form = Form(shop.public.get(good), 1)
    form |= {"to": "wang_fang", "reason": "下班", "do": "delegate"}
    handed = shop.public.post(good, data=form)
    assert handed.status_code == 200 and "已转给王芳" in handed.text
    answers = [shop.public.get(path) for path in (unknown, wrong, good, "/t/nonsense")]
    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.text for answer in answers}) == 1
    assert "7788" not in answers[0].text
    assert shop.public.get(shop.link("wang_fang")).status_code == 200
    assert shop.state(case_id).visits


def test_a_links_life_ends_some_days_after_the_deadline_and_says_nothing_then(shop: Shop) -> None:
    shop.start("plain")
    link, unknown = shop.link("li_na"), "/t/" + shop.resources.ring.token("work_item", "0" * 32)
    form = Form(shop.public.get(link)) | FILLED
    shop.later(timedelta(hours=2 + 71))
    assert shop.public.get(link).status_code == 200, "it may still be done long after the deadline"
    shop.later(timedelta(hours=2))
    assert shop.public.get(link).text == shop.public.get(unknown).text
    assert shop.public.post(link, data={**form, "press": "done"}).status_code == 404


def test_a_waits_link_lives_as_long_as_the_wait(shop: Shop) -> None:
    shop.start("waiting")
    link = shop.link("li_na")
    shop.later(timedelta(days=60))
    assert shop.public.get(link).status_code == 200


# ---- answering -----------------------------------------------------------------------------------


def test_an_answer_counts_once(shop: Shop) -> None:
    case_id = shop.start("plain")
    link = shop.link("li_na")
    form = Form(shop.public.get(link)) | FILLED | {"press": "done"}
    first = shop.public.post(link, data=form)
    assert first.status_code == 303 and first.headers["location"] == f"{link}?saved=1"
    thanks = shop.public.get(first.headers["location"])
    assert "已提交" in thanks.text and "已由李娜于" in thanks.text
    state = shop.state(case_id)
    assert state.status == "completed"
    assert state.answers["ask"]["fields"] == {"words": "杯盖漏水", "kind": "usual"}
    assert shop.woken == [case_id]


def test_the_same_form_twice_is_the_same_success(shop: Shop) -> None:
    shop.start("plain")
    link = shop.link("li_na")
    form = Form(shop.public.get(link)) | FILLED | {"press": "done"}
    answers = [shop.public.post(link, data=form) for _ in range(3)]
    assert {(a.status_code, a.headers["location"]) for a in answers} == {(303, f"{link}?saved=1")}


def test_another_form_is_told_who_was_first(shop: Shop) -> None:
    shop.start("plain")
    link = shop.link("li_na")
    pages = [shop.public.get(link) for _ in range(2)]
    first, second = (Form(page) | FILLED | {"press": "done"} for page in pages)
    assert shop.public.post(link, data=first).status_code == 303
    late = shop.public.post(link, data=second)
    assert late.status_code == 409
    assert "已由李娜于" in late.text and "7788" not in late.text


def test_many_at_once_have_one_winner(shop: Shop) -> None:
    case_id = shop.start("plain")
    link = shop.link("li_na")
    forms = [Form(shop.public.get(link)) | FILLED | {"press": "done"} for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda form: shop.public.post(link, data=form), forms))
    assert sorted(answer.status_code for answer in answers) == [303] + [409] * 7
    assert shop.state(case_id).status == "completed"


def test_mistakes_are_shown_at_their_field_and_nothing_typed_is_lost(shop: Shop) -> None:
    case_id = shop.start("plain")
    link = shop.link("li_na")
    form = Form(shop.public.get(link)) | {
        "f.words": "很长" * 20, "f.paid": "很多", "f.goods.0.name": "杯盖", "f.goods.0.number": "0",
        "press": "done",
    }  # fmt: skip
    page = shop.public.post(link, data=form)
    assert page.status_code == 422
    assert "有 4 处需要修改" in page.text
    for name in ("f.words", "f.kind", "f.paid", "f.goods.0.number"):
        assert f'href="#{name}"' in page.text
        assert f'id="e-{name}"' in page.text and f"e-{name}" in page.text
    again = Form(page)
    assert again["f.words"] == "很长" * 20 and again["f.paid"] == "很多"
    assert again["f.goods.0.name"] == "杯盖"
    assert shop.state(case_id).status == "open"
    assert shop.public.post(link, data=again | FILLED | {
        "f.paid": "12.5", "f.goods.0.number": "2", "press": "done",
    }).status_code == 303  # fmt: skip


def test_what_is_typed_is_text_and_no_markup(shop: Shop) -> None:
    shop.start("plain", order_no='7"><script>x</script>')
    link = shop.link("li_na")
    evil = "</textarea><script>alert(1)</script>"
    form = Form(shop.public.get(link)) | {"f.words": evil, "press": "done"}
    page = shop.public.post(link, data=form)
    assert "<script" not in page.text
    assert Form(page)["f.words"] == evil


def test_a_choice_that_asks_more_shows_the_page_again(shop: Shop) -> None:
    case_id = shop.start("plain")
    link = shop.link("li_na")
    page = shop.public.get(link)
    assert "f.why" not in page.text
    form = Form(page) | FILLED | {"f.kind": "other", "press": "done"}
    more = shop.public.post(link, data=form)
    assert more.status_code == 422 and 'id="f.why"' in more.text
    again = Form(more) | {"f.why": "少见", "press": "done"}
    assert shop.public.post(link, data=again).status_code == 303
    assert shop.state(case_id).answers["ask"]["fields"]["why"] == "少见"


def test_an_old_page_is_asked_to_press_again(shop: Shop) -> None:
    case_id = shop.start("plain")
    link = shop.link("li_na")
    form = Form(shop.public.get(link)) | FILLED | {"press": "done", "nonce": "forged"}
    page = shop.public.post(link, data=form)
    assert page.status_code == 409 and Form(page)["f.words"] == "杯盖漏水"
    assert shop.state(case_id).status == "open"


def test_a_button_that_asks_is_confirmed_on_a_page_of_its_own(shop: Shop) -> None:
    case_id = shop.start("plain")
    link = shop.link("li_na")
    form = Form(shop.public.get(link)) | {"f.words": "别打了", "press": "block"}
    asked = shop.public.post(link, data=form)
    assert "确定不再联系吗？" in asked.text
    assert shop.state(case_id).status == "open"
    back = shop.public.post(link, data=Form(asked) | {"do": "back"})
    assert Form(back)["f.words"] == "别打了"
    assert shop.public.post(link, data=Form(asked) | {"press": "block"}).status_code == 303
    assert shop.state(case_id).contact_blocked


def test_a_draft_is_kept_and_decides_nothing(shop: Shop) -> None:
    case_id = shop.start("plain")
    link = shop.link("li_na")
    form = Form(shop.public.get(link)) | {"f.words": "写到一半", "do": "draft"}
    saved = shop.public.post(link, data=form)
    assert saved.status_code == 303
    page = shop.public.get(saved.headers["location"])
    assert "已暂存" in page.text and Form(page)["f.words"] == "写到一半"
    assert shop.state(case_id).status == "open" and not shop.woken


def test_enter_in_a_field_is_the_draft_and_no_decision(shop: Shop) -> None:
    shop.start("plain")
    text = Form(shop.public.get(shop.link("li_na"))).text
    assert text.index('value="draft"') < text.index('name="press"')


def test_rows_are_saved_one_by_one(shop: Shop) -> None:
    case_id = shop.start("plain")
    link = shop.link("li_na")
    form = Form(shop.public.get(link)) | {"f.words": "两件", "f.kind": "usual"}
    form |= {"f.goods.0.name": "杯盖", "f.goods.0.number": "x", "do": "row_save:goods:0"}
    wrong = shop.public.post(link, data=form)
    assert wrong.status_code == 422 and 'id="e-f.goods.0.number"' in wrong.text
    one = shop.public.post(
        link, data=Form(wrong) | {"f.goods.0.number": "1", "do": "row_save:goods:0"}
    )
    assert "这一行已保存" in one.text and Form(one)["f.words"] == "两件"
    with shop.database.read() as connection:
        visit = next(iter(shop.state(case_id).visits))
        kept = drafts.read(connection, case_id, visit, "li_na")
    assert kept["goods"] == [{"name": "杯盖", "number": "1"}]
    two = shop.public.post(link, data=Form(one) | {"do": "row_add:goods:0"})
    two = shop.public.post(
        link,
        data=Form(two)
        | {"f.goods.1.name": "杯身", "f.goods.1.number": "3", "do": "row_save:goods:1"},
    )
    assert "杯盖" in two.text and "杯身" in two.text
    dropped = shop.public.post(link, data=Form(two) | {"do": "row_drop:goods:0"})
    done = shop.public.post(link, data=Form(dropped) | {"press": "done"})
    assert done.status_code == 303
    fields = shop.state(case_id).answers["ask"]["fields"]
    assert fields["goods"] == [{"name": "杯身", "number": 3}]


def test_quick_times_fill_the_field_in(shop: Shop) -> None:
    case_id = shop.start("plain")
    link = shop.link("li_na")
    form = Form(shop.public.get(link)) | FILLED | {"do": "quick:call_at:2h"}
    page = shop.public.post(link, data=form)
    filled = datetime.fromisoformat(Form(page)["f.call_at"]).replace(
        tzinfo=ZoneInfo("Asia/Shanghai")
    )
    assert timedelta(minutes=119) < filled - shop.now() <= timedelta(minutes=125)
    assert shop.public.post(link, data=Form(page) | {"press": "done"}).status_code == 303
    stored = shop.state(case_id).answers["ask"]["fields"]["call_at"]
    assert datetime.fromisoformat(stored) == filled


def test_an_answer_may_be_taken_back_for_a_while(shop: Shop) -> None:
    case_id = shop.start("held")
    link = shop.link("li_na")
    shop.public.post(link, data=Form(shop.public.get(link)) | {"f.words": "错了", "press": "done"})
    page = shop.public.get(link)
    assert "撤回" in page.text and "错了" in page.text and "还有 2 分" in page.text
    assert 'name="press"' not in page.text
    back = shop.public.post(link, data=Form(page) | {"do": "take_back"})
    assert back.status_code == 303
    again = shop.public.get(link)
    assert Form(again)["f.words"] == "错了"
    shop.public.post(link, data=Form(again) | {"f.words": "对了", "press": "done"})
    (visit,) = shop.state(case_id).visits.values()
    assert visit.status == "held" and visit.answers == {"words": "对了"}


def test_a_taken_back_answer_comes_up_as_given_not_as_the_draft_before(shop: Shop) -> None:
    shop.start("held")
    link = shop.link("li_na")
    form = Form(shop.public.get(link)) | {"f.words": "草稿"}
    shop.public.post(link, data=form | {"do": "draft"})
    shop.public.post(link, data=Form(shop.public.get(link)) | {"f.words": "定稿", "press": "done"})
    shop.public.post(link, data=Form(shop.public.get(link)) | {"do": "take_back"})
    assert Form(shop.public.get(link))["f.words"] == "定稿"


# ---- who -----------------------------------------------------------------------------------------


def test_one_says_who_one_is_and_it_is_recorded_as_said(shop: Shop) -> None:
    case_id = shop.start("claimed")
    link = shop.link("li_na")
    page = shop.look(link)
    assert "我是" in page.text and "由我处理" in page.text
    form = Form(page) | {"f.words": "好", "press": "done", "person": ""}
    nameless = shop.public.post(link, data=form)
    assert nameless.status_code == 422 and 'id="e-person"' in nameless.text
    stranger = shop.public.post(link, data=form | {"person": "zhang_wei"})
    assert stranger.status_code == 422
    named = shop.public.post(link, data=Form(nameless) | {"person": "wang_fang", "do": "name"})
    assert Form(named)["f.words"] == "好", "what was typed before the name is there after it"
    claimed = shop.public.post(link, data=Form(named) | {"person": "wang_fang", "do": "claim"})
    assert claimed.status_code == 303
    page = shop.look(link)
    assert "由王芳处理中" in page.text
    refused = shop.public.post(link, data=Form(page) | {"person": "li_na", "press": "done"})
    assert refused.status_code in (409, 422)
    form = Form(page) | {"f.words": "好", "person": "wang_fang", "press": "done"}
    assert shop.public.post(link, data=form).status_code == 303
    assert shop.state(case_id).answers["ask"]["by"] == "wang_fang"
    history = shop.staff.get(f"/cases/{shop.state(case_id).ref}").text
    assert "王芳：完成" in history


def test_without_the_pin_nothing_is_read_and_nothing_done(shop: Shop) -> None:
    case_id = shop.start("pinned")
    link = shop.link("zhang_wei")
    page = shop.public.get(link)
    assert "主管决定" in page.text
    assert "机密说明" not in page.text and "7788" not in page.text
    wrong = shop.public.post(link, data=Form(page) | {"do": "pin", "pin": "000000"})
    assert wrong.status_code == 401 and "set-cookie" not in wrong.headers
    asked = shop.public.post(link, data={"press": "done", "f.words": "同意"})
    assert asked.status_code == 401 and "机密说明" not in asked.text
    assert shop.state(case_id).status == "open"
    # What was typed before the session ended is there after the PIN.
    inside = shop.public.post(link, data=Form(asked) | {"do": "pin", "pin": PIN})
    assert "机密说明" in inside.text and Form(inside)["f.words"] == "同意"
    cookie = inside.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie
    assert shop.public.post(link, data=Form(inside) | {"press": "done"}).status_code == 303
    assert shop.state(case_id).answers["ask"]["by"] == "zhang_wei"


def test_five_wrong_pins_lock(shop: Shop) -> None:
    shop.start("pinned")
    link = shop.link("zhang_wei")
    form = Form(shop.public.get(link)) | {"do": "pin", "pin": "999999"}
    pages = [shop.public.post(link, data=form) for _ in range(6)]
    assert "15 分钟后" in pages[-1].text
    right = shop.public.post(link, data=form | {"pin": PIN})
    assert right.status_code == 401 and "set-cookie" not in right.headers


def test_somebody_elses_pin_opens_nothing(shop: Shop) -> None:
    shop.start("pinned")
    link = shop.link("zhang_wei")
    shop.public.post("/me", data={"person": "li_na", "pin": PIN})
    page = shop.public.get(link)
    assert "您是李娜" in page.text and "机密说明" not in page.text


def test_two_must_sign(shop: Shop) -> None:
    case_id = shop.start("signed")
    one, two = shop.link("li_na"), shop.link("wang_fang")
    page = shop.public.get(one)
    assert "已签 0/2" in page.text
    assert shop.public.post(one, data=Form(page) | {"press": "sign"}).status_code == 303
    again = shop.public.get(one)
    assert "已签：李娜" in again.text and "已签 1/2" in again.text
    twice = shop.public.post(one, data=Form(again) | {"press": "sign"})
    assert twice.status_code == 409 and "您已经签过" in twice.text
    page = shop.public.get(two)
    assert shop.public.post(two, data=Form(page) | {"press": "sign"}).status_code == 303
    assert shop.state(case_id).status == "completed"


def test_a_wait_has_a_page_of_its_own(shop: Shop) -> None:
    case_id = shop.start("waiting")
    link = shop.link("li_na")
    page = shop.public.get(link)
    assert "等买家" in page.text and "还剩 2 天" in page.text
    assert shop.public.post(link, data=Form(page) | {"press": "replied"}).status_code == 303
    assert shop.state(case_id).status == "completed"
    assert "已由李娜于" in shop.public.get(link).text


def test_outside_the_window_there_is_no_number_to_call(shop: Shop) -> None:
    local = shop.now().astimezone(ZoneInfo("Asia/Shanghai"))
    midnight = (local + timedelta(days=1)).replace(hour=0, minute=30, second=0)
    shop.later(midnight - local)
    case_id = shop.start("windowed", buyer_phone="13812345678-1234")
    (visit,) = shop.state(case_id).visits.values()
    assert visit.status == "scheduled" and visit.window_start
    with shop.database.write() as connection:
        link = links.for_work_item(connection, case_id, visit.id, "li_na")
    assert link
    path = "/t/" + shop.resources.ring.token(link.purpose, link.link_id)
    closed = shop.public.get(path)
    assert "起才能处理" in closed.text and "tel:" not in closed.text
    assert 'name="press"' not in closed.text
    forced = shop.public.post(path, data={"press": "reached", "nonce": ""})
    assert forced.status_code == 409
    # The window opens; the timer that opens the step is the clock's, so it is fired by hand.
    shop.later(visit.window_start - shop.now() + timedelta(minutes=1))
    fire_timers(shop, case_id)
    inside = shop.public.get(path)
    assert 'href="tel:13812345678,1234"' in inside.text and "通话时段到" in inside.text


def fire_timers(shop: Shop, case_id: str) -> None:
    """What the clock does."""
    from jieli.engine.events import TimerFired

    for timer in list(shop.state(case_id).timers.values()):
        if timer.at <= shop.now():
            event = TimerFired(timer=timer.id, at=timer.at)
            shop.resources.committer.submit(case_id, f"t:{timer.id}", event).result()


# ---- the address and the logs ----------------------------------------------------------------


def test_no_answer_speaks_of_the_host_header(shop: Shop) -> None:
    shop.start("plain")
    link = shop.link("li_na")
    evil = {"host": "evil.example"}
    form = Form(shop.public.get(link)) | FILLED | {"press": "done"}
    for answer in (
        shop.public.get(link, headers=evil),
        shop.public.post(link, data=form, headers=evil),
        shop.public.get(link + "/", headers=evil),
    ):
        assert "evil.example" not in answer.text + str(answer.headers)


def test_production_needs_https(shop: Shop) -> None:
    settings = shop.resources.settings.model_copy(update={"profile": "production"})
    resources = Resources(settings, shop.database, shop.resources.committer, shop.resources.ring)
    with pytest.raises(InsecureAddress):
        public_app(resources)


def test_a_body_that_is_too_large_is_refused(shop: Shop) -> None:
    shop.start("plain")
    link = shop.link("li_na")
    big = b"f.words=" + b"a" * 300_000
    kind = {"content-type": "application/x-www-form-urlencoded"}
    assert shop.public.post(link, content=big, headers=kind).status_code == 413
    chunks = (big[at : at + 1000] for at in range(0, len(big), 1000))
    assert shop.public.post(link, content=chunks, headers=kind).status_code == 413


def test_random_fields_change_nothing_they_should_not(shop: Shop) -> None:
    case_id = shop.start("plain")
    link = shop.link("li_na")
    nonce = Form(shop.public.get(link))["nonce"]
    for data in (
        {"press": "nothing"}, {"do": "row_drop:goods:99"}, {"do": "row_save:words:0"},
        {"do": "quick:goods.999.name:2h"}, {"do": "quick:words:9999999d"}, {"do": "::"},
        {"f.goods.7.name": "x", "open.goods": "999", "do": "row_edit:goods:5"},
        {"do": "claim"}, {"do": "take_back"}, {"do": "delegate", "to": "nobody", "reason": "x"},
        {"f.words": os.urandom(20).hex() * 50, "press": "done"},
    ):  # fmt: skip
        answer = shop.public.post(link, data={"nonce": nonce, **data})
        assert answer.status_code in (200, 303, 400, 409, 422), data
        nonce = Form(shop.public.get(link))["nonce"]
    assert shop.state(case_id).status == "open"
