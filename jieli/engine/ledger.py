"""The shop's ledger rules, as ops write them: points and money, ladders, bands. Models only.

What counts how much is `jieli.engine.accounts`. Nothing here touches pay or dismisses anybody.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from jieli.engine.values import Name, OneOrMore


class _Live(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class LedgerStep(_Live):
    """What the n-th time brings."""

    text: str = Field(default="", description="What this time brings, in words.")
    points: float = Field(default=0, description="The points of this time.")
    money: float = Field(
        default=0, description="The yuan of this time; shown only while the shop's money is on."
    )
    warning: bool = Field(default=False, description="A warning (警告处分); three in a row count.")


class LedgerRule(_Live):
    """Something that is rewarded or has a price: points below zero are a minus."""

    label: str = Field(description="What people call the rule.")
    source: str = Field(description="The source document and place, or `ours`.")
    points: float = Field(default=0, description="Points; below zero is a minus.")
    money: float = Field(default=0, description="Yuan; shown only while the shop's money is on.")
    level: Literal["minor", "medium", "severe", "reward", "other"] = Field(
        default="other", description="How grave it is; totals count by it."
    )
    ladder: Annotated[tuple[LedgerStep, ...], OneOrMore] = Field(
        default=(), description="First time, second time, …; the last step stays. Wins over points."
    )
    doubling: bool = Field(default=False, description="Money doubles with each time in the window.")
    window: Literal["month", "year", "ever"] = Field(
        default="month", description="What the times are counted in: calendar month, year, or all."
    )
    by_severity: dict[Name, LedgerStep] = Field(default={}, description="Chosen by the supervisor.")


class Band(_Live):
    """From so much over a step's time limit on, this rule."""

    over: str = Field(description="So much over the time limit.")
    rule: Name = Field(description="The ledger rule that is proposed then.")


class Total(_Live):
    """Proposed at the end of a month when so many entries have come together."""

    label: str = Field(description="What people call it.")
    rule: Name = Field(description="The ledger rule that is proposed.")
    when: str = Field(
        description="Expression over minor, medium, severe, points, rewards, score, months_good "
        "(in a row with the best score), months_failed, warnings, times (times.complaint)."
    )


class AppraisalPart(_Live):
    """One part of the 100 points."""

    label: str = Field(description="What people call this part.")
    points: float = Field(description="How many of the 100 points it has.")
    raters: Annotated[tuple[Name, ...], OneOrMore] = Field(
        default=(), description="Roles that rate it; several: the mean."
    )


class Ledger(_Live):
    """All of it. `money: false` keeps the money ladders in the file and out of sight."""

    money: bool = Field(default=False, description="Whether amounts of money are shown and counted.")
    grace: str = Field(default="10m", description="So much lateness has no consequence.")
    appeal: str = Field(default="3d", description="So long the person may object.")
    pass_mark: float = Field(default=60, description="Of the 100 points of the appraisal.")
    rules: dict[Name, LedgerRule] = Field(default={}, description="The rules, by name.")
    overruns: dict[Name, tuple[Band, ...]] = Field(default={}, description="Name -> bands.")
    totals: dict[Name, Total] = Field(default={}, description="What is proposed at the end of a month.")
    appraisal: dict[Name, AppraisalPart] = Field(default={}, description="The parts of the 100 points.")

    @cached_property
    def names(self) -> dict[str, Any]:
        """What expressions of a process may ask of the ledger, by rule."""
        return {
            "labels": {name: rule.label for name, rule in self.rules.items()},
            "levels": {name: rule.level for name, rule in self.rules.items()},
            "severities": {name: list(rule.by_severity) for name, rule in self.rules.items()},
            "appeal": self.appeal,
            "grace": self.grace,
        }
