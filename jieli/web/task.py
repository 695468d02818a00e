"""What stands behind a link: the row, the case, the visit, the draft, read in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, cast

from jieli.engine.case import CaseState, Visit
from jieli.engine.context import Context
from jieli.engine.definition import HumanStep, WaitStep
from jieli.engine.published import Definition
from jieli.engine.scope import form_of, scope_for
from jieli.store import definitions, drafts, files, filling, links, people, queries
from jieli.store.database import Database
from jieli.store.files import StoredFile
from jieli.store.links import Link
from jieli.store.replay import stored_state
from jieli.store.times import business_now
from jieli.web.session import Session, seal_of
from notifications.links import TokenLink


@dataclass(frozen=True)
class Task:
    """A visit somebody may act on."""

    link: Link
    definition: Definition
    context: Context
    state: CaseState
    visit: Visit
    now: datetime
    session: Session | None
    draft: dict[str, Any]
    fills: dict[str, Any] = field(default_factory=dict)
    files: dict[str, StoredFile] = field(default_factory=dict)

    @cached_property
    def step(self) -> HumanStep | WaitStep:
        """The words of its step; only human steps and waits have links."""
        return cast(HumanStep | WaitStep, self.definition.step(self.visit.step))

    @cached_property
    def scope(self) -> dict[str, Any]:
        """The names expressions and templates may use."""
        return scope_for(self.definition, self.state, self.context, self.now, self.visit)


@dataclass(frozen=True)
class Finished:
    """A visit that is over: who ended it and when, no data of the case."""

    link: Link
    definition: Definition
    context: Context
    state: CaseState
    title: str
    status: str
    by: str | None
    at: datetime | None
    now: datetime


def load_task(
    database: Database, token: TokenLink, session: Session | None
) -> Task | Finished | None:
    """What a link leads to; None when it is unknown, expired or given to somebody else."""
    with database.read() as connection:
        link = links.find(connection, token.link_id)
        now = business_now(connection)
        if link is None or link.purpose != token.purpose or _is_expired(link, now):
            return None
        state = stored_state(connection, link.case_id)
        definition = definitions.definition(connection, state.process, state.version)
        _, context = definitions.current_context(connection)
        visit = state.visits.get(link.visit)
        if visit is None:
            over = queries.visit_of(connection, link.case_id, link.visit)
            if over is None or link.generation != over.generation:
                return None
            return Finished(
                link, definition, context, state, over.title, over.status, over.by,
                over.closed_at, now,
            )  # fmt: skip
        if link.status != "active" or link.generation != visit.generation:
            return None
        who = people.person(connection, session.person) if session else None
        own = session if who and session and session.seal == seal_of(who) else None
        author = draft_author(link, own)
        draft = drafts.read(connection, link.case_id, link.visit, author)
        task = Task(link, definition, context, state, visit, now, own, draft)
        return replace(task, fills=_fills(connection, task), files=case_files(connection, state))


def case_files(connection: Any, state: CaseState) -> dict[str, StoredFile]:
    """The files of a case: uploaded for it, or given to it by the case that began it."""
    own = {each.id: each for each in files.of_case(connection, state.case_id)}
    said = {*files.ids_in(state.data), *files.ids_in(state.answers)} - own.keys()
    return {**files.by_id(connection, said), **own} if said else own


def read_files(database: Database, state: CaseState) -> dict[str, StoredFile]:
    """The same, read anew."""
    with database.read() as connection:
        return case_files(connection, state)


def _fills(connection: Any, task: Task) -> dict[str, Any]:
    """What the form holds before anybody typed."""
    fields = form_of(task.step)
    if task.visit.status == "held" or not any(each.fill for each in fields.values()):
        return {}
    return filling.fill_values(
        connection, task.definition, task.state, task.context, fields, task.scope, task.now
    )


def draft_author(link: Link, session: Session | None) -> str:
    """Whose draft it is: the PIN's owner, the link's person, or the group the link went to."""
    if session and link.person in (None, session.person):
        return session.person
    return link.person or f"role:{link.role}"


def _is_expired(link: Link, now: datetime) -> bool:
    return link.expires_at is not None and link.expires_at <= now
