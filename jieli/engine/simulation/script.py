"""The words of a script: who answers what and when, what other systems and cases say. Models only."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from jieli.engine.values import Name, OneOrMore, is_duration, parse_duration
from jieli.engine.words import Words

Rows = list[dict[str, Any]]


def _length(words: str) -> str:
    parse_duration(words)
    return words


def _time(words: str) -> str:
    try:
        datetime.fromisoformat(words)
    except ValueError as error:
        raise ValueError("not a time; write it like 2026-11-20 09:00") from error
    return words


def _end(words: str) -> str:
    return words if is_duration(words) else _time(words)


Length = Annotated[str, AfterValidator(_length)]
Time = Annotated[str, AfterValidator(_time)]


class Answer(Words):
    """What somebody does with a step when it is their turn."""

    press: Name | None = Field(
        default=None, description="The button; without it nobody does anything with this one."
    )
    by: Name | None = Field(default=None, description="Who; without it the first who is asked and works.")
    after: Length = Field(default="5m", description="So long after the step opened.")
    at: Time | None = Field(default=None, description="At this local time instead, `2026-11-20 09:00`.")
    fill: dict[Name, Any] = Field(default={}, description="Field -> what is filled in.")
    refused: str | None = Field(
        default=None, description="It must be refused, and these words must be in the reason."
    )


class Ended(Words):
    """How a sub-case ends that is not played."""

    result: Name = Field(description="Its result.")
    after: Length = Field(default="1h", description="So long after it was asked for.")
    data: dict[Name, Any] = Field(default={}, description="Its fields at the end.")


class Called(Words):
    """What another system answers."""

    response: Any = Field(default=None, description="The answer.")
    failed: str | None = Field(default=None, description="It failed for good, with this reason.")
    unknown: bool = Field(default=False, description="Nobody knows whether it happened.")
    after: Length = Field(default="2s", description="So long it takes.")


class Outside(Words):
    """Something that comes from outside; exactly one thing."""

    at: Time | None = Field(default=None, description="At this local time, `2026-11-20 09:00`.")
    after: Length | None = Field(default=None, description="So long after the start.")
    event: Name | None = Field(default=None, description="An event a step may wait for.")
    data: dict[Name, Any] = Field(default={}, description="What comes with the event.")
    no_contact: bool = Field(default=False, description="The buyer wants no more contact (请勿再联系).")
    cancel: str | None = Field(default=None, description="The case is cancelled for this reason.")


class Script(Words):
    """How one case goes: what it begins with and what everybody does."""

    from_: Time = Field(
        default="2026-11-23 09:00", alias="from", description="The local time it begins."
    )
    by: Name | None = Field(default=None, description="Who starts it with the form.")
    data: dict[Name, Any] = Field(default={}, description="Field -> what the start form holds.")
    answers: dict[
        Annotated[str, Field(pattern=r"^([a-z][a-z0-9_]*:)?[a-z][a-z0-9_]*$")],
        Annotated[tuple[Answer, ...], OneOrMore],
    ] = Field(
        default={}, description="Step, or `process:step` -> one answer each time it is its turn."
    )
    always: tuple[Name, ...] = Field(
        default=(), description="Steps whose last answer is given again and again."
    )
    sub_cases: dict[Name, Annotated[tuple[Ended, ...], OneOrMore]] = Field(
        default={}, description="Process -> how its cases end, one after the other; others are played."
    )
    calls: dict[Name, Annotated[tuple[Called, ...], OneOrMore]] = Field(
        default={}, description="Step -> what the other system answers, one after the other."
    )
    outside: tuple[Outside, ...] = Field(default=(), description="What comes from outside, and when.")
    rows: dict[Name, Rows] = Field(
        default={}, description="Rows of tables that come from elsewhere: field -> rows."
    )
    until: Annotated[str, AfterValidator(_end)] = Field(
        default="30d", description="How far the clock goes: a duration or a local time."
    )


def answer_for(script: Script, process: str, step: str, given: int) -> Answer | None:
    """The next answer of a step when so many were given; None when nobody does anything more."""
    key = f"{process}:{step}" if f"{process}:{step}" in script.answers else step
    listed = script.answers.get(key, ())
    if given < len(listed):
        return listed[given]
    return listed[-1] if listed and (step in script.always) else None
