"""What must go: uploads nobody used, and personal data whose time is over. Once in ten minutes.

Runs under the clock; another process that cleaned lately counts.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from functools import cached_property
from uuid import uuid4

from jieli.settings import Settings
from jieli.store import blanking, files, leases
from jieli.store.blobs import Blobs, blobs_of
from jieli.store.database import Database

log = logging.getLogger(__name__)

EVERY_SECONDS = 600.0


@dataclass
class Cleaning:
    """Remembers when this process looked last, so that most ticks cost nothing."""

    settings: Settings
    _next: float = 0.0

    @cached_property
    def blobs(self) -> Blobs:
        """Where uploads are kept."""
        return blobs_of(self.settings)

    def go_on(self, database: Database) -> int:
        """Clean if it is time; how much went. A fault of the file store stops no clock."""
        if time.monotonic() < self._next:
            return 0
        self._next = time.monotonic() + EVERY_SECONDS
        with database.write() as connection:
            if not leases.take(connection, "cleaning", uuid4().hex, EVERY_SECONDS / 2):
                return 0
        try:
            return self.clean(database)
        except Exception:
            log.exception("cleaning failed; it is tried again later")
            return 0

    def clean(self, database: Database) -> int:
        """Do it now."""
        return blanking.blank_due(database) + files.sweep(database, self.blobs)
