"""The child processes of `jieli up`: started, watched, started again, stopped in order."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jieli.engine.errors import JieliError

STOP_SECONDS = 15.0
READY_SECONDS = 180.0
LOOK_SECONDS = 0.2


class NotReady(JieliError):
    """{name} did not get ready; its log is {log}"""


@dataclass
class Child:
    """One process with a log of its own; in its own group, so that Ctrl-C reaches only us."""

    name: str
    command: list[str]
    environment: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Start it; what it says goes to its log."""
        if self.process is not None:
            # What the last one left behind still holds its port.
            _kill_group(self.process.pid)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, env={**os.environ, **self.environment}, stdout=log,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.process is not None and self.process.poll() is None

    def wait_until(self, ready: Callable[[], bool], seconds: float = READY_SECONDS) -> None:
        """Wait until it is ready; raises NotReady when it died or took too long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if not self.is_alive:
                break
            if ready():
                return
            time.sleep(LOOK_SECONDS)
        raise NotReady(name=self.name, log=self.log)

    def stop(self) -> None:
        """Ask it to stop; end its whole group when it does not."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        # Whatever it had started must not outlive it.
        _kill_group(self.process.pid)

    def kill(self) -> None:
        """SIGKILL for it and whatever it started."""
        if self.process is not None:
            _kill_group(self.process.pid)
            self.process.wait()


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def module(name: str, *arguments: str) -> list[str]:
    """The command that runs a module with this very Python."""
    return [sys.executable, "-m", name, *arguments]
