"""Access tokens of corporate apps: fetched when needed, kept until shortly before they end.

One per process; a provider that says a token is over gets a new one once. Never logged.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from weakref import WeakKeyDictionary

from notifications.channel import Outcome

EARLY_SECONDS = 300.0

Fetched = tuple[str, float] | Outcome
"""The token and how many seconds it is good for, or why there is none."""


class AccessToken:
    """One app's token."""

    def __init__(
        self, fetch: Callable[[], Awaitable[Fetched]], *, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._fetch, self._now = fetch, now
        self._token, self._ends = "", 0.0
        # One channel serves every event loop of the process; a lock belongs to one loop.
        self._locks: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Lock] = (
            WeakKeyDictionary()
        )

    async def get(self) -> str | Outcome:
        """The token in force, or why there is none."""
        async with self._locks.setdefault(asyncio.get_running_loop(), asyncio.Lock()):
            if self._token and self._now() < self._ends:
                return self._token
            fetched = await self._fetch()
            if not isinstance(fetched, tuple):
                return fetched
            self._token, seconds = fetched
            self._ends = self._now() + max(seconds - EARLY_SECONDS, 30.0)
            return self._token

    def forget(self) -> None:
        """The provider says it is over."""
        self._token = ""
