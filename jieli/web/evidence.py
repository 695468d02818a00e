"""What an uploaded file really is: judged by content, photos made anew without place or camera.

Keeps nothing and knows no case; a name or type that came with the file decides nothing.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO

import puremagic
from PIL import Image, ImageOps

from jieli.settings import Settings
from jieli.store.files import Kind, NewFile
from jieli.texts import text

CHUNK = 256 * 1024
LONGEST_NAME = 80
LARGEST_SIDE = 4096
# A JPEG is decoded at a fraction of its size; the others are not, and an image of 50 million
# points takes 200 MB while it is made anew.
MOST_POINTS = {"JPEG": 170_000_000, "PNG": 50_000_000, "WEBP": 50_000_000}
QUALITY = 85
MB = 1024 * 1024
KIND_OF: dict[str, Kind] = {
    "image/jpeg": "photo", "image/png": "photo", "image/webp": "photo",
    "video/mp4": "video", "video/quicktime": "video", "video/3gpp": "video",
    "application/pdf": "document",
}  # fmt: skip
# One by one: a second photo waits instead of taking the memory of a third process.
workers = ThreadPoolExecutor(max_workers=2, thread_name_prefix="evidence")


class BadUpload(Exception):
    """Why a file is not kept, in the reader's language."""


def examine(
    upload: BinaryIO, name: str, kinds: Collection[str], settings: Settings, into: Path
) -> tuple[NewFile, Path]:
    """The file as it may be kept, lying in the directory `into`; raises BadUpload."""
    received = into / "received"
    size = _copy(upload, received, int(settings.upload_video_mb * MB))
    if not size:
        raise BadUpload(text("The file is empty."))
    media_type = media_type_of(received)
    kind = KIND_OF.get(media_type)
    if kind is None or kind not in kinds:
        raise BadUpload(text("Only these can be uploaded here: {kinds}.", kinds=kinds_words(kinds)))
    if kind != "video" and size > settings.upload_photo_mb * MB:
        raise BadUpload(_too_large(settings.upload_photo_mb))
    path = received
    if kind == "photo":
        path, media_type = into / "anew", made_anew(received, into / "anew")
    return NewFile(_sha256(path), path.stat().st_size, kind, media_type, clean_name(name)), path


def media_type_of(path: Path) -> str:
    """What the content says it is; empty if it says nothing we know."""
    try:
        found = puremagic.magic_file(str(path))
    except (puremagic.PureError, ValueError, OSError):
        return ""
    return str(found[0].mime_type) if found else ""


def made_anew(source: Path, target: Path) -> str:
    """A photo from its points alone: no place, no camera, nothing behind its end; its type."""
    try:
        with Image.open(source, formats=list(MOST_POINTS)) as opened:
            form = str(opened.format)
            if opened.width * opened.height > MOST_POINTS[form]:
                raise BadUpload(text("The picture has too many pixels."))
            if form == "JPEG":
                opened.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))
            upright = ImageOps.exif_transpose(opened)
            upright.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
            clear = form != "JPEG" and upright.has_transparency_data
            points = upright.convert("RGBA" if clear else "RGB")
            # A new image: what was written beside the points of the old one stays behind.
            clean = Image.new(points.mode, points.size)
            clean.paste(points)
            kept = "JPEG" if form == "JPEG" else "PNG" if form == "PNG" else "WEBP"
            clean.save(target, kept, quality=QUALITY)
    except BadUpload:
        raise
    except Image.DecompressionBombError as error:
        raise BadUpload(text("The picture has too many pixels.")) from error
    except Exception as error:  # whatever a broken or hostile picture does to the decoder
        raise BadUpload(text("The picture cannot be read.")) from error
    return f"image/{kept.lower()}"


def clean_name(name: str) -> str:
    """The last part of a name, without what no name should have."""
    last = name.replace("\\", "/").rpartition("/")[2]
    plain = "".join(each for each in last if each.isprintable() and each not in '"<>:*?|')
    stem, dot, end = plain.strip(" .").rpartition(".")
    end = f".{end}" if dot and len(end) <= 8 else ""
    return (stem if end else plain.strip(" ."))[: LONGEST_NAME - len(end)] + end or text("file")


def kinds_words(kinds: Collection[str]) -> str:
    """What may be uploaded, to read."""
    words = {
        "photo": text("photos (JPEG, PNG, WebP)"), "video": text("videos (MP4, MOV, 3GP)"),
        "document": text("PDF documents"),
    }  # fmt: skip
    return text(", ").join(words[each] for each in words if each in kinds)


def accepted(kinds: Collection[str]) -> str:
    """What a phone offers to choose from; it offers its camera for `image/*` by itself.

    No `capture`: with it some phones offer nothing but the camera.
    """
    types = {"photo": "image/*", "video": "video/*", "document": "application/pdf"}
    return ",".join(types[each] for each in types if each in kinds)


def _copy(upload: BinaryIO, target: Path, most: int) -> int:
    size = 0
    with target.open("wb") as out:
        while piece := upload.read(CHUNK):
            size += len(piece)
            if size > most:
                raise BadUpload(_too_large(most / MB))
            out.write(piece)
    return size


def _too_large(megabytes: float) -> str:
    return text("The file is larger than {n} MB.", n=f"{megabytes:g}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def workplace() -> tempfile.TemporaryDirectory[str]:
    """A directory for one upload, gone afterwards."""
    return tempfile.TemporaryDirectory(prefix="jieli-upload-")
