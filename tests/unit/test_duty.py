"""Who works when: shifts past midnight, split shifts, cycles, leave, swaps, and handing over."""

from __future__ import annotations

import gc
import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from jieli.engine import day_plan, duty
from jieli.engine.calendar import Hours
from jieli.engine.context import Context
from jieli.engine.duty import ShiftChange
from jieli.engine.loader import load, read_directory
from jieli.engine.roster import RosterChange
from tests.story import DEFINITIONS, at

MONDAY = "2026-11-30"
SHOP = """
shop: 样例
roles:
  agent: {label: 客服, desk: desk}
  boss: {label: 主管}
hours:
  desk: {daily: ["08:00-25:00"]}
people:
  ann: {name: 安, roles: [agent]}
  bob: {name: 博, roles: [agent]}
  cat: {name: 彩, roles: [agent]}
  dan: {name: 丹, roles: [agent], works: {daily: ["09:00-18:00"], days: workdays}}
  eve: {name: 怡, roles: [boss]}
posts:
  desk: {label: 前台, role: agent, least: 1}
  pack: {label: 打包, role: agent, least: 1}
shifts:
  early: {label: 早班, hours: {daily: ["08:00-17:30"]}}
  late: {label: 晚班, hours: {daily: ["16:00-25:00"]}}
  split: {label: 两头班, hours: {daily: ["10:00-14:00", "17:30-23:00"]}}
  morning: {label: 上午班, hours: {daily: ["08:00-12:00"]}}
  office: {label: 行政班, hours: {daily: ["09:00-18:00"], days: workdays}}
roster:
  - {post: desk, from: 2026-11-30, weeks: WEEKS}
"""
EARLY_LATE = "{ann: early, bob: late}"


def shop(weeks: str = EARLY_LATE, more: str = "", least: int = 1) -> Context:
    """A shop whose desk is rostered like that."""
    text = SHOP.replace("WEEKS", weeks).replace("least: 1", f"least: {least}")
    return load({"shop.yaml": text + more}).context


def after(context: Context, *changes: dict[str, Any]) -> Context:
    """The shop after changes that cases made, in this order."""
    made = tuple(RosterChange.model_validate(each) for each in changes)
    return context.model_copy(update={"roster_changes": made})


def away(person: str, other: str | None = None, to: str = "2026-12-01") -> dict[str, Any]:
    """Leave from the first of December on."""
    return {"kind": "away", "person": person, "other": other, "from": "2026-12-01", "to": to}


def for_late(person: str) -> dict[str, Any]:
    """Somebody comes for the late shift of the first of December."""
    where = {"post": "desk", "shift": "late", "date": "2026-12-01"}
    return {"kind": "stand_in", "other": person, **where}


def there(context: Context, local: str) -> list[str]:
    """Who of the roster is at work at a local time; the others have no hours and always are."""
    planned = [who for who in ("ann", "bob", "cat") if day_plan.is_planned(context, who)]
    return [who for who in planned if context.on_shift(who, at(local))]


def week(context: Context, person: str, first: str = MONDAY, days: int = 7) -> list[str]:
    """The shifts of a person, one for each date."""
    begin = date.fromisoformat(first)
    found = []
    for day in day_plan.days_between(begin, date.fromordinal(begin.toordinal() + days - 1)):
        stints = day_plan.stints_of(context, person, [day])
        found.append("+".join(dict.fromkeys(str(each.shift) for each in stints)) or "-")
    return found


def changes(context: Context, first: str, last: str) -> list[ShiftChange]:
    return duty.shift_changes(context, at(first), at(last))


def the_change(context: Context, ends: str) -> ShiftChange:
    """The only change of shift at that local time."""
    found = [each for each in changes(context, "2026-11-30 00:00", "2026-12-28 00:00")
             if each.ends_at == at(ends)]  # fmt: skip
    assert len(found) == 1, found
    return found[0]


# ---- the rota ------------------------------------------------------------------------------------


def test_a_shift_past_midnight_belongs_to_the_day_it_begins_on() -> None:
    context = shop('{ann: "late late - - - - -"}')
    assert there(context, "2026-12-02 00:59") == ["ann"]
    assert there(context, "2026-12-02 01:00") == []
    assert there(context, "2026-11-30 00:30") == []
    assert duty.works_on(context, "ann", date(2026, 12, 2)) == []
    assert duty.works_on(context, "ann", date(2026, 12, 1)) == [
        (at("2026-12-01 16:00"), at("2026-12-02 01:00"))
    ]


