"""A shop behind the pages: small processes, a clock that can be moved, and a browser without JS."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import event as sql_event
from starlette.testclient import TestClient

from jieli.engine.case import CaseState
from jieli.engine.loader import load, read_directory
from jieli.settings import Settings
from jieli.store import definitions, messages, people
from jieli.store.committer import Committer
from jieli.store.database import Database
from jieli.store.links import find
from jieli.store.replay import stored_state
from jieli.store.starts import start_case
from jieli.store.times import advance_clock, business_now, real_now
from jieli.web.apps import public_app, staff_app
from jieli.web.resources import Resources
from notifications.links import Ring, new_key
from tests.story import DEFINITIONS

PIN = "246810"
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

HEAD = """
process: {name}
title: 试用流程
case:
  key: [order_no]
  title: "单 {{{{ order_no | tail(4) }}}}"
  summary: [order_no]
  buyer: "{{{{ order_no }}}}"
  contact_blocked: finished
  fields:
    order_no: {{label: 订单号, required: true}}
    buyer_phone: {{label: 买家电话, type: phone, pii: phone}}
start: [{{form: {{role: after_sales}}}}, {{webhook: {{secret: HOOK_SECRET}}}}]
ends: {{ok: 完成}}
steps:
"""
TAIL = "\n  finished: {title: 结束, end: ok}\n"
STEPS = {
    "plain": """
  ask:
    title: 问一问
    about: "请问订单 {{ order_no }}"
    who: {person: li_na}
    finish_within: 2h
    clock: wall
    form:
      words:   {label: 买家说的, type: long_text, required: true, max_length: 20}
      kind:    {label: 哪一种, type: choice, of: {usual: 常见, other: 其他}, required: true}
      why:     {label: 怎样的其他, required: true, show_if: "kind == 'other'"}
      call_at: {label: 再联系时间, type: datetime, min: now}
      paid:    {label: 金额, type: money}
      goods:
        label: 货品
        type: rows
        fields:
          name:   {label: 品名, required: true}
          number: {label: 数量, type: number, min: 1}
    buttons:
      done:  {label: 完成, go_to: finished}
      block:
        {label: 不再联系, unless_needed: true, confirm: 确定不再联系吗？, block_contact: true,
         go_to: finished}
""",
    "pictured": """
  ask:
    title: 上传证据
    who: {person: li_na}
    form:
      words: {label: 说明, required: true}
      proof: {label: 证据, type: files, max: 2, required: true}
      paper: {label: 单据, type: files, kinds: [photo, document]}
    buttons: {done: {label: 完成, go_to: look}}
  look:
    title: 看证据
    identity: pin
    who: {role: supervisor}
    buttons: {done: {label: 看过, go_to: finished}}
""",
    "held": """
  ask:
    title: 可撤回
    who: {person: li_na}
    take_back: 3m
    form: {words: {label: 说明, required: true}}
    buttons: {done: {label: 完成, go_to: finished}}
""",
    "claimed": """
  ask:
    title: 谁来处理
    who: {role: after_sales}
    identity: claim
    form: {words: {label: 说明, required: true}}
    buttons: {done: {label: 完成, go_to: finished}}
""",
    "pinned": """
  ask:
    title: 主管决定
    about: 机密说明
    who: {role: supervisor}
    identity: pin
    form: {words: {label: 理由, required: true}}
    buttons: {done: {label: 同意, go_to: finished}}
""",
    "signed": """
  ask:
    title: 两人签字
    who: {role: after_sales}
    signers: {need: 2, button: sign}
    buttons: {sign: {label: 签字, go_to: finished}}
""",
    "windowed": """
  ask:
    title: 打电话
    who: {person: li_na}
    only_during: call_hours
    contacts_buyer: true
    buttons: {reached: {label: 接通, go_to: finished}}
""",
    "waiting": """
  rest:
    title: 等买家
    wait: 48h
    who: {person: li_na}
    buttons: {replied: {label: 已回复, go_to: finished}}
    time_up: finished
""",
    "event": """
  rest:
    title: 等发货
    wait: {event: shipped}
    happened: finished
