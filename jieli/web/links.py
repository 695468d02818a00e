"""The page behind a link: GET shows and changes nothing, POST acts."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from functools import partial

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from jieli.engine.events import Event, WaitAnswered, WorkItemAnswered
from jieli.engine.scope import form_of
from jieli.store import resending
from jieli.store.cases import Duplicate
from jieli.texts import text
from jieli.web import opening
from jieli.web.answering import respond
from jieli.web.claiming import ask_name, claimed, name_missing, query_for
from jieli.web.file_pages import serve
from jieli.web.identity import Actor, able_people, actor_of
from jieli.web.login import check_pin, pin_page
from jieli.web.moments import due_words
from jieli.web.nonces import read_nonce
from jieli.web.notices import Note, done_words, no_such_link, not_found, note_page, sent_again
from jieli.web.pages import see_other
from jieli.web.posted import Posted, read_posted
from jieli.web.resources import Resources, resources_of
from jieli.web.session import Session, keep_session, read_session
from jieli.web.task import Finished, Task, load_task
from jieli.web.task_page import initial
from jieli.web.turn import Turn, show, show_task
from jieli.web.typed import Notice
from jieli.web.uploads import MOST_AT_ONCE, most_files

router = APIRouter(include_in_schema=False)
MOST_FIELDS = 3000


@router.api_route("/t/{token}", methods=["GET", "HEAD"])
async def open_link(request: Request, token: str) -> Response:
    """The task's page, or what became of the task."""
    resources = resources_of(request)
    found = await _load(request, resources, token)
    if found is None:
        return _no_link(request)
    if isinstance(found, Finished):
        return finished_page(request, found)
    response = _opened(request, resources, found, token)
    response.background = opening.seen(request, resources, found.link)
    return response


def _opened(request: Request, resources: Resources, found: Task, token: str) -> Response:
    actor = _reader(request, found)
    if actor is None:
        return _ask_pin(request, found, _path(token))
    if actor.person is None and actor.known_by == "claim":
        return ask_name(request, found, _path(token), _head(found))
    said = _said(request)
    typed = replace(initial(found), notices=said, person=actor.person or "")
    return show_task(request, resources, found, actor, typed, _path(token))


@router.api_route("/t/{token}/files/{file_id}", methods=["GET", "HEAD"])
async def open_file(request: Request, token: str, file_id: str) -> Response:
    """A file of the case, for who may see the case."""
    found = await _load(request, resources_of(request), token)
    actor = _reader(request, found) if isinstance(found, Task) else None
    if not isinstance(found, Task) or actor is None:
        return _no_link(request)
    if actor.known_by == "claim" and actor.person is None:
        return not_found(request)
    file = found.files.get(file_id)
    return not_found(request) if file is None or file.is_gone else await serve(request, file)


@router.post("/t/{token}")
async def act(request: Request, token: str) -> Response:
    """A button was pressed."""
    resources = resources_of(request)
    found = await _load(request, resources, token)
    if found is None:
        return await _without_link(request, resources, token)
    if not resources.limits.may_press(found.link.link_id):
        return _too_often(request)
    if isinstance(found, Finished):
        form = await request.form(max_fields=MOST_FIELDS, max_files=MOST_AT_ONCE)
        return await _too_late(request, resources, found, form)
    fields = form_of(found.step)
    form = await request.form(max_fields=MOST_FIELDS, max_files=most_files(fields))
    posted = read_posted(form, fields)
    if posted.do == "pin":
        return await _log_in(request, found, form, posted, _path(token))
    actor = actor_of(found, found.session, posted.person or _claimed(request, found))
    if actor is not None and actor.known_by == "claim" and (posted.do == "name" or not actor.person):
        return _take_name(request, Turn(request, resources, found, actor, form, posted, _path(token)))
    if actor is None:
        info = text("Please enter your PIN again; what you typed is kept.")
        return _ask_pin(request, found, _path(token), form=form, info=info, status=401)
    return await respond(Turn(request, resources, found, actor, form, posted, _path(token)))


async def _without_link(request: Request, resources: Resources, token: str) -> Response:
    """A POST to a link that is none: perhaps it is asked for again. No file is taken in here."""
    if not resources.limits.may_try(request):
        return _too_often(request)
    form = await request.form(max_fields=10, max_files=0)
    return await _send_again(request, resources, token) if "again" in form else no_such_link(request)


async def _send_again(request: Request, resources: Resources, token: str) -> Response:
    """The link once more, to the registered address; the answer is the same whatever was found."""
    link = resources.ring.read(token)
    if link is not None:
        again = partial(resending.resend, link_id=link.link_id)
        await run_in_threadpool(resources.database.run, again)
    return note_page(request, Note(title=text("Thank you"), lines=(sent_again(),), home=True))


async def _load(request: Request, resources: Resources, token: str) -> Task | Finished | None:
    link = resources.ring.read(token)
    if link is None:
        return None
    session = read_session(request, resources.ring)
    return await run_in_threadpool(load_task, resources.database, link, session)


def _reader(request: Request, task: Task) -> Actor | None:
    """Who looks: by PIN, by possession, or by the name chosen before."""
    return actor_of(task, task.session, _claimed(request, task))


def _claimed(request: Request, task: Task) -> str:
    return claimed(request, resources_of(request).ring, task.link.link_id)