def test_a_split_shift_is_off_in_between() -> None:
    context = shop("{ann: split}")
    moments = ["09:59", "10:00", "13:59", "14:00", "17:29", "17:30", "22:59", "23:00"]
    working = [bool(there(context, f"2026-12-01 {each}")) for each in moments]
    assert working == [False, True, True, False, False, True, True, False]


def test_a_cycle_of_three_weeks_comes_round_again() -> None:
    weeks = ["early early early early early early -", "split split split split split - split",
             "late late late late late late -"]  # fmt: skip
    context = shop(f"{{ann: {weeks}}}")
    assert [" ".join(week(context, "ann", day)) for day in ("2026-11-30", "2026-12-07", "2026-12-14")] == weeks
    assert week(context, "ann", "2026-12-21", 21) == week(context, "ann", days=21)


def test_each_person_has_a_cycle_of_their_own() -> None:
    context = shop('{ann: early, bob: ["late late late late late late -", "-"]}')
    assert week(context, "ann", days=14) == ["early"] * 14
    assert week(context, "bob", days=14) == ["late"] * 6 + ["-"] * 8


def test_a_rota_is_over_after_its_last_day_and_the_next_one_follows() -> None:
    more = "  - {post: desk, from: 2026-12-07, weeks: {ann: late}}\n"
    text = SHOP.replace("weeks: WEEKS", "to: 2026-12-06, weeks: {ann: early, bob: late}")
    context = load({"shop.yaml": text + more}).context
    assert week(context, "ann", "2026-12-05", 4) == ["early", "early", "late", "late"]
    assert week(context, "bob", "2026-12-05", 4) == ["late", "late", "-", "-"]


def test_public_holidays_count_only_where_they_are_written() -> None:
    # 2026-10-01 is the National Day, 2026-10-10 a Saturday that is worked instead.
    text = SHOP.replace("2026-11-30", "2026-09-28").replace("WEEKS", "{ann: early, bob: office}")
    context = load({"shop.yaml": text}).context
    assert week(context, "ann", "2026-10-01", 3) == ["early"] * 3
    assert week(context, "bob", "2026-10-01", 1) == ["-"]
    assert week(context, "bob", "2026-10-10", 1) == ["office"]


def test_who_is_in_no_rota_works_by_hours_or_always() -> None:
    context = shop()
    assert context.on_shift("dan", at("2026-12-01 09:00"))
    assert not context.on_shift("dan", at("2026-12-05 09:00"))
    assert context.on_shift("eve", at("2026-12-05 03:00"))
    assert duty.works_on(context, "dan", date(2026, 12, 5)) == []
    assert duty.works_on(context, "eve", date(2026, 12, 5)) == [
        (at("2026-12-05 00:00"), at("2026-12-06 00:00"))
    ]


def test_the_roster_counts_and_not_the_hours_beside_the_person() -> None:
    context = shop("{dan: late}")
    assert context.on_shift("dan", at("2026-12-05 17:00"))
    assert not context.on_shift("dan", at("2026-12-01 10:00"))


def test_several_people_share_a_shift_in_the_order_of_the_file() -> None:
    context = shop("{cat: early, ann: early, bob: late}")
    assert duty.people_of(context, "desk", "early", date(2026, 12, 1)) == ["ann", "cat"]
    assert duty.people_of(context, "pack", "early", date(2026, 12, 1)) == []


def test_somebody_who_left_is_not_at_work() -> None:
    context = shop()
    people = {**context.people, "ann": context.people["ann"].model_copy(update={"active": False})}
    context = context.model_copy(update={"people": people})
    assert there(context, "2026-12-01 09:00") == []
    assert duty.shifts_on(context, date(2026, 12, 1))[0].missing == ("ann",)


# ---- leave, swaps, stand-ins, longer shifts ------------------------------------------------------


