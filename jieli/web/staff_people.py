"""Staff as the supervisor keeps them: contacts and PINs. A PIN is set, never shown."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jieli.store import people
from jieli.store.database import Database
from jieli.store.people import BadPin, PersonNotFound, Staff
from jieli.store.times import real_now
from jieli.texts import text
from jieli.web.nonces import new_nonce, read_nonce
from jieli.web.notices import not_found
from jieli.web.pages import page, see_other
from jieli.web.resources import resources_of
from jieli.web.staff import Around, bar, read_around
from jieli.web.typed import Notice

router = APIRouter(prefix="/people", include_in_schema=False)
OWNER = "staff"
CONTACTS = ("email", "phone", "dingtalk", "wecom")


@router.api_route("", methods=["GET", "HEAD"])
async def everybody(request: Request, saved: str = "") -> Response:
    """The list."""
    notices = [Notice("good", text("Saved for {name}.", name=saved[:80]))] if saved else []
    return await _page(request, notices)


@router.post("/{person}/pin")
async def set_pin(request: Request, person: str) -> Response:
    """Give somebody a PIN; sessions with the old one end."""
    form = await request.form(max_files=0)
    pin = str(form.get("pin", "")).strip()

    def work(connection: Any) -> None:
        people.set_pin(connection, person, pin)

    return await _change(request, person, str(form.get("nonce", "")), work)


@router.post("/{person}/contacts")
async def set_contacts(request: Request, person: str) -> Response:
    """How somebody is reached."""
    form = await request.form(max_files=0)
    contacts = {name: str(form.get(name, "")).strip()[:200] or None for name in CONTACTS}

    def work(connection: Any) -> None:
        people.set_contacts(connection, person, **contacts)

    return await _change(request, person, str(form.get("nonce", "")), work)


async def _change(request: Request, person: str, nonce: str, work: Any) -> Response:
    resources = resources_of(request)
    # Another site's form has no nonce of ours: without it nothing is done.
    if read_nonce(resources.ring, OWNER, nonce) is None:
        words = text("This page was open for long. Please press once more.")
        return await _page(request, [Notice("warn", words)], 409)
    try:
        await run_in_threadpool(resources.database.run, work)
    except PersonNotFound:
        return not_found(request)
    except BadPin:
        return await _page(request, [Notice("bad", text("A PIN has 4 to 12 digits."))], 422)
    return see_other(f"/people?saved={person}")


async def _page(request: Request, notices: list[Notice], status: int = 200) -> Response:
    def read(database: Database) -> tuple[Around, list[Staff]]:
        with database.read() as connection:
            return read_around(connection), people.staff(connection)

    resources = resources_of(request)
    around, staff = await run_in_threadpool(read, resources.database)
    words = {
        **bar(request, "people", around), "notices": notices,
        "nonce": new_nonce(resources.ring, OWNER),
        "staff": [_line(each, around) for each in staff if each.active],
    }  # fmt: skip
    return page(request, "people.html", {"page": words}, status)


def _line(each: Staff, around: Around) -> dict[str, Any]:
    roles = [
        around.context.roles[role].label for role in each.roles if role in around.context.roles
    ]
    locked = each.locked_until is not None and each.locked_until > real_now()
    return {
        "id": each.id, "name": each.name, "roles": text(", ").join(roles),
        "email": each.email or "", "phone": each.phone or "",
        "dingtalk": each.dingtalk or "", "wecom": each.wecom or "",
        "pin": text("locked") if locked else text("set") if each.has_pin else text("none"),
        "pin_class": "bad" if locked else "good" if each.has_pin else "",
    }  # fmt: skip
