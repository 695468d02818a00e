"""The processes of `jieli up` in a directory of its own: started, killed, started again, asked."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TypeVar

import httpx
import psutil

from jieli.prefect_rest import PrefectRest, PrefectUnreachable
from jieli.settings import Settings

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
SOON = 90.0
LONG = 180.0
CHILDREN = {"server": "jieli.prefect_server", "worker": "worker start", "web": "jieli serve"}


class Overdue(AssertionError):
    """Something did not happen in time."""


def eventually(what: str, look: Callable[[], T | None], seconds: float = SOON) -> T:
    """Look until there is something to see; a failure says what was seen last."""
    end, last = time.monotonic() + seconds, None
    while time.monotonic() < end:
        try:
            if seen := look():
                return seen
            last = repr(seen)
        except (httpx.HTTPError, PrefectUnreachable, AssertionError) as error:
            last = repr(error)
        time.sleep(0.15)
    raise Overdue(f"{what}: not within {seconds:.0f} s; last seen: {last}")


def free_ports(number: int) -> list[int]:
    """Ports nobody listens on."""
    probes = [socket.socket() for _ in range(number)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
    finally:
        for probe in probes:
            probe.close()


class Processes:
    """One `jieli up` and what it runs."""

    def __init__(
        self, directory: Path, *, store_url: str | None = None, prefect_url: str | None = None,
        worker: str = "jieli", definitions: Path | None = None,
    ) -> None:  # fmt: skip
        prefect, web, staff = free_ports(3)
        self.api = f"http://127.0.0.1:{prefect}/api"
        self.public, self.staff = f"http://127.0.0.1:{web}", f"http://127.0.0.1:{staff}"
        self.prefect_url = prefect_url
        self.settings = Settings(
            data_dir=directory, database_url=store_url, prefect_database_url=prefect_url,
            prefect_api_url=self.api, prefect_ui_url=self.api.removesuffix("/api"),
            public_url=self.public, web_port=web, staff_port=staff, profile="development",
            definitions_dir=definitions or ROOT / "definitions",
        )  # fmt: skip
        self.worker_type = worker
        self.prefect = PrefectRest(self.api)
        self.http = httpx.Client(timeout=30)
        self._phones: dict[str, httpx.Client] = {}
        self._up: subprocess.Popen[bytes] | None = None
        self._orders = 0

    @cached_property
    def environment(self) -> dict[str, str]:
        """What the processes are told; nothing of whoever runs the tests."""
        told = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("JIELI_", "PREFECT_"))
        }
        named = self.settings.model_dump(exclude_none=True, exclude_defaults=True)
        return told | {f"JIELI_{name.upper()}": str(value) for name, value in named.items()}

    @property
    def directory(self) -> Path:
        """Where the data and the logs are."""
        return self.settings.data_dir

    def start(self) -> None:
        """`jieli up`, until it says that it is."""
        self.directory.mkdir(parents=True, exist_ok=True)
        said = self.directory / "up.log"
        with said.open("ab") as log:
            self._up = subprocess.Popen(
                [sys.executable, "-m", "jieli", "up", "--worker", self.worker_type],
                env=self.environment, cwd=ROOT, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        eventually("jieli is up", lambda: f"{self.staff}/outbox" in self._alive_log(), LONG)

    def _alive_log(self) -> str:
        assert self._up is not None
        said = (self.directory / "up.log").read_text()
        if self._up.poll() is not None:
            raise RuntimeError(f"jieli up has ended:\n{said}")
        return said

    def stop(self) -> None:
        """As Ctrl-C does; whatever outlives that is ended, and is a fault."""
        if self._up is None:
            return
        family = [*self._family()]
        self._up.send_signal(signal.SIGTERM)
        try:
            self._up.wait(60)
        finally:
            _, left = psutil.wait_procs(family, timeout=1)
            for each in left:
                each.kill()
            self._up = None
        assert not left, f"left behind: {left}"

    def _family(self) -> Iterator[psutil.Process]:
        assert self._up is not None
        yield from psutil.Process(self._up.pid).children(recursive=True)

    def pid(self, child: str) -> int | None:
        """The process of `server`, `worker` or `web`; None while there is none."""
        assert self._up is not None
        for each in psutil.Process(self._up.pid).children():
            try:
                running = each.status() != psutil.STATUS_ZOMBIE
                if running and CHILDREN[child] in " ".join(each.cmdline()):
                    return each.pid
            except psutil.NoSuchProcess:
                continue
        return None

    def kill9(self, *children: str) -> None:
        """SIGKILL, all at once; `jieli up` starts them again."""
        pids = [eventually(f"{name} runs", partial(self.pid, name)) for name in children]
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        for name, pid in zip(children, pids, strict=True):
            eventually(f"{name} runs again", partial(self._is_another, name, pid))

    def _is_another(self, child: str, than: int) -> bool:
        return self.pid(child) not in (None, than)

    @contextmanager
    def without(self, child: str) -> Iterator[None]:
        """In the block a child is dead, and nobody starts it again."""
        assert self._up is not None
        pid = eventually(f"{child} runs", partial(self.pid, child))
        os.kill(self._up.pid, signal.SIGSTOP)
        os.kill(pid, signal.SIGKILL)
        try:
            yield
        finally:
            os.kill(self._up.pid, signal.SIGCONT)
        eventually(f"{child} runs again", partial(self._is_another, child, pid))

    def lose_prefect(self) -> None:
        """Prefect's server is killed, and its database is gone when it starts again."""
        assert self._up is not None
        pid = eventually("server runs", partial(self.pid, "server"))
        os.kill(self._up.pid, signal.SIGSTOP)
        for each in [*psutil.Process(pid).children(recursive=True), psutil.Process(pid)]:
            each.kill()
        for file in (self.directory / "prefect").glob("prefect.db*"):
            file.unlink()
        os.kill(self._up.pid, signal.SIGCONT)
        eventually("server runs again", partial(self._is_another, "server", pid))

    def well(self) -> None:
        """Wait until server, web and a worker answer."""
        eventually("Prefect answers", self.prefect.healthy, LONG)
        eventually("the pages answer", lambda: self.http.get(f"{self.staff}/health").is_success)
        eventually("a worker polls", self._worker_is_online, LONG)

    def _worker_is_online(self) -> bool:
        pid = self.pid("worker")
        found = self.prefect.call(
            "POST", f"/work_pools/{self.settings.work_pool}/workers/filter", {}
        )
        return pid is not None and any(each["status"] == "ONLINE" for each in found)

    @contextmanager
    def replaced(self, child: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
        """In the block one process runs in place of a child, with more in its environment."""
        assert self._up is not None
        pid = eventually(f"{child} runs", lambda: self.pid(child))
        like = psutil.Process(pid)
        command, told = like.cmdline(), like.environ()
        # While `up` stands still it does not start the child again.
        os.kill(self._up.pid, signal.SIGSTOP)
        os.kill(pid, signal.SIGKILL)
        with (self.directory / "logs" / f"{child}.log").open("ab") as log:
            other = subprocess.Popen(
                command, env={**told, **environment}, cwd=ROOT, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        try:
            yield other
        finally:
            if other.poll() is None:
                other.kill()
            other.wait()
            os.kill(self._up.pid, signal.SIGCONT)

    @contextmanager
    def another(self, child: str) -> Iterator[subprocess.Popen[bytes]]:
        """In the block a second process like this child runs beside it."""
        like = psutil.Process(eventually(f"{child} runs", partial(self.pid, child)))
        with (self.directory / "logs" / f"{child}.log").open("ab") as log:
            other = subprocess.Popen(
                like.cmdline(), env=like.environ(), cwd=ROOT, stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        try:
            yield other
        finally:
            other.terminate()
            other.wait(60)

    def logs(self, *names: str) -> str:
        """What the processes have said."""
        return "\n".join(
            (self.directory / "logs" / f"{name}.log").read_text(errors="replace") for name in names
        )

    def cli(self, *arguments: str) -> str:
        """Run a command of Jieli against this stack."""
        done = subprocess.run(
            [sys.executable, "-m", "jieli", *arguments], env=self.environment, cwd=ROOT,
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