def test_leave_in_the_file_takes_the_substitute() -> None:
    leave = "absences:\n  - {person: ann, from: 2026-12-01, to: 2026-12-02, substitute: cat}\n"
    context = shop(more=leave)
    assert week(context, "ann") == ["early", "-", "-", "early", "early", "early", "early"]
    assert there(context, "2026-12-01 09:00") == ["cat"]
    assert duty.people_of(context, "desk", "early", date(2026, 12, 2)) == ["cat"]


def test_leave_without_a_substitute_leaves_a_hole() -> None:
    context = after(shop(), away("ann"))
    assert there(context, "2026-12-01 09:00") == []
    early = duty.shifts_on(context, date(2026, 12, 1))[0]
    assert (early.shift, early.people, early.missing) == ("early", (), ("ann",))


def test_a_substitute_without_a_roster_keeps_their_own_hours() -> None:
    context = after(shop(), away("bob", "dan"))
    # 09:00-18:00 of their own and 16:00-25:00 of the one who is away.
    assert duty.works_on(context, "dan", date(2026, 12, 1)) == [
        (at("2026-12-01 09:00"), at("2026-12-02 01:00"))
    ]
    assert not context.on_shift("dan", at("2026-12-02 20:00"))


def test_who_works_by_hours_can_be_away_too() -> None:
    context = after(shop(), away("dan"))
    assert not context.on_shift("dan", at("2026-12-01 10:00"))
    assert context.on_shift("dan", at("2026-12-02 10:00"))


def test_two_swap_their_shifts() -> None:
    context = after(shop(), {"kind": "swap", "person": "ann", "other": "bob", "from": "2026-12-01"})
    assert week(context, "ann", days=3) == ["early", "late", "early"]
    assert week(context, "bob", days=3) == ["late", "early", "late"]


def test_a_swap_with_a_day_off_gives_the_day_off() -> None:
    context = shop('{ann: early, bob: "late - late late late late late"}')
    context = after(context, {"kind": "swap", "person": "ann", "other": "bob", "from": "2026-12-01"})
    assert (week(context, "ann", days=2)[1], week(context, "bob", days=2)[1]) == ("-", "early")


def test_after_a_swap_the_shift_is_the_others_own() -> None:
    swap = {"kind": "swap", "person": "ann", "other": "bob", "from": "2026-12-01"}
    context = after(shop(), swap, away("ann", "cat"))
    assert duty.people_of(context, "desk", "early", date(2026, 12, 1)) == ["bob"]
    assert duty.people_of(context, "desk", "late", date(2026, 12, 1)) == ["cat"]


def test_a_swap_with_somebody_of_fixed_hours_gives_those_hours() -> None:
    context = after(shop(), {"kind": "swap", "person": "ann", "other": "dan", "from": "2026-12-01"})
    assert duty.works_on(context, "ann", date(2026, 12, 1)) == [
        (at("2026-12-01 09:00"), at("2026-12-01 18:00"))
    ]
    assert duty.people_of(context, "desk", "early", date(2026, 12, 1)) == ["dan"]


def test_a_later_substitute_takes_the_place_of_an_earlier_one() -> None:
    context = after(
        shop(),
        away("ann", "cat"),
        {**away("ann", "dan"), "kind": "stand_in"},
    )
    assert duty.people_of(context, "desk", "early", date(2026, 12, 1)) == ["dan"]


def test_a_substitute_who_falls_ill_is_replaced() -> None:
    context = after(
        shop(),
        away("ann", "cat"),
        away("cat", "dan"),
    )
    assert duty.people_of(context, "desk", "early", date(2026, 12, 1)) == ["dan"]


def test_leave_that_is_made_longer_keeps_the_substitute_of_before() -> None:
    context = after(
        shop(),
        away("ann", "cat", to="2026-12-02"),
        {"kind": "away", "person": "ann", "from": "2026-12-02", "to": "2026-12-03"},
    )
    people = [duty.people_of(context, "desk", "early", date(2026, 12, day)) for day in (1, 2, 3)]
    assert people == [["cat"], ["cat"], []]


def test_somebody_comes_for_one_shift_in_addition() -> None:
    extra = for_late("cat")
    context = after(shop(), extra)
    assert duty.people_of(context, "desk", "late", date(2026, 12, 1)) == ["bob", "cat"]
    assert duty.people_of(context, "desk", "late", date(2026, 12, 2)) == ["bob"]


