"""Prefect over plain HTTP, for processes that must not import it. Knows runs, never what a case is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx
from tenacity import (
    Retrying,
    retry_if_exception_type,
    stop_after_delay,
    wait_random_exponential,
)

from jieli.engine.errors import JieliError

FLOW_NAME = "case"
CASE_QUEUE, CLOCK_QUEUE = "cases", "clock"
_PASSING = (502, 503, 504)


class PrefectUnreachable(JieliError):
    """Prefect does not answer: {reason}"""


class DeploymentMissing(JieliError):
    """Prefect has no deployment {name}; run `jieli deploy`."""


@dataclass(frozen=True, slots=True)
class RunState:
    """What Prefect says of a run: its id, type and name of state, and whether it is set to run."""

    id: str
    type: str
    name: str
    parameters: dict[str, Any]
    deployment_id: str | None
    work_queue_id: str | None
    empirical_policy: dict[str, Any]
    state_since: datetime | None
    run_count: int


@dataclass(frozen=True, slots=True)
class DeploymentState:
    """Whether a deployment and its schedules run, and by which cron lines."""

    id: str
    is_paused: bool
    sleeping_schedules: tuple[str, ...]
    crons: tuple[str, ...] = ()

    @property
    def is_active(self) -> bool:
        """Whether nothing of it is paused."""
        return not self.is_paused and not self.sleeping_schedules


class PrefectRest:
    """A few calls to one Prefect server; safe to use from several threads."""

    def __init__(
        self,
        api_url: str,
        *,
        auth: str | None = None,
        timeout: float = 10.0,
        patience: float = 10.0,
    ) -> None:
        basic = httpx.BasicAuth(*auth.split(":", 1)) if auth else None
        # The server closes idle connections after 5 s: ours must be the shorter, or a call is lost.
        limits = httpx.Limits(max_connections=10, keepalive_expiry=2)
        self._http = httpx.Client(
            base_url=api_url.rstrip("/"), auth=basic, timeout=timeout, limits=limits
        )
        self._deployments: dict[str, str] = {}
        # A server on SQLite answers 503 whenever it meets its own lock, most of all at the start.
        self._patiently = Retrying(
            retry=retry_if_exception_type(PrefectUnreachable),
            wait=wait_random_exponential(multiplier=0.1, max=2),
            stop=stop_after_delay(patience),
            reraise=True,
        )

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One call, again while the server is busy; raises PrefectUnreachable when it stays so.

        Every call we make may be made twice: starting a run has its key, the rest sets a state.
        """
        return self._patiently(self._once, method, path, body)

    def _once(self, method: str, path: str, body: Any = None) -> Any:
        try:
            response = self._http.request(method, path, json=body)
        except httpx.TransportError as error:
            raise PrefectUnreachable(reason=type(error).__name__) from error
        if response.status_code in _PASSING:
            raise PrefectUnreachable(reason=f"HTTP {response.status_code}")
        response.raise_for_status()
        return response.json() if response.content else None

    def healthy(self) -> bool:
        """Whether the server answers."""
        try:
            return self._once("GET", "/health") is True
        except (PrefectUnreachable, httpx.HTTPStatusError):
            return False

    # ---- deployments ----

    def deployment(self, name: str, flow: str = FLOW_NAME) -> str:
        """The id of a deployment; raises DeploymentMissing."""
        known = self._deployments.get(f"{flow}/{name}")
        if known:
            return known
        try:
            found = self.call("GET", f"/deployments/name/{flow}/{name}")
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.NOT_FOUND:
                raise
            raise DeploymentMissing(name=f"{flow}/{name}") from error
        self._deployments[f"{flow}/{name}"] = found["id"]
        return str(found["id"])

    def deployments_of(self, flow: str) -> dict[str, DeploymentState]:
        """All deployments of a flow by name; those whose queue is gone are missing."""
        body = {"flows": {"name": {"any_": [flow]}}, "limit": 200}
        found = self.call("POST", "/deployments/filter", body)
        return {each["name"]: _deployment_state(each) for each in found if each["work_queue_name"]}

    def delete_deployment(self, deployment_id: str) -> None:
        """Take a deployment away; one that is gone already is as good."""
        try:
            self.call("DELETE", f"/deployments/{deployment_id}")
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.NOT_FOUND:
                raise

    def unpause(self, deployment: DeploymentState) -> None:
        """Set a deployment and its schedules going again."""
        self.call("PATCH", f"/deployments/{deployment.id}", {"paused": False})
        for schedule in deployment.sleeping_schedules:
            path = f"/deployments/{deployment.id}/schedules/{schedule}"
            self.call("PATCH", path, {"active": True})

    def forget_deployments(self) -> None:
        """Look deployments up anew: somebody has changed them."""
        self._deployments.clear()

    # ---- runs ----

    def create_run(
        self, process: str, case_id: str, *, generation: int, name: str, tags: Iterable[str]
    ) -> str:
        """Create the run of a case, once however often it is asked; returns its id."""
        body = {
            "name": name,
            "parameters": {"case_id": case_id},
            "idempotency_key": f"case:{case_id}:{generation}",
            "tags": list(tags),
        }
        deployment = self.deployment(process)
        try:
            made = self.call("POST", f"/deployments/{deployment}/create_flow_run", body)
        except httpx.HTTPStatusError as error:
            if error.response.status_code == httpx.codes.NOT_FOUND:
                # The deployment was deleted behind our back: ask for its name again next time.
                self.forget_deployments()
                raise DeploymentMissing(name=process) from error
            raise
        return str(made["id"])

    def start(self, deployment_id: str, *, name: str) -> None:
        """Have a deployment without parameters run now."""
        body = {"name": name, "state": {"type": "SCHEDULED"}}
        self.call("POST", f"/deployments/{deployment_id}/create_flow_run", body)

    def resume(self, run_id: str) -> str:
        """Wake a parked run: `ACCEPT`, `ABORT` when it is not parked, `GONE` when it is deleted."""
        try:
            answer = self.call("POST", f"/flow_runs/{run_id}/resume", {})
        except httpx.HTTPStatusError as error:
            # A deleted run is answered with 500 here, so ask for it by name.
            if error.response.is_server_error and not self.runs([run_id]):
                return "GONE"
            raise
        return str(answer["status"])

    def set_state(
        self,
        run_id: str,
        type_: str,
        name: str,
        message: str,
        *,
        force: bool = True,
        **details: Any,
    ) -> str:
        """Set a run's state; returns the orchestration's answer."""
        state = {"type": type_, "name": name, "message": message, "state_details": details}
        body = {"state": state, "force": force}
        return str(self.call("POST", f"/flow_runs/{run_id}/set_state", body)["status"])

    def update_run(self, run_id: str, **changes: Any) -> None:
        """Change a run's name, tags or policy."""
        self.call("PATCH", f"/flow_runs/{run_id}", changes)

    def runs(self, run_ids: Iterable[str]) -> dict[str, RunState]:
        """The states of these runs; those that are deleted are missing."""
        wanted = list(run_ids)
        if not wanted:
            return {}
        return {run.id: run for run in self.find({"id": {"any_": wanted}}, limit=len(wanted))}

    def find(self, flow_runs: dict[str, Any], *, limit: int = 200, **more: Any) -> list[RunState]:
        """The runs that match a filter of Prefect's API."""
        found = self.call(
            "POST", "/flow_runs/filter", {"flow_runs": flow_runs, "limit": limit, **more}
        )
        return [_run_state(each) for each in found]

    def task_runs(self, run_id: str) -> list[dict[str, Any]]:
        """The task runs of a run, oldest first, as Prefect gives them."""
        body = {
            "task_runs": {"flow_run_id": {"any_": [run_id]}},
            "sort": "EXPECTED_START_TIME_ASC", "limit": 200,
        }  # fmt: skip
        return list(self.call("POST", "/task_runs/filter", body))

    # ---- pool and queues ----

    def ensure_pool(self, pool: str, type_: str) -> None:
        """Make the work pool and its two queues; the clock's goes first."""
        self._made("/work_pools/", {"name": pool, "type": type_})
        for name, priority in ((CLOCK_QUEUE, 1), (CASE_QUEUE, 2)):
            path = f"/work_pools/{pool}/queues"
            if not self._made(path, {"name": name, "priority": priority}):
                self.call("PATCH", f"{path}/{name}", {"is_paused": False})
        self.call("PATCH", f"/work_pools/{pool}", {"is_paused": False})

    def has_pool(self, pool: str, queues: Iterable[str]) -> bool:
        """Whether the pool and these queues are there and not paused."""
        try:
            if self.call("GET", f"/work_pools/{pool}")["is_paused"]:
                return False
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.NOT_FOUND:
                raise
            return False
        found = self.call("POST", f"/work_pools/{pool}/queues/filter", {})
        working = {each["name"] for each in found if not each["is_paused"]}
        return working.issuperset(queues)

    def _made(self, path: str, body: dict[str, Any]) -> bool:
        """Make a thing; False when it was there."""
        try:
            self.call("POST", path, body)
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.CONFLICT:
                raise
            return False
        return True

    # ---- deploying ----

    def ensure_deployment(
        self, name: str, *, flow: str, entrypoint: str, pool: str, queue: str,
        tags: Iterable[str] = (), description: str = "", every_seconds: int | None = None,
        parameters: Mapping[str, str] | None = None, schedules: Sequence[Mapping[str, Any]] = (),
    ) -> str:  # fmt: skip
        """Make or mend a deployment with its schedules; returns its id.

        Without parameters or a schedule its runs are told which case they are for.
        """
        flow_id = self.call("POST", "/flows/", {"name": flow})["id"]
        planned = list(schedules)
        if every_seconds is not None:
            planned = [
                {"schedule": {"interval": every_seconds}, "active": True, "slug": "every-minute"}
            ]
        takes = _takes(parameters) if planned else _TAKES_A_CASE
        body = {
            "name": name, "flow_id": flow_id, "entrypoint": entrypoint, "work_pool_name": pool,
            "work_queue_name": queue, "tags": list(tags), "description": description,
            "pull_steps": [], "enforce_parameter_schema": True, "paused": False,
            "parameter_openapi_schema": takes, "parameters": dict(parameters or {}),
            "schedules": planned,
        }  # fmt: skip
        return str(self.call("POST", "/deployments/", body)["id"])


