"""The words of what a process may have Jieli do itself: hand work over, propose, record, mark.

Models only; carrying them out is `engine.steps.doing` and, for the rows they change, the store's.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from jieli.engine.values import Name
from jieli.engine.words import Words


class HandOver(Words):
    """Open work moves from people to people: cases they own, work items they hold."""

    from_: str = Field(alias="from", description="Expression: a person or a list of people.")
    to: str = Field(description="Expression: who has it from now on; several share it evenly.")
    choose: str | None = Field(
        default=None,
        description="Expression: rows with `ref` and `to`; a case named there goes to that person.",
    )
    only: str | None = Field(
        default=None, description="Expression: rows with `ref`; no other case moves."
    )


class Propose(Words):
    """A ledger entry is proposed; a supervisor confirms or rejects it later."""

    rule: str = Field(description="A rule of the shop's ledger, or `{{ expression }}` for one.")
    person: str = Field(description="Expression: whom it concerns; nothing: the supervisor chooses.")
    reason: str = Field(description="Template: what happened, as the person will read it.")
    each: str | None = Field(default=None, description="Expression: one proposal per `item`.")


class Record(Words):
    """A confirmed entry is written into the ledger, for good."""

    rule: str = Field(description="Expression: the rule.")
    person: str = Field(description="Expression: whom it concerns.")
    reason: str = Field(description="Template: why.")
    evidence: str = Field(description="Expression: the case it is about.")
    happened_at: str = Field(description="Expression: when it happened; it counts in that month.")
    severity: str | None = Field(default=None, description="Expression: for rules by severity.")


class ChangeRoster(Words):
    """Somebody is away, somebody stands in, two swap, or a shift ends later."""

    kind: Literal["away", "swap", "stand_in", "extend"] = Field(
        description="away: does not work; swap: two change places; stand_in: another comes; extend: ends later."
    )
    person: str | None = Field(default=None, description="Expression: who is away or swaps.")
    other: str | None = Field(default=None, description="Expression: the substitute, if any.")
    from_: str | None = Field(default=None, alias="from", description="Expression: a date or time.")
    to: str | None = Field(default=None, description="Expression: a date or time, included.")
    post: str | None = Field(default=None, description="Expression: for extend.")
    shift: str | None = Field(default=None, description="Expression: for extend.")
    date: str | None = Field(default=None, description="Expression: the shift's date, for extend.")


class MarkRows(Words):
    """Imported rows are marked, so that nothing is done for them twice."""

    list_: Name = Field(alias="list", description="The imported list.")
    rows: str = Field(description="Expression: rows with the list's key.")
    mark: str = Field(description="Template: what is written on them.")


class Action(Words):
    """Exactly one thing that Jieli does itself."""

    hand_over: HandOver | None = Field(default=None, description="Open work moves from people to people.")
    propose: Propose | None = Field(default=None, description="A ledger entry is proposed.")
    record: Record | None = Field(default=None, description="A confirmed entry is written into the ledger.")
    change_roster: ChangeRoster | None = Field(
        default=None, description="The roster changes: away, swap, stand_in or extend."
    )
    mark_rows: MarkRows | None = Field(default=None, description="Imported rows are marked.")
