"""What the provider servers share: a port, what came in, a clock to move, a limit a minute."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

Body = dict[str, Any]


class _Server(ThreadingHTTPServer):
    """Takes as many connections at once as a batch opens; five is too few on a busy machine."""

    request_queue_size = 128


@dataclass
class Provider:
    """One provider; a subclass says what it answers. HTTP is 200 whatever happened, as there."""

    per_minute: int = 20
    block_seconds: float = 60.0
    now: float = 1_763_800_000.0
    url: str = ""
    taken: list[Body] = field(default_factory=list)
    seen: list[Body] = field(default_factory=list)
    raw_answers: list[tuple[int, bytes]] = field(default_factory=list)
    _times: list[float] = field(default_factory=list)
    _blocked_until: float = 0.0

    path = "/"

    def answer(self, query: dict[str, str], body: Body, size: int) -> Body:
        """What the provider says to a request."""
        raise NotImplementedError

    def is_too_fast(self) -> bool:
        """Whether this request is above the limit; going above it blocks for a while."""
        if self.now < self._blocked_until:
            return True
        self._times = [each for each in self._times if each > self.now - 60] + [self.now]
        if len(self._times) > self.per_minute:
            self._blocked_until = self.now + self.block_seconds
            return True
        return False

    @contextmanager
    def running(self) -> Iterator[Provider]:
        """The server on a free port of this machine."""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                content = self.rfile.read(int(self.headers["content-length"]))
                parts = urlsplit(self.path)
                query = {key: values[0] for key, values in parse_qs(parts.query).items()}
                if provider.raw_answers:
                    status, words = provider.raw_answers.pop(0)
                else:
                    body = json.loads(content)
                    provider.seen.append(body)
                    status = 200
                    words = json.dumps(provider.answer(query, body, len(content))).encode()
                self.send_response(status)
                self.send_header("content-length", str(len(words)))
                self.end_headers()
                self.wfile.write(words)

            def log_message(self, *args: Any) -> None:
                pass

        server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}{self.path}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
