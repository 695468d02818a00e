"""Whose a case is, and how its work passes from people to a person. Tells only who has it now."""

from __future__ import annotations

from jieli.engine.case import Visit
from jieli.engine.definition import HumanStep, WaitStep
from jieli.engine.errors import NotYours, WindowClosed, WorkItemClosed
from jieli.engine.events import CancelMessages, WorkHandedOver, WorkItemReassigned
from jieli.engine.move import Move
from jieli.engine.steps import assigning, offering
from jieli.engine.steps.telling import tell


def own_first(move: Move, visit: Visit, person: str | None) -> None:
    """Who takes the case up first, with this visit, owns it, where the process has owners."""
    if move.process.case.owner and move.state.owner is None and person:
        _own(move, person, leaving=set(), by=visit)


def own_from_start(move: Move, person: str | None, source: str) -> None:
    """Who started the case by form owns it, or whom a field names, where the process says so."""
    wanted, owner = move.process.case.owner, None
    if wanted == "starter" and source == "form":
        owner = person
    elif wanted in move.process.case.fields:
        owner = move.state.data.get(wanted)
    if owner in move.context.people:
        move.state.owner = owner
        move.stale()
        move.note("owner_changed", to=owner, by=person)


def _own(move: Move, person: str, *, leaving: set[str], by: Visit | None = None) -> None:
    before, move.state.owner = move.state.owner, person
    move.stale()
    move.note("owner_changed", to=person, was=before)
    for visit in [each for each in move.state.visits.values() if each is not by]:
        step = move.definition.step(visit.step)
        if isinstance(step, WaitStep):
            _invite_owner(move, visit, step)
        elif isinstance(step, HumanStep) and visit.status == "open" and not visit.assignee:
            _ask_owner(move, visit, step, leaving)


def _ask_owner(move: Move, visit: Visit, step: HumanStep, leaving: set[str]) -> None:
    """A step that asks the case's owner asks who that is now; who was asked otherwise stays."""
    asked = step.who[: visit.rung + 1]
    if not any(rung.owner for rung in asked):
        return
    still = {p for rung in asked for p in assigning.people_of(move, rung, visit)}
    stay = [p for p in visit.candidates if p not in leaving or p in still]
    if not stay and visit.candidates:
        _revoke(move, visit)
    visit.candidates = stay
    move.touch(visit)
    if step.who[visit.rung].owner:
        fresh = assigning.offer(move, visit, step, visit.rung)
        if fresh or visit.nobody:
            move.cancel_timers(visit, {"staffed"})
            offering.ask(move, visit, step, fresh, "handed_on")
        return
    owner = str(move.state.owner)
    if owner not in stay and owner not in assigning.excluded(move, step):
        visit.candidates = [*stay, owner]
        tell(move, visit, "handed_on", [owner], link=True, urgent=step.urgent)


def _invite_owner(move: Move, visit: Visit, step: WaitStep) -> None:
    """A wait whose link the owner has gives the new one a link too."""
    if step.who and step.who[0].owner:
        _invite(move, visit, step, assigning.able_on(move, visit, step, 0))


def _invite(move: Move, visit: Visit, step: WaitStep, people: list[str]) -> None:
    _revoke(move, visit)
    visit.candidates = people
    tell(move, visit, "wait", people, link=True, urgent=step.urgent)


def handed_over(move: Move, event: WorkHandedOver) -> None:
    """What people who hand over own and hold in this case is another's now."""
    if not assigning.is_here(move.context, event.to):
        raise NotYours(event.to, "no_delegation")
    leaving = set(event.from_people) - {event.to}
    passing = [visit for visit in move.state.visits.values() if _passes(move, visit, leaving)]
    if not passing and move.state.owner not in leaving:
        return  # done or passed on since
    move.note("handed_over", by=event.by, from_people=sorted(leaving), to=event.to,
              reason=event.reason, source=event.source)  # fmt: skip
    for visit in passing:
        _hand_over(move, visit, leaving, event.to)
    if move.state.owner in leaving:
        _own(move, event.to, leaving=leaving)


def _passes(move: Move, visit: Visit, leaving: set[str]) -> bool:
    """Whether the work is theirs: one of them holds it, or nobody else was asked."""
    step = move.definition.step(visit.step)
    if isinstance(step, WaitStep):
        return _asks_only(visit, step, leaving)
    if not isinstance(step, HumanStep) or visit.status != "open":
        return False
    return visit.assignee in leaving if visit.assignee else _asks_only(visit, step, leaving)


def _hand_over(move: Move, visit: Visit, leaving: set[str], to: str) -> None:
    step = move.definition.step(visit.step)
    if isinstance(step, WaitStep):
        _invite(move, visit, step, [to])
    elif isinstance(step, HumanStep):
        if to in assigning.excluded(move, step) or to in visit.signatures:
            _offer_again(move, visit, step, leaving)
        else:
            give(move, visit, step, to)


def _asks_only(visit: Visit, step: HumanStep | WaitStep, leaving: set[str]) -> bool:
    """Whether nobody else was asked; an owner's rung asks the new owner itself."""
    asks_owner = any(rung.owner for rung in step.who[: visit.rung + 1])
    return bool(visit.candidates) and leaving.issuperset(visit.candidates) and not asks_owner


def _offer_again(move: Move, visit: Visit, step: HumanStep, leaving: set[str]) -> None:
    """Who has it now may not do this step: those it was first for are asked again."""
    _revoke(move, visit)
    visit.assignee, visit.candidates = None, []
    fresh = assigning.offer(move, visit, step, visit.rung)
    fresh = [person for person in fresh if person not in leaving] or fresh
    offering.ask(move, visit, step, fresh, "handed_on")


def reassigned(move: Move, event: WorkItemReassigned) -> None:
    """改派: a supervisor gives the item to somebody, whoever was asked or held it."""
    visit = move.state.visits.get(event.visit)
    step = move.definition.step(visit.step) if visit else None
    if visit is None or not isinstance(step, HumanStep):
        raise WorkItemClosed(None, None)
    if visit.status == "scheduled":
        raise WindowClosed(visit.window_start)
    if visit.status != "open":
        raise WorkItemClosed(move.context.label(visit.by), visit.closed_at, visit.outcome)
    require_able(move, visit, step, event.to)
    move.note("reassigned", visit, by=event.by, to=event.to, reason=event.reason)
    give(move, visit, step, event.to)


def require_able(move: Move, visit: Visit, step: HumanStep, person: str) -> None:
    """Raise NotYours unless that person may have the item."""
    if not assigning.is_here(move.context, person):
        raise NotYours(person, "no_delegation")
    if person in assigning.excluded(move, step):
        raise NotYours(person, "not_same_person")
    if person in visit.signatures:
        raise NotYours(person, "signed_already")


def give(move: Move, visit: Visit, step: HumanStep, to: str) -> None:
    """The item is one person's; the links of the others die."""
    _revoke(move, visit)
    visit.assignee, visit.candidates, visit.nobody = to, [to], False
    move.cancel_timers(visit, {"rung", "staffed"})
    tell(move, visit, "handed_on", [to], link=True, urgent=step.urgent)


def _revoke(move: Move, visit: Visit) -> None:
    visit.generation += 1
    move.touch(visit)
    move.effects.append(CancelMessages(visit.id))