def test_who_comes_for_a_shift_fills_the_hole_in_it_first() -> None:
    context = after(
        shop(),
        away("bob"),
        for_late("cat"),
    )
    late = duty.shifts_on(context, date(2026, 12, 1))[1]
    assert (late.people, late.missing) == (("cat",), ())


def extended(until: str, **more: str) -> dict[str, str]:
    return {"kind": "extend", "post": "desk", "shift": "late", "date": "2026-12-01",
            "until": at(until).isoformat(), **more}  # fmt: skip


def test_a_shift_that_ends_later_keeps_its_people_there() -> None:
    context = after(shop(), extended("2026-12-02 01:30"))
    assert there(context, "2026-12-02 01:29") == ["bob"]
    assert there(context, "2026-12-02 01:30") == []
    assert there(context, "2026-12-03 01:10") == []
    assert duty.on_duty_until(context, "bob", at("2026-12-02 00:00")) == at("2026-12-02 01:30")


def test_the_last_word_on_the_end_of_a_shift_counts() -> None:
    context = after(shop(), extended("2026-12-02 02:00"), extended("2026-12-02 01:15"))
    assert the_change(context, "2026-12-02 01:15").outgoing == ("bob",)


def test_a_longer_shift_may_be_taken_back() -> None:
    context = after(shop(), extended("2026-12-02 02:00"), extended("2026-12-02 01:00"))
    assert there(context, "2026-12-02 01:00") == []


def test_a_shift_is_made_longer_by_a_day_at_most() -> None:
    context = after(shop(), extended("2026-12-09 01:00"))
    assert there(context, "2026-12-03 00:59") == ["bob"]
    assert there(after(shop("{ann: early}"), extended("2026-12-09 01:00", shift="early")),
                 "2026-12-02 17:29") == ["ann"]  # fmt: skip
    alone = after(shop('{bob: "- late - - - - -"}'), extended("2026-12-09 01:00"))
    assert there(alone, "2026-12-03 00:59") == ["bob"] and there(alone, "2026-12-03 01:00") == []


def test_only_one_of_two_stays_longer() -> None:
    context = after(shop("{bob: late, cat: late}"), extended("2026-12-02 01:30", person="cat"))
    assert there(context, "2026-12-02 01:10") == ["cat"]
    assert the_change(context, "2026-12-02 01:30").outgoing == ("bob", "cat")


def test_the_part_of_a_split_shift_that_is_over_by_then_is_extended() -> None:
    context = shop("{ann: split}")
    first = after(context, extended("2026-12-01 14:30", shift="split"))
    assert duty.works_on(first, "ann", date(2026, 12, 1))[0][1] == at("2026-12-01 14:30")
    second = after(context, extended("2026-12-01 23:30", shift="split"))
    assert [end for _, end in duty.works_on(second, "ann", date(2026, 12, 1))] == [
        at("2026-12-01 14:00"), at("2026-12-01 23:30"),
    ]  # fmt: skip


def test_an_extension_never_makes_a_shift_shorter_nor_runs_into_the_next_part() -> None:
    context = shop("{ann: split}")
    early = after(context, extended("2026-12-01 13:00", shift="split"))
    assert duty.works_on(early, "ann", date(2026, 12, 1)) == duty.works_on(context, "ann", date(2026, 12, 1))
    long = after(context, extended("2026-12-01 18:00", shift="split"))
    assert duty.works_on(long, "ann", date(2026, 12, 1)) == [
        (at("2026-12-01 10:00"), at("2026-12-01 23:00"))
    ]


# ---- when the next shift begins and this one ends ------------------------------------------------


@pytest.mark.parametrize(
    ("now", "starts"),
    [("2026-12-01 02:00", "2026-12-01 08:00"), ("2026-12-01 09:00", "2026-12-01 08:00")],
)
def test_the_next_shift_is_the_one_that_runs_or_begins_first(now: str, starts: str) -> None:
    assert duty.next_on_shift(shop(), ["ann", "bob"], at(now)) == at(starts)


