"""SMS and voice by Tencent Cloud, with Tencent's own library (extra `sms`).

Source: cloud.tencent.com, SMS 2021-01-11 SendSms and VMS 2020-09-02 SendTtsVoice.
"""

from __future__ import annotations

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

REGION = "ap-guangzhou"
LIMIT_SECONDS = 3600.0

_TOO_MANY = ("LimitExceeded", "RequestLimitExceeded")
_NOBODY = (
    "FailedOperation.PhoneNumberInBlacklist", "InvalidParameterValue.IncorrectPhoneNumber",
    "InvalidParameterValue.CalledNumber", "UnsupportedOperation.",
)  # fmt: skip
_BROKEN = (
    "AuthFailure", "UnauthorizedOperation", "FailedOperation.SignatureIncorrect",
    "FailedOperation.Template", "FailedOperation.InsufficientBalance", "FailedOperation.Missing",
    "InvalidParameterValue.SdkAppId", "InvalidParameterValue.Template", "InvalidParameterValue.SignName",
    "InvalidParameterValue.VoiceSdkAppId",
)  # fmt: skip


def sms(
    key_id: str, secret: str, app: str, sign: str, template: str, *, place: str | None = None,
    protocol: str = "https",
) -> Pager:  # fmt: skip
    """Pages by SMS."""
    try:
        from tencentcloud.sms.v20210111 import models, sms_client
    except ImportError as error:
        raise _not_installed("tencent_sms") from error
    client = sms_client.SmsClient(*_config(key_id, secret, place, protocol))

    def page(phone: str, number: str) -> Outcome:
        request = models.SendSmsRequest()
        request.PhoneNumberSet, request.SmsSdkAppId = [international(phone)], app
        request.SignName, request.TemplateId = sign, template
        request.TemplateParamSet, request.SessionContext = [number], number
        try:
            (status,) = client.SendSms(request).SendStatusSet
        except Exception as error:
            # The library raises its own kind and those of what it stands on.
            return failed(error, outcome_of)
        found = heard(str(status.Code), str(status.Message), outcome_of)
        return Sent(status.SerialNo) if isinstance(found, Sent) else found

    return Pager("tencent_sms", SMS_RATES, page)


def voice(
    key_id: str, secret: str, app: str, template: str, *, place: str | None = None,
    protocol: str = "https",
) -> Pager:  # fmt: skip
    """Pages by a call that reads the template."""
    try:
        from tencentcloud.vms.v20200902 import models, vms_client
    except ImportError as error:
        raise _not_installed("tencent_voice") from error
    client = vms_client.VmsClient(*_config(key_id, secret, place, protocol))

    def page(phone: str, number: str) -> Outcome:
        request = models.SendTtsVoiceRequest()
        request.CalledNumber, request.VoiceSdkAppid = international(phone), app
        request.TemplateId, request.TemplateParamSet = template, [number]
        request.PlayTimes, request.SessionContext = 2, number
        try:
            status = client.SendTtsVoice(request).SendStatus
        except Exception as error:
            return failed(error, outcome_of)
        # There is no code when it was taken: a refusal is an exception of the library.
        if not status or not status.CallId:
            return RetryAfter(LATER_SECONDS, "answered without a call")
        heard("Ok", status.CallId, outcome_of)
        return Sent(status.CallId)

    return Pager("tencent_voice", VOICE_RATES, page)


def international(phone: str) -> str:
    """A number with its country; one without is of China."""
    digits = phone.replace(" ", "").replace("-", "")
    return digits if digits.startswith("+") else f"+86{digits}"


def _config(key_id: str, secret: str, place: str | None, protocol: str) -> tuple[Any, str, Any]:
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile

    http = HttpProfile(protocol=protocol, endpoint=place, reqTimeout=TIMEOUT_SECONDS)
    return Credential(key_id, secret), REGION, ClientProfile(httpProfile=http)


def outcome_of(code: str, reason: str) -> Outcome:
    """What a code means; an unknown code is never `sent`."""
    if code == "Ok":
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
