"""The page of a work item or a wait, from the case and what was typed. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from jieli.engine import filled
from jieli.engine.definition import Button, HumanStep
from jieli.engine.expressions import render
from jieli.engine.move import Move
from jieli.engine.scope import form_of
from jieli.engine.steps.work_item import signatures_needed
from jieli.texts import text
from jieli.web import identity
from jieli.web.asking import put_right
from jieli.web.earlier import earlier_steps
from jieli.web.file_pages import FileView, file_views
from jieli.web.identity import Actor
from jieli.web.moments import due_words, left_words, moment_words, seconds_words
from jieli.web.notices import GivenAnswer
from jieli.web.phrases import phrase_groups
from jieli.web.shown import Cover, show_all
from jieli.web.task import Task
from jieli.web.task_form import quick_times, visible_fields
from jieli.web.typed import Notice, Typed, Wrong, form_views, wrong_fields

Files = Mapping[str, FileView]
SOON = timedelta(minutes=30)
PRIORITIES = {"urgent": "Urgent", "high": "High priority"}


@dataclass(frozen=True, slots=True)
class ButtonView:
    """A decision."""

    name: str
    label: str
    note: str = ""


def task_page(
    task: Task, actor: Actor, typed: Typed, *, action: str, nonce: str, query: str = ""
) -> dict[str, Any]:
    """The values of `work_item.html`."""
    is_open = task.visit.status in ("open", "listening")
    files = file_views(task.files, f"{action}/files", query)
    return {
        **_head(task),
        **_story(task, files, None if typed.revealed else task.definition.process.case.fields),
        **_identity(task, actor, typed),
        **_form(task, typed, files, is_open=is_open),
        **_taking_back(task, actor, files),
        "notices": (*typed.notices, *_notices(task)),
        "errors": _errors(task, typed),
        "buttons": _buttons(task, actor) if is_open else [],
        "action": action,
        "nonce": nonce,
        "delegate_nonce": nonce,
        "delegate_error": typed.delegate_error,
        "to": typed.to,
        "reason": typed.reason,
        "hinted": typed.hinted,
        "phrases": phrase_groups(task.step, task.context) if is_open else [],
    }


def initial(task: Task) -> Typed:
    """What an opened form holds: the draft, a taken-back answer, the case's values, defaults."""
    if task.draft:
        return Typed(values=put_right(task, {**_unfilled(task), **task.draft}))
    known = {
        name: task.state.data[words.case_field]
        for name, words in form_of(task.step).items()
        if words.case_field and task.state.data.get(words.case_field) is not None
    }
    return Typed(values=put_right(task, {**task.fills, **known, **task.visit.answers}))


def _unfilled(task: Task) -> dict[str, Any]:
    """The defaults that were worked out, without the tables: those the draft has as they are."""
    tables = filled.tables(form_of(task.step))
    return {name: value for name, value in task.fills.items() if name not in tables}


def _head(task: Task) -> dict[str, Any]:
    visit, zone = task.visit, task.context.calendar.zone
    due = visit.due_at if visit.status != "held" else None
    return {
        "title": visit.title,
        "ref": task.state.ref,
        "process": task.definition.process.title,
        "case_title": task.state.title,
        "owner": task.context.label(task.state.owner),
        "due": due_words(due, task.now, zone) if due else None,
        "is_late": bool(due and due < task.now),
        "is_soon": bool(due and due - task.now < SOON),
        "priority": text(PRIORITIES[task.state.priority])
        if task.state.priority in PRIORITIES
        else "",
        "priority_class": task.state.priority,
    }


def _story(task: Task, files: Files, cover: Cover) -> dict[str, Any]:
    case = task.definition.process.case
    may_call = is_call_time(task)
    wanted = [*case.summary, *_numbers_to_call(task)]
    summary = {name: case.fields[name] for name in dict.fromkeys(wanted)}
    rest = {name: words for name, words in case.fields.items() if name not in summary}
    data, context, now = task.state.data, task.context, task.now
    earlier = earlier_steps(task, files, cover)
    shown = show_all(
        summary, data, context, now, may_call=may_call, files=files, cover=_needed(task, cover)
    )
    others = show_all(rest, data, context, now, files=files, cover=cover)
    facts = [*shown, *others, *(fact for each in earlier for fact in each.facts)]
    return {
        "about": render(task.step.about, task.scope).strip(),
        "can_reveal": any(fact.hides for fact in facts),
        "summary": shown,
        "rest": others,
        "earlier": earlier,
        "is_earlier_open": len(earlier) <= 2,
    }


def _needed(task: Task, cover: Cover) -> Cover:
    """Who writes to the buyer must know to whom; the number stays covered out of the window."""
    if cover is None or not getattr(task.step, "contacts_buyer", False):
        return cover
    return {name: words for name, words in cover.items() if words.pii != "name"}


