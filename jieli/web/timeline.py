"""A case's history in sentences, and what it waits for. Words only; reads nothing."""

from __future__ import annotations

from collections.abc import Iterable
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
    "remind": "Reminder", "rung": "Ask the next people", "late": "Due",
    "window_open": "Window opens", "window_close": "Window closes",
    "wait_over": "Waiting is over",
    "take_back": "The answer becomes final", "staffed": "Somebody is on shift",
    "overrun": "So late that a ledger entry is proposed",
}  # fmt: skip
MESSAGE_STATES = {
    "pending": "To be sent", "sent": "Sent", "rejected": "Refused by the channel",
    "cancelled": "No longer needed", "given_up": "Given up",
}  # fmt: skip
KEY_EVENTS = {"case_started", "step_done", "case_closed", "answered", "noted", "handed_over"}
QUIET = {
    "data_changed", "timer_fired", "tags", "branch_arrived", "call_asked", "fan_opened",
    "fan_arrived",
}  # fmt: skip
PEOPLES_STEPS = {"human", "wait"}
SENTENCES = {
    "case_started": "The case was started by {name}",
    "step_opened": "{title} begins",
    "step_done": "{title} is done",
    "step_cancelled": "{title} is no longer needed",
    "answered": "{name}: {button} ({title})",
    "taken_back": "{name} took the answer back ({title})",
    "claimed": "{name} takes {title}",
    "delegated": "{name} hands {title} to {to}: {reason}",
    "signed": "{name} signs {title}",
    "escalated": "{title}: {to} are asked too",
    "nobody_on_shift": "{title}: nobody is on shift",
    "late": "{title} is overdue",
    "told": "Told {to} ({title})",
    "window_awaited": "{title} waits for its time window",
    "window_missed": "{title}: the time window passed unused",
    "wait_begun": "{title}: the waiting time begins",
    "limit_reached": "{title}: tried often enough",
    "contact_blocked": "The buyer asked not to be contacted again.",
    "contact_refused": "{title} is left out: the buyer is not contacted again",
    "signal_received": "Another system reports: {what}",
    "blocked": "{title} failed: {reason}",
    "retried": "{name} has {title} tried again",
    "sub_case_asked": "{title}: a linked case is started",
    "cancelled": "{name} cancelled the case: {reason}",
    "case_closed": "The case is closed: {result}",
    "not_understood": "{title}: “{value}” does not fit {field} and was left out",
    "reminder_merged": "{title}: several reminders were due, one was sent",
    "noted": "{name}: {button} ({title}), noted",
    "reassigned": "{name} gives {title} to {to}: {reason}",
    "due_moved": "{title}: now due {due}",
    "fan_empty": "{title}: there was nobody and nothing to do it for",
    "owner_changed": "{to} answers for the case now",
    "handed_over": "What {was} had is handed to {to}: {reason}",
    "handed_over_asked": "{title}: the open work of {was} goes to {to}",
    "proposed": "Proposed for the ledger: {rule} ({to})",
    "not_proposed": "Not proposed: the ledger has no rule {rule}",
    "recorded": "Recorded in the ledger: {rule} ({to})",
    "not_recorded": "Not recorded: nobody is named for {rule}",
    "roster_changed": "The roster is changed: {roster}",
    "rows_marked": "{n} rows of {list} are marked “{mark}”",
}
NOTES = {
    "personal_data_shown": "{name} looked at the personal data",
    "personal_data_exported": "The personal data was handed out on request",
    "personal_data_blanked": "The personal data was deleted; the rest of the case stays",
}  # fmt: skip
ROSTER = {
    "away": "{person} is away", "swap": "{person} and {other} swap",
    "stand_in": "{other} stands in for {person}", "extend": "the shift ends later",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence of the history."""

    at: str
    words: str
    is_key: bool


def lines(shown: CasePage, own: Definition, context: Context, now: datetime) -> list[Line]:
    """The history, the newest first, without what only machines care for."""
    visits = {visit.visit: visit for visit in shown.visits}
    zone, found = context.calendar.zone, []
    for event in shown.timeline:
        for entry in event.entries:
            visit = visits.get(entry.visit or -1)
            if entry.what in QUIET or _says_nothing(entry, visit):
                continue
            words = sentence(entry, visit.title if visit else "", own, context)
            found.append(Line(moment_words(event.at, now, zone), words, entry.what in KEY_EVENTS))
    return found[::-1]


def _says_nothing(entry: Entry, visit: VisitLine | None) -> bool:
    """The end of a step a person answered is told by the answer; a machine's step only ends."""
    by_people = visit is not None and visit.kind in PEOPLES_STEPS
    if entry.what == "step_opened":
        return not by_people
    if entry.what == "step_done":
        is_route = visit is not None and visit.kind in ("decision", "join", "parallel", "end")
        return is_route or bool((entry.detail or {}).get("by"))
    return False


def sentence(entry: Entry, title: str, own: Definition, context: Context) -> str:
    """One entry in words; a note in its own words, an unknown entry by its name."""
    detail = entry.detail or {}
    if entry.what == "note" and detail.get("text") in NOTES:
        who = context.label(detail.get("by")) or text("Somebody at the staff pages")
        return text(NOTES[detail["text"]], name=who)
    if entry.what not in SENTENCES:
        return str(detail.get("text") or entry.what)
    step = own.process.steps.get(entry.step or "")
    pressed = str(detail.get("button") or "")
    button = getattr(step, "buttons", {}).get(pressed)
    to = detail.get("to") or detail.get("role") or detail.get("person") or ""
    was = detail.get("from_people") or detail.get("was") or ""
    return text(
        SENTENCES[entry.what],
        **_doings(detail, context),
        was=_names(was if isinstance(was, list) else [was], context),
        value=detail.get("value", ""),
        field=_field_label(str(detail.get("field", "")), step, own),
        title=title or (step.title if step else "") or entry.step or "",
        name=context.label(detail.get("by")) or text("another system"),
        button=button.label if button else pressed,
        to=_names(to if isinstance(to, list) else [to], context),
        reason=detail.get("reason", ""),
        what=detail.get("name", ""),
        result=_result(detail, own),
    )


def _doings(detail: dict[str, Any], context: Context) -> dict[str, Any]:
    """What Jieli did itself: ledger, roster, lists, moved due times."""
    rule = context.ledger.rules.get(str(detail.get("rule", "")))
    listed = context.imports.get(str(detail.get("list", "")))
    zone, due = context.calendar.zone, detail.get("due_at")
    return {
        "rule": rule.label if rule else detail.get("rule", ""),
        "list": listed.label if listed else detail.get("list", ""),
        "n": detail.get("rows", ""), "mark": detail.get("mark", ""),
        "due": f"{datetime.fromisoformat(due).astimezone(zone):%m-%d %H:%M}" if due else "",
        "roster": _roster(detail, context),
    }  # fmt: skip


def _roster(detail: dict[str, Any], context: Context) -> str:
    kind = ROSTER.get(str(detail.get("kind")))
    if kind is None:
        return ""
    names = {key: context.label(detail.get(key)) or text("nobody") for key in ("person", "other")}
    days = " – ".join(str(detail[key]) for key in ("from", "to", "date", "until") if key in detail)
    return f"{text(kind, **names)} {days}".strip()


def _field_label(name: str, step: Any, own: Definition) -> str:
    known = getattr(step, "form", {}).get(name) or own.process.case.fields.get(name)
    return known.label if known else name


def _names(ids: list[str], context: Context) -> str:
    """People and groups by name."""
    found = []
    for each in ids:
        role = context.roles.get(each.removeprefix("role:"))
        found.append(role.label if role else context.label(each))
    return text(", ").join(found)


def _result(detail: dict[str, Any], own: Definition) -> str:
    result = str(detail.get("result", ""))
    return (
        text("Cancelled")
        if detail.get("status") == "cancelled"
        else own.process.ends.get(result, result)
    )


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
