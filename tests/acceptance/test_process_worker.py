"""The same flows on Prefect's own process worker: slower, and nothing else differs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from jieli.cli.up import prefect_environment
from tests.acceptance.people import CHECKED
from tests.acceptance.processes import ROOT
from tests.acceptance.stack import RunningStack
from tests.acceptance.stores import running

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningStack]:
    """`jieli up --worker process`."""
    with running(tmp_path_factory.mktemp("process"), request, worker="process") as up:
        up.to(up.local("10:00"))
        yield up


def test_a_short_story_on_prefects_process_worker(stack: RunningStack) -> None:
    pool = stack.prefect.call("GET", f"/work_pools/{stack.settings.work_pool}")
    assert pool["type"] == "process"
    case = stack.start_case(buyer_phone="")
    run = stack.parked(case, "check_chat")
    assert "查聊天记录" in run["state"]["message"] and "严重" in run["tags"]
    stack.press(case, "check_chat", "contact", by="li_na", **CHECKED)
    stack.press(case, "leave_message", "replied", by="li_na", **{"f.text": "您好，非常抱歉"})
    stack.press(case, "result", "changed", **{"f.said": "已经改好了"})
    stack.later("3m")
    stack.press(case, "verify_change", "changed")
    stack.press(case, "archive", "archived", **{"f.process": "道歉后买家已修改"})
    assert stack.ended(case)["state"]["message"] == "评价已修改"
    stack.check(case)


def test_prefects_own_deploy_finds_everything_as_it_is(stack: RunningStack) -> None:
    before = deployed(stack)
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    told = {**stack.environment, **prefect_environment(stack.settings)}
    done = subprocess.run(command, cwd=ROOT, env=told, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert {"clock", "bad_review", "handover-calendar"} <= before.keys()
    assert deployed(stack) == before


def deployed(stack: RunningStack) -> dict[str, Any]:
    """Every deployment by name: what it runs, where, and when."""
    found = stack.prefect.call("POST", "/deployments/filter", {"limit": 200})
    return {
        each["name"]: (
            each["entrypoint"], each["work_pool_name"], each["work_queue_name"],
            sorted(str(one["schedule"].get("cron", "")) for one in each["schedules"]),
        )
        for each in found
    }  # fmt: skip
