"""Appraisal and ledger of a month by person, and the team's fund. Names stay on our own pages."""

from __future__ import annotations

from collections import Counter, defaultdict

from jieli.engine.accounts import Posted, Sheet, earlier, month_sheet, proposals
from jieli.store.entries import entries
from jieli.store.reports.appraisals import rated
from jieli.store.reports.asked import Asked
from jieli.store.reports.values import Cell, Chart, Column, Report, Series, Table, share
from jieli.texts import text

MONTHS_BACK = 12


def people(asked: Asked) -> Report:
    """The report."""
    since, ledger = earlier(asked.month, MONTHS_BACK), asked.context.ledger
    posted = [each.posted() for each in entries(asked.connection, since=since, until=asked.month)]
    marks = rated(asked, since, asked.month)
    sheets = list(month_sheet(posted, ledger, asked.month, marks).values())
    own = [entry for entry in posted if entry.month == asked.month]
    tables = [_sheet_table(asked, sheets), _levels(asked, own), _rules(own),
              _proposed(asked, posted, marks)]  # fmt: skip
    if ledger.money:
        tables.append(_fund(asked))
    return Report(
        name="people",
        title=text("Appraisal and ledger"),
        about=text("The appraisal of 100 points with what the ledger adds or takes. "
                   "Nothing here touches pay."),
        tables=tuple(tables),
        charts=(_chart(asked, sheets),),
    )  # fmt: skip


def _sheet_table(asked: Asked, sheets: list[Sheet]) -> Table:
    money = asked.context.ledger.money
    # 004 第五篇: one's part of the team's bonus goes by one's part of all scores.
    whole = sum(max(each.score or 0, 0) for each in sheets)
    rows: list[tuple[Cell, ...]] = [
        (
            asked.context.label(each.person), each.rated, each.points, each.score,
            share(max(each.score, 0), whole) if each.score is not None else None,
            *(each.levels.get(level, 0) for level in ("reward", "minor", "medium", "severe")),
            each.warnings, *((each.money,) if money else ()),
        )
        for each in sorted(sheets, key=lambda each: (-(each.score or 0), -each.points))
    ]  # fmt: skip
    return Table(
        title=text("By person"),
        columns=(
            Column(text("Person"), "text", personal=True), Column(text("Appraisal")),
            Column(text("Ledger points")), Column(text("Score")),
            Column(text("of all scores"), "share"), Column(text("Rewards")), Column(text("Minor")),
            Column(text("Medium")), Column(text("Severe")),
            Column(text("Warnings")), *((Column(text("Money"), "money"),) if money else ()),
        ),
        rows=tuple(rows),
        note=text("No score before the appraisal of the month is closed."),
        personal=True,
    )  # fmt: skip


def _levels(asked: Asked, own: list[Posted]) -> Table:
    rules = asked.context.ledger.rules
    labels = {
        "reward": text("Reward"), "minor": text("Minor"), "medium": text("Medium"),
        "severe": text("Severe"), "other": text("Other"),
    }  # fmt: skip
    level: dict[str, str] = {name: rule.level for name, rule in rules.items()}
    counted = Counter(level.get(each.rule, "other") for each in own)
    points: dict[str, float] = defaultdict(float)
    for each in own:
        points[level.get(each.rule, "other")] += each.points
    return Table(
        title=text("Entries by level"),
        columns=(Column(text("Level"), "text"), Column(text("Entries")), Column(text("Points"))),
        rows=tuple((label, counted[key], points[key]) for key, label in labels.items()),
        total=(text("Together"), len(own), sum(each.points for each in own)),
    )


def _rules(own: list[Posted]) -> Table:
    counted = Counter(each.label or each.rule for each in own)
    return Table(
        title=text("Entries by rule"),
        columns=(Column(text("Rule"), "text"), Column(text("Entries"))),
        rows=tuple(counted.most_common()),
    )


def _proposed(asked: Asked, posted: list[Posted], marks: dict[str, dict[str, float]]) -> Table:
    rules = asked.context.ledger.rules
    return Table(
        title=text("What the month's totals would propose"),
        columns=(
            Column(text("Person"), "text", personal=True), Column(text("Rule"), "text"),
            Column(text("Because"), "text"),
        ),
        rows=tuple(
            (asked.context.label(each.person), rules[each.rule].label, each.reason)
            for each in proposals(posted, asked.context.ledger, asked.month, marks)
            if each.rule in rules
        ),
        note=text("A supervisor decides on each; nothing is recorded by itself."),
        personal=True,
    )  # fmt: skip


def _fund(asked: Asked) -> Table:
    """Fines go into the team's fund, open to all of it (004 第一篇 16)."""
    fines: dict[str, float] = defaultdict(float)
    for each in entries(asked.connection, until=asked.month):
        if each.money < 0:
            fines[each.month] -= each.money
    return Table(
        title=text("The team's fund"),
        columns=(Column(text("Month"), "text"), Column(text("Paid in"), "money")),
        rows=tuple(sorted(fines.items())),
        total=(text("Balance"), sum(fines.values())),
    )


def _chart(asked: Asked, sheets: list[Sheet]) -> Chart:
    shown = [each for each in sheets if each.points or each.rated is not None]
    return Chart(
        title=text("Ledger points by person"),
        kind="bars",
        labels=tuple(asked.context.label(each.person) for each in shown),
        series=(Series(text("Ledger points"), tuple(each.points for each in shown)),),
        personal=True,
    )
