"""Who acts on a link's page: by possession, by chosen name, or by PIN. The engine judges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jieli.engine.definition import HumanStep, Identity
from jieli.engine.move import Move
from jieli.engine.steps import assigning
from jieli.web.session import Session
from jieli.web.task import Task

HowKnown = Literal["none", "claim", "pin"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and how we know; `person` is None until a name is chosen."""

    person: str | None
    known_by: HowKnown


def identity_of(task: Task) -> Identity:
    """What the step asks for; a link in a group says nothing about who opens it."""
    if task.step.identity == "none" and task.link.person is None:
        return "claim"
    return task.step.identity


def able_people(task: Task) -> list[tuple[str, str]]:
    """Who may act on this, as id and name: those who hold or were asked first, then the roles."""
    move = Move(task.definition, task.state, task.context, task.now)
    first = [task.visit.assignee, *task.visit.candidates]
    others = [key for key, person in task.context.people.items() if person.active]
    names = list(dict.fromkeys([key for key in first if key] + others))
    return [
        (key, task.context.label(key))
        for key in names
        if assigning.may_act(move, task.visit, task.step, key)
    ]


def colleagues(task: Task) -> list[tuple[str, str]]:
    """To whom the task may be handed: active people of the roles that were asked."""
    step = task.step
    if not isinstance(step, HumanStep) or not step.delegate or task.visit.status != "open":
        return []
    people = task.context.people
    roles = {rung.role for rung in step.who if rung.role}
    roles = roles or {role for key in task.visit.candidates for role in people[key].roles}
    move = Move(task.definition, task.state, task.context, task.now)
    barred = {*assigning.excluded(move, step), task.visit.assignee}
    return [
        (key, person.name)
        for key, person in people.items()
        if person.active and key not in barred and not roles.isdisjoint(person.roles)
    ]


def actor_of(task: Task, session: Session | None, chosen: str = "") -> Actor | None:
    """Who acts; None when a PIN is needed first, also for reading."""
    able = {key for key, _ in able_people(task)}
    if session and session.person in able and task.link.person in (None, session.person):
        return Actor(session.person, "pin")
    match identity_of(task):
        case "pin":
            return Actor(session.person, "pin") if session and session.person in able else None
        case "claim":
            return Actor(chosen if chosen in able else None, "claim")
    return Actor(task.link.person, "none")


def is_shared(task: Task) -> bool:
    """Whether several people were asked and nobody holds it yet."""
    step = task.step
    return (
        isinstance(step, HumanStep)
        and task.visit.status == "open"
        and task.visit.assignee is None
        and step.signers is None
        and len(task.visit.candidates) > 1
    )
