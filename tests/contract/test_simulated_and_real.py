"""What is simulated is what happens: every story of the shipped tests, told again to the store."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest

from jieli.engine.case import CaseState, Timer
from jieli.engine.context import Context
from jieli.engine.errors import Refused
from jieli.engine.events import CaseStarted, Event, TimerFired
from jieli.engine.loader import Library as Loaded
from jieli.engine.loader import load, read_directory
from jieli.engine.published import Definition
from jieli.engine.simulation.exploring import starts_of
from jieli.engine.simulation.moves import Choices
from jieli.engine.simulation.played import Played
from jieli.engine.simulation.script import Script
from jieli.engine.simulation.testing import Story, TestFile, read_tests, with_usual
from jieli.engine.simulation.world import FIRST, Library, World
from jieli.store import definitions, queries, timers
from jieli.store.cases import Applied, Rejected, Request, apply_event
from jieli.store.database import Database
from jieli.store.starts import start_case
from tests.contract.shop import state
from tests.story import DEFINITIONS, at

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
    compare(database, found.tests, world.cases[FIRST], world.now)


@pytest.mark.parametrize("process", sorted(shop().processes))
def test_every_shipped_process_goes_in_the_store_as_it_was_walked(
    database: Database, process: str
) -> None:
    case, now = walked(process)
    compare(database, process, case, now)


def walked(process: str, moves: int = 25) -> tuple[Played, datetime]:
    """A case that takes every choice and every wait in turn, with guessed answers."""
    now, context = at("2026-11-23 09:00"), shop().context
    definition = Definition(shop().processes[process], 1, shop().messages)
    choices = Choices(definition, shop().processes, context)
    case = Played(FIRST, definition)
    library = Library(shop().processes, shop().messages, context)
    data = starts_of(definition, library, Script(), now)[-1]
    case.apply(CaseStarted(case_id=FIRST, ref="A1", version=1, data=data, by="li_na"), context, now)
    for number in range(moves):
        state = case.now_open
        if state is None:
            break
        now += timedelta(minutes=7)
        timer = min(state.timers.values(), key=lambda each: (each.at, each.id), default=None)
        ways = [events for *_, events in choices.of(state, now)]
        if timer is not None and (timer.at <= now or not ways or number % 3 == 2):
            now = max(now, timer.at)
            case.apply(TimerFired(timer=timer.id, at=timer.at), context, now)
        elif ways:
            take(case, ways[number % len(ways)], context, now)
        else:
            break
    # The clock fires everything that is due, not only the one the walk ended with.
    while (state := case.now_open) and (timer := first_due(state, now)):
        case.apply(TimerFired(timer=timer.id, at=timer.at), context, now)
    return case, now


def first_due(state: CaseState, now: datetime) -> Timer | None:
    """The timer that fires next, if its time has come."""
    due = [each for each in state.timers.values() if each.at <= now]
    return min(due, key=lambda each: (each.at, each.id), default=None)


def take(case: Played, events: Iterator[Event], context: Context, now: datetime) -> None:
    for event in events:
        try:
            case.apply(event, context, now)
        except Refused:
            continue
        return


def compare(database: Database, process: str, case: Played, now: datetime) -> None:
    """Tell the case's events to the store, its own timers firing; history and state must be the same."""
    case_id = begun(database, process, case)

    for order, told in enumerate(case.told[1:]):
        if isinstance(told.event, TimerFired):
            fire(database, told.at, told.event.at)
        else:
            outcome = apply_event(database, Request(case_id, f"e{order}", told.event), told.at)
            assert not isinstance(outcome, Rejected), outcome
    with database.read() as connection:
        still_due = [each for each in timers.due(connection, now, 5) if each.case_id == case_id]
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