""",
}


@dataclass
class Shop:
    """Everything a test of the pages needs."""

    resources: Resources
    public: TestClient
    staff: TestClient
    woken: list[str] = field(default_factory=list)

    def start(self, process: str, order_no: str = "7788", **data: Any) -> str:
        """Begin a case; its id."""
        with self.database.write() as connection:
            return start_case(
                connection, process=process, data={"order_no": order_no, **data}, source="form",
                by="li_na", now=business_now(connection), event_id=f"{process}:{order_no}",
            ).case_id  # fmt: skip

    @property
    def database(self) -> Database:
        """The store."""
        return self.resources.database

    def state(self, case_id: str) -> CaseState:
        """Where the case stands."""
        with self.database.read() as connection:
            return stored_state(connection, case_id)

    def link(self, person: str | None = None, role: str | None = None) -> str:
        """The path of the newest link for somebody."""
        with self.database.read() as connection:
            for message in messages.outbox_page(connection):
                same = (message.to_person, message.to_role) == (person, role)
                if same and message.link_id and (link := find(connection, message.link_id)):
                    return "/t/" + self.resources.ring.token(link.purpose, link.link_id)
        raise AssertionError(f"no link for {person or role}")

    def look(self, path: str, person: str = "") -> httpx.Response:
        """The page behind a link, past the one that asks for a name."""
        page = self.public.get(path)
        if 'value="name"' not in page.text:
            return page
        form = Form(page)
        chosen = {**form, "do": "name", "person": person or form["person"] or "li_na"}
        named = self.public.post(path, data=chosen)
        return self.public.get(named.headers["location"])

    def later(self, span: timedelta) -> None:
        """Business time passes; nothing fires by itself here."""
        with self.database.write() as connection:
            advance_clock(connection, span)

    def now(self) -> datetime:
        """Business time."""
        with self.database.read() as connection:
            return business_now(connection)

    @contextmanager
    def statements(self) -> Iterator[list[str]]:
        """The statements the store gets meanwhile."""
        seen: list[str] = []

        def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
            seen.append(statement)

        sql_event.listen(self.database.engine, "before_cursor_execute", note)
        yield seen
        sql_event.remove(self.database.engine, "before_cursor_execute", note)

    def dump(self) -> list[tuple[str, list[Any]]]:
        """Every row of the store."""
        from sqlalchemy import select

        from jieli.store.tables import metadata

        with self.database.read() as connection:
            return [
                (name, sorted(map(repr, connection.execute(select(table)).all())))
                for name, table in sorted(metadata.tables.items())
            ]


class Form(dict[str, str]):
    """What a browser without JavaScript would post from a page: all controls as they stand."""

    def __init__(self, page: httpx.Response, number: int = 0) -> None:
        super().__init__()
        forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", page.text, re.DOTALL)
        self.text = forms[number]
        for tag in re.findall(r"<input[^>]*>", self.text):
            name, value = _attribute(tag, "name"), _attribute(tag, "value")
            kind = _attribute(tag, "type")
            if name and (kind not in ("radio", "checkbox") or " checked" in tag):
                self[name] = value
        for name, body in re.findall(
            r"<textarea[^>]*name=\"([^\"]+)\"[^>]*>\n?(.*?)</textarea>", self.text, re.DOTALL
        ):
            self[name] = html.unescape(body)
        for name, body in re.findall(
            r"<select[^>]*name=\"([^\"]+)\"[^>]*>(.*?)</select>", self.text, re.DOTALL
        ):
            chosen = re.search(r"value=\"([^\"]*)\" selected", body)
            self[name] = chosen[1] if chosen else ""


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf'\b{name}="([^"]*)"', tag)
    return html.unescape(found[1]) if found else ""


def open_shop(
    database: Database, data_dir: Path, more: Mapping[str, str] | None = None, **settings: Any
) -> Iterator[Shop]:
    """Publish the processes, give out PINs, open both apps.

    The files in `more` come with them, and in the place of a shop's file of the same name.
    """
    sources, more = read_directory(DEFINITIONS), dict(more or {})
    shop_files = {
        name: text
        for name, text in sources.items()
        if "shop" in Path(name).parts and Path(name).name not in more
    }
    ours = {f"{name}.yaml": HEAD.format(name=name) + steps + TAIL for name, steps in STEPS.items()}
    library = load({**shop_files, **ours, **more})
    with database.write() as connection:
        definitions.publish(connection, library, author="t", reason="", now=real_now())
        for person in ("li_na", "zhang_wei"):
            people.set_pin(connection, person, PIN)
    known = Settings(data_dir=data_dir, **{"public_url": "http://testserver", **settings})
    committer = Committer(database)
    woken: list[str] = []
    resources = Resources(
        known, database, committer, Ring.parse(new_key()), woken.append, {"HOOK_SECRET": SECRET}
    )
    with (
        TestClient(public_app(resources), follow_redirects=False) as public,
        TestClient(staff_app(resources), follow_redirects=False) as staff,
    ):
        yield Shop(resources, public, staff, woken)
    committer.close()
