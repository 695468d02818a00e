"""The reports, written into Prefect every morning as artifacts without personal data."""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger
from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from jieli.store.reports.catalogue import REPORTS
from tasks.reporting import write_report


@flow(name="reports", retries=0, persist_result=False)
async def reports() -> State[Any]:
    """Write them one after the other; one that fails keeps no other from being written."""
    failed: list[str] = []
    for name in REPORTS:
        try:
            await write_report(name)
        except Exception:
            # Whatever is wrong with one, its own task run says it; the others are still wanted.
            get_run_logger().exception("the report %s was not written", name)
            failed.append(name)
    if failed:
        return Failed(message=f"没有写成 · not written: {', '.join(failed)}")
    return Completed(message=f"{len(REPORTS)} 份报表 · {len(REPORTS)} reports")
