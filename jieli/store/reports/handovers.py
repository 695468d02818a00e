"""Handovers of a month: on time, complete, unsigned, by post and by week."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from jieli.store.reports.asked import Asked, CaseFacts, cases_of
from jieli.store.reports.values import Cell, Chart, Column, Report, Series, Table, share
from jieli.store.statements import one_of
from jieli.store.tables import case_links, visits
from jieli.texts import text

PROCESS = "handover"
SIGN_ON, SIGNED = "sign_on", "signed"
"""The signature of who takes over; the case itself stays open until its follow-ups are done."""
RETURNED = "incomplete"
"""The button 退回补充 of a check: a record that came back once was not complete."""


@dataclass(frozen=True, slots=True)
class _Handover:
    facts: CaseFacts
    post: str
    week: date
    is_signed: bool
    is_late: bool
    is_complete: bool
    is_unsigned: bool


def handovers(asked: Asked) -> Report:
    """The report."""
    found = _read(asked)
    weeks = _grouped(found, lambda each: each.week)
    posts = _grouped(found, lambda each: each.post)
    return Report(
        name="handovers",
        title=text("Handovers"),
        about=text("On time: nothing of it was late. Complete: it was never returned. "
                   "Unsigned: the shift is over and a signature is missing, or it was cancelled."),
        tables=(
            _table(text("By post"), text("Post"), "text", posts, _all(found)),
            _table(text("By week, from Monday"), text("Week"), "date", weeks, _all(found)),
            _unsigned(asked, found),
        ),
        charts=(_chart(weeks),),
    )  # fmt: skip


def _read(asked: Asked) -> list[_Handover]:
    known = cases_of(asked, [PROCESS], by="opened")
    signed, late, returned = _marks(asked, known)
    return [
        _Handover(
            facts=each,
            post=asked.label(PROCESS, "post", each.data.get("post") or ""),
            week=_monday(_shift_date(asked, each)),
            is_signed=each.case_id in signed,
            is_late=each.case_id in late,
            is_complete=each.case_id not in returned,
            is_unsigned=each.case_id not in signed
            and (each.status != "open" or _is_over(asked, each)),
        )
        for each in known
    ]


def _marks(asked: Asked, known: Iterable[CaseFacts]) -> tuple[set[str], set[str], set[str]]:
    """The cases that were signed, those with something late, those returned for completion."""
    connection = asked.connection
    ids = [each.case_id for each in known]
    own = one_of(connection, visits.c.case_id, ids)
    signed = select(visits.c.case_id).where(
        own, visits.c.step == SIGN_ON, visits.c.outcome == SIGNED
    )
    late = select(visits.c.case_id).where(own, visits.c.overdue)
    returned = (
        select(case_links.c.parent_id)
        .join(visits, visits.c.case_id == case_links.c.child_id)
        .where(one_of(connection, case_links.c.parent_id, ids), visits.c.outcome == RETURNED)
    )
    found = (set(connection.scalars(query.distinct())) for query in (signed, late, returned))
    return next(found), next(found), next(found)


def _shift_date(asked: Asked, each: CaseFacts) -> date:
    given = each.data.get("shift_date")
    return date.fromisoformat(str(given)) if given else asked.local_date(each.opened_at)


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _is_over(asked: Asked, each: CaseFacts) -> bool:
    # Asynchronously the next shift signs when it begins.
    until = each.data.get("next_starts_at" if each.data.get("mode") == "async" else "ends_at")
    return bool(until) and datetime.fromisoformat(str(until)) < asked.now


def _grouped(found: Iterable[_Handover], key: Any) -> dict[Any, list[_Handover]]:
    groups: dict[Any, list[_Handover]] = defaultdict(list)
    for each in found:
        groups[key(each)].append(each)
    return dict(sorted(groups.items()))


def _all(found: list[_Handover]) -> tuple[Cell, ...]:
    return (text("Together"), *_numbers(found))


def _numbers(found: list[_Handover]) -> tuple[Cell, ...]:
    signed = [each for each in found if each.is_signed]
    on_time = sum(1 for each in signed if not each.is_late)
    complete = sum(1 for each in signed if each.is_complete)
    return (
        len(found), len(signed), on_time, share(on_time, len(signed)),
        complete, share(complete, len(signed)), sum(1 for each in found if each.is_unsigned),
    )  # fmt: skip


def _table(
    title: str, first: str, kind: Any, groups: dict[Any, list[_Handover]], total: tuple[Cell, ...]
) -> Table:
    return Table(
        title=title,
        columns=(
            Column(first, kind), Column(text("Shift changes")), Column(text("Signed")),
            Column(text("On time")), Column(text("On-time rate"), "share"),
            Column(text("Complete")), Column(text("Completeness"), "share"),
            Column(text("Unsigned")),
        ),
        rows=tuple((key, *_numbers(each)) for key, each in groups.items()),
        total=total,
    )  # fmt: skip


def _unsigned(asked: Asked, found: list[_Handover]) -> Table:
    return Table(
        title=text("Unsigned"),
        columns=(
            Column(text("No."), "case"), Column(text("Post"), "text"),
            Column(text("Shift"), "text"), Column(text("Shift date"), "date"),
            Column(text("State"), "text"),
        ),
        rows=tuple(
            (
                each.facts.ref, each.post,
                asked.label(PROCESS, "shift", each.facts.data.get("shift") or ""),
                _shift_date(asked, each.facts),
                text("Open") if each.facts.status == "open" else text("Cancelled"),
            )
            for each in found if each.is_unsigned
        ),
    )  # fmt: skip


def _chart(weeks: dict[date, list[_Handover]]) -> Chart:
    def count(wanted: Any) -> tuple[float, ...]:
        return tuple(float(sum(map(wanted, each))) for each in weeks.values())

    return Chart(
        title=text("Handovers by week"),
        kind="stacked",
        labels=tuple(f"{week.month}/{week.day}" for week in weeks),
        series=(
            Series(text("Signed on time"), count(lambda e: e.is_signed and not e.is_late)),
            Series(text("Signed late"), count(lambda e: e.is_signed and e.is_late)),
            Series(text("Unsigned"), count(lambda e: e.is_unsigned)),
        ),
    )
