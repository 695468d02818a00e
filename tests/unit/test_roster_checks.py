"""What is wrong with a roster is told at its place; too few people are warned of, no mistake."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from jieli.cli import jieli
from jieli.engine.loader import load
from jieli.store import definitions
from jieli.store.database import Database, migrate
from tests.small_shop import changed, problems
from tests.story import at

SHOP = """\
shop: 样例
roles:
  agent: {label: 客服}
  boss: {label: 主管}
people:
  ann: {name: 安, roles: [agent]}
  bob: {name: 博, roles: [agent]}
  cat: {name: 彩, roles: [boss]}
posts:
  desk: {label: 前台, role: agent, least: 1}
  pack: {label: 打包, role: agent, least: 1}
shifts:
  early: {label: 早班, hours: {daily: ["08:00-17:30"]}}
  late: {label: 晚班, hours: {daily: ["16:00-25:00"]}}
  night: {label: 夜班, hours: {daily: ["22:00-33:00"]}}
roster:
  - post: desk
    from: 2026-11-30
    weeks:
      ann: early
      bob: "late late late late late late -"
absences:
  - {person: ann, from: 2026-12-06, to: 2026-12-06, substitute: bob}
"""


def wrong(old: str, new: str) -> list[str]:
    """What is said after one change of the roster."""
    return problems({"roster.yaml": changed(SHOP, old, new)})


def test_a_right_roster_has_no_problems() -> None:
    assert problems({"roster.yaml": SHOP}) == []


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("desk: {label: 前台, role: agent", "desk: {label: 前台, role: agnet",
         '10:27: posts.desk.role: There is no role "agnet"; did you mean "agent"?'),
        ("- post: desk", "- post: dsek",
         '17:11: roster.1.post: There is no post "dsek"; did you mean "desk"?'),
        ("from: 2026-11-30", "from: 2026-12-01",
         "18:11: roster.1.from: A rota begins on a Monday, and 2026-12-01 is none; "
         "the Monday before is 2026-11-30"),
        ("    weeks:", "    to: 2026-11-29\n    weeks:",
         "19:9: roster.1.to: The last day is before the first"),
        ("      ann: early", "      anne: early",
         '20:7: roster.1.weeks.anne: There is no person "anne"; did you mean "ann"?'),
        ("ann: early", "ann: [early, earlie]",
         '20:20: roster.1.weeks.ann.2: There is no shift "earlie"; did you mean "early"?'),
        ("late late late late late late -", "late late late late late -",
         "21:7: roster.1.weeks.bob.1: A week has seven entries, Monday to Sunday, or one word for "
         "every day; here are 6"),
        ("ann: early", "ann: []",
         "20:12: roster.1.weeks.ann: At least one is needed here"),
        ("      ann: early", "      cat: early",
         "20:7: roster.1.weeks.cat: cat has not the role agent, which the post desk needs"),
        ("person: ann,", "person: an,",
         '23:14: absences.1.person: There is no person "an"; did you mean "ann"?'),
        ("to: 2026-12-06,", "to: 2026-12-05,",
         "23:41: absences.1.to: The last day is before the first"),
        ("substitute: bob", "substitute: ann",
         "23:65: absences.1.substitute: Nobody stands in for themselves"),
        ("substitute: bob", "substitute: cat",
         "23:65: absences.1.substitute: cat has not the role agent, which the post desk needs"),
        # Sunday is off, but on Saturday the late shift is over at one, before the early one begins.
        ("from: 2026-12-06, to: 2026-12-06", "from: 2026-12-05, to: 2026-12-06",
         "23:65: absences.1.substitute: bob is at work already when standing in on 2026-12-05"),
        ("late late late late late late -", "night - early - - - -", None),
        ("late late late late late late -", "night early - - - - -",
         "21:7: roster.1.weeks.bob: Two shifts of bob overlap on 2026-12-01"),
        # The last day of the cycle and the first of the next one.
        ("late late late late late late -", "early - - - - - night",
         "21:7: roster.1.weeks.bob: Two shifts of bob overlap on 2026-12-07"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_at_its_place(old: str, new: str, said: str | None) -> None:
    assert wrong(old, new) == ([f"roster.yaml:{said}"] if said else [])


SECOND = """\
  - post: POST
    from: 2026-12-07
    weeks:
      ann: SHIFT
