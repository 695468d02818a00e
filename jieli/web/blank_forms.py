"""Forms on paper for an outage: every human step of a process, blank. Reads no case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jieli.engine.context import Context
from jieli.engine.definition import FieldWords, HumanStep, Process, Rung
from jieli.engine.errors import ProcessNotFound
from jieli.store.database import Database
from jieli.texts import text
from jieli.web import starting
from jieli.web.notices import not_found
from jieli.web.pages import page
from jieli.web.resources import resources_of
from jieli.web.staff import Around, bar, read_around
from jieli.web.start_page import read_blank

router = APIRouter(prefix="/print", include_in_schema=False)
ROWS, MOST_ROWS = 10, 30
LINES_OF_A_LONG_TEXT = 3
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Blank:
    """One question on paper: boxes to tick, or lines to write on."""

    label: str
    required: bool
    hint: str
    kind: str  # line | lines | boxes | moment | day | money | rows
    boxes: tuple[str, ...] = ()
    columns: tuple[Blank, ...] = ()
    flagged: bool = False


@dataclass(frozen=True, slots=True)
class PaperStep:
    """A step on paper: who does it, what is asked, which button it would be."""

    title: str
    who: str
    about: str
    fields: tuple[Blank, ...]
    buttons: tuple[str, ...]
    signatures: int


@router.api_route("", methods=["GET", "HEAD"])
async def choose(request: Request) -> Response:
    """Which process?"""

    def read(database: Database) -> Around:
        with database.read() as connection:
            return read_around(connection)

    around = await run_in_threadpool(read, resources_of(request).database)
    offered = [
        {"name": name, "title": each.process.title, "about": each.process.about}
        for name, each in around.processes.items()
        if _steps(each.process)
    ]
    words = {**bar(request, "start", around), "processes": offered, "base": "/print",
             "heading": text("Blank forms to print"), "blank_forms": False}  # fmt: skip
    return page(request, "choose_process.html", {"page": words})


@router.api_route("/{process}", methods=["GET", "HEAD"])
async def paper(request: Request, process: str, rows: int = ROWS) -> Response:
    """The blank form of a process."""
    try:
        blank = await run_in_threadpool(read_blank, resources_of(request).database, process)
    except ProcessNotFound:
        return not_found(request)
    own, context = blank.process, blank.context
    words = {
        "title": own.title, "shop": context.shop,
        "case": tuple(_blank(each) for each in starting.start_fields(own).values()),
        "steps": [_step(each, context) for each in _steps(own)],
        "rows": range(1, max(1, min(rows, MOST_ROWS)) + 1),
        "lines": range(LINES_OF_A_LONG_TEXT),
    }  # fmt: skip
    return page(request, "paper.html", {"page": words})


def _steps(process: Process) -> list[HumanStep]:
    return [each for each in process.steps.values() if isinstance(each, HumanStep)]


def _step(step: HumanStep, context: Context) -> PaperStep:
    need = step.signers.need if step.signers else 1
    return PaperStep(
        title=_plain(step.title), who=_who(step.who, context), about=_plain(step.about),
        fields=tuple(_blank(each) for each in step.form.values()),
        buttons=tuple(button.label for button in step.buttons.values()),
        signatures=need if isinstance(need, int) else 2,
    )  # fmt: skip


def _plain(words: str) -> str:
    """A template without a case: what it would fill in is a gap to write in."""
    return _TEMPLATE.sub("______", words).strip()


def _who(rungs: tuple[Rung, ...], context: Context) -> str:
    first = rungs[0]
    if first.role and first.role in context.roles:
        return context.roles[first.role].label
    return context.label(first.person) if first.person else ""


def _blank(words: FieldWords) -> Blank:
    return Blank(
        label=words.label, required=words.required is True, hint=words.hint or "",
        kind=_KINDS.get(words.type, "line"), boxes=_boxes(words),
        columns=tuple(_blank(each) for each in words.fields.values()), flagged=words.highlight,
    )  # fmt: skip


_KINDS: Mapping[str, str] = {
    "long_text": "lines", "choice": "boxes", "choices": "boxes", "yes_no": "boxes",
    "datetime": "moment", "date": "day", "money": "money", "rows": "rows",
}  # fmt: skip


def _boxes(words: FieldWords) -> tuple[str, ...]:
    offered: dict[str, Any] = dict(words.of)
    if words.type == "yes_no":
        offered = {"yes": text("Yes"), "no": text("No")}
    return tuple(str(each) for each in offered.values())
