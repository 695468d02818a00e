"""The flow of a case: one Prefect flow run per case, parked as Suspended while the case waits.

Carries out what the store says is due and shows it; the case itself changes only in the store.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.exceptions import Pause
from prefect.states import Cancelled, Completed

from flows import parking
from flows.case_run import Activation, LostToAnother, Ready, holding, is_run_of
from flows.words import message_name, parked_reason, run_name, run_tags
from jieli.store.database import kill_point
from jieli.store.shown import CaseShown
from tasks.calls import make_call
from tasks.messages import deliver_message
from tasks.other_cases import tell_other_cases
from tasks.resources import resources


@flow(name="case", retries=0, persist_result=False)
async def run_case(case_id: str) -> State[Any]:
    """Do what is due in a case, show its steps, and park until somebody or the clock wakes it."""
    run_id = current_run()
    if not is_run_of(resources(), case_id, run_id):
        return Cancelled(message="不是这个单子的运行 · not the run of this case")
    try:
        async with holding(resources(), case_id, run_id) as case:
            while step := await case.next_step():
                await STEPS[step.kind](case, step)
            shown = case.shown()
            await relabel(shown)
            if shown.status != "open":
                return await finish(case, shown)
            parked = await park(case, shown)
    except LostToAnother:
        # The other execution shows everything. This one must not end the run, nor leave it Running.
        parked = await parking.park(
            run_id, reason="由另一个执行处理 · another execution is at work"
        )
    raise Pause(state=parked)


def current_run() -> UUID:
    """The id of the flow run that executes."""
    context = FlowRunContext.get()
    assert context is not None and context.flow_run is not None
    return context.flow_run.id


async def relabel(shown: CaseShown) -> None:
    """Bring the run's name and tags to what is true of the case; most wakes change neither."""
    context = FlowRunContext.get()
    assert context is not None and context.flow_run is not None
    run, name, tags = context.flow_run, run_name(shown), run_tags(shown)
    if run.name != name or set(run.tags) != set(tags):
        await parking.label(run.id, name=name, tags=tags)


# ---- one short function per kind of thing ---------------------------------------------------


async def messages(case: Activation, step: Ready) -> None:
    """People are told, each message in a task run of its own."""
    for message in step.messages:
        named = deliver_message.with_options(task_run_name=message_name(message, case.context))
        await completed(named(message.id, case.case_id, return_state=True))


async def other_cases(case: Activation, step: Ready) -> None:
    """Other cases are started or told."""
    await completed(tell_other_cases(case.case_id, return_state=True))


async def calls(case: Activation, step: Ready) -> None:
    """Other systems are called."""
    await completed(make_call(case.case_id, return_state=True))


async def human(case: Activation, step: Ready) -> None:
    """A work item: one bar from opened to done."""
    await draw(case, step)


async def wait(case: Activation, step: Ready) -> None:
    """A wait: one bar as long as it lasts."""
    await draw(case, step)


async def sub_case(case: Activation, step: Ready) -> None:
    """Another case runs for this one: one bar until it ends."""
    await draw(case, step)


async def service(case: Activation, step: Ready) -> None:
    """A call or a notice: a bar beside the task runs that carry it out."""
    await draw(case, step)


async def doing(case: Activation, step: Ready) -> None:
    """The store did something by itself, such as handing work over: a bar as short as the step."""
    await draw(case, step)


async def routing(case: Activation, step: Ready) -> None:
    """A decision, a fork, a join, an end: a bar as short as the step."""
    await draw(case, step)


async def completed(task_run: Any) -> None:
    """Wait for a task run; one that failed is red in Prefect, and the clock tries its row again."""
    await task_run


STEPS: dict[str, Callable[[Activation, Ready], Awaitable[None]]] = {
    "messages": messages,
    "other_cases": other_cases,
    "calls": calls,
    "human": human,
    "wait": wait,
    "sub_case": sub_case,
    "call": service,
    "notify": service,
    "do": doing,
    "decision": routing,
    "parallel": routing,
    "join": routing,
    "end": routing,
}


async def draw(case: Activation, step: Ready) -> None:
    """Bring one step's bar to where the step is; the bars of a wake leave together."""
    assert step.visit is not None
    case.drawn.append(step.visit)


# ---- resting and ending ---------------------------------------------------------------------


async def park(case: Activation, shown: CaseShown) -> State[Any]:
    """Park the run; if the case went on meanwhile, wake it again at once."""
    case.mark_revision()
    parked = await parking.park(case.run_id, reason=parked_reason(shown))
    kill_point("suspended_before_reread")
    if case.went_on():
        await parking.resume(case.run_id)
    return parked


async def finish(case: Activation, shown: CaseShown) -> State[Any]:
    """The case is closed and everything is shown."""
    await case.show_what_was_lost()
    # That the run has ended is written down when it was seen to: we may die before it has.
    case.mark_revision()
    if shown.status == "cancelled":
        return Cancelled(message="单子已取消 · the case was cancelled")
    return Completed(message=shown.result_label)