def _take_name(request: Request, turn: Turn) -> Response:
    """A name was chosen, or is missing; what was typed before is kept either way."""
    typed = _typed_before(turn.form)
    person = turn.actor.person
    if person is None:
        hidden, error = typed, name_missing()
        return ask_name(
            request, turn.task, turn.path, _head(turn.task), hidden=hidden, error=error, status=422
        )
    if typed:
        return show(turn, turn.typed)
    return see_other(f"{turn.path}?{query_for(turn.resources.ring, turn.task.link.link_id, person)}")


def _no_link(request: Request) -> Response:
    """Unknown, expired, revoked: one answer; who tries many of them waits."""
    if resources_of(request).limits.may_try(request):
        return no_such_link(request)
    return _too_often(request)


def _too_often(request: Request) -> Response:
    lines = (text("Please wait a minute and try again."),)
    note = Note(title=text("That was too often"), lines=lines, status=429)
    response = note_page(request, note)
    response.headers["Retry-After"] = "60"
    return response


def _path(token: str) -> str:
    return f"/t/{token}"


def _said(request: Request) -> tuple[Notice, ...]:
    """What the page before has done; words only."""
    if "saved" in request.query_params:
        return (Notice("good", text("Saved.")),)
    if "noted" in request.query_params:
        return (Notice("good", text("Noted. The task stays open.")),)
    if "draft" in request.query_params:
        return (Notice("good", text("The draft is saved. Nothing was sent yet.")),)
    return ()


# ---- PIN -----------------------------------------------------------------------------------------


def _ask_pin(
    request: Request, task: Task, path: str, *, form: FormData | None = None, error: str = "",
    info: str = "", status: int = 200,
) -> Response:  # fmt: skip
    """Before the PIN: the step's name, the case's number and the due time, nothing more."""
    able = able_people(task)
    mine = [each for each in able if each[0] == task.link.person]
    if task.session and not info and not error:
        name = task.context.label(task.session.person)
        info = text("You are {name}; this task was given to somebody else.", name=name)
    return pin_page(
        request, title=task.visit.title, action=path, choices=mine or able, error=error, info=info,
        person=task.link.person or "", hidden=_typed_before(form), head=_head(task),
        status=status,
    )  # fmt: skip


def _head(task: Task) -> dict[str, object]:
    """All that is said before one is known."""
    due = task.visit.due_at
    return {
        "process": task.definition.process.title,
        "ref": task.state.ref,
        "due": due_words(due, task.now, task.context.calendar.zone) if due else None,
        "is_late": bool(due and due < task.now),
    }


def _typed_before(form: FormData | None) -> list[tuple[str, str]]:
    """The typed values, so that a session that ended costs nobody their text."""
    return [
        (key, value)
        for key, value in (form.multi_items() if form else [])
        if isinstance(value, str) and key.startswith(("f.", "open.", "shown"))
    ]


async def _log_in(
    request: Request, task: Task, form: FormData, posted: Posted, path: str
) -> Response:
    resources = resources_of(request)
    able = dict(able_people(task))
    known = posted.person in able
    session: Session | str = text("The name or the PIN is not right.")
    if known:
        session = await check_pin(resources.database, posted.person, posted.pin)
    if isinstance(session, str):
        return _ask_pin(request, task, path, form=form, error=session, status=401)
    own = replace(task, session=session)
    actor = actor_of(own, session)
    if actor is None:
        return _ask_pin(request, own, path, form=form, status=403)
    if _typed_before(form):
        turn = Turn(request, resources, own, actor, form, posted, path)
        response = show(turn, turn.typed)
    else:
        response = see_other(path)
    keep_session(response, session, resources.ring, resources.settings)
    return response


# ---- after the end -------------------------------------------------------------------------------


def finished_page(request: Request, found: Finished, *, status: int = 200) -> Response:
    """Done, by whom and when; or no longer needed. Nothing of the case."""
    if found.status == "done":
        title, lines = _done_words(request, found, status)
    else:
        title = text("This is no longer needed")
        lines = (found.title, text("The case has gone on without this step."))
    is_good = found.status == "done" and status == 200
    note = Note(
        title=title, lines=lines, kind="good" if is_good else "plain", status=status, home=True,
        process=found.definition.process.title, ref=found.state.ref,
    )  # fmt: skip
    return note_page(request, note)


def _done_words(request: Request, found: Finished, status: int) -> tuple[str, tuple[str, ...]]:
    done = done_words(found.context.label(found.by), found.at, found.context, found.now)
    if status == 409:
        lost = text("Your entries were not saved; nothing was done twice.")
        return done, (found.title, lost)
    if "saved" in request.query_params:
        return text("Submitted, thank you"), (found.title, done)
    return done, (found.title,)


async def _too_late(
    request: Request, resources: Resources, found: Finished, form: FormData
) -> Response:
    """A POST to a task that is over: the same form once more is the same success page."""
    nonce = read_nonce(resources.ring, found.link.link_id, str(form.get("nonce", "")))
    if nonce:
        event = _again(found, str(form.get("press", "")))
        event_id = f"link:{found.link.link_id}:{nonce}"
        outcome = await asyncio.wrap_future(
            resources.committer.submit(found.state.case_id, event_id, event)
        )
        if isinstance(outcome, Duplicate):
            return see_other(f"{request.url.path}?saved=1")
    return finished_page(request, found, status=409)


def _again(found: Finished, button: str) -> Event:
    # The visit is over, so this event can only be known already or be refused.
    kind = WaitAnswered if found.link.purpose == "wait" else WorkItemAnswered
    return kind(visit=found.link.visit, button=button[:100], by=found.by)
