"""The outbox viewer of the staff pages, in development: every message with its link to press."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jieli.store import links, messages
from jieli.store.database import Database
from jieli.store.links import Link
from jieli.store.messages import MessageLine
from jieli.web import timeline
from jieli.web.pages import page
from jieli.web.resources import resources_of
from jieli.web.staff import Around, bar, read_around
from notifications.links import link_url

router = APIRouter(include_in_schema=False)
PAGE = 40


@router.api_route("/outbox", methods=["GET", "HEAD"])
async def outbox(request: Request, before: int | None = None) -> Response:
    """The messages, the newest first."""
    resources = resources_of(request)

    def read(database: Database) -> tuple[Around, list[MessageLine], dict[str, Link]]:
        with database.read() as connection:
            found = messages.outbox_page(connection, limit=PAGE, before=before)
            opens = [links.find(connection, each.link_id) for each in found if each.link_id]
            return read_around(connection), found, {each.link_id: each for each in opens if each}

    around, found, opens = await run_in_threadpool(read, resources.database)
    shown: list[dict[str, Any]] = timeline.messages(found, around.context, around.now)
    for each in shown:
        link = opens.get(each["link_id"])
        each["url"] = None
        if link and link.status == "active":
            token = resources.ring.token(link.purpose, link.link_id)
            each["url"] = link_url(resources.settings.public_url, token)
    words = {
        **bar(request, "outbox", around), "messages": shown,
        "before": found[-1].id if len(found) == PAGE else None,
    }  # fmt: skip
    return page(request, "outbox.html", {"page": words})
