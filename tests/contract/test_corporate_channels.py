"""Messages to one member: tokens renewed, unknown members and dropped messages told as they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from notifications.channel import Item, Message, Recipient, RejectedBy, RetryAfter, Sent
from notifications.dingtalk_work import DingTalkWork
from notifications.wecom_app import WeComApp
from tests.providers.corporate import DingTalkCorp, WeComCorp

pytestmark = pytest.mark.anyio

URL = "https://cs.example.com/t/aSECRETTOKEN"
MESSAGE = Message(
    reference="M-17", to="li_na", title="旺旺留言：差评 4821 严重", text="先道歉。" * 300,
    facts=(("订单编号", "…4821"),), url=URL, button="打开任务", shop="样例旗舰店",
)  # fmt: skip
LI_NA = Recipient(id="li_na", name="李娜", dingtalk="u1", wecom="u1")
UNKNOWN = Recipient(id="x", name="某某", dingtalk="u9", wecom="u9")
NOBODY = Recipient(id="y", name="没有登记")


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def wecom(corp: WeComCorp) -> WeComApp:
    return WeComApp("corp", "secret", "1000002", transport=corp.transport)


def dingtalk(corp: DingTalkCorp) -> DingTalkWork:
    return DingTalkWork("key", "secret", "42", transport=corp.transport)


async def test_a_member_gets_a_card_within_the_limits() -> None:
    corp, org = WeComCorp(), DingTalkCorp()
    assert await wecom(corp).send(MESSAGE, LI_NA) == Sent("m1")
    assert corp.taken[0]["textcard"]["url"] == URL
    assert await dingtalk(org).send(MESSAGE, LI_NA) == Sent("task:1")
    assert org.taken[0]["msg"]["action_card"]["single_url"] == URL


async def test_the_token_is_fetched_once_and_renewed_when_it_is_over() -> None:
    corp = WeComCorp()
    channel = wecom(corp)
    await channel.send(MESSAGE, LI_NA)
    await channel.send(replace(MESSAGE, reference="M-18"), LI_NA)
    assert corp.tokens == 1
    corp.over.add("t1")
    assert isinstance(await channel.send(replace(MESSAGE, reference="M-19"), LI_NA), Sent)
    assert (corp.tokens, len(corp.taken)) == (2, 3)


async def test_dingtalk_tries_again_at_once_with_a_new_token() -> None:
    org = DingTalkCorp()
    channel = dingtalk(org)
    await channel.send(MESSAGE, LI_NA)
    org.over.add("t1")
    again = replace(MESSAGE, reference="M-18")
    assert isinstance(await channel.send(again, LI_NA), RetryAfter)
    assert isinstance(await channel.send(again, LI_NA), Sent)


async def test_an_unknown_member_is_no_success() -> None:
    assert isinstance(await wecom(WeComCorp()).send(MESSAGE, UNKNOWN), RejectedBy)
    assert isinstance(await dingtalk(DingTalkCorp()).send(MESSAGE, UNKNOWN), RejectedBy)


async def test_who_has_no_id_is_rejected_before_anything_is_sent() -> None:
    corp, org = WeComCorp(), DingTalkCorp()
    assert isinstance(await wecom(corp).send(MESSAGE, NOBODY), RejectedBy)
    assert isinstance(await dingtalk(org).send(MESSAGE, NOBODY), RejectedBy)
    assert corp.tokens == org.tokens == 0


async def test_a_repeat_in_wecom_arrives_once() -> None:
    corp = WeComCorp()
    channel = wecom(corp)
    await channel.send(MESSAGE, LI_NA)
    assert isinstance(await channel.send(MESSAGE, LI_NA), Sent)
    assert len(corp.taken) == 1


async def test_what_dingtalk_drops_in_silence_is_told() -> None:
    org = DingTalkCorp()
    channel = dingtalk(org)
    await channel.send(MESSAGE, LI_NA)
    dropped = await channel.send(MESSAGE, LI_NA)
    assert isinstance(dropped, RejectedBy) and "dropped" in dropped.reason


async def test_a_digest_has_every_link_whole_and_counts_by_member() -> None:
    items = tuple(Item(f"M-{n}", "旺旺留言：差评", f"{URL}{n:04}") for n in range(8))
    digest = replace(MESSAGE, title="李娜：8 条通知", text="", facts=(), url=None, items=items)
    corp, org = WeComCorp(), DingTalkCorp()
    assert await wecom(corp).send(digest, LI_NA) == Sent("m1")
    assert await dingtalk(org).send(digest, LI_NA) == Sent("task:1")
    for words in (corp.taken[0]["text"]["content"], org.taken[0]["msg"]["markdown"]["text"]):
        assert all(each.url and each.url in words for each in items)
    ours, other = (wecom(corp).limit(to) for to in (LI_NA, UNKNOWN))
    assert ours.name != other.name and ours.rates[0].amount == 25
