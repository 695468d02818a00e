"""Steps that only lead on: decisions, parallel paths and where they meet, sub-cases, ends."""

from __future__ import annotations

from typing import Any

from jieli.engine.case import Visit
from jieli.engine.definition import (
    DecisionStep,
    EndStep,
    JoinStep,
    ParallelStep,
    SubCaseStep,
    SubCaseWords,
)
from jieli.engine.errors import FormError, WorkItemClosed
from jieli.engine.events import StartCase, SubCaseEnded, TellCase
from jieli.engine.move import Move
from jieli.engine.steps import fanning
from jieli.engine.steps.answers import fitted
from jieli.engine.stored import as_stored


def enter_decision(move: Move, name: str, step: DecisionStep, branch: str) -> None:
    """The first line that holds decides."""
    visit = move.open_visit(name, branch)
    line = next(each for each in step.decide if each.when is None or move.truth(each.when))
    move.close_visit(visit, line.otherwise or line.go_to or "again")
    move.remember(visit)
    if line.otherwise:
        move.go(line.otherwise, branch)
    else:
        move.follow(line, visit)


def enter_parallel(move: Move, name: str, step: ParallelStep, branch: str) -> None:
    """Every path begins; each has a branch of its own below this one."""
    visit = move.open_visit(name, branch)
    move.state.joins[str(visit.id)] = []
    move.close_visit(visit, "split")
    move.remember(visit)
    for number, target in enumerate(step.parallel):
        move.go(target, f"{branch}/{visit.id}.{number}")


def enter_join(move: Move, name: str, step: JoinStep, branch: str) -> None:
    """A path has arrived; when enough have, the others end and one path goes on."""
    parent, _, own = branch.rpartition("/")
    fork = own.partition(".")[0]
    arrived = move.state.joins.get(fork)
    if arrived is None:  # enough had arrived already
        return
    arrived.append(branch)
    move.note("branch_arrived", step=name, branch=branch)
    if len(arrived) < _needed(move, step, name):
        return
    del move.state.joins[fork]
    for visit in move.live():
        if visit.branch.startswith(f"{parent}/{fork}."):
            move.close_visit(visit, "overtaken", cancelled=True)
    fanning.forget(move)  # before the path goes on: its steps may ask what had arrived
    # Paths of the same fork that were still to be entered are overtaken too.
    stay = [(t, b) for t, b in move.arriving if not b.startswith(f"{parent}/{fork}.")]
    move.arriving.clear()
    move.arriving.extend(stay)
    visit = move.open_visit(name, parent)
    move.close_visit(visit, "joined")
    move.remember(visit)
    move.go(step.go_to, parent)


def forget_forks(move: Move) -> None:
    """A fork whose paths were all taken away from outside waits for nobody any more."""
    live = [visit.branch + "/" for visit in move.state.visits.values()]
    for fork in list(move.state.joins):
        if not any(f"/{fork}." in branch for branch in live):
            del move.state.joins[fork]


def _needed(move: Move, step: JoinStep, name: str) -> int:
    if isinstance(step.needs, int):
        return step.needs
    if step.needs == "any":
        return 1
    forks = (s for s in move.process.steps.values() if isinstance(s, ParallelStep))
    return next(len(fork.parallel) for fork in forks if fork.join == name)


def enter_sub_case(move: Move, name: str, step: SubCaseStep, branch: str) -> None:
    """Start the other case, or one per element; wait for the end, or only link it."""
    words = step.sub_case
    if words.each is None:
        visit = move.open_visit(name, branch)
        _ask_for_case(move, visit, words, "")
        if not words.wait:
            move.close_visit(visit, "started")
            move.remember(visit)
            move.go(step.go_to, branch)
        return
    visits = fanning.spread(move, name, branch, each=words.each, go_to=step.go_to)
    for number, visit in enumerate(visits):
        _ask_for_case(move, visit, words, str(number))
    if not words.wait:
        for visit in visits:
            move.close_visit(visit, "started")
            fanning.arrive(move, visit, {"result": None, "ref": None}, step.go_to)


def _ask_for_case(move: Move, visit: Visit, words: SubCaseWords, key: str) -> None:
    names = move.about(visit)
    data = {field: as_stored(move.evaluate(text, **names)) for field, text in words.data.items()}
    move.effects.append(
        StartCase(process=words.process, data=data, visit=visit.id, wait=words.wait, key=key)
    )
    move.note("sub_case_asked", visit, process=words.process)


def sub_case_ended(move: Move, event: SubCaseEnded) -> None:
    """The other case is closed: its result chooses the path."""
    visit = move.state.visits.get(event.visit)
    step = move.definition.step(visit.step) if visit else None
    if visit is None or not isinstance(step, SubCaseStep):
        raise WorkItemClosed(None, None)
    move.close_visit(visit, event.result)
    saved = _saved(move, step.sub_case, event)
    if visit.fan is not None:
        said = {**saved, "result": event.result, "ref": event.ref}
        fanning.arrive(move, visit, said, step.go_to)
        return
    if saved:
        move.state.data.update(saved)
        move.stale()
        move.note("data_changed", visit, fields=saved)
    move.remember(visit, result=event.result, ref=event.ref)
    move.go(step.results.get(event.result, step.go_to), visit.branch)


def _saved(move: Move, words: SubCaseWords, event: SubCaseEnded) -> dict[str, Any]:
    """What the case takes over from the other one; what the other left empty changes nothing."""
    fields = move.process.case.fields
    kept: dict[str, Any] = {}
    for name, theirs in words.save.items():
        value = event.data.get(theirs)
        if value is None or value == "":
            continue
        try:
            kept[name] = fitted(move, fields[name], value)
        except FormError as error:
            move.note("not_understood", field=name, value=str(value)[:200], reason=str(error))
    return kept


def enter_end(move: Move, name: str, step: EndStep, branch: str) -> None:
    """The case is closed; whatever is still open ends with it."""
    visit = move.open_visit(name, branch)
    move.close_visit(visit, step.end)
    close_case(move, "completed", step.end)


def close_case(move: Move, status: str, result: str) -> None:
    """Close the case and tell the one that waits for it."""
    move.cancel_all("case_closed")
    move.arriving.clear()
    state = move.state
    state.joins.clear()
    state.fans.clear()
    state.status = "completed" if status == "completed" else "cancelled"
    state.result, state.closed_at = result, move.now
    move.note("case_closed", status=status, result=result)
    if state.parent and state.parent_visit is not None:
        ended = SubCaseEnded(
            visit=state.parent_visit, case_id=state.case_id, ref=state.ref, result=result,
            data=dict(state.data),
        )  # fmt: skip
        move.effects.append(TellCase(case_id=state.parent, event=ended))
