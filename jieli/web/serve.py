"""Serves both apps in one process: the public one where told, the staff one on loopback always."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator

import uvicorn

from jieli.logs import redact_all_logs
from jieli.web import alarm
from jieli.web.apps import public_app, staff_app
from jieli.web.resources import Resources

LOOPBACK = "127.0.0.1"
GRACE_SECONDS = 10


class Listener(uvicorn.Server):
    """A server that leaves the signals to whoever runs several of them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listeners(resources: Resources) -> list[Listener]:
    """The two servers, not started yet."""
    settings = resources.settings
    public = uvicorn.Config(
        public_app(resources), host=settings.web_host, port=settings.web_port,
        timeout_graceful_shutdown=GRACE_SECONDS, server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
    )  # fmt: skip
    staff = uvicorn.Config(
        staff_app(resources), host=LOOPBACK, port=settings.staff_port,
        timeout_graceful_shutdown=GRACE_SECONDS, server_header=False, proxy_headers=False,
    )  # fmt: skip
    return [Listener(public), Listener(staff)]


async def serve(resources: Resources) -> None:
    """Serve until told to stop; answers that are under way are finished first."""
    servers = listeners(resources)
    redact_all_logs()

    def stop() -> None:
        for server in servers:
            server.should_exit = True

    loop = asyncio.get_running_loop()
    for each in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(each, stop)
    try:
        async with asyncio.TaskGroup() as group:
            watching = asyncio.create_task(alarm.watch(resources))
            serving = [group.create_task(_until_over(server, stop)) for server in servers]
            await asyncio.wait(serving)
            watching.cancel()
    finally:
        await asyncio.to_thread(resources.committer.close)


async def _until_over(server: Listener, stop: Callable[[], None]) -> None:
    await server.serve()
    # One that cannot listen takes the other along: half a web process helps nobody.
    stop()
