"""The agents: take links from delivered messages, POST them, and see when the next message came."""

from __future__ import annotations

import http.client
import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode, urlsplit

from sqlalchemy import select

from jieli.settings import Settings
from jieli.store.database import Database
from jieli.store.tables import links, outbox
from jieli.store.times import real_now
from jieli.web.nonces import new_nonce
from notifications.links import ring_of

MARKED_WITHIN = timedelta(seconds=5)
IDLE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Task:
    """A link an agent holds."""

    case_id: str
    link_id: str
    message_id: int


@dataclass(frozen=True, slots=True)
class Posted:
    """One answer: when the POST began and returned."""

    task: Task
    began: float
    returned: float

    @property
    def seconds(self) -> float:
        """How long the agent waited."""
        return self.returned - self.began


class Browser:
    """One agent's connection to the pages."""

    def __init__(self, settings: Settings) -> None:
        at = urlsplit(settings.public_url)
        self._ring = ring_of(settings)
        self._http = http.client.HTTPConnection(str(at.hostname), at.port, timeout=60)
        self._used = 0.0

    def answer(self, task: Task) -> Posted:
        """Press the button; raises when the answer did not count."""
        form = {
            "press": "done", "nonce": new_nonce(self._ring, task.link_id), "f.note": "好的",
            "shown": "note",
        }  # fmt: skip
        path = "/t/" + self._ring.token("work_item", task.link_id)
        kind = {"content-type": "application/x-www-form-urlencoded"}
        if time.time() - self._used > IDLE_SECONDS:
            self._http.close()  # the pages close an idle connection after five seconds
        began = time.time()
        self._http.request("POST", path, urlencode(form), kind)
        answer = self._http.getresponse()
        body = answer.read()
        self._used = returned = time.time()
        if answer.status != 303:
            raise RuntimeError(f"the answer got {answer.status}: {body[:300]!r}")
        return Posted(task, began, returned)


class Desk:
    """Which tasks were delivered, and when; the tasks that agents may take next."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._since = datetime(2000, 1, 1, tzinfo=UTC)
        self._sent: dict[str, dict[int, float]] = defaultdict(dict)
        self.ready: deque[Task] = deque()

    def look(self) -> None:
        """Take in what was delivered since the last look."""
        since, self._since = self._since, real_now() - MARKED_WITHIN
        query = (
            select(outbox.c.id, outbox.c.case_id, outbox.c.link_id, outbox.c.finished_at)
            .join(links, links.c.id == outbox.c.link_id)
            .where(
                outbox.c.finished_at > since, outbox.c.status == "sent",
                links.c.status == "active", links.c.purpose == "work_item",
                outbox.c.to_person == "li_na",
            )
        )  # fmt: skip
        with self._database.read() as conn:
            rows = conn.execute(query).all()
        for row in rows:
            if row.id not in self._sent[row.case_id]:
                self._sent[row.case_id][row.id] = row.finished_at.timestamp()
                self.ready.append(Task(row.case_id, row.link_id, row.id))

    def delivered(self, posted: Posted) -> float | None:
        """When the message that answers this POST was delivered; None when it was not yet."""
        sent = self._sent[posted.task.case_id]
        later = [number for number in list(sent) if number > posted.task.message_id]
        return sent[min(later)] if later else None

    @contextmanager
    def looking(self, every: float) -> Iterator[None]:
        """Look again and again, in a thread, while the block runs."""
        stop = threading.Event()

        def serve() -> None:
            while not stop.wait(every):
                self.look()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def of_cases(database: Database, words: str, wanted: int) -> list[Task]:
    """Open tasks, delivered or not, whose message title has these words."""
    query = (
        select(outbox.c.case_id, outbox.c.link_id, outbox.c.id)
        .join(links, links.c.id == outbox.c.link_id)
        .where(links.c.status == "active", outbox.c.title.contains(words))
        .order_by(outbox.c.id.desc())
        .limit(wanted)
    )
    with database.read() as conn:
        return [Task(*row) for row in conn.execute(query)]
