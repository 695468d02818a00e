"""The table of the source documents: every row once, and everything it names is there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from jieli.engine.definition import FieldWords, Process
from jieli.engine.loader import Library, load, read_directory
from jieli.store.reports.catalogue import REPORTS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "rules.zh-CN.md").read_text(encoding="utf-8")
ROWS = [
    (int(number), state, where, note)
    for number, state, where, note in re.findall(
        r"^\| (\d+) \| [^|]+ \| [^|]+ \| ([^|]+) \| ([^|]+) \| ([^|]*) \|$", PAGE, re.M
    )
]
LAST = 215
STATES = {"运行", "支持", "部分", "规定"}
PLACE = re.compile(r"`([a-z_]+\.yaml):([\w.]+)`")
REPORT = re.compile(r"`reports/(\w+)`")


@pytest.fixture(scope="module")
def library() -> Library:
    return load(read_directory(ROOT / "definitions"))


def below(where: Any, name: str) -> Any:
    """What a name of the table stands for inside a thing; raises KeyError where it is not."""
    match where:
        case Process():
            return {"settings": where.settings, "case": where.case, "start": starts(where),
                    **where.steps}[name]  # fmt: skip
        case FieldWords():
            return where.fields[name]
        case Mapping():
            return where[name]
    words = {
        **{key: value for key in type(where).model_fields if (value := getattr(where, key))},
        **getattr(where, "fields", {}), **getattr(where, "form", {}),
    }  # fmt: skip
    return words[name] if name in words else where.buttons[name]


def starts(process: Process) -> dict[str, Any]:
    """How the process may begin, by the word."""
    return {key: value for start in process.start for key in type(start).model_fields
            if (value := getattr(start, key))}  # fmt: skip


def found(library: Library, file: str, path: str) -> Any:
    """What stands at a place of the table."""
    context = library.context
    ledger = context.ledger
    lists = {name: each.columns for name, each in context.imports.items()}
    shop: dict[str, Any] = {
        "people.yaml": context.roles,
        "roster.yaml": {"posts": context.posts, "shifts": context.shifts, "roster": context.roster},
        "calendar.yaml": context.hours,
        "imports.yaml": lists,
        "phrases.yaml": {**context.phrases, **dict(context.wordings)},
        "ledger.yaml": {**dict(ledger), **ledger.rules, "money": "money", "grace": ledger.grace},
    }  # fmt: skip
    thing = shop[file] if file in shop else library.processes[file.removesuffix(".yaml")]
    for name in path.split("."):
        thing = below(thing, name)
    return thing


def test_every_row_is_there_once_and_in_order() -> None:
    assert [number for number, *_ in ROWS] == list(range(1, LAST + 1))


@pytest.mark.parametrize(("number", "state", "where", "note"), ROWS)
def test_what_a_row_names_is_there(
    library: Library, number: int, state: str, where: str, note: str
) -> None:
    assert state in STATES
    places = [*PLACE.findall(where), *REPORT.findall(where)]
    assert bool(places) == (state != "规定"), "a rule that runs says where, a mere rule nowhere"
    assert len(places) == where.count("`") // 2, f"unreadable: {where}"
    assert note or state in ("运行", "支持"), "what is missing is said"
    for file, path in PLACE.findall(where):
        try:
            assert found(library, file, path), f"{file}:{path} is empty"
        except (KeyError, AttributeError) as error:
            raise AssertionError(f"there is no {file}:{path}") from error
    assert set(REPORT.findall(where)) <= set(REPORTS)


def test_what_is_not_covered_is_told_with_its_reason() -> None:
    told = PAGE.split("## 没有做到的")[1].split("\n## ")[0]
    listed = [int(number) for number in re.findall(r"第 (\d+) 行", told)]
    assert sorted(listed) == [n for n, state, *_ in ROWS if state in ("部分", "规定")]


@pytest.mark.parametrize("guide", ["ops-guide.md", "ops-guide.zh-CN.md"])
def test_the_guide_names_every_process_and_the_times_of_the_scheduled(
    library: Library, guide: str
) -> None:
    page = (ROOT / "docs" / guide).read_text(encoding="utf-8")
    for name, process in library.processes.items():
        assert f"`{name}`" in page or name.startswith("play_"), f"{guide} does not name {name}"
        for schedule in (start.schedule for start in process.start if start.schedule):
            row = re.search(rf"^\| `{name}` .+$", page, re.M)
            assert row, f"{guide} does not say when {name} begins"
            written = (*schedule.daily, *schedule.weekly, *schedule.monthly)
            times = {each.split()[-1].lstrip("0") for each in written}
            assert [each for each in times if each not in row[0]] == [], name
