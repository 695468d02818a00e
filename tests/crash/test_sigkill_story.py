"""The story of a bad review while every process is killed between its steps."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from tests.acceptance.people import CHECKED
from tests.acceptance.stack import RunningStack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(900)]

EVERYTHING = ("server", "worker", "web")


def test_the_story_goes_on_through_a_kill_of_everything_after_each_step(
    stack: RunningStack,
) -> None:
    stack.to(stack.local("10:00"))
    case = stack.start_case()
    killed(stack)
    stack.press(case, "check_chat", "contact", by="li_na", **CHECKED)
    killed(stack)
    stack.press(case, "leave_message", "sent", by="li_na", **{"f.text": "您好，非常抱歉"})
    stack.press(case, "sms", "sent", by="li_na")
    stack.later("48h")
    killed(stack)
    stack.press(case, "phone", "reached", by="li_na", **{"f.summary": "答应今天改"})
    stack.press(case, "result", "changed", **{"f.said": "改好了"})
    stack.later("3m")
    killed(stack)
    stack.press(case, "verify_change", "changed")
    stack.press(case, "archive", "archived", **{"f.process": "电话沟通后买家已修改"})
    killed(stack)

    stack.ended(case)
    assert stack.case(case).result == "changed"
    assert stack.transitions(case, "work_item_answered") == 7
    stack.check(case)
    ours = {message.reference for message in stack.page(case).messages}
    went = Counter(re.findall(r"\[outbox\] (M-\d+) ->", stack.logs("worker")))
    assert {went[message] for message in ours} <= {0, 1, 2}, "twice at most, when in flight"


def killed(stack: RunningStack) -> None:
    """All three at once, in the midst of what they do; then wait until they are back."""
    stack.kill9(*EVERYTHING)
    stack.well()
