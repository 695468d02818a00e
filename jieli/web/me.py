"""我的待办: behind the agent's PIN, what is to be done, by due time; and the start of a case."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jieli.engine.context import Context
from jieli.engine.errors import ProcessNotFound
from jieli.store import definitions, files, items, links, people, resending
from jieli.store.database import Database
from jieli.store.files import StoredFile
from jieli.store.items import Item
from jieli.store.starts import Started
from jieli.store.times import business_now
from jieli.texts import text
from jieli.web import starting
from jieli.web.file_pages import serve
from jieli.web.health import alarm
from jieli.web.login import check_pin, pin_page
from jieli.web.moments import due_words, moment_words
from jieli.web.nonces import new_nonce, read_nonce
from jieli.web.notices import Note, not_found, note_page, sent_again
from jieli.web.pages import page, see_other
from jieli.web.resources import Resources, resources_of
from jieli.web.session import Session, drop_session, keep_session, read_session, seal_of
from jieli.web.start_page import (
    Desk,
    choose_page,
    post_start,
    read_blank,
    read_processes,
    start_form,
)
from jieli.web.task_page import PRIORITIES
from jieli.web.typed import Typed
from jieli.web.uploads import most_files

router = APIRouter(prefix="/me", include_in_schema=False)
LONGEST_SEARCH = 80


@dataclass(frozen=True)
class Mine:
    """Whose page it is, proved by PIN, and the words of its bar."""

    session: Session
    name: str
    roles: tuple[str, ...]
    can_start: bool
    alarm: str

    def bar(self, tab: str, nonce: str) -> dict[str, Any]:
        """What the bar on top shows."""
        return {
            "name": self.name, "tab": tab, "can_start": self.can_start, "nonce": nonce,
            "alarm": self.alarm, "bar": "_me_bar.html", "body_class": "",
        }  # fmt: skip


@router.api_route("", methods=["GET", "HEAD"])
async def tasks(request: Request, q: str = "") -> Response:
    """The list."""
    mine = await mine_of(request)
    if mine is None:
        return ask_pin(request)
    resources, search = resources_of(request), q.strip()[:LONGEST_SEARCH]
    found, context, now = await run_in_threadpool(_items, resources, mine.session.person, search)
    nonce = new_nonce(resources.ring, mine.session.key)
    shown = [_item(each, context, now) for each in found]
    words = {**mine.bar("tasks", nonce), "tasks": shown, "search": search}
    return kept(request, mine, page(request, "me.html", {"page": words}))


@router.post("")
async def log_in(request: Request) -> Response:
    """Name and PIN."""
    resources = resources_of(request)
    form = await request.form(max_files=0)
    person, pin = str(form.get("person", ""))[:80], str(form.get("pin", ""))
    session = await check_pin(resources.database, person, pin)
    if isinstance(session, str):
        return ask_pin(request, person=person, error=session, status=401)
    response = see_other("/me")
    keep_session(response, session, resources.ring, resources.settings)
    return response


@router.post("/leave")
async def leave(request: Request) -> Response:
    """Log out on this phone."""
    response = see_other("/me")
    drop_session(response, resources_of(request).settings)
    return response


@router.post("/open")
async def open_item(request: Request) -> Response:
    """Open a task of the list: by a link of one's own, the same page as from a message."""
    mine = await mine_of(request)
    form = await request.form(max_files=0)
    if mine is None or _nonce(request, mine, form.get("nonce")) is None:
        return see_other("/me")
    resources = resources_of(request)
    case_id, visit = str(form.get("case", "")), str(form.get("visit", ""))
    if not visit.isdecimal():
        return not_found(request)
    path = await run_in_threadpool(_link, resources, mine.session.person, case_id, int(visit))
    return see_other(path) if path else not_found(request)


@router.post("/resend")
async def send_again(request: Request) -> Response:
    """The link of a task of the list once more, to one's own channels."""
    mine = await mine_of(request)
    form = await request.form(max_files=0)
    if mine is None or _nonce(request, mine, form.get("nonce")) is None:
        return see_other("/me")
    case_id, visit = str(form.get("case", "")), str(form.get("visit", ""))
    if visit.isdecimal():
        resources, person = resources_of(request), mine.session.person
        await run_in_threadpool(_send_again, resources, person, case_id, int(visit))
    note = Note(title=text("Thank you"), lines=(sent_again(),), home=True)
    return note_page(request, note)


@router.api_route("/start", methods=["GET", "HEAD"])
async def choose(request: Request) -> Response:
    """Which process?"""
    mine = await mine_of(request)
    if mine is None:
        return ask_pin(request)
    processes, _ = await run_in_threadpool(read_processes, resources_of(request).database)
    offered = [each for each in processes.values() if starting.may_start(each, mine.roles)]
    return choose_page(request, _desk(request, mine), offered)


@router.api_route("/start/{process}", methods=["GET", "HEAD"])
async def blank_form(request: Request, process: str) -> Response:
    """The start form."""
    mine = await mine_of(request)
    if mine is None:
        return ask_pin(request)
    try:
        blank = await run_in_threadpool(read_blank, resources_of(request).database, process)
    except ProcessNotFound:
        return not_found(request)
    if not starting.may_start(blank.process, mine.roles):
        return not_found(request)
    return start_form(request, _desk(request, mine), blank, Typed())


