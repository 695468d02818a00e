"""The form of a task: which fields it asks for now, and the quick times beside a moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from jieli.engine import business_time, duty, forms
from jieli.engine.definition import FieldWords
from jieli.engine.scope import form_of
from jieli.texts import text
from jieli.web.task import Task


def visible_fields(task: Task, values: Mapping[str, Any]) -> dict[str, FieldWords]:
    """The fields to ask for, given what was typed so far."""
    fields = form_of(task.step)
    if not any(words.show_if for words in fields.values()):
        return fields
    names = forms.shown(
        fields, values, task.scope, now=task.now, timezone=task.context.calendar.timezone
    )
    return {name: fields[name] for name in names}


def quick_times(task: Task) -> tuple[tuple[str, str], ...]:
    """What the buttons beside a time offer: minutes from now or `shift`, and their words."""
    offered = [("30m", text("in 30 minutes")), ("2h", text("in 2 hours"))]
    if shift_end(task) is not None:
        offered.append(("shift", text("before the shift ends")))
    return tuple(offered)


def shift_end(task: Task) -> datetime | None:
    """When the person's working time is over, else the desk's; None outside of both."""
    person = task.visit.assignee or task.link.person or ""
    if until := duty.on_duty_until(task.context, person, task.now):
        return until
    known = task.context.people.get(person)
    if known is not None and known.works is not None:
        return None
    hours = task.context.desk_hours(task.visit.role)
    opening = business_time.opening_at(hours, task.context.calendar, task.now) if hours else None
    return opening.end if opening else None
