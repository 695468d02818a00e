"""Calendars, opening hours and the arithmetic with them, in examples in Beijing time."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from jieli.engine.business_time import (
    LATEST,
    DueTime,
    Opening,
    add,
    end_of_day,
    next_opening,
    opening_after,
    opening_at,
    staffed_between,
)
from jieli.engine.calendar import DayKind, Hours, WorkCalendar, YearOverride

LIBRARY = WorkCalendar()
SHOP_2027 = WorkCalendar(
    years={
        2027: YearOverride(
            holidays=(date(2027, 1, 1), date(2027, 2, 8)), workdays=(date(2027, 1, 3),)
        )
    }
)
CALL_WINDOW = Hours(label="电话时段", daily=("09:30-10:30", "16:00-20:30"))
OFFICE = Hours(daily=("09:00-12:00", "13:00-18:00"), days="workdays")
NIGHT = Hours(daily=("22:00-06:00",))
ALWAYS = Hours(daily=("00:00-24:00",))
HOUR = timedelta(hours=1)


def beijing(text: str) -> datetime:
    """A Beijing time such as "2026-11-20 09:00", as the instant in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Asia/Shanghai")).astimezone(UTC)


def opening(start: str, end: str, *, guessed: bool = False) -> Opening:
    return Opening(beijing(start), beijing(end), guessed)


def due(
    start: str, hours: float, opening_hours: Hours | None, calendar: WorkCalendar = LIBRARY
) -> DueTime:
    return add(beijing(start), hours * HOUR, hours=opening_hours, calendar=calendar)


class TestTheReferenceVectors:
    """48 hours after the messages on the wall clock, then the next call window (BR-5, BR-7)."""

    @pytest.mark.parametrize(
        ("messages_done", "call_at"),
        [
            ("2026-11-20 09:00", "2026-11-22 09:30"),
            ("2026-11-20 09:45", "2026-11-22 09:45"),
            ("2026-11-20 10:31", "2026-11-22 16:00"),
            ("2026-11-20 15:10", "2026-11-22 16:00"),
            ("2026-11-20 16:20", "2026-11-22 16:20"),
            ("2026-11-20 22:00", "2026-11-23 09:30"),
            ("2026-12-30 22:00", "2027-01-02 09:30"),
        ],
    )
    def test_the_call_comes_48_hours_later_inside_the_call_window(
        self, messages_done: str, call_at: str
    ) -> None:
        waited = due(messages_done, 48, None).at
        window = next_opening(CALL_WINDOW, LIBRARY, waited)
        assert (max(waited, window.start), window.guessed) == (beijing(call_at), False)

    def test_a_holiday_policy_moves_the_call_over_new_year(self) -> None:
        """The library ends with 2026, so the answer is marked as a guess until ops enter 2027."""
        closed_on_holidays = CALL_WINDOW.model_copy(update={"holidays": "closed"})
        new_year = beijing("2027-01-01 08:00")
        assert next_opening(closed_on_holidays, LIBRARY, new_year) == opening(
            "2027-01-01 09:30", "2027-01-01 10:30", guessed=True
        )
        assert next_opening(closed_on_holidays, SHOP_2027, new_year) == opening(
            "2027-01-02 09:30", "2027-01-02 10:30"
        )


