"""Runs Prefect's server; on SQLite it would otherwise stand still for a minute now and then.

Python's cycle collector runs in whatever thread allocates. In the server's event loop it frees
cursors of connections that wait, in threads of their own, for SQLite's lock: sqlite3 then waits
for such a connection, for up to Prefect's busy timeout of 60 s, and whoever holds the lock waits
for the event loop. So the collector gets a thread of its own, where waiting harms nobody.
"""

from __future__ import annotations

import gc
import sys
import threading
import time

YOUNG_SECONDS = 1.0
ALL_EVERY = 60


def main() -> None:
    """As `prefect server start`, with a collector that never runs in the event loop."""
    gc.disable()
    threading.Thread(target=_collect, name="collector", daemon=True).start()
    from prefect.cli import app

    sys.argv = ["prefect", "server", "start", *sys.argv[1:]]
    app()


def _collect() -> None:
    _collect_young()
    gc.collect()
    # The modules stay for good: looking at them again would hold everything up for nothing.
    gc.freeze()
    while True:
        _collect_young()
        gc.collect()


def _collect_young() -> None:
    for _ in range(ALL_EVERY):
        time.sleep(YOUNG_SECONDS)
        gc.collect(1)


if __name__ == "__main__":
    main()
