"""The documents keep what they promise: settings, commands, links, tests and examples are there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import click
import pytest

from jieli.cli import jieli
from jieli.cli.up import prefect_environment
from jieli.engine.loader import load, read_directory
from jieli.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SETTINGS = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
GUIDES = sorted(ROOT.glob("docs/ops-guide*.md"))
TWINS = (("README.md", "README.zh-CN.md"), ("docs/ops-guide.md", "docs/ops-guide.zh-CN.md"))
LARGEST_PICTURE = 150_000
FOLDERS = r"(?:jieli|flows|tasks|notifications|definitions|docs|examples|tests|bench)/"

FENCE = re.compile(r"^```.*?^```$", re.M | re.S)
LINK = re.compile(r"(?:\]\(|<img src=\")([^)\s\"]+)[)\"]")
CODE = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^(#+) (.+)$", re.M)


def named(pages: list[Path]) -> list[str]:
    return [str(page.relative_to(ROOT)) for page in pages]


def prose(page: Path) -> str:
    """A page without its blocks of code."""
    return FENCE.sub("", page.read_text(encoding="utf-8"))


def anchor(heading: str) -> str:
    """The anchor that a heading gets where Markdown is shown."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def commands(group: click.Group, *before: str) -> Iterator[tuple[str, click.Command]]:
    """Every command with its words: `jieli case show`."""
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, *before, name)
        else:
            yield " ".join((*before, name)), command


def test_every_setting_is_told_with_its_default() -> None:
    told = dict(re.findall(r"^\| `(JIELI_\w+)` \| (\S+) \|", SETTINGS, re.M))
    defaults = {
        f"JIELI_{name.upper()}": "–" if field.default is None else f"`{field.default}`"
        for name, field in Settings.model_fields.items()
    }
    assert told == defaults


@pytest.mark.parametrize(("words", "command"), list(commands(jieli, "jieli")))
def test_every_command_is_told_with_its_options(words: str, command: click.Command) -> None:
    row = re.search(rf"^\| `{words}` \| (.+) \|$", SETTINGS, re.M)
    assert row, f"docs/settings.md has no row for `{words}`"
    options = [param.opts[0] for param in command.params if isinstance(param, click.Option)]
    assert [each for each in options if f"`{each}" not in row[1]] == []


@pytest.mark.parametrize("page", PAGES, ids=named(PAGES))
def test_no_command_is_told_that_is_not_there(page: Path) -> None:
    code = [*CODE.findall(prose(page)), *FENCE.findall(page.read_text(encoding="utf-8"))]
    told = {name for each in code for name in re.findall(r"(?<![\w-])jieli ([a-z]+)", each)}
    assert told <= set(jieli.commands)


def test_what_prefect_is_told_is_told() -> None:
    assert [name for name in prefect_environment(Settings()) if f"`{name}`" not in SETTINGS] == []


@pytest.mark.parametrize("page", PAGES, ids=named(PAGES))
def test_links_lead_somewhere(page: Path) -> None:
    for link in LINK.findall(prose(page)):
        if link.startswith(("https://", "http://")):
            continue
        file, _, part = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        assert target.exists(), f"{link} leads nowhere"
        if part:
            headings = [anchor(each) for _, each in HEADING.findall(prose(target))]
            assert part in headings, f"{link}: there is no such heading"


def test_pictures_are_shown_and_small() -> None:
    shown = {(page.parent / link).resolve() for page in PAGES for link in LINK.findall(prose(page))}
    for picture in (ROOT / "docs" / "pictures").iterdir():
        assert picture.resolve() in shown, picture.name
        assert picture.stat().st_size < LARGEST_PICTURE, picture.name


@pytest.mark.parametrize("page", PAGES, ids=named(PAGES))
def test_files_tests_and_targets_are_there(page: Path) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.M)
    for words in CODE.findall(prose(page)):
        if words.startswith("make "):
            assert words.split()[1] in targets, words
        if re.fullmatch(FOLDERS + r"[\w./-]+(::\w+)?", words) and "*" not in words:
            file, _, test = words.partition("::")
            assert (ROOT / file).exists(), f"there is no {file}"
            assert not test or f"def {test}(" in (ROOT / file).read_text("utf-8"), words


@pytest.mark.parametrize("guide", GUIDES, ids=named(GUIDES))
def test_examples_are_taken_from_definitions(guide: Path) -> None:
    files = [*ROOT.glob("definitions/**/*.yaml"), ROOT / "docs" / "words.yaml"]
    known = {line.strip() for file in files for line in file.read_text("utf-8").splitlines()}
    for block in re.findall(r"^```yaml\n(.*?)^```$", guide.read_text("utf-8"), re.M | re.S):
        lines = [line.strip() for line in block.splitlines()]
        assert [each for each in lines if each not in known | {"…"}] == []


def test_the_words_no_shipped_process_uses_are_words() -> None:
    sources = read_directory(ROOT / "definitions" / "shop")
    page = (ROOT / "docs" / "words.yaml").read_text(encoding="utf-8")
    assert "words" in load({**sources, "docs/words.yaml": page}).processes


@pytest.mark.parametrize(("english", "chinese"), TWINS)
def test_both_languages_have_the_same_sections(english: str, chinese: str) -> None:
    one, other = (HEADING.findall(prose(ROOT / each)) for each in (english, chinese))
    for (level, title), (same, twin) in zip_longest(one, other, fillvalue=("", "")):
        assert level == same, f"{title!r} and {twin!r}"
