"""Owns staff: who they are as published, how they are reached, and their PINs.

Never decides what a role may do; that is the engine's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import Connection, Row, case, select, update

from jieli.engine.context import Person, Role
from jieli.engine.errors import JieliError
from jieli.store.statements import insert
from jieli.store.tables import people, roles
from jieli.store.times import real_now

MOST_WRONG_TRIES = 5
LOCKED_FOR = timedelta(minutes=15)
PIN_LENGTH = range(4, 13)
# Made for a phone's PIN behind a lock-out, on a web process that also serves pages: 19 MiB a try.
_hasher = PasswordHasher(time_cost=2, memory_cost=19456, parallelism=1)

PinVerdict = Literal["right", "wrong", "locked", "none"]


class PersonNotFound(JieliError):
    """There is nobody called {person} here."""

    def __init__(self, person: str) -> None:
        super().__init__(person=person)
        self.person = person


class BadPin(JieliError):
    """A PIN has 4 to 12 digits."""


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff; the PIN itself is known to nobody."""

    id: str
    name: str
    roles: tuple[str, ...]
    active: bool
    email: str | None
    phone: str | None
    has_pin: bool
    pin_set_at: datetime | None
    locked_until: datetime | None
    dingtalk: str | None = None
    wecom: str | None = None


def update_people(connection: Connection, published: Mapping[str, Person]) -> None:
    """Make the rows follow the published people; contacts and PINs stay, nobody is deleted."""
    connection.execute(update(people).values(active=False))
    statement = insert(connection, people)
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=["id"],
        set_={"name": new.name, "roles": new.roles, "active": new.active},
    )
    rows = [
        {"id": key, "name": each.name, "roles": list(each.roles), "active": each.active}
        for key, each in published.items()
    ]
    if rows:
        connection.execute(statement, rows)


def update_roles(connection: Connection, published: Mapping[str, Role]) -> None:
    """Make the rows follow the published roles."""
    connection.execute(update(roles).values(active=False))
    statement = insert(connection, roles)
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=["id"], set_={"label": new.label, "active": new.active}
    )
    rows = [{"id": key, "label": each.label, "active": True} for key, each in published.items()]
    if rows:
        connection.execute(statement, rows)


def staff(connection: Connection) -> list[Staff]:
    """Everybody, by id."""
    return [_staff(row) for row in connection.execute(select(people).order_by(people.c.id))]


def person(connection: Connection, person_id: str) -> Staff | None:
    """One member of staff."""
    row = connection.execute(select(people).where(people.c.id == person_id)).first()
    return _staff(row) if row else None


def set_contacts(
    connection: Connection, person_id: str, *, email: str | None, phone: str | None,
    dingtalk: str | None = None, wecom: str | None = None,
) -> None:  # fmt: skip
    """How to reach somebody; None means not at all. Raises PersonNotFound."""
    values = {"email": email, "phone": phone, "dingtalk": dingtalk, "wecom": wecom}
    _change(connection, person_id, values)


def set_pin(connection: Connection, person_id: str, pin: str) -> None:
    """Give somebody a PIN and a fresh start. Raises PersonNotFound, BadPin."""
    if len(pin) not in PIN_LENGTH or not (pin.isascii() and pin.isdigit()):
        raise BadPin()
    _change(
        connection, person_id,
        {"pin_hash": _hasher.hash(pin), "pin_set_at": real_now(), "wrong_tries": 0,
         "locked_until": None},
    )  # fmt: skip


def verify_pin(connection: Connection, person_id: str, pin: str) -> PinVerdict:
    """Whether the PIN is right; counts wrong tries in a writing transaction, and then locks."""
    now = real_now()
    row = connection.execute(
        select(people.c.pin_hash, people.c.active, people.c.locked_until)
        .where(people.c.id == person_id).with_for_update()
    ).first()  # fmt: skip
    if row is None or not row.active or row.pin_hash is None:
        return "none"
    if row.locked_until and row.locked_until > now:
        return "locked"
    try:
        _hasher.verify(row.pin_hash, pin)
    except VerifyMismatchError:
        return _wrong(connection, person_id, now)
    _change(connection, person_id, {"wrong_tries": 0, "locked_until": None})
    return "right"


def _wrong(connection: Connection, person_id: str, now: datetime) -> PinVerdict:
    last = people.c.wrong_tries + 1 >= MOST_WRONG_TRIES
    changed = connection.execute(
        update(people).where(people.c.id == person_id)
        .values(
            wrong_tries=case((last, 0), else_=people.c.wrong_tries + 1),
            locked_until=case((last, now + LOCKED_FOR), else_=None),
        )
        .returning(people.c.locked_until)
    ).scalar_one()  # fmt: skip
    return "locked" if changed else "wrong"


def _change(connection: Connection, person_id: str, values: dict[str, Any]) -> None:
    changed = connection.execute(update(people).where(people.c.id == person_id).values(values))
    if not changed.rowcount:
        raise PersonNotFound(person_id)


def _staff(row: Row[Any]) -> Staff:
    return Staff(
        id=row.id, name=row.name, roles=tuple(row.roles), active=row.active, email=row.email,
        phone=row.phone, has_pin=row.pin_hash is not None, pin_set_at=row.pin_set_at,
        locked_until=row.locked_until, dingtalk=row.dingtalk, wecom=row.wecom,
    )  # fmt: skip
