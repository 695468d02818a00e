"""Every shipped schedule for a whole month: begins exactly the wished cases with the wished data."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

import pytest

from jieli.engine.case import CaseState
from jieli.engine.occurrences import due_times
from jieli.store import marks
from jieli.store.database import Database
from jieli.store.scheduling import start_due
from tests.contract.shipped import LIBRARY, begun, publish
from tests.story import SHANGHAI, at

# December 2026 begins on a Tuesday; the month is over at local midnight.
BEGIN, OVER = at("2026-12-01 00:00"), at("2027-01-01 00:00")
DAYS = 31
AGENTS = {"li_na", "wang_fang", "huang_li", "he_jing", "ma_chao"}

# Process -> how many cases, and at which local times they begin.
MONTH: dict[str, tuple[int, set[str]]] = {
    "review_query": (2 * DAYS, {"09:00", "17:00"}),
    "unpaid_reminder": (DAYS, {"16:00"}),
    "shift_start": (5 * DAYS, {"08:00", "08:30", "16:00"}),
    "shift_end": (5 * DAYS, {"17:00", "17:30", "00:30"}),
    "handover": (4 * DAYS, {"17:00", "00:30"}),
    "cleaning": (DAYS, {"16:00"}),
    "warehouse_day": (DAYS, {"09:00"}),
    "morning_digest": (DAYS, {"08:40"}),
    "weekly_summary": (4 * 5, {"Fri 09:00"}),
    "weekly_records": (5, {"Thu 16:00"}),
    "weekly_meeting": (4, {"Mon 09:00"}),
    "rates_review": (4, {"Mon 10:00"}),
    "product_problems": (2, {"01 09:30", "16 09:30"}),
    "appraisal": (5, {"02 09:00"}),
    "monthly_awards": (1, {"12 09:00"}),
    "promotion_staffing": (1, {"20 10:00"}),
    "satisfaction_survey": (1, {"10 10:00"}),
    "carrier_review": (1, {"05 10:00"}),
    "handover_audit": (1, {"01 09:00"}),
    "spot_check": (0, set()),  # nothing was closed that could be checked
}
# Process -> field -> what it holds in all cases of the month; times are local.
DATA: dict[str, dict[str, set[str]]] = {
    "review_query": {"round": {"morning", "evening"}},
    "shift_start": {"person": AGENTS},
    "shift_end": {"person": AGENTS, "shift": {"早班", "晚班", "白班"}},
    "warehouse_day": {"stop_at": {"17:00"}},
    "weekly_summary": {"person": AGENTS, "due_at": {"Sat 17:00"}},
    "weekly_records": {"hand_in_by": {"Fri 11:00"}, "compile_by": {"Fri 18:00"}},
    "weekly_meeting": {"meets_at": {"Mon 13:30"}, "since": {"Mon 09:00"}},
    "product_problems": {"since": {"15 09:30", "30 09:30"}},
    "appraisal": {"person": AGENTS, "month": {"2026-11"}},
    "monthly_awards": {"month": {"2026-11"}},
    "carrier_review": {"month": {"2026-11"}},
    "satisfaction_survey": {"month": {"2026-12"}},
    "promotion_staffing": {"from_day": {"2026-12-30"}, "to_day": {"2027-01-29"}},
}


@pytest.fixture(autouse=True)
def shop(database: Database) -> None:
    publish(database, BEGIN)


def scheduled() -> set[str]:
    return {name for name, each in LIBRARY.processes.items() if any(s.schedule for s in each.start)}


def all_times(process: str) -> list[datetime]:
    """Every moment of the month at which one of the process's schedules means something."""
    schedules = marks.schedules_of(LIBRARY.processes[process]).values()
    return sorted({each.at for s in schedules for each in due_times(s, LIBRARY.context, BEGIN, OVER)})


def troubles(database: Database) -> list[str]:
    with database.read() as connection:
        return [each.reason for each in marks.marks(connection) if each.reason]


def told(moment: datetime, like: str) -> str:
    """A moment in the way the table writes it: `17:00`, `Fri 11:00` or `16 09:30`."""
    local = moment.astimezone(SHANGHAI)
    if " " not in like:
        return f"{local:%H:%M}"
    return f"{local:%a %H:%M}" if like[0].isalpha() else f"{local:%d %H:%M}"


def held(case: CaseState, field: str, like: str) -> str:
    value = str(case.data[field])
    return told(datetime.fromisoformat(value), like) if "T" in value else value


def test_the_table_has_every_shipped_schedule() -> None:
    assert MONTH.keys() == scheduled()


def test_a_month_begins_exactly_the_wished_cases(database: Database) -> None:
    for process in MONTH:
        for now in all_times(process):
            start_due(database, process, now)
        assert start_due(database, process, OVER) == [], process
    assert troubles(database) == []
    for process, (count, at_times) in MONTH.items():
        found = begun(database, process)
        like = next(iter(at_times), "")
        assert len(found) == count, process
        assert {told(each.opened_at, like) for each in found} == at_times, process
        for field, values in DATA.get(process, {}).items():
            like = next(iter(values))
            assert {held(each, field, like) for each in found} == values, (process, field)
    whole = Counter(str(each.data["person"]) for each in begun(database, "shift_start"))
    assert whole == dict.fromkeys(AGENTS, DAYS), "one list a day, however the shifts overlap"


# After an outage from the first to Tuesday the 15th, 12:00.
LATEST = {
    "review_query": 1, "unpaid_reminder": 1, "shift_end": 2, "handover": 58, "weekly_summary": 5,
    "weekly_records": 1, "weekly_meeting": 1, "rates_review": 1, "product_problems": 1,
    "appraisal": 5, "monthly_awards": 1, "satisfaction_survey": 1, "carrier_review": 1,
    "handover_audit": 1, "promotion_staffing": 0, "spot_check": 0,
    "shift_start": 0, "cleaning": 0, "warehouse_day": 0, "morning_digest": 0,
}  # fmt: skip


def test_after_an_outage_only_what_is_still_of_use_is_begun(database: Database) -> None:
    back = at("2026-12-15 12:00")
    assert LATEST.keys() == scheduled()
    assert {each: len(start_due(database, each, back)) for each in LATEST} == LATEST
    assert troubles(database) == []


def test_who_is_asked_late_has_time_to_answer(database: Database) -> None:
    back = at("2026-12-15 12:00")
    for process in ("weekly_summary", "weekly_records"):
        start_due(database, process, back)
    (records,) = begun(database, "weekly_records")
    dues = [each.data["due_at"] for each in begun(database, "weekly_summary")]
    dues += [records.data["hand_in_by"], records.data["compile_by"]]
    assert all(datetime.fromisoformat(each) > back for each in dues)
