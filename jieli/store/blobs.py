"""Owns the content of uploads: written once under its sha256, on this disk or any fsspec store.

Knows no row and no case; whether content is still wanted is `files`'.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
from fsspec.core import url_to_fs

from jieli.engine.errors import JieliError
from jieli.settings import Settings

log = logging.getLogger(__name__)

CHUNK = 256 * 1024
_SHA256 = re.compile(r"[0-9a-f]{64}")


class ContentGone(JieliError):
    """The content of this file is not in the file store."""


class Blobs:
    """A file store at one fsspec address, as `file:///var/jieli` or `s3://bucket/jieli`."""

    def __init__(self, url: str) -> None:
        found: tuple[Any, str] = url_to_fs(url)
        self._store, self._root = found
        # Other stores show an object whole or not at all; on a disk a rename does that.
        self._is_disk = isinstance(
            self._store, fsspec.implementations.local.LocalFileSystem
        )

    def put(self, sha256: str, source: Path) -> None:
        """Keep the content of a file under its hash; content that is there stays."""
        path = self._path(sha256)
        if self._store.exists(path):
            return
        self._store.makedirs(path.rpartition("/")[0], exist_ok=True)
        if not self._is_disk:
            self._store.put_file(str(source), path)
            return
        unfinished = f"{path}.{secrets.token_hex(8)}"
        self._store.put_file(str(source), unfinished)
        Path(unfinished).chmod(0o600)
        Path(unfinished).replace(path)

    def size(self, sha256: str) -> int:
        """How many bytes there are; raises ContentGone."""
        try:
            return int(self._store.size(self._path(sha256)))
        except FileNotFoundError as error:
            raise ContentGone() from error

    def read(self, sha256: str, begin: int, end: int) -> Iterator[bytes]:
        """The bytes from `begin` up to `end`, piece by piece; raises ContentGone."""
        try:
            with self._store.open(self._path(sha256), "rb") as file:
                file.seek(begin)
                while begin < end and (piece := file.read(min(CHUNK, end - begin))):
                    begin += len(piece)
                    yield piece
        except FileNotFoundError as error:
            raise ContentGone() from error

    def delete(self, sha256: str) -> None:
        """Forget the content; it may be gone already."""
        try:
            self._store.rm_file(self._path(sha256))
        except FileNotFoundError:
            log.info("content %s was gone already", sha256[:12])

    def _path(self, sha256: str) -> str:
        # A hash only: nothing of a name that came from outside ever becomes a path.
        if not _SHA256.fullmatch(sha256):
            raise ValueError("not a sha256")
        return f"{self._root.rstrip('/')}/{sha256[:2]}/{sha256}"


def blobs_of(settings: Settings) -> Blobs:
    """The file store of the settings."""
    return Blobs(settings.files_store)
