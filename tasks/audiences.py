"""Whom a message is for and by which channels they are reached, in order. Sends nothing."""

from __future__ import annotations

from collections.abc import Mapping

from jieli.engine.context import Context
from jieli.store.outbox import OutboxRow
from jieli.store.people import Staff
from notifications.chains import Audience
from notifications.channel import Recipient


def audiences(row: OutboxRow, context: Context, staff: Mapping[str, Staff]) -> list[Audience]:
    """The person, the role's group, or each member of a role that has no group."""
    if row.to_person:
        return _of_person(row.to_person, context, staff)
    name = row.to_role or ""
    role = context.roles.get(name)
    if role is None:
        return []
    if role.channels:
        return [Audience(Recipient(id=name, name=role.label, is_role=True), role.channels)]
    return [
        audience
        for member in context.members(name)
        for audience in _of_person(member, context, staff)
    ]


def recipient(person: str, context: Context, staff: Mapping[str, Staff]) -> Recipient:
    """A person with the contacts that are known."""
    known = staff.get(person)
    if known is None:
        return Recipient(id=person, name=context.label(person))
    return Recipient(
        id=person, name=context.label(person), email=known.email, phone=known.phone,
        dingtalk=known.dingtalk, wecom=known.wecom,
    )  # fmt: skip


def _of_person(person: str, context: Context, staff: Mapping[str, Staff]) -> list[Audience]:
    known = context.people.get(person)
    if known is None or not known.channels:
        return []
    return [Audience(recipient(person, context, staff), known.channels)]
