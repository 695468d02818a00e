"""The words of starts by the calendar. Models only; which times they mean is `occurrences`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from jieli.engine.values import Name, OneOrMore
from jieli.engine.words import Words


class ShiftChanges(Words):
    """Every change of shift of these posts (all posts when none is named)."""

    posts: Annotated[tuple[Name, ...], OneOrMore] = Field(default=(), description="These posts only.")
    before: str = Field(default="30m", description="So long before the shift ends.")


class Sample(Words):
    """A random sample of closed cases, the same for the same occurrence."""

    process: Name = Field(description="Closed cases of this process.")
    count: int | str = Field(description="How many; a number or a setting.")
    closed_within: str = Field(default="1d", description="Closed so long before the occurrence.")


class Each(Words):
    """One case for each of these, as `item`; exactly one of them."""

    people: Name | None = Field(default=None, description="A role: `item` is a person's id.")
    sample: Sample | None = Field(default=None, description="`item` has ref, title, case_id, …")
    rows: Name | None = Field(default=None, description="An imported list: unmarked rows.")
    of: str | None = Field(
        default=None, description="Expression over change: a list, as `change.outgoing`."
    )
    on_shift: bool = Field(default=False, description="people: only who works at that time.")


class Schedule(Words):
    """When cases of this process begin by themselves. Local times of the shop, `HH:MM`."""

    daily: Annotated[tuple[str, ...], OneOrMore] = Field(default=(), description="Every day at these times.")
    weekly: Annotated[tuple[str, ...], OneOrMore] = Field(default=(), description='"fri 11:00".')
    monthly: Annotated[tuple[str, ...], OneOrMore] = Field(
        default=(), description='"1 09:00", "15 09:00" or "last 18:00".'
    )
    shift_change: ShiftChanges | None = Field(default=None, description="At every change of shift.")
    days: Literal["all", "workdays", "holidays"] = Field(
        default="all", description="all, only workdays (with make-up days), or only public holidays."
    )
    catch_up: Literal["all", "latest", "skip"] = Field(
        default="latest", description="What happens to times that passed while nothing ran."
    )
    each: Each | None = Field(default=None, description="One case for each of these.")
    data: dict[Name, str] = Field(
        default={},
        description="Case field -> expression over occurrence, date, now, item, change, settings, shop, "
        "roles (role -> people) and board (open, overdue, nobody, stuck, soon: counts).",
    )
