"""What all tests share: no settings leak in from outside, and the stores to test against."""

from __future__ import annotations

import os
import socket
from typing import Any

import pytest

from tests.databases import (  # noqa: F401
    database,
    postgres_server,
    postgres_url,
    second,
    sqlite_template,
    store_url,
)

_ABOUT_TESTS = "JIELI_TEST_"


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of whoever runs the tests says nothing about Jieli."""
    for name in list(os.environ):
        if name.startswith("JIELI_") and not name.startswith(_ABOUT_TESTS):
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sends a mail or calls a webhook of the real world."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else "local"
        if host not in ("local", "localhost", "::1") and not str(host).startswith("127."):
            raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", guarded)
