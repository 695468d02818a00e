"""The same flows on Prefect's own process worker: slower, and nothing else differs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.people import CHECKED
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
