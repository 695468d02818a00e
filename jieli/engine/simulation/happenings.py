"""The timeline of a simulation: who gets what by which channel when, and what everybody did."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jieli.engine.context import Context
from jieli.engine.events import (
    ChangeRoster,
    Effect,
    Entry,
    HandOverWork,
    MakeCall,
    ProposeEntry,
    RecordEntry,
    SendMessage,
    StartCase,
)
from jieli.engine.simulation.played import Played, Told
from jieli.engine.simulation.world import World
from jieli.texts import text

PURPOSES = {
    "work_item": "to do", "reminder": "reminder", "handed_on": "handed on",
    "escalated": "asked too", "late": "late", "missed": "window missed", "wait": "may report",
    "notice": "notice", "nobody": "nobody else is there",
}  # fmt: skip
_SENTENCES = {
    "case_started": "{process} begins",
    "window_awaited": "{title} waits for its hours",
    "window_missed": "{title}: the hours passed unused",
    "wait_begun": "{title}: the wait begins",
    "nobody_on_shift": "{title}: nobody is on shift",
    "escalated": "{title}: the next people are asked too",
    "late": "{title} is late",
    "reminder_merged": "{title}: several reminders were due, one was sent",
    "limit_reached": "{title}: often enough",
    "contact_refused": "{title}: left out, no more contact with the buyer",
    "contact_blocked": "No more contact with the buyer, anywhere",
    "blocked": "{title} is blocked; a supervisor must look at it",
    "due_moved": "{title}: the time is another now",
    "owner_changed": "Another owner",
    "cancelled": "The case is cancelled",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Happening:
    """One line of the timeline."""

    at: datetime
    case: str
    kind: str  # step, answer, message, ledger, time, other, end
    words: str


def happenings(world: World) -> list[Happening]:
    """Everything that happened, in order."""
    found = [
        (told.at, order, line)
        for played in world.cases.values()
        for order, told in enumerate(played.told)
        for line in _lines(world, played, told)
    ]
    found += [
        (each.at, 1_000_000, Happening(each.at, each.case, "mishap", f"{each.step}: {each.reason}"))
        for each in world.mishaps
    ]
    return [line for _, _, line in sorted(found, key=lambda each: each[0])]


def _lines(world: World, played: Played, told: Told) -> Iterator[Happening]:
    for entry in told.made.entries:
        if said := _entry(world.context, played, entry):
            yield Happening(told.at, played.key, *said)
    for effect in told.made.effects:
        if said := _effect(world, played, effect):
            yield Happening(told.at, played.key, *said)


def _entry(context: Context, played: Played, entry: Entry) -> tuple[str, str] | None:
    visit = played.visits.get(entry.visit) if entry.visit is not None else None
    title, detail = visit.title if visit else "", entry.detail or {}
    match entry.what:
        case "step_opened" if detail.get("status") in ("scheduled", "listening"):
            return None  # its hours, or its turn, are told when they come
        case "step_opened" if visit and visit.kind in ("human", "wait"):
            return "step", text("{title} opens", title=title)
        case "answered" | "noted" | "signed":
            return "answer", _answer(context, played, entry, title, detail)
        case "step_done" if visit and visit.outcome == "time_up":
            return "time", text("{title}: the time is up", title=title)
        case "step_cancelled" if visit and visit.kind in ("human", "wait"):
            return "step", text("{title} is taken away", title=title)
        case "case_closed":
            result = played.definition.process.ends.get(detail["result"], detail["result"])
            return "end", text("{process} ends: {result}", process=_title(played), result=result)
    if words := _SENTENCES.get(entry.what):
        return "time", text(words, title=title, process=_title(played))
    return None


def _answer(
    context: Context, played: Played, entry: Entry, title: str, detail: dict[str, Any]
) -> str:
    buttons = getattr(played.definition.step(str(entry.step)), "buttons", {})
    button = buttons.get(detail.get("button"))
    pressed = button.label if button else text("signed")
    return text("{name} presses “{button}” in {title}", name=context.label(detail.get("by")),
                button=pressed, title=title)  # fmt: skip


def _effect(world: World, played: Played, effect: Effect) -> tuple[str, str] | None:
    context = world.context
    match effect:
        case SendMessage():
            return "message", text(
                "to {who} by {channel} ({purpose}): {title}", who=receiver(context, effect),
                channel=channel_of(context, effect), purpose=text(PURPOSES[effect.purpose]),
                title=effect.title,
            )  # fmt: skip
        case ProposeEntry(rule=rule, person=person, reason=reason):
            return "ledger", text("proposed for the ledger: {rule}, {who}: {reason}", rule=_rule(context, rule),
                                  who=context.label(person) or text("nobody yet"), reason=reason)  # fmt: skip
        case RecordEntry(rule=rule, person=person):
            return "ledger", text("written into the ledger: {rule}, {who}", rule=_rule(context, rule),
                                  who=context.label(person))  # fmt: skip
        case MakeCall(url=url, method=method):
            return "other", text("calls {method} {url}", method=method, url=url)
        case HandOverWork(from_people=before, to=to):
            names = ["、".join(map(context.label, people)) for people in (before, to)]
            return "other", text("hands the work of {old} to {new}", old=names[0], new=names[1])
        case ChangeRoster():
            return "other", text("changes the roster")
        case StartCase(process=process):
            title = world.library.processes[process].title
            return "other", text("starts: {title}", title=title)
    return None


def receiver(context: Context, message: SendMessage) -> str:
    """Who gets a message: a person, or the group of a role."""
    if message.to_role:
        known = context.roles.get(message.to_role)
        return text("the group of {role}", role=known.label if known else message.to_role)
    return context.label(message.to_person)


def channel_of(context: Context, message: SendMessage) -> str:
    """By which channel it goes first."""
    role = context.roles.get(message.to_role or "")
    person = context.people.get(message.to_person or "")
    names = role.channels if role else person.channels if person else ()
    if not names:
        return "–"
    known = context.channels.get(names[0])
    return (known.label or known.type) if known else names[0]


def _rule(context: Context, rule: str) -> str:
    known = context.ledger.rules.get(rule)
    return known.label if known else rule


def _title(played: Played) -> str:
    state = played.state
    process = played.definition.process.title
    return f"{process} {state.ref}" if state else process
