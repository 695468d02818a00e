"""What leads out of Jieli: calls to other systems, channels, and the files about the shop."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import get_args

from jieli.engine.checking.cases import ENVIRONMENT_NAME
from jieli.engine.checking.report import Report, Surroundings
from jieli.engine.checking.shop_report import ShopReport
from jieli.engine.context import Channel
from jieli.engine.definition import CallStep, MessageWords
from jieli.engine.events import MessagePurpose
from jieli.engine.expressions import ExpressionError, references
from jieli.engine.model_errors import did_you_mean
from jieli.engine.yaml_nodes import Document, Path
from jieli.texts import retold, text

_ADDRESS = re.compile(r"https?://[^/@\s]+(/\S*)?(\{\{.*)?", re.DOTALL)
_APP = ("app_id", "secret", "agent")
_NEEDED: dict[str, tuple[str, ...]] = {
    "console": (), "webhook": ("url", "secret"), "email": ("server", "sender"),
    "dingtalk_robot": ("url",), "dingtalk_work": _APP, "wecom_robot": ("url",), "wecom_app": _APP,
    "feishu_bot": ("url",), "apprise": ("url",), "aliyun_sms": ("app_id", "secret", "sign", "template"),
    "aliyun_voice": ("app_id", "secret", "template"), "tencent_sms": (*_APP, "sign", "template"),
    "tencent_voice": (*_APP, "template"),
}  # fmt: skip
_SECRETS = ("url", "secret", "server", "app_id", "agent")
_NOT_A_NAME = (
    "This must be the name of an environment variable, like MY_SHOP_SECRET; "
    "a secret never stands in a file"
)


def check(report: Report) -> None:
    """The calls of a process."""
    for _, step, path in report.steps():
        if not isinstance(step, CallStep):
            continue
        call, here = step.call, (*path, "call")
        if not _ADDRESS.fullmatch(call.url) and not ENVIRONMENT_NAME.fullmatch(call.url):
            message = (
                "This must be an address with http:// or https:// and without a password, or the "
                "name of an environment variable"
            )
            report.note((*here, "url"), message)
        if call.sign_with is not None and not ENVIRONMENT_NAME.fullmatch(call.sign_with):
            report.note((*here, "sign_with"), _NOT_A_NAME)


def check_shop(
    document: Document,
    messages: Mapping[str, MessageWords],
    around: Surroundings,
    broken: set[Path],
) -> None:
    """The roles, people, channels and messages of one file about the shop."""
    shop, context = ShopReport(document, around, broken), around.context
    for name, role in context.roles.items():
        path: Path = ("roles", name)
        if role.desk is not None:
            message = 'There are no hours "{name}"'
            shop.knows((*path, "desk"), message, role.desk, "hours", context.hours)
        _check_channels(shop, role.channels, path)
    for name, person in context.people.items():
        path = ("people", name)
        for number, each in enumerate(person.roles):
            message = 'There is no role "{name}"'
            shop.knows((*path, "roles", number), message, each, "roles", context.roles)
        _check_channels(shop, person.channels, path)
    for name, channel in context.channels.items():
        _check_channel(shop, channel, ("channels", name))
    for purpose, words in messages.items():
        _check_message(shop, purpose, words)


def _check_channels(shop: ShopReport, names: tuple[str, ...], path: Path) -> None:
    known = {"console": None, **shop.around.context.channels}
    for number, name in enumerate(names):
        message = 'There is no channel "{name}"'
        shop.knows((*path, "channels", number), message, name, "channels", known)


def _check_channel(shop: ShopReport, channel: Channel, path: Path) -> None:
    for key in _NEEDED[channel.type]:
        if getattr(channel, key) is None:
            shop.say(path, text('"{key}" is missing', key=key), key=True)
    for key in _SECRETS:
        value = getattr(channel, key)
        if value is not None and not ENVIRONMENT_NAME.fullmatch(value):
            shop.say((*path, key), text(_NOT_A_NAME))


def _check_message(shop: ShopReport, purpose: str, words: MessageWords) -> None:
    path: Path = ("messages", purpose)
    known = get_args(MessagePurpose)
    if purpose not in known:
        message = text('There is no message "{name}"', name=purpose)
        shop.say(path, message, did_you_mean(purpose, known), key=True)
    for key, template in (("title", words.title), ("text", words.text)):
        try:
            references(template, template=True)
        except ExpressionError as error:
            reason = retold(error.reason.rstrip("."))
            shop.say((*path, key), text("This cannot be read: {reason}", reason=reason))
