"""A handover moves what the outgoing people own or hold, each case in its own commit, once."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from jieli.engine.calendar import Hours
from jieli.engine.case import CaseState
from jieli.engine.context import Context, Person, Role
from jieli.engine.events import WorkItemClaimed
from jieli.engine.roster import Post, Rota, Shift
from jieli.store import case_events, definitions, items, marks
from jieli.store.board import board_lines, load_per_person
from jieli.store.database import Database
from jieli.store.open_steps import board_counts
from jieli.store.scheduling import start_due
from jieli.store.tables import case_events as rows
from jieli.store.tables import cases, contexts
from tests.contract.shop import CONTEXT, NOW, TOY, apply, press, publish, start, state

CONTEXT_OF_THREE = CONTEXT.model_copy(
    update={
        "people": {
            **CONTEXT.people,
            "zhao_min": Person(name="赵敏", roles=("agent",)),
        }
    }
)
OWNED = TOY.replace("process: toy", "process: owned").replace(
    "  key: [order_no]", "  key: [order_no]\n  owner: first"
)
HANDOVER = """
process: handover
title: 交接
case:
  key: [shift]
  title: "{{ shift }}"
  fields:
    shift: {label: 班次, required: yes}
    leaving: {label: 交班人, type: people}
    coming: {label: 接班人, type: people}
    chosen:
      label: 指定
      type: rows
      fields:
        ref: {label: 单号}
        to: {label: 给谁, type: person}
start: [{form: {role: agent}}]
steps:
  sign:
    title: 签字
    who: [{role: agent}]
    buttons:
      signed: {label: 签字, go_to: move}
  move:
    do: {hand_over: {from: leaving, to: coming, choose: chosen}}
    go_to: finished
  finished: {end: ok}
ends: {ok: 完成}
"""


@pytest.fixture(autouse=True)
def shop(database: Database) -> None:
    publish(database, OWNED, TOY, HANDOVER, context=CONTEXT_OF_THREE)


def claimed(database: Database, order_no: str, by: str, process: str = "owned") -> str:
    """A case whose one work item somebody took."""
    case = start(database, order_no, process=process)
    visit = next(iter(state(database, case.case_id).visits))
    apply(database, case.case_id, WorkItemClaimed(visit=visit, by=by), event_id=f"claim:{order_no}")
    return case.case_id


def hand_over(
    database: Database, leaving: list[str], coming: list[str], *, shift: str = "早班",
    chosen: list[dict[str, str]] | None = None,
) -> str:  # fmt: skip
    """A handover is signed, and its events are carried out."""
    data = {"leaving": leaving, "coming": coming, "chosen": chosen or []}
    case = start(database, "", process="handover", event_id=f"handover:{shift}",
                 **{"shift": shift, **data})  # fmt: skip
    press(database, case.case_id, "signed", by="zhao_min")
    case_events.apply_pending(database, 100)
    return case.case_id


def holder(database: Database, case_id: str) -> tuple[str | None, str | None]:
    """Who owns the case and who holds its open work item."""
    now = state(database, case_id)
    (visit,) = now.visits.values()
    return now.owner, visit.assignee


def test_what_the_leaving_owns_or_holds_becomes_the_comings(database: Database) -> None:
    mine = [claimed(database, str(n), "li_na") for n in range(3)]
    other = claimed(database, "other", "zhao_min")
    hand_over(database, ["li_na"], ["wang_fang"])
    assert {holder(database, each) for each in mine} == {("wang_fang", "wang_fang")}
    assert holder(database, other) == ("zhao_min", "zhao_min")
    with database.read() as connection:
        owners = connection.execute(select(cases.c.owner).where(cases.c.id.in_(mine))).scalars()
        assert set(owners) == {"wang_fang"}
        assert len(items.my_items(connection, "wang_fang")) == 3


def test_every_move_is_one_event_with_its_reason(database: Database) -> None:
    case_id = claimed(database, "1", "li_na")
    handover = hand_over(database, ["li_na"], ["wang_fang"])
    with database.read() as connection:
        (row,) = connection.execute(select(rows).where(rows.c.to_case == case_id)).all()
    assert row.event_id.startswith(f"handed:{handover}:") and row.event_id.endswith(case_id)
    assert row.status == "done"
    with database.write() as connection:
        connection.execute(rows.update().where(rows.c.id == row.id).values(status="pending"))
    before = state(database, case_id)
    case_events.apply_pending(database, 10)
    assert state(database, case_id) == before


def test_several_share_evenly_and_what_was_chosen_goes_where_it_was_chosen(
    database: Database,
) -> None:
    mine = [claimed(database, str(n), "li_na") for n in range(5)]
    first = state(database, mine[0]).ref
    hand_over(
        database, ["li_na"], ["wang_fang", "zhang_wei"],
        chosen=[{"ref": first, "to": "zhao_min"}],
    )  # fmt: skip
    owners = Counter(holder(database, each)[0] for each in mine)
    assert owners == {"zhao_min": 1, "wang_fang": 2, "zhang_wei": 2}
    assert holder(database, mine[0])[0] == "zhao_min"


def test_cases_without_an_owner_and_closed_ones_stay(database: Database) -> None:
    not_owned = claimed(database, "toy", "li_na", process="toy")
    closed = claimed(database, "closed", "li_na")
    press(database, closed, "done")
    press(database, closed, "ok")
    hand_over(database, ["li_na"], ["wang_fang"])
    assert holder(database, not_owned)[1] == "li_na"
    assert state(database, closed).owner == "li_na"


def test_the_handover_itself_and_its_like_stay_where_they_are(database: Database) -> None:
    case = hand_over(database, ["li_na", "zhao_min"], ["wang_fang"])
    with database.read() as connection:
        assert not connection.execute(select(rows).where(rows.c.from_case == case)).all()


def test_the_same_person_coming_back_changes_nothing(database: Database) -> None:
    case_id = claimed(database, "1", "li_na")
    before = state(database, case_id)
    hand_over(database, ["li_na"], ["li_na"])
    assert state(database, case_id) == before


def test_the_board_shows_who_has_what(database: Database) -> None:
    mine = claimed(database, "1", "li_na")
    free = start(database, "2", process="owned")
    with database.read() as connection:
        lines = {line.case_id: line for line in board_lines(connection)}
    assert lines[mine].owner == "li_na" and lines[mine].steps[0].assignee == "li_na"
    assert lines[free.case_id].steps[0].is_free
    assert set(lines[free.case_id].steps[0].candidates) == {"li_na", "wang_fang", "zhao_min"}
    loads = {load.person: load for load in load_per_person(lines.values())}
    assert (loads["li_na"].held, loads["li_na"].asked, loads["li_na"].owned) == (1, 1, 1)
    assert (loads["wang_fang"].held, loads["wang_fang"].asked) == (0, 1)


def test_what_is_due_soon_and_the_next_due_first(database: Database) -> None:
    first = start(database, "1").case_id
    with database.read() as connection:
        (line,) = board_lines(connection)
        now, later = (board_counts(connection, NOW + timedelta(hours=each)) for each in (0, 3))
    assert (line.case_id, line.due_at) == (first, NOW + timedelta(hours=4))
    assert (now.open, now.soon) == (1, 0) and (later.open, later.soon) == (1, 1)


# ---- the roster -------------------------------------------------------------------------------


AWAY = """
process: leave
title: 请假
case:
  key: [who]
  title: "{{ who }}"
  fields:
    who: {label: 谁, type: person, required: yes}
    other: {label: 代班, type: person}
    day: {label: 哪天, type: date}
