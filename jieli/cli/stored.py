"""The store as commands open it: from the settings, one for the command's life."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jieli.settings import Settings
from jieli.store.database import Database


@contextmanager
def store(settings: Settings | None = None) -> Iterator[Database]:
    """The store of the settings; closed again at the end."""
    chosen = settings or Settings()
    if chosen.database_url is None:
        chosen.data_dir.mkdir(parents=True, exist_ok=True)
    database = Database(chosen.store_url)
    try:
        yield database
    finally:
        database.dispose()
