"""Starting a case from the staff pages, in the name of somebody of the role."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jieli.engine.errors import ProcessNotFound
from jieli.store.database import Database
from jieli.store.starts import Started
from jieli.web import starting
from jieli.web.notices import not_found
from jieli.web.pages import see_other
from jieli.web.resources import resources_of
from jieli.web.staff import Around, bar, read_around
from jieli.web.start_page import (
    Desk,
    choose_page,
    post_start,
    read_blank,
    read_processes,
    start_form,
)
from jieli.web.typed import Typed
from jieli.web.uploads import most_files

router = APIRouter(prefix="/start", include_in_schema=False)
OWNER = "staff"


@router.api_route("", methods=["GET", "HEAD"])
async def choose(request: Request) -> Response:
    """Which process?"""
    processes, _ = await run_in_threadpool(read_processes, resources_of(request).database)
    offered = [each for each in processes.values() if starting.has_form(each)]
    return choose_page(request, await _desk(request), offered)


@router.api_route("/{process}", methods=["GET", "HEAD"])
async def blank_form(request: Request, process: str) -> Response:
    """The start form."""
    try:
        blank = await run_in_threadpool(read_blank, resources_of(request).database, process)
    except ProcessNotFound:
        return not_found(request)
    if not starting.has_form(blank.process):
        return not_found(request)
    return start_form(request, await _desk(request), blank, Typed())


@router.post("/{process}")
async def start(request: Request, process: str) -> Response:
    """Start a case and look at it."""
    try:
        blank = await run_in_threadpool(read_blank, resources_of(request).database, process)
    except ProcessNotFound:
        return not_found(request)

    async def done(started: Started) -> Response:
        return see_other(f"/cases/{started.ref}")

    form = await request.form(max_files=most_files(blank.fields))
    return await post_start(request, await _desk(request), blank, form, done)


async def _desk(request: Request) -> Desk:
    def read(database: Database) -> Around:
        with database.read() as connection:
            return read_around(connection)

    around = await run_in_threadpool(read, resources_of(request).database)
    return Desk("/start", OWNER, bar(request, "start", around), files="/files")
