"""Posts, shifts and who works when, as ops write them. Models only; asking them is `duty`."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from jieli.engine.calendar import Hours
from jieli.engine.values import Name, OneOrMore


class _Live(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Post(_Live):
    """A place at work that is handed over from shift to shift."""

    label: str = Field(description="What people call the post.")
    role: Name = Field(description="Who can stand at this post.")
    least: int = Field(default=2, description="So few people a shift and a warning is given.")


class Shift(_Live):
    """A shift. It belongs to the date on which it begins; hours may pass midnight (`25:00`)."""

    label: str = Field(description="What people call the shift.")
    hours: Hours = Field(description="When the shift works.")


class Rota(_Live):
    """Who works which shift at a post, in a cycle of whole weeks beginning on a Monday."""

    post: Name = Field(description="The post this rota is for.")
    from_: date = Field(alias="from", description="A Monday; the cycle counts from here.")
    to: date | None = Field(default=None, description="The last day; a later rota may follow.")
    weeks: dict[Name, Annotated[tuple[str, ...], OneOrMore]] = Field(
        description="Person -> one line a week: seven shifts or `-`, Monday first, as "
        '"early early - late late late -"; one line of one word is that shift every day.'
    )


class Absence(_Live):
    """Somebody does not work, by date, and perhaps who stands in."""

    person: Name = Field(description="Who is away.")
    from_: date = Field(alias="from", description="The first day.")
    to: date = Field(description="The last day, included.")
    substitute: Name | None = Field(default=None, description="Who stands in.")


class RosterChange(_Live):
    """A change that came about while working; later ones win over earlier ones."""

    kind: Literal["away", "swap", "stand_in", "extend"]
    person: str | None = None
    other: str | None = None
    from_: date | None = Field(default=None, alias="from")
    to: date | None = None
    post: str | None = None
    shift: str | None = None
    date_: date | None = Field(default=None, alias="date")
    until: datetime | None = Field(default=None, description="extend: when the shift ends now.")
    case_ref: str = ""
