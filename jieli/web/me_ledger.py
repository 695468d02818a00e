"""我的台账: one's own entries, what is proposed, how to answer, and the team's fund."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from jieli.engine.accounts import earlier
from jieli.engine.values import parse_duration
from jieli.store import definitions
from jieli.store.times import business_now
from jieli.web import ledger
from jieli.web.me import Mine, ask_pin, kept, mine_of
from jieli.web.moments import span_words
from jieli.web.nonces import new_nonce
from jieli.web.pages import page
from jieli.web.resources import Resources, resources_of

router = APIRouter(prefix="/me/ledger", include_in_schema=False)
MONTHS = 6


@router.api_route("", methods=["GET", "HEAD"])
async def own(request: Request) -> Response:
    """The entries of whoever proved with a PIN who they are; nobody else's."""
    mine = await mine_of(request)
    if mine is None:
        return ask_pin(request)
    resources = resources_of(request)
    words = await run_in_threadpool(_words, resources, mine)
    nonce = new_nonce(resources.ring, mine.session.key)
    shown = {**mine.bar("ledger", nonce), **words}
    return kept(request, mine, page(request, "me_ledger.html", {"page": shown}))


def _words(resources: Resources, mine: Mine) -> dict[str, object]:
    with resources.database.read() as connection:
        _, context = definitions.current_context(connection)
        now = business_now(connection)
        month = ledger.month_asked("", context, now)
        since = earlier(month, MONTHS - 1)
        book = ledger.read_book(connection, month, mine.session.person, since=since)
    return {
        "month": month, "has_money": context.ledger.money,
        "points": ledger.points_words(_points(book, month)), "fund": ledger.money_words(book.fund),
        "entries": [ledger.entry_words(each, context, now) for each in book.entries],
        "proposals": [ledger.proposal_words(each, context, now) for each in book.proposals],
        "appeal": span_words(parse_duration(context.ledger.appeal)),
    }  # fmt: skip


def _points(book: ledger.Book, month: str) -> float:
    return sum(each.points for each in book.entries if each.month == month)
