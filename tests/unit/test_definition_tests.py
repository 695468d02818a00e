"""`jieli test`: the shipped test files pass, failures say what was otherwise, ways are counted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from jieli.cli import jieli
from jieli.engine.diagram import picture
from jieli.engine.errors import DefinitionError
from jieli.engine.simulation.coverage import coverage_of
from jieli.engine.simulation.testing import Outcome, read_tests, run_tests
from jieli.engine.simulation.world import Library
from tests.story import DEFINITIONS, shipped

FILES = sorted(DEFINITIONS.glob("*.test.yaml"))


def library() -> Library:
    processes, context, messages = shipped()
    return Library(processes, messages, context)


def outcomes_of(file: str, source: str) -> list[Outcome]:
    found, document = read_tests(file, source, library().processes)
    return list(run_tests(library(), found, document))


def test_the_three_great_processes_have_tests() -> None:
    assert {file.name.split(".")[0] for file in FILES} >= {"bad_review", "handover", "after_sales"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_shipped_test_passes_and_most_ways_are_taken(file: Path) -> None:
    found = outcomes_of(file.name, file.read_text("utf-8"))
    assert [(each.name, each.failures) for each in found if each.failures] == []
    processes, context, _ = shipped()
    name = found[0].process
    cases = [case for each in found if each.world for case in each.world.cases.values()]
    drawn = picture(processes[name], context, processes)
    assert coverage_of(drawn, [case for case in cases if case.process == name]).percent >= 85


USUAL = """
tests: repair
usual: {by: li_na, data: {what: 耳机没声音, place: 售后, reporter: li_na}}
stories:
"""


def failures(story: str) -> list[str]:
    (outcome,) = outcomes_of("repair.test.yaml", USUAL + story)
    return list(outcome.failures)


def test_a_failure_says_what_was_and_what_was_wanted() -> None:
    found = failures(
        "  - {name: x, until: 1d, expect: {end: done, path: [fix], waits_for: [confirm], not_through: fix,"
        " data: {what: 键盘}, messages: [{to: li_na, purpose: late, times: 3}], proposals: [{rule: gift}],"
        " starts: [money_slip], within: 1h}}\n"
    )
    text = "\n".join(found)
    assert "还没有结束，在等" in text
    assert "what 是 耳机没声音，不是 键盘" in text
    assert "条（to: li_na, purpose: late），不是 3 条" in text
    assert "提议的台账是 没有，不是 gift (–)" in text
    assert "没有开出 money_slip 的单子" in text


def test_what_is_as_wanted_is_no_failure() -> None:
    wanted = "{proposals: [], messages: [{purpose: late, never: true}]}"
    assert failures(f"  - {{name: x, until: 1h, expect: {wanted}}}\n") == []


def test_a_start_the_form_refuses_is_a_failure() -> None:
    (outcome,) = outcomes_of("a.test.yaml", "tests: repair\nstories:\n  - {name: x, expect: {}}\n")
    assert outcome.failures[0].startswith("不能开始")


def test_names_that_are_not_there_have_a_place_and_a_guess() -> None:
    words = USUAL + "  - {name: x, expect: {end: done, throug: fix, through: [fixx], data: {whatt: 1}}}\n"
    with pytest.raises(DefinitionError) as wrong:
        outcomes_of("repair.test.yaml", words)
    assert 'through' in str(wrong.value) and "repair.test.yaml:5:" in str(wrong.value)
    with pytest.raises(DefinitionError) as wrong:
        outcomes_of("repair.test.yaml", words.replace("throug: fix, ", ""))
    said = [str(each) for each in wrong.value.problems]
    assert any("fixx" in each for each in said) and any("whatt" in each and "what" in each for each in said)
    with pytest.raises(DefinitionError, match="repair"):
        outcomes_of("x", "tests: repairs\nstories:\n  - {name: x, expect: {}}\n")


def run(*words: str) -> Result:
    return CliRunner().invoke(jieli, ["test", *words], standalone_mode=False)


def test_the_command_runs_the_files_beside_the_definitions(tmp_path: Path) -> None:
    good = run(str(DEFINITIONS / "bad_review.test.yaml"), "--coverage", "--least", "90")
    assert good.return_value == 0
    assert "✓ bad_review: 留言里不能提删评" in good.output and "没通过 0 个" in good.output
    assert "中差评处理：51 条路走过" in good.output
    assert "服务补救 ─ 否则 ─▷ 登记结果" in good.output

    file = tmp_path / "a.test.yaml"
    file.write_text(USUAL + "  - {name: 修好, until: 1h, expect: {end: done}}\n", "utf-8")
    bad = run(str(file), "--timeline")
    assert bad.return_value == 1
    assert f"{file}:5: 还没有结束" in bad.output and "通知" in bad.output
    assert run(str(file), "--least", "100").return_value == 1

    plain: Any = json.loads(run(str(file), "--json").output)
    assert plain["tests"][0]["failures"] and plain["coverage"][0]["process"] == "repair"

    file.write_text("tests: repairs\nstories: []\n", "utf-8")
    assert run(str(file)).return_value == 1
