"""What to do about a provider's answer, in words. Decides nothing."""

from __future__ import annotations

import re

from jieli.texts import text
from notifications.channel import Broken, Outcome, Partial, RejectedBy, RetryAfter, Sent

RESULTS: dict[type[Outcome], str] = {
    Sent: "sent: the provider took it", RetryAfter: "not now: it would be tried again",
    RejectedBy: "refused: never to this recipient", Broken: "broken: nothing goes out by it",
    Partial: "sent to some only",
}  # fmt: skip

_WRONG = "The address is wrong or was made new: copy the robot's address again."
_SIGN = "The signature does not fit: copy the secret again and check the clock of this machine."
_ADDRESS = "This machine's address is not allowed: add it to the list on the provider's page."
_KEYWORD = "The robot demands a keyword: choose the signature instead, or add a word of the shop's name."
_FAST = "Too many messages: wait, and send less by this robot."
_MEMBER = "The user id is not known there: correct it on the page of people."
_KEY = "The app's id or secret is wrong: copy both again."
_LINK = "The provider does not trust the link: use a filed domain with https:// as JIELI_PUBLIC_URL."
_LONG = "The message is not of the kind the provider takes; please report this."
_GONE = "The robot is stopped or no longer in the group: add it again and copy its new address."

_BY_WORDS = (
    (r"keyword", _KEYWORD), (r"sign not match|invalid timestamp", _SIGN), (r"whitelist|\bip\b", _ADDRESS),
)  # fmt: skip
_BY_CODE = {
    "300001": _WRONG, "300005": _WRONG, "400101": _WRONG, "93000": _WRONG, "19001": _WRONG,
    "400013": _GONE, "400102": _GONE, "400106": _GONE, "93008": _GONE, "93017": _GONE,
    "310000": _SIGN, "19021": _SIGN, "19022": _ADDRESS, "60020": _ADDRESS, "60011": _ADDRESS,
    "19024": _KEYWORD, "130101": _FAST, "410100": _FAST, "45009": _FAST, "11232": _FAST,
    "33012": _MEMBER, "81013": _MEMBER, "60121": _MEMBER, "40003": _MEMBER, "60111": _MEMBER,
    "40013": _KEY, "40001": _KEY, "40089": _KEY, "88": _KEY, "430101": _LINK, "40058": _LONG,
    "400105": _LONG, "9499": _LONG,
}  # fmt: skip
_OWN = (
    (r"environment variable (\w+) is empty", "Set the environment variable {name} and restart."),
    (r"user id is known|address is known|phone is known", "Enter it on the page of people."),
    (r"not reached|no answer", "The provider cannot be reached from here: check network and address."),
    (r"answered (401|403|404|405)", _WRONG),
    (r"there is no channel", "Write it under channels: in the definitions and publish them."),
    (r"refused the password", "For QQ, 163 and company mail an authorisation code stands for the password."),
)  # fmt: skip


def advice(outcome: Outcome) -> str:
    """What to do about it; nothing when all is well."""
    if isinstance(outcome, Sent):
        return ""
    reason = outcome.reason
    for pattern, words in _BY_WORDS:
        if re.search(pattern, reason, re.IGNORECASE):
            return text(words)
    code = re.search(r"(?:^|[ :])(-?\d+):", reason)
    if code and code[1] in _BY_CODE:
        return text(_BY_CODE[code[1]])
    for pattern, words in _OWN:
        if found := re.search(pattern, reason):
            return text(words, name=found[1] if found.re.groups else "")
    return text("Nobody knows this answer; look it up in the provider's documents.")