class TestTheCalendar:
    @pytest.mark.parametrize("day", ["01-04", "02-14", "02-28", "05-09", "09-20", "10-10"])
    def test_the_make_up_workdays_of_2026_are_workdays_although_on_a_weekend(
        self, day: str
    ) -> None:
        made_up = date.fromisoformat(f"2026-{day}")
        assert made_up.weekday() >= 5
        assert LIBRARY.day(made_up) == DayKind(workday=True, guessed=False)

    @pytest.mark.parametrize("day", range(1, 8))
    def test_the_national_day_week_is_a_holiday_its_weekend_included(self, day: int) -> None:
        assert LIBRARY.day(date(2026, 10, day)) == DayKind(
            workday=False, guessed=False, holiday=True
        )

    def test_an_ordinary_saturday_is_neither_a_workday_nor_a_holiday(self) -> None:
        assert LIBRARY.day(date(2026, 11, 21)) == DayKind(
            workday=False, guessed=False, holiday=False
        )

    @pytest.mark.parametrize(("day", "workday"), [(1, True), (2, False), (3, False), (4, True)])
    def test_2027_is_guessed_by_the_weekend_rule(self, day: int, workday: bool) -> None:
        assert LIBRARY.day(date(2027, 1, day)) == DayKind(workday=workday, guessed=True)

    def test_years_far_away_are_guessed_too(self) -> None:
        assert LIBRARY.day(date.min).guessed
        assert LIBRARY.day(date.max).guessed

    def test_an_override_makes_2027_known(self) -> None:
        assert SHOP_2027.day(date(2027, 1, 1)) == DayKind(
            workday=False, guessed=False, holiday=True
        )
        assert SHOP_2027.day(date(2027, 1, 3)) == DayKind(workday=True, guessed=False)
        assert SHOP_2027.day(date(2027, 1, 4)) == DayKind(workday=True, guessed=False)
        assert SHOP_2027.day(date(2027, 1, 9)) == DayKind(workday=False, guessed=False)

    def test_an_override_wins_over_the_library_for_the_days_it_names_only(self) -> None:
        anniversary = YearOverride(holidays=(date(2026, 11, 23),), workdays=(date(2026, 10, 1),))
        calendar = WorkCalendar(years={2026: anniversary})
        assert calendar.day(date(2026, 11, 23)).holiday
        assert calendar.day(date(2026, 10, 1)) == DayKind(workday=True, guessed=False)
        assert calendar.day(date(2026, 10, 2)).holiday

    def test_it_says_which_years_it_covers(self) -> None:
        assert [LIBRARY.covers(year) for year in (2003, 2004, 2026, 2027)] == [
            False,
            True,
            True,
            False,
        ]
        assert SHOP_2027.covers(2027)

    def test_an_override_that_names_no_day_covers_nothing(self) -> None:
        calendar = WorkCalendar(years={2027: YearOverride()})
        assert not calendar.covers(2027)
        assert calendar.day(date(2027, 1, 1)).guessed

    def test_it_reads_what_yaml_gives(self) -> None:
        raw = {
            "years": {
                2027: {"holidays": [date(2027, 1, 1), "2027-02-08"], "workdays": ["2027-01-03"]}
            }
        }
        assert WorkCalendar.model_validate(raw) == SHOP_2027

    @pytest.mark.parametrize(
        ("raw", "message"),
        [
            (
                {"timezone": "Asia/Peking"},
                'there is no timezone "Asia/Peking"; write it like "Asia/Shanghai"',
            ),
            ({"timezone": "../etc/passwd"}, "there is no timezone"),
            (
                {"years": {2027: {"holidays": ["2026-10-01"]}}},
                "2026-10-01 stands under 2027; move it to 2026",
            ),
            (
                {"years": {2027: {"holidays": ["2027-01-01"], "workdays": ["2027-01-01"]}}},
                "2027-01-01 is both a holiday and a workday",
            ),
            ({"year": {}}, "Extra inputs are not permitted"),
        ],
    )
    def test_a_mistake_is_refused_in_plain_words(self, raw: dict[str, Any], message: str) -> None:
        with pytest.raises(ValidationError, match=message):
            WorkCalendar.model_validate(raw)


