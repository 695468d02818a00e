"""`jieli up`: the whole product on one machine, from nothing to its addresses; Ctrl-C stops it."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

import click
import httpx
import uvloop
from filelock import FileLock, Timeout

from jieli.cli.printing import table
from jieli.cli.processes import Child, module
from jieli.cli.publish import publish_shipped
from jieli.deploying import deploy_all
from jieli.engine.errors import JieliError
from jieli.prefect_rest import PrefectRest
from jieli.settings import Settings
from jieli.store.committer import Committer
from jieli.store.database import Database
from jieli.texts import text
from jieli.wakes import Wakes
from jieli.web import serve as web
from jieli.web.resources import Resources
from notifications.links import ring_of

RESTART_SECONDS = 1.0


class AlreadyUp(JieliError):
    """Jieli already runs on the data in {directory}."""


class PortTaken(JieliError):
    """Port {port} is taken; choose another with {variable}."""


@click.command()
@click.option("--worker", "worker_type", type=click.Choice(["jieli", "process"]),
              help="Our own worker, or Prefect's process worker.")  # fmt: skip
def up(worker_type: str | None) -> None:
    """Start everything: Prefect's server and UI, a worker, the pages; go on with the same data."""
    settings = Settings()
    if worker_type:
        settings = settings.model_copy(update={"worker_type": worker_type})
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(settings.data_dir / "up.lock")
    try:
        with lock.acquire(timeout=0):
            Stack(settings).run()
    except Timeout as error:
        raise AlreadyUp(directory=settings.data_dir) from error


@click.command()
def serve() -> None:
    """Serve the pages only (the web process of `jieli up`)."""
    settings = Settings()
    database = Database(settings.store_url)
    prefect = PrefectRest(settings.prefect_api_url, auth=settings.prefect_auth)
    wakes = Wakes(database, prefect, settings.wakes_per_second)
    resources = Resources(
        settings=settings, database=database, committer=Committer(database),
        ring=ring_of(settings), wake=wakes.wake,
    )  # fmt: skip
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(web.serve(resources))
    wakes.close()


def prefect_environment(settings: Settings) -> dict[str, str]:
    """What Prefect's server and its clients are told; see prefect-facts for the reasons."""
    home = (settings.data_dir / "prefect").resolve()
    server = urlsplit(settings.prefect_api_url)
    database = settings.prefect_database_url or f"sqlite+aiosqlite:///{home / 'prefect.db'}"
    auth = settings.prefect_auth
    shared = {f"PREFECT_{side}API_AUTH_STRING": auth for side in ("", "SERVER_")} if auth else {}
    return {
        **shared,
        "PREFECT_HOME": str(home),
        "PREFECT_API_URL": settings.prefect_api_url,
        "PREFECT_SERVER_API_HOST": server.hostname or "127.0.0.1",
        "PREFECT_SERVER_API_PORT": str(server.port or 4200),
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database,
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
        "PREFECT_SERVER_SERVICES_PAUSE_EXPIRATIONS_ENABLED": "false",
        "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
        "PREFECT_FLOWS_DEFAULT_RETRIES": "0",
        "PREFECT_TASKS_DEFAULT_RETRIES": "0",
        "PREFECT_CLI_PROMPT": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "0.5",
        "PREFECT_WORKER_PREFETCH_SECONDS": "0",
        "PREFECT_LOGGING_LEVEL": os.environ.get("PREFECT_LOGGING_LEVEL", "INFO"),
        "DO_NOT_TRACK": "1",
        "PYTHONUNBUFFERED": "1",
    }


