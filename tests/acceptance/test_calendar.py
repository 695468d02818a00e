"""Work by the calendar on the real stack: Prefect's schedule begins it, the clock what it missed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from jieli.deploying import CALENDAR_FLOW
from jieli.store.tables import cases
from tests.acceptance.people import SHANGHAI
from tests.acceptance.processes import LONG, ROOT, eventually
from tests.acceptance.stack import RunningStack
from tests.acceptance.stores import running

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

NAME = "greeting-calendar"
GREETING = """
process: greeting
title: 问早
case:
  key: [date]
  title: "问早 {{{{ date }}}}"
  fields:
    date: {{label: 日期, type: date, required: true}}
start:
  - schedule: {{daily: "{time}", data: {{date: date}}}}
steps:
  greet:
    title: 问早
    who: {{role: supervisor}}
    buttons:
      done: {{label: 好, go_to: greeted}}
  greeted: {{title: 结束, end: greeted}}
ends:
  greeted: 问过
"""


@pytest.fixture(scope="module")
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningStack]:
    """A stack with one process that is due in some minutes, by everybody's clock."""
    directory = tmp_path_factory.mktemp("calendar")
    definitions: Path = directory / "definitions"
    shutil.copytree(ROOT / "definitions" / "shop", definitions / "shop")
    soon = datetime.now(SHANGHAI) + timedelta(seconds=150)
    (definitions / "greeting.yaml").write_text(GREETING.format(time=f"{soon:%H:%M}"), "utf-8")
    with running(directory, request, definitions=definitions) as up:
        yield up


def begun(stack: RunningStack) -> list[str]:
    """The cases there are."""
    with stack.database.read() as conn:
        query = select(cases.c.id).where(cases.c.process == "greeting").order_by(cases.c.opened_at)
        return list(conn.scalars(query))


def looks(stack: RunningStack, *types: str) -> list[str]:
    """The flow runs that looked at the calendar and ended so."""
    found = stack.prefect.find(
        {"state": {"type": {"any_": list(types)}}}, flows={"name": {"any_": [CALENDAR_FLOW]}}
    )
    return [run.id for run in found]


def test_prefects_schedule_begins_the_case(stack: RunningStack) -> None:
    assert begun(stack) == []
    (case,) = eventually("the case is begun", lambda: begun(stack), LONG)
    eventually("the look has ended", lambda: looks(stack, "COMPLETED"))
    assert looks(stack, "FAILED", "CRASHED") == []
    run = stack.parked(case, "greet")
    assert run["name"].startswith("问早")


def test_run_pressed_by_hand_begins_nothing_twice(stack: RunningStack) -> None:
    before = len(looks(stack, "COMPLETED"))
    stack.prefect.start(stack.prefect.deployment(NAME, CALENDAR_FLOW), name="by hand")
    eventually("it has looked", lambda: len(looks(stack, "COMPLETED")) > before, LONG)
    assert len(begun(stack)) == 1


def test_the_clock_begins_what_a_moved_time_makes_due(stack: RunningStack) -> None:
    stack.later("24h")
    eventually("the next day's case is begun", lambda: len(begun(stack)) == 2)
    stack.parked(begun(stack)[1], "greet")


def test_a_paused_and_a_deleted_deployment_are_restored(stack: RunningStack) -> None:
    found = stack.prefect.deployments_of(CALENDAR_FLOW)
    assert set(found) == {NAME}
    stack.prefect.call("PATCH", f"/deployments/{found[NAME].id}", {"paused": True})
    eventually("it goes on", lambda: is_active(stack), LONG)
    stack.prefect.delete_deployment(stack.prefect.deployments_of(CALENDAR_FLOW)[NAME].id)
    eventually("it is there again", lambda: is_active(stack), LONG)


def is_active(stack: RunningStack) -> bool:
    found = stack.prefect.deployments_of(CALENDAR_FLOW).get(NAME)
    return found is not None and found.is_active and len(found.crons) == 1
