"""Cases that the calendar begins: each once, also after an outage, and one failure harms no other."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, select

from jieli.engine.calendar import Hours
from jieli.engine.context import Context, Person, Role
from jieli.engine.definition import FieldWords
from jieli.engine.imports import ImportedList
from jieli.engine.roster import Post, Rota, Shift
from jieli.store import imports, items, marks
from jieli.store.database import Database
from jieli.store.scheduling import late_processes, start_due
from jieli.store.tables import cases
from jieli.store.times import advance_clock
from tests.contract.shop import CONTEXT, NOW, TOY, press, publish, start

# NOW is Friday 2026-11-20 09:00 in Shanghai, the moment of publishing.
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AT_TEN = NOW + HOUR


def daily(schedule: str, *, fields: str = "", process: str = "daily") -> str:
    """A process with one step that the calendar starts."""
    return f"""
process: {process}
title: 每日
case:
  key: [what]
  title: "{{{{ what }}}} {{{{ who or '' }}}}"
  fields:
    what: {{label: 日期, required: yes}}
    who: {{label: 谁}}
{fields}
start:
  - form: {{role: agent}}
  - schedule:
{schedule}
steps:
  look:
    title: 看一看
    who: [{{role: agent}}]
    buttons:
      ok: {{label: 好, go_to: finished}}
  finished: {{end: ok}}
ends: {{ok: 完成}}
"""


AT_TEN_DAILY = """
      daily: "10:00"
      data: {what: occurrence | string}
"""
FOR_EACH_AGENT = """
      daily: "10:00"
      each: {people: agent}
      data: {what: "(date | string) ~ item", who: item}
"""


def opened(database: Database, process: str = "daily") -> list[str]:
    """The titles of all cases the process has."""
    titles = select(cases.c.title).where(cases.c.process == process).order_by(cases.c.ref)
    with database.read() as connection:
        return [title.strip() for title in connection.scalars(titles)]


def test_nothing_is_begun_before_its_time(database: Database) -> None:
    publish(database, daily(AT_TEN_DAILY))
    assert start_due(database, "daily", NOW) == []
    assert start_due(database, "daily", AT_TEN - timedelta(seconds=1)) == []
    assert len(start_due(database, "daily", AT_TEN)) == 1


def test_an_occurrence_is_begun_once_however_often_it_is_asked(database: Database) -> None:
    publish(database, daily(AT_TEN_DAILY))
    (case_id,) = start_due(database, "daily", AT_TEN)
    press(database, case_id, "ok", now=AT_TEN)
    assert start_due(database, "daily", AT_TEN) == []
    assert start_due(database, "daily", AT_TEN + HOUR) == []
    assert len(start_due(database, "daily", AT_TEN + DAY)) == 1
    assert len(opened(database)) == 2


def test_two_processes_asking_at_once_begin_it_once(database: Database, second: Database) -> None:
    publish(database, daily(AT_TEN_DAILY))
    with database.read() as connection:
        (before,) = marks.marks(connection, "daily")
    first = start_due(database, "daily", AT_TEN)
    # The other one had read the mark before the first wrote it.
    with second.write() as connection:
        marks.reach(connection, before, NOW, NOW, done=False, reason=None, at=NOW)
        connection.execute(marks.table.update().values(reached=before.reached, next_at=None))
    assert start_due(second, "daily", AT_TEN) == []
    assert len(first) == len(opened(database)) == 1


@pytest.mark.parametrize(("catch_up", "begun"), [("all", 3), ("latest", 1), ("skip", 0)])
def test_what_was_missed_is_caught_up_as_the_schedule_says(
    database: Database, catch_up: str, begun: int
) -> None:
    publish(database, daily(f"{AT_TEN_DAILY}      catch_up: {catch_up}\n"))
    assert len(start_due(database, "daily", AT_TEN + 2 * DAY + HOUR)) == begun


def test_skip_still_begins_what_is_a_little_late(database: Database) -> None:
    publish(database, daily(f"{AT_TEN_DAILY}      catch_up: skip\n"))
    assert len(start_due(database, "daily", AT_TEN + timedelta(minutes=9))) == 1


def test_one_case_for_everybody_of_a_role(database: Database) -> None:
    publish(database, daily(FOR_EACH_AGENT))
    assert len(start_due(database, "daily", AT_TEN)) == 2
    assert {title.split()[-1] for title in opened(database)} == {"li_na", "wang_fang"}


def test_one_that_cannot_be_begun_harms_no_other_and_is_told(database: Database) -> None:
    publish(
        database,
        daily("""
      daily: "10:00"
      each: {people: agent}
      data: {what: "item if item != 'li_na' else none"}
