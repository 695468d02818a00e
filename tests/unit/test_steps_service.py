"""Calls to other systems and cases of other processes: what their answers, or none, lead to."""

from __future__ import annotations

import pytest

from jieli.engine.errors import CaseClosed, WorkItemClosed
from jieli.engine.events import (
    CallAnswered,
    CallFailed,
    CallRetried,
    CaseCancelled,
    MakeCall,
    StartCase,
    SubCaseEnded,
)
from jieli.engine.steps.service import CallNotBlocked
from tests.story import Story
from tests.unit.toys import effects, outcomes, refused, toy

CALL = """
pay:
  call:
    url: "https://erp.example.com/{{ order_no }}"
    headers: {X-Shop: "{{ case.shop }}"}
    body: {order: "{{ order_no }}", lines: [{text: "{{ said }}"}]}
    timeout: patience
    save: {amount: response.amount, ship_at: response.at, said: "response.text or '没说'"}
  retry: {times: 2, first: 10s, longest: 1m}
  MORE
  go_to: paid
paid: {who: {role: after_sales}, buttons: {ok: {label: 好, go_to: finished}}}
by_hand: {who: {role: supervisor}, buttons: {ok: {label: 好, go_to: finished}}}
finished: {end: done}
"""
CHILD = """
help:
  sub_case: {process: child, data: {order_no: order_no}, wait: WAIT}
  results: {good: fine}
  go_to: look
fine:
  who: {role: after_sales}
  about: "{{ help.result }} {{ help.ref }}"
  buttons: {ok: {label: 好, go_to: finished}}
look: {who: {role: supervisor}, buttons: {ok: {label: 好, go_to: finished}}}
finished: {end: done}
"""
GOOD = {"amount": 12.5, "at": "2026-11-25 10:00", "text": "收到"}
SETTINGS = "{patience: {value: 20s, label: 最多等多久, source: ours}}"


def calling(on_unknown: str = "retry") -> Story:
    more = f"if_failed: by_hand\n  on_unknown: {on_unknown}"
    return toy(CALL.replace("MORE", more), settings=SETTINGS, said="你好")


def without_a_way_for_failing() -> Story:
    steps = CALL.replace("  MORE\n", "").replace("by_hand: ", "#")
    return toy(steps, settings=SETTINGS, said="你好")


def answer(story: Story, response: object, attempt: int = 1) -> Story:
    story.apply(CallAnswered(visit=story.open("pay").id, attempt=attempt, response=response))
    return story


def fail(story: Story, *, unknown: bool = False, attempt: int = 1) -> Story:
    visit = story.open("pay").id
    story.apply(CallFailed(visit=visit, attempt=attempt, reason="HTTP 500", unknown=unknown))
    return story


def test_a_call_is_asked_for_with_the_words_of_the_case_and_a_key_of_its_own() -> None:
    (call,) = effects(calling(), MakeCall)
    assert call.url == "https://erp.example.com/7" and call.headers == {"X-Shop": "样例旗舰店"}
    assert call.body == {"order": "7", "lines": [{"text": "你好"}]}
    assert (call.timeout_seconds, call.retry_first_seconds, call.retry_times) == (20, 10, 2)
    assert call.idempotency_key == "c1:pay.1"


def test_an_answer_is_saved_as_the_fields_keep_it_and_the_case_goes_on() -> None:
    story = answer(calling(), GOOD)
    assert story.waits_for == ["paid"] and story.state
    saved = {name: story.state.data[name] for name in ("amount", "ship_at", "said")}
    assert saved == {"amount": "12.50", "ship_at": "2026-11-25T02:00:00+00:00", "said": "收到"}


def test_the_same_answer_twice_counts_once() -> None:
    story = calling()
    visit = story.open("pay").id
    answer(story, GOOD)
    with pytest.raises(WorkItemClosed):
        refused(story, CallAnswered(visit=visit, attempt=1, response=GOOD))


def test_a_call_that_failed_takes_its_own_way() -> None:
    story = fail(calling())
    assert story.waits_for == ["by_hand"] and outcomes(story)["pay.1"] == "failed"


