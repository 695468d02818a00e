"""The flow of a case: one Prefect flow run per case, parked as Suspended while the case waits.

Carries out what the store says is due and shows it; the case itself changes only in the store.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from prefect import flow
from prefect.context import FlowRunContext
from prefect.exceptions import Pause
from prefect.states import Cancelled, Completed, State

from flows import bars, parking
from flows.case_run import Activation, LostToAnother, Ready, holding
from flows.words import parked_reason, step_name
from jieli.store import runs
from jieli.store.database import kill_point
from jieli.store.runs import CaseRun
from tasks.calls import make_call
from tasks.messages import deliver_message
from tasks.other_cases import tell_other_cases
from tasks.resources import resources


@flow(name="case", retries=0, persist_result=False)
async def run_case(case_id: str) -> State | None:
    """Do what is due in a case, show its steps, and park until somebody or the clock wakes it."""
    run_id = current_run()
    try:
        async with holding(resources(), case_id, run_id) as case:
            if not is_its_run(case):
                return Cancelled(message="这不是该单子的运行 · not this case's run")
            while step := case.next_step():
                await STEPS[step.kind](case, step)
            state = case.state()
            if state.closed:
                return await finish(case, state)
            parked = await park(case, state)
    except LostToAnother:
        # The other execution shows everything; this run must not end, and must not stay Running.
        parked = await parking.park(run_id, reason="由另一个执行处理 · handled by another execution")
    raise Pause(state=parked)


def current_run() -> UUID:
    """The id of the flow run that executes."""
    context = FlowRunContext.get()
    assert context is not None and context.flow_run is not None
    return context.flow_run.id


def is_its_run(case: Activation) -> bool:
    """Whether this run is the case's own; a run started by hand on the deployment is not."""
    state = case.state()
    if state.run_id is None:
        with case.own.database.write() as conn:
            runs.save_run(conn, case.case_id, str(case.run_id), state.generation)
        return True
    return state.run_id == str(case.run_id)


# ---- one short function per kind of thing ---------------------------------------------------


async def message(case: Activation, step: Ready) -> None:
    """Somebody is told something."""
    assert step.message is not None
    named = deliver_message.with_options(task_run_name=step_name(step.message))
    await named(step.message.id, case.case_id, return_state=True)


async def other_case(case: Activation, step: Ready) -> None:
    """Another case is started or told."""
    await tell_other_cases(case.case_id, return_state=True)


async def call(case: Activation, step: Ready) -> None:
    """Another system is called."""
    assert step.call is not None
    await make_call(step.call.id, case.case_id, return_state=True)


async def waiting_step(case: Activation, step: Ready) -> None:
    """A human step, a wait or a sub-case: one bar from opened to done."""
    visit = step.visit
    assert visit is not None
    bar = await bars.open_bar(case.run_id, visit.key, visit.title)
    if visit.is_over:
        ending = bars.Ending.CANCELLED if visit.status == "cancelled" else bars.Ending.DONE
        await bars.close_bar(bar, name=visit.outcome_label, message=visit.by_label, ending=ending)
    case.mark_shown(visit, bar)


async def instant_step(case: Activation, step: Ready) -> None:
    """A decision, a notice, a fork, a join, an end: a bar as short as the step."""
    await waiting_step(case, step)


STEPS: dict[str, Callable[[Activation, Ready], Awaitable[None]]] = {
    "message": message,
    "other_case": other_case,
    "call": call,
    "human": waiting_step,
    "wait": waiting_step,
    "sub_case": waiting_step,
    "notify": instant_step,
    "decision": instant_step,
    "parallel": instant_step,
    "join": instant_step,
    "end": instant_step,
}


# ---- resting and ending ---------------------------------------------------------------------


async def park(case: Activation, state: CaseRun) -> State:
    """Park the run; if the case went on meanwhile, wake it again at once."""
    await parking.label(case.run_id, name=state.name, tags=state.tags)
    with case.own.database.write() as conn:
        runs.mark_revision_shown(conn, case.case_id, case.revision)
    parked = await parking.park(case.run_id, reason=parked_reason(state))
    kill_point("suspended_before_reread")
    with case.own.database.read() as conn:
        behind = runs.is_behind(conn, case.case_id)
    if behind:
        await parking.resume(case.run_id)
    return parked


async def finish(case: Activation, state: CaseRun) -> State:
    """The case is closed and everything is shown."""
    await parking.label(case.run_id, name=state.name, tags=state.tags)
    with case.own.database.write() as conn:
        runs.mark_ended(conn, case.case_id, case.revision)
    if state.status == "cancelled":
        return Cancelled(message=state.result_label)
    return Completed(message=state.result_label)
