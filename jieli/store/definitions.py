"""Owns published definitions and contexts: immutable, content-addressed, cached for the process.

Never reads a file; what is checked and how is the loader's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from pydantic import TypeAdapter
from sqlalchemy import Connection, Engine, Row, func, insert, select

from jieli.engine.context import Context
from jieli.engine.definition import MessageWords, Process
from jieli.engine.errors import ProcessNotFound
from jieli.engine.published import Definition
from jieli.engine.roster import RosterChange
from jieli.store import marks, phrases, roster_changes
from jieli.store.columns import dump_json
from jieli.store.people import update_people, update_roles
from jieli.store.statements import insert as upsert
from jieli.store.tables import contexts, current_values, definitions

if TYPE_CHECKING:
    from jieli.engine.loader import Library

_CURRENT = "context"
_MESSAGES = TypeAdapter(dict[str, MessageWords])


@dataclass(frozen=True, slots=True)
class PublishedVersion:
    """The version of a process after publishing; `created` when its content was new."""

    process: str
    version: int
    created: bool


@dataclass(frozen=True, slots=True)
class Version:
    """One published version, as a list of versions shows it."""

    process: str
    version: int
    content_hash: str
    author: str
    reason: str
    published_at: datetime


@dataclass(slots=True)
class _Known:
    """What was read before; rows never change, so nothing here goes stale."""

    definitions: dict[tuple[str, int], Definition] = field(default_factory=dict)
    contexts: dict[str, Context] = field(default_factory=dict)


_known: WeakKeyDictionary[Engine, _Known] = WeakKeyDictionary()


def publish(
    connection: Connection, library: Library, *, author: str, reason: str, now: datetime
) -> list[PublishedVersion]:
    """Store what is new of a checked library, and make its context the one in force."""
    _lock_context(connection)
    later = tuple(roster_changes.since(connection, (now - roster_changes.KEPT).date()))
    published = library.context.roster_changes
    _set_context(
        connection, library.context.model_copy(update={"roster_changes": published + later}), now
    )
    phrases.publish(connection, library.context, author=author, reason=reason, now=now)
    update_people(connection, library.context.people)
    update_roles(connection, library.context.roles)
    # Messages are found by name: their order in the file is no change.
    messages = dump_json(_MESSAGES.dump_python(library.messages, mode="json"))
    made = [
        _publish_one(
            connection, process, messages, _source_of(library, name), author, reason, now
        )
        for name, process in library.processes.items()
    ]  # fmt: skip
    marks.publish(connection, library.processes.values(), now)
    return made


def _publish_one(
    connection: Connection, process: Process, messages: str, source: str,
    author: str, reason: str, now: datetime,
) -> PublishedVersion:  # fmt: skip
    # The order of steps and fields means something, so the words keep theirs.
    words = process.model_dump_json(by_alias=True)
    digest = _digest(words + "\n" + messages)
    latest = connection.execute(
        select(definitions.c.version, definitions.c.content_hash)
        .where(definitions.c.process == process.process)
        .order_by(definitions.c.version.desc()).limit(1)
    ).first()  # fmt: skip
    if latest and latest.content_hash == digest:
        return PublishedVersion(process.process, latest.version, created=False)
    version = latest.version + 1 if latest else 1
    connection.execute(
        insert(definitions).values(
            process=process.process, version=version, content_hash=digest, words=words,
            messages=messages, source=source, author=author, reason=reason, published_at=now,
        )
    )  # fmt: skip
    return PublishedVersion(process.process, version, created=True)


def latest_version(connection: Connection, process: str) -> int:
    """The version new cases begin with; raises ProcessNotFound."""
    version = connection.execute(
        select(func.max(definitions.c.version)).where(definitions.c.process == process)
    ).scalar()
    if version is None:
        raise ProcessNotFound(process)
    return int(version)


def definition(connection: Connection, process: str, version: int) -> Definition:
    """A published version; raises ProcessNotFound."""
    known = _known_of(connection).definitions
    found = known.get((process, version))
    if found is None:
        row = _row(connection, process, version)
        found = Definition(
            process=Process.model_validate_json(row.words),
            version=version,
            messages=_MESSAGES.validate_json(row.messages),
        )
        known[process, version] = found
    return found


def source(connection: Connection, process: str, version: int) -> str:
    """The text that was published."""
    return str(_row(connection, process, version).source)


def versions(connection: Connection, process: str | None = None) -> list[Version]:
    """All published versions, newest first."""
    shown = definitions.c
    columns = (shown.process, shown.version, shown.content_hash, shown.author, shown.reason,
               shown.published_at)  # fmt: skip
    query = select(*columns).order_by(shown.process, shown.version.desc())
    if process is not None:
        query = query.where(shown.process == process)
    return [Version(*row) for row in connection.execute(query)]


def latest_definitions(connection: Connection) -> dict[str, Definition]:
    """The newest version of every process."""
    newest = select(definitions.c.process, func.max(definitions.c.version)).group_by(
        definitions.c.process
    )
    found = connection.execute(newest.order_by(definitions.c.process)).all()
    return {process: definition(connection, process, version) for process, version in found}


def current_context(connection: Connection) -> tuple[str, Context]:
    """The context in force and its id; raises ProcessNotFound before anything was published."""
    found = connection.execute(_CURRENT_CONTEXT).scalar()
    if found is None:
        raise ProcessNotFound("*")
    return found, context(connection, found)


_CURRENT_CONTEXT = select(current_values.c.value).where(current_values.c.name == _CURRENT)


def context(connection: Connection, context_id: str) -> Context:
    """A stored context."""
    known = _known_of(connection).contexts
    if context_id not in known:
        body = connection.execute(
            select(contexts.c.body).where(contexts.c.id == context_id)
        ).scalar_one()
        known[context_id] = Context.model_validate_json(body)
    return known[context_id]


def change_roster(connection: Connection, changes: Sequence[RosterChange], now: datetime) -> None:
    """Put changes of the roster into the context in force; what is long over leaves it."""
    if not changes:
        return
    _lock_context(connection)
    _, before = current_context(connection)
    oldest = (now - roster_changes.KEPT).date()
    kept = [
        each
        for each in (*before.roster_changes, *changes)
        if (last := roster_changes.last_day(each)) is None or last >= oldest
    ]
    _set_context(connection, before.model_copy(update={"roster_changes": tuple(kept)}), now)
    marks.forget_next(connection)


def _lock_context(connection: Connection) -> None:
    # Two at once would each build on the same context, and one change would be lost.
    connection.execute(_CURRENT_CONTEXT.with_for_update())


def _set_context(connection: Connection, value: Context, now: datetime) -> None:
    body = value.model_dump_json()
    digest = _digest(body)
    connection.execute(
        upsert(connection, contexts).values(id=digest, body=body, created_at=now)
        .on_conflict_do_nothing(index_elements=["id"])
    )  # fmt: skip
    connection.execute(
        upsert(connection, current_values).values(name=_CURRENT, value=digest)
        .on_conflict_do_update(index_elements=["name"], set_={"value": digest})
    )  # fmt: skip


def _row(connection: Connection, process: str, version: int) -> Row[tuple[object, ...]]:
    row = connection.execute(
        select(definitions).where(
            definitions.c.process == process, definitions.c.version == version
        )
    ).first()
    if row is None:
        raise ProcessNotFound(process)
    return row


def _known_of(connection: Connection) -> _Known:
    return _known.setdefault(connection.engine, _Known())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _source_of(library: Library, process: str) -> str:
    begins = re.compile(rf"^process:\s*[\"']?{re.escape(process)}\b", re.MULTILINE)
    sources: Mapping[str, str] = library.sources
    return next((text for text in sources.values() if begins.search(text)), "")
