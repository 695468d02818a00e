"""Markdown for chat providers: customer text escaped, cut by UTF-8 bytes, links left whole."""

from __future__ import annotations

import re

from notifications.channel import Item, Message

_FULL_WIDTH = str.maketrans("`*[]<>#@", "＇＊［］＜＞＃＠")
_ADDRESS = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
CUT = "…"
MOST_ITEM_BYTES = 120


def escaped(text: str) -> str:
    """A text from outside as it reads, without markup, addresses to click, or mentions.

    A provider blocks a message with an unsafe address (DingTalk 430101), and `@all` rings for all.
    Full-width signs, because the providers' kinds of markdown know no common way to escape.
    """
    return _ADDRESS.sub("［链接］", text).translate(_FULL_WIDTH)


def cut(text: str, most_bytes: int) -> str:
    """The beginning of a text that fits, with a mark when something is missing."""
    encoded = text.encode()
    if len(encoded) <= most_bytes:
        return text
    room = max(most_bytes - len(CUT.encode()), 0)
    return encoded[:room].decode("utf-8", "ignore") + CUT


def paragraphs(message: Message) -> list[str]:
    """Title, text and facts, escaped."""
    lines = [f"**{escaped(message.title)}**"]
    lines += [escaped(line) for line in message.text.splitlines() if line.strip()]
    lines += [f"{escaped(label)}：{escaped(value)}" for label, value in message.facts]
    return lines + [item(each) for each in message.items]


def item(each: Item) -> str:
    """A line of a digest, its link whole."""
    title = cut(escaped(each.title), MOST_ITEM_BYTES)
    return f"- [{title}]({each.url}) {each.reference}" if each.url else f"- {title} {each.reference}"


def item_bytes(each: Item) -> int:
    """How much room a line of a digest takes in any of the providers' kinds of text."""
    return len(item(each).encode()) + 16


def body(message: Message, most_bytes: int, *, end: str = "") -> str:
    """The paragraphs in so many bytes; the number and the end, a link, stay whole.

    Without its number a cut message would be the same as another, and dropped as a repeat.
    """
    end = f"\n\n{escaped(message.shop)} {message.reference}{end}"
    return cut("\n\n".join(paragraphs(message)), most_bytes - len(end.encode())) + end
