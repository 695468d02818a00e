"""One request to a provider: its answer as JSON, or the outcome when there is none.

Never tells an address: it may hold a secret. What a code means is each adapter's.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from functools import cache
from typing import Any

import httpx

from notifications import answers
from notifications.channel import Broken, Outcome, RetryAfter

TIMEOUT_SECONDS = 8.0
LATER_SECONDS = 30.0
LONGEST_WAIT_SECONDS = 3600.0
SETUP_STATUSES = frozenset({401, 403, 404, 405})

Answer = dict[str, Any]


async def post_json(
    url: str,
    body: Mapping[str, Any],
    *,
    params: Mapping[str, str] | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Answer | Outcome:
    """POST once. A body that is no JSON object is never taken for a success."""
    content = json.dumps(body, ensure_ascii=False).encode()
    headers = {"content-type": "application/json; charset=utf-8"}
    return await _ask("POST", url, transport, params=params, content=content, headers=headers)


async def get_json(
    url: str,
    *,
    params: Mapping[str, str] | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> Answer | Outcome:
    """GET once, as for an access token."""
    return await _ask("GET", url, transport, params=params)


async def _ask(
    method: str, url: str, transport: httpx.AsyncBaseTransport | None, **what: Any
) -> Answer | Outcome:
    try:
        async with httpx.AsyncClient(
            timeout=TIMEOUT_SECONDS, transport=transport, follow_redirects=False, verify=trusted()
        ) as client:
            answer = await client.request(method, url, **what)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        return Broken("the address is no URL")
    except httpx.ConnectError as error:
        return RetryAfter(LATER_SECONDS, f"not reached: {type(error).__name__}")
    except httpx.HTTPError as error:
        # The request may have arrived: the next try carries the same number, which people see.
        return RetryAfter(LATER_SECONDS, f"no answer: {type(error).__name__}")
    return read(answer)


def read(answer: httpx.Response) -> Answer | Outcome:
    """The JSON object of an answer, or what its status means."""
    status = answer.status_code
    answers.heard(status, answer.text)
    if status == 429 or status == 408 or status >= 500:
        return RetryAfter(retry_after(answer), f"answered {status}")
    if status in SETUP_STATUSES or answer.is_redirect:
        return Broken(f"answered {status}")
    try:
        found = answer.json()
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return RetryAfter(LATER_SECONDS, f"answered {status} with no JSON object")
    return found


def retry_after(answer: httpx.Response) -> float:
    """The seconds a provider asks to wait, within reason."""
    given = answer.headers.get("retry-after", "")
    return min(float(given), LONGEST_WAIT_SECONDS) if given.isdecimal() else LATER_SECONDS


@cache
def trusted() -> ssl.SSLContext:
    """The certificates: read once, for that takes 30 ms of CPU."""
    return httpx.create_ssl_context()
