"""The schema for editors fits what is shipped, refuses what is wrong, and explains every key."""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft7Validator

from jieli.cli import jieli
from jieli.engine.schema import ROOTS, keys_of, schema_of
from jieli.engine.yaml_nodes import read
from jieli.texts import catalogue, use_language
from tests.story import DEFINITIONS

TESTS = sorted(DEFINITIONS.glob("*.test.yaml"))
PROCESSES = sorted({*DEFINITIONS.glob("*.yaml")} - {*TESTS})
SHOP = sorted((DEFINITIONS / "shop").glob("*.yaml"))
SCHEMAS = {kind: Draft7Validator(schema_of(kind)) for kind in ROOTS}


def data(file: Path) -> Any:
    """A definition as an editor reads it: dates are texts."""
    return json.loads(json.dumps(read(file.name, file.read_text("utf-8")).data, default=str))


def complaints(kind: str, words: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in SCHEMAS[kind].iter_errors(words)]


@pytest.mark.parametrize("file", PROCESSES, ids=lambda file: file.stem)
def test_every_shipped_process_fits_the_schema(file: Path) -> None:
    assert complaints("process", data(file)) == []


@pytest.mark.parametrize("file", SHOP, ids=lambda file: file.stem)
def test_every_shipped_file_about_the_shop_fits_the_schema(file: Path) -> None:
    assert complaints("shop", data(file)) == []


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.stem)
def test_every_shipped_test_file_fits_the_schema(file: Path) -> None:
    assert complaints("test", data(file)) == []


@pytest.mark.parametrize("kind", list(ROOTS))
def test_every_key_is_explained_in_both_languages(kind: str) -> None:
    use_language("en")
    english = list(keys_of(schema_of(kind)))
    use_language("zh")
    assert [f"{model}.{key}" for model, key, words in english if not words.get("description")] == []
    told = {words["description"] for _, _, words in english}
    assert sorted(each for each in told if each not in catalogue()) == []


BAD_REVIEW = data(DEFINITIONS / "bad_review.yaml")


def test_a_misspelt_key_of_a_step_is_refused_at_its_place() -> None:
    words = deepcopy(BAD_REVIEW)
    words["steps"]["phone"]["onlly_during"] = "call_hours"
    (said,) = complaints("process", words)
    assert said.startswith("$.steps.phone:") and "onlly_during" in said


def test_a_step_is_measured_by_the_key_that_marks_it() -> None:
    words = deepcopy(BAD_REVIEW)
    del words["steps"]["wait_reply"]["wait"]  # now it has `who`: somebody does something
    assert any("time_up" in said for said in complaints("process", words))
    words["steps"]["wait_reply"] = {"title": "等待"}
    assert complaints("process", words)


def test_one_recipient_needs_no_list() -> None:
    words = deepcopy(BAD_REVIEW)
    words["steps"]["phone"]["who"] = [{"role": "after_sales"}]
    assert complaints("process", words) == []
    words["steps"]["phone"]["who"] = {"role": "after_sales"}
    assert complaints("process", words) == []
    words["steps"]["phone"]["who"] = "after_sales"
    assert complaints("process", words)


def test_a_wrong_word_of_a_choice_and_a_wrong_name_are_refused() -> None:
    words = deepcopy(BAD_REVIEW)
    words["steps"]["result"]["identity"] = "password"
    words["steps"]["差评"] = {"title": "结束", "end": "closed"}
    words["process"] = "中差评"
    assert len(complaints("process", words)) >= 2


def test_the_command_writes_what_an_editor_reads(tmp_path: Path) -> None:
    printed = CliRunner().invoke(jieli, ["schema", "shop"])
    assert json.loads(printed.output)["properties"]["roles"]["description"] == "有哪些角色。"

    file = tmp_path / "process.schema.json"
    written = CliRunner().invoke(jieli, ["schema", "--out", str(file)])
    assert str(file) in written.output
    assert json.loads(file.read_text("utf-8")) == schema_of("process")
