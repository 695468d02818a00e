"""SMS and voice by Aliyun, with Aliyun's own library (extra `sms`).

Source: help.aliyun.com, Dysmsapi 2017-05-25 SendSms and Dyvmsapi 2017-05-25 SingleCallByTts.
"""

from __future__ import annotations

import json
from typing import Any

from notifications.channel import (
    Broken,
    ChannelSetupError,
    Outcome,
    RejectedBy,
    RetryAfter,
    Sent,
)
from notifications.paging import (
    LATER_SECONDS,
    SMS_RATES,
    TIMEOUT_SECONDS,
    VOICE_RATES,
    Pager,
    failed,
    heard,
)

SMS_PLACE, VOICE_PLACE = "dysmsapi.aliyuncs.com", "dyvmsapi.aliyuncs.com"
LIMIT_SECONDS = 3600.0

_TOO_MANY = ("isv.BUSINESS_LIMIT_CONTROL", "isv.DAY_LIMIT_CONTROL", "Throttling")
_NOBODY = ("isv.MOBILE_NUMBER_ILLEGAL", "isv.MOBILE_COUNT_OVER_LIMIT", "isv.BLACK_KEY_CONTROL_LIMIT")
_BROKEN = (
    "isv.SMS_SIGNATURE", "isv.SIGN_", "isv.SMS_TEMPLATE", "isv.TEMPLATE", "isv.TTS_TEMPLATE",
    "isv.ACCOUNT", "isv.AMOUNT", "isv.OUT_OF_SERVICE", "isv.PRODUCT", "isp.RAM_PERMISSION_DENY",
    "InvalidAccessKeyId", "SignatureDoesNotMatch", "Forbidden", "IncompleteSignature",
    "isv.INVALID_PARAMETERS",
)  # fmt: skip


def sms(
    key_id: str, secret: str, sign: str, template: str, *, place: str = SMS_PLACE,
    protocol: str = "https",
) -> Pager:  # fmt: skip
    """Pages by SMS."""
    try:
        from alibabacloud_dysmsapi20170525.client import Client
        from alibabacloud_dysmsapi20170525.models import SendSmsRequest
    except ImportError as error:
        raise _not_installed("aliyun_sms") from error
    client = Client(_config(key_id, secret, place, protocol))

    def page(phone: str, number: str) -> Outcome:
        request = SendSmsRequest(
            phone_numbers=phone, sign_name=sign, template_code=template, out_id=number,
            template_param=json.dumps({"number": number}),
        )  # fmt: skip
        try:
            body = client.send_sms_with_options(request, _runtime()).body
        except Exception as error:
            # The library raises its own kinds and those of what it stands on.
            return failed(error, outcome_of)
        return _answered(body, body.biz_id)

    return Pager("aliyun_sms", SMS_RATES, page)


def voice(
    key_id: str, secret: str, template: str, *, place: str = VOICE_PLACE, protocol: str = "https"
) -> Pager:
    """Pages by a call that reads the template."""
    try:
        from alibabacloud_dyvmsapi20170525.client import Client
        from alibabacloud_dyvmsapi20170525.models import SingleCallByTtsRequest
    except ImportError as error:
        raise _not_installed("aliyun_voice") from error
    client = Client(_config(key_id, secret, place, protocol))

    def page(phone: str, number: str) -> Outcome:
        request = SingleCallByTtsRequest(
            called_number=phone, tts_code=template, play_times=2, out_id=number[:15],
            tts_param=json.dumps({"number": number}),
        )  # fmt: skip
        try:
            body = client.single_call_by_tts_with_options(request, _runtime()).body
        except Exception as error:
            return failed(error, outcome_of)
        return _answered(body, body.call_id)

    return Pager("aliyun_voice", VOICE_RATES, page)


def _config(key_id: str, secret: str, place: str, protocol: str) -> Any:
    from alibabacloud_tea_openapi.utils_models import Config

    return Config(
        access_key_id=key_id, access_key_secret=secret, endpoint=place, protocol=protocol
    )


def _runtime() -> Any:
    """No second try by the library: it would be a second SMS."""
    from darabonba.runtime import RuntimeOptions

    milliseconds = TIMEOUT_SECONDS * 1000
    return RuntimeOptions(
        autoretry=False, max_attempts=1, read_timeout=milliseconds, connect_timeout=milliseconds
    )


def _answered(body: Any, number: str | None) -> Outcome:
    found = heard(str(body.code), str(body.message), outcome_of)
    return Sent(number) if isinstance(found, Sent) else found


def outcome_of(code: str, reason: str) -> Outcome:
    """What a code means; HTTP is 200 for refusals too, and an unknown code is never `sent`."""
    if code == "OK":
        return Sent()
    if code.startswith(_TOO_MANY):
        return RetryAfter(LIMIT_SECONDS, reason)
    if code.startswith(_NOBODY):
        return RejectedBy(reason)
    if code.startswith(_BROKEN):
        return Broken(reason)
    return RetryAfter(LATER_SECONDS, f"unknown answer {reason}")


def _not_installed(channel: str) -> ChannelSetupError:
    return ChannelSetupError(channel, "its library is missing: install Jieli with the extra `sms`")
