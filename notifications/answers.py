"""What providers have answered, for people to read: kept while one message is sent, without secrets."""

from __future__ import annotations

import re
from contextvars import ContextVar

MOST_CHARACTERS = 500
_NAMES = (
    "access_token|accesstoken|refresh_token|token|key|sign|signature|secret|corpsecret|appsecret|"
    "appkey|password|accesskeyid|secretid"
)
_SECRET = re.compile(
    rf"""(["']?\b(?:{_NAMES})["']?\s*[=:]\s*["']?)[^"'&\s,;}}]+""", re.IGNORECASE
)
_LINK = re.compile(r"/t/[0-9A-Za-z_-]{20,}")
_HOOK = re.compile(r"(/hook/)[^/?\s\"']+")
_PASSWORD = re.compile(r"(\w+://)[^/@\s]+@")

_heard: ContextVar[list[str] | None] = ContextVar("heard", default=None)


def listen() -> list[str]:
    """From here on, in this task, answers are kept in the list this returns."""
    kept: list[str] = []
    _heard.set(kept)
    return kept


def heard(status: int, body: str) -> None:
    """A provider has answered."""
    kept = _heard.get()
    if kept is not None:
        kept.append(f"HTTP {status} {redacted(body)}".strip())


def redacted(text: str) -> str:
    """The text without tokens, keys, signatures, passwords and links that open a task."""
    text = _PASSWORD.sub(r"\1***@", _SECRET.sub(r"\1***", text))
    return _HOOK.sub(r"\1***", _LINK.sub("/t/***", text))[:MOST_CHARACTERS]
