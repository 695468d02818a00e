"""The flow that `plain` measures: one effect, then suspended until somebody resumes it."""

from __future__ import annotations

import os
import time
from pathlib import Path
from uuid import uuid4

from prefect import flow, task
from prefect.flow_runs import suspend_flow_run


@task
def effect(case_id: str) -> None:
    """Write down when it happened."""
    with (Path(os.environ["BENCH_PLAIN_DIR"]) / case_id).open("a") as file:
        file.write(f"{time.time()}\n")


@flow(name="plain")
def story(case_id: str) -> None:
    """Do the step, and wait for the next answer."""
    effect(case_id)
    suspend_flow_run(key=uuid4().hex, timeout=None)
