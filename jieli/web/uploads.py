"""Takes the files of a posted form, one by one: checked, kept, and named in the form's values."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from starlette.datastructures import FormData, UploadFile

from jieli.engine.definition import FieldWords
from jieli.engine.inputs import MOST_FILES
from jieli.store import files
from jieli.store.files import Quota, QuotaReached
from jieli.texts import language, text, use_language
from jieli.web import evidence
from jieli.web.evidence import MB, BadUpload
from jieli.web.posted import Posted
from jieli.web.resources import Resources

log = logging.getLogger(__name__)

PREFIX = "u."
GB = 1024 * MB
DEFAULT_KINDS = ("photo", "video")
MOST_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Uploader:
    """Who uploads, and where to."""

    owner: str
    case_id: str | None = None
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Received:
    """The form with the new files in its values; `count` new ones, and what was refused."""

    posted: Posted
    count: int
    errors: Mapping[str, str]


def most_files(fields: Mapping[str, FieldWords]) -> int:
    """How many files a page with these fields may post."""
    return MOST_AT_ONCE if any(words.type == "files" for words in fields.values()) else 0


def kinds_of(words: FieldWords) -> tuple[str, ...]:
    """What may be uploaded into a field."""
    return words.kinds or DEFAULT_KINDS


async def receive(
    resources: Resources, uploader: Uploader, form: FormData, posted: Posted,
    fields: Mapping[str, FieldWords],
) -> Received:  # fmt: skip
    """Keep every file that was posted; one that is refused does not harm the others."""
    values, errors, count = dict(posted.values), dict[str, str](), 0
    for name, upload in _uploads(form, fields):
        listed = list(values.get(name) or [])
        if len(listed) >= most_in(fields[name]):
            errors[name] = text("At most {most} files.", most=most_in(fields[name]))
            continue
        try:
            added = await _keep(resources, uploader, upload, fields[name])
        except (BadUpload, QuotaReached) as error:
            why = error.told() if isinstance(error, QuotaReached) else str(error)
            errors[name] = f"{evidence.clean_name(upload.filename or '')}{text(': ')}{why}"
            continue
        if added not in listed:
            values[name], count = [*listed, added], count + 1
    return Received(replace(posted, values=values), count, errors)


def without(posted: Posted, name: str, file_id: str) -> Posted:
    """The form without one of its files."""
    left = [each for each in posted.values.get(name) or [] if each != file_id]
    return replace(posted, values={**posted.values, name: left})


def _uploads(
    form: FormData, fields: Mapping[str, FieldWords]
) -> Iterator[tuple[str, UploadFile]]:
    for name, words in fields.items():
        if words.type != "files":
            continue
        for each in form.getlist(PREFIX + name):
            # A file control that was left alone posts a file without a name.
            if isinstance(each, UploadFile) and (each.filename or each.size):
                yield name, each


def most_in(words: FieldWords) -> int:
    """How many files a field takes."""
    return int(words.max) if isinstance(words.max, int | float) else MOST_FILES


async def _keep(
    resources: Resources, uploader: Uploader, upload: UploadFile, words: FieldWords
) -> str:
    settings, spoken = resources.settings, language()
    quota = Quota(int(settings.upload_case_mb * MB), int(settings.upload_total_gb * GB))

    def work() -> str:
        use_language(spoken)
        with evidence.workplace() as place:
            new, path = evidence.examine(
                upload.file, upload.filename or "", kinds_of(words), settings, Path(place)
            )
            return files.add(
                resources.database, resources.blobs, new, path, owner=uploader.owner,
                case_id=uploader.case_id, by=uploader.person, quota=quota,
            )  # fmt: skip

    return await asyncio.get_running_loop().run_in_executor(evidence.workers, work)


