"""Keeps Prefect's pool, queues, deployments and schedules as published. Runs nothing itself."""

from __future__ import annotations

from collections.abc import Mapping

from jieli.prefect_rest import CASE_QUEUE, CLOCK_QUEUE, FLOW_NAME, PrefectRest

CASE_ENTRYPOINT = "flows.run_case:run_case"
CLOCK_ENTRYPOINT = "flows.clock:clock"
CLOCK_SECONDS = 60


def deploy_all(
    prefect: PrefectRest, pool: str, titles: Mapping[str, str], *, pool_type: str
) -> list[str]:
    """Make or mend everything a published process needs; doing it twice changes nothing."""
    prefect.ensure_pool(pool, pool_type)
    for process, title in titles.items():
        prefect.ensure_deployment(
            process, flow=FLOW_NAME, entrypoint=CASE_ENTRYPOINT, pool=pool, queue=CASE_QUEUE,
            tags=[f"process:{process}"], description=title,
        )  # fmt: skip
    prefect.ensure_deployment(
        "clock", flow="clock", entrypoint=CLOCK_ENTRYPOINT, pool=pool, queue=CLOCK_QUEUE,
        description="定时器、提醒、补漏", every_seconds=CLOCK_SECONDS,
    )  # fmt: skip
    prefect.forget_deployments()
    return [*titles, "clock"]


def mend(
    prefect: PrefectRest, pool: str, titles: Mapping[str, str], *, pool_type: str
) -> list[str]:
    """Restore what somebody deleted or paused; a look that finds all in order writes nothing."""
    names = [(FLOW_NAME, process) for process in titles] + [("clock", "clock")]
    found = {name: prefect.deployment_state(name, flow) for flow, name in names}
    if None in found.values() or not prefect.has_pool(pool, (CASE_QUEUE, CLOCK_QUEUE)):
        deploy_all(prefect, pool, titles, pool_type=pool_type)
        return ["deployments, pool or queues were missing"]
    paused = {name: state for name, state in found.items() if state and not state.is_active}
    for state in paused.values():
        prefect.unpause(state)
    return [f"deployment {name} was paused" for name in paused]