def test_the_next_shift_jumps_over_leave() -> None:
    leave = {"kind": "away", "person": "ann", "from": "2026-12-02", "to": "2026-12-04"}
    context = after(shop(), leave)
    assert duty.next_on_shift(context, ["ann"], at("2026-12-01 18:00")) == at("2026-12-05 08:00")


def test_nobody_with_hours_has_no_next_shift() -> None:
    assert duty.next_on_shift(shop(), ["eve"], at("2026-12-01 18:00")) is None
    over = SHOP.replace("weeks: WEEKS", "to: 2026-12-06, weeks: {ann: early}")
    context = load({"shop.yaml": over}).context
    assert duty.next_on_shift(context, ["ann"], at("2026-12-06 18:00")) is None


def test_the_end_of_the_working_time_is_known_while_it_runs() -> None:
    context = shop("{ann: split}")
    assert duty.on_duty_until(context, "ann", at("2026-12-01 11:00")) == at("2026-12-01 14:00")
    assert duty.on_duty_until(context, "ann", at("2026-12-01 15:00")) is None
    assert duty.on_duty_until(context, "dan", at("2026-12-01 11:00")) == at("2026-12-01 18:00")
    assert duty.on_duty_until(context, "eve", at("2026-12-01 11:00")) is None


# ---- changes of shift ----------------------------------------------------------------------------


def test_an_overlapping_shift_is_handed_over_live_to_who_is_on_duty() -> None:
    change = the_change(shop(), "2026-12-01 17:30")
    assert (change.outgoing, change.incoming, change.on_duty) == (("ann",), ("bob",), ("bob",))
    assert (change.mode, change.next_shift, change.next_starts_at) == ("live", "late", at("2026-12-01 16:00"))
    assert change.key == "desk:early:2026-12-01:0"


def test_at_one_in_the_morning_it_is_left_for_who_begins_next() -> None:
    change = the_change(shop(), "2026-12-02 01:00")
    assert (change.date, change.shift, change.mode) == (date(2026, 12, 1), "late", "async")
    assert (change.outgoing, change.incoming, change.on_duty) == (("bob",), ("ann",), ())
    assert (change.next_shift, change.next_starts_at) == ("early", at("2026-12-02 08:00"))


def test_who_begins_at_the_very_end_takes_over_live_and_is_not_on_duty_before() -> None:
    text = SHOP.replace("WEEKS", "{ann: morning, bob: noon}").replace(
        "  office:", '  noon: {label: 中班, hours: {daily: ["12:00-20:00"]}}\n  office:'
    )
    context = load({"shop.yaml": text}).context
    change = the_change(context, "2026-12-01 12:00")
    assert (change.incoming, change.on_duty, change.mode) == (("bob",), (), "live")
    assert change.next_starts_at == at("2026-12-01 12:00")


def test_a_split_shift_is_handed_over_twice_and_comes_back() -> None:
    context = shop("{ann: split, dan: office}")
    first, day, second = changes(context, "2026-12-01 00:00", "2026-12-01 23:59")
    assert (first.ends_at, first.outgoing, first.incoming) == (at("2026-12-01 14:00"), ("ann",), ("dan",))
    # The same person is back at 17:30 and takes over from the day shift.
    assert (day.ends_at, day.outgoing, day.incoming) == (at("2026-12-01 18:00"), ("dan",), ("ann",))
    assert (second.part, second.outgoing, second.incoming) == (1, ("ann",), ("dan",))
    assert {first.key, second.key} == {"desk:split:2026-12-01:0", "desk:split:2026-12-01:1"}


def test_alone_at_the_post_one_is_ones_own_successor() -> None:
    change = the_change(shop("{ann: split}"), "2026-12-01 14:00")
    assert (change.outgoing, change.incoming, change.mode) == (("ann",), ("ann",), "async")
    assert change.next_starts_at == at("2026-12-01 17:30")


def test_somebody_else_comes_before_ones_own_return() -> None:
    change = the_change(shop("{ann: morning, bob: morning}"), "2026-12-01 12:00")
    assert set(change.outgoing) == set(change.incoming) == {"ann", "bob"}
    change = the_change(shop('{ann: morning, bob: "- - morning - - - -"}'), "2026-12-01 12:00")
    assert (change.outgoing, change.incoming) == (("ann",), ("bob",))