@router.post("/start/{process}")
async def start(request: Request, process: str) -> Response:
    """Start a case."""
    mine = await mine_of(request)
    if mine is None:
        return ask_pin(request, status=401)
    try:
        blank = await run_in_threadpool(read_blank, resources_of(request).database, process)
    except ProcessNotFound:
        return not_found(request)
    if not starting.may_start(blank.process, mine.roles):
        return not_found(request)

    async def done(started: Started) -> Response:
        title = (
            text("Case {ref} is started", ref=started.ref)
            if started.created
            else text("Case {ref} is open already", ref=started.ref)
        )
        note = Note(
            title=title, kind="good", home=True,
            lines=(blank.process.title,),
        )  # fmt: skip
        return note_page(request, note)

    form = await request.form(max_files=most_files(blank.fields))
    return await post_start(request, _desk(request, mine), blank, form, done)


@router.api_route("/files/{file_id}", methods=["GET", "HEAD"])
async def open_file(request: Request, file_id: str) -> Response:
    """What was uploaded for a case that has not begun yet."""
    mine = await mine_of(request)
    if mine is None:
        return not_found(request)
    owner = _desk(request, mine).uploader

    def read(database: Database) -> dict[str, StoredFile]:
        with database.read() as connection:
            return files.of_owner(connection, owner)

    own = await run_in_threadpool(read, resources_of(request).database)
    return await serve(request, own[file_id]) if file_id in own else not_found(request)


# ---- reading -------------------------------------------------------------------------------------


async def mine_of(request: Request) -> Mine | None:
    """Whose session it is, if it still counts."""
    resources = resources_of(request)
    session = read_session(request, resources.ring)
    return await run_in_threadpool(_known, resources, session) if session else None


def _known(resources: Resources, session: Session) -> Mine | None:
    with resources.database.read() as connection:
        who = people.person(connection, session.person)
        if who is None or session.seal != seal_of(who):
            return None
        newest = definitions.latest_definitions(connection)
        words = alarm(connection)
    can_start = any(starting.may_start(each.process, who.roles) for each in newest.values())
    return Mine(session, who.name, who.roles, can_start, words)


def _items(resources: Resources, person: str, search: str) -> tuple[list[Item], Context, datetime]:
    with resources.database.read() as connection:
        _, context = definitions.current_context(connection)
        found = items.my_items(connection, person, search)
        return found, context, business_now(connection)


def _is_own(resources: Resources, person: str, case_id: str, visit: int) -> bool:
    with resources.database.read() as connection:
        own = items.my_items(connection, person, limit=1000)
    return (case_id, visit) in {(item.case_id, item.visit) for item in own}


def _send_again(resources: Resources, person: str, case_id: str, visit: int) -> None:
    if _is_own(resources, person, case_id, visit):
        resources.database.run(
            lambda connection: resending.resend_to(connection, case_id, visit, person)
        )


def _link(resources: Resources, person: str, case_id: str, visit: int) -> str | None:
    # Only what is on the person's own list; a guessed case or visit opens nothing.
    if not _is_own(resources, person, case_id, visit):
        return None
    link = resources.database.run(
        lambda connection: links.for_work_item(connection, case_id, visit, person)
    )
    return f"/t/{resources.ring.token(link.purpose, link.link_id)}" if link else None


def _nonce(request: Request, mine: Mine, given: object) -> str | None:
    return read_nonce(resources_of(request).ring, mine.session.key, str(given or ""))


# ---- showing -------------------------------------------------------------------------------------


def _item(item: Item, context: Context, now: datetime) -> dict[str, Any]:
    zone = context.calendar.zone
    due = due_words(item.due_at, now, zone) if item.due_at else ""
    if item.status == "scheduled" and item.window_start:
        due = text("from {moment} on", moment=moment_words(item.window_start, now, zone))
    return {
        "case_id": item.case_id, "visit": item.visit, "title": item.title, "ref": item.ref,
        "case_title": item.case_title, "due": due,
        "is_late": bool(item.due_at and item.due_at < now),
        "priority": text(PRIORITIES[item.priority]) if item.priority in PRIORITIES else "",
        "priority_class": item.priority, "note": _item_note(item),
    }  # fmt: skip


def _item_note(item: Item) -> str:
    if item.kind == "wait":
        return text("waiting")
    if item.status == "held":
        return text("may still be taken back")
    return text("yours") if item.assignee else ""


def _desk(request: Request, mine: Mine) -> Desk:
    nonce = new_nonce(resources_of(request).ring, mine.session.key)
    bar = mine.bar("start", nonce)
    return Desk("/me/start", mine.session.key, bar, mine.session.person, files="/me/files")


def ask_pin(request: Request, *, person: str = "", error: str = "", status: int = 200) -> Response:
    """The page before the session."""
    return pin_page(
        request, title=text("My tasks"), action="/me", person=person, error=error, status=status
    )


def kept(request: Request, mine: Mine, response: Response) -> Response:
    """The answer, with the session's cookie renewed."""
    # The session lives as long as the list is in use.
    resources = resources_of(request)
    keep_session(response, mine.session, resources.ring, resources.settings)
    return response
