"""Starts the stack as a user does, and knows its processes: their CPU, their memory, the worker."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psutil
import psycopg
from psycopg import sql

from bench.counting import SECRET
from jieli.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
READY_SECONDS = 240.0
PEOPLE = """
  bench_hook:
    name: 计数
    roles: [after_sales]
    channels: [bench]
"""
CHANNELS = """
  bench: {type: webhook, url: JIELI_BENCH_HOOK_URL, secret: JIELI_BENCH_HOOK_SECRET}
"""


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Place:
    """Where one stack keeps its data: a fresh folder, or two fresh databases."""

    data_dir: Path
    postgres: str | None = None
    hook_url: str = ""
    environ: dict[str, str] = field(default_factory=dict)
    databases: tuple[str, ...] = ()

    def prepare(self) -> None:
        """Make it empty, and write down the environment of its processes."""
        shutil.rmtree(self.data_dir, ignore_errors=True)
        definitions = self.data_dir / "definitions"
        shutil.copytree(ROOT / "definitions", definitions)
        shutil.copytree(ROOT / "bench" / "definitions", definitions / "bench")
        _append(definitions / "shop" / "people.yaml", PEOPLE)
        _append(definitions / "shop" / "calendar.yaml", CHANNELS)
        prefect, web, staff = free_port(), free_port(), free_port()
        self.environ = {
            "JIELI_DATA_DIR": str(self.data_dir),
            "JIELI_DEFINITIONS_DIR": str(definitions),
            "JIELI_PREFECT_API_URL": f"http://127.0.0.1:{prefect}/api",
            "JIELI_PREFECT_UI_URL": f"http://127.0.0.1:{prefect}",
            "JIELI_WEB_PORT": str(web),
            "JIELI_STAFF_PORT": str(staff),
            "JIELI_PUBLIC_URL": f"http://127.0.0.1:{web}",
            "JIELI_BENCH_HOOK_URL": self.hook_url,
            "JIELI_BENCH_HOOK_SECRET": SECRET,
        }
        if self.postgres:
            self._fresh_databases(self.postgres)

    def settings(self) -> Settings:
        """The settings its processes have."""
        os.environ.update(self.environ)
        for name in ("JIELI_DATABASE_URL", "JIELI_PREFECT_DATABASE_URL"):
            if name not in self.environ:
                os.environ.pop(name, None)
        return Settings()

    def _fresh_databases(self, server: str) -> None:
        at = urlsplit(server).netloc
        mine = f"jieli_bench_{os.getpid()}"
        self.databases = (mine, f"{mine}_prefect")
        with psycopg.connect(f"postgresql://{at}/postgres", autocommit=True) as connection:
            for name in self.databases:
                connection.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                )
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        self.environ["JIELI_DATABASE_URL"] = f"postgresql+psycopg://{at}/{self.databases[0]}"
        self.environ["JIELI_PREFECT_DATABASE_URL"] = (
            f"postgresql+asyncpg://{at}/{self.databases[1]}"
        )

    def remove(self) -> None:
        """Drop the databases; the folder with the logs stays."""
        if not self.postgres:
            return
        at = urlsplit(self.postgres).netloc
        with psycopg.connect(f"postgresql://{at}/postgres", autocommit=True) as connection:
            for name in self.databases:
                connection.execute(
                    sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
                )


def _append(path: Path, more: str) -> None:
    path.write_text(path.read_text(encoding="utf-8").rstrip() + more, encoding="utf-8")


class Stack:
    """`jieli up` and everything it started, PostgreSQL's processes for it included."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._spent: dict[int, tuple[str, float]] = {}
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until the pages answer."""
        with (self.place.data_dir / "up.log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "jieli", "up"], cwd=ROOT, stdout=log, stderr=log,
                env={**os.environ, **self.place.environ}, start_new_session=True,
            )  # fmt: skip
        end = time.monotonic() + READY_SECONDS
        url = f"{self.place.environ['JIELI_PUBLIC_URL']}/health"
        while not _answers(url):
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise RuntimeError(f"the stack did not start; see {self.place.data_dir}")
            time.sleep(0.5)

    def stop(self) -> None:
        """Stop it as Ctrl-C does."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(60)
        except subprocess.TimeoutExpired:
            for process in self.processes():
                process.kill()
            self._process.kill()

    def processes(self) -> list[psutil.Process]:
        """The processes of ours that live now."""
        assert self._process is not None
        try:
            parent = psutil.Process(self._process.pid)
            return [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def worker_pid(self) -> int:
        """The worker's process."""
        return next(each.pid for each in self.processes() if _kind(each) == "worker")

    def memory_mb(self) -> dict[str, float]:
        """Resident memory by kind of process."""
        found: dict[str, float] = {}
        for each in self.processes():
            kind = _kind(each)
            found[kind] = found.get(kind, 0) + each.memory_info().rss / 2**20
        return found

    def cpu_seconds(self) -> dict[str, float]:
        """CPU used so far by kind of process; what processes used that ended since, included."""
        for each in [*self.processes(), *self._backends()]:
            try:
                times = each.cpu_times()
                self._spent[each.pid] = (_kind(each), times.user + times.system)
            except (psutil.NoSuchProcess, psutil.ZombieProcess):
                continue
        found: dict[str, float] = {}
        for kind, seconds in self._spent.values():
            found[kind] = found.get(kind, 0) + seconds
        return found

    def _backends(self) -> Iterator[psutil.Process]:
        if not self.place.databases:
            return
        for each in psutil.process_iter(["cmdline"]):
            words = " ".join(each.info["cmdline"] or ())
            if words.startswith("postgres:") and self.place.databases[0] in words:
                yield each


def _kind(process: psutil.Process) -> str:
    try:
        words = " ".join(process.cmdline())
    except (psutil.NoSuchProcess, psutil.ZombieProcess):
        return "ended"
    for sign, kind in (
        ("worker start", "worker"), ("server start", "prefect"), ("prefect_server", "prefect"),
        ("jieli serve", "web"), ("postgres:", "postgres"), ("jieli up", "up"),
    ):  # fmt: skip
        if sign in words:
            return kind
    return "other"


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.TransportError:
        return False


@dataclass
class Watched:
    """What the machine and the stack did during a measurement."""

    seconds: float = 0.0
    load: float = 0.0
    foreign: float = 0.0
    cpu: dict[str, float] = field(default_factory=dict)

    @property
    def cpu_total(self) -> float:
        """CPU-seconds of all processes of the stack together."""
        return sum(used for kind, used in self.cpu.items() if kind != "bench")

    def __str__(self) -> str:
        parts = ", ".join(
            f"{kind} {used:.1f}" for kind, used in sorted(self.cpu.items()) if used > 0.05
        )
        return f"load {self.load:.1f}, others {self.foreign:.1f} cores; CPU-s in {self.seconds:.0f} s: {parts}"


@contextmanager
def watching(stack: Stack) -> Iterator[Watched]:
    """Note the load, the CPU the stack used, and how many cores others used meanwhile."""
    watched = Watched()
    began, cpu, busy, own = time.monotonic(), stack.cpu_seconds(), _busy(), time.process_time()
    yield watched
    watched.seconds = time.monotonic() - began
    after = stack.cpu_seconds()
    watched.cpu = {kind: used - cpu.get(kind, 0) for kind, used in after.items()}
    watched.load = os.getloadavg()[0]
    bench = time.process_time() - own
    foreign = _busy() - busy - watched.cpu_total - bench
    watched.foreign = max(foreign, 0.0) / watched.seconds
    watched.cpu["bench"] = bench


def _busy() -> float:
    times = psutil.cpu_times()
    return float(times.user + times.system + times.nice + times.irq + times.softirq)
