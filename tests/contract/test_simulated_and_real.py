"""What is simulated is what happens: every story of the shipped tests, told again to the store."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

import pytest

from jieli.engine.events import CaseStarted, TimerFired
from jieli.engine.loader import Library as Loaded
from jieli.engine.loader import load, read_directory
from jieli.engine.simulation.played import Played
from jieli.engine.simulation.testing import Story, TestFile, read_tests, with_usual
from jieli.engine.simulation.world import FIRST, Library, World
from jieli.store import definitions, queries, timers
from jieli.store.cases import Applied, Rejected, Request, apply_event
from jieli.store.database import Database
from jieli.store.starts import start_case
from tests.contract.shop import state
from tests.story import DEFINITIONS

FILES = sorted(DEFINITIONS.glob("*.test.yaml"))


@cache
def shop() -> Loaded:
    return load(read_directory(DEFINITIONS))


@cache
def stories_of(name: str) -> TestFile:
    file = DEFINITIONS / name
    return read_tests(name, file.read_text("utf-8"), shop().processes)[0]


STORIES = [
    pytest.param(file.name, number, id=f"{file.name.split('.')[0]}-{number + 1}")
    for file in FILES
    for number in range(len(stories_of(file.name).stories))
]


def simulated(found: TestFile, story: Story) -> World:
    library = Library(shop().processes, shop().messages, shop().context)
    return World(library, with_usual(found.usual, story)).run(found.tests)


def begun(database: Database, process: str, case: Played) -> str:
    """The same case in the store, with only its process published."""
    first = case.told[0]
    assert isinstance(first.event, CaseStarted)
    one = replace(shop(), processes={process: shop().processes[process]})
    with database.write() as connection:
        definitions.publish(connection, one, author="test", reason="", now=first.at)
        return start_case(
            connection, process=process, data=first.event.data, source=first.event.source,
            by=first.event.by, now=first.at, event_id="s",
        ).case_id  # fmt: skip


def fire(database: Database, now: datetime, at: datetime) -> None:
    """The timer that is due in the store now must be the one that fired in the simulation."""
    with database.read() as connection:
        (due,) = timers.due(connection, now, 1)
    assert due.fires_at == at
    assert isinstance(apply_event(database, due.request(), now), Applied)


def history(database: Database, case_id: str) -> list[Any]:
    with database.read() as connection:
        lines = queries.timeline(connection, case_id)
    return [
        [line.at, entry.what, entry.step, entry.visit, entry.detail]
        for line in lines
        for entry in line.entries
    ]


def comparable(entries: list[Any], case_id: str, ref: str) -> Any:
    """Without what differs between two cases of the same story: their id and reference."""
    words = json.dumps(entries, ensure_ascii=False, default=str)
    return json.loads(words.replace(case_id, "CASE").replace(ref, "REF"))


@pytest.mark.parametrize(("file", "number"), STORIES)
def test_the_store_writes_the_history_that_was_simulated(
    database: Database, file: str, number: int
) -> None:
    found = stories_of(file)
    world = simulated(found, found.stories[number])
    case = world.cases[FIRST]
    case_id = begun(database, found.tests, case)

    for order, told in enumerate(case.told[1:]):
        if isinstance(told.event, TimerFired):
            fire(database, told.at, told.event.at)
        else:
            outcome = apply_event(database, Request(case_id, f"e{order}", told.event), told.at)
            assert not isinstance(outcome, Rejected), outcome
    with database.read() as connection:
        still_due = [each for each in timers.due(connection, world.now, 5) if each.case_id == case_id]
    assert case.now_open is None or still_due == []

    real, played = state(database, case_id), case.state
    assert played is not None
    mine = [
        [told.at, entry.what, entry.step, entry.visit, entry.detail]
        for told in case.told
        for entry in told.made.entries
    ]
    assert comparable(history(database, case_id), case_id, real.ref) == comparable(mine, FIRST, played.ref)
    assert (real.status, real.result, real.data) == (played.status, played.result, played.data)
