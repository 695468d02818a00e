"""`jieli doctor`: look at everything a shop relies on, and say plainly what is wrong. Changes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import timedelta
from importlib.util import find_spec
from pathlib import Path

import click

from jieli.cli.printing import as_json
from jieli.cli.stored import store
from jieli.prefect_rest import PrefectRest
from jieli.settings import Settings
from jieli.store import definitions, leases
from jieli.store.database import Database
from jieli.store.times import business_now, real_now
from jieli.texts import text
from notifications.links import ring_of

_SILENT = timedelta(seconds=10)
_FORBIDDEN = {
    "PREFECT_FLOWS_DEFAULT_RETRIES": "0",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `fine` None is a warning."""

    about: str
    fine: bool | None
    said: str


@click.command()
@click.option("--json", "json_", is_flag=True, help="Print as JSON.")
def doctor(json_: bool) -> int:
    """Look at databases, Prefect, settings, keys, calendar and clock; exit 1 if something is wrong."""
    settings = Settings()
    with store(settings) as database:
        findings = [finding for look in LOOKS for finding in _look(look, settings, database)]
    if json_:
        as_json([asdict(finding) for finding in findings])
    else:
        for finding in findings:
            mark = {True: "✓", False: "✗", None: "!"}[finding.fine]
            click.echo(f"{mark} {finding.about}: {finding.said}")
    return 1 if any(finding.fine is False for finding in findings) else 0


Look = Callable[[Settings, Database], Iterator[Finding]]


def _look(look: Look, settings: Settings, database: Database) -> list[Finding]:
    about = (look.__doc__ or "").rstrip(".")
    try:
        return list(look(settings, database))
    except Exception as error:
        # A doctor that dies of the first illness is no doctor: the error is the finding.
        return [Finding(text(about), False, f"{type(error).__name__}: {error}")]


def _store(settings: Settings, database: Database) -> Iterator[Finding]:
    """Our store."""
    with database.read() as conn:
        names = sorted(definitions.latest_definitions(conn))
    said = text("{kind}; published: {names}", kind=database.url.get_backend_name(),
                names="、".join(names) or "-")  # fmt: skip
    yield Finding(text("Our store"), bool(names), said)


def _prefect(settings: Settings, database: Database) -> Iterator[Finding]:
    """Prefect."""
    prefect = PrefectRest(settings.prefect_api_url, auth=settings.prefect_auth)
    if not prefect.healthy():
        said = text("does not answer at {url}", url=settings.prefect_api_url)
        yield Finding("Prefect", False, said)
        return
    yield Finding("Prefect", True, settings.prefect_api_url)
    with database.read() as conn:
        names = definitions.latest_definitions(conn)
    for name in names:
        prefect.deployment(name)
    pool = prefect.call("GET", f"/work_pools/{settings.work_pool}")
    limited = pool.get("concurrency_limit") is not None
    said = text("the work pool has a limit; take it away") if limited else settings.work_pool
    yield Finding(text("Work pool"), not limited, said)
    workers = prefect.call("POST", f"/work_pools/{settings.work_pool}/workers/filter", {})
    online = [each["name"] for each in workers if each["status"] == "ONLINE"]
    yield Finding(text("Workers online"), bool(online), ", ".join(online) or "0")


def _forbidden(settings: Settings, database: Database) -> Iterator[Finding]:
    """Forbidden settings."""
    wrong = [
        f"{name}={os.environ[name]}"
        for name, wanted in _FORBIDDEN.items()
        if os.environ.get(name, wanted).lower() != wanted
    ]
    yield Finding(text("Forbidden settings"), not wrong, ", ".join(wrong) or text("none"))


def _flows(settings: Settings, database: Database) -> Iterator[Finding]:
    """The package `flows`."""
    ours = Path(__file__).parents[2] / "flows"
    found = find_spec("flows")
    place = Path(found.origin).parent if found and found.origin else None
    yield Finding(text("The package `flows` is ours"), place == ours, str(place))


def _address(settings: Settings, database: Database) -> Iterator[Finding]:
    """The public address."""
    https = settings.public_url.startswith("https://")
    fine = True if https else (None if settings.profile == "development" else False)
    yield Finding(text("Public address"), fine, settings.public_url)


def _keys(settings: Settings, database: Database) -> Iterator[Finding]:
    """The key ring."""
    yield Finding(text("Key ring"), True, ", ".join(ring_of(settings).keys))


def _calendar(settings: Settings, database: Database) -> Iterator[Finding]:
    """The calendar."""
    with database.read() as conn:
        now = business_now(conn)
        _, context = definitions.current_context(conn)
    # The State Council announces the next year in October to December.
    years = [now.year, now.year + 1] if now.month >= 11 else [now.year]
    for year in years:
        covered = context.calendar.covers(year)
        said = (
            text("known")
            if covered
            else text("not known: weekends are guessed, write it into the calendar file")
        )
        yield Finding(text("Calendar {year}", year=year), covered or None, said)


def _clock(settings: Settings, database: Database) -> Iterator[Finding]:
    """The clock's heartbeat."""
    with database.read() as conn:
        last = leases.last_heartbeat(conn, "clock")
    if last is None:
        yield Finding(text("The clock's heartbeat"), False, text("never"))
        return
    age = real_now() - last
    said = text("{seconds} seconds ago", seconds=round(age.total_seconds()))
    yield Finding(text("The clock's heartbeat"), age <= _SILENT, said)


LOOKS: tuple[Look, ...] = (
    _store, _prefect, _forbidden, _flows, _address, _keys, _calendar, _clock,
)  # fmt: skip
