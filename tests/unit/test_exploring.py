"""Every branch and timeout is walked: paths, silences, faults, and who is there at night."""

from __future__ import annotations

import json
from datetime import timedelta
from time import perf_counter

import pytest
from click.testing import CliRunner

from jieli.cli import jieli
from jieli.cli.explored import unseen
from jieli.engine.published import Definition
from jieli.engine.simulation.exploring import Explored, explore
from jieli.engine.simulation.script import Script
from jieli.engine.simulation.staffing import next_holiday, next_night, unstaffed
from jieli.engine.simulation.world import Library
from tests.story import at, definition, shipped

PROCESSES = sorted(shipped()[0])
TOY = """
process: toy
title: 玩具
settings: {tries: {value: 7, label: 次数, source: ours}}
case:
  key: [name]
  title: "{{ name }}"
  fields:
    name: {label: 名字, type: text, required: true}
    kind: {label: 种类, type: choice, of: {a: 甲, b: 乙, c: 丙}, required: true}
start: [{form: {role: after_sales}}]
steps:
  sort:
    title: 分类
    decide: [{when: "kind == 'a'", go_to: ask}, {when: "kind == 'b'", go_to: pause}, {otherwise: done}]
  ask:
    title: 问
    who: {role: after_sales, on_shift: true}
    buttons:
      yes_: {label: 好, go_to: done}
      again: {label: 再问, again: tries, then: never}
  pause:
    title: 等
    wait: 3d
    who: {role: after_sales}
    buttons: {early: {label: 提前, go_to: done}}
    time_up: never
  done: {title: 完, end: done}
  never: {title: 算了, end: never}
ends: {done: 好了, never: 算了}
"""


def explored(text: str) -> tuple[Explored, Definition]:
    known, context = definition(text)
    library = Library({"toy": known.process}, {}, context)
    return explore(library, "toy", Script()), known


def paths(found: Explored) -> set[str]:
    return {
        " ".join([*(f"{leg.step}:{leg.words}" for leg in path.legs), str(path.result)])
        for path in found.paths
        if path.result is not None
    }


def test_every_branch_button_and_timeout_is_a_path_and_loops_end_past_their_limit() -> None:
    found, _ = explored(TOY)
    assert paths(found) == {
        "done", "ask:好 done", "ask:再问 ask:好 done", "ask:再问 ask:再问 never",
        "pause:提前 done", "pause:时间到 never",
    }  # fmt: skip
    assert not found.cut and not found.faults


def test_silence_is_measured_and_told_when_it_is_for_ever() -> None:
    found, _ = explored(TOY)
    assert ("ask",) in found.for_ever
    reminded = TOY.replace("    buttons:\n      yes_", "    remind_every: 6h\n    buttons:\n      yes_")
    silence = explored(reminded)[0].longest_silence
    assert silence and silence.length and silence.length >= timedelta(hours=6)


def test_a_step_nobody_is_there_for_at_night_is_named_with_when_somebody_comes() -> None:
    found, known = explored(TOY)
    _, context, _ = shipped()
    night = next_night(context, at("2026-11-23 09:00"))
    (step,) = unstaffed(known, found, context, night)
    assert step.step == "ask" and step.from_ is not None and step.from_ > night
    noon = at("2026-11-23 12:00")
    assert unstaffed(known, found, context, noon) == []


def test_the_holiday_is_a_public_one_while_the_calendar_knows_one() -> None:
    _, context, _ = shipped()
    day = next_holiday(context, at("2026-09-20 09:00"))
    assert context.calendar.day(day.date()).holiday


def test_a_move_that_does_not_go_is_told() -> None:
    broken = TOY.replace("go_to: done}\n      again", "sets: {name: 'ask.by / 2'}, go_to: done}\n      again")
    found, _ = explored(broken)
    assert any("问" in where or "ask" in where for where in found.faults)


@pytest.mark.parametrize("process", PROCESSES)
def test_every_shipped_process_is_explored_without_a_fault(process: str) -> None:
    processes, context, messages = shipped()
    begun = perf_counter()
    found = explore(Library(processes, messages, context), process, Script())
    assert found.faults == {}
    assert found.paths
    assert perf_counter() - begun < 30  # under ten on a machine with nothing else to do


def test_bad_review_is_explored_to_its_last_step() -> None:
    processes, context, messages = shipped()
    found = explore(Library(processes, messages, context), "bad_review", Script())
    assert unseen(found, processes["bad_review"]) == []
    assert {path.result for path in found.paths} == {"changed", "remedied", "closed", None}
    assert not found.cut


def test_the_command_lists_what_was_found() -> None:
    said = CliRunner().invoke(jieli, ["simulate", "bad_review", "--explore"]).output
    assert "查聊天记录[买家要求不再联系] → 主管收尾[结束处理] → 归档[归档] → 处理完毕，评价未改" in said
    assert "凌晨（2026-11-24 03:00）没有人在的步骤" in said
    plain = json.loads(CliRunner().invoke(jieli, ["simulate", "repair", "--explore", "--json"]).output)
    assert plain["complete"] and plain["not_reached"] == []
