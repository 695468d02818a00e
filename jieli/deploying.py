"""Keeps Prefect's pool, queues, deployments and schedules as published. Runs nothing itself."""

from __future__ import annotations

from collections.abc import Mapping

from jieli.prefect_rest import CASE_QUEUE, CLOCK_QUEUE, FLOW_NAME, PrefectRest

POOL_TYPE = "jieli"
CASE_ENTRYPOINT = "flows.run_case:run_case"
CLOCK_ENTRYPOINT = "flows.clock:clock"
CLOCK_SECONDS = 60


def deploy_all(
    prefect: PrefectRest, pool: str, titles: Mapping[str, str], *, pool_type: str = POOL_TYPE
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
