"""Drives the real product: `jieli up` in a directory of its own, a phone's browser, Prefect's API."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import httpx
import psutil

from jieli.prefect_rest import PrefectRest, PrefectUnreachable
from jieli.settings import Settings
from jieli.store import links, messages, outbox, queries, runs
from jieli.store.database import Database
from jieli.store.queries import CasePage
from jieli.store.replay import replay, stored_state
from jieli.store.shown import CaseShown, case_shown
from jieli.store.times import business_now
from notifications.links import link_url, ring_of
from tests.integration.web_shop import Form

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
SHANGHAI = ZoneInfo("Asia/Shanghai")
PIN = "246810"
SOON = 90.0
LONG = 180.0

REVIEW = {
    "shop": "taobao_main", "item": "保温杯", "review_kind": "first", "level": "bad",
    "severity": "severe", "reviewed_at": "2026-01-19T18:00", "wangwang": "小鹿爱吃草",
    "buyer_phone": "13812345678", "review_text": "杯盖漏水",
}  # fmt: skip
CHECKED = {"f.deal": "三天前发货", "f.cause": "杯盖漏水", "f.fault": "ours"}
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


class RunningStack:
    """One `jieli up` and everything a test does with it."""

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

    # ---- processes ----

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

    # ---- time ----

    @property
    def now(self) -> datetime:
        """Business time."""
        with self.database.read() as conn:
            return business_now(conn)

    def local(self, clock: str, *, days: int = 0) -> datetime:
        """The next time a clock in the shop shows this, and so many days later."""
        hour, minute = map(int, clock.split(":"))
        found = self.now.astimezone(SHANGHAI).replace(
            hour=hour, minute=minute, second=0, microsecond=0
        )
        if found <= self.now:
            found += timedelta(days=1)
        return found + timedelta(days=days)

    def to(self, moment: datetime) -> None:
        """Business time goes on to a moment."""
        left = int((moment - self.now).total_seconds()) + 1
        assert left > 0, f"{moment} has passed"
        self.cli("clock", "advance", f"{left}s")

    def later(self, length: str) -> None:
        """Business time passes."""
        self.cli("clock", "advance", length)

    # ---- the store ----

    @cached_property
    def database(self) -> Database:
        """The store, as one more process sees it."""
        return Database(self.settings.store_url)

    def case(self, case_id: str) -> CaseShown:
        """The case now."""
        with self.database.read() as conn:
            return case_shown(conn, case_id)

    def page(self, case_id: str) -> CasePage:
        """Everything of the case: visits, timeline, messages."""
        ref = self.case(case_id).ref
        with self.database.read() as conn:
            return queries.case_show(conn, ref)

    def steps(self, case_id: str) -> dict[str, str]:
        """The steps that are not over, with their status."""
        with self.database.read() as conn:
            live = stored_state(conn, case_id).visits.values()
            return {visit.step: visit.status for visit in live}

    def said(self, case_id: str) -> list[str]:
        """What the case's history says, line by line."""
        entries = [entry for line in self.page(case_id).timeline for entry in line.entries]
        return [str((entry.detail or {}).get("text") or entry.what) for entry in entries]

    # ---- people ----

    def start_case(self, process: str = "bad_review", **changes: str) -> str:
        """Fill in the start form of the staff pages; the id of the case."""
        self._orders += 1
        url = f"{self.staff}/start/{process}"
        form = Form(self.http.get(url))
        data = {**REVIEW, "order_no": f"20260101-{self._orders:04}", **changes}
        form |= {
            f"f.{name}": value for name, value in data.items() if name in form["shown"].split()
        }
        answer = self.http.post(url, data={**form, "person": "li_na", "do": "start"})
        assert answer.status_code == 303, _words(answer.text)
        with self.database.read() as conn:
            return queries.find_case(conn, answer.headers["location"].rpartition("/")[2])

    def start_case_in_a_terminal(self, **changes: str) -> str:
        """`jieli case start`; the id of the case."""
        data = json.dumps({**REVIEW, **changes})
        made = json.loads(self.cli("case", "start", "bad_review", "--data", data, "--json"))
        assert made["created"]
        return str(made["case_id"])

    def give_pin(self, person: str) -> None:
        """The supervisor gives somebody a PIN on the staff page."""
        nonce = Form(self.http.get(f"{self.staff}/people"))["nonce"]
        answer = self.http.post(
            f"{self.staff}/people/{person}/pin", data={"nonce": nonce, "pin": PIN}
        )
        assert answer.status_code == 303, answer.text

    def phone(self, person: str) -> httpx.Client:
        """Somebody's browser: it keeps its cookies."""
        return self._phones.setdefault(person, httpx.Client(timeout=30))

    def delivered(self, case_id: str, step: str) -> dict[str, str]:
        """The live links that were delivered for a step, by whom they went to."""
        found: dict[str, str] = {}
        with self.database.read() as conn:
            state = stored_state(conn, case_id)
            live = {visit.id for visit in state.visits.values() if visit.step == step}
            sent = messages.messages_of(conn, limit=200, status="sent", case_id=case_id)
            for each in sent:
                link = links.find(conn, each.link_id) if each.link_id else None
                if link and link.status == "active" and link.visit in live:
                    token = ring_of(self.settings).token(link.purpose, link.link_id)
                    found.setdefault(str(link.person), link_url(self.public, token))
        return found

    def link(self, case_id: str, step: str, person: str | None = None) -> tuple[str, str]:
        """Who was sent a link for the step, and the link."""

        def look() -> tuple[str, str] | None:
            found = self.delivered(case_id, step)
            wanted = found.items() if person is None else [(person, found.get(person, ""))]
            return next(((who, url) for who, url in wanted if url), None)

        try:
            return eventually(f"{step} is sent to {person or 'somebody'}", look)
        except Overdue as error:
            raise Overdue(f"{error}; open: {self.steps(case_id)}; at {self.now}") from None

    def press(
        self, case_id: str, step: str, button: str, *, by: str | None = None, **answers: str
    ) -> str:
        """Open a delivered link, fill the form in, press the button; who did it."""
        who, url = self.link(case_id, step, by)
        answer = self.post(who, url, press=button, **answers)
        assert answer.status_code == 303 and "saved=1" in answer.headers["location"], (
            f"{step}/{button} by {who}: HTTP {answer.status_code}\n{_words(answer.text)}"
        )
        return who

    def form(self, who: str, url: str) -> Form:
        """The form behind a link, past the PIN when it is asked for."""
        phone = self.phone(who)
        page = phone.get(url)
        if 'name="pin"' in page.text:
            entered = {**Form(page), "person": who, "pin": PIN, "do": "pin"}
            assert phone.post(url, data=entered).status_code == 303
            page = phone.get(url)
        return Form(page)

    def post(self, who: str, url: str, **filled: str) -> httpx.Response:
        """Fill in and post a form, as a browser without JavaScript would."""
        body = {**self.form(who, url), **filled}
        if "person" in body and not body["person"]:
            body["person"] = who
        return self.phone(who).post(url, data=body)

    # ---- Prefect ----

    def runs_of(self, case_id: str) -> list[dict[str, Any]]:
        """Every flow run that was made for the case."""
        page = 200
        found: list[dict[str, Any]] = []
        while True:
            body = {"limit": page, "offset": len(found), "sort": "ID_DESC",
                    "flows": {"name": {"any_": ["case"]}}}  # fmt: skip
            found += (more := self.prefect.call("POST", "/flow_runs/filter", body))
            if len(more) < page:
                break
        return [run for run in found if run["parameters"].get("case_id") == case_id]

    def run(self, case_id: str) -> dict[str, Any]:
        """The one run of the case."""
        run_id = self.case(case_id).run_id
        assert run_id, "the case has no run"
        found: dict[str, Any] = self.prefect.call("GET", f"/flow_runs/{run_id}")
        return found

    def set_state(self, run_id: str, type_: str, name: str, **details: Any) -> None:
        """What the buttons of Prefect's pages do: a state by force."""
        self.prefect.set_state(run_id, type_, name, "pressed in the UI", **details)

    def bars(self, case_id: str) -> list[dict[str, Any]]:
        """The bars of the steps, in the order they began."""
        found = self.prefect.task_runs(self.run(case_id)["id"])
        steps = [each for each in found if each["task_key"] == "jieli.step"]
        return sorted(steps, key=lambda each: str(each["start_time"]))

    def parked(self, case_id: str, *steps: str) -> dict[str, Any]:
        """Wait until the case waits in exactly these steps and its run shows that; the run."""

        def look() -> dict[str, Any] | None:
            if steps and set(self.steps(case_id)) != set(steps):
                return None
            run = self.run(case_id)
            return run if run["state_name"] == "Suspended" and self.is_shown(case_id) else None

        try:
            return eventually(f"parked in {steps}", look)
        except Overdue as error:
            run = self.run(case_id)
            raise Overdue(
                f"{error}; open: {self.steps(case_id)}; run {run['state_name']} "
                f"({run['state'].get('message')}); shown: {self.is_shown(case_id)}"
            ) from None

    def is_shown(self, case_id: str) -> bool:
        """Whether the run has shown all of the case, and nothing is left to send."""
        with self.database.read() as conn:
            unsent = outbox.due(conn, case_id=case_id, limit=1)
            return not runs.is_behind(conn, case_id) and not unsent

    def ended(self, case_id: str, state: str = "Completed") -> dict[str, Any]:
        """Wait until the case's run has ended; the run."""

        def look() -> dict[str, Any] | None:
            run = self.run(case_id)
            return run if run["state_name"] == state else None

        return eventually(f"the run is {state}", look)

    def check(self, case_id: str, *, runs_made: int = 1) -> None:
        """What must hold of every case at any time of rest."""
        with self.database.read() as conn:
            assert replay(conn, case_id) == stored_state(conn, case_id)
        assert self.page(case_id).line.fault is None
        assert len(self.runs_of(case_id)) == runs_made
        eventually("the bars are the visits", lambda: self._bars_are_the_visits(case_id))

    def _bars_are_the_visits(self, case_id: str) -> bool:
        with self.database.read() as conn:
            visits = runs.visits_to_show(conn, case_id, "", every=True)
        bars = self.bars(case_id)
        assert [bar["dynamic_key"] for bar in bars] == [visit.key for visit in visits]
        for bar, visit in zip(bars, visits, strict=True):
            assert bar["name"].startswith(visit.title), (bar["name"], visit.title)
            ends = {"done": "COMPLETED", "cancelled": "CANCELLED"}
            wanted = ends.get(visit.status, "RUNNING")
            assert bar["state_type"] == wanted, (bar["name"], bar["state_type"], wanted)
        return True

    def transitions(self, case_id: str, kind: str) -> int:
        """How many events of a kind counted."""
        return sum(1 for line in self.page(case_id).timeline if line.kind == kind)


def _words(page: str) -> str:
    body = page.partition("<main")[2] or page
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"<[^>]+>", "", body))[:1500]