def test_who_goes_on_in_another_shift_is_not_incoming() -> None:
    double = for_late("ann")
    change = the_change(after(shop("{ann: early, cat: early, bob: late}"), double), "2026-12-01 17:30")
    assert (change.outgoing, change.incoming) == (("ann", "cat"), ("bob",))


def test_who_stays_alone_takes_over_from_who_leaves() -> None:
    change = the_change(after(shop("{ann: early, cat: early}"), for_late("ann")), "2026-12-01 17:30")
    assert (change.outgoing, change.incoming, change.mode) == (("cat",), ("ann",), "live")


def test_nothing_is_handed_over_when_everybody_stays() -> None:
    context = after(shop(), away("bob"), for_late("ann"))
    assert changes(context, "2026-12-01 12:00", "2026-12-01 23:00") == []
    assert the_change(context, "2026-12-02 01:00").outgoing == ("ann",)


def test_several_go_and_several_come() -> None:
    change = the_change(shop("{ann: early, dan: early, bob: late, cat: late}"), "2026-12-01 17:30")
    assert (change.outgoing, change.incoming) == (("ann", "dan"), ("bob", "cat"))


def test_nobody_takes_over_when_nobody_begins_within_a_day() -> None:
    context = shop('{ann: "early - - - - - -"}')
    change = the_change(context, "2026-11-30 17:30")
    assert (change.incoming, change.mode, change.next_shift, change.next_starts_at) == ((), "async", None, None)


def test_a_shift_that_nobody_worked_is_not_handed_over() -> None:
    context = after(shop(), away("ann"))
    ends = [each.ends_at for each in changes(context, "2026-12-01 02:00", "2026-12-02 02:00")]
    assert ends == [at("2026-12-02 01:00")]


def test_a_sick_successor_is_replaced_by_who_stands_in() -> None:
    sick = after(shop(), away("bob", "cat"))
    assert the_change(sick, "2026-12-01 17:30").incoming == ("cat",)


def test_a_longer_shift_moves_the_change_and_stays_the_same_change() -> None:
    context = shop()
    later = after(context, extended("2026-12-01 18:15", shift="early"))
    before, moved = the_change(context, "2026-12-01 17:30"), the_change(later, "2026-12-01 18:15")
    assert moved == replace(before, ends_at=at("2026-12-01 18:15"))
    assert moved.key == before.key


def test_posts_are_handed_over_apart() -> None:
    more = "  - {post: pack, from: 2026-11-30, weeks: {cat: early, dan: late}}\n"
    context = shop(more=more)
    found = changes(context, "2026-12-01 17:00", "2026-12-01 18:00")
    assert [(each.post, each.outgoing, each.incoming) for each in found] == [
        ("desk", ("ann",), ("bob",)), ("pack", ("cat",), ("dan",)),
    ]  # fmt: skip
    only = duty.shift_changes(context, at("2026-12-01 17:00"), at("2026-12-01 18:00"), ["pack"])
    assert [each.post for each in only] == ["pack"]


def test_a_change_exactly_at_the_bounds_counts_once() -> None:
    context, end = shop(), "2026-12-01 17:30"
    assert [each.ends_at for each in changes(context, "2026-12-01 12:00", end)] == [at(end)]
    assert changes(context, end, "2026-12-01 18:00") == []


def test_expressions_see_lists_and_plain_values() -> None:
    words = the_change(shop(), "2026-12-01 17:30").as_words()
    assert (words["outgoing"], words["incoming"], words["on_duty"]) == (["ann"], ["bob"], ["bob"])
    assert words["key"] == "desk:early:2026-12-01:0" and words["post_label"] == "前台"


# ---- too few people ------------------------------------------------------------------------------


def short(context: Context, day: str = "2026-12-01", last: str | None = None) -> list[tuple[str, ...]]:
    found = duty.coverage(context, date.fromisoformat(day), date.fromisoformat(last or day))
    return [(each.kind, each.shift or "") for each in found if each.post == "desk"]


def test_one_agent_where_two_are_asked_for_is_too_few() -> None:
    assert short(shop(least=2)) == [("few", "early"), ("few", "late")]
    assert short(shop("{ann: early, cat: early, bob: late, dan: late}", least=2)) == []