absences:
"""


def second(post: str, shift: str, more: str = "") -> list[str]:
    """What is said of another rota behind the first, both for one person."""
    text = SECOND.replace("POST", post).replace("SHIFT", shift)
    both = changed(SHOP, "absences:\n", text)
    return problems({"roster.yaml": changed(both, "    weeks:", more + "    weeks:")})


def test_a_new_rota_needs_a_last_day_in_the_old_one() -> None:
    assert second("desk", "late") == [
        "roster.yaml:25:7: roster.2.weeks.ann: ann stands in an earlier rota of this post for the "
        "same days; give the earlier rota a last day, to:"
    ]
    assert second("desk", "late", "    to: 2026-12-06\n") == []


def test_nobody_is_at_two_posts_at_once() -> None:
    assert second("pack", "late") == [
        "roster.yaml:25:7: roster.2.weeks.ann: Two shifts of ann overlap on 2026-12-07"
    ]
    assert second("pack", "late", "    to: 2026-12-06\n") == []


def test_the_problems_are_told_in_chinese_too() -> None:
    (said,) = problems({"roster.yaml": changed(SHOP, "from: 2026-11-30", "from: 2026-12-01")}, "zh")
    assert said.endswith("排班要从星期一开始，2026-12-01 不是星期一; 之前最近的星期一是 2026-11-30")


def test_one_mistake_in_the_hours_of_a_shift_is_the_only_one_told() -> None:
    said = wrong("16:00-25:00", "16:00-65:00")
    assert len(said) == 1 and said[0].startswith("roster.yaml:14:")


def test_one_mistake_in_a_rota_does_not_hide_the_others_of_the_shop() -> None:
    text = changed(SHOP, "from: 2026-11-30", "from: Monday")
    said = problems({"roster.yaml": changed(text, "roles: [boss]", "roles: [bos]")})
    assert [each.split(": ")[1] for each in said] == ["people.cat.roles.1", "roster.1.from"]


def test_the_roster_may_stand_in_a_file_of_its_own() -> None:
    people, posts = SHOP.split("posts:\n")
    files = {"people.yaml": people, "roster.yaml": changed("posts:\n" + posts, "ann: early", "ann: erly")}
    assert problems(files) == [
        'roster.yaml:12:7: roster.1.weeks.ann.1: There is no shift "erly"; did you mean "early"?'
    ]


# ---- jieli roster --------------------------------------------------------------------------------


def run(*arguments: str) -> tuple[int, list[str]]:
    result = CliRunner().invoke(jieli, ["roster", *arguments])
    return result.exit_code, result.output.splitlines()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "roster.yaml").write_text(changed(SHOP, "least: 1", "least: 2"), "utf-8")
    return tmp_path


def test_too_few_people_are_a_warning_of_the_command_and_no_mistake(folder: Path) -> None:
    assert problems({"roster.yaml": (folder / "roster.yaml").read_text("utf-8")}) == []
    code, said = run("check", str(folder), "--from", "2026-12-05", "--days", "2")
    assert code == 0
    assert said == [
        "2026-12-05 周六 前台 早班：1 人，至少要 2 人",
        "2026-12-05 周六 前台 晚班：1 人，至少要 2 人",
        "2026-12-05 周六 打包：00:00-24:00 没有人",
        "2026-12-06 周日 前台 早班：1 人，至少要 2 人",
        "2026-12-06 周日 打包：00:00-24:00 没有人",
        "5 条提醒",
    ]


def test_a_hole_says_who_is_away(folder: Path) -> None:
    file = folder / "roster.yaml"
    file.write_text(changed(file.read_text("utf-8"), ", substitute: bob", ""), "utf-8")
    _, said = run("check", str(folder), "--from", "2026-12-06", "--days", "1")
    assert said[0] == "2026-12-06 周日 前台 早班：没有人；不在：安"


def test_enough_people_are_said_so() -> None:
    code, said = run("check", "definitions/shop", "--from", "2026-12-06", "--days", "14")
    assert (code, said) == (0, ["每个班人都够。"])


def test_the_published_roster_is_shown_with_who_is_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JIELI_DATABASE_URL", f"sqlite:///{tmp_path / 'jieli.db'}")
    database = Database(f"sqlite:///{tmp_path / 'jieli.db'}")
    migrate(database)
    library = load({"roster.yaml": changed(SHOP, ", substitute: bob", "")})
    with database.write() as connection:
        definitions.publish(connection, library, author="test", reason="", now=at("2026-12-01 09:00"))
    database.dispose()
    assert run("show", "--from", "2026-12-05", "--days", "2") == (0, [
        "日期             岗位  班次  时间         人员",
        "2026-12-05 周六  前台  早班  08:00-17:30  安",
        "2026-12-05 周六  前台  晚班  16:00-25:00  博",
        "2026-12-06 周日  前台  早班  08:00-17:30  安（不在）",
    ])  # fmt: skip
    assert run("show", "--from", "2026-11-02", "--days", "2") == (0, ["这几天没有排班。"])
