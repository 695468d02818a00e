"""What a pressed button changes in the case: its fields, the buyer's wish not to be contacted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jieli.engine import forms
from jieli.engine.case import Visit
from jieli.engine.definition import Button, FieldWords, HumanStep
from jieli.engine.errors import FormError, NotYours
from jieli.engine.events import BlockContact
from jieli.engine.move import Move
from jieli.engine.scope import answers_in
from jieli.engine.steps import doing
from jieli.engine.stored import as_stored

_ANY_TEXT = ("text", "long_text", "choice", "phone", "person", "ledger_rule")


def check_role(move: Move, button: Button, person: str | None) -> None:
    """Raise NotYours unless the person holds the role the button asks for."""
    if button.role and (
        person not in move.context.people or button.role not in move.context.people[person].roles
    ):
        raise NotYours(person, f"needs_role:{button.role}")


def apply_button(move: Move, visit: Visit, button: Button, form: Mapping[str, FieldWords]) -> None:
    """What a pressed button brings: case fields from the form and from `sets`, what it does."""
    changed: dict[str, Any] = {
        field.case_field: visit.answers.get(name)
        for name, field in form.items()
        if field.case_field and name in visit.answers
    }
    own = own_names(move, visit, form)
    for name, expression in button.sets.items():
        changed[name] = as_stored(move.evaluate(expression, **own))
    if changed:
        move.state.data.update(changed)
        move.stale()
        move.note("data_changed", visit, fields=changed)
    if button.do:
        doing.perform(move, visit, button.do, own_names(move, visit, form))
    if button.block_contact:
        block_contact(move, visit.by, keep=visit)


def own_names(move: Move, visit: Visit, form: Mapping[str, FieldWords]) -> dict[str, Any]:
    """What the words of a pressed button see besides: its element, and the answers just given.

    The step itself need not be over: one of its elements is done, or the button lets it stay.
    """
    who = {"by": move.context.label(visit.by), "by_id": visit.by, "at": move.now}
    step = {**move.scope()[visit.step], **answers_in(form, visit.answers, move.context), **who}
    return {**move.about(visit), visit.step: step}


def block_contact(move: Move, by: str | None, keep: Visit | None = None) -> None:
    """请勿再联系: open steps that contact the buyer end, here and (by effect) in other cases."""
    if move.state.contact_blocked:
        return
    move.state.contact_blocked = True
    move.stale()
    move.note("contact_blocked", by=by)
    if move.state.buyer and keep is not None:
        move.effects.append(BlockContact(move.state.buyer))
    target = move.process.case.contact_blocked
    for visit in list(move.state.visits.values()):
        step = move.definition.step(visit.step)
        contacts = isinstance(step, HumanStep) and step.contacts_buyer
        # A held answer counts: that contact has happened, and its path is still to be taken.
        if visit is not keep and contacts and target and visit.status != "held":
            move.close_visit(visit, "contact_blocked", cancelled=True)
            move.go(target, visit.branch)


def fitted(move: Move, field: FieldWords, value: Any) -> Any:
    """A value from outside as its field keeps it; raises FormError if the field cannot hold it.

    Kept as it came, it would break every expression of the case from then on.
    """
    stored = as_stored(value)
    if field.type in _ANY_TEXT:
        return stored
    bare = FieldWords(label=field.label, type=field.type, of=field.of, fields=field.fields)
    checked = forms.check(
        {"value": bare}, (), {"value": stored}, move.scope(), now=move.now,
        timezone=move.context.calendar.timezone,
    )  # fmt: skip
    return checked.get("value")


def from_outside(
    move: Move, visit: Visit, form: Mapping[str, FieldWords], data: Mapping[str, Any]
) -> dict[str, Any]:
    """The answers of an event, without those that their fields cannot hold."""
    kept = dict(data)
    for name in [name for name in form if name in kept]:
        try:
            kept[name] = fitted(move, form[name], kept[name])
        except FormError as error:
            move.note("not_understood", visit, field=name, value=str(kept.pop(name))[:200],
                      reason=str(error))  # fmt: skip
    return kept
