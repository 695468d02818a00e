"""Serves uploaded files to who may see their case, and says how they look on a page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from jieli.store.files import StoredFile
from jieli.texts import text
from jieli.web.resources import resources_of

MB = 1024 * 1024
_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
# Even a file that fooled every check runs nothing and reads nothing of ours.
SANDBOX = "sandbox; default-src 'none'"


@dataclass(frozen=True, slots=True)
class FileView:
    """One file on a page; without an address it can only be named."""

    id: str
    name: str
    kind: str
    size: str
    href: str | None


def file_views(
    found: Mapping[str, StoredFile], base: str | None, query: str = ""
) -> dict[str, FileView]:
    """The files under their ids, with addresses below `base`."""
    return {each.id: file_view(each, base, query) for each in found.values()}


def file_view(file: StoredFile, base: str | None, query: str = "") -> FileView:
    """One file."""
    kinds = {"photo": text("Photo"), "video": text("Video"), "document": text("Document")}
    if file.is_gone:
        return FileView(file.id, text("deleted after its time"), "gone", "", None)
    return FileView(
        file.id, file.name or kinds[file.kind], file.kind, size_words(file.size),
        f"{base}/{file.id}{query}" if base else None,
    )  # fmt: skip


def size_words(size: int) -> str:
    """A size to read."""
    return f"{size / MB:.1f} MB" if size >= MB else f"{max(1, size // 1024)} KB"


async def serve(request: Request, file: StoredFile) -> Response:
    """The content, or the part of it that a video player asks for."""
    blobs = resources_of(request).blobs
    size = await run_in_threadpool(blobs.size, file.sha256)
    begin, end = _part(request.headers.get("range", ""), size)
    if begin >= end:
        return Response(status_code=416, headers={"Content-Range": f"bytes */{size}"})
    is_part = (begin, end) != (0, size)
    headers = {
        "Content-Disposition": _disposition(file), "Content-Security-Policy": SANDBOX,
        "Content-Length": str(end - begin), "Accept-Ranges": "bytes",
        "Cross-Origin-Resource-Policy": "same-origin",
    }  # fmt: skip
    if is_part:
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
    content: Iterator[bytes] = iter(())
    if request.method != "HEAD":
        content = blobs.read(file.sha256, begin, end)
    return StreamingResponse(
        content, 206 if is_part else 200, headers=headers, media_type=file.media_type
    )


def _disposition(file: StoredFile) -> str:
    # Only what we have made anew ourselves is shown in place.
    how = "inline" if file.kind == "photo" else "attachment"
    return f"{how}; filename*=UTF-8''{quote(file.name or file.kind)}"


def _part(asked: str, size: int) -> tuple[int, int]:
    found = _RANGE.fullmatch(asked.strip())
    if found is None or not (found[1] or found[2]):
        return 0, size
    if not found[1]:
        return max(0, size - int(found[2])), size
    begin = int(found[1])
    return begin, min(size, int(found[2]) + 1) if found[2] else size


