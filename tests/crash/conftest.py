"""What the crash tests share: one stack on SQLite, and a service of another company that counts."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.acceptance.processes import ROOT
from tests.acceptance.stack import RunningStack
from tests.acceptance.stores import running

BOOKED = """
process: booking
title: 记账
case:
  key: [order_no]
  reopen: after_close
  title: "记账 {{{{ order_no | tail(4) }}}}"
  fields:
    order_no: {{label: 订单编号, type: text, required: true}}
    number: {{label: 凭证号, type: text}}
start:
  - form: {{role: after_sales}}
steps:
  book:
    title: 记账
    call:
      url: {url}
      body: {{order: "{{{{ order_no }}}}"}}
      save: {{number: response.number}}
    go_to: look
  look:
    title: 看一看
    who: {{role: after_sales}}
    buttons:
      fine: {{label: 好, go_to: booked}}
  booked: {{title: 结束, end: booked}}
ends:
  booked: 已记账
"""


@dataclass
class Service:
    """A service that answers every call, and remembers their keys."""

    port: int = 0
    keys: list[str] = field(default_factory=list)


@pytest.fixture(scope="session")
def service() -> Iterator[Service]:
    """The service, listening."""
    known = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            known.keys.append(self.headers["Idempotency-Key"])
            body = json.dumps({"number": f"N{len(set(known.keys))}"}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    known.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield known
    server.shutdown()


@pytest.fixture(scope="session")
def stack(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, service: Service
) -> Iterator[RunningStack]:
    """One stack for all crash tests: each leaves it well behind."""
    directory = tmp_path_factory.mktemp("crash")
    definitions: Path = directory / "definitions"
    shutil.copytree(ROOT / "definitions", definitions)
    url = f"http://127.0.0.1:{service.port}/book"
    (definitions / "booking.yaml").write_text(BOOKED.format(url=url), encoding="utf-8")
    with running(directory, request, definitions=definitions) as up:
        up.to(up.local("10:00"))
        yield up


@pytest.fixture(autouse=True)
def well(stack: RunningStack) -> None:
    """Every test begins with everything running."""
    stack.well()
