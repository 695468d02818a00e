"""The pages that begin a case, for 我的待办 and for the staff pages alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from jieli.engine import forms
from jieli.engine.context import Context
from jieli.engine.definition import FieldWords, Process
from jieli.engine.errors import FormError, JieliError
from jieli.engine.values import parse_duration
from jieli.store import definitions, files
from jieli.store.database import Database
from jieli.store.files import StoredFile
from jieli.store.starts import Started
from jieli.store.times import business_now
from jieli.texts import text
from jieli.web import rows, starting
from jieli.web.fields import local_input
from jieli.web.file_pages import file_views
from jieli.web.nonces import new_nonce, read_nonce
from jieli.web.pages import page
from jieli.web.posted import Posted, read_posted
from jieli.web.resources import Resources, resources_of
from jieli.web.typed import Notice, Typed, form_views, wrong_fields
from jieli.web.uploads import Uploader, most_files, receive, without

Person = tuple[str, str]


@dataclass(frozen=True)
class Desk:
    """Where a start form stands: its address, its bar, whose session guards it."""

    base: str
    owner: str
    words: Mapping[str, Any]
    person: str | None = None
    files: str = ""  # where what was uploaded here can be looked at

    @property
    def uploader(self) -> str:
        """Who pays for what is uploaded before there is a case."""
        return f"start:{self.owner}"


@dataclass(frozen=True)
class Blank:
    """A process and what is live around it, to draw its start form."""

    process: Process
    context: Context
    now: datetime
    fields: dict[str, FieldWords] = field(default_factory=dict)
    files: Mapping[str, StoredFile] = field(default_factory=dict)


def read_processes(database: Database) -> tuple[dict[str, Process], Context]:
    """The newest version of every process, and the people around."""
    with database.read() as connection:
        newest = definitions.latest_definitions(connection)
        _, context = definitions.current_context(connection)
    return {name: each.process for name, each in newest.items()}, context


def read_blank(database: Database, name: str) -> Blank:
    """The start form of a process; raises ProcessNotFound."""
    with database.read() as connection:
        version = definitions.latest_version(connection, name)
        process = definitions.definition(connection, name, version).process
        _, context = definitions.current_context(connection)
        return Blank(process, context, business_now(connection), starting.start_fields(process))


def choose_page(request: Request, desk: Desk, processes: list[Process]) -> Response:
    """Which process?"""
    offered = [
        {"name": each.process, "title": each.title, "about": each.about} for each in processes
    ]
    words = {
        **desk.words, "processes": offered, "base": desk.base, "heading": text("Start a case"),
        # Paper for an outage is the supervisor's to print.
        "blank_forms": desk.person is None,
    }  # fmt: skip
    return page(request, "choose_process.html", {"page": words})


def start_form(
    request: Request, desk: Desk, blank: Blank, typed: Typed, status: int = 200
) -> Response:
    """The form itself."""
    shown = _shown(blank, typed.values)
    quick = (("30m", text("in 30 minutes")), ("2h", text("in 2 hours")))
    people = [] if desk.person else starting.starters(blank.process, blank.context)
    words = {
        **desk.words, "title": blank.process.title, "about": blank.process.about,
        "notices": typed.notices, "errors": wrong_fields(blank.fields, typed.errors),
        "fields": form_views(
            shown, typed, blank.context, blank.now, quick=quick,
            files=file_views(blank.files, desk.files),
        ),
        "has_files": bool(most_files(shown)),
        "shown": " ".join(shown), "people": people, "person": typed.person,
        "person_error": typed.person_error, "action": f"{desk.base}/{blank.process.process}",
        "nonce": new_nonce(resources_of(request).ring, desk.owner),
    }  # fmt: skip
    return page(request, "start.html", {"page": words}, status)


def _shown(blank: Blank, values: Mapping[str, Any]) -> dict[str, FieldWords]:
    if not any(words.show_if for words in blank.fields.values()):
        return blank.fields
    names = forms.shown(
        blank.fields, values, starting.start_scope(blank.process, blank.context),
        now=blank.now, timezone=blank.context.calendar.timezone,
    )  # fmt: skip
    return {name: blank.fields[name] for name in names}


async def post_start(
    request: Request, desk: Desk, blank: Blank, form: FormData,
    done: Callable[[Started], Awaitable[Response]],
) -> Response:  # fmt: skip
    """A button of the form: a row, a quick time, or the start itself."""
    posted = read_posted(form, blank.fields)
    verb, _, rest = posted.do.partition(":")
    blank, posted, refused = await _received(request, desk, blank, form, posted)
    typed = Typed(values=posted.values, open_rows=posted.open_rows, person=posted.person)
    if refused:
        return start_form(request, desk, blank, replace(typed, errors=refused), 422)
    if verb in ("upload", "file_drop"):
        return start_form(request, desk, blank, _arranged_files(posted, typed, verb, rest))
    if verb.startswith("row_") or verb == "quick":
        return start_form(request, desk, blank, _rearranged(blank, posted, verb, rest))
    person = desk.person or posted.person
    if person not in dict(starting.starters(blank.process, blank.context)):
        wrong = replace(typed, person_error=text("Please choose your name"))
        return start_form(request, desk, blank, wrong, 422)
    try:
        data = starting.checked(
            blank.process, blank.fields, posted.values, blank.context, blank.now,
            uploads=blank.files.keys(),
        )  # fmt: skip
    except FormError as error:
        return start_form(request, desk, blank, replace(typed, errors=error.fields), 422)
    nonce = read_nonce(resources_of(request).ring, desk.owner, posted.nonce)
    more = posted.shown and not set(_shown(blank, posted.values)) <= posted.shown
    if verb != "start" or nonce is None or more:
        return start_form(request, desk, blank, replace(typed, notices=(_why(verb, nonce),)), 422)
    event_id = f"form:{desk.owner}:{nonce}"
    return await _begin(request, desk, blank, typed, data, person, event_id, done)


async def _begin(
    request: Request, desk: Desk, blank: Blank, typed: Typed, data: dict[str, Any], person: str,
    event_id: str, done: Callable[[Started], Awaitable[Response]],
) -> Response:  # fmt: skip
    resources: Resources = resources_of(request)
    try:
        started = await starting.begin(
            resources, blank.process.process, data, source="form", by=person, event_id=event_id
        )
    except JieliError:
        words = text("The case could not be started. What you typed is still here.")
        notices = (Notice("bad", words),)
        return start_form(request, desk, blank, replace(typed, notices=notices), 409)
    return await done(started)


async def _received(
    request: Request, desk: Desk, blank: Blank, form: FormData, posted: Posted
) -> tuple[Blank, Posted, Mapping[str, str]]:
    """Keep what was uploaded; the form knows these files and those of the presses before."""
    if not most_files(blank.fields):
        return blank, posted, {}
    resources = resources_of(request)
    uploader = Uploader(desk.uploader, person=desk.person or posted.person or None)
    received = await receive(resources, uploader, form, posted, blank.fields)

    def read() -> dict[str, StoredFile]:
        with resources.database.read() as connection:
            return files.of_owner(connection, desk.uploader)

    own = await run_in_threadpool(read)
    return replace(blank, files=own), received.posted, received.errors


def _arranged_files(posted: Posted, typed: Typed, verb: str, rest: str) -> Typed:
    name, _, file_id = rest.partition(":")
    if verb == "file_drop":
        return replace(typed, values=without(posted, name, file_id).values)
    if not posted.values.get(name):
        return replace(typed, errors={name: text("Please choose a file first.")})
    return replace(typed, notices=(Notice("good", text("Uploaded. Nothing was sent yet.")),))


def _why(verb: str, nonce: str | None) -> Notice:
    if verb != "start":
        return Notice("good", text("Everything is filled in. Press Start when it is right."))
    if nonce is None:
        return Notice("warn", text("This page was open for long. Please press once more."))
    return Notice(
        "warn",
        text("Because of your choice there is more to fill in. Please look and press again."),
    )


def _rearranged(blank: Blank, posted: Posted, verb: str, rest: str) -> Typed:
    key, _, detail = rest.rpartition(":")
    if verb == "quick":
        try:
            at = blank.now + parse_duration(detail)
        except (ValueError, OverflowError):
            at = blank.now
        rows.put(posted.values, key, local_input(at.isoformat(), blank.context))
    elif key in blank.fields and detail.isdigit():
        posted = rows.change(posted, key, verb, int(detail))
    return Typed(values=posted.values, open_rows=posted.open_rows, person=posted.person)
