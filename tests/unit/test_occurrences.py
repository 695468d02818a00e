"""Which times a schedule means: by the clock, by the calendar, and where shifts change."""

from __future__ import annotations

import pytest

from jieli.engine.context import Context
from jieli.engine.definition import Setting
from jieli.engine.occurrences import (
    Occurrence,
    crons,
    due_times,
    parse_daily,
    parse_monthly,
    parse_weekly,
    written_out,
)
from jieli.engine.roster import RosterChange
from jieli.engine.schedules import Schedule
from tests.story import SHANGHAI, at
from tests.unit.test_duty import shop

NOBODY = Context(people={}, roles={}, hours={})


def schedule(**words: object) -> Schedule:
    return Schedule.model_validate(words)


def due(words: Schedule, first: str, last: str, context: Context = NOBODY) -> list[Occurrence]:
    return due_times(words, context, at(first), at(last))


def local(found: list[Occurrence]) -> list[str]:
    return [f"{each.at.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" for each in found]


# ---- the clock and the calendar ------------------------------------------------------------------


def test_daily_times_come_every_day_in_order() -> None:
    found = due(schedule(daily=["17:00", "09:00"]), "2026-11-20 12:00", "2026-11-22 00:00")
    assert local(found) == ["2026-11-20 17:00", "2026-11-21 09:00", "2026-11-21 17:00"]
    assert [each.date.isoformat() for each in found] == ["2026-11-20", "2026-11-21", "2026-11-21"]


def test_the_first_bound_is_out_and_the_last_is_in() -> None:
    words = schedule(daily="16:00")
    assert local(due(words, "2026-11-20 16:00", "2026-11-21 16:00")) == ["2026-11-21 16:00"]
    assert due(words, "2026-11-20 16:00", "2026-11-20 16:00") == []


def test_weekly_times_come_on_their_weekday() -> None:
    words = schedule(weekly=["fri 11:00", "sat 17:00"])
    found = due(words, "2026-11-20 11:00", "2026-11-28 18:00")
    assert local(found) == ["2026-11-21 17:00", "2026-11-27 11:00", "2026-11-28 17:00"]


def test_monthly_times_know_the_last_day_of_a_month() -> None:
    words = schedule(monthly=["1 09:00", "15 09:00", "last 18:00"])
    found = due(words, "2028-02-01 09:00", "2028-04-01 08:59")
    assert local(found) == [
        "2028-02-15 09:00", "2028-02-29 18:00", "2028-03-01 09:00", "2028-03-15 09:00",
        "2028-03-31 18:00",
    ]  # fmt: skip


def test_a_day_that_a_month_does_not_have_is_left_out() -> None:
    found = due(schedule(monthly="31 09:00"), "2026-09-30 00:00", "2026-12-01 00:00")
    assert local(found) == ["2026-10-31 09:00"]


def test_workdays_follow_the_calendar_with_its_make_up_days() -> None:
    # 2026-10-01 to 10-07 are holidays; Saturday 2026-10-10 is worked.
    found = due(schedule(daily="09:00", days="workdays"), "2026-09-30 00:00", "2026-10-12 00:00")
    assert local(found) == ["2026-09-30 09:00", "2026-10-08 09:00", "2026-10-09 09:00", "2026-10-10 09:00"]


def test_holidays_are_public_holidays_and_no_ordinary_weekend() -> None:
    words = schedule(daily="09:00", days="holidays")
    found = local(due(words, "2026-09-28 00:00", "2026-10-20 00:00"))
    assert found == [f"2026-10-0{day} 09:00" for day in range(1, 8)]


def test_a_time_has_the_same_key_in_every_look() -> None:
    words = schedule(daily="09:00")
    once = due(words, "2026-11-20 00:00", "2026-11-20 12:00")
    again = due(words, "2026-11-01 00:00", "2026-11-20 09:00")[-1:]
    assert [each.key for each in once] == [each.key for each in again] == ["2026-11-20T01:00:00+00:00"]


def test_two_words_for_one_time_mean_it_once() -> None:
    words = schedule(daily="11:00", weekly="fri 11:00")
    assert len(due(words, "2026-11-20 00:00", "2026-11-20 23:00")) == 1


# ---- changes of shift ----------------------------------------------------------------------------

CHANGE = schedule(shift_change={"before": "30m"})


def extended(context: Context, shift: str, day: str, until: str) -> Context:
    where = {"post": "desk", "shift": shift, "date": day}
    change = {"kind": "extend", **where, "until": at(until).isoformat()}
    return context.model_copy(update={"roster_changes": (RosterChange.model_validate(change),)})


