"""What stands behind a link: the row, the case, the visit, the draft, read in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, cast

from jieli.engine.case import CaseState, Visit
from jieli.engine.context import Context
from jieli.engine.definition import HumanStep, WaitStep
from jieli.engine.published import Definition
from jieli.engine.scope import scope_of
from jieli.store import links
from jieli.store.database import Database
from jieli.store.links import Link
from jieli.store.times import business_now
from jieli.web.session import Session
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
    draft: dict[str, Any] | None = None

    @cached_property
    def step(self) -> HumanStep | WaitStep:
        """The words of its step; only human steps and waits have links."""
        return cast(HumanStep | WaitStep, self.definition.step(self.visit.step))

    @cached_property
    def scope(self) -> dict[str, Any]:
        """The names expressions and templates may use."""
        return scope_of(self.definition, self.state, self.context, self.now)


@dataclass(frozen=True)
class Finished:
    """A visit that is over: who ended it and when, no data of the case."""

    link: Link
    definition: Definition
    context: Context
    state: CaseState
    title: str
    status: str
    outcome: str | None
    by: str | None
    at: datetime | None
    now: datetime
    event_ids: frozenset[str] = field(default_factory=frozenset)


def load_task(
    database: Database, token: TokenLink, session: Session | None
) -> Task | Finished | None:
    """What a link leads to; None when it is unknown, expired, revoked or no longer this person's."""
    with database.read() as connection:
        link = links.find(connection, token.link_id)
        if link is None or link.purpose != token.purpose:
            return None
        now = business_now(connection)
        return _behind(connection, link, session, now)