class TestWritingOpeningHours:
    @pytest.mark.parametrize(
        ("daily", "message"),
        [
            (["9h-10h"], '"9h-10h" is not a time range; write it like "09:30-10:30"'),
            (["09:30–10:30"], "is not a time range"),  # the dash of a word processor
            (["09:60-10:30"], "is not a time range"),
            (
                ["09:00-09:00"],
                '"09:00-09:00" ends when it begins; write "00:00-24:00" for the whole day',
            ),
            (["24:00-00:00"], "ends when it begins"),
            (["09:00-49:00"], '"09:00-49:00" goes past 48:00, the end of the next day'),
            (["09:00-34:00"], '"09:00-34:00" is longer than 24 hours'),
            (["09:00-12:00", "11:00-13:00"], '"09:00-12:00" and "11:00-13:00" overlap'),
            (["09:00-12:00", "09:00-12:00"], "overlap"),
            (["22:00-06:00", "05:00-07:00"], '"22:00-06:00" and "05:00-07:00" overlap'),
            (["25:00-26:00", "01:30-03:00"], "overlap"),
            ([], "at least 1 item"),
        ],
    )
    def test_a_mistake_is_refused_in_plain_words(self, daily: list[str], message: str) -> None:
        with pytest.raises(ValidationError, match=message):
            Hours.model_validate({"daily": daily})

    def test_a_bad_range_is_reported_at_its_own_place(self) -> None:
        with pytest.raises(ValidationError) as caught:
            Hours.model_validate({"daily": ["09:00-10:00", "later"]})
        assert [error["loc"] for error in caught.value.errors()] == [("daily", 1)]

    @pytest.mark.parametrize("days", ["daily", ["monday"], []])
    def test_unknown_or_no_days_are_refused(self, days: object) -> None:
        with pytest.raises(ValidationError):
            Hours.model_validate({"daily": ["09:00-10:00"], "days": days})

    @pytest.mark.parametrize(
        "daily", [["09:00-12:00", "12:00-18:00"], ["22:00-30:00", "06:00-22:00"]]
    )
    def test_ranges_that_touch_do_not_overlap(self, daily: list[str]) -> None:
        assert Hours.model_validate({"daily": daily}).daily == tuple(daily)

    def test_a_night_shift_may_meet_a_morning_shift_on_days_that_never_follow_each_other(
        self,
    ) -> None:
        raw = {"daily": ["22:00-06:00", "05:00-07:00"], "days": ["mon", "wed"]}
        assert Hours.model_validate(raw).days == ("mon", "wed")
        with pytest.raises(ValidationError, match="overlap"):
            Hours.model_validate(raw | {"days": ["sun", "mon"]})

    @pytest.mark.parametrize("text", ["9:30-10:30", " 09:30 - 10:30 ", "09:30-10:30"])
    def test_spaces_and_a_missing_zero_do_no_harm(self, text: str) -> None:
        assert opening_at(Hours(daily=(text,)), LIBRARY, beijing("2026-11-20 09:30")) == opening(
            "2026-11-20 09:30", "2026-11-20 10:30"
        )

    def test_a_changed_copy_forgets_the_old_times(self) -> None:
        next_opening(CALL_WINDOW, LIBRARY, beijing("2026-11-20 08:00"))
        moved = CALL_WINDOW.model_copy(update={"daily": ("11:00-12:00",)})
        assert next_opening(moved, LIBRARY, beijing("2026-11-20 08:00")).start == beijing(
            "2026-11-20 11:00"
        )


