"""How a message looks where we decide it: the plain and the HTML body of a mail."""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from jieli.texts import text
from notifications.channel import Message


def mail_bodies(message: Message) -> tuple[str, str]:
    """The plain text and the HTML of a mail; both say the same."""
    words = {"message": message, "text": text}
    return (
        _templates().get_template("mail.txt").render(words).strip() + "\n",
        _templates().get_template("mail.html").render(words),
    )


@cache
def _templates() -> Environment:
    return Environment(
        loader=PackageLoader("notifications"),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
