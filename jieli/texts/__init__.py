"""What Jieli says to people, in English and Chinese. Owns the catalogues, decides nothing.

A catalogue is every `zh_CN/*.po` file beside this one, so that each part of Jieli keeps its own.
"""

from __future__ import annotations

import re
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from io import BytesIO
from typing import Any, Literal

from babel.messages.pofile import read_po

Language = Literal["zh", "en"]

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_language: ContextVar[Language] = ContextVar("language", default="zh")


def use_language(language: Language) -> None:
    """Speak this language from here on, in this thread or task."""
    _language.set(language)


def language() -> Language:
    """The language spoken here."""
    return _language.get()


def text(message: str, **values: Any) -> str:
    """The message in the reader's language; `{name}` is replaced by the value of that name."""
    words = catalogue().get(message, message) if language() == "zh" else message
    return _PLACEHOLDER.sub(lambda found: str(values[found[1]]), words)


def retold(sentence: str) -> str:
    """A finished English sentence, its values already in it, in the reader's language."""
    if language() == "en" or not sentence:
        return sentence
    if known := catalogue().get(sentence):
        return known
    for pattern, message in _patterns():
        if found := pattern.fullmatch(sentence):
            return text(message, **found.groupdict())
    return sentence


@cache
def catalogue() -> dict[str, str]:
    """Every message with its Chinese words."""
    known: dict[str, str] = {}
    for file in sorted(files(__name__).joinpath("zh_CN").iterdir(), key=lambda each: each.name):
        if file.name.endswith(".po"):
            for message in read_po(BytesIO(file.read_bytes()), locale="zh_CN", charset="utf-8"):
                if message.id and message.string and not message.fuzzy:
                    known[str(message.id)] = str(message.string)
    return known


@cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Messages with values, the most wordy first: the less of it is open, the surer the match."""
    open_ones = [message for message in catalogue() if _PLACEHOLDER.search(message)]
    return [(_pattern(message), message) for message in sorted(open_ones, key=_words, reverse=True)]


def _words(message: str) -> int:
    return len(_PLACEHOLDER.sub("", message))


def _pattern(message: str) -> re.Pattern[str]:
    parts, seen = [], set[str]()
    for number, part in enumerate(_PLACEHOLDER.split(message)):
        if number % 2 == 0:
            parts.append(re.escape(part))
        else:
            parts.append(f"(?P={part})" if part in seen else f"(?P<{part}>.+)")
            seen.add(part)
    return re.compile("".join(parts), re.DOTALL)