class Stack:
    """The three processes of one machine, in the order they need each other."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.prefect = PrefectRest(settings.prefect_api_url, auth=settings.prefect_auth)
        environment = {
            **prefect_environment(settings),
            "JIELI_DATA_DIR": str(settings.data_dir),
            "JIELI_DATABASE_URL": settings.store_url,
            "JIELI_WORKER_TYPE": settings.worker_type,
        }
        self.server = self._child("prefect-server", module("jieli.prefect_server"), environment)
        worker = ["worker", "start", "--type", settings.worker_type, "--pool", settings.work_pool]
        self.worker = self._child("worker", module("prefect", *worker), environment)
        self.web = self._child("web", module("jieli", "serve"), environment)
        self._stopping = threading.Event()

    def run(self) -> None:
        """Start, tell the addresses, watch until Ctrl-C, stop."""
        self.stop_on_signals()
        try:
            self.start()
            self.tell()
            self.watch()
        finally:
            self.stop()

    def stop_on_signals(self) -> None:
        """Ctrl-C and SIGTERM ask us to stop; they do not interrupt what is under way."""
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._stop_soon)

    def start(self) -> None:
        """Bring everything up, each when what it needs is healthy."""
        self._check_ports()
        self._say(text("Preparing the store and the definitions …"))
        wanted = publish_shipped(self.settings)
        self._say(text("Starting Prefect …"))
        self._begin(self.server, self.prefect.healthy)
        deploy_all(
            self.prefect, self.settings.work_pool, wanted, pool_type=self.settings.worker_type
        )
        self._say(text("Starting the worker and the pages …"))
        self.worker.start()
        self._begin(self.web, lambda: _answers(f"{self._staff_url}/health"))
        self.worker.wait_until(self._worker_is_online)
        # The schedule's first minute begins at the next full one; nobody should wait for it.
        self.prefect.start(self.prefect.deployment("clock", "clock"), name="clock")

    def tell(self) -> None:
        """Print where everything is and how to start a case."""
        settings, staff = self.settings, self._staff_url
        places = [
            (text("Supervisors: Prefect"), f"{settings.prefect_ui_url}/v2"),
            (text("Staff pages (this machine)"), staff),
            (text("Delivered messages"), f"{staff}/outbox"),
            (text("Agents: my open items"), f"{settings.public_url}/me"),
        ]
        click.echo()
        where = settings.data_dir
        words = text(
            "Jieli is up. Ctrl-C stops it; the data stays in {directory}.", directory=where
        )
        click.echo(words)
        click.echo()
        table(*[[f"  {label}", url] for label, url in places])
        click.echo()
        click.echo(text("Start a case:"))
        click.echo(f"  {staff}/start/bad_review")
        click.echo(f"  {_command()} case start bad_review --data examples/bad_review.json")
        sys.stdout.flush()

    def watch(self) -> None:
        """Start again what has died, until we are asked to stop."""
        while not self._stopping.wait(RESTART_SECONDS):
            for child in (self.server, self.worker, self.web):
                if not child.is_alive:
                    self._say(text("{name} has ended; starting it again.", name=child.name))
                    child.start()

    def stop(self) -> None:
        """Stop in the opposite order: nobody loses what they depend on."""
        for child in (self.web, self.worker, self.server):
            child.stop()
        self.prefect.close()

    @property
    def is_stopping(self) -> bool:
        """Whether we were asked to stop."""
        return self._stopping.is_set()

    def is_well(self) -> bool:
        """Whether everything runs and answers."""
        family = (self.server, self.worker, self.web)
        return all(child.is_alive for child in family) and (
            self.prefect.healthy() and self._worker_is_online()
        )

    def end_watch(self) -> None:
        """Start nothing again from here on."""
        self._stopping.set()

    # ---- parts ----

    @property
    def _staff_url(self) -> str:
        return f"http://127.0.0.1:{self.settings.staff_port}"

    def _child(self, name: str, command: list[str], environment: Mapping[str, str]) -> Child:
        log = self.settings.data_dir / "logs" / f"{name}.log"
        return Child(name, command, environment, log)

    def _begin(self, child: Child, ready: Callable[[], bool]) -> None:
        child.start()
        child.wait_until(lambda: self._stopping.is_set() or ready())

    def _worker_is_online(self) -> bool:
        path = f"/work_pools/{self.settings.work_pool}/workers/filter"
        workers = self.prefect.call("POST", path, {})
        return self._stopping.is_set() or any(each["status"] == "ONLINE" for each in workers)

    def _check_ports(self) -> None:
        server = urlsplit(self.settings.prefect_api_url)
        wanted = {
            "JIELI_PREFECT_API_URL": server.port or 4200,
            "JIELI_WEB_PORT": self.settings.web_port,
            "JIELI_STAFF_PORT": self.settings.staff_port,
        }
        for variable, port in wanted.items():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError as error:
                    raise PortTaken(port=port, variable=variable) from error

    def _stop_soon(self, number: int, frame: FrameType | None) -> None:
        self._say(text("Stopping …"))
        self._stopping.set()

    def _say(self, words: str) -> None:
        with suppress(BrokenPipeError):
            click.echo(f"{time.strftime('%H:%M:%S')} {words}")
            sys.stdout.flush()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=2).is_success
    except httpx.TransportError:
        return False


def _command() -> str:
    found = Path(sys.executable).parent / "jieli"
    with suppress(ValueError):
        return str(found.relative_to(Path.cwd()))
    return "jieli"