class TestOpenings:
    MORNING = opening("2026-11-20 09:30", "2026-11-20 10:30")
    EVENING = opening("2026-11-20 16:00", "2026-11-20 20:30")

    def test_the_opening_time_is_inside_and_the_closing_time_outside(self) -> None:
        assert opening_at(CALL_WINDOW, LIBRARY, self.MORNING.start) == self.MORNING
        assert (
            opening_at(CALL_WINDOW, LIBRARY, self.MORNING.end - timedelta.resolution)
            == self.MORNING
        )
        assert opening_at(CALL_WINDOW, LIBRARY, self.MORNING.end) is None
        assert opening_at(CALL_WINDOW, LIBRARY, self.MORNING.start - timedelta.resolution) is None

    def test_the_next_opening_is_the_present_one_until_it_closes(self) -> None:
        assert (
            next_opening(CALL_WINDOW, LIBRARY, self.MORNING.end - timedelta.resolution)
            == self.MORNING
        )
        assert next_opening(CALL_WINDOW, LIBRARY, self.MORNING.end) == self.EVENING

    def test_the_opening_after_an_instant_may_start_at_it_but_not_before(self) -> None:
        assert opening_after(CALL_WINDOW, LIBRARY, self.MORNING.start) == self.MORNING
        assert (
            opening_after(CALL_WINDOW, LIBRARY, self.MORNING.start + timedelta.resolution)
            == self.EVENING
        )

    @pytest.mark.parametrize("daily", ["22:00-06:00", "22:00-30:00"])
    @pytest.mark.parametrize(
        "at", ["2026-11-20 22:00", "2026-11-20 23:59", "2026-11-21 00:00", "2026-11-21 05:59"]
    )
    def test_a_range_may_cross_midnight(self, daily: str, at: str) -> None:
        night = opening("2026-11-20 22:00", "2026-11-21 06:00")
        assert opening_at(Hours(daily=(daily,)), LIBRARY, beijing(at)) == night

    def test_one_in_the_morning_is_written_25_00(self) -> None:
        late = Hours(daily=("16:00-25:00",))
        assert opening_at(late, LIBRARY, beijing("2026-11-21 00:59")) == opening(
            "2026-11-20 16:00", "2026-11-21 01:00"
        )
        assert opening_at(late, LIBRARY, beijing("2026-11-21 01:00")) is None

    def test_a_night_belongs_to_the_day_it_began_on(self) -> None:
        """Friday's night shift runs into Saturday; Sunday has none."""
        weeknights = Hours(daily=("22:00-24:00", "24:30-26:00"), days=("fri",))
        assert opening_at(weeknights, LIBRARY, beijing("2026-11-21 01:00")) == opening(
            "2026-11-21 00:30", "2026-11-21 02:00"
        )
        assert opening_at(weeknights, LIBRARY, beijing("2026-11-20 01:00")) is None

    def test_workdays_include_make_up_days_and_leave_holidays_out(self) -> None:
        assert next_opening(OFFICE, LIBRARY, beijing("2026-09-30 18:00")).start == beijing(
            "2026-10-08 09:00"
        )
        assert next_opening(OFFICE, LIBRARY, beijing("2026-10-09 18:00")).start == beijing(
            "2026-10-10 09:00"
        )

    def test_weekdays_leave_make_up_days_out(self) -> None:
        weekdays = Hours(
            daily=("09:00-18:00",), days=("mon", "tue", "wed", "thu", "fri"), holidays="closed"
        )
        assert next_opening(weekdays, LIBRARY, beijing("2026-09-30 18:00")).start == beijing(
            "2026-10-08 09:00"
        )
        assert next_opening(weekdays, LIBRARY, beijing("2026-10-09 18:00")).start == beijing(
            "2026-10-12 09:00"
        )

    def test_a_desk_closed_on_holidays_still_opens_on_an_ordinary_weekend(self) -> None:
        desk = Hours(daily=("09:00-18:00",), holidays="closed")
        assert next_opening(desk, LIBRARY, beijing("2026-09-30 18:00")).start == beijing(
            "2026-10-08 09:00"
        )
        assert next_opening(desk, LIBRARY, beijing("2026-11-21 08:00")).start == beijing(
            "2026-11-21 09:00"
        )

    def test_it_says_when_it_had_to_guess(self) -> None:
        """1 January 2027 is a Friday, which the weekend rule takes for a workday."""
        new_years_eve = beijing("2026-12-31 18:00")
        assert next_opening(OFFICE, LIBRARY, new_years_eve) == opening(
            "2027-01-01 09:00", "2027-01-01 12:00", guessed=True
        )
        assert next_opening(OFFICE, SHOP_2027, new_years_eve) == opening(
            "2027-01-03 09:00", "2027-01-03 12:00"
        )

    def test_a_skipped_day_that_was_guessed_makes_the_answer_a_guess(self) -> None:
        """The weekend that ends 2028 might be made-up workdays; the Monday after it is known."""
        calendar = WorkCalendar(years={2029: YearOverride(workdays=(date(2029, 1, 1),))})
        monday = opening("2029-01-01 09:00", "2029-01-01 12:00")
        assert next_opening(OFFICE, calendar, beijing("2029-01-01 00:00")) == monday
        assert next_opening(OFFICE, calendar, beijing("2028-12-30 00:00")) == replace(
            monday, guessed=True
        )

    def test_hours_that_do_not_ask_the_calendar_are_never_a_guess(self) -> None:
        assert not next_opening(CALL_WINDOW, LIBRARY, beijing("2027-06-01 00:00")).guessed
        mondays = Hours(daily=("09:00-10:00",), days=("mon",))
        assert not next_opening(mondays, LIBRARY, beijing("2027-06-01 00:00")).guessed

    def test_hours_that_never_open_are_answered_with_now_and_a_guess(self) -> None:
        """Better now than never: a timer without a time would be a case that hangs."""
        calendar, hours = closed_for_good()
        at = beijing("2030-01-01 12:00")
        assert opening_at(hours, calendar, at) is None
        now = Opening(at, at + timedelta(days=1), guessed=True)
        assert next_opening(hours, calendar, at) == opening_after(hours, calendar, at) == now

    def test_the_hours_follow_the_clock_of_the_calendars_timezone(self) -> None:
        """New York leaves summer time on 1 November 2026."""
        new_york = WorkCalendar(timezone="America/New_York")
        hours = Hours(daily=("09:00-10:00",))
        starts = [
            next_opening(hours, new_york, datetime(2026, month, 1, tzinfo=UTC)).start.hour
            for month in (10, 12)
        ]
        assert starts == [13, 14]

    def test_an_hour_skipped_by_summer_time_does_not_open(self) -> None:
        new_york = WorkCalendar(timezone="America/New_York")
        hours = Hours(daily=("02:30-03:00",))
        assert next_opening(hours, new_york, datetime(2026, 3, 8, 5, tzinfo=UTC)).start == datetime(
            2026, 3, 9, 6, 30, tzinfo=UTC
        )