"""),
    )  # fmt: skip
    assert len(start_due(database, "daily", AT_TEN)) == 1
    with database.read() as connection:
        (mark,) = marks.marks(connection, "daily")
        told = [each for each in items.troubles(connection) if each.kind == "schedule"]
    assert mark.reason is not None and "李娜" in mark.reason and "what" in mark.reason
    assert [(each.ref, each.about) for each in told] == [("daily", mark.reason)]
    assert start_due(database, "daily", AT_TEN + HOUR) == []  # not tried again
    assert opened(database) == ["wang_fang"]


def test_words_that_cannot_be_worked_out_are_told_and_the_next_time_comes(
    database: Database,
) -> None:
    publish(
        database,
        daily("""
      daily: "10:00"
      each: {of: "1 // 0"}
      data: {what: item}
"""),
    )  # fmt: skip
    assert start_due(database, "daily", AT_TEN) == []
    with database.read() as connection:
        (mark,) = marks.marks(connection, "daily")
    assert mark.reason and mark.reached == AT_TEN and mark.next_at == AT_TEN + DAY


def test_a_new_success_takes_the_trouble_away(database: Database) -> None:
    publish(
        database,
        daily("""
      daily: "10:00"
      data: {what: "none if date.day == 20 else 'x'"}
"""),
    )  # fmt: skip
    start_due(database, "daily", AT_TEN)
    with database.read() as connection:
        assert marks.marks(connection)[0].reason
    assert len(start_due(database, "daily", AT_TEN + DAY)) == 1
    with database.read() as connection:
        assert marks.marks(connection)[0].reason is None


# ---- samples and rows ------------------------------------------------------------------------


SAMPLED = """
      daily: "10:00"
      each: {sample: {process: toy, count: 3, closed_within: 1d}}
      data: {what: item.ref, who: item.title}
"""


def closed_cases(database: Database, count: int) -> None:
    for number in range(count):
        case = start(database, str(number))
        press(database, case.case_id, "done")
        press(database, case.case_id, "ok")


def test_a_sample_is_the_same_however_often_it_is_drawn(database: Database) -> None:
    publish(database, TOY, daily(SAMPLED))
    closed_cases(database, 10)
    start(database, "open")
    assert len(start_due(database, "daily", AT_TEN)) == 3
    first = set(opened(database))
    with database.write() as connection:
        connection.execute(marks.table.update().values(reached=NOW, next_at=None))
    assert start_due(database, "daily", AT_TEN) == []
    assert set(opened(database)) == first


def test_a_sample_of_fewer_takes_them_all(database: Database) -> None:
    publish(database, TOY, daily(SAMPLED))
    closed_cases(database, 2)
    assert len(start_due(database, "daily", AT_TEN)) == 2
    # Two days later nothing was closed the day before.
    assert start_due(database, "daily", AT_TEN + 2 * DAY) == []


def test_a_sample_takes_its_numbers_from_the_settings(database: Database) -> None:
    words = daily(SAMPLED.replace("count: 3", "count: few").replace("1d", "lately"))
    settings = "settings:\n  few: {value: 2, label: 几份, source: ours}\n"
    settings += "  lately: {value: 1d, label: 多久, source: ours}\ncase:"
    publish(database, TOY, words.replace("case:", settings, 1))
    closed_cases(database, 4)
    assert len(start_due(database, "daily", AT_TEN)) == 2


UNPAID = ImportedList(
    label="未付款订单", key=("order",),
    columns={"order": FieldWords(label="订单号"), "due": FieldWords(label="时间", type="datetime")},
)  # fmt: skip
FOR_EACH_ROW = """
      daily: "10:00"
      each: {rows: unpaid}
      data: {what: item.key, who: item.order}
"""


def test_one_case_for_each_row_without_a_mark(database: Database) -> None:
    context = CONTEXT.model_copy(update={"imports": {"unpaid": UNPAID}})
    publish(database, daily(FOR_EACH_ROW), context=context)
    with database.write() as connection:
        imports.write(connection, "unpaid", UNPAID, [{"order": "A"}, {"order": "B"}], NOW)
        connection.execute(
            imports.table.update().where(imports.table.c.key == "A").values(mark="催过")
        )
    start_due(database, "daily", AT_TEN)
    assert opened(database) == ["B B"]


def test_a_list_that_is_gone_is_told(database: Database) -> None:
    publish(database, daily(FOR_EACH_ROW))
    assert start_due(database, "daily", AT_TEN) == []
    with database.read() as connection:
        assert "unpaid" in str(marks.marks(connection)[0].reason)


# ---- changes of shift -------------------------------------------------------------------------


HANDOVER = daily(
    """
      shift_change: {before: 30m}
      data: {what: change.key, who: "change.outgoing | join(' ')"}
