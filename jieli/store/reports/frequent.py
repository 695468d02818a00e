"""Frequent problems of a month, with the month before: after-sales and bad reviews."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from jieli.engine.accounts import earlier
from jieli.store.reports.asked import Asked, CaseFacts, cases_of
from jieli.store.reports.values import Cell, Chart, Column, Report, Series, Table, share
from jieli.texts import text

MOST = 10
LONGEST = 40
AFTER_SALES, REVIEWS = "after_sales", "bad_review"


def frequent(asked: Asked) -> Report:
    """The report."""
    months = [asked.month, earlier(asked.month)]
    sold = [cases_of(asked, [AFTER_SALES], by="opened", span=asked.span(each)) for each in months]
    bad = [cases_of(asked, [REVIEWS], by="opened", span=asked.span(each)) for each in months]
    classes = [_options(asked, AFTER_SALES, "kind", found) for found in sold]
    faults = [
        _options(asked, AFTER_SALES, "fault", one) + _options(asked, REVIEWS, "fault", other)
        for one, other in zip(sold, bad, strict=True)
    ]
    return Report(
        name="frequent",
        title=text("Frequent problems"),
        about=text("The {count} most frequent of the month, with the month before.", count=MOST),
        tables=(
            _table(text("Class of after-sales cases"), *classes),
            _table(text("Who is responsible"), *faults),
            _table(text("Causes of after-sales cases"), *(_causes(each) for each in sold),
                   personal=True),
            _table(text("Causes of bad reviews"), *(_reviews(each) for each in bad), personal=True),
            _table(text("Items with bad reviews"), *(_words(each, "item") for each in bad),
                   personal=True),
        ),
        charts=(_chart(classes),),
    )  # fmt: skip


def _options(
    asked: Asked, process: str, field: str, found: Iterable[CaseFacts]
) -> Counter[str]:
    return Counter(
        asked.label(process, field, each.data[field]) for each in found if each.data.get(field)
    )


def _words(found: Iterable[CaseFacts], field: str) -> Counter[str]:
    return Counter(words for each in found if (words := _short(each.data.get(field))))


def _causes(found: list[CaseFacts]) -> Counter[str]:
    return _words(found, "cause")


def _reviews(found: Iterable[CaseFacts]) -> Counter[str]:
    said = (_short(each.data.get("cause") or each.said("check_chat", "cause")) for each in found)
    return Counter(words for words in said if words)


def _short(words: Any) -> str:
    """What people wrote, so that the same words count together."""
    known = " ".join(str(words or "").split())
    return known if len(known) <= LONGEST else known[: LONGEST - 1] + "…"


def _table(title: str, now: Counter[str], before: Counter[str], *, personal: bool = False) -> Table:
    rows: list[tuple[Cell, ...]] = [
        (words, count, share(count, now.total()), before[words], count - before[words])
        for words, count in now.most_common(MOST)
    ]
    return Table(
        title=title,
        columns=(
            Column(text("Problem"), "text"), Column(text("This month")), Column(text("of all"), "share"),
            Column(text("Month before")), Column(text("More or less")),
        ),
        rows=tuple(rows),
        personal=personal,
    )  # fmt: skip


def _chart(classes: list[Counter[str]]) -> Chart:
    now, before = classes
    shown = [words for words, _ in (now or before).most_common(MOST)]
    return Chart(
        title=text("After-sales cases by class"),
        kind="bars",
        labels=tuple(shown),
        series=(
            Series(text("This month"), tuple(float(now[words]) for words in shown)),
            Series(text("Month before"), tuple(float(before[words]) for words in shown)),
        ),
    )
