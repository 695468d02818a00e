"""What a process that runs flows needs, made once from the settings. Decides nothing."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from uuid import uuid4

from jieli.engine.context import Context
from jieli.logs import redact_all_logs
from jieli.prefect_rest import PrefectRest
from jieli.settings import Settings
from jieli.store import definitions
from jieli.store.database import Database
from jieli.wakes import Wakes
from notifications.channel import Channel
from notifications.links import Ring, ring_of
from notifications.registry import channels_of
from tasks.cleaning import Cleaning


@dataclass(frozen=True)
class Resources:
    """The composition root of the Prefect side."""

    settings: Settings
    database: Database
    prefect: PrefectRest
    wakes: Wakes
    ring: Ring
    owner: str
    stopping: threading.Event = field(default_factory=threading.Event)

    @cached_property
    def cleaning(self) -> Cleaning:
        """What must go, and when this process looked last."""
        return Cleaning(self.settings)

    def channels(self) -> Mapping[str, Channel]:
        """The channels of the live shop."""
        return channels_of(self.context().channels, os.environ)

    def context(self) -> Context:
        """What is live now."""
        with self.database.read() as conn:
            return definitions.current_context(conn)[1]


@cache
def resources() -> Resources:
    """The resources of this process."""
    settings = Settings()
    redact_all_logs()
    database = Database(settings.store_url)
    prefect = PrefectRest(settings.prefect_api_url, auth=settings.prefect_auth)
    return Resources(
        settings=settings,
        database=database,
        prefect=prefect,
        wakes=Wakes(database, prefect, settings.wakes_per_second),
        ring=ring_of(settings),
        owner=f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}",
    )
