"""The staff pages: the list of cases, the page of one case, what needs attention. Only shows."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jieli.engine.context import Context
from jieli.engine.errors import CaseNotFound
from jieli.engine.events import NoteAdded
from jieli.engine.published import Definition
from jieli.store import definitions, files, items, queries
from jieli.store.database import Database
from jieli.store.files import StoredFile
from jieli.store.items import Trouble
from jieli.store.queries import CaseFilter, CaseLine, CasePage
from jieli.store.replay import stored_state
from jieli.store.times import business_now
from jieli.texts import text
from jieli.web import timeline
from jieli.web.file_pages import file_views, serve
from jieli.web.health import alarm
from jieli.web.moments import due_words, moment_words
from jieli.web.nonces import new_nonce, read_nonce
from jieli.web.notices import not_found
from jieli.web.pages import page, see_other
from jieli.web.resources import resources_of
from jieli.web.shown import show_all
from jieli.web.task import case_files
from jieli.web.task_page import PRIORITIES

router = APIRouter(include_in_schema=False)
PAGE = 50
OWNER = "staff-case"
STATES = {
    "open": "Open", "completed": "Completed", "cancelled": "Cancelled", "fault": "Faulty",
    "all": "All",
}  # fmt: skip


@dataclass(frozen=True)
class Around:
    """What every staff page shows beside its own."""

    context: Context
    processes: Mapping[str, Definition]
    now: datetime
    alarm: str
    troubles: int


def read_around(connection: Any) -> Around:
    """Read it in the page's own transaction."""
    _, context = definitions.current_context(connection)
    return Around(
        context, definitions.latest_definitions(connection), business_now(connection),
        alarm(connection), len(items.troubles(connection)),
    )  # fmt: skip


def bar(request: Request, tab: str, around: Around) -> dict[str, Any]:
    """What the bar on top shows."""
    settings = resources_of(request).settings
    return {
        "tab": tab, "bar": "_staff_bar.html", "body_class": "wide",
        "shop": around.context.shop, "alarm": around.alarm,
        "troubles": around.troubles, "prefect": settings.prefect_ui_url,
        "has_outbox": settings.profile == "development",
    }  # fmt: skip


@router.api_route("/", methods=["GET", "HEAD"])
async def home(request: Request) -> Response:
    """The list is the home."""
    return see_other("/cases")


@router.api_route("/cases", methods=["GET", "HEAD"])
async def cases(
    request: Request, q: str = "", process: str = "", state: str = "open", start: int = 0
) -> Response:
    """The list of cases."""
    wanted = CaseFilter(
        status=state if state in ("open", "completed", "cancelled") else None,
        process=process or None, search=q.strip()[:80], faulty=state == "fault",
    )  # fmt: skip
    start = max(0, min(start, 100_000))

    def read(database: Database) -> tuple[Around, list[CaseLine], list[list[str]]]:
        with database.read() as connection:
            found = queries.case_list(connection, wanted, limit=PAGE + 1, offset=start)
            waits = [
                [visit.title for visit in stored_state(connection, line.case_id).visits.values()]
                for line in found
            ]
            return read_around(connection), found, waits

    around, found, waits = await run_in_threadpool(read, resources_of(request).database)
    lines = [_line(line, wait, around) for line, wait in zip(found, waits, strict=True)]
    words = {
        **bar(request, "cases", around), "cases": lines[:PAGE], "search": wanted.search,
        "process": process, "state": state,
        "processes": [(name, each.process.title) for name, each in around.processes.items()],
        "states": [(key, text(label)) for key, label in STATES.items()],
        "next": start + PAGE if len(lines) > PAGE else None, "start": start,
    }  # fmt: skip
    return page(request, "cases.html", {"page": words})


@router.api_route("/cases/{ref}", methods=["GET", "HEAD"])
async def one_case(request: Request, ref: str) -> Response:
    """The page of a case, personal data covered."""
    return await _case_page(request, ref, is_open=False)


async def _case_page(request: Request, ref: str, *, is_open: bool) -> Response:
    def read(database: Database) -> tuple[Around, CasePage, Definition, dict[str, StoredFile]]:
        with database.read() as connection:
            shown = queries.case_show(connection, ref)
            own = definitions.definition(connection, shown.line.process, shown.line.version)
            return read_around(connection), shown, own, case_files(connection, shown.state)

    try:
        found = await run_in_threadpool(read, resources_of(request).database)
    except CaseNotFound:
        return not_found(request)
    return page(request, "case.html", {"page": _case(request, *found, is_open=is_open)})


