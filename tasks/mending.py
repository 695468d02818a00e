"""Repairs beside the ticks: Prefect may take seconds to answer, and timers must not wait for it."""

from __future__ import annotations

import logging
import threading
from collections import deque

from tasks.repairs import Repairs
from tasks.resources import Resources

log = logging.getLogger(__name__)


class Mending:
    """A walk through the runs in a thread of its own, one look at a time."""

    def __init__(self, own: Resources) -> None:
        self._repairs = Repairs(own)
        self._lines: deque[str] = deque()
        self._thread: threading.Thread | None = None

    def go_on(self) -> list[str]:
        """Have the next page looked at, unless a look is under way; returns what was mended."""
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._look, name="mending", daemon=True)
            self._thread.start()
        return [self._lines.popleft() for _ in range(len(self._lines))]

    def _look(self) -> None:
        try:
            self._lines.extend(self._repairs.some())
        except Exception:
            # In a thread of its own nobody else would tell; the next look may find it gone.
            log.exception("the runs could not be compared with Prefect")
