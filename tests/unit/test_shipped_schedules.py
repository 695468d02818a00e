"""The shipped schedules mean the times the documents ask for, in the week from 2026-11-16."""

from __future__ import annotations

from datetime import datetime

import pytest

from jieli.engine.occurrences import due_times, written_out
from tests.story import SHANGHAI, at, shipped

EVERY_DAY = ["周一", "周二", "周三", "周四", "周五", "周六", "周日"]
WEEK = {
    "review_query": [f"{day} {time}" for day in EVERY_DAY for time in ("09:00", "17:00")],
    "unpaid_reminder": [f"{day} 16:00" for day in EVERY_DAY],
    "cleaning": [f"{day} 16:00" for day in EVERY_DAY],
    "warehouse_day": [f"{day} 09:00" for day in EVERY_DAY],
    "morning_digest": [f"{day} 08:40" for day in EVERY_DAY],
    "shift_start": [f"{d} {t}" for d in EVERY_DAY for t in ("08:00", "08:30", "10:00", "16:00")],
    "weekly_records": ["周四 16:00"],
    "weekly_summary": ["周五 09:00"],
    "weekly_meeting": ["周一 09:00"],
    "rates_review": ["周一 10:00"],
}
MONTH = {
    "product_problems": ["11-01 09:30", "11-16 09:30"],
    "appraisal": ["11-02 09:00"],
    "monthly_awards": ["11-12 09:00"],
    "satisfaction_survey": ["11-10 10:00"],
    "carrier_review": ["11-05 10:00"],
    "promotion_staffing": ["11-20 10:00"],
    "handover_audit": ["11-01 09:00"],
}


def times(process: str, first: str, last: str) -> list[datetime]:
    """Every time of a process between two local times, local too."""
    processes, context, _ = shipped()
    words = processes[process]
    return [
        each.at.astimezone(SHANGHAI)
        for start in words.start
        if start.schedule
        for each in due_times(written_out(start.schedule, words.settings), context, at(first), at(last))
    ]


@pytest.mark.parametrize("process", WEEK)
def test_the_week_has_its_times(process: str) -> None:
    found = times(process, "2026-11-16 00:00", "2026-11-23 00:00")
    assert [f"{EVERY_DAY[each.weekday()]} {each:%H:%M}" for each in found] == WEEK[process]


@pytest.mark.parametrize("process", MONTH)
def test_the_month_has_its_times(process: str) -> None:
    found = times(process, "2026-11-01 00:00", "2026-12-01 00:00")
    assert [f"{each:%m-%d %H:%M}" for each in found] == MONTH[process]


def test_the_end_of_a_shift_is_asked_for_half_an_hour_before() -> None:
    found = times("shift_end", "2026-11-16 12:00", "2026-11-17 12:00")
    assert sorted({f"{each:%d %H:%M}" for each in found}) == ["16 17:00", "16 17:30", "17 00:30"]


def test_every_schedule_that_is_shipped_is_in_one_of_these_tables() -> None:
    processes, _, _ = shipped()
    scheduled = {name for name, words in processes.items() if any(s.schedule for s in words.start)}
    # By the change of a shift or by a sample; the handover's own tests have these.
    assert scheduled - WEEK.keys() - MONTH.keys() == {"shift_end", "handover", "spot_check"}
