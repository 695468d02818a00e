"""What people and their clock do with a running stack: start cases, open delivered links, press buttons."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from jieli.store import definitions, links, messages, queries
from jieli.store.database import Database
from jieli.store.queries import CaseFilter, CasePage
from jieli.store.replay import stored_state
from jieli.store.shown import CaseShown, case_shown
from jieli.store.times import business_now
from notifications.links import link_url, ring_of
from tests.acceptance.processes import Overdue, Processes, eventually
from tests.integration.web_shop import Form

SHANGHAI = ZoneInfo("Asia/Shanghai")
PIN = "246810"

REVIEW = {
    "shop": "taobao_main", "item": "保温杯", "review_kind": "first", "level": "bad",
    "severity": "severe", "reviewed_at": "2026-01-19T18:00", "wangwang": "小鹿爱吃草",
    "buyer_phone": "13812345678", "review_text": "杯盖漏水",
}  # fmt: skip
PROBLEM = {
    "shop": "douyin_main", "source": "chat", "customer_name": "王小鹿", "phone": "13912345678",
    "account": "小鹿爱喝水", "problem": "杯盖裂了一道缝", "happened_at": "2026-01-19T18:00",
}  # fmt: skip
CHECKED = {"f.deal": "三天前发货", "f.cause": "杯盖漏水", "f.fault": "ours"}


def filled(**answers: Any) -> dict[str, Any]:
    """Answers under the names of a page's controls; a list of rows gives the controls of a table."""
    found: dict[str, Any] = {}
    for name, value in answers.items():
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for number, row in enumerate(value):
                found |= {f"f.{name}.{number}.{column}": each for column, each in row.items()}
        else:
            found[f"f.{name}"] = value
    return found



class People(Processes):
    """The shop on the stack: its clock, its store, its people's browsers."""

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

    def workday(self, clock: str) -> datetime:
        """The next time a clock in the shop shows this while the office works."""
        with self.database.read() as conn:
            _, context = definitions.current_context(conn)
        days = (self.local(clock, days=number) for number in range(30))
        return next(day for day in days if context.calendar.day(day.date()).workday)

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

    def begun(self, case_id: str, process: str) -> str:
        """The newest case of a process that this one has begun; the id."""

        def look() -> str | None:
            of = [each for each in self.page(case_id).children if each.process == process]
            return of[-1].case_id if of else None

        return eventually(f"{process} is begun", look)

    def open_cases(self, process: str, **data: Any) -> list[str]:
        """The open cases of a process with these fields, the oldest first; their ids."""
        with self.database.read() as conn:
            found = queries.case_list(
                conn, CaseFilter(process=process, status="open"), limit=500
            )
            states = [stored_state(conn, each.case_id) for each in reversed(found)]
        return [each.case_id for each in states if data.items() <= each.data.items()]

    # ---- people ----

    def start_case(self, process: str = "bad_review", **changes: str) -> str:
        """Fill in the start form of the staff pages; the id of the case."""
        self._orders += 1
        url = f"{self.staff}/start/{process}"
        form = Form(self.http.get(url))
        data = {**REVIEW, **PROBLEM} if process == "after_sales" else REVIEW
        data = {**data, "order_no": f"20260101-{self._orders:04}", **changes}
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
        self, case_id: str, step: str, button: str, *, by: str | None = None, **answers: Any
    ) -> str:
        """Open a delivered link, fill the form in, press the button; who did it."""
        who, url = self.link(case_id, step, by)
        answer = self.post(who, url, press=button, **answers)
        assert answer.status_code == 303 and "saved=1" in answer.headers["location"], (
            f"{step}/{button} by {who}: HTTP {answer.status_code}\n{_words(answer.text)}"
        )
        return who

    def form(self, who: str, url: str) -> Form:
        """The form behind a link, past the name or the PIN when one is asked for."""
        phone = self.phone(who)
        page = phone.get(url)
        if 'name="pin"' in page.text:
            entered = {**Form(page), "person": who, "pin": PIN, "do": "pin"}
            assert phone.post(url, data=entered).status_code == 303
            page = phone.get(url)
        if 'value="name"' in page.text:
            named = phone.post(url, data={**Form(page), "person": who, "do": "name"})
            page = phone.get(httpx.URL(url).join(named.headers["location"]))
        return Form(page)

    def post(self, who: str, url: str, **answers: Any) -> httpx.Response:
        """Fill in and post a form, as a browser without JavaScript would."""
        body = {**self.form(who, url), **answers}
        if "person" in body and not body["person"]:
            body["person"] = who
        return self.phone(who).post(url, data=body)


def _words(page: str) -> str:
    body = page.partition("<main")[2] or page
    return re.sub(r"\s*\n\s*", "\n", re.sub(r"<[^>]+>", "", body))[:1500]