_TAKES_A_CASE = {
    "title": "Parameters", "type": "object", "required": ["case_id"],
    "properties": {"case_id": {"title": "case_id", "type": "string", "position": 0}},
}  # fmt: skip


def cron(line: str, timezone: str) -> dict[str, Any]:
    """A cron line as a schedule of a deployment."""
    timing = {"cron": line, "timezone": timezone}
    return {"schedule": timing, "active": True, "slug": slug_of(line)}


def slug_of(line: str) -> str:
    """The name of a cron line's schedule: Prefect demands one when a deployment is made again."""
    return line.replace("*", "x").replace(" ", "-")


def _takes(parameters: Mapping[str, str] | None) -> dict[str, Any]:
    properties = {
        name: {"title": name, "type": "string", "position": position}
        for position, name in enumerate(parameters or {})
    }
    return {
        "title": "Parameters", "type": "object", "required": list(properties),
        "properties": properties,
    }  # fmt: skip


def _deployment_state(found: dict[str, Any]) -> DeploymentState:
    sleeping = tuple(each["id"] for each in found["schedules"] if not each["active"])
    crons = tuple(str(each["schedule"].get("cron", "")) for each in found["schedules"])
    return DeploymentState(found["id"], bool(found["paused"]), sleeping, crons)


def _run_state(run: dict[str, Any]) -> RunState:
    state = run.get("state") or {}
    return RunState(
        id=run["id"], type=state.get("type", "UNKNOWN"), name=state.get("name", ""),
        parameters=run.get("parameters") or {}, deployment_id=run.get("deployment_id"),
        work_queue_id=run.get("work_queue_id"),
        empirical_policy=run.get("empirical_policy") or {},
        run_count=run.get("run_count") or 0,
        state_since=datetime.fromisoformat(state["timestamp"]) if "timestamp" in state else None,
    )  # fmt: skip
