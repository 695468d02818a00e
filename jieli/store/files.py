"""Owns uploaded files: which there are, whose they are, which case may show them, when they go.

The content is `blobs`'; a case's data holds only ids.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import BigInteger, Connection, Row, Text, cast, delete, func, select, update

from jieli.engine.definition import FieldWords
from jieli.engine.errors import JieliError
from jieli.engine.inputs import FILE_ID
from jieli.store.blobs import Blobs
from jieli.store.database import Database
from jieli.store.statements import one_of
from jieli.store.tables import drafts, files, history
from jieli.store.times import real_now

log = logging.getLogger(__name__)

KEPT_WITHOUT_USE = timedelta(days=1)
Kind = Literal["photo", "video", "document"]


class QuotaReached(JieliError):
    """There is no more room for uploads here."""


@dataclass(frozen=True, slots=True)
class NewFile:
    """What was uploaded, checked and ready to be kept."""

    sha256: str
    size: int
    kind: Kind
    media_type: str
    name: str


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file there is; `is_gone` when its content was deleted."""

    id: str
    sha256: str
    size: int
    kind: Kind
    media_type: str
    name: str
    owner: str
    case_id: str | None
    uploaded_by: str | None
    uploaded_at: datetime
    is_gone: bool


@dataclass(frozen=True, slots=True)
class Quota:
    """How many bytes one owner and all together may keep."""

    owner: int
    total: int


def add(
    database: Database, blobs: Blobs, new: NewFile, source: Path, *, owner: str,
    case_id: str | None, by: str | None, quota: Quota,
) -> str:  # fmt: skip
    """Keep an upload; its id, the old one if this owner has the same content already."""

    def work(connection: Connection) -> str:
        _lock(connection, new.sha256)
        mine = select(files.c.id).where(
            files.c.owner == owner, files.c.sha256 == new.sha256, files.c.gone_at.is_(None)
        )
        if (known := connection.execute(mine).scalar()) is not None:
            return str(known)
        _hold_to_quota(connection, owner, new.size, quota)
        file_id = secrets.token_hex(16)
        connection.execute(
            files.insert().values(
                id=file_id, sha256=new.sha256, size=new.size, kind=new.kind,
                media_type=new.media_type, name=new.name, owner=owner, case_id=case_id,
                uploaded_by=by, uploaded_at=real_now(),
            )
        )  # fmt: skip
        return file_id

    # The row comes first: whoever sweeps sees that this content is wanted.
    file_id = database.run(work)
    blobs.put(new.sha256, source)
    return file_id


def find(connection: Connection, file_id: str) -> StoredFile | None:
    """One file."""
    row = connection.execute(select(files).where(files.c.id == file_id)).first()
    return _file(row) if row else None


def by_id(connection: Connection, ids: Iterable[str]) -> dict[str, StoredFile]:
    """Several files."""
    known = [each for each in ids if FILE_ID.fullmatch(each)]
    rows = connection.execute(select(files).where(one_of(connection, files.c.id, known)))
    return {row.id: _file(row) for row in rows}


def of_case(connection: Connection, case_id: str) -> list[StoredFile]:
    """What was uploaded in a case, in order."""
    query = select(files).where(files.c.case_id == case_id).order_by(files.c.uploaded_at)
    return [_file(row) for row in connection.execute(query)]


def of_owner(connection: Connection, owner: str) -> dict[str, StoredFile]:
    """What this owner uploaded and no case has taken over."""
    mine = select(files).where(files.c.owner == owner, files.c.case_id.is_(None))
    return {row.id: _file(row) for row in connection.execute(mine)}


def adopt(connection: Connection, case_id: str, ids: Iterable[str]) -> None:
    """The files of a start form belong to the case it began."""
    connection.execute(
        update(files)
        .where(one_of(connection, files.c.id, ids), files.c.case_id.is_(None))
        .values(case_id=case_id, owner=owner_of(case_id), kept_at=real_now())
    )


def owner_of(case_id: str) -> str:
    """Who pays for a case's uploads: the case."""
    return f"case:{case_id}"


