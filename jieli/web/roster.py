"""班表: a week of posts and days, and where too few people are planned. Only shows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jieli.engine import duty
from jieli.engine.context import Context
from jieli.engine.coverage import Shortage
from jieli.store.database import Database
from jieli.texts import text
from jieli.web.moments import day_words
from jieli.web.pages import page
from jieli.web.resources import resources_of
from jieli.web.staff import Around, bar, read_around

router = APIRouter(prefix="/roster", include_in_schema=False)
WEEK = 7
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
NEAR = timedelta(days=3660)


@dataclass(frozen=True, slots=True)
class Cell:
    """A shift of a post on one day."""

    names: str
    missing: str
    warning: str


@dataclass(frozen=True, slots=True)
class ShiftLine:
    """A shift of a post over the week."""

    label: str
    hours: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class PostBlock:
    """A post with its shifts, and the times nobody stands at it."""

    label: str
    lines: tuple[ShiftLine, ...]
    gaps: tuple[str, ...]


@router.api_route("", methods=["GET", "HEAD"])
async def week(request: Request, week: str = "") -> Response:
    """The week of a date; without one, this week."""

    def read(database: Database) -> Around:
        with database.read() as connection:
            return read_around(connection)

    around = await run_in_threadpool(read, resources_of(request).database)
    today = around.now.astimezone(around.context.calendar.zone).date()
    monday = _monday(week, today)
    days = [monday + timedelta(days=n) for n in range(WEEK)]
    blocks = await run_in_threadpool(_blocks, around.context, days)
    words = {
        **bar(request, "roster", around),
        "days": [_day(each, today) for each in days], "posts": blocks,
        "before": (monday - timedelta(days=WEEK)).isoformat(),
        "after": (monday + timedelta(days=WEEK)).isoformat(),
        "span": f"{days[0].isoformat()} – {days[-1].isoformat()}",
        "short": sum(len(b.gaps) for b in blocks) + _warnings(blocks),
    }  # fmt: skip
    return page(request, "roster.html", {"page": words})


def _monday(asked: str, today: date) -> date:
    try:
        day = date.fromisoformat(asked[:10]) if asked else today
    except ValueError:
        day = today
    if abs(day - today) > NEAR:
        day = today
    return day - timedelta(days=day.weekday())


def _day(day: date, today: date) -> dict[str, Any]:
    weekday = text(WEEKDAYS[day.weekday()])
    return {"label": f"{weekday} {day.month}/{day.day}", "is_today": day == today,
            "near": day_words(day, today)}  # fmt: skip


def _blocks(context: Context, days: list[date]) -> list[PostBlock]:
    manned = {
        (each.post, each.shift, day): each for day in days for each in duty.shifts_on(context, day)
    }
    short = duty.coverage(context, days[0], days[-1])
    few = {(each.post, each.shift, each.date): each for each in short if each.kind != "gap"}

    def cell(post: str, shift: str, day: date) -> Cell:
        found, shortage = manned.get((post, shift, day)), few.get((post, shift, day))
        return Cell(
            names=_names(context, found.people if found else ()),
            missing=_names(context, found.missing if found else ()),
            warning=_warning(shortage) if shortage else "",
        )

    blocks = []
    for post, about in context.posts.items():
        shifts = [s for s in context.shifts if any((post, s, day) in manned for day in days)]
        lines = tuple(
            ShiftLine(
                context.shifts[shift].label,
                text(", ").join(context.shifts[shift].hours.daily),
                tuple(cell(post, shift, day) for day in days),
            )
            for shift in shifts
        )
        gaps = tuple(
            _gap(each, context) for each in short if each.kind == "gap" and each.post == post
        )
        blocks.append(PostBlock(about.label, lines, gaps))
    return blocks


def _names(context: Context, people: Iterable[str]) -> str:
    return text(", ").join(context.label(each) for each in people)


def _warning(shortage: Shortage) -> str:
    if shortage.kind == "nobody":
        return text("Nobody")
    return text("Only {have}, {least} are wanted", have=shortage.have, least=shortage.least)


def _gap(shortage: Shortage, context: Context) -> str:
    zone = context.calendar.zone
    start, end = shortage.starts_at.astimezone(zone), shortage.ends_at.astimezone(zone)
    day = text(WEEKDAYS[shortage.date.weekday()])
    return f"{day} {start:%m-%d %H:%M}–{end:%H:%M}"


def _warnings(blocks: list[PostBlock]) -> int:
    return sum(bool(cell.warning) for b in blocks for line in b.lines for cell in line.cells)
