"""Delivering claimed messages: status read again, links built, outcomes marked behind the fence."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from jieli.store import links, messages, outbox, people
from jieli.store.database import Database
from jieli.store.messages import MessageLine
from jieli.store.outbox import OutboxRow
from jieli.store.times import real_now
from notifications.channel import (
    Broken,
    Channel,
    Message,
    Outcome,
    Recipient,
    RejectedBy,
    RetryAfter,
    Sent,
)
from notifications.links import ring_of
from tasks import delivering
from tasks.delivering import Cancelled, NotOurs, best, deliver
from tests.integration.web_shop import Form, Shop, open_shop


@pytest.fixture
def shop(database: Database, tmp_path: Path) -> Iterator[Shop]:
    yield from open_shop(database, tmp_path)


class Kept:
    """A channel that keeps what it is given and says what it is told to say."""

    def __init__(self, *says: Outcome) -> None:
        self.says = list(says)
        self.got: list[tuple[Message, Recipient]] = []

    async def send(self, message: Message, recipient: Recipient) -> Outcome:
        self.got.append((message, recipient))
        return self.says.pop(0) if self.says else Sent("p-1")


class Slow:
    """A channel that never answers."""

    async def send(self, message: Message, recipient: Recipient) -> Outcome:
        await asyncio.sleep(60)
        return Sent()


def claim(shop: Shop, owner: str = "one", seconds: float = 60) -> list[OutboxRow]:
    with shop.database.write() as connection:
        return outbox.claim(connection, owner=owner, limit=50, lease_seconds=seconds)


def send(shop: Shop, rows: list[OutboxRow], channel: Channel) -> list[delivering.Delivered]:
    return asyncio.run(deliver(shop.database, rows, {"console": channel}, shop.resources.settings))


def line(shop: Shop) -> MessageLine:
    with shop.database.read() as connection:
        return messages.outbox_page(connection)[0]


def test_a_message_goes_out_with_a_link_that_opens(shop: Shop) -> None:
    shop.start("plain")
    with shop.database.write() as connection:
        people.set_contacts(connection, "li_na", email="li@example.com", phone=None)
    channel = Kept()
    assert send(shop, claim(shop), channel) == [Sent("p-1")]
    ((message, recipient),) = channel.got
    assert recipient == Recipient("li_na", "李娜", email="li@example.com")
    assert message.url and message.button == "打开任务" and message.shop
    ring = ring_of(shop.resources.settings)
    read = ring.read(message.url.rpartition("/t/")[2])
    assert read and message.url.startswith(shop.resources.settings.public_url)
    with shop.database.read() as connection:
        assert links.find(connection, read.link_id)
    sent = line(shop)
    assert (sent.status, sent.provider_id) == ("sent", "p-1")
    assert claim(shop) == []


@pytest.mark.parametrize(
    ("says", "status"),
    [
        (RetryAfter(7, "busy"), "pending"),
        (Broken("no key"), "pending"),
        (RejectedBy("unknown number"), "rejected"),
    ],
)
def test_what_is_not_sent_says_why(shop: Shop, says: Outcome, status: str) -> None:
    shop.start("plain")
    send(shop, claim(shop), Kept(says))
    found = line(shop)
    assert found.status == status
    assert found.reason in ("busy", "no key", "unknown number")
    if status == "pending":
        assert found.next_try_at > real_now()
        assert claim(shop) == []


def test_a_message_that_became_pointless_is_not_sent(shop: Shop) -> None:
    shop.start("plain")
    rows = claim(shop)
    link = shop.link("li_na")
    form = Form(shop.public.get(link)) | {"f.words": "好", "f.kind": "usual", "press": "done"}
    assert shop.public.post(link, data=form).status_code == 303
    channel = Kept()
    assert send(shop, rows, channel) == [NotOurs()]
    assert channel.got == [] and line(shop).status == "cancelled"


def test_a_message_whose_link_is_over_is_not_sent(shop: Shop) -> None:
    shop.start("plain")
    rows = claim(shop)
    link = shop.link("li_na")
    form = Form(shop.public.get(link), 1) | {"to": "wang_fang", "reason": "下班", "do": "delegate"}
    assert shop.public.post(link, data=form).status_code == 200
    channel = Kept()
    assert send(shop, rows, channel) in ([Cancelled()], [NotOurs()])
    assert channel.got == []


def test_an_older_claim_neither_sends_nor_marks(shop: Shop) -> None:
    shop.start("plain")
    old = claim(shop, seconds=-1)
    new = claim(shop, "two")
    channel = Kept()
    assert send(shop, old, channel) == [NotOurs()]
    assert channel.got == [] and line(shop).status == "pending"
    assert send(shop, new, channel) == [Sent("p-1")]


def test_a_channel_that_hangs_ends_before_its_claim(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivering, "SEND_SECONDS", 0.05)
    shop.start("plain")
    (outcome,) = send(shop, claim(shop), Slow())
    assert isinstance(outcome, RetryAfter)
    assert line(shop).status == "pending"


def test_a_channel_nobody_set_up_is_told(shop: Shop) -> None:
    shop.start("plain")
    rows = claim(shop)
    (outcome,) = asyncio.run(deliver(shop.database, rows, {}, shop.resources.settings))
    assert outcome == Broken("there is no channel console")


def test_after_many_tries_it_is_given_up_and_seen(shop: Shop) -> None:
    shop.start("plain")
    (row,) = claim(shop)
    for _ in range(2):
        marked = delivering.marked(row, RetryAfter(1, "busy"))
        assert marked.status == "pending"
    from dataclasses import replace

    last = replace(row, tries=delivering.MOST_TRIES - 1)
    assert delivering.marked(last, RetryAfter(1, "busy")).status == "given_up"


def test_many_messages_keep_their_order(shop: Shop) -> None:
    for number in range(40):
        shop.start("plain", str(number))
    channel = Kept()
    assert send(shop, claim(shop), channel) == [Sent("p-1")] * 40
    assert len({message.reference for message, _ in channel.got}) == 40


def test_one_channel_is_enough() -> None:
    assert best([RejectedBy("x"), Sent("a"), Broken("y")]) == Sent("a")
    assert best([RejectedBy("x"), RetryAfter(1, "z"), Broken("y")]) == RetryAfter(1, "z")
    assert best([RejectedBy("x"), Broken("y")]) == Broken("y")
