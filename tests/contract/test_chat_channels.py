"""One suite over the chat channels, each against a server that behaves as its provider's page says."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from notifications import dingtalk, feishu, markdown
from notifications.channel import (
    Broken,
    Channel,
    ChannelSetupError,
    Item,
    Limited,
    Message,
    Recipient,
    RejectedBy,
    RetryAfter,
    Sent,
)
from notifications.dingtalk import DingTalkRobot
from notifications.feishu import FeishuBot
from notifications.wecom import WeComRobot
from tests.providers.dingtalk import DingTalk
from tests.providers.feishu import Feishu
from tests.providers.server import Provider
from tests.providers.wecom import WeCom

pytestmark = pytest.mark.anyio

TOKEN_URL = "https://cs.example.com/t/aSECRETTOKEN"
SECRET = "SECabc123"
MESSAGE = Message(
    reference="M-17", to="li_na", title="旺旺留言：差评 4821 严重", text="先道歉。\n再解释。",
    facts=(("订单编号", "…4821"), ("购买物品", "保温杯")), url=TOKEN_URL, button="打开任务",
    urgent=True, shop="样例旗舰店",
)  # fmt: skip
GROUP = Recipient(id="after_sales", name="售后客服", is_role=True)
LI_NA = Recipient(id="li_na", name="李娜", phone="13812345678")

KINDS: dict[str, tuple[type[Provider], Callable[[Provider], Channel]]] = {
    "dingtalk": (DingTalk, lambda p: DingTalkRobot(p.url, now=lambda: p.now)),
    "wecom": (WeCom, lambda p: WeComRobot(p.url)),
    "feishu": (Feishu, lambda p: FeishuBot(p.url, now=lambda: p.now)),
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=list(KINDS))
def both(request: pytest.FixtureRequest) -> Iterator[tuple[Provider, Channel]]:
    """A provider and the channel that reaches it."""
    kind, make = KINDS[request.param]
    with kind().running() as provider:
        yield provider, make(provider)


async def test_a_message_arrives_with_its_link_and_number(both: tuple[Provider, Channel]) -> None:
    provider, channel = both
    assert isinstance(await channel.send(MESSAGE, GROUP), Sent)
    [body] = provider.taken
    words = json.dumps(body, ensure_ascii=False)
    for wanted in ("差评 4821 严重", "打开任务", TOKEN_URL, "M-17", "…4821"):
        assert wanted in words


async def test_what_is_above_the_limit_is_later_not_lost(both: tuple[Provider, Channel]) -> None:
    provider, channel = both
    outcomes = [await channel.send(MESSAGE, GROUP) for _ in range(provider.per_minute + 1)]
    assert [type(each) for each in outcomes[:-1]] == [Sent] * provider.per_minute
    blocked = outcomes[-1]
    assert isinstance(blocked, RetryAfter)
    assert blocked.seconds >= provider.block_seconds
    provider.now += blocked.seconds + 1
    assert isinstance(await channel.send(MESSAGE, GROUP), Sent)


async def test_a_long_message_is_cut_and_its_link_is_whole(both: tuple[Provider, Channel]) -> None:
    provider, channel = both
    long = replace(MESSAGE, text="很长的话。" * 3000)
    assert isinstance(await channel.send(long, GROUP), Sent)
    assert isinstance(await channel.send(long, LI_NA), Sent)
    for body in provider.taken:
        assert TOKEN_URL in json.dumps(body)


@pytest.mark.parametrize("title", ["旺旺留言：差评 4821 严重", "很长的标题" * 40, "a[b](c)@all" * 20])
@pytest.mark.parametrize("to", [GROUP, LI_NA])
async def test_a_digest_as_large_as_may_be_has_every_link_whole(
    both: tuple[Provider, Channel], title: str, to: Recipient
) -> None:
    provider, channel = both
    assert isinstance(channel, Limited)
    room, items = channel.limit(to).most_bytes, list[Item]()
    while (item := Item(f"M-{len(items) + 10000}", title, f"{TOKEN_URL}{len(items):06}")) and (
        room := room - markdown.item_bytes(item)
    ) >= 0:
        items.append(item)
    digest = Message(
        reference="M-10000", to=to.id, title=f"售后客服：{len(items)} 条通知", shop="样例旗舰店",
        items=tuple(items),
    )  # fmt: skip
    assert isinstance(await channel.send(digest, to), Sent)
    words = json.dumps(provider.taken[-1], ensure_ascii=False)
    assert len(items) >= 4
    for each in items:
        assert each.url and each.url in words and each.reference in words


async def test_customer_text_makes_no_link_and_rings_nobody(
    both: tuple[Provider, Channel],
) -> None:
    provider, channel = both
    nasty = "@all 看[这里](http://evil.example/x) <at id=all></at> https://evil.example/y"
    await channel.send(replace(MESSAGE, text=nasty, url=None), GROUP)
    words = json.dumps(provider.taken[-1], ensure_ascii=False)
    assert "evil.example" not in words
    assert "@all" not in words and "<at id" not in words


@pytest.mark.parametrize(
    "answer",
    [
        (200, b"not json"), (200, b"[]"), (200, b"{}"), (200, b'{"errcode":987654,"code":987654}'),
        (200, b'{"errcode":"0","code":"0"}'), (502, b"bad gateway"), (429, b""),
    ],
)  # fmt: skip
async def test_what_nobody_knows_is_never_sent(
    both: tuple[Provider, Channel], answer: tuple[int, bytes]
) -> None:
    provider, channel = both
    provider.raw_answers.append(answer)
    assert isinstance(await channel.send(MESSAGE, GROUP), RetryAfter)


async def test_an_address_that_is_not_there_breaks_the_channel(
    both: tuple[Provider, Channel],
) -> None:
    provider, channel = both
    provider.raw_answers.append((404, b""))
    assert isinstance(await channel.send(MESSAGE, GROUP), Broken)


async def test_no_outcome_tells_the_address(both: tuple[Provider, Channel]) -> None:
    provider, channel = both
    answers = [(404, b""), (500, b""), (200, b'{"errcode":310000,"code":19021,"msg":"no"}')]
    for answer in answers:
        provider.raw_answers.append(answer)
        told = repr(await channel.send(MESSAGE, GROUP))
        assert "access_token" not in told and "key=" not in told and "/hook/" not in told


# ---- each provider's own -----------------------------------------------------------------------


async def test_dingtalk_is_signed_once() -> None:
    # openssl dgst -sha256 -hmac SECabc123 over "1763800000000\nSECabc123", base64, %-encoded once
    wanted = "timestamp=1763800000000&sign=SOOhn0x6uRGq%2Bc9N4U8PHeNQLMwlwSvdw0AUdw8eeEA%3D"
    assert dingtalk.signature(SECRET, 1_763_800_000.0) == wanted
    with DingTalk(secret=SECRET).running() as provider:
        right = DingTalkRobot(provider.url, SECRET, now=lambda: provider.now)
        assert isinstance(await right.send(MESSAGE, GROUP), Sent)
        wrong = await DingTalkRobot(provider.url, "other", now=lambda: provider.now).send(
            MESSAGE, GROUP
        )
        assert wrong == Broken("310000: sign not match")
        late = DingTalkRobot(provider.url, SECRET, now=lambda: provider.now - 7200)
        assert await late.send(MESSAGE, GROUP) == Broken("310000: invalid timestamp")


async def test_feishu_is_signed_in_the_body() -> None:
    # openssl dgst -sha256 -mac HMAC, the key is "1763800000\nFSabc123" and nothing is signed
    assert feishu.signature("FSabc123", 1_763_800_000.0) == {
        "timestamp": "1763800000", "sign": "dmdB+6kgDZ+rHRGtn2QX/2YcboqSh1YtaIfHSz/3NiA=",
    }  # fmt: skip
    with Feishu(secret="FSabc123").running() as provider:
        right = FeishuBot(provider.url, "FSabc123", now=lambda: provider.now)
        assert isinstance(await right.send(MESSAGE, GROUP), Sent)
        unsigned = await FeishuBot(provider.url).send(MESSAGE, GROUP)
        assert isinstance(unsigned, Broken) and "19021" in unsigned.reason


async def test_dingtalk_rings_who_it_is_for() -> None:
    with DingTalk(members=("13812345678",)).running() as provider:
        channel = DingTalkRobot(provider.url, now=lambda: provider.now)
        await channel.send(MESSAGE, LI_NA)
        await channel.send(MESSAGE, GROUP)
        assert [provider.mentioned(body) for body in provider.taken] == [["13812345678"], []]


async def test_dingtalk_throttled_at_the_gateway_waits_ten_minutes() -> None:
    with DingTalk().running() as provider:
        provider.raw_answers.append((200, b'{"status":1111,"wait":5,"punish":"deny"}'))
        outcome = await DingTalkRobot(provider.url).send(MESSAGE, GROUP)
        assert outcome == RetryAfter(600.0, "throttled at the gateway")


@pytest.mark.parametrize("code", [430101, 430102])
async def test_dingtalk_refuses_a_text_for_good(code: int) -> None:
    with DingTalk().running() as provider:
        provider.raw_answers.append((200, json.dumps({"errcode": code, "errmsg": "x"}).encode()))
        assert isinstance(await DingTalkRobot(provider.url).send(MESSAGE, GROUP), RejectedBy)


async def test_wecom_rings_one_person_by_number() -> None:
    with WeCom().running() as provider:
        await WeComRobot(provider.url).send(MESSAGE, LI_NA)
        [body] = provider.taken
        assert body["text"]["mentioned_mobile_list"] == ["13812345678"]


async def test_wecom_with_a_wrong_key_is_broken() -> None:
    with WeCom(key="another").running() as provider:
        outcome = await WeComRobot(provider.url).send(MESSAGE, GROUP)
        assert outcome == Broken("93000: invalid webhook url")


@pytest.mark.parametrize(
    "make",
    [
        lambda: DingTalkRobot("https://oapi.dingtalk.com/robot/send"),
        lambda: WeComRobot("https://qyapi.weixin.qq.com/cgi-bin/webhook/send"),
        lambda: FeishuBot("https://open.feishu.cn/open-apis/bot"),
    ],
)
def test_an_address_of_another_kind_is_said_at_once(make: Callable[[], Channel]) -> None:
    with pytest.raises(ChannelSetupError):
        make()
