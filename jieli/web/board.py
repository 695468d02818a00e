"""值班台: open work by next due, who has how much of it, and giving it to somebody else at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jieli.store.board import BoardLine, Load, board_lines, load_per_person
from jieli.store.database import Database
from jieli.store.open_steps import OpenStep, count_cases, read_open_steps
from jieli.texts import text
from jieli.web import reassigning
from jieli.web.moments import left_words, moment_words
from jieli.web.nonces import new_nonce
from jieli.web.pages import page
from jieli.web.reassigning import OWNER, Asked, Told
from jieli.web.resources import resources_of
from jieli.web.staff import Around, bar, read_around
from jieli.web.task_page import PRIORITIES
from jieli.web.typed import Notice

router = APIRouter(prefix="/board", include_in_schema=False)
PAGE = 400
View = Literal["all", "overdue", "nobody", "stuck", "soon"]
VIEWS = {
    "all": "All", "overdue": "Overdue", "nobody": "Nobody responsible", "stuck": "Stuck",
    "soon": "Within 2 hours",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines are shown."""

    view: str = "all"
    person: str = ""
    process: str = ""
    start: int = 0

    def address(self, **changes: Any) -> str:
        """The page with something else chosen; what is at its usual value is left out."""
        chosen = {"view": self.view, "person": self.person, "process": self.process, **changes}
        said = {key: value for key, value in chosen.items() if value not in ("", "all", 0)}
        return "/board" + (f"?{urlencode(said)}" if said else "")


def wanted_of(query: Mapping[str, str]) -> Wanted:
    """What the address asks for; anything unknown is left aside."""
    view, start = query.get("view", "all"), query.get("start", "0")
    return Wanted(
        view=view if view in get_args(View) else "all", person=query.get("person", "")[:80],
        process=query.get("process", "")[:80],
        start=min(int(start), 100_000) if start.isascii() and start.isdigit() else 0,
    )  # fmt: skip


@router.api_route("", methods=["GET", "HEAD"])
async def show(request: Request) -> Response:
    """The board."""
    return await _page(request, wanted_of(request.query_params), Asked(), ())


@router.post("")
async def reassign(request: Request) -> Response:
    """改派: the ticked work items go to one person."""
    wanted = wanted_of(request.query_params)
    asked = reassigning.read_asked(await request.form(max_fields=1000, max_files=0))
    around, _, steps = await run_in_threadpool(_read, resources_of(request).database)
    notice = await reassigning.why_not(resources_of(request), around.context, asked)
    if notice is not None:
        return await _page(request, wanted, asked, (notice,), status=422)
    told = await reassigning.reassign(resources_of(request), around, asked, steps)
    return await _page(request, wanted, Asked(), (), told)


def _read(database: Database) -> tuple[Around, list[BoardLine], list[OpenStep]]:
    with database.read() as connection:
        around = read_around(connection)
        lines = board_lines(connection)
        steps = read_open_steps(connection, lines, around.context, around.processes, around.now)
    return around, lines, steps


async def _page(
    request: Request, wanted: Wanted, asked: Asked, notices: tuple[Notice, ...],
    told: Sequence[Told] = (), status: int = 200,
) -> Response:  # fmt: skip
    resources = resources_of(request)
    around, lines, steps = await run_in_threadpool(_read, resources.database)
    mine = [each for each in steps if each.concerns(wanted.person, wanted.process)]
    found = [each for each in mine if each.is_in(wanted.view)]
    last = wanted.start + PAGE
    ui = resources.settings.prefect_ui_url.rstrip("/")
    words = {
        **bar(request, "board", around), "notices": notices, "told": told, "asked": asked,
        "views": _views(mine, wanted), "wanted": wanted, "people": _people(around),
        "processes": [(name, each.process.title) for name, each in around.processes.items()],
        "lines": [_line(each, around, ui, asked) for each in found[wanted.start : last]],
        "count": len(found), "cases": count_cases(found),
        "next": wanted.address(start=last) if len(found) > last else "",
        "loads": _loads(lines, steps, around, wanted),
        "nonce": new_nonce(resources.ring, OWNER),
        "supervisors": reassigning.supervisors(around.context), "action": wanted.address(),
    }  # fmt: skip
    return page(request, "board.html", {"page": words}, status)


# ---- showing -------------------------------------------------------------------------------------


def _people(around: Around) -> list[tuple[str, str]]:
    return [(key, each.name) for key, each in around.context.people.items() if each.active]


def _views(steps: list[OpenStep], wanted: Wanted) -> list[dict[str, Any]]:
    return [
        {"label": text(label), "address": wanted.address(view=view), "is_on": view == wanted.view,
         "count": count_cases([each for each in steps if each.is_in(view)]),
         "is_bad": view in ("overdue", "nobody", "stuck")}
        for view, label in VIEWS.items()
    ]  # fmt: skip


def _line(each: OpenStep, around: Around, ui: str, asked: Asked) -> dict[str, Any]:
    context, now, line = around.context, around.now, each.case
    process, due = around.processes.get(line.process), each.due_at
    return {
        "key": each.key if each.can_reassign else "", "ticked": each.key in asked.items,
        "ref": line.ref, "title": line.title,
        "process": process.process.title if process else line.process,
        "step": each.title, "who": _names(each.who, around), "is_held": each.is_held,
        "owner": context.label(line.owner),
        "due": moment_words(due, now, context.calendar.zone) if due else "",
        "left": left_words(due, now) if due else "", "is_late": each.is_in("overdue"),
        "priority": text(PRIORITIES[line.priority]) if line.priority in PRIORITIES else "",
        "priority_class": line.priority, "nobody": each.nobody, "stuck": each.is_in("stuck"),
        "stuck_words": each.stuck or "",
        "run": f"{ui}/v2/runs/flow-run/{line.run_id}" if line.run_id else "",
    }  # fmt: skip


def _names(people: Sequence[str], around: Around) -> str:
    names = [around.context.label(each) for each in people]
    shown = text(", ").join(names[:3])
    if len(names) <= 3:
        return shown
    return text("{names} and {n} more", names=shown, n=len(names) - 3)


def _loads(
    lines: list[BoardLine], steps: list[OpenStep], around: Around, wanted: Wanted
) -> list[dict[str, Any]]:
    """Who has work or is here now; the latest and fullest first."""
    known = {each.person: each for each in load_per_person(lines)}
    soon, late = (
        Counter(who for each in steps if each.is_work and each.is_in(view) for who in each.who)
        for view in ("soon", "overdue")
    )
    found = []
    for person, about in around.context.people.items():
        load = known.get(person, Load(person))
        here = about.active and around.context.on_shift(person, around.now)
        if not (here or load.held or load.asked or load.owned):
            continue
        found.append(
            {"name": about.name, "here": here, "active": about.active, "held": load.held,
             "asked": load.asked, "overdue": late[person], "soon": soon[person],
             "owned": load.owned, "is_on": wanted.person == person,
             "address": wanted.address(person="" if wanted.person == person else person)}
        )  # fmt: skip
    return sorted(found, key=lambda each: (-each["overdue"], -each["held"], -each["asked"]))