def test_without_a_way_for_it_a_failed_call_is_blocked_and_an_operator_has_it_made_again() -> None:
    story = fail(without_a_way_for_failing())
    assert story.open("pay").status == "blocked"
    story.apply(CallRetried(visit=story.open("pay").id, by="zhang_wei", reason="对方修好了"))
    first, second = effects(story, MakeCall)
    assert (first.attempt, second.attempt) == (1, 2)
    assert first.idempotency_key == second.idempotency_key, "the other side can tell"
    assert answer(story, GOOD, attempt=2).waits_for == ["paid"]


def test_only_a_blocked_call_can_be_made_again() -> None:
    story = calling()
    with pytest.raises(CallNotBlocked):
        refused(story, CallRetried(visit=story.open("pay").id, reason="急"))


def test_what_nobody_knows_never_takes_the_way_of_what_failed() -> None:
    story = fail(calling(), unknown=True)
    assert story.open("pay").status == "blocked"
    assert answer(story, GOOD).waits_for == ["paid"], "its answer may still come"


def test_an_answer_of_an_earlier_try_changes_nothing() -> None:
    story = fail(without_a_way_for_failing())
    visit = story.open("pay").id
    story.apply(CallRetried(visit=visit, reason="再试"))
    with pytest.raises(WorkItemClosed):
        refused(story, CallAnswered(visit=visit, attempt=1, response=GOOD))


@pytest.mark.parametrize(
    "response",
    [{}, None, {**GOOD, "amount": "很多"}, {**GOOD, "at": "明天"}, {**GOOD, "at": 5}],
)
def test_an_answer_that_cannot_be_read_is_a_failure(response: object) -> None:
    assert answer(calling(), response).waits_for == ["by_hand"]


def test_where_it_matters_an_answer_that_cannot_be_read_is_for_an_operator() -> None:
    story = answer(calling("ask"), {"amount": "很多"})
    assert story.open("pay").status == "blocked"
    assert story.state and story.state.data["said"] == "你好", "nothing of it was saved"


def test_an_answer_for_somebodys_work_item_is_no_answer_of_a_call() -> None:
    story = answer(calling(), GOOD)
    with pytest.raises(WorkItemClosed):
        refused(story, CallAnswered(visit=story.open("paid").id, attempt=0, response={}))


def child(wait: str = "yes") -> Story:
    steps = CHILD.replace("WAIT", wait)
    if wait == "no":
        begin, end = steps.index("fine:"), steps.index("look:")
        steps = (steps[:begin] + steps[end:]).replace("  results: {good: fine}\n", "")
    return toy(steps)


def ended(story: Story, result: str) -> Story:
    visit = story.visits[1].id
    story.apply(SubCaseEnded(visit=visit, case_id="c2", ref="A2", result=result))
    return story


def test_a_case_waits_for_the_case_it_started() -> None:
    story = child()
    (start,) = effects(story, StartCase)
    assert (start.process, start.data, start.wait) == ("child", {"order_no": "7"}, True)
    assert story.waits_for == ["help"]


def test_a_result_with_a_step_of_its_own_leads_there_and_is_known_to_expressions() -> None:
    story = ended(child(), "good")
    assert story.waits_for == ["fine"]
    assert story.messages("work_item")[-1].text.startswith("good A2")


@pytest.mark.parametrize("result", ["bad", "cancelled"])
def test_any_other_result_leads_to_the_usual_step(result: str) -> None:
    assert ended(child(), result).waits_for == ["look"]


def test_the_end_of_a_sub_case_counts_once() -> None:
    story = ended(child(), "good")
    with pytest.raises(WorkItemClosed):
        ended(story, "bad")
    assert story.waits_for == ["fine"]


def test_a_case_that_is_only_linked_is_not_waited_for() -> None:
    story = child("no")
    assert story.waits_for == ["look"]
    with pytest.raises(WorkItemClosed):
        ended(story, "good")


def test_a_case_that_was_cancelled_is_told_of_no_sub_case_any_more() -> None:
    story = child()
    story.apply(CaseCancelled(reason="买家撤诉"))
    with pytest.raises(CaseClosed):
        ended(story, "good")
