"""The words of what a form holds before anybody has typed. Models only."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from jieli.engine.values import Name, OneOrMore
from jieli.engine.words import Words


class CasesWanted(Words):
    """Which cases a table is filled with, newest last."""

    process: Annotated[tuple[Name, ...], OneOrMore] = Field(min_length=1)
    status: Annotated[tuple[str, ...], OneOrMore] = ("open", "completed")
    since: str | None = Field(default=None, description="Expression: opened or closed since then.")
    until: str | None = Field(default=None, description="Expression: and before that.")


class Fill(Words):
    """What a table of rows is filled with; exactly one source.

    Columns of the same name are filled. The row's `key` column ties a row that comes back to its
    source; a row typed in has an empty key.
    """

    rows: str | None = Field(default=None, description="Expression: rows of the case or a step.")
    open_work: str | None = Field(
        default=None,
        description="Expression: people; one row per case they own or hold work of: "
        "ref, title, process, buyer, order_no, step, due, owner.",
    )
    opened_before: str | None = Field(
        default=None, description="open_work: expression; only cases that were open by then."
    )
    cases: CasesWanted | None = Field(
        default=None, description="ref, title, process, result, status, opened_at, closed_at, owner."
    )
    imported: Name | None = Field(default=None, description="An imported list: unmarked rows.")
    ledger: str | None = Field(
        default=None,
        description="Expression: a month, YYYY-MM; what the policies propose: rule, person, reason.",
    )
    roster: str | None = Field(
        default=None, description="Expression: a date; who works: post, shift, people, gap."
    )
    key: Name | None = Field(default=None, description="The column that names the row.")
    shown: Annotated[tuple[Name, ...], OneOrMore] = Field(
        default=(), description="Columns that are shown and cannot be changed."
    )
    keep: bool = Field(default=True, description="Filled rows cannot be taken out.")
