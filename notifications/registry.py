"""Which channel types there are, and the channels of a shop made ready for sending."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from jieli.engine import context
from notifications import aliyun, tencent
from notifications.channel import (
    Broken,
    Channel,
    ChannelSetupError,
    Message,
    Outcome,
    Recipient,
)
from notifications.console import ConsoleChannel
from notifications.dingtalk import DingTalkRobot
from notifications.dingtalk_work import DingTalkWork
from notifications.email import EmailChannel
from notifications.feishu import FeishuBot
from notifications.webhook import WebhookChannel
from notifications.wecom import WeComRobot
from notifications.wecom_app import WeComApp

Make = Callable[[context.Channel, Mapping[str, str]], Channel]


class BrokenChannel:
    """Stands for a channel that is set up wrong; its messages say so instead of vanishing."""

    def __init__(self, reason: str) -> None:
        self.reason = reason

    async def send(self, message: Message, recipient: Recipient) -> Outcome:
        return Broken(self.reason)


def channels_of(
    words: Mapping[str, context.Channel], environ: Mapping[str, str]
) -> dict[str, Channel]:
    """The channels by name; `console` is always there."""
    channels: dict[str, Channel] = {"console": ConsoleChannel()}
    for name, channel in words.items():
        try:
            channels[name] = _made(channel, environ)
        except ChannelSetupError as error:
            channels[name] = BrokenChannel(str(error))
    return channels


_kept: dict[tuple[context.Channel, tuple[str, ...]], Channel] = {}


def _made(words: context.Channel, environ: Mapping[str, str]) -> Channel:
    """The channel, made once: an app's token is good for two hours, and asking often is refused."""
    named = (words.url, words.secret, words.server, words.app_id, words.agent)
    key = words, tuple(environ.get(each, "") if each else "" for each in named)
    if key not in _kept:
        _kept[key] = TYPES[words.type](words, environ)
    return _kept[key]


def _console(words: context.Channel, environ: Mapping[str, str]) -> Channel:
    return ConsoleChannel()


def _webhook(words: context.Channel, environ: Mapping[str, str]) -> Channel:
    url = _secret(environ, words.url, "webhook", "url")
    return WebhookChannel(url, _secret(environ, words.secret, "webhook", "secret"))


def _email(words: context.Channel, environ: Mapping[str, str]) -> Channel:
    if not words.sender:
        raise ChannelSetupError("email", "`sender` is missing")
    return EmailChannel(_secret(environ, words.server, "email", "server"), words.sender)


def _dingtalk_robot(words: context.Channel, environ: Mapping[str, str]) -> Channel:
    url = _secret(environ, words.url, "dingtalk_robot", "url")
    return DingTalkRobot(url, _optional(environ, words.secret, "dingtalk_robot", "secret"))


def _wecom_robot(words: context.Channel, environ: Mapping[str, str]) -> Channel:
    return WeComRobot(_secret(environ, words.url, "wecom_robot", "url"))


def _feishu_bot(words: context.Channel, environ: Mapping[str, str]) -> Channel:
    url = _secret(environ, words.url, "feishu_bot", "url")
    return FeishuBot(url, _optional(environ, words.secret, "feishu_bot", "secret"))


def _dingtalk_work(words: context.Channel, environ: Mapping[str, str]) -> Channel:
    return DingTalkWork(*_app(words, environ))


def _wecom_app(words: context.Channel, environ: Mapping[str, str]) -> Channel:
    return WeComApp(*_app(words, environ))


def _app(words: context.Channel, environ: Mapping[str, str]) -> tuple[str, str, str]:
    """An app's id, secret and agent."""
    kind = words.type
    return (
        _secret(environ, words.app_id, kind, "app_id"),
        _secret(environ, words.secret, kind, "secret"),
        _secret(environ, words.agent, kind, "agent"),
    )


def _apprise(words: context.Channel, environ: Mapping[str, str]) -> Channel:
    # Here, for it takes half a second and few shops have one.
    from notifications.apprise_url import AppriseChannel

    return AppriseChannel(_secret(environ, words.url, "apprise", "url"))


def _aliyun_sms(words: context.Channel, environ: Mapping[str, str]) -> Channel:
    key_id, secret = _keys(words, environ)
    return aliyun.sms(key_id, secret, _said(words, "sign"), _said(words, "template"))


def _aliyun_voice(words: context.Channel, environ: Mapping[str, str]) -> Channel:
    return aliyun.voice(*_keys(words, environ), _said(words, "template"))


def _tencent_sms(words: context.Channel, environ: Mapping[str, str]) -> Channel:
    return tencent.sms(*_app(words, environ), _said(words, "sign"), _said(words, "template"))


def _tencent_voice(words: context.Channel, environ: Mapping[str, str]) -> Channel:
    return tencent.voice(*_app(words, environ), _said(words, "template"))


def _keys(words: context.Channel, environ: Mapping[str, str]) -> tuple[str, str]:
    kind = words.type
    return (
        _secret(environ, words.app_id, kind, "app_id"),
        _secret(environ, words.secret, kind, "secret"),
    )


def _said(words: context.Channel, key: str) -> str:
    value = getattr(words, key)
    if not value:
        raise ChannelSetupError(words.type, f"`{key}` is missing")
    return str(value)


def _optional(
    environ: Mapping[str, str], variable: str | None, channel: str, key: str
) -> str | None:
    """A secret that a robot may do without; one that is named must be there."""
    return _secret(environ, variable, channel, key) if variable else None


def _secret(environ: Mapping[str, str], variable: str | None, channel: str, key: str) -> str:
    if not variable:
        raise ChannelSetupError(channel, f"`{key}` is missing")
    value = environ.get(variable, "").strip()
    if not value:
        raise ChannelSetupError(channel, f"the environment variable {variable} is empty")
    return value


TYPES: dict[str, Make] = {
    "console": _console, "webhook": _webhook, "email": _email, "dingtalk_robot": _dingtalk_robot,
    "dingtalk_work": _dingtalk_work, "wecom_robot": _wecom_robot, "wecom_app": _wecom_app,
    "feishu_bot": _feishu_bot, "apprise": _apprise, "aliyun_sms": _aliyun_sms,
    "aliyun_voice": _aliyun_voice, "tencent_sms": _tencent_sms, "tencent_voice": _tencent_voice,
}  # fmt: skip
