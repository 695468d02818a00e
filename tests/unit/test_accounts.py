"""What ledger rules bring, month by month: ladders, streaks, totals. No store, no clock."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from jieli.engine import accounts
from jieli.engine.accounts import Posted, amount, month_sheet, nth_time, proposals
from jieli.engine.ledger import Ledger, LedgerRule, LedgerStep
from jieli.engine.loader import ShopFile
from tests.story import DEFINITIONS, at

FILE: Path = DEFINITIONS / "shop" / "ledger.yaml"


@cache
def shipped() -> Ledger:
    return ShopFile.model_validate(yaml.safe_load(FILE.read_text("utf-8"))).ledger


def posted(rule: str, person: str = "li_na", month: str = "2026-11", nth: int = 1) -> Posted:
    """A confirmed entry of a shipped rule, as the store would keep it."""
    words = shipped().rules[rule]
    step = amount(words, nth, next(iter(words.by_severity), None))
    return Posted(
        rule=rule, person=person, month=month, nth=nth, points=step.points, money=step.money,
        step_text=step.text,
    )  # fmt: skip


def proposed(entries: list[Posted], month: str = "2026-11", **rated: dict[str, float]) -> list[str]:
    marks = {key.replace("_", "-").lstrip("m"): value for key, value in rated.items()}
    return [each.rule for each in proposals(entries, shipped(), month, marks)]


# ---- the n-th time ---------------------------------------------------------------------------


def test_the_ladder_goes_up_and_its_last_step_stays() -> None:
    missing = shipped().rules["handover_missing"]
    assert [amount(missing, nth).money for nth in (1, 2, 3)] == [-30, -50, -80]
    assert "面谈" in amount(missing, 5).text
    assert amount(missing, 9) == amount(missing, 5)


def test_no_step_of_the_ledger_withholds_pay_or_dismisses_anybody() -> None:
    for rule in shipped().rules.values():
        for step in (*rule.ladder, *rule.by_severity.values()):
            assert not re.search("扣发|自动离职|辞退", step.text), step.text
    assert not shipped().money


def test_money_that_doubles_with_each_time() -> None:
    rule = LedgerRule(label="投诉", source="004 第二篇", money=-20, doubling=True)
    assert [amount(rule, nth).money for nth in (1, 2, 3, 4)] == [-20, -40, -80, -160]


def test_the_supervisor_chooses_the_severity_where_the_rule_has_one() -> None:
    late = shipped().rules["late"]
    assert amount(late, 1, "severe").points == -5
    assert amount(late, 1, "light").points == -2
    assert amount(late, 1, None) == LedgerStep(points=0)


@pytest.mark.parametrize(
    ("window", "month", "nth"),
    [("month", "2026-11", 3), ("month", "2026-12", 1), ("year", "2026-12", 4),
     ("year", "2027-01", 1), ("ever", "2027-01", 5)],
)  # fmt: skip
def test_times_are_counted_in_the_rules_window(window: str, month: str, nth: int) -> None:
    rule = LedgerRule.model_validate({"label": "x", "source": "ours", "window": window})
    before = ["2025-12", "2026-10", "2026-11", "2026-11"]
    assert nth_time(rule, before, month) == nth


def test_a_month_ends_at_local_midnight() -> None:
    assert accounts.month_of(at("2026-11-30 23:59"), "Asia/Shanghai") == "2026-11"
    assert accounts.month_of(at("2026-12-01 00:01"), "Asia/Shanghai") == "2026-12"


# ---- a month's sheet ---------------------------------------------------------------------------


def test_the_sheet_adds_up_points_levels_and_the_score() -> None:
    entries = [
        posted("desk_messy"), posted("games"), posted("exam_full"), posted("quarrel", "wang_fang"),
        posted("desk_messy", month="2026-10"),
    ]  # fmt: skip
    sheets = month_sheet(entries, shipped(), "2026-11", {"2026-11": {"li_na": 90, "he_jing": 70}})
    assert sheets["li_na"].points == -2 - 10 + 5
    assert sheets["li_na"].levels == {"minor": 1, "medium": 1, "reward": 1}
    assert sheets["li_na"].score == 83
    assert sheets["wang_fang"].score is None
    assert sheets["he_jing"].entries == () and sheets["he_jing"].score == 70


def test_an_entry_whose_rule_the_shop_has_dropped_still_counts_its_points() -> None:
    old = Posted(rule="gone", person="li_na", month="2026-11", points=-3)
    sheet = month_sheet([old], shipped(), "2026-11")["li_na"]
    assert (sheet.points, sheet.levels) == (-3, {})


# ---- what the totals propose -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rules", "extra"),
    [(["games"], False), (["games", "lights_left_on"], True),
     (["noise"] * 3, False), (["noise"] * 4, True), (["games", "noise", "noise"], False)],
)  # fmt: skip
def test_two_medium_or_four_minor_in_a_month_propose_the_extra_deduction(
    rules: list[str], extra: bool
) -> None:
    assert (proposed([posted(rule) for rule in rules]) == ["extra_deduction"]) is extra


def test_what_was_recorded_already_is_not_proposed_again() -> None:
    entries = [posted("games"), posted("games"), posted("extra_deduction")]
    assert proposed(entries) == []


def test_medium_entries_of_different_months_do_not_come_together() -> None:
    assert proposed([posted("games"), posted("games", month="2026-10")]) == []


def test_first_for_three_months_then_six_then_every_three() -> None:
    best: dict[str, dict[str, float]] = {
        f"2026-{month:02d}": {"li_na": 95.0, "wang_fang": 90.0} for month in range(1, 13)
    }
    found = {
        month: [p.rule for p in proposals([], shipped(), month, _since(best, "2026-03"))
                if p.rule.startswith("best")]
        for month in best
    }  # fmt: skip
    assert found["2026-05"] == ["best_3_months"]
    assert found["2026-08"] == ["best_6_months"]
    assert found["2026-11"] == ["best_more_months"]
    assert not any(found[month] for month in ("2026-03", "2026-04", "2026-06", "2026-10"))


def _since(
    rated: dict[str, dict[str, float]], first: str
) -> dict[str, dict[str, float]]:
    return {month: people for month, people in rated.items() if month >= first}


def test_a_month_as_second_ends_the_streak() -> None:
    rated: dict[str, dict[str, float]] = {
        "2026-09": {"li_na": 95.0, "wang_fang": 90.0}, "2026-10": {"li_na": 80.0, "wang_fang": 90.0},
        "2026-11": {"li_na": 95.0, "wang_fang": 90.0},
    }  # fmt: skip
    assert not [p for p in proposals([], shipped(), "2026-11", rated) if p.rule.startswith("best")]


def test_the_points_of_the_month_can_make_the_appraisal_fail() -> None:
    entries = [posted("quarrel"), posted("absent")]
    assert "score_failed" in proposed(entries, m2026_11={"li_na": 95})
    assert "score_failed" not in proposed(entries, m2026_11={"li_na": 100})


def test_two_failed_months_go_to_management_as_a_proposal_to_talk() -> None:
    failed = {"m2026_10": {"li_na": 50.0}, "m2026_11": {"li_na": 55.0}}
    assert "two_months_failed" in proposed([], **failed)
    assert "two_months_failed" not in proposed([], m2026_09={"li_na": 50.0}, m2026_11={"li_na": 55})
    rule = shipped().rules["two_months_failed"]
    assert (rule.level, rule.points, amount(rule, 1).text) == ("severe", 0, "建议管理层面谈")


def test_three_warnings_in_a_row_go_to_management() -> None:
    warned = [
        posted("handover_record", month="2026-10", nth=2),
        posted("handover_record", month="2026-11", nth=1),
        posted("handover_record", month="2026-11", nth=2),
    ]
    assert "three_warnings" in proposed(warned)
    gap = [posted("handover_record", month="2026-09", nth=nth) for nth in (1, 2)]
    assert "three_warnings" not in proposed([*gap, posted("handover_record", month="2026-11")])


def test_no_complaint_is_rewarded_only_after_the_appraisal() -> None:
    assert "no_complaint" in proposed([], m2026_11={"li_na": 80})
    assert "no_complaint" not in proposed([posted("complaint")], m2026_11={"li_na": 80})
    assert "no_complaint" not in proposed([posted("games")])


def test_a_proposal_has_the_same_key_each_time() -> None:
    entries = [posted("games"), posted("games")]
    first, again = (proposals(entries, shipped(), "2026-11") for _ in range(2))
    assert first == again and first[0].key == "total:many_violations:2026-11:li_na"


# ---- the file ------------------------------------------------------------------------------------


def test_every_rule_says_where_it_is_from_and_every_name_in_the_file_is_known() -> None:
    ledger = shipped()
    assert all(rule.source for rule in ledger.rules.values())
    named = [band.rule for bands in ledger.overruns.values() for band in bands]
    named += [total.rule for total in ledger.totals.values()]
    assert set(named) <= set(ledger.rules)
    assert sum(part.points for part in ledger.appraisal.values()) == 100


def test_the_other_documents_choices_are_valid_when_a_shop_takes_them() -> None:
    waiting = re.findall(r"^    # (\w+: \{.*\})$", FILE.read_text("utf-8"), re.MULTILINE)
    rules = [next(iter(yaml.safe_load(line).items())) for line in waiting]
    assert {name for name, _ in rules} == {"handover_record", "complaint", "games"}
    for name, words in rules:
        assert name in shipped().rules
        assert LedgerRule.model_validate(words).source