start: [{form: {role: agent}}]
steps:
  grant:
    title: 准假
    who: [{role: agent}]
    buttons:
      granted: {label: 同意, go_to: change}
  change:
    do: {change_roster: {kind: away, person: who, other: other, from: day, to: day}}
    go_to: finished
  finished: {end: ok}
ends: {ok: 完成}
"""
SHIFT_CHANGE = """
process: shift_change
title: 换班
case:
  key: [name]
  title: "{{ name }} {{ leaving }}"
  fields:
    name: {label: 班次, required: yes}
    leaving: {label: 交班人}
start:
  - schedule:
      shift_change: {before: 30m}
      data: {name: change.key, leaving: "change.outgoing | join(' ')"}
steps:
  look:
    title: 看
    who: [{role: agent}]
    buttons:
      ok: {label: 好, go_to: finished}
  finished: {end: ok}
ends: {ok: 完成}
"""
ROSTERED = Context(
    people={
        "li_na": Person(name="李娜", roles=("agent",)),
        "wang_fang": Person(name="王芳", roles=("agent",)),
        "zhao_min": Person(name="赵敏", roles=("agent",)),
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
TODAY = date(2026, 11, 20)
SIX_HOURS = timedelta(hours=6, minutes=30)  # from NOW, 09:00 there, to half an hour before 16:00


def away(database: Database) -> None:
    """李娜 is away today, 赵敏 stands in."""
    case = start(database, "", process="leave", event_id="leave", who="li_na", other="zhao_min",
                 day=TODAY.isoformat())  # fmt: skip
    press(database, case.case_id, "granted", by="wang_fang")


def current(database: Database) -> tuple[str, Context]:
    with database.read() as connection:
        return definitions.current_context(connection)


def test_a_change_of_the_roster_makes_a_new_context_in_the_same_commit(database: Database) -> None:
    publish(database, AWAY, context=ROSTERED)
    before, context = current(database)
    assert context.on_shift("li_na", NOW)
    away(database)
    after, context = current(database)
    assert after != before
    assert not context.on_shift("li_na", NOW) and context.on_shift("zhao_min", NOW)
    with database.read() as connection:
        assert connection.execute(select(contexts.c.id).where(contexts.c.id == before)).first()


def test_publishing_again_keeps_what_was_changed(database: Database) -> None:
    publish(database, AWAY, context=ROSTERED)
    away(database)
    publish(database, AWAY, context=ROSTERED)
    assert len(current(database)[1].roster_changes) == 1
    assert not current(database)[1].on_shift("li_na", NOW)


def test_a_change_moves_the_schedules_that_follow_the_roster(database: Database) -> None:
    publish(database, AWAY, SHIFT_CHANGE, context=ROSTERED)
    start_due(database, "shift_change", NOW)
    with database.read() as connection:
        assert marks.marks(connection, "shift_change")[0].next_at == NOW + SIX_HOURS
    away(database)
    with database.read() as connection:
        assert marks.marks(connection, "shift_change")[0].next_at is None
    (case_id,) = start_due(database, "shift_change", NOW + SIX_HOURS)
    begun: CaseState = state(database, case_id)
    assert begun.data["leaving"] == "zhao_min"