def test_a_shift_without_anybody_and_the_hours_without_anybody_are_told() -> None:
    context = after(shop(), away("ann"))
    nobody, gap = (e for e in duty.coverage(context, date(2026, 12, 1), date(2026, 12, 1)) if e.post == "desk")
    assert (nobody.kind, nobody.shift, nobody.missing) == ("nobody", "early", ("ann",))
    assert (gap.kind, gap.starts_at, gap.ends_at) == ("gap", at("2026-12-01 08:00"), at("2026-12-01 16:00"))


def test_a_shift_that_is_not_planned_that_day_lacks_nobody() -> None:
    context = shop('{ann: "early early early early early early -", bob: late}')
    assert short(context, "2026-12-06") == [("gap", "")]


def test_no_roster_any_more_is_a_gap() -> None:
    over = SHOP.replace("weeks: WEEKS", "to: 2026-12-06, weeks: {ann: early, bob: late}")
    context = load({"shop.yaml": over}).context
    assert short(context, "2026-12-06", "2026-12-07") == [("gap", "")]


def test_the_night_before_covers_the_first_hours() -> None:
    text = SHOP.replace("08:00-25:00", "00:00-24:00").replace("WEEKS", "{ann: early, bob: late}")
    context = load({"shop.yaml": text}).context
    found = [e for e in duty.coverage(context, date(2026, 12, 1), date(2026, 12, 1)) if e.post == "desk"]
    assert [(each.starts_at, each.ends_at) for each in found] == [
        (at("2026-12-01 01:00"), at("2026-12-01 08:00"))
    ]


# ---- the sample shop, and what is remembered -----------------------------------------------------


def sample(**changed: str) -> Context:
    """The sample shop alone, without its processes."""
    sources = read_directory(DEFINITIONS)
    files = {Path(name).name: text for name, text in sources.items() if "shop" in Path(name).parts}
    return load({**files, **changed}).context


def test_the_sample_shop_works_as_its_people_did_before_there_was_a_roster() -> None:
    context = sample()
    early, late = "08:00-17:30", "16:00-25:00"
    hours = {"li_na": early, "he_jing": early, "wang_fang": late, "ma_chao": late}
    for person, daily in hours.items():
        for day in day_plan.days_between(date(2026, 9, 28), date(2026, 10, 12)):
            wanted = day_plan.parts_of(Hours(daily=(daily,)), context.calendar, day)
            assert duty.works_on(context, person, day) == wanted
    assert duty.coverage(context, date(2026, 9, 28), date(2026, 10, 12)) == []


def test_the_examples_in_the_comments_of_the_sample_roster_are_right() -> None:
    written = (DEFINITIONS / "shop" / "roster.yaml").read_text("utf-8")
    # Taking the sign of the comment away is all an ops person does, and a last day for the old rota.
    text, lines = re.subn(r"^# (?=  |absences:)", "", written, flags=re.M)
    assert lines == 7
    text = text.replace("from: 2024-01-01", "from: 2024-01-01\n    to: 2026-11-29", 1)
    context = sample(**{"roster.yaml": text})
    assert len(context.roster) == 3 and len(context.absences) == 1
    assert week(context, "wang_fang", "2026-12-06", 1) == ["early"]
    assert week(context, "li_na", "2026-12-07", 7) == ["split"] * 6 + ["-"]


def test_what_was_worked_out_for_a_context_goes_with_it() -> None:
    gc.collect()
    before = len(day_plan._known)
    contexts = [shop() for _ in range(5)]
    assert all(there(each, "2026-12-01 09:00") == ["ann"] for each in contexts)
    assert len(day_plan._known) == before + 5
    del contexts
    gc.collect()
    assert len(day_plan._known) == before


def test_a_copy_with_changes_is_worked_out_anew() -> None:
    context = shop()
    assert there(context, "2026-12-01 09:00") == ["ann"]
    assert there(after(context, away("ann")), "2026-12-01 09:00") == []
    assert there(context, "2026-12-01 09:00") == ["ann"]


def test_a_time_without_a_zone_in_a_change_is_local() -> None:
    late = {**extended("2026-12-02 01:30"), "until": datetime(2026, 12, 2, 1, 45).isoformat()}
    assert there(after(shop(), late), "2026-12-02 01:44") == ["bob"]
