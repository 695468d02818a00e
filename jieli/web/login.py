"""Proving who one is with a PIN: on a link's page before reading, and for 我的待办."""

from __future__ import annotations

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jieli.store import people
from jieli.store.database import Database
from jieli.store.people import PinVerdict
from jieli.texts import text
from jieli.web.pages import page
from jieli.web.session import Session, new_session, seal_of


async def check_pin(database: Database, person: str, pin: str) -> Session | str:
    """A new session, or why there is none; unknown people and wrong PINs read the same."""

    def work() -> tuple[PinVerdict, Session | None]:
        with database.read() as connection:
            known = named(people.staff(connection), person)
        if known is None or not pin or len(pin) > 32:
            return "wrong", None
        with database.write() as connection:
            verdict = people.verify_pin(connection, known.id, pin)
            fresh = people.person(connection, known.id)
        return verdict, new_session(known.id, seal_of(fresh)) if fresh else None

    verdict, session = await run_in_threadpool(work)
    if verdict == "right" and session:
        return session
    if verdict == "locked":
        return text("Too many wrong tries. Please try again in 15 minutes.")
    return text("The name or the PIN is not right.")


def named(staff: list[people.Staff], said: str) -> people.Staff | None:
    """Who is meant by an id or by a name that only one person has."""
    said = said.strip()
    found = [each for each in staff if each.active and said in (each.id, each.name)]
    exact = [each for each in found if each.id == said]
    return exact[0] if exact else found[0] if len(found) == 1 else None


def pin_page(
    request: Request, *, title: str, action: str, hidden: list[tuple[str, str]] | None = None,
    choices: list[tuple[str, str]] | None = None, person: str = "", error: str = "",
    info: str = "", head: dict[str, Any] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    """The page that asks for a PIN; `head` is all it tells about a task."""
    words = {
        "title": title, "action": action, "hidden": hidden or [], "people": choices or [],
        "person": person, "error": error, "info": info, "process": "", "ref": "", "due": None,
        "is_late": False, **(head or {}),
    }  # fmt: skip
    return page(request, "pin.html", {"page": words}, status)
