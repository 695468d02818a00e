"""The shipped bad-review process played through the store, and a process that dies at a point."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import datetime, timedelta

import pytest

from jieli.engine.events import Event, WaitAnswered, WorkItemAnswered
from jieli.engine.loader import load, read_directory
from jieli.store import definitions, timers
from jieli.store.cases import Applied, Request, apply_batch, apply_event
from jieli.store.database import Database
from jieli.store.starts import start_case
from tests.contract.shop import state
from tests.story import BAD_REVIEW, DEFINITIONS, at


def press(
    database: Database, case_id: str, now: datetime, step: str, button: str, **given: object
) -> None:
    (visit,) = [each for each in state(database, case_id).visits.values() if each.step == step]
    kind = WaitAnswered if visit.kind == "wait" else WorkItemAnswered
    event: Event = kind(visit=visit.id, button=button, answers=dict(given), by="li_na")
    outcome = apply_event(database, Request(case_id, f"press:{visit.id}", event), now)
    assert isinstance(outcome, Applied), outcome


def fire_until(database: Database, end: datetime) -> None:
    """As the clock does: whatever is due, at its time, until nothing is."""
    while True:
        with database.read() as connection:
            due = timers.due(connection, end, 1)
        if not due:
            return
        apply_batch(database, [due[0].request()], max(due[0].fires_at, at("2026-11-20 09:00")))


def test_the_shipped_process_is_replayed_exactly(database: Database) -> None:
    begin = at("2026-11-20 09:00")
    library = load(read_directory(DEFINITIONS))
    with database.write() as connection:
        definitions.publish(connection, library, author="test", reason="", now=begin)
        started = start_case(
            connection, process="bad_review", data=BAD_REVIEW, source="form", by="li_na",
            now=begin, event_id="s",
        )  # fmt: skip
    case_id = started.case_id
    press(database, case_id, begin, "check_chat", "contact",
          deal="三天前发货", cause="杯盖漏水", fault="ours")  # fmt: skip
    press(database, case_id, begin, "leave_message", "sent", text="您好，非常抱歉")
    press(database, case_id, begin, "sms", "sent")
    fire_until(database, begin + timedelta(hours=49))
    # `state` compares the stored state with the replayed one at every look.
    assert [visit.step for visit in state(database, case_id).visits.values()] == ["phone"]


@pytest.mark.parametrize(("profile", "code"), [("development", -signal.SIGKILL), ("production", 0)])
def test_a_kill_point_ends_the_process_in_development_only(profile: str, code: int) -> None:
    words = "from jieli.store.database import kill_point; kill_point('a_point')"
    environment = {**os.environ, "JIELI_KILL_POINT": "a_point", "JIELI_PROFILE": profile}
    ended = subprocess.run([sys.executable, "-c", words], env=environment, check=False)
    assert ended.returncode == code
