"""A process played with a script: who gets what when, what waits, where it ends, what does not go."""

from __future__ import annotations

import json
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from click.testing import CliRunner

from jieli.cli import jieli
from jieli.engine.advance import advance
from jieli.engine.case import CaseState
from jieli.engine.errors import DefinitionError
from jieli.engine.simulation.happenings import happenings
from jieli.engine.simulation.reading import script_of
from jieli.engine.simulation.script import Script
from jieli.engine.simulation.world import FIRST, Library, World
from tests.story import BAD_REVIEW, shipped
from tests.unit.after_sales import COMPLEX, PROBLEM

CONTACT = {"press": "contact", "after": "40m", "fill": {"deal": "一件", "cause": "漏水", "fault": "ours"}}
TALKED: dict[str, Any] = {
    "check_chat": CONTACT,
    "leave_message": {"press": "sent", "fill": {"text": "您好"}},
    "sms": {"press": "sent"},
    "phone": [{"press": "not_reached"}, {"press": "reached", "fill": {"summary": "谈妥"}}],
    "result": {"press": "remedy", "fill": {"said": "要补偿"}},
    "archive": {"press": "archived", "fill": {"process": "已处理"}},
}


def played(process: str, data: dict[str, Any], answers: Any = None, **words: Any) -> World:
    processes, context, messages = shipped()
    script = Script.model_validate(
        {"from": "2026-11-20 08:30", "by": "li_na", "data": data, "answers": answers or {}, **words}
    )
    return World(Library(processes, messages, context), script).run(process)


def told(world: World) -> list[str]:
    zone = world.context.calendar.zone
    return [f"{each.at.astimezone(zone):%m-%d %H:%M} {each.words}" for each in happenings(world)]


def test_the_timeline_says_who_gets_what_by_which_channel_when() -> None:
    world = played("bad_review", BAD_REVIEW, TALKED, sub_cases={"money_slip": {"result": "paid"}})

    lines = told(world)
    assert "11-20 08:30 通知 李娜（开发用的发件箱，要做）：查聊天记录：差评 4821 严重" in lines
    assert "11-20 09:10 李娜 在「查聊天记录」按「查清了，联系买家」" in lines
    assert "11-22 09:20 「等待买家响应」时间到" in lines
    assert "11-22 09:20 「电话沟通」等到规定时段" in lines
    assert lines[-1] == "11-22 17:18 中差评处理 A1001 结束：已服务补救"
    assert world.mishaps == []


def test_where_nobody_answers_time_goes_on() -> None:
    world = played("bad_review", BAD_REVIEW, until="3d")

    assert world.cases[FIRST].path == ["is_severe", "tell_supervisor", "check_chat"]
    assert "11-20 09:30 「查聊天记录」超时了" in told(world)
    state = world.cases[FIRST].state
    assert state and state.status == "open"


def test_sub_cases_are_played_when_no_end_is_written_for_them() -> None:
    plan = {"way": "refund", "amount": "20", "reason": "漏水", "remark": "退款_李娜", "fault": "ours"}
    answers = {
        **TALKED, "money_slip:plan": {"press": "drop"} | {"fill": plan},
        "result": [TALKED["result"], {"press": "refused", "fill": {"said": "算了"}}],
        "supervisor_closes": {"press": "close", "fill": {"reason": "买家拒绝"}},
    }  # fmt: skip
    world = played("bad_review", BAD_REVIEW, answers)

    assert [each.process for each in world.cases.values()] == ["bad_review", "money_slip"]
    ends = [each.state.result for each in world.cases.values() if each.state]
    assert ends == ["closed", "rejected"]


def test_what_the_form_or_the_case_refuses_is_told_and_the_rest_goes_on() -> None:
    wrong = {"press": "contact", "fill": {"deal": "一件"}}
    world = played("bad_review", BAD_REVIEW, {"check_chat": [wrong, CONTACT]}, until="1d")

    (mishap,) = world.mishaps
    assert mishap.step == "bad_review:check_chat" and "差评原因" in mishap.reason
    assert "leave_message" in world.cases[FIRST].path


def test_a_refusal_that_is_expected_is_no_mishap_and_one_that_fails_to_come_is() -> None:
    wrong = {"press": "contact", "fill": {"deal": "一件"}, "refused": "差评原因"}
    assert played("bad_review", BAD_REVIEW, {"check_chat": [wrong]}).mishaps == []
    (mishap,) = played("bad_review", BAD_REVIEW, {"check_chat": {**CONTACT, "refused": "时段"}}).mishaps
    assert "这本来应该被拒绝" in mishap.reason


