"""Parallel paths: where they meet, what becomes of those that come too late, paths in paths."""

from __future__ import annotations

import pytest

from jieli.engine.errors import DefinitionError, WorkItemClosed
from jieli.engine.events import (
    AnswerTakenBack,
    BlockContact,
    CallAnswered,
    ContactBlocked,
    SignalReceived,
    WorkItemAnswered,
)
from tests.story import Story
from tests.unit.toys import outcomes, refused, toy

THREE = """
split: {parallel: [pack, invoice, gift], join: meet}
pack: {who: {role: after_sales}, finish_within: 1h, buttons: {ok: {label: 好, go_to: meet}}}
invoice: {who: {role: after_sales}, buttons: {ok: {label: 好, go_to: post}}}
post: {who: {role: after_sales}, buttons: {ok: {label: 好, go_to: meet}}}
gift: {wait: 2d, time_up: meet}
meet: {needs: NEEDS, go_to: send}
send: {who: {role: after_sales}, buttons: {ok: {label: 好, go_to: finished}}}
finished: {end: done}
"""
NESTED = """
outer: {parallel: [inner, alone], join: outside}
inner: {parallel: [left, right], join: inside}
left: {who: {role: after_sales}, buttons: {ok: {label: 好, go_to: inside}}}
right:
  who: {role: after_sales}
  buttons: {ok: {label: 好, go_to: inside}, back: {label: 重来, go_to: right}}
inside: {needs: all, go_to: after_inside}
after_inside: {who: {role: after_sales}, buttons: {ok: {label: 好, go_to: outside}}}
alone: {who: {role: after_sales}, buttons: {ok: {label: 好, go_to: outside}}}
outside: {needs: OUTSIDE, go_to: last}
last:
  who: {role: after_sales}
  buttons: {ok: {label: 好, go_to: finished}, again: {label: 再来, go_to: outer}}
finished: {end: done}
"""
CONTACT = """
split: {parallel: [phone, check], join: meet}
phone:
  who: {role: after_sales}
  contacts_buyer: yes
  take_back: 3m
  buttons: {ok: {label: 好, go_to: write}}
write: {who: {role: after_sales}, contacts_buyer: yes, buttons: {ok: {label: 好, go_to: meet}}}
no_contact: {who: {role: supervisor}, buttons: {ok: {label: 知道了, go_to: meet}}}
check:
  who: {role: after_sales}
  buttons: {ok: {label: 好, go_to: meet}, leave: {label: 别再联系, block_contact: yes, go_to: meet}}
meet: {needs: all, go_to: finished}
finished: {end: done}
"""


def three(needs: str) -> Story:
    return toy(THREE.replace("NEEDS", needs))


def nested(outside: str = "all") -> Story:
    return toy(NESTED.replace("OUTSIDE", outside))


def test_every_path_begins_at_once() -> None:
    assert three("all").waits_for == ["pack", "invoice", "gift"]


def test_all_waits_for_the_last_path() -> None:
    story = three("all").press("pack", "ok").press("invoice", "ok").press("post", "ok")
    assert story.waits_for == ["gift"]
    assert story.wait("2d").waits_for == ["send"]


def test_any_goes_on_with_the_first_and_takes_the_others_away() -> None:
    story = three("any").press("invoice", "ok").press("post", "ok")
    assert story.waits_for == ["send"]
    assert outcomes(story) | {"pack.1": "overtaken", "gift.1": "overtaken"} == outcomes(story)
    assert story.state and not story.state.timers and not story.state.joins


def test_a_number_waits_for_so_many_paths() -> None:
    story = three("2").press("pack", "ok")
    assert story.waits_for == ["invoice", "gift"]
    assert story.press("invoice", "ok").press("post", "ok").waits_for == ["send"]
    assert outcomes(story)["gift.1"] == "overtaken"


def test_an_answer_to_a_path_that_was_overtaken_changes_nothing() -> None:
    story = three("any")
    late = story.open("pack")
    story.press("invoice", "ok").press("post", "ok")
    with pytest.raises(WorkItemClosed):
        refused(story, WorkItemAnswered(visit=late.id, button="ok", by="li_na"))


def test_paths_that_never_wait_meet_in_the_same_moment_and_only_once() -> None:
    steps = """
    split: {parallel: [one, two], join: meet}
    one: {notify: {to: {role: supervisor}, title: 一}, go_to: meet}
    two: {notify: {to: {role: supervisor}, title: 二}, go_to: meet}
    meet: {needs: any, go_to: send}
    send: {who: {role: after_sales}, buttons: {ok: {label: 好, go_to: finished}}}
    finished: {end: done}
    """
    story = toy(steps)
    assert story.path == ["split", "one", "two", "meet", "send"]
    assert story.waits_for == ["send"]


