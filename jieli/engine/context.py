"""What is live around a case: people, roles, hours, calendar. A value; never looked up in here."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from jieli.engine import duty
from jieli.engine.calendar import Hours, WorkCalendar
from jieli.engine.filters import Choice
from jieli.engine.imports import ImportedList
from jieli.engine.ledger import Ledger
from jieli.engine.phrases import Situation, Wordings
from jieli.engine.roster import Absence, Post, RosterChange, Rota, Shift


class _Live(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


ChannelType = Literal[
    "console", "webhook", "email", "dingtalk_robot", "dingtalk_work", "wecom_robot", "wecom_app",
    "feishu_bot", "apprise", "aliyun_sms", "aliyun_voice", "tencent_sms", "tencent_voice",
]  # fmt: skip


class Channel(_Live):
    """A way to reach people. Secrets are names of environment variables, never values."""

    type: ChannelType
    label: str = ""
    url: str | None = None  # webhook, robots, apprise: name of the environment variable with the address
    secret: str | None = None  # webhook, robots: … with the signing secret; apps, SMS: with the app's
    app_id: str | None = None  # apps: … with the app key or corporation id; SMS, voice: with the key's id
    agent: str | None = None  # apps: … with the agent id; tencent_…: with the SDK app id
    sign: str | None = None  # SMS: the signature the provider has approved
    template: str | None = None  # SMS, voice: the template's code; its one variable is the number
    server: str | None = None  # email: name of the environment variable with smtp[s]://user:password@host:port
    sender: str | None = None  # email: the From address


class Role(_Live):
    """A role, the hours its desk is staffed, and the group it is reached in, if any."""

    label: str
    desk: str | None = None
    channels: tuple[str, ...] = ()


class Person(_Live):
    """A member of staff; contacts and PIN live in the store only."""

    name: str
    roles: tuple[str, ...]
    works: Hours | None = None
    quiet: Hours | None = None  # what is not urgent waits until these hours are over
    channels: tuple[str, ...] = ("console",)  # tried in order until one takes the message
    active: bool = True


class Context(_Live):
    """An immutable snapshot of what is live, identified by its content."""

    shop: str = ""
    people: dict[str, Person]
    roles: dict[str, Role]
    hours: dict[str, Hours]
    channels: dict[str, Channel] = {}
    calendar: WorkCalendar = WorkCalendar()
    posts: dict[str, Post] = {}
    shifts: dict[str, Shift] = {}
    roster: tuple[Rota, ...] = ()
    absences: tuple[Absence, ...] = ()
    roster_changes: tuple[RosterChange, ...] = ()
    ledger: Ledger = Ledger()
    phrases: dict[str, Situation] = {}
    wordings: Wordings = Wordings()
    imports: dict[str, ImportedList] = {}

    def members(self, role: str) -> list[str]:
        """The active people of a role, in the order of the file."""
        return [key for key, person in self.people.items() if person.active and role in person.roles]

    @cached_property
    def people_of_roles(self) -> dict[str, list[Choice]]:
        """Role -> its active people, with names; worked out once, for every expression may ask."""
        return {
            role: [Choice(person, self.label(person)) for person in self.members(role)]
            for role in self.roles
        }

    def on_shift(self, person: str, now: datetime) -> bool:
        """Whether the person works at that moment; one without roster and hours always does."""
        return duty.on_shift(self, person, now)

    def desk_hours(self, role: str | None) -> Hours | None:
        """The staffed hours of a role's desk; None is the wall clock."""
        known = self.roles.get(role) if role else None
        return self.hours.get(known.desk) if known and known.desk else None

    def label(self, person: str | None) -> str:
        """A person's name for people to read."""
        known = self.people.get(person) if person else None
        return known.name if known else (person or "")


Facts = dict[str, Any]
"""What the store knew at the event and the snapshot does not hold, e.g. {"contact_blocked": True}."""