def test_a_handover_begins_half_an_hour_before_each_end_of_a_shift() -> None:
    found = due(CHANGE, "2026-12-01 08:00", "2026-12-02 08:00", shop())
    assert local(found) == ["2026-12-01 17:00", "2026-12-02 00:30"]
    assert [each.key for each in found] == ["desk:early:2026-12-01:0", "desk:late:2026-12-01:0"]
    # The date is that of the start; the change says to which day the shift belongs.
    assert found[1].date.isoformat() == "2026-12-02"
    assert found[1].change and found[1].change.date.isoformat() == "2026-12-01"


def test_each_part_of_a_split_shift_is_handed_over() -> None:
    found = due(CHANGE, "2026-12-01 08:00", "2026-12-02 08:00", shop("{ann: split, dan: office}"))
    assert local(found) == ["2026-12-01 13:30", "2026-12-01 17:30", "2026-12-01 22:30"]
    assert len({each.key for each in found}) == 3


def test_a_shift_that_ends_later_is_the_same_change_at_a_later_time() -> None:
    context = shop()
    (before,) = due(CHANGE, "2026-12-01 12:00", "2026-12-01 18:00", context)
    later = extended(context, "early", "2026-12-01", "2026-12-01 18:00")
    (after,) = due(CHANGE, "2026-12-01 12:00", "2026-12-01 18:00", later)
    assert (after.key, local([after])) == (before.key, ["2026-12-01 17:30"])


def test_an_end_that_moves_after_it_was_looked_for_is_still_found() -> None:
    context = shop()
    assert due(CHANGE, "2026-12-01 12:00", "2026-12-01 16:59", context) == []
    later = extended(context, "early", "2026-12-01", "2026-12-01 18:00")
    found = due(CHANGE, "2026-12-01 16:59", "2026-12-01 17:30", later)
    assert [each.key for each in found] == ["desk:early:2026-12-01:0"]


def test_only_the_posts_that_are_named_change() -> None:
    more = "  - {post: pack, from: 2026-11-30, weeks: {cat: morning}}\n"
    words = schedule(shift_change={"posts": "pack", "before": "1h"})
    found = due(words, "2026-12-01 08:00", "2026-12-02 08:00", shop(more=more))
    assert local(found) == ["2026-12-01 11:00"]


def test_days_ask_for_the_day_of_the_shift() -> None:
    words = schedule(shift_change={}, days="workdays")
    # The late shift of Friday ends on Saturday.
    found = due(words, "2026-12-04 18:00", "2026-12-07 08:00", shop())
    assert [each.key for each in found] == ["desk:late:2026-12-04:0"]


def test_the_time_before_may_be_a_setting() -> None:
    words = schedule(shift_change={"before": "prepare"})
    settings = {"prepare": Setting(value="45m", label="提前", source="ours")}
    found = due(written_out(words, settings), "2026-12-01 08:00", "2026-12-01 18:00", shop())
    assert local(found) == ["2026-12-01 16:45"]
    assert written_out(CHANGE, settings) is CHANGE


# ---- how they are written ------------------------------------------------------------------------


def test_times_are_read() -> None:
    assert (parse_daily("9:05").hour, parse_daily("9:05").minute) == (9, 5)
    assert parse_weekly("fri 11:00") == (4, parse_daily("11:00"))
    assert parse_monthly("15 09:00") == (15, parse_daily("09:00"))
    assert parse_monthly("last 18:00") == (None, parse_daily("18:00"))


@pytest.mark.parametrize("text", ["24:00", "9", "09.00", "", "９:00", "09:60"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write it like"):
        parse_daily(text)


@pytest.mark.parametrize("text", ["friday 11:00", "fri", "fri 25:00", "11:00"])
def test_what_is_no_weekly_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write it like"):
        parse_weekly(text)


@pytest.mark.parametrize("text", ["0 09:00", "32 09:00", "first 09:00", "15", "² 09:00"])
def test_what_is_no_monthly_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write it like"):
        parse_monthly(text)


# ---- what wakes ----------------------------------------------------------------------------------


def test_cron_lines_say_the_same_times() -> None:
    words = schedule(daily=["09:00", "16:30"], weekly="fri 11:00", monthly=["15 09:00", "last 18:00"])
    assert crons(words, NOBODY) == [
        "0 9 * * *", "30 16 * * *", "0 11 * * fri", "0 9 15 * *", "0 18 28-31 * *",
    ]  # fmt: skip


def test_cron_lines_of_changes_stand_before_the_ends_of_the_shifts_in_use() -> None:
    # early 17:30, late 25:00 and both parts of split; nobody is rostered for the others.
    context = shop('{ann: early, bob: "late late late split split split -"}')
    assert crons(CHANGE, context) == ["30 0 * * *", "30 13 * * *", "0 17 * * *", "30 22 * * *"]
    assert crons(schedule(shift_change={"posts": "pack"}), context) == []
