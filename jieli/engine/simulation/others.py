"""What a played case asks of others: sub-cases, calls, the roster, work that is handed over."""

from __future__ import annotations

from itertools import cycle
from typing import TYPE_CHECKING

from jieli.engine.errors import FormError
from jieli.engine.events import (
    BlockContact,
    CallAnswered,
    CallFailed,
    CancelSubCases,
    CaseCancelled,
    ChangeRoster,
    ContactBlocked,
    Event,
    HandOverWork,
    MakeCall,
    StartCase,
    SubCaseEnded,
    TellCase,
    Transition,
    WorkHandedOver,
)
from jieli.engine.simulation.filling import reason_of, start_form
from jieli.engine.simulation.played import Played
from jieli.engine.simulation.script import Called, Ended
from jieli.engine.values import parse_duration
from jieli.texts import text

if TYPE_CHECKING:
    from jieli.engine.simulation.world import World


def carry(world: World, played: Played, made: Transition) -> None:
    """Do what a transition of a case asks for beyond the case itself."""
    for effect in made.effects:
        match effect:
            case StartCase():
                _start_other(world, played, effect)
            case TellCase(case_id=other, event=event):
                if other in world.cases:
                    world.tell(world.cases[other], event)
            case CancelSubCases(visit=visit):
                _cancel_others(world, played.key, visit)
            case BlockContact(buyer=buyer):
                _block(world, played, buyer)
            case MakeCall():
                _call(world, played, effect)
            case HandOverWork():
                _hand_over(world, played, effect)
            case ChangeRoster(change=change):
                changes = (*world.context.roster_changes, change)
                world.context = world.context.model_copy(update={"roster_changes": changes})


def _start_other(world: World, played: Played, effect: StartCase) -> None:
    key = f"{played.key}.{effect.visit}{effect.key}"
    listed = world.script.sub_cases.get(effect.process)
    if listed is not None:
        ended = listed[min(world.ended[effect.process], len(listed) - 1)]
        world.ended[effect.process] += 1
        if effect.wait:
            at = world.now + parse_duration(ended.after)
            world.plan(at, lambda: _end_other(world, played, effect, key, ended))
        return
    parent, visit = (played.key, effect.visit) if effect.wait else (None, None)
    definition = world.definition(effect.process)
    try:
        data = start_form(definition, effect.data, world.context, world.now)
    except FormError as error:
        world.mishap(played, effect.process, reason_of(error))
        return
    world.begin(key, definition, data, by=None, source="case", parent=parent, visit=visit)


def _end_other(world: World, played: Played, effect: StartCase, key: str, ended: Ended) -> None:
    event = SubCaseEnded(
        visit=effect.visit, case_id=key, ref=key.upper(), result=ended.result,
        data={**effect.data, **ended.data},
    )  # fmt: skip
    world.tell(played, event)


def _cancel_others(world: World, key: str, visit: int) -> None:
    for other in list(world.cases.values()):
        state = other.now_open
        if state and (state.parent, state.parent_visit) == (key, visit):
            world.tell(other, CaseCancelled(reason="parent_gone"))


def _block(world: World, played: Played, buyer: str) -> None:
    for other in list(world.cases.values()):
        if other is not played and other.state and other.state.buyer == buyer:
            world.tell(other, ContactBlocked())


def _call(world: World, played: Played, effect: MakeCall) -> None:
    step = played.visits[effect.visit].step
    listed = world.script.calls.get(step, (Called(response={}),))
    said = listed[min(world.called[step], len(listed) - 1)]
    world.called[step] += 1
    event: Event = CallAnswered(visit=effect.visit, attempt=effect.attempt, response=said.response)
    if said.failed or said.unknown:
        event = CallFailed(
            visit=effect.visit, attempt=effect.attempt, unknown=said.unknown,
            reason=said.failed or text("Nobody knows whether it happened."),
        )  # fmt: skip
    world.plan(world.now + parse_duration(said.after), lambda: world.tell(played, event))


def _hand_over(world: World, played: Played, effect: HandOverWork) -> None:
    chosen, turn = dict(effect.chosen), cycle(effect.to or (None,))
    for other in list(world.cases.values()):
        state = other.now_open
        if other is played or state is None or other.definition.process.case.owner is None:
            continue
        held = {state.owner, *(visit.assignee for visit in state.visits.values())}
        if held & set(effect.from_people):
            to = chosen.get(state.ref) or (state.owner if state.owner in effect.to else None)
            if to := to or next(turn):
                ref = played.state.ref if played.state else None
                moved = WorkHandedOver(
                    from_people=effect.from_people, to=to, reason=effect.reason, source=ref
                )
                world.tell(other, moved)
