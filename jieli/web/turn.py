"""One POST on a task's page: who, on what, with which values; and how it is answered."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from jieli.engine.errors import FormError, Refused, WorkItemClosed
from jieli.engine.events import Event
from jieli.store import drafts, link_uses
from jieli.store.cases import Applied, Duplicate, Outcome, Rejected
from jieli.store.database import kill_point
from jieli.texts import text
from jieli.web.asking import put_right
from jieli.web.claiming import query_for
from jieli.web.identity import Actor
from jieli.web.limiting import address_of
from jieli.web.nonces import new_nonce, read_nonce
from jieli.web.notices import Note, note_page, refusal_words
from jieli.web.pages import page
from jieli.web.posted import Posted
from jieli.web.resources import Resources
from jieli.web.task import Task, draft_author
from jieli.web.task_page import task_page
from jieli.web.typed import Notice, Typed

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Turn:
    """Everything a handler of a POST needs."""

    request: Request
    resources: Resources
    task: Task
    actor: Actor
    form: FormData
    posted: Posted
    path: str

    @property
    def typed(self) -> Typed:
        """The page's form as it was posted."""
        return Typed(
            values=put_right(self.task, self.posted.values), open_rows=self.posted.open_rows,
            person=self.posted.person,
        )  # fmt: skip

    @property
    def nonce(self) -> str | None:
        """The posted nonce, if it was made for this link."""
        return read_nonce(self.resources.ring, self.task.link.link_id, self.posted.nonce)


def show(turn: Turn, typed: Typed, status: int = 200) -> Response:
    """The page again, with what was typed."""
    return show_task(turn.request, turn.resources, turn.task, turn.actor, typed, turn.path, status)


def show_task(
    request: Request, resources: Resources, task: Task, actor: Actor, typed: Typed, path: str,
    status: int = 200,
) -> Response:  # fmt: skip
    """The page of a task."""
    nonce = new_nonce(resources.ring, task.link.link_id)
    query = ""
    if actor.known_by == "claim" and actor.person:
        query = f"?{query_for(resources.ring, task.link.link_id, actor.person)}"
    words = task_page(task, actor, typed, action=path, nonce=nonce, query=query)
    return page(request, "work_item.html", {"page": words}, status)


def ask_again(turn: Turn, kind: str, words: str, status: int = 409, **changes: Any) -> Response:
    """The page again with a notice on top; nothing typed is lost."""
    notices = (Notice(kind, words),)
    return show(turn, replace(turn.typed, notices=notices, **changes), status)


async def submit(turn: Turn, event: Event) -> Outcome | None:
    """Hand an event to the store; None when the form's nonce was not made for this page."""
    nonce = turn.nonce
    if nonce is None:
        return None
    link, case_id = turn.task.link.link_id, turn.task.state.case_id
    future = turn.resources.committer.submit(case_id, f"link:{link}:{nonce}", event)
    outcome = await asyncio.wrap_future(future)
    if isinstance(outcome, Applied):
        kill_point("after_commit_before_wake")
        turn.resources.wake(case_id)
        await _write_down(turn, event)
    return outcome


async def _write_down(turn: Turn, event: Event) -> None:
    """Who did it, how we knew them, from where. The answer counts even if this fails."""
    request, actor = turn.request, turn.actor

    def work(connection: Any) -> None:
        link_uses.add(
            connection, turn.task.link, what=turn.posted.button or turn.posted.do or event.kind,
            person=actor.person, known_by=actor.known_by, address=address_of(request),
            browser=request.headers.get("user-agent", ""),
        )  # fmt: skip

    try:
        await run_in_threadpool(turn.resources.database.run, work)
    except Exception:
        log.exception("the use of a link was not written down")


def refused(turn: Turn, outcome: Outcome | None) -> Response:
    """What to say when an event did not count."""
    if outcome is None:
        return ask_again(turn, "warn", text("This page was open for long. Please press once more."))
    assert not isinstance(outcome, Applied | Duplicate)
    if isinstance(outcome, Rejected):
        return _rejected(turn, outcome)
    words = text(
        "Something went wrong on our side. What you typed is still here; please try again."
    )
    return ask_again(turn, "bad", words, 500)


def _rejected(turn: Turn, outcome: Rejected) -> Response:
    error, task = outcome.error, turn.task
    if isinstance(error, FormError):
        return show(turn, replace(turn.typed, errors=error.fields), 422)
    assert isinstance(error, Refused)
    words = refusal_words(error, task.context, task.now)
    if isinstance(error, WorkItemClosed):
        return note_page(
            turn.request,
            Note(
                title=words, lines=(text("Your entries were not saved; nothing was done twice."),),
                process=task.definition.process.title, ref=task.state.ref, status=409, home=True,
            ),
        )  # fmt: skip
    return ask_again(turn, "warn", words)


async def save_draft(turn: Turn) -> None:
    """Keep what was typed."""
    task = turn.task
    author = draft_author(task.link, task.session)

    def work(connection: Any) -> None:
        drafts.save(connection, task.state.case_id, task.visit.id, author, turn.typed.values)

    await run_in_threadpool(turn.resources.database.run, work)


async def drop_draft(turn: Turn) -> None:
    """Forget what was kept: it has been sent."""
    task = turn.task
    author = draft_author(task.link, task.session)

    def work(connection: Any) -> None:
        drafts.drop(connection, task.state.case_id, task.visit.id, author)

    await run_in_threadpool(turn.resources.database.run, work)
