"""Owns the versions of the phrase library: what agents were given to say, and since when."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict
from sqlalchemy import Connection, insert, select

from jieli.engine.context import Context
from jieli.engine.phrases import Situation, Wordings
from jieli.store.tables import phrase_versions


class Phrases(BaseModel):
    """What one version holds."""

    model_config = ConfigDict(frozen=True)

    phrases: dict[str, Situation] = {}
    wordings: Wordings = Wordings()


@dataclass(frozen=True, slots=True)
class PhraseVersion:
    """One published version."""

    version: int
    author: str
    reason: str
    published_at: datetime


def publish(
    connection: Connection, context: Context, *, author: str, reason: str, now: datetime
) -> int | None:
    """Store the library's phrases if they changed; the version in force, None without phrases."""
    body = Phrases(phrases=context.phrases, wordings=context.wordings).model_dump_json()
    digest = hashlib.sha256(body.encode()).hexdigest()
    latest = connection.execute(
        select(phrase_versions.c.version, phrase_versions.c.content_hash)
        .order_by(phrase_versions.c.version.desc()).limit(1)
    ).first()  # fmt: skip
    if latest is None and not (context.phrases or context.wordings != Wordings()):
        return None
    if latest and latest.content_hash == digest:
        return int(latest.version)
    version = latest.version + 1 if latest else 1
    connection.execute(
        insert(phrase_versions).values(
            version=version, content_hash=digest, body=body, author=author, reason=reason,
            published_at=now,
        )
    )  # fmt: skip
    return int(version)


def versions(connection: Connection) -> list[PhraseVersion]:
    """All versions, the newest first."""
    known = phrase_versions.c
    query = select(known.version, known.author, known.reason, known.published_at)
    return [PhraseVersion(*row) for row in connection.execute(query.order_by(known.version.desc()))]


def version(connection: Connection, number: int) -> Phrases | None:
    """What a version held."""
    query = select(phrase_versions.c.body).where(phrase_versions.c.version == number)
    body = connection.execute(query).scalar()
    return Phrases.model_validate_json(body) if body else None