class TestAdding:
    @pytest.mark.parametrize(
        ("start", "hours", "expected"),
        [
            ("2026-11-20 09:00", 3, "2026-11-20 12:00"),  # at closing time, not after lunch
            ("2026-11-20 09:00", 4, "2026-11-20 14:00"),
            ("2026-11-20 12:30", 1, "2026-11-20 14:00"),
            ("2026-11-20 17:00", 2, "2026-11-23 10:00"),  # over the weekend
            ("2026-09-30 17:00", 2, "2026-10-08 10:00"),  # over the National Day week
            ("2026-10-09 17:00", 2, "2026-10-10 10:00"),  # into a make-up Saturday
            ("2026-11-21 12:00", 0, "2026-11-23 09:00"),  # nothing at all, begun while closed
            ("2026-11-20 10:00", 0, "2026-11-20 10:00"),
            ("2026-11-20 10:00", -1, "2026-11-20 09:00"),
            ("2026-11-23 10:00", -2, "2026-11-20 17:00"),
            ("2026-11-21 12:00", -8, "2026-11-20 09:00"),
        ],
    )
    def test_only_the_time_inside_the_hours_counts(
        self, start: str, hours: float, expected: str
    ) -> None:
        assert due(start, hours, OFFICE) == DueTime(beijing(expected), guessed=False)

    def test_without_hours_the_wall_clock_counts(self) -> None:
        assert due("2026-12-30 22:00", 48, None) == DueTime(
            beijing("2027-01-01 22:00"), guessed=False
        )
        assert due("2026-11-20 09:00", -0.5, None).at == beijing("2026-11-20 08:30")

    @pytest.mark.parametrize(
        "daily", [("00:00-24:00",), ("08:00-20:00", "20:00-32:00"), ("12:00-36:00",)]
    )
    @pytest.mark.parametrize("hours", [0, 0.25, 24, 48, 100, -30])
    def test_round_the_clock_is_the_wall_clock(self, daily: tuple[str, ...], hours: float) -> None:
        start = "2026-09-30 22:10"
        assert due(start, hours, Hours(daily=daily)) == due(start, hours, None)

    def test_a_night_shift_is_counted_through_midnight(self) -> None:
        assert due("2026-11-20 23:00", 3, NIGHT).at == beijing("2026-11-21 02:00")
        assert due("2026-11-21 05:00", 2, NIGHT).at == beijing("2026-11-21 23:00")

    def test_openings_that_touch_are_counted_through(self) -> None:
        assert due("2026-11-20 23:00", 26, ALWAYS).at == beijing("2026-11-22 01:00")

    def test_it_says_when_it_counted_or_skipped_a_guessed_day(self) -> None:
        assert due("2026-12-31 17:00", 1, OFFICE) == DueTime(
            beijing("2026-12-31 18:00"), guessed=False
        )
        assert due("2026-12-31 17:00", 2, OFFICE) == DueTime(
            beijing("2027-01-01 10:00"), guessed=True
        )
        assert due("2026-12-31 17:00", 2, OFFICE, SHOP_2027) == DueTime(
            beijing("2027-01-03 10:00"), guessed=False
        )
        assert due("2027-01-01 10:00", -2, OFFICE) == DueTime(
            beijing("2026-12-31 17:00"), guessed=True
        )

    def test_when_nothing_opens_any_more_the_rest_runs_on_the_wall_clock_as_a_guess(self) -> None:
        calendar, hours = closed_for_good()
        assert due("2030-01-01 12:00", 5, hours, calendar) == DueTime(
            beijing("2030-01-01 17:00"), guessed=True
        )
        assert due("2030-01-01 12:00", -5, hours, calendar) == DueTime(
            beijing("2030-01-01 07:00"), guessed=True
        )

    def test_the_wall_clock_takes_over_where_the_last_opening_ends(self) -> None:
        """31 December 2027 is the last open day; 1 January 2033 the first again."""
        calendar, hours = closed_for_good()
        assert due("2027-12-31 17:00", 3, hours, calendar) == DueTime(
            beijing("2027-12-31 20:00"), guessed=True
        )
        assert due("2033-01-01 10:00", -3, hours, calendar) == DueTime(
            beijing("2033-01-01 07:00"), guessed=True
        )

    @pytest.mark.parametrize("hours", [None, OFFICE, NIGHT])
    @pytest.mark.parametrize("start", [datetime.min, datetime(2026, 11, 20), datetime.max])
    @pytest.mark.parametrize("duration", [timedelta.min, -HOUR, HOUR, timedelta.max])
    def test_no_duration_and_no_start_is_too_far(
        self, start: datetime, duration: timedelta, hours: Hours | None
    ) -> None:
        answer = add(start.replace(tzinfo=UTC), duration, hours=hours, calendar=LIBRARY).at
        assert answer.astimezone(ZoneInfo("Asia/Shanghai"))
        assert answer.astimezone(ZoneInfo("America/New_York"))

    def test_a_duration_beyond_the_end_of_time_is_a_guess(self) -> None:
        assert due("2026-11-20 09:00", 1e8, None) == DueTime(LATEST, guessed=True)


