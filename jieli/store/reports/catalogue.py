"""Every report by its name, in the order of the list."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from jieli.store.reports.after_sales import ageing, rounds
from jieli.store.reports.asked import Asked
from jieli.store.reports.audits import audits
from jieli.store.reports.frequent import frequent
from jieli.store.reports.handovers import handovers
from jieli.store.reports.people import people
from jieli.store.reports.rates import rates
from jieli.store.reports.reviews import reviews
from jieli.store.reports.unowned import unowned
from jieli.store.reports.values import Report
from jieli.texts import text

REPORTS: Mapping[str, Callable[[Asked], Report]] = {
    "handovers": handovers,
    "unowned": unowned,
    "ageing": ageing,
    "rounds": rounds,
    "rates": rates,
    "reviews": reviews,
    "frequent": frequent,
    "audits": audits,
    "people": people,
}

OF_NOW = frozenset({"unowned", "ageing"})
"""Reports about this moment; the month asked for changes nothing in them."""


def titles() -> list[tuple[str, str]]:
    """Name and title of every report."""
    return [
        ("handovers", text("Handovers")), ("unowned", text("Open work without owner")),
        ("ageing", text("Age of open after-sales cases")),
        ("rounds", text("After-sales rounds and satisfaction")),
        ("rates", text("Refund and dispute rate")),
        ("reviews", text("Bad reviews by state and result")),
        ("frequent", text("Frequent problems")), ("audits", text("Audit indices")),
        ("people", text("Appraisal and ledger")),
    ]  # fmt: skip
