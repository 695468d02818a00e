"""Calls other systems for service steps: at least once, with one idempotency key for every try."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from prefect import task
from standardwebhooks.webhooks import Webhook

from jieli.store import calls
from jieli.store.calls import CallRow
from jieli.store.cases import Rejected, apply_event
from jieli.store.database import kill_point
from tasks.resources import Resources, resources

LEASE_SECONDS = 120
LARGEST_ANSWER = 64_000
_AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class CallResult:
    """How one try went: an answer, a refusal for good, or something to try again."""

    response: Any = None
    refused: str | None = None
    again: str | None = None
    perhaps_done: bool = False


@task(name="call-service")
async def make_call(case_id: str) -> int:
    """Make the calls of a case that are due; returns how many were tried."""
    return await make_calls(limit=5, case_id=case_id)


async def make_calls(limit: int, *, case_id: str | None = None, min_age_seconds: float = 0) -> int:
    """Claim calls, make them, and tell their cases how they went."""
    own = resources()
    with own.database.write() as conn:
        rows = calls.claim(
            conn, owner=own.owner, limit=limit, lease_seconds=LEASE_SECONDS, case_id=case_id,
            min_age_seconds=min_age_seconds,
        )  # fmt: skip
    for row in rows:
        await _make(own, row)
    report(own, case_id=case_id)
    return len(rows)


def report(own: Resources, *, case_id: str | None = None) -> None:
    """Tell cases how their calls ended; one that a crash kept from being told is told now."""
    with own.database.read() as conn:
        requests = calls.unreported(conn, 50, case_id=case_id)
    for request in requests:
        kill_point("call_answered_before_event")
        if isinstance(apply_event(own.database, request), Rejected):
            with own.database.write() as conn:
                calls.drop_report(conn, request)


async def _make(own: Resources, row: CallRow) -> None:
    request = row.request
    if row.unfinished and request["on_unknown"] == "ask":
        # An earlier try may have moved money: nobody but a person may decide to repeat it.
        with own.database.write() as conn:
            calls.failed(conn, row, "nobody knows whether the last try happened", unknown=True)
        return
    with own.database.write() as conn:
        if not calls.begun(conn, row):
            return
    result = await _call(row)
    with own.database.write() as conn:
        _write_down(conn, row, result)


def _write_down(conn: Any, row: CallRow, result: CallResult) -> None:
    request = row.request
    if result.refused is not None:
        calls.failed(conn, row, result.refused)
    elif result.again is None:
        calls.answered(conn, row, result.response)
    elif result.perhaps_done and request["on_unknown"] == "ask":
        calls.failed(conn, row, result.again, unknown=True)
    elif row.tries >= request["retry_times"]:
        calls.failed(conn, row, result.again, unknown=result.perhaps_done)
    else:
        calls.try_later(conn, row, result.again, _pause(row))


def _pause(row: CallRow) -> timedelta:
    seconds = row.request["retry_first_seconds"] * 2**row.tries
    return timedelta(seconds=min(seconds, row.request["retry_longest_seconds"]))


async def _call(row: CallRow) -> CallResult:
    request = row.request
    address = os.environ.get(request["url"], request["url"])
    content = httpx.Request("POST", "http://x", json=request["body"]).content
    headers = {
        **request["headers"], "Content-Type": "application/json",
        "Idempotency-Key": row.idempotency_key, **_signature(request, row, content),
    }  # fmt: skip
    try:
        async with httpx.AsyncClient(timeout=request["timeout_seconds"]) as http:
            answer = await http.request(
                request["method"], address, content=content, headers=headers
            )
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
        return CallResult(again=type(error).__name__)
    except httpx.TransportError as error:
        return CallResult(again=type(error).__name__, perhaps_done=True)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        return CallResult(refused=f"{type(error).__name__}: {request['url']}")
    return _read(answer)


def _read(answer: httpx.Response) -> CallResult:
    said = f"HTTP {answer.status_code}"
    if answer.status_code in _AGAIN:
        return CallResult(again=said, perhaps_done=answer.status_code in (500, 502, 504))
    if not answer.is_success:
        return CallResult(refused=said)
    if len(answer.content) > LARGEST_ANSWER:
        return CallResult(refused=f"{said}: the answer is larger than {LARGEST_ANSWER} bytes")
    if not answer.content:
        return CallResult(response={})
    try:
        return CallResult(response=answer.json())
    except ValueError:
        return CallResult(refused=f"{said}: the answer is not JSON")


def _signature(request: dict[str, Any], row: CallRow, content: bytes) -> dict[str, str]:
    if not request["sign_with"]:
        return {}
    now = datetime.now(UTC)
    signer = Webhook(os.environ[request["sign_with"]])
    return {
        "webhook-id": row.idempotency_key,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signer.sign(row.idempotency_key, now, content.decode()),
    }
