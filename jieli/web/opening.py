"""Remembers when a link was first opened, as a hint for supervisors. Changes nothing else."""

from __future__ import annotations

import re

from starlette.background import BackgroundTask
from starlette.requests import Request

from jieli.store import links
from jieli.store.links import Link
from jieli.store.times import real_now
from jieli.web.resources import Resources

# Only browsers, and none of those that look at a page before somebody does: previews and scanners.
_BROWSER = re.compile(r"Mozilla/\d")
_MACHINE = re.compile(
    r"bot|preview|crawl|spider|scan|safelinks|slurp|fetch|facebookexternalhit|skypeuripreview|"
    r"whatsapp|telegram|headless|monitor|python|curl|okhttp",
    re.IGNORECASE,
)


def seen(request: Request, resources: Resources, link: Link) -> BackgroundTask | None:
    """What is done after the page is on its way: the first look of a person is written down."""
    agent = request.headers.get("user-agent", "")
    if request.method != "GET" or link.opened_at is not None:
        return None
    if not _BROWSER.match(agent) or _MACHINE.search(agent):
        return None
    if request.headers.get("purpose", request.headers.get("sec-purpose", "")).startswith("prefetch"):
        return None
    return BackgroundTask(_write, resources, link.link_id)


def _write(resources: Resources, link_id: str) -> None:
    resources.database.run(lambda connection: links.opened(connection, link_id, real_now()))
