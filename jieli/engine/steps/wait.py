"""A wait: for a duration, a moment or an event, with buttons that may count before its turn."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from jieli.engine import business_time
from jieli.engine.case import Timer, Visit
from jieli.engine.definition import EventWords, Moment, WaitStep
from jieli.engine.errors import NotYours, UnknownButton, WorkItemClosed
from jieli.engine.events import SignalReceived, WaitAnswered
from jieli.engine.move import Move
from jieli.engine.paths import reaches
from jieli.engine.steps import assigning, deadlines
from jieli.engine.steps.answers import apply_button, check_role, from_outside
from jieli.engine.steps.telling import tell
from jieli.engine.steps.work_item import require


def enter(move: Move, name: str, step: WaitStep, branch: str) -> None:
    """Begin to wait; a visit that was listening already is the same visit."""
    visit = _listening(move, name, branch)
    if visit is None:
        visit = move.open_visit(name, branch)
        _invite(move, visit, step)
    else:
        visit.status = "open"
        move.touch(visit)
        move.note("wait_begun", visit)
    visit.begun_at = move.now
    if isinstance(step.wait, EventWords):
        _await_event(move, visit, step, step.wait)
        return
    over, guessed = _over(move, visit, step)
    visit.due_at, visit.due_guessed = over, guessed
    move.set_timer(visit, "wait_over", over, guessed=guessed)


def begin_listening(move: Move) -> None:
    """Waits whose buttons count from a step that was just done begin to listen, if still ahead."""
    for done in move.done:
        if done.fan in move.state.fans:  # one element; the step itself is not done yet
            continue
        for name, step in move.process.steps.items():
            if isinstance(step, WaitStep) and _since(step) == done.step:
                _listen(move, name, step, done.branch)


def _listen(move: Move, name: str, step: WaitStep, branch: str) -> None:
    here = [visit for visit in move.live(branch) if visit.status != "listening"]
    waiting = any(visit.step == name for visit in move.live(branch))
    ahead = any(
        reaches(move.definition.ways, visit.step, name, avoiding=_since(step)) for visit in here
    )
    if ahead and not waiting:
        visit = move.open_visit(name, branch, "listening")
        _invite(move, visit, step)


def _since(step: WaitStep) -> str | None:
    return next((button.since for button in step.buttons.values() if button.since), None)


def stop_listening(move: Move) -> None:
    """A listening wait ends when no path leads to it any more."""
    for visit in list(move.state.visits.values()):
        if visit.status == "listening" and not _still_ahead(move, visit):
            move.close_visit(visit, "passed_by", cancelled=True)


def _still_ahead(move: Move, wait: Visit) -> bool:
    step = move.definition.step(wait.step)
    assert isinstance(step, WaitStep)
    return any(
        reaches(move.definition.ways, other.step, wait.step, avoiding=_since(step))
        for other in move.live(wait.branch)
        if other.status != "listening"
    )


def _listening(move: Move, name: str, branch: str) -> Visit | None:
    return next(
        (
            visit
            for visit in move.state.visits.values()
            if visit.step == name and visit.branch == branch and visit.status == "listening"
        ),
        None,
    )


def _invite(move: Move, visit: Visit, step: WaitStep) -> None:
    """Send the wait's link, at the next shift if nobody is there; a wait itself is no work."""
    if not step.buttons or not step.who:
        return
    visit.candidates = []
    fresh = assigning.offer(move, visit, step, 0)
    starts = assigning.next_on_shift(move.context, fresh, move.now) if visit.nobody else None
    visit.nobody = False
    if starts and starts > move.now:
        move.set_timer(visit, "staffed", starts)
    else:
        tell(move, visit, "wait", fresh, link=True, urgent=step.urgent)


def refresh(move: Move) -> None:
    """The point in time that a wait waits for may have moved with the data: its timer follows."""
    for visit in list(move.state.visits.values()):
        step = move.definition.step(visit.step)
        words = step.wait if isinstance(step, WaitStep) else None
        if visit.status != "open" or not isinstance(words, Moment):
            continue
        over, guessed = _moment(move, visit, words)
        if over != visit.due_at:
            visit.due_at, visit.due_guessed = over, guessed
            move.set_timer(visit, "wait_over", over, guessed=guessed)
            move.touch(visit)
            move.note("due_moved", visit, due_at=over.isoformat())


