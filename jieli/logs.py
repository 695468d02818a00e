"""Keeps link tokens and mobile numbers out of every line of every log, tracebacks too."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from typing import Any

# A token is 44 signs; also alone, as an exception may show it.
_TOKEN_PATH = re.compile(r"/t/[^/?#\s\"'&]+")
_TOKEN = re.compile(r"(?<![0-9A-Za-z_-])[0-9A-Za-z][0-9A-Za-z_-]{43}(?![0-9A-Za-z_-])")
_CLAIM = re.compile(r"\bas=[^&\s\"']+")
_MOBILE = re.compile(r"(?<!\d)(1[3-9]\d)\d{4}(\d{4})(?!\d)")
# uvicorn's formatter wants its five values one by one.
_KEEPS_VALUES = "uvicorn.access"
_plain = logging.Formatter()


def redacted(words: str) -> str:
    """The words without tokens, numbers with their middle covered."""
    words = _CLAIM.sub("as=***", _TOKEN_PATH.sub("/t/***", words))
    return _MOBILE.sub(r"\1****\2", _TOKEN.sub("***", words))


def redact_all_logs() -> None:
    """From here on every record of this process is redacted as it is made."""
    made = logging.getLogRecordFactory()
    if not getattr(made, "redacts", False):
        logging.setLogRecordFactory(_factory(made))


def _factory(made: Callable[..., logging.LogRecord]) -> Callable[..., logging.LogRecord]:
    def make(*args: Any, **kwargs: Any) -> logging.LogRecord:
        return redact(made(*args, **kwargs))

    make.redacts = True  # type: ignore[attr-defined]
    return make


def redact(record: logging.LogRecord) -> logging.LogRecord:
    """One record, its traceback too."""
    if record.name == _KEEPS_VALUES:
        if isinstance(record.args, tuple):
            record.args = tuple(
                redacted(each) if isinstance(each, str) else each for each in record.args
            )
        record.msg = redacted(str(record.msg))
    else:
        record.msg, record.args = redacted(_said(record)), None
    if record.exc_info and record.exc_info[0] is not None:
        # A formatter takes the text that is there already.
        record.exc_text = redacted(_plain.formatException(record.exc_info))
    return record


def _said(record: logging.LogRecord) -> str:
    try:
        return record.getMessage()
    except Exception:  # a wrong format string must not cost the line
        return f"{record.msg} {record.args}"