def test_what_comes_from_outside_comes_at_its_time() -> None:
    outside = [{"after": "2h", "no_contact": True}, {"at": "2026-11-21 09:00", "cancel": "测试"}]
    world = played("bad_review", BAD_REVIEW, {"check_chat": CONTACT}, outside=outside)

    assert "supervisor_closes" in world.cases[FIRST].path
    state = world.cases[FIRST].state
    assert state and state.status == "cancelled"


def test_a_script_names_what_is_not_there_with_its_place() -> None:
    processes, _, _ = shipped()
    words = "answers:\n  check_chatt: {press: contact}\n  phone: {press: reachd, fill: {sumary: x}}\n"
    with pytest.raises(DefinitionError) as wrong:
        script_of("a.yaml", words, processes["bad_review"], processes)

    said = [str(each) for each in wrong.value.problems]
    assert said[0].startswith("a.yaml:2:3:") and "check_chat" in said[0]
    assert said[1].startswith("a.yaml:3:11:") and "reached" in said[1]
    assert "summary" in said[2]


def test_times_and_durations_of_a_script_are_checked_where_they_stand() -> None:
    processes, _, _ = shipped()
    words = "from: tomorrow\nuntil: 5x\nanswers:\n  phone: {press: reached, after: 5x}\n"
    with pytest.raises(DefinitionError) as wrong:
        script_of("a.yaml", words, processes["bad_review"], processes)
    said = [str(each) for each in wrong.value.problems]
    assert [each[:9] for each in said] == ["a.yaml:1:", "a.yaml:2:", "a.yaml:4:"]
    assert "不是时间" in said[0] and "不是时间" in said[1]


def test_replaying_what_was_played_gives_the_same_cases() -> None:
    triage = {"press": "sorted", "fill": {**COMPLEX, "departments": ["tech"]}}
    world = played("after_sales", PROBLEM, {"accept": {"press": "accepted", "fill": {"greeted": True}},
                                            "triage": triage}, until="10d")  # fmt: skip
    assert world.mishaps == [] and len(world.cases) > 1
    for case in world.cases.values():
        state: CaseState | None = None
        for each in case.told:
            state = advance(case.definition, state, each.event, world.context, each.at).state
        assert state == case.state


def test_a_year_is_simulated_in_seconds() -> None:
    told = {"press": "told", "after": "30m", "fill": {"said": "还在处理"}}
    answers = {
        "accept": {"press": "accepted", "fill": {"greeted": True}},
        "triage": {"press": "sorted", "fill": {**COMPLEX, "departments": ["tech"]}},
        "update": told,
    }
    begun = perf_counter()
    world = played("after_sales", PROBLEM, answers, always=["update"], until="365d")

    assert world.cases[FIRST].path.count("update") > 300
    assert perf_counter() - begun < 30  # measured: see the changelog; here only: not minutes


def test_the_command_prints_the_timeline_and_fails_when_something_does_not_go(tmp_path: Path) -> None:
    data, answers = tmp_path / "data.json", tmp_path / "answers.yaml"
    data.write_text(json.dumps(BAD_REVIEW), "utf-8")
    answers.write_text(json.dumps({"answers": {"check_chat": CONTACT}, "by": "li_na"}), "utf-8")
    words = ["simulate", "bad_review", "--data", str(data), "--data", "severity=normal",
             "--answers", str(answers), "--from", "2026-11-20 08:30", "--until", "1d"]  # fmt: skip

    said = CliRunner().invoke(jieli, words, standalone_mode=False)
    assert "2026-11-20 Fri 09:10" in said.output
    assert "还没结束，在等：旺旺留言（李娜" in said.output
    assert said.return_value == 0

    wrong = {"answers": {"check_chat": {"press": "contact"}}, "by": "li_na"}
    answers.write_text(json.dumps(wrong), "utf-8")
    said = CliRunner().invoke(jieli, words, standalone_mode=False)
    assert said.return_value == 1 and "不行" in said.output
    plain = json.loads(CliRunner().invoke(jieli, [*words, "--json"]).output)
    assert plain["path"] == ["is_severe", "check_chat"] and plain["mishaps"]