def ids_in(value: Any) -> Iterator[str]:
    """Everything in a case's values that may be a file's id."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for each in value:
            yield from ids_in(each)
    elif isinstance(value, str) and FILE_ID.fullmatch(value):
        yield value


def named_by(fields: Mapping[str, FieldWords], values: Mapping[str, Any]) -> list[str]:
    """The ids in the fields for files."""
    return [
        each
        for name, words in fields.items()
        if words.type == "files"
        for each in ids_in(values.get(name))
    ]


def forget(connection: Connection, case_id: str) -> int:
    """The content of a case's files is wanted no more; `sweep` deletes it."""
    gone = connection.execute(
        update(files)
        .where(files.c.case_id == case_id, files.c.gone_at.is_(None))
        .values(gone_at=real_now(), name="")
    )
    return gone.rowcount


def sweep(database: Database, blobs: Blobs, *, limit: int = 100) -> int:
    """Delete what nobody used for a day, and content that no file wants; how many went."""
    with database.read() as connection:
        old = real_now() - KEPT_WITHOUT_USE
        query = select(files).where(files.c.kept_at.is_(None), files.c.uploaded_at < old)
        unused = list(connection.execute(query.order_by(files.c.uploaded_at).limit(limit)))
        gone = list(
            connection.scalars(
                select(files.c.sha256)
                .where(files.c.gone_at.is_not(None), files.c.size > 0)
                .limit(limit)
            )
        )
    went = sum(database.run(partial(_settle, blobs=blobs, row=row)) for row in unused)
    for sha256 in gone:
        database.run(partial(_empty, blobs=blobs, sha256=sha256))
    return went + len(gone)


def _settle(connection: Connection, blobs: Blobs, row: Row[Any]) -> int:
    """Keep a file that an answer or a draft names, delete it otherwise."""
    if _is_named(connection, row, history.c.event, history.c.case_id):
        connection.execute(
            update(files).where(files.c.id == row.id).values(kept_at=real_now())
        )
        return 0
    if _is_named(connection, row, drafts.c.data, drafts.c.case_id):
        return 0
    _lock(connection, row.sha256)
    connection.execute(delete(files).where(files.c.id == row.id, files.c.kept_at.is_(None)))
    _drop_unwanted(connection, blobs, row.sha256)
    return 1


def _is_named(connection: Connection, row: Row[Any], where: Any, whose: Any) -> bool:
    if row.case_id is None:
        return False
    said = cast(where, Text).contains(row.id)
    found = select(whose).where(whose == row.case_id, said)
    return connection.execute(found.limit(1)).first() is not None


def _empty(connection: Connection, blobs: Blobs, sha256: str) -> None:
    _lock(connection, sha256)
    _drop_unwanted(connection, blobs, sha256)
    connection.execute(
        update(files).where(files.c.sha256 == sha256, files.c.gone_at.is_not(None)).values(size=0)
    )


def _drop_unwanted(connection: Connection, blobs: Blobs, sha256: str) -> None:
    wanted = select(files.c.id).where(files.c.sha256 == sha256, files.c.gone_at.is_(None))
    if connection.execute(wanted.limit(1)).first() is None:
        blobs.delete(sha256)


def _hold_to_quota(connection: Connection, owner: str, more: int, quota: Quota) -> None:
    live = files.c.gone_at.is_(None)
    total = func.coalesce(func.sum(cast(files.c.size, BigInteger)), 0)
    mine = connection.execute(select(total).where(live, files.c.owner == owner)).scalar_one()
    everything = connection.execute(select(total).where(live)).scalar_one()
    if mine + more > quota.owner or everything + more > quota.total:
        raise QuotaReached()


def _lock(connection: Connection, sha256: str) -> None:
    """Who adds a row and who deletes content never overlap; SQLite has one writer anyway."""
    if connection.dialect.name == "postgresql":
        hashed = cast(func.hashtextextended(sha256, 1), BigInteger)
        connection.execute(select(func.pg_advisory_xact_lock(hashed)))


def _file(row: Row[Any]) -> StoredFile:
    return StoredFile(
        id=row.id, sha256=row.sha256, size=row.size, kind=row.kind, media_type=row.media_type,
        name=row.name, owner=row.owner, case_id=row.case_id, uploaded_by=row.uploaded_by,
        uploaded_at=row.uploaded_at, is_gone=row.gone_at is not None,
    )  # fmt: skip
