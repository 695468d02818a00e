"""The messages of a step: their words, facts and recipients. Sends nothing: it only queues effects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from jieli.engine.case import Visit
from jieli.engine.context import Context
from jieli.engine.definition import FieldWords, MessageWords
from jieli.engine.events import MessagePurpose, SendMessage
from jieli.engine.expressions import masked
from jieli.engine.filters import as_text
from jieli.engine.move import Move
from jieli.engine.scope import typed

_PLAIN = MessageWords(title="{{ step.title }} {{ case.title }}")


def tell(
    move: Move,
    visit: Visit,
    purpose: MessagePurpose,
    people: Iterable[str],
    *,
    link: bool,
    words: MessageWords | None = None,
    urgent: bool = False,
) -> None:
    """Queue one message to each of the people, or one to the group of the role that is asked."""
    title, text = _words(move, visit, purpose, words)
    role = _group(move, visit) if link else None
    receivers: list[tuple[str | None, str | None]] = (
        [(None, role)] if role else [(person, None) for person in dict.fromkeys(people)]
    )
    for person, group in receivers:
        move.effects.append(
            SendMessage(
                number=move.new_id(), purpose=purpose, to_person=person, to_role=group,
                title=title, text=text, facts=facts_of(move), visit=visit.id, link=link,
                urgent=urgent or move.state.priority == "urgent",
            )
        )  # fmt: skip
    if receivers:
        names = [person or f"role:{group}" for person, group in receivers]
        move.note("told", visit, purpose=purpose, to=names)


def _group(move: Move, visit: Visit) -> str | None:
    """The role that is told in its group; not if the visit is one person's, by rung or by claim."""
    ladder = getattr(move.definition.step(visit.step), "who", ())
    asked = ladder[visit.rung] if ladder and not visit.assignee else None
    role = visit.role if asked and (asked.role or asked.role_from) else None
    known = move.context.roles.get(role) if role else None
    return role if known and known.channels else None


def _words(
    move: Move, visit: Visit, purpose: MessagePurpose, words: MessageWords | None
) -> tuple[str, str]:
    step = move.definition.step(visit.step)
    chosen = (
        words or getattr(step, "message", None) or move.definition.messages.get(purpose) or _PLAIN
    )
    if purpose in ("reminder", "late", "escalated", "missed", "handed_on", "nobody") and not words:
        chosen = move.definition.messages.get(purpose, _PLAIN)
    own = move.about(visit)
    about: dict[str, Any] = {
        **own,
        "step": {"title": visit.title, "about": move.render(step.about, **own)},
        "due": visit.due_at,
        "window": {"start": visit.window_start, "end": visit.window_end},
        "process": {"title": move.process.title},
    }
    return move.render(chosen.title, **about).strip(), move.render(chosen.text, **about).strip()


def facts_of(move: Move) -> tuple[tuple[str, str], ...]:
    """The case's summary as label and text, personal data masked."""
    fields = move.process.case.fields
    found = []
    for name in move.process.case.summary:
        text = shown(fields[name], move.state.data.get(name), move.context)
        if text:
            found.append((fields[name].label, text))
    return tuple(found)


def shown(field: FieldWords, value: Any, context: Context) -> str:
    """A stored value as people read it in a message, personal data masked."""
    known = typed(field, value, context)
    if known is None or field.type in ("rows", "files"):
        return ""
    zone: Any = {"_timezone": context.calendar.timezone}
    text = str(getattr(known, "label", None) or as_text(zone, known))
    return masked(text, field.pii) if field.pii else text