def _over(move: Move, visit: Visit, step: WaitStep) -> tuple[datetime, bool]:
    if isinstance(step.wait, Moment):
        return _moment(move, visit, step.wait)
    assert isinstance(step.wait, str)
    length = move.duration(step.wait) or timedelta()
    clock = move.clock_of(step.wait, step.clock, "wall")
    hours = move.context.desk_hours(step.who[0].role) if clock == "staffed" and step.who else None
    due = business_time.add(_begin(move, step), length, hours=hours, calendar=move.context.calendar)
    return due.at, due.guessed


def _begin(move: Move, step: WaitStep) -> datetime:
    """The later of the steps named in `starts_after`; now, when none of them was done."""
    ends = [
        datetime.fromisoformat(move.state.answers[name]["at"])
        for name in step.starts_after
        if name in move.state.answers
    ]
    return max(ends, default=move.now)


def _moment(move: Move, visit: Visit, words: Moment) -> tuple[datetime, bool]:
    at = deadlines.point(move, visit, words)
    # No time was given: do not wait for ever, go on at once.
    return (visit.begun_at or move.now, True) if at is None else (at, False)


def _await_event(move: Move, visit: Visit, step: WaitStep, words: EventWords) -> None:
    seen = move.state.signals.get(words.event)
    since = move.state.answers.get(words.since, {}).get("at") if words.since else None
    if seen and words.since and (since is None or seen["at"] >= since):
        del move.state.signals[words.event]
        _happened(move, visit, step, seen["data"])
        return
    if words.at_most:
        length = move.duration(words.at_most) or timedelta()
        visit.due_at = move.now + length
        move.set_timer(visit, "wait_over", visit.due_at)


def signal_received(move: Move, event: SignalReceived) -> None:
    """Keep the event; the wait for it, if there is one, is over."""
    move.state.signals[event.name] = {"at": move.now.isoformat(), "data": event.data}
    move.note("signal_received", name=event.name)
    for visit in list(move.state.visits.values()):
        step = move.definition.step(visit.step)
        if visit.status != "open" or not isinstance(step, WaitStep):
            continue
        if isinstance(step.wait, EventWords) and step.wait.event == event.name:
            # Waits for it on several paths all end.
            move.state.signals.pop(event.name, None)
            _happened(move, visit, step, event.data)


def _happened(move: Move, visit: Visit, step: WaitStep, data: dict[str, Any]) -> None:
    visit.answers = from_outside(move, visit, step.form, data)
    _end(move, visit, "happened")
    assert step.happened is not None, "the checks demand it"
    move.go(step.happened, visit.branch)


def answered(move: Move, event: WaitAnswered) -> None:
    """A button of the wait: what else is open in its branch has become pointless."""
    visit = require(move, event.visit)
    step = move.definition.step(visit.step)
    if not isinstance(step, WaitStep):
        raise WorkItemClosed(None, None)
    button = step.buttons.get(event.button)
    if button is None or (visit.status == "listening" and not button.since):
        raise UnknownButton(event.button)
    if event.by is None or not assigning.may_act(move, visit, step, event.by):
        raise NotYours(event.by, "not_asked")
    check_role(move, button, event.by)
    visit.answers, visit.by = dict(event.answers), event.by
    move.note("answered", visit, button=event.button, by=event.by, identity=event.identity)
    for other in move.live(visit.branch):
        # Another wait may listen on, if it is still ahead of where the button leads.
        if other is not visit and other.status != "listening":
            move.close_visit(other, "overtaken", cancelled=True)
    _end(move, visit, event.button, event.by)
    apply_button(move, visit, button, step.form)
    move.follow(button, visit)


def _end(move: Move, visit: Visit, outcome: str, by: str | None = None) -> None:
    move.close_visit(visit, outcome, by)
    move.remember(visit)


def timer_fired(move: Move, visit: Visit, timer: Timer) -> None:
    """The time is up, or those who may press a button begin their shift."""
    step = move.definition.step(visit.step)
    assert isinstance(step, WaitStep)
    if timer.kind == "staffed":
        _invite(move, visit, step)
        return
    assert step.time_up is not None, "the checks demand it"
    _end(move, visit, "time_up")
    move.go(step.time_up, visit.branch)