def _numbers_to_call(task: Task) -> list[str]:
    """The buyer's numbers, on the pages of steps that contact the buyer."""
    if not getattr(task.step, "contacts_buyer", False):
        return []
    fields = task.definition.process.case.fields
    return [name for name, words in fields.items() if words.type == "phone"]


def is_call_time(task: Task) -> bool:
    """Whether a number may be called from this page: inside the window, if there is one."""
    step, visit = task.step, task.visit
    if not isinstance(step, HumanStep) or not step.contacts_buyer or task.state.contact_blocked:
        return False
    if visit.window_start is None or visit.window_end is None:
        return step.only_during is None
    return visit.window_start <= task.now < visit.window_end


def _identity(task: Task, actor: Actor, typed: Typed) -> dict[str, Any]:
    asks_name = actor.known_by == "claim" and task.visit.status in ("open", "listening")
    people = identity.able_people(task) if asks_name else []
    usual = typed.person or task.visit.assignee or task.link.person or ""
    return {
        "people": people,
        "person": usual,
        "person_error": typed.person_error,
        "can_claim": identity.is_shared(task),
        "colleagues": identity.colleagues(task),
    }


def _form(task: Task, typed: Typed, files: Files, *, is_open: bool) -> dict[str, Any]:
    shown = visible_fields(task, typed.values) if is_open else {}
    return {
        "fields": form_views(
            shown, typed, task.context, task.now, quick=quick_times(task), files=files
        ),
        "has_files": any(words.type == "files" for words in shown.values()),
        "shown": " ".join(shown),
        "can_save": bool(shown) and is_open,
    }


def _buttons(task: Task, actor: Actor) -> list[ButtonView]:
    person = task.context.people.get(actor.person or "")
    found = []
    for name, button in task.step.buttons.items():
        if task.visit.status == "listening" and not button.since:
            continue
        if button.role and person and button.role not in person.roles:
            continue
        found.append(ButtonView(name, button.label, _button_note(task, name, button)))
    return found


def _button_note(task: Task, name: str, button: Button) -> str:
    signers = getattr(task.step, "signers", None)
    if signers and signers.button == name:
        move = Move(task.definition, task.state, task.context, task.now)
        need = signatures_needed(move, signers)
        return text("{n} of {m} have signed", n=len(task.visit.signatures), m=need)
    role = task.context.roles.get(button.role) if button.role else None
    return text("only {role}", role=role.label) if role else ""


def _taking_back(task: Task, actor: Actor, files: Files) -> dict[str, Any]:
    visit = task.visit
    if visit.status != "held":
        return {"answer": None, "can_take_back": False, "take_back_left": ""}
    over = next(
        (timer.at for timer in task.state.timers.values()
         if timer.visit == visit.id and timer.kind == "take_back"), task.now,
    )  # fmt: skip
    button = task.step.buttons.get(str(visit.outcome))
    when = (
        moment_words(visit.closed_at, task.now, task.context.calendar.zone)
        if visit.closed_at
        else ""
    )
    facts = show_all(form_of(task.step), visit.answers, task.context, task.now, files=files)
    may = actor.person == visit.by or actor.known_by == "claim"
    return {
        "answer": GivenAnswer(
            text("Answered by {by} at {at}", by=task.context.label(visit.by), at=when),
            button.label if button else "",
            tuple(facts),
        ),
        "can_take_back": may and over > task.now,
        "take_back_left": text("{left} left to take it back", left=seconds_words(over, task.now)),
    }


def _notices(task: Task) -> list[Notice]:
    visit, zone, found = task.visit, task.context.calendar.zone, []
    if task.state.contact_blocked:
        found.append(Notice("bad", text("The buyer asked not to be contacted again.")))
    if visit.status == "scheduled" and visit.window_start:
        opens = moment_words(visit.window_start, task.now, zone)
        left = left_words(visit.window_start, task.now)
        found.append(
            Notice(
                "warn", text("This can be done from {opens} on, {left}.", opens=opens, left=left)
            )
        )
    elif visit.window_end and visit.status == "open":
        found.append(_window_notice(task, visit.window_end))
    if visit.assignee:
        found.append(
            Notice("plain", text("{name} is doing this.", name=task.context.label(visit.assignee)))
        )
    if visit.signatures:
        names = text(", ").join(task.context.label(name) for name in visit.signatures)
        found.append(Notice("plain", text("Signed so far: {names}", names=names)))
    return found


def _window_notice(task: Task, end: datetime) -> Notice:
    zone = task.context.calendar.zone
    if task.now < end:
        until = moment_words(end, task.now, zone)
        return Notice("good", text("Calls may be made until {until}.", until=until))
    return Notice("warn", text("The time for calls is over; only record what came of it."))


def _errors(task: Task, typed: Typed) -> list[Wrong]:
    fields = form_of(task.step)
    found = [Wrong("person", text("I am"), typed.person_error)] if typed.person_error else []
    return found + wrong_fields(fields, typed.errors)
