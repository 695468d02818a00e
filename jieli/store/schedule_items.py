"""What one time of a schedule begins cases for: people, a sample of cases, imported rows, a list.

Reads only; the same time gives the same sample however often it is asked.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from jieli.engine.context import Context
from jieli.engine.errors import JieliError
from jieli.engine.expressions import evaluate
from jieli.engine.occurrences import Occurrence
from jieli.engine.published import Definition
from jieli.engine.schedules import Each, Sample
from jieli.engine.values import parse_duration
from jieli.store import imports
from jieli.store.tables import cases


class NoSuchList(JieliError):
    """There is no imported list {name}."""


@dataclass(frozen=True, slots=True)
class Element:
    """One of them: what names it for ever, what people call it, and what expressions see."""

    key: str
    name: str
    value: Any


def elements(
    connection: Connection, definition: Definition, context: Context, each: Each,
    occurrence: Occurrence, scope: Mapping[str, Any],
) -> list[Element]:  # fmt: skip
    """Everything the schedule's `each` means at that time, each once."""
    if each.people is not None:
        found = _people(context, each, occurrence)
    elif each.sample is not None:
        found = _sample(connection, definition, each.sample, occurrence)
    elif each.rows is not None:
        listed = context.imports.get(each.rows)
        if listed is None:
            raise NoSuchList(name=each.rows)
        rows = imports.unmarked(connection, each.rows, listed)
        found = [Element(row["key"], row["key"], row) for row in rows]
    else:
        found = _listed(evaluate(each.of or "[]", scope))
    return list({one.key: one for one in found}.values())


def _people(context: Context, each: Each, occurrence: Occurrence) -> list[Element]:
    return [
        Element(person, context.label(person), person)
        for person in context.members(each.people or "")
        if not each.on_shift or context.on_shift(person, occurrence.at)
    ]


def _sample(
    connection: Connection, definition: Definition, sample: Sample, occurrence: Occurrence
) -> list[Element]:
    known = cases.c
    query = select(
        known.ref, known.title, known.id.label("case_id"), known.process, known.result,
        known.owner, known.opened_at, known.closed_at,
    ).where(
        known.process == sample.process, known.status == "completed",
        known.closed_at > occurrence.at - parse_duration(str(_setting(definition, sample.closed_within))),
        known.closed_at <= occurrence.at,
    )  # fmt: skip
    rows = [row._asdict() for row in connection.execute(query.order_by(known.id))]
    seed = f"{definition.process.process}:{occurrence.key}:{sample.process}"
    lot = random.Random(seed)  # noqa: S311
    chosen = lot.sample(rows, min(int(_setting(definition, sample.count)), len(rows)))
    return [Element(row["case_id"], row["ref"], row) for row in chosen]


def _setting(definition: Definition, words: str | int) -> Any:
    """The value of a setting, where its name stands for one."""
    settings = definition.process.settings
    return settings[words].value if isinstance(words, str) and words in settings else words


def _listed(value: Any) -> list[Element]:
    if value is None:
        return []
    several = value if isinstance(value, Iterable) and not isinstance(value, str | Mapping) else [value]
    return [Element(_name(each, number), _name(each, number), each) for number, each in enumerate(several)]


def _name(value: Any, number: int) -> str:
    """A person's id names itself, a row its key; anything else only its place."""
    if isinstance(value, str | int):
        return str(value)
    if isinstance(value, Mapping):
        return str(next((value[k] for k in ("key", "ref", "id") if value.get(k)), number))
    return str(number)
