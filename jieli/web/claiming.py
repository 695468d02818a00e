"""Who one says one is, before a page by possession alone shows anything: asked by POST, kept signed.

A chosen name proves nothing; it keeps previews and passers-by from reading, and it is written down.
"""

from __future__ import annotations

import time
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from jieli.texts import text
from jieli.web.identity import able_people
from jieli.web.pages import page
from jieli.web.task import Task
from notifications.links import Ring

_USAGE = "claim"
LIVES_SECONDS = 12 * 3600


def claimed(request: Request, ring: Ring, link_id: str) -> str:
    """The name that was chosen for this link lately; empty if there is none."""
    signed = request.query_params.get("as", "")
    made_for, _, rest = (ring.verify(_USAGE, signed) or "" if signed else "").partition("|")
    person, _, at = rest.partition("|")
    if made_for != link_id or not at.isdigit() or time.time() - int(at) > LIVES_SECONDS:
        return ""
    return person


def query_for(ring: Ring, link_id: str, person: str) -> str:
    """What an address needs so that the name need not be chosen again."""
    return "as=" + quote(ring.sign(_USAGE, f"{link_id}|{person}|{int(time.time())}"), safe="")


def ask_name(
    request: Request, task: Task, path: str, head: dict[str, object], *,
    hidden: list[tuple[str, str]] | None = None, person: str = "", error: str = "",
    status: int = 200,
) -> Response:  # fmt: skip
    """The page that asks for the name; like the one for a PIN it tells nothing of the customer."""
    usual = person or task.visit.assignee or task.link.person or ""
    words = {
        "title": task.visit.title, "action": path, "hidden": hidden or [], "error": error,
        "people": able_people(task), "person": usual, **head,
    }  # fmt: skip
    return page(request, "name.html", {"page": words}, status)


def name_missing() -> str:
    """What to say when no name was chosen."""
    return text("Please choose your name")
