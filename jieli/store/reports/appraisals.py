"""What people were given in the monthly appraisal of 100 points, from its closed cases.

The archived score counts. Where a shop's own process keeps none, the parts of the ledger's
`appraisal` are added up: numbers under their names in its forms, the mean of several raters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from statistics import mean
from typing import Any

from sqlalchemy import Connection

from jieli.engine.context import Context
from jieli.store.reports.asked import Asked, CaseFacts, cases_of

PROCESS = "appraisal"


def rated(asked: Asked, since: str, until: str) -> dict[str, dict[str, float]]:
    """Month -> person -> the sum of their marks, for these months, both included."""
    found: dict[str, dict[str, float]] = {}
    for each in cases_of(asked, [PROCESS], statuses=["completed"]):
        month = str(each.data.get("month") or "")
        if since <= month <= until:
            found.setdefault(month, {}).update(_scores(each, asked.context.ledger.appraisal))
    return found


def rated_months(
    connection: Connection, context: Context, now: datetime, since: str, until: str
) -> dict[str, dict[str, float]]:
    """The same for who has no report to make."""
    return rated(Asked(connection, context, {}, now, until), since, until)


def _scores(case: CaseFacts, parts: Collection[str]) -> dict[str, float]:
    whole, score = str(case.data.get("person") or ""), case.data.get("score")
    if whole and isinstance(score, int | float):
        return {whole: float(score)}
    given: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for marks in _forms(case):
        person = str(marks.get("person") or whole)
        for part in parts:
            if person and isinstance(marks.get(part), int | float):
                given[person][part].append(float(marks[part]))
    return {person: sum(map(mean, own.values())) for person, own in given.items()}


def _forms(case: CaseFacts) -> Iterator[Mapping[str, Any]]:
    """Every form that was filled in, every row of one, every element of a step with `each`."""
    for answer in case.answers.values():
        if not isinstance(answer, dict):
            continue
        for form in (answer.get("fields") or {}, *(answer.get("each") or ())):
            yield form
            for value in form.values():
                if isinstance(value, list):
                    yield from (row for row in value if isinstance(row, dict))
