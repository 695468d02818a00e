"""改派 from the board: who may do it, and one event for each ticked work item."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.datastructures import FormData

from jieli.engine.context import Context
from jieli.engine.errors import Refused
from jieli.engine.events import WorkItemReassigned
from jieli.store.cases import Applied, Duplicate, Outcome, Rejected
from jieli.store.open_steps import OpenStep
from jieli.texts import text
from jieli.web.login import check_pin
from jieli.web.nonces import read_nonce
from jieli.web.notices import refusal_words
from jieli.web.resources import Resources
from jieli.web.staff import Around
from jieli.web.typed import Notice

OWNER = "board"
SUPERVISORS = ("supervisor", "management")
MOST = 200
LONGEST_REASON = 200
_ITEM = re.compile(r"[0-9a-zA-Z_-]{1,64}\.\d{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The form as it was posted; shown again after a mistake, without the PIN."""

    items: frozenset[str] = frozenset()
    to: str = ""
    reason: str = ""
    by: str = ""
    nonce: str = ""
    pin: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one ticked line."""

    ref: str
    title: str
    words: str
    is_good: bool


def read_asked(form: FormData) -> Asked:
    """The posted form, cut to size."""
    said = {key: value for key, value in form.items() if isinstance(value, str)}
    items = [each for each in form.getlist("item") if isinstance(each, str)]
    return Asked(
        items=frozenset(each for each in items if _ITEM.fullmatch(each)),
        to=said.get("to", "")[:80], reason=said.get("reason", "").strip()[:LONGEST_REASON],
        by=said.get("by", "")[:80], nonce=said.get("nonce", ""), pin=said.get("pin", ""),
    )  # fmt: skip


def supervisors(context: Context) -> list[tuple[str, str]]:
    """Who may give work to somebody else, as id and name."""
    return [
        (key, person.name)
        for key, person in context.people.items()
        if person.active and not set(SUPERVISORS).isdisjoint(person.roles)
    ]


async def why_not(resources: Resources, context: Context, asked: Asked) -> Notice | None:
    """What is wrong with the request as a whole; the PIN last, for a try counts."""
    if read_nonce(resources.ring, OWNER, asked.nonce) is None:
        return Notice("warn", text("This page was open for long. Please press once more."))
    to = context.people.get(asked.to)
    for is_wrong, words in (
        (not asked.items, text("Please tick at least one line.")),
        (len(asked.items) > MOST, text("At most {n} lines at once.", n=MOST)),
        (to is None or not to.active, text("Please choose a colleague")),
        (not asked.reason, text("Please give a reason")),
        (asked.by not in dict(supervisors(context)), text("Please choose your name")),
    ):
        if is_wrong:
            return Notice("bad", words)
    proved = await check_pin(resources.database, asked.by, asked.pin)
    return Notice("bad", proved) if isinstance(proved, str) else None


async def reassign(
    resources: Resources, around: Around, asked: Asked, steps: Sequence[OpenStep]
) -> list[Told]:
    """One event for each ticked line; the same form again changes nothing more."""
    nonce = read_nonce(resources.ring, OWNER, asked.nonce)
    known = {each.key: each for each in steps}
    futures = []
    for item in sorted(asked.items):
        case_id, _, visit = item.rpartition(".")
        event = WorkItemReassigned(visit=int(visit), to=asked.to, reason=asked.reason, by=asked.by)
        future = resources.committer.submit(case_id, f"board:{nonce}:{visit}", event)
        futures.append((item, case_id, asyncio.wrap_future(future)))
    told = []
    for item, case_id, waiting in futures:
        outcome = await asyncio.gather(waiting, return_exceptions=True)
        if isinstance(outcome[0], Applied):
            resources.wake(case_id)
        told.append(_told(known.get(item), item, outcome[0], around, asked))
    return told


def _told(
    step: OpenStep | None, item: str, outcome: Outcome | BaseException, around: Around,
    asked: Asked,
) -> Told:  # fmt: skip
    ref, title = (step.case.ref, step.title) if step else ("", item)
    if isinstance(outcome, Applied | Duplicate):
        name = around.context.label(asked.to)
        return Told(ref, title, text("Given to {name}", name=name), is_good=True)
    if isinstance(outcome, Rejected) and isinstance(outcome.error, Refused):
        words = refusal_words(outcome.error, around.context, around.now)
        return Told(ref, title, words, is_good=False)
    return Told(ref, title, text("Something went wrong on our side"), is_good=False)
