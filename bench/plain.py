"""(g) The same story as plain Prefect does it: suspend_flow_run and the process worker."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from bench.figures import Figure, percentile, until
from bench.stack import ROOT, Place
from jieli.cli.processes import Child, module
from jieli.cli.up import prefect_environment
from jieli.prefect_rest import PrefectRest
from jieli.settings import Settings

SIDE_BY_SIDE = 4


@dataclass
class Plain:
    """A server and a process worker, and the files their effects leave."""

    prefect: PrefectRest
    folder: Path
    server: Child
    worker: Child

    def begin(self, case_id: str) -> str:
        """Start a run; returns its id when its first effect is there and it is parked."""
        run = self.prefect.create_run("plain", case_id, generation=0, name=case_id, tags=[])
        self.wait(run, case_id, 1)
        return run

    def step(self, run: str, case_id: str) -> float:
        """Resume and wait until parked again; returns seconds from resume to the effect."""
        count, began = len(self.effects(case_id)), time.time()
        self.prefect.resume(run)
        self.wait(run, case_id, count + 1)
        return self.effects(case_id)[-1] - began

    def wait(self, run: str, case_id: str, count: int) -> None:
        """Until so many effects are there and the run is parked."""
        until(lambda: len(self.effects(case_id)) >= count, 120, 0.1)
        until(lambda: self.prefect.runs([run])[run].name == "Suspended", 60, 0.3)

    def effects(self, case_id: str) -> list[float]:
        """When the effects of a case happened."""
        file = self.folder / case_id
        return [float(line) for line in file.read_text().split()] if file.exists() else []

    def cpu(self) -> float:
        """CPU-seconds of server and worker, the ended flow processes included."""
        used = 0.0
        for child in (self.server, self.worker):
            assert child.process is not None
            times = psutil.Process(child.process.pid).cpu_times()
            used += times.user + times.system + times.children_user + times.children_system
        return used


def measure(name: str, place: Place, is_quick: bool, tell: Callable[[str], None]) -> list[Figure]:
    """Resume to effect, CPU a step, steps a minute."""
    place.prepare()
    tell(f"{name}: plain Prefect in {place.data_dir}")
    with running(place.settings()) as plain:
        run = plain.begin("quiet")
        cpu, seconds = plain.cpu(), list[float]()
        steps = 3 if is_quick else 6
        for _ in range(steps):
            seconds.append(plain.step(run, "quiet"))
            time.sleep(2)
        each = (plain.cpu() - cpu) / steps
        cases = [f"side-{number}" for number in range(SIDE_BY_SIDE)]
        rate = _per_minute(plain, cases, 30.0 if is_quick else 60.0)
    load = f"load {os.getloadavg()[0]:.1f}"
    place.remove()
    return [
        Figure(name, "g", "plain Prefect: resume → effect p50", round(percentile(seconds, 50), 2), "s"),
        Figure(name, "g", "plain Prefect: CPU per step", round(each, 2), "CPU-s"),
        Figure(name, "g", "plain Prefect: steps a minute", round(rate, 1), "/min",
               note=f"{SIDE_BY_SIDE} cases side by side", circumstances=load),
    ]  # fmt: skip


def _per_minute(plain: Plain, case_ids: list[str], seconds: float) -> float:
    """Resume every case as soon as it is parked; its effects a minute."""
    made = {
        case: plain.prefect.create_run("plain", case, generation=0, name=case, tags=[])
        for case in case_ids
    }
    for case, run in made.items():
        plain.wait(run, case, 1)
    before = sum(len(plain.effects(case)) for case in case_ids)
    began = time.monotonic()
    while time.monotonic() < began + seconds:
        states = plain.prefect.runs(made.values())
        for run in made.values():
            if states[run].name == "Suspended":
                plain.prefect.resume(run)
        time.sleep(0.3)
    after = sum(len(plain.effects(case)) for case in case_ids)
    return (after - before) * 60 / (time.monotonic() - began)


@contextmanager
def running(settings: Settings) -> Iterator[Plain]:
    """Prefect's server, its process worker, one deployment."""
    folder = settings.data_dir / "effects"
    folder.mkdir(parents=True)
    environment = {
        **prefect_environment(settings), "BENCH_PLAIN_DIR": str(folder), "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    prefect = PrefectRest(settings.prefect_api_url, patience=60)
    logs = settings.data_dir / "logs"
    server = Child("server", module("prefect", "server", "start"), environment, logs / "server.log")
    start = ("worker", "start", "--type", "process", "--pool", "plain")
    worker = Child("worker", module("prefect", *start), environment, logs / "worker.log")
    server.start()
    try:
        server.wait_until(prefect.healthy)
        prefect.ensure_pool("plain", "process")
        # Named as the calls for cases look it up.
        prefect.ensure_deployment(
            "plain", flow="case", entrypoint="bench.plain_flow:story", pool="plain", queue="cases"
        )
        worker.start()
        yield Plain(prefect, folder, server, worker)
    finally:
        worker.stop()
        server.stop()
        prefect.close()