@router.post("/cases/{ref}/reveal")
async def reveal(request: Request, ref: str) -> Response:
    """The personal data of a case, once; its history says that somebody of the desk looked."""
    resources = resources_of(request)
    form = await request.form(max_files=0)
    nonce = read_nonce(resources.ring, OWNER, str(form.get("nonce", "")))
    found = await run_in_threadpool(_find, resources.database, ref)
    if found is None:
        return not_found(request)
    if nonce is None:
        return see_other(f"/cases/{ref}")
    note = NoteAdded(text="personal_data_shown", detail={"where": "staff"})
    event_id = f"reveal:{found}:{nonce}"
    await asyncio.wrap_future(resources.committer.submit(found, event_id, note))
    return await _case_page(request, ref, is_open=True)


def _find(database: Database, ref: str) -> str | None:
    with database.read() as connection:
        try:
            return queries.find_case(connection, ref)
        except CaseNotFound:
            return None


@router.api_route("/troubles", methods=["GET", "HEAD"])
async def trouble_list(request: Request) -> Response:
    """What goes no further without a person."""

    def read(database: Database) -> tuple[Around, list[Trouble]]:
        with database.read() as connection:
            return read_around(connection), items.troubles(connection)

    around, found = await run_in_threadpool(read, resources_of(request).database)
    kinds = {
        "fault": text("Faulty"), "blocked": text("Call failed"),
        "message": text("Message not delivered"), "case_event": text("Not passed on"),
    }  # fmt: skip
    zone = around.context.calendar.zone
    shown = [
        {"kind": kinds.get(each.kind, each.kind), "ref": each.ref, "about": each.about,
         "since": moment_words(each.since, around.now, zone)}
        for each in found
    ]  # fmt: skip
    words = {**bar(request, "troubles", around), "found": shown}
    return page(request, "troubles.html", {"page": words})


@router.api_route("/files/{file_id}", methods=["GET", "HEAD"])
async def open_file(request: Request, file_id: str) -> Response:
    """An uploaded file: who may read these pages may see every case."""

    def read(database: Database) -> StoredFile | None:
        with database.read() as connection:
            return files.find(connection, file_id)

    file = await run_in_threadpool(read, resources_of(request).database)
    return not_found(request) if file is None or file.is_gone else await serve(request, file)


# ---- showing -------------------------------------------------------------------------------------


def _line(line: CaseLine, waits: list[str], around: Around) -> dict[str, Any]:
    zone = around.context.calendar.zone
    process = around.processes.get(line.process)
    ends = process.process.ends if process else {}
    due = line.due_at if line.status == "open" else None
    return {
        "ref": line.ref, "title": line.title,
        "process": process.process.title if process else line.process,
        "priority": text(PRIORITIES[line.priority]) if line.priority in PRIORITIES else "",
        "priority_class": line.priority, "tags": line.tags, "waits": text(", ").join(waits),
        "state": _state_words(line, ends), "is_faulty": line.fault is not None,
        "due": due_words(due, around.now, zone) if due else "",
        "is_late": bool(due and due < around.now),
        "opened": moment_words(line.opened_at, around.now, zone),
    }  # fmt: skip


def _state_words(line: CaseLine, ends: Mapping[str, str]) -> str:
    if line.status == "completed":
        return ends.get(line.result or "", text("Completed"))
    return text(STATES[line.status])


def _case(
    request: Request, around: Around, shown: CasePage, own: Definition,
    found: Mapping[str, StoredFile], *, is_open: bool,
) -> dict[str, Any]:  # fmt: skip
    context, now, state = around.context, around.now, shown.state
    run_id = shown.run.run_id if shown.run else None
    ui = resources_of(request).settings.prefect_ui_url.rstrip("/")
    fields = own.process.case.fields
    facts = show_all(
        fields, state.data, context, now, files=file_views(found, "/files"),
        cover=None if is_open else fields,
    )  # fmt: skip
    return {
        **bar(request, "cases", around),
        "can_reveal": any(each.hides for each in facts),
        "nonce": new_nonce(resources_of(request).ring, OWNER),
        **_line(shown.line, [], around),
        "version": shown.line.version,
        "owner": context.label(state.owner),
        "fault": shown.line.fault,
        "facts": facts,
        "waits_for": timeline.waiting(shown, context, now),
        "timers": timeline.timers(shown, context, now),
        "lines": timeline.lines(shown, own, context, now),
        "messages": timeline.messages(shown.messages, context, now),
        "children": shown.children,
        "run": f"{ui}/v2/runs/flow-run/{run_id}" if run_id else None,
    }
