"""What the ledger's rules bring: the n-th time, a month's sheet, what its totals propose.

Pure. Recording is the store's; nothing here touches pay or dismisses anybody.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from jieli.engine import expressions
from jieli.engine.ledger import Ledger, LedgerRule, LedgerStep

Rated = Mapping[str, Mapping[str, float]]
"""Month -> person -> the sum of the appraisal's parts, as far as people were rated."""

IN_TOTALS = (
    "minor", "medium", "severe", "rewards", "points", "score", "months_good", "months_failed",
    "warnings", "times",
)  # fmt: skip
_LONGEST_DOUBLING = 10  # 50 yuan doubled ten times is a mistake, not a fine
_LONGEST_STREAK = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """A confirmed entry, as it stands in the ledger."""

    rule: str
    person: str
    month: str
    points: float = 0
    money: float = 0
    nth: int = 1
    step_text: str = ""
    label: str = ""
    reason: str = ""
    evidence: str = ""
    happened_at: datetime | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """One person's month."""

    person: str
    month: str
    entries: tuple[Posted, ...] = ()
    points: float = 0
    money: float = 0
    levels: Mapping[str, int] = field(default_factory=dict)
    warnings: int = 0
    rated: float | None = None

    @property
    def score(self) -> float | None:
        """The month's marks with what the ledger adds or takes; nothing before the appraisal."""
        return None if self.rated is None else self.rated + self.points


@dataclass(frozen=True, slots=True)
class Proposal:
    """An entry that a total proposes for a month; the key is the same each time it is worked out."""

    key: str
    total: str
    rule: str
    person: str
    reason: str


def month_of(happened_at: datetime, timezone: str) -> str:
    """The calendar month an event counts in, `2026-11`, by the shop's own clock."""
    return happened_at.astimezone(ZoneInfo(timezone)).strftime("%Y-%m")


def nth_time(rule: LedgerRule, earlier_months: Iterable[str], month: str) -> int:
    """Which time it is within the rule's window, when these months had the rule before."""
    window = {"month": month, "year": month[:4], "ever": ""}[rule.window]
    return 1 + sum(1 for each in earlier_months if each.startswith(window))


def amount(rule: LedgerRule, nth: int, severity: str | None = None) -> LedgerStep:
    """What the n-th time brings: by severity if that was chosen, else by the ladder, else flat."""
    if severity is not None and severity in rule.by_severity:
        step = rule.by_severity[severity]
    elif rule.ladder:
        step = rule.ladder[min(nth, len(rule.ladder)) - 1]
    else:
        step = LedgerStep(points=rule.points, money=rule.money)
    if not rule.doubling:
        return step
    times = min(nth - 1, _LONGEST_DOUBLING)
    return step.model_copy(update={"money": step.money * 2**times})


def month_sheet(
    entries: Iterable[Posted], ledger: Ledger, month: str, rated: Rated | None = None
) -> dict[str, Sheet]:
    """The month of everybody who has an entry in it or was rated, by person."""
    own: dict[str, list[Posted]] = {}
    for entry in entries:
        if entry.month == month:
            own.setdefault(entry.person, []).append(entry)
    marks = (rated or {}).get(month, {})
    return {
        person: _sheet(person, month, tuple(own.get(person, ())), ledger, marks.get(person))
        for person in sorted({*own, *marks})
    }


def proposals(
    entries: Sequence[Posted], ledger: Ledger, month: str, rated: Rated | None = None
) -> list[Proposal]:
    """What the policies propose for a month; what was recorded already is left out.

    `entries` and `rated` reach back as far as streaks shall be seen.
    """
    known = {(entry.person, entry.rule) for entry in entries if entry.month == month}
    sheets = _Sheets(entries, ledger, rated or {})
    found = []
    for person in sorted(sheets.of(month)):
        scope = sheets.scope(person, month)
        for name, total in ledger.totals.items():
            if (person, total.rule) not in known and _holds(total.when, scope):
                key = f"total:{name}:{month}:{person}"
                found.append(Proposal(key, name, total.rule, person, f"{month} {total.label}"))
    return found


def earlier(month: str, by: int = 1) -> str:
    """The month so many months before."""
    number = int(month[:4]) * 12 + int(month[5:]) - 1 - by
    return f"{number // 12:04d}-{number % 12 + 1:02d}"


def is_warning(rule: LedgerRule | None, entry: Posted) -> bool:
    """Whether what the entry brought was a warning (警告处分)."""
    if rule is None:
        return False
    steps = (*rule.ladder, *rule.by_severity.values())
    return any(step.warning and step.text == entry.step_text for step in steps)


def _holds(when: str, scope: Mapping[str, Any]) -> bool:
    # Before the appraisal there is no score: what asks for it does not hold yet.
    asked = {each[0] for each in expressions.references(when, template=False)}
    if scope["score"] is None and "score" in asked:
        return False
    return expressions.truth(when, scope)


def _sheet(
    person: str, month: str, own: tuple[Posted, ...], ledger: Ledger, rated: float | None
) -> Sheet:
    rules = ledger.rules
    levels = Counter[str](rules[entry.rule].level for entry in own if entry.rule in rules)
    return Sheet(
        person=person,
        month=month,
        entries=own,
        points=sum(entry.points for entry in own),
        money=sum(entry.money for entry in own),
        levels=levels,
        warnings=sum(1 for entry in own if is_warning(rules.get(entry.rule), entry)),
        rated=rated,
    )


class _Sheets:
    """The sheets of the months around one, each worked out once."""

    def __init__(self, entries: Sequence[Posted], ledger: Ledger, rated: Rated) -> None:
        self._entries, self._ledger, self._rated = entries, ledger, rated
        self._made: dict[str, dict[str, Sheet]] = {}

    def of(self, month: str) -> dict[str, Sheet]:
        """Everybody's sheet of a month."""
        if month not in self._made:
            self._made[month] = month_sheet(self._entries, self._ledger, month, self._rated)
        return self._made[month]

    def scope(self, person: str, month: str) -> dict[str, Any]:
        """The names a total's `when` may use."""
        sheet = self.of(month)[person]
        times = Counter(entry.rule for entry in sheet.entries)
        return {
            "minor": sheet.levels.get("minor", 0),
            "medium": sheet.levels.get("medium", 0),
            "severe": sheet.levels.get("severe", 0),
            "rewards": sheet.levels.get("reward", 0),
            "points": sheet.points,
            "score": sheet.score,
            "months_good": self._streak(person, month, self._was_first),
            "months_failed": self._streak(person, month, self._failed),
            "warnings": self._warnings(person, month),
            "times": {rule: times[rule] for rule in self._ledger.rules},
        }

    def _streak(self, person: str, month: str, holds: Callable[[str, str], bool]) -> int:
        for length in range(_LONGEST_STREAK):
            if not holds(person, earlier(month, length)):
                return length
        return _LONGEST_STREAK

    def _was_first(self, person: str, month: str) -> bool:
        scores = {
            each: sheet.score for each, sheet in self.of(month).items() if sheet.score is not None
        }
        return person in scores and scores[person] == max(scores.values())

    def _failed(self, person: str, month: str) -> bool:
        sheet = self.of(month).get(person)
        return (
            sheet is not None and sheet.score is not None and sheet.score < self._ledger.pass_mark
        )

    def _warnings(self, person: str, month: str) -> int:
        """Warnings up to this month, with no month without one in between."""
        months = (self.of(earlier(month, back)).get(person) for back in range(_LONGEST_STREAK))
        count = 0
        for sheet in months:
            if sheet is None or not sheet.warnings:
                break
            count += sheet.warnings
        return count