""",
    process="handover",
)
ROSTERED = Context(
    people={
        "li_na": Person(name="李娜", roles=("agent",)),
        "wang_fang": Person(name="王芳", roles=("agent",)),
    },
    roles={"agent": Role(label="客服")},
    hours={},
    posts={"desk": Post(label="售后", role="agent", least=1)},
    shifts={
        "early": Shift(label="早班", hours=Hours(daily=("08:00-16:00",))),
        "late": Shift(label="晚班", hours=Hours(daily=("16:00-24:00",))),
    },
    roster=(
        Rota.model_validate({
            "post": "desk", "from": date(2026, 11, 2),
            "weeks": {"li_na": ("early",), "wang_fang": ("late",)},
        }),
    ),
)  # fmt: skip
HALF_BEFORE_FOUR = datetime(2026, 11, 20, 7, 30, tzinfo=UTC)


def test_a_change_of_shift_is_begun_before_the_shift_ends(database: Database) -> None:
    publish(database, HANDOVER, context=ROSTERED)
    assert start_due(database, "handover", HALF_BEFORE_FOUR - timedelta(minutes=1)) == []
    assert len(start_due(database, "handover", HALF_BEFORE_FOUR)) == 1
    assert opened(database, "handover") == ["desk:early:2026-11-20:0 li_na"]
    with database.read() as connection:
        (mark,) = marks.marks(connection)
    assert mark.next_at == HALF_BEFORE_FOUR + timedelta(hours=8)


# ---- publishing and the clock ----------------------------------------------------------------


def test_a_changed_schedule_begins_at_its_publishing(database: Database) -> None:
    publish(database, daily(AT_TEN_DAILY))
    start_due(database, "daily", AT_TEN + DAY)
    with database.write() as connection:
        connection.execute(marks.table.update().values(reached=NOW - 3 * DAY))
    publish(database, daily(AT_TEN_DAILY.replace("10:00", "08:30")))
    assert start_due(database, "daily", NOW) == []
    assert len(start_due(database, "daily", NOW + DAY)) == 1


def test_a_schedule_that_was_taken_out_begins_nothing(database: Database) -> None:
    publish(database, daily(AT_TEN_DAILY))
    without = daily(AT_TEN_DAILY).split("  - schedule:")[0] + "steps:" + (
        daily(AT_TEN_DAILY).split("steps:")[1]
    )
    publish(database, without)
    assert start_due(database, "daily", AT_TEN) == []
    with database.read() as connection:
        assert late_processes(connection, AT_TEN + DAY) == []


def test_the_clock_looks_only_at_what_is_late(database: Database) -> None:
    publish(database, daily(AT_TEN_DAILY))
    with database.read() as connection:
        assert late_processes(connection, NOW) == ["daily"]  # the next time is not known yet
    start_due(database, "daily", NOW)
    with database.read() as connection:
        assert late_processes(connection, AT_TEN + timedelta(seconds=29)) == []
        assert late_processes(connection, AT_TEN + timedelta(seconds=30)) == ["daily"]
    with database.write() as connection:
        advance_clock(connection, HOUR)
        # Prefect's schedules know nothing of the moved clock: no grace for them.
        assert late_processes(connection, AT_TEN) == ["daily"]


def test_a_tick_with_nothing_due_reads_one_row(database: Database) -> None:
    publish(database, *(daily(AT_TEN_DAILY, process=f"daily{n}") for n in range(30)))
    for number in range(30):
        start_due(database, f"daily{number}", NOW)
    statements: list[str] = []

    def count(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.upper().startswith("SELECT"):
            statements.append(statement)

    with database.read() as connection:
        event.listen(database.engine, "before_cursor_execute", count)
        assert late_processes(connection, NOW + timedelta(minutes=5)) == []
        event.remove(database.engine, "before_cursor_execute", count)
    assert len(statements) == 2  # the clock's offset, and the index


def test_expressions_see_roles_and_the_board(database: Database) -> None:
    publish(
        database,
        TOY,
        daily("""
      daily: "10:00"
      data:
        what: date | string
        who: "(roles.agent | length | string) ~ '/' ~ (board.open | string) ~ '/' ~ (board.nobody | string)"
"""),
    )  # fmt: skip
    start(database, "1")
    start_due(database, "daily", AT_TEN)
    assert opened(database) == ["2026-11-20 2/1/0"]
