"""What people were given in the monthly appraisal of 100 points, from its closed cases.

A part of the appraisal is a number under the part's name, in a form or a row of one; several
raters of a part count with their mean.
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
Given = dict[str, dict[str, list[float]]]


def rated(asked: Asked, since: str, until: str) -> dict[str, dict[str, float]]:
    """Month -> person -> the sum of their marks, for these months, both included."""
    found: dict[str, Given] = {}
    parts = asked.context.ledger.appraisal
    for each in cases_of(asked, [PROCESS], statuses=["completed"]):
        month = str(each.data.get("month") or "")
        if since <= month <= until:
            _gather(each, parts, found.setdefault(month, defaultdict(lambda: defaultdict(list))))
    return {
        month: {person: sum(map(mean, parts.values())) for person, parts in given.items()}
        for month, given in found.items()
    }


def rated_months(
    connection: Connection, context: Context, now: datetime, since: str, until: str
) -> dict[str, dict[str, float]]:
    """The same for who has no report to make."""
    return rated(Asked(connection, context, {}, now, until), since, until)


def _gather(case: CaseFacts, parts: Collection[str], given: Given) -> None:
    whole = str(case.data.get("person") or "")
    for marks in _forms(case):
        person = str(marks.get("person") or whole)
        for part in parts:
            if person and isinstance(marks.get(part), int | float):
                given[person][part].append(float(marks[part]))


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