def test_paths_inside_a_path_meet_before_the_outer_ones() -> None:
    story = nested().press("alone", "ok").press("left", "ok")
    assert story.waits_for == ["right"]
    story.press("right", "back").press("right", "ok")
    assert story.waits_for == ["after_inside"]
    assert story.press("after_inside", "ok").waits_for == ["last"]


def test_an_outer_any_takes_the_inner_paths_away_whole() -> None:
    story = nested("any").press("left", "ok").press("alone", "ok")
    assert story.waits_for == ["last"] and outcomes(story)["right.1"] == "overtaken"
    assert story.state and story.state.joins == {}, "the inner fork is forgotten"


def test_a_second_round_through_the_same_paths_begins_anew() -> None:
    story = nested("any").press("alone", "ok").press("last", "again")
    assert sorted(story.waits_for) == ["alone", "left", "right"]
    story.press("left", "ok").press("right", "ok").press("after_inside", "ok")
    assert story.waits_for == ["last"]


def test_one_event_ends_the_waits_for_it_on_several_paths() -> None:
    steps = """
    split: {parallel: [one, two], join: meet}
    one: {wait: {event: paid}, happened: meet}
    two: {wait: {event: paid}, happened: meet}
    meet: {needs: all, go_to: finished}
    finished: {end: done}
    """
    story = toy(steps)
    story.apply(SignalReceived(name="paid", data={"order": "7"}))
    assert story.state and story.state.status == "completed"
    assert {key: outcome for key, outcome in outcomes(story).items() if key in ("one.1", "two.1")} == {
        "one.1": "happened", "two.1": "happened",
    }  # fmt: skip


def test_the_answer_of_a_call_on_a_path_that_was_overtaken_changes_nothing() -> None:
    steps = """
    split: {parallel: [ask, quick], join: meet}
    ask: {call: {url: "https://erp.example.com", save: {said: response.text}}, go_to: meet}
    quick: {who: {role: after_sales}, buttons: {ok: {label: 好, go_to: meet}}}
    meet: {needs: any, go_to: send}
    send: {who: {role: after_sales}, buttons: {ok: {label: 好, go_to: finished}}}
    finished: {end: done}
    """
    story = toy(steps)
    call = story.open("ask")
    story.press("quick", "ok")
    with pytest.raises(WorkItemClosed):
        refused(story, CallAnswered(visit=call.id, attempt=1, response={"text": "迟了"}))


def contact() -> Story:
    return toy(CONTACT, contact_blocked="no_contact")


def test_a_wish_not_to_be_contacted_reaches_the_step_on_another_path() -> None:
    story = contact().press("check", "leave")
    assert story.waits_for == ["no_contact"] and outcomes(story)["phone.1"] == "contact_blocked"
    assert [e.buyer for e in story.effects if isinstance(e, BlockContact)] == ["买家 7"]
    story.press("no_contact", "ok", by="zhang_wei")
    assert story.state and story.state.status == "completed", "the path goes on to its join"


def test_a_wish_told_in_another_case_leaves_the_other_paths_alone_and_is_not_passed_on() -> None:
    story = contact()
    story.apply(ContactBlocked())
    assert sorted(story.waits_for) == ["check", "no_contact"]
    assert not [effect for effect in story.effects if isinstance(effect, BlockContact)]


def test_a_step_that_would_contact_a_blocked_buyer_is_never_opened() -> None:
    story = contact().press("phone", "ok")
    story.apply(ContactBlocked())
    story.wait("3m")
    assert "write" not in story.path and "no_contact" in story.waits_for


def test_an_answer_of_before_the_wish_counts_and_cannot_be_taken_back() -> None:
    story = contact().press("phone", "ok")
    story.apply(ContactBlocked())
    assert story.open("phone").status == "held"
    with pytest.raises(WorkItemClosed):
        refused(story, AnswerTakenBack(visit=story.open("phone").id, by="li_na"))
    assert outcomes(story.wait("3m"))["phone.1"] == "ok"


def test_a_path_may_go_round_until_the_others_have_met() -> None:
    steps = """
fork: {parallel: [work, again], join: meet}
work: {who: {role: supervisor}, buttons: {ok: {label: 好, go_to: meet}}}
again: {wait: 1d, time_up: tell}
tell: {who: {role: after_sales}, buttons: {ok: {label: 已告知, go_to: again}}}
meet: {needs: any, go_to: finished}
finished: {end: done}
"""
    story = toy(steps).wait("1d").press("tell", "ok").wait("1d")
    assert story.waits_for == ["work", "tell"]
    assert story.press("work", "ok", by="zhang_wei").state and story.state
    assert story.state.status == "completed"
    with pytest.raises(DefinitionError, match="again"):
        toy(steps.replace("needs: any", "needs: all"))
