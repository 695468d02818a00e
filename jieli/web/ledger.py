"""台账: what was recorded by person and month, what is proposed, the fund. Only shows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jieli.engine.accounts import Sheet, earlier, month_of, month_sheet
from jieli.engine.case import CaseState
from jieli.engine.context import Context
from jieli.store import entries as ledger
from jieli.store.database import Database
from jieli.store.entries import Entry
from jieli.store.queries import CaseFilter, case_list
from jieli.store.replay import stored_state
from jieli.texts import text
from jieli.web.moments import moment_words
from jieli.web.pages import page
from jieli.web.resources import resources_of
from jieli.web.staff import Around, bar, read_around

router = APIRouter(prefix="/ledger", include_in_schema=False)
PROCESS = "ledger_entry"
MOST_PROPOSALS = 200
MONTHS_BACK = 24
_MONTH = re.compile(r"20\d\d-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Book:
    """What the ledger says of a month, and what is still to be decided."""

    month: str
    entries: tuple[Entry, ...]
    proposals: tuple[CaseState, ...]
    fund: float


@router.api_route("", methods=["GET", "HEAD"])
async def sheet(request: Request, month: str = "", person: str = "") -> Response:
    """A month of everybody, or of one person."""

    def read(database: Database) -> tuple[Around, Book]:
        with database.read() as connection:
            around = read_around(connection)
            asked = month_asked(month, around.context, around.now)
            return around, read_book(connection, asked, person or None)

    around, book = await run_in_threadpool(read, resources_of(request).database)
    context, now = around.context, around.now
    sheets = month_sheet((each.posted() for each in book.entries), context.ledger, book.month)
    this = month_asked("", context, now)
    words = {
        **bar(request, "ledger", around), "month": book.month, "person": person[:80],
        "months": [earlier(this, back) for back in range(MONTHS_BACK)],
        "people": [(key, each.name) for key, each in context.people.items()],
        "has_money": context.ledger.money, "fund": money_words(book.fund),
        "entries": [entry_words(each, context, now) for each in book.entries],
        "proposals": [proposal_words(each, context, now) for each in book.proposals],
        "sheets": [_sheet(each, context) for each in sheets.values()],
    }  # fmt: skip
    return page(request, "ledger.html", {"page": words})


def month_asked(asked: str, context: Context, now: datetime) -> str:
    """The month of an address; anything that is none is this month."""
    if _MONTH.fullmatch(asked):
        return asked
    return month_of(now, context.calendar.timezone)


def read_book(
    connection: Any, month: str, person: str | None = None, *, since: str | None = None
) -> Book:
    """The entries of a month (or since another), and the open proposals."""
    found = ledger.entries(connection, since=since or month, until=month, person=person)
    lines = case_list(connection, CaseFilter(process=PROCESS), limit=MOST_PROPOSALS)
    proposals = [stored_state(connection, line.case_id) for line in lines]
    mine = [each for each in proposals if person in (None, each.data.get("person"))]
    return Book(month, tuple(found[::-1]), tuple(mine), fund_of(ledger.entries(connection)))


def fund_of(entries: Iterable[Entry]) -> float:
    """What fines have brought into the team's fund; rewards are the shop's, not taken from it."""
    return sum(-each.money for each in entries if each.money < 0)


# ---- words ---------------------------------------------------------------------------------------


def entry_words(entry: Entry, context: Context, now: datetime) -> dict[str, Any]:
    """One recorded entry."""
    return {
        "person": context.label(entry.person), "label": entry.label, "reason": entry.reason,
        "evidence": entry.evidence, "points": points_words(entry.points),
        "money": money_words(entry.money), "nth": entry.nth, "step": entry.step_text,
        "at": moment_words(entry.happened_at, now, context.calendar.zone),
        "by": context.label(entry.by), "is_minus": entry.points < 0,
        "is_ref": bool(re.fullmatch(r"[A-Z]\d{1,12}", entry.evidence)),
    }  # fmt: skip


def proposal_words(state: CaseState, context: Context, now: datetime) -> dict[str, Any]:
    """One open proposal: the case in which it is decided."""
    rule = context.ledger.rules.get(str(state.data.get("rule")))
    return {
        "ref": state.ref, "label": rule.label if rule else str(state.data.get("rule") or ""),
        "person": context.label(state.data.get("person")), "reason": state.data.get("reason") or "",
        "waits": text(", ").join(each.title for each in state.visits.values()),
        "opened": moment_words(state.opened_at, now, context.calendar.zone),
    }  # fmt: skip


def points_words(points: float) -> str:
    """`+5`, `-2`, `0`."""
    return f"{points:+g}" if points else "0"


def money_words(money: float) -> str:
    """Yuan with two figures."""
    return f"{'-' if money < 0 else ''}¥{abs(money):,.2f}"


def _sheet(sheet: Sheet, context: Context) -> dict[str, Any]:
    levels: Mapping[str, int] = sheet.levels
    return {
        "person": context.label(sheet.person), "id": sheet.person, "count": len(sheet.entries),
        "points": points_words(sheet.points), "money": money_words(sheet.money),
        "minor": levels.get("minor", 0), "medium": levels.get("medium", 0),
        "severe": levels.get("severe", 0), "rewards": levels.get("reward", 0),
    }  # fmt: skip
