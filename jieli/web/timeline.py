"""A case's history in sentences, and what it waits for. Words only; reads nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jieli.engine.context import Context
from jieli.engine.events import Entry
from jieli.engine.published import Definition
from jieli.store.messages import MessageLine
from jieli.store.queries import CasePage, VisitLine
from jieli.texts import text
from jieli.web.moments import due_words, moment_words

TIMERS = {
    "remind": "Reminder", "rung": "Ask the next people", "late": "Due", "window_open": "Window opens",
    "window_close": "Window closes", "wait_over": "Waiting is over",
    "take_back": "The answer becomes final", "staffed": "Somebody is on shift",
}  # fmt: skip
MESSAGE_STATES = {
    "pending": "To be sent", "sent": "Sent", "rejected": "Refused by the channel",
    "cancelled": "No longer needed", "given_up": "Given up",
}  # fmt: skip
KEY_EVENTS = {"case_started", "step_done", "case_closed", "answered"}
QUIET = {"data_changed", "timer_fired", "tags", "branch_arrived", "call_asked"}


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of the history."""

    at: str
    words: str
    is_key: bool


@dataclass(frozen=True, slots=True)
class Said:
    """What a sentence is made of."""

    title: str
    detail: dict[str, Any]
    context: Context
    definition: Definition
    step: str | None

    def name(self, key: str = "by") -> str:
        """A person of the entry, by name."""
        return self.context.label(self.detail.get(key))

    def button(self) -> str:
        """The pressed button's words."""
        pressed = self.detail.get("button") or self.detail.get("outcome") or ""
        step = self.definition.process.steps.get(self.step or "")
        button = getattr(step, "buttons", {}).get(pressed)
        return button.label if button else str(pressed)

    def names(self, key: str = "to") -> str:
        """Several people or groups, by name."""
        found = []
        for each in self.detail.get(key) or []:
            group = str(each).removeprefix("role:")
            role = self.context.roles.get(group) if group != each else None
            found.append(role.label if role else self.context.label(str(each)))
        return text(", ").join(found)

    def role(self) -> str:
        """The role of the entry, by its label."""
        known = self.context.roles.get(str(self.detail.get("role")))
        return known.label if known else ""


SENTENCES: dict[str, Callable[[Said], str]] = {
    "case_started": lambda s: text("The case was started by {name}", name=s.name() or text("another system")),
    "step_opened": lambda s: text("{title} begins", title=s.title),
    "step_done": lambda s: text("{title} is done", title=s.title),
    "step_cancelled": lambda s: text("{title} is no longer needed", title=s.title),
    "answered": lambda s: text("{name}: {button} ({title})", name=s.name(), button=s.button(), title=s.title),
    "taken_back": lambda s: text("{name} took the answer back ({title})", name=s.name(), title=s.title),
    "claimed": lambda s: text("{name} takes {title}", name=s.name(), title=s.title),
    "delegated": lambda s: text(
        "{name} hands {title} to {to}: {reason}", name=s.name(), title=s.title, to=s.name("to"),
        reason=s.detail.get("reason", ""),
    ),
    "signed": lambda s: text("{name} signs {title}", name=s.name(), title=s.title),
    "escalated": lambda s: text("{title}: {to} are asked too", title=s.title, to=s.names() or s.role()),
    "nobody_on_shift": lambda s: text("{title}: nobody is on shift", title=s.title),
    "late": lambda s: text("{title} is overdue", title=s.title),
    "told": lambda s: text("Told {to} ({title})", to=s.names(), title=s.title),
    "window_awaited": lambda s: text("{title} waits for its time window", title=s.title),
    "window_missed": lambda s: text("{title}: the time window passed unused", title=s.title),
    "wait_begun": lambda s: text("{title}: the waiting time begins", title=s.title),
    "limit_reached": lambda s: text("{title}: tried often enough", title=s.title),
    "contact_blocked": lambda s: text("The buyer asked not to be contacted again."),
    "contact_refused": lambda s: text("{title} is left out: the buyer is not contacted again", title=s.title),
    "signal_received": lambda s: text("Another system reports: {what}", what=s.detail.get("name", "")),
    "blocked": lambda s: text("{title} failed: {reason}", title=s.title, reason=s.detail.get("reason", "")),
    "retried": lambda s: text("{name} has {title} tried again", name=s.name(), title=s.title),
    "sub_case_asked": lambda s: text("{title}: a linked case is started", title=s.title),
    "cancelled": lambda s: text(
        "{name} cancelled the case: {reason}", name=s.name(), reason=s.detail.get("reason", "")
    ),
    "case_closed": lambda s: text("The case is closed: {result}", result=_result(s)),
    "note": lambda s: str(s.detail.get("text", "")),
}  # fmt: skip


