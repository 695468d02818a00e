"""Drives the real product: `jieli up` in a directory of its own, a phone's browser, Prefect's API."""

from __future__ import annotations

from typing import Any

from jieli.store import outbox, runs
from jieli.store.replay import replay, stored_state
from tests.acceptance.people import People
from tests.acceptance.processes import Overdue, eventually


class RunningStack(People):
    """One `jieli up` and everything a test does with it: here, what Prefect shows."""

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