class TestStaffedTime:
    def test_only_the_time_inside_the_hours_counts(self) -> None:
        start, end = beijing("2026-11-20 11:00"), beijing("2026-11-23 09:30")
        assert staffed_between(start, end, hours=OFFICE, calendar=LIBRARY) == 6.5 * HOUR
        assert staffed_between(end, start, hours=OFFICE, calendar=LIBRARY) == -6.5 * HOUR

    def test_without_hours_the_wall_clock_counts(self) -> None:
        start, end = beijing("2026-11-20 11:00"), beijing("2026-11-23 11:00")
        assert staffed_between(start, end, hours=None, calendar=LIBRARY) == 72 * HOUR


class TestTheEndOfTheDay:
    @pytest.mark.parametrize(
        ("at", "midnight"),
        [
            ("2026-11-20 00:00", "2026-11-21 00:00"),
            ("2026-11-20 07:59", "2026-11-21 00:00"),
            ("2026-11-20 23:59", "2026-11-21 00:00"),
            ("2026-12-31 12:00", "2027-01-01 00:00"),
        ],
    )
    def test_it_is_the_next_local_midnight(self, at: str, midnight: str) -> None:
        assert end_of_day(beijing(at), LIBRARY) == beijing(midnight)

    def test_the_last_day_there_is_has_an_end_too(self) -> None:
        assert end_of_day(datetime.max.replace(tzinfo=UTC), LIBRARY).year == 9999


class TestTheEdge:
    """Instants come in with a timezone and go out in UTC."""

    NAIVE = datetime(2026, 11, 20, 9)

    def test_a_time_without_a_timezone_is_refused(self) -> None:
        message = "2026-11-20T09:00:00 has no timezone"
        with pytest.raises(ValueError, match=message):
            opening_at(OFFICE, LIBRARY, self.NAIVE)
        with pytest.raises(ValueError, match=message):
            next_opening(OFFICE, LIBRARY, self.NAIVE)
        with pytest.raises(ValueError, match=message):
            opening_after(OFFICE, LIBRARY, self.NAIVE)
        with pytest.raises(ValueError, match=message):
            add(self.NAIVE, HOUR, hours=None, calendar=LIBRARY)
        with pytest.raises(ValueError, match=message):
            staffed_between(self.NAIVE, self.NAIVE, hours=OFFICE, calendar=LIBRARY)
        with pytest.raises(ValueError, match=message):
            end_of_day(self.NAIVE, LIBRARY)

    def test_another_timezone_is_understood_and_answered_in_utc(self) -> None:
        at = self.NAIVE.replace(tzinfo=ZoneInfo("Asia/Shanghai"))
        answer = add(at, HOUR, hours=OFFICE, calendar=LIBRARY).at
        assert (answer, answer.tzinfo) == (datetime(2026, 11, 20, 2, tzinfo=UTC), UTC)


def closed_for_good() -> tuple[WorkCalendar, Hours]:
    """A shop whose override makes every day from 2028 to 2032 a holiday."""
    days = [date(2028, 1, 1) + timedelta(days=number) for number in range(5 * 365 + 2)]
    years = {
        year: YearOverride(holidays=tuple(day for day in days if day.year == year))
        for year in range(2028, 2033)
    }
    return WorkCalendar(years=years), Hours(daily=("09:00-18:00",), holidays="closed")
