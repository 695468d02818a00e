"""The verbs of the demo: people press the buttons of delivered links, time passes, processes die."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import click

from jieli.cli.demo.seeds import Seed
from jieli.cli.phone import Phone
from jieli.cli.up import Stack
from jieli.engine.errors import JieliError
from jieli.prefect_rest import PrefectRest
from jieli.settings import Settings
from jieli.store import definitions, links, outbox, people, queries, runs, times
from jieli.store.database import Database
from jieli.store.open_steps import board_counts
from jieli.store.queries import CaseFilter, CaseLine
from jieli.store.replay import replay, stored_state
from jieli.store.shown import case_shown
from jieli.store.starts import check_data, start_case
from jieli.texts import text
from jieli.wakes import wake_now
from notifications.links import link_url, ring_of

PIN = "246810"
Found = TypeVar("Found")
_ZONE = ZoneInfo("Asia/Shanghai")
_WAIT_SECONDS = 90.0


class NothingHappened(JieliError):
    """The demo waited for {what} in vain; look at `jieli doctor` and the logs."""


class Interrupted(JieliError):
    """The demo was stopped."""


class Stage:
    """The shop on its stack; everything people do goes through the pages."""

    def __init__(self, settings: Settings, stack: Stack) -> None:
        self._settings, self._stack = settings, stack
        self._database = Database(settings.store_url)
        self._ring = ring_of(settings)
        self._prefect = PrefectRest(settings.prefect_api_url, auth=settings.prefect_auth)
        self._phones: dict[str, Phone] = {}
        with self._database.write() as conn:
            _, self._context = definitions.current_context(conn)
            for person in self._context.people:
                people.set_pin(conn, person, PIN)

    # ---- time ----

    def now(self) -> datetime:
        """Business time."""
        with self._database.read() as conn:
            return times.business_now(conn)

    def local(self) -> datetime:
        """Business time in the shop."""
        return self.now().astimezone(_ZONE)

    def advance(self, length: timedelta) -> None:
        """Business time moves for every process."""
        with self._database.write() as conn:
            times.advance_clock(conn, length)

    def until_local(self, hour: int, minute: int, *, days: int = 0) -> None:
        """Business time moves to the next such time of day in the shop, or some days from today."""
        local = self.local()
        goal = local.replace(hour=hour, minute=minute, second=1, microsecond=0)
        goal += timedelta(days=days)
        self.advance((goal if goal >= local else goal + timedelta(days=1)) - local)

    # ---- telling ----

    def say(self, words: str, **values: str) -> None:
        """One line of the story, with business time in front."""
        local = self.local()
        click.echo(f"  {local.month}月{local.day}日 {local:%H:%M}  {text(words, **values)}")

    def tell_counts(self) -> None:
        """What the supervisor's board counts at the end."""
        with self._database.read() as conn:
            found = board_counts(conn, times.business_now(conn))
        self.say(
            "Open cases: {open}, late: {overdue}, due in two hours: {soon}, stuck: {stuck}",
            open=str(found.open), overdue=str(found.overdue), soon=str(found.soon),
            stuck=str(found.stuck),
        )  # fmt: skip
        self.say("Nobody responsible: {count}", count=str(found.nobody))

    def name(self, person: str) -> str:
        """What somebody is called."""
        return self._context.label(person)

    # ---- what people do ----

    def begin(self, seeds: Iterable[Seed]) -> list[str]:
        """Cases are registered; their ids."""
        begun = []
        for seed in seeds:
            with self._database.write() as conn:
                now = times.business_now(conn)
                data = check_data(conn, seed.process, seed.filled(now), now)
                started = start_case(
                    conn, process=seed.process, data=data, source="demo", by=None, now=now,
                    event_id=f"demo:{seed.process}:{seed.number}",
                )  # fmt: skip
            wake_now(self._database, self._prefect, started.case_id)
            begun.append(started.case_id)
        return begun

    def press(
        self, case_id: str, step: str, button: str, *, by: str, quiet: bool = False, **answers: Any
    ) -> None:
        """Somebody opens the link of a delivered message, fills in the form, presses a button."""
        url, title, label = self._asked(case_id, step, button, by)
        self._phone(by).press(url, button, answers)
        if not quiet:
            self.say("{person}: {step}: {button}", person=self.name(by), step=title, button=label)

    def rows(self, case_id: str, table_step: str, by: str) -> int:
        """How many rows a table holds before anybody has typed."""
        url, *_ = self._asked(case_id, table_step, "", by)
        return sum(bool(re.fullmatch(r"f\.\w+\.\d+\._row", key)) for key in self._phone(by).open(url))

    def _phone(self, person: str) -> Phone:
        return self._phones.setdefault(person, Phone(person, PIN))

    def _asked(self, case_id: str, step: str, button: str, by: str) -> tuple[str, str, str]:
        """The address in the message somebody got for an open step, its title, the button's words."""

        def look() -> tuple[str, str, str] | None:
            with self._database.read() as conn:
                page = queries.case_show(conn, self.ref(case_id))
                known = definitions.definition(conn, page.state.process, page.state.version)
                live = {v.visit: v for v in page.visits
                        if v.step == step and v.status in ("open", "listening")}  # fmt: skip
                for message in page.messages:
                    link = links.find(conn, message.link_id) if message.link_id else None
                    if message.status != "sent" or link is None or link.status != "active":
                        continue
                    if link.visit in live and link.person == by:
                        buttons = getattr(known.step(step), "buttons", {})
                        label = buttons[button].label if button else ""
                        token = self._ring.token(link.purpose, link.link_id)
                        url = link_url(self._settings.public_url, token)
                        return url, live[link.visit].title, str(label)
            return None

        return self.wait_for(f"{step} ({by})", look)

    # ---- what dies ----

    def crash(self, *cases: str) -> None:
        """SIGKILL for the worker and Prefect's server; they come back, and nothing is lost."""
        before = self._cases()
        self.say("The worker and Prefect's server are killed in the middle of it.")
        began = time.monotonic()
        self._stack.worker.kill()
        self._stack.server.kill()
        self.wait_for("Prefect", self._stack.is_well)
        self.settle(*cases)
        lost = before - self._cases()
        broken = [case_id for case_id in before if not self._is_as_its_history_says(case_id)]
        self.say(
            "They run again after {seconds} s. Cases lost: {lost}, damaged: {broken}, of {cases}.",
            seconds=f"{time.monotonic() - began:.0f}", lost=str(len(lost)),
            broken=str(len(broken)), cases=str(len(before)),
        )  # fmt: skip

    def _cases(self) -> set[str]:
        with self._database.read() as conn:
            found = queries.case_list(conn, CaseFilter(status=None), limit=1000)
        return {case.case_id for case in found}

    def _is_as_its_history_says(self, case_id: str) -> bool:
        with self._database.read() as conn:
            return replay(conn, case_id) == stored_state(conn, case_id)

    # ---- looking ----

    def settle(self, *cases: str) -> None:
        """Wait until Prefect shows all of these cases, and their messages have been sent."""
        self.wait_for("Prefect", lambda: all(map(self._is_shown, cases)))

    def _is_shown(self, case_id: str) -> bool:
        with self._database.read() as conn:
            unsent = outbox.due(conn, case_id=case_id, limit=1)
            return not runs.is_behind(conn, case_id) and not unsent

    def wait_for(self, what: str, look: Callable[[], Found | None]) -> Found:
        """Look until something is there."""
        end = time.monotonic() + _WAIT_SECONDS
        while time.monotonic() < end:
            if self._stack.is_stopping:
                raise Interrupted
            if found := look():
                return found
            time.sleep(0.2)
        raise NothingHappened(what=what)

    def ref(self, case_id: str) -> str:
        """What people call a case."""
        with self._database.read() as conn:
            return case_shown(conn, case_id).ref

    def result(self, case_id: str) -> str:
        """How a case has ended."""
        with self._database.read() as conn:
            return case_shown(conn, case_id).result_label or ""

    def child(self, case_id: str, process: str) -> str:
        """The case of a process that another one has begun."""

        def look() -> str | None:
            with self._database.read() as conn:
                begun = queries.case_show(conn, self.ref(case_id)).children
            return next((each.case_id for each in begun if each.process == process), None)

        return self.wait_for(process, look)

    def find(self, process: str, **data: str) -> str | None:
        """The open case of a process with these fields."""
        with self._database.read() as conn:
            for case in self._open(process):
                if data.items() <= stored_state(conn, case.case_id).data.items():
                    return case.case_id
        return None

    def owners(self, cases: Iterable[str]) -> set[str | None]:
        """Who has these cases."""
        wanted = set(cases)
        return {case.owner for case in self._open() if case.case_id in wanted}

    def has_ended(self, case_id: str) -> bool:
        """Whether Prefect has shown a case to its end."""
        with self._database.read() as conn:
            run = runs.run_of(conn, case_id)
        return run is not None and run.ended

    def _open(self, process: str | None = None) -> list[CaseLine]:
        with self._database.read() as conn:
            return queries.case_list(conn, CaseFilter(process=process), limit=1000)
