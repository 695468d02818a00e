"""The one rule of the engine: a case and an event give a transition. No clock, no I/O, no Prefect.

Real runs, replay, simulation and definition tests all go through `advance`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from jieli.engine import definition as words
from jieli.engine.case import CaseState
from jieli.engine.context import Context, Facts
from jieli.engine.errors import CaseClosed, TimerMismatch
from jieli.engine.events import (
    AnswerTakenBack,
    CallAnswered,
    CallFailed,
    CallRetried,
    CaseCancelled,
    CaseStarted,
    ContactBlocked,
    Event,
    NoteAdded,
    SignalReceived,
    SubCaseEnded,
    TimerFired,
    Transition,
    WaitAnswered,
    WorkHandedOver,
    WorkItemAnswered,
    WorkItemClaimed,
    WorkItemDelegated,
    WorkItemReassigned,
)
from jieli.engine.move import Move
from jieli.engine.published import Definition
from jieli.engine.steps import (
    answers,
    deadlines,
    doing,
    fanning,
    handing_over,
    human,
    overruns,
    routing,
    service,
    wait,
    work_item,
)


def advance(
    definition: Definition,
    state: CaseState | None,
    event: Event,
    context: Context,
    now: datetime,
    facts: Facts | None = None,
) -> Transition:
    """What an event makes of a case.

    `state` is None for CaseStarted only. The given state is never changed. Raises a subclass of
    Refused when the case does not accept the event: then nothing has happened.
    """
    before = state
    if isinstance(event, CaseStarted):
        state = _new_case(definition, event, now)
    else:
        assert state is not None, "only a start has no case"
        state = state.model_copy(deep=True)
    if state.status != "open" and not isinstance(event, NoteAdded):
        raise CaseClosed()
    move = Move(definition, state, context, now)
    _HANDLERS[type(event)](move, event)
    move.run(_enter)
    _settle(move, before)
    return move.finished()


def _new_case(definition: Definition, event: CaseStarted, now: datetime) -> CaseState:
    return CaseState(
        case_id=event.case_id, process=definition.process.process, version=event.version,
        ref=event.ref, opened_at=now, data=dict(event.data), parent=event.parent,
        parent_visit=event.parent_visit,
    )  # fmt: skip


def _settle(move: Move, before: CaseState | None) -> None:
    """What follows from any change: entries proposed, early waits, due times, title and tags."""
    overruns.settle(move)
    if move.state.status == "open":
        wait.stop_listening(move)
        wait.begin_listening(move)
        routing.forget_forks(move)
        fanning.forget(move)
    move.stale()
    if before is None or (before.data, before.answers) != (move.state.data, move.state.answers):
        deadlines.refresh(move)
        wait.refresh(move)
    _describe(move)
    if before and before.tags != move.state.tags:
        move.note("tags", now=move.state.tags)


def _describe(move: Move) -> None:
    case, state = move.process.case, move.state
    state.title = move.render(case.title).strip()
    if case.priority:
        chosen = state.data.get(case.priority.by)
        state.priority = case.priority.of.get(str(chosen), "normal")
    move.stale()  # tags may depend on title and priority
    tags = {tag for tag, expression in case.tags.items() if move.truth(expression)}
    for visit in state.visits.values():
        if visit.overdue:
            tags.add("逾期")
        if visit.nobody:
            tags.add("无人")
        if move.definition.step(visit.step).urgent and visit.status in ("open", "held"):
            tags.add("紧急")
    state.tags = sorted(tags)


# ---- entering a step ---------------------------------------------------------------------------


def _enter(move: Move, name: str, step: words.Step, branch: str) -> None:
    _ENTER[type(step)](move, name, step, branch)


_ENTER: dict[type[Any], Callable[[Move, str, Any, str], None]] = {
    words.HumanStep: human.enter,
    words.WaitStep: wait.enter,
    words.CallStep: service.enter_call,
    words.NotifyStep: service.enter_notify,
    words.DecisionStep: routing.enter_decision,
    words.ParallelStep: routing.enter_parallel,
    words.JoinStep: routing.enter_join,
    words.SubCaseStep: routing.enter_sub_case,
    words.DoStep: doing.enter,
    words.EndStep: routing.enter_end,
}


# ---- events ------------------------------------------------------------------------------------


def _started(move: Move, event: CaseStarted) -> None:
    case = move.process.case
    _describe(move)
    move.state.buyer = move.render(case.buyer).strip() if case.buyer else None
    move.note("case_started", by=event.by, source=event.source, parent=event.parent)
    handing_over.own_from_start(move, event.by, event.source)
    move.go(move.process.first, "")


def _timer_fired(move: Move, event: TimerFired) -> None:
    timer = move.state.timers.get(event.timer)
    if timer is None or timer.at != event.at or move.now < timer.at:
        raise TimerMismatch()
    visit = move.state.visits[timer.visit]
    del move.state.timers[timer.id]
    move.note("timer_fired", visit, kind=timer.kind, number=timer.number or None)
    if visit.kind == "wait":
        wait.timer_fired(move, visit, timer)
    else:
        human.timer_fired(move, visit, timer)


def _contact_blocked(move: Move, event: ContactBlocked) -> None:
    answers.block_contact(move, event.by)


def _cancelled(move: Move, event: CaseCancelled) -> None:
    move.note("cancelled", by=event.by, reason=event.reason)
    routing.close_case(move, "cancelled", "cancelled")


def _noted(move: Move, event: NoteAdded) -> None:
    move.note("note", by=event.by, text=event.text, about=event.detail or None)


_HANDLERS: dict[type[Any], Callable[[Move, Any], None]] = {
    CaseStarted: _started,
    WorkItemClaimed: work_item.claimed,
    WorkItemDelegated: work_item.delegated,
    WorkItemAnswered: work_item.answered,
    WorkItemReassigned: handing_over.reassigned,
    WorkHandedOver: handing_over.handed_over,
    AnswerTakenBack: work_item.taken_back,
    WaitAnswered: wait.answered,
    SignalReceived: wait.signal_received,
    TimerFired: _timer_fired,
    CallAnswered: service.call_answered,
    CallFailed: service.call_failed,
    CallRetried: service.call_retried,
    SubCaseEnded: routing.sub_case_ended,
    ContactBlocked: _contact_blocked,
    CaseCancelled: _cancelled,
    NoteAdded: _noted,
}