def lines(shown: CasePage, own: Definition, context: Context, now: datetime) -> list[Line]:
    """The history, the newest first, without what only machines care for."""
    titles = {visit.visit: visit.title for visit in shown.visits}
    zone, found = context.calendar.zone, []
    for event in shown.timeline:
        for entry in event.entries:
            if entry.what in QUIET:
                continue
            words = sentence(entry, titles, own, context)
            found.append(Line(moment_words(event.at, now, zone), words, entry.what in KEY_EVENTS))
    return found[::-1]


def sentence(entry: Entry, titles: dict[int, str], own: Definition, context: Context) -> str:
    """One entry in words; an entry we have no words for shows its name."""
    title = titles.get(entry.visit or -1) or _step_title(entry.step, own)
    say = SENTENCES.get(entry.what)
    return say(Said(title, entry.detail or {}, context, own, entry.step)) if say else entry.what


def waiting(shown: CasePage, context: Context, now: datetime) -> list[dict[str, str]]:
    """What the case waits for, and for whom."""
    zone = context.calendar.zone
    return [
        {
            "title": visit.title,
            "who": _who(visit, context),
            "due": due_words(visit.due_at, now, zone) if visit.due_at else "",
        }
        for visit in shown.visits
        if visit.status not in ("done", "cancelled")
    ]


def timers(shown: CasePage, context: Context, now: datetime) -> list[dict[str, str]]:
    """What time will do next."""
    titles = {visit.visit: visit.title for visit in shown.visits}
    zone = context.calendar.zone
    return [
        {"at": moment_words(timer.at, now, zone), "title": titles.get(timer.visit, ""),
         "what": text(TIMERS.get(timer.kind, timer.kind))}
        for timer in shown.timers
    ]  # fmt: skip


def messages(found: Iterable[MessageLine], context: Context, now: datetime) -> list[dict[str, Any]]:
    """Messages with whom they go to and what became of them."""
    zone = context.calendar.zone
    return [
        {
            "id": each.id, "reference": each.reference, "ref": each.case_ref,
            "to": _to(each, context), "title": each.title, "text": each.text, "facts": each.facts,
            "link_id": each.link_id, "urgent": each.urgent, "state": each.status,
            "state_words": text(MESSAGE_STATES[each.status]), "reason": each.reason or "",
            "at": moment_words(each.finished_at or each.queued_at, now, zone),
        }
        for each in found
    ]  # fmt: skip


def _to(message: MessageLine, context: Context) -> str:
    if message.to_person:
        return context.label(message.to_person)
    role = context.roles.get(message.to_role or "")
    return role.label if role else (message.to_role or "")


def _who(visit: VisitLine, context: Context) -> str:
    if visit.assignee:
        return context.label(visit.assignee)
    return text(", ").join(context.label(each) for each in visit.candidates)


def _step_title(step: str | None, own: Definition) -> str:
    words = own.process.steps.get(step or "")
    return (words.title or str(step)) if words else ""


def _result(said: Said) -> str:
    result = str(said.detail.get("result", ""))
    if said.detail.get("status") == "cancelled":
        return text("Cancelled")
    return said.definition.process.ends.get(result, result)
