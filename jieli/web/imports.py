"""导入: a CSV file becomes rows of a list or cases; what would happen is shown first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from jieli.engine.context import Context
from jieli.engine.csv_rows import BadRows, RowMistake, decoded
from jieli.engine.errors import JieliError
from jieli.engine.published import Definition
from jieli.store import definitions, importing
from jieli.store.database import Database
from jieli.store.importing import ImportedCases
from jieli.store.imports import Imported
from jieli.store.times import business_now
from jieli.texts import text
from jieli.web.nonces import new_nonce, read_nonce
from jieli.web.pages import page
from jieli.web.resources import Resources, resources_of
from jieli.web.staff import Around, bar, read_around
from jieli.web.typed import Notice

router = APIRouter(prefix="/imports", include_in_schema=False)
OWNER = "imports"
LARGEST = 200 * 1024
MOST_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The form as it was posted, and what came of it."""

    target: str = ""
    by: str = ""
    name: str = ""
    content: str = ""
    notice: Notice | None = None
    mistakes: tuple[RowMistake, ...] = ()
    is_checked: bool = False


@router.api_route("", methods=["GET", "HEAD"])
async def choose(request: Request) -> Response:
    """Which file, into what?"""
    return await _page(request, Wanted())


@router.post("")
async def take(request: Request) -> Response:
    """A file is checked; a checked one, posted again, is taken in."""
    resources = resources_of(request)
    form = await request.form(max_files=1, max_fields=10, max_part_size=LARGEST + 1)
    is_final = form.get("do") == "import"
    asked = Wanted(
        target=str(form.get("target", ""))[:100], by=str(form.get("by", ""))[:80],
        name=str(form.get("name", ""))[:120],
    )  # fmt: skip
    if read_nonce(resources.ring, OWNER, str(form.get("nonce", ""))) is None:
        words = text("This page was open for long. Please press once more.")
        return await _page(request, replace(asked, notice=Notice("warn", words)), 409)
    try:
        asked = await _with_content(form, asked)
        found = await run_in_threadpool(_work, resources.database, asked, not is_final)
    except BadRows as error:
        words = text("The file has mistakes; nothing was imported.")
        wrong = replace(
            asked, notice=Notice("bad", words), mistakes=tuple(error.mistakes), content=""
        )
        return await _page(request, wrong, 422)
    except JieliError as error:
        return await _page(request, replace(asked, notice=Notice("bad", error.told())), 422)
    return await _told(request, resources, asked, found, is_final=is_final)


async def _with_content(form: FormData, asked: Wanted) -> Wanted:
    """The file's text: from the upload, or from the form that showed what would happen."""
    upload = form.get("file")
    if not isinstance(upload, UploadFile):
        content = str(form.get("content", ""))
        if len(content.encode()) > LARGEST:
            raise TooLarge(most=LARGEST // 1024)
        return replace(asked, content=content)
    raw = await upload.read(LARGEST + 1)
    if len(raw) > LARGEST:
        raise TooLarge(most=LARGEST // 1024)
    return replace(asked, content=decoded(raw), name=(upload.filename or "")[:120])


class TooLarge(JieliError):
    """At most {most} KB here; larger files are imported with `jieli import`."""


class NothingChosen(JieliError):
    """Please choose into what the file goes."""


class NobodyNamed(JieliError):
    """Please choose your name"""


def _work(database: Database, asked: Wanted, dry_run: bool) -> Imported | ImportedCases:
    kind, _, name = asked.target.partition(":")
    if kind not in ("list", "process") or not name:
        raise NothingChosen()

    def run(connection: Any) -> Imported | ImportedCases:
        now = business_now(connection)
        if kind == "list":
            return importing.import_list(connection, name, asked.content, now, dry_run=dry_run)
        _, context = definitions.current_context(connection)
        if asked.by not in dict(_people(context)):
            raise NobodyNamed()
        return importing.import_cases(
            connection, name, asked.content, now, by=asked.by, dry_run=dry_run
        )

    work: Callable[[Any], Imported | ImportedCases] = run
    return database.run(work)


async def _told(
    request: Request, resources: Resources, asked: Wanted, found: Imported | ImportedCases, *,
    is_final: bool,
) -> Response:  # fmt: skip
    if isinstance(found, ImportedCases):
        for case_id in found.begun:
            resources.wake(case_id)
        words = text("{new} new cases, {known} there already.", new=found.new, known=found.known)
    else:
        words = text(
            "{new} new rows, {changed} changed, {same} as before.", new=found.new,
            changed=found.changed, same=found.same,
        )  # fmt: skip
    if is_final:
        done = text("Imported. {what}", what=words)
        return await _page(request, Wanted(by=asked.by, notice=Notice("good", done)))
    told = text("Nothing is imported yet. It would be: {what}", what=words)
    return await _page(request, replace(asked, notice=Notice("plain", told), is_checked=True))


# ---- showing -------------------------------------------------------------------------------------


async def _page(request: Request, asked: Wanted, status: int = 200) -> Response:
    def read(database: Database) -> Around:
        with database.read() as connection:
            return read_around(connection)

    resources = resources_of(request)
    around = await run_in_threadpool(read, resources.database)
    words = {
        **bar(request, "imports", around), "asked": asked,
        "targets": _targets(around), "people": _people(around.context),
        "nonce": new_nonce(resources.ring, OWNER), "most": LARGEST // 1024,
        "mistakes": asked.mistakes[:MOST_SHOWN], "more": len(asked.mistakes) - MOST_SHOWN,
    }  # fmt: skip
    return page(request, "imports.html", {"page": words}, status)


def _people(context: Context) -> list[tuple[str, str]]:
    return [(key, each.name) for key, each in context.people.items() if each.active]


def _targets(around: Around) -> list[dict[str, str]]:
    """What a file may go into, with the headers it needs."""
    lists = [
        {"key": f"list:{name}", "label": each.label, "kind": text("List"),
         "columns": text(", ").join(words.label for words in each.columns.values())}
        for name, each in around.context.imports.items()
    ]  # fmt: skip
    cases = [
        {"key": f"process:{name}", "label": each.process.title, "kind": text("Cases"),
         "columns": text(", ").join(
             words.label for words in each.process.case.fields.values() if words.type != "rows")}
        for name, each in around.processes.items() if _has_rows(each)
    ]  # fmt: skip
    return [*lists, *cases]


def _has_rows(definition: Definition) -> bool:
    return any(start.rows for start in definition.process.start)
