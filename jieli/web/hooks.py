"""Signed calls from other systems: they begin a case or tell a case that something happened."""

from __future__ import annotations

import asyncio
import binascii
import json
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from standardwebhooks.webhooks import (
    EmptyWebhookSecretError,
    Webhook,
    WebhookVerificationError,
)
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from jieli.engine.context import Context
from jieli.engine.definition import EventWords, Process, WaitStep
from jieli.engine.errors import CaseNotFound, FormError, JieliError, ProcessNotFound
from jieli.engine.events import SignalReceived
from jieli.store import definitions, queries
from jieli.store.cases import Applied, Duplicate, Rejected
from jieli.store.database import Database
from jieli.store.replay import stored_state
from jieli.store.times import business_now
from jieli.web import starting
from jieli.web.resources import Resources, resources_of

router = APIRouter(include_in_schema=False)
log = logging.getLogger(__name__)
LONGEST_ID = 200


class HookRefused(JieliError):
    """The call was refused."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


@dataclass(frozen=True)
class Call:
    """A call whose signature was right."""

    process: Process
    context: Context
    now: datetime
    message_id: str
    body: dict[str, Any]


@router.post("/hooks/{process}")
async def start_case(request: Request, process: str) -> Response:
    """Begin a case; the same message again is the same case."""
    resources = resources_of(request)
    try:
        call = await _verified(request, resources, process)
        fields = starting.start_fields(call.process)
        data = starting.checked(call.process, fields, call.body, call.context, call.now)
    except HookRefused as refusal:
        return _refused(refusal)
    except FormError as error:
        return JSONResponse({"errors": error.fields}, 422)
    started = await starting.begin(
        resources, process, data, source="webhook", by=None,
        event_id=f"hook:{process}:{call.message_id}",
    )  # fmt: skip
    answer = {"ref": started.ref, "created": started.created}
    return JSONResponse(answer, 201 if started.created else 200)


@router.post("/hooks/{process}/{ref}/{event}")
async def tell_case(request: Request, process: str, ref: str, event: str) -> Response:
    """Tell a case that something happened."""
    resources = resources_of(request)
    try:
        call = await _verified(request, resources, process)
        if event not in events_of(call.process):
            raise HookRefused(404, "not found")
        case_id = await run_in_threadpool(_case_of, resources.database, process, ref)
    except HookRefused as refusal:
        return _refused(refusal)
    signal = SignalReceived(name=event, data=call.body)
    event_id = f"hook:{process}:{call.message_id}"
    future = resources.committer.submit(case_id, event_id, signal)
    outcome = await asyncio.wrap_future(future)
    if isinstance(outcome, Applied):
        resources.wake(case_id)
    if isinstance(outcome, Applied | Duplicate):
        return JSONResponse({"ref": ref, "counted": isinstance(outcome, Applied)})
    if isinstance(outcome, Rejected):
        return JSONResponse({"error": "the case does not take it now"}, 409)
    return JSONResponse({"error": "fault"}, 500)


def events_of(process: Process) -> set[str]:
    """The events the process waits for somewhere."""
    waits = (step.wait for step in process.steps.values() if isinstance(step, WaitStep))
    return {words.event for words in waits if isinstance(words, EventWords)}


async def _verified(request: Request, resources: Resources, process: str) -> Call:
    """Check the signature before anything of the body is looked at."""
    body = await request.body()
    words, context, now = await run_in_threadpool(_read, resources.database, process)
    secrets = [start.webhook.secret for start in words.start if start.webhook]
    if not secrets:
        raise HookRefused(404, "not found")
    headers = {key: value for key, value in request.headers.items() if key.startswith("webhook-")}
    if not any(_is_signed(resources, name, body, headers) for name in secrets):
        raise HookRefused(401, "the signature is not right")
    message_id = headers["webhook-id"]
    if len(message_id) > LONGEST_ID:
        raise HookRefused(400, "the message id is too long")
    return Call(words, context, now, message_id, _object(body))


def _is_signed(resources: Resources, name: str, body: bytes, headers: dict[str, str]) -> bool:
    secret = resources.environ.get(name, "").strip()
    if not secret:
        log.error("a webhook came in, but the environment variable %s is empty", name)
        return False
    try:
        Webhook(secret).verify(body, headers, json_parse=False)
    except (WebhookVerificationError, UnicodeDecodeError):
        return False
    except (EmptyWebhookSecretError, binascii.Error):
        log.error("the environment variable %s holds no base64 secret", name)
        return False
    return True


def _object(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HookRefused(400, "the body is not JSON") from error
    if not isinstance(value, dict):
        raise HookRefused(400, "the body is not a JSON object")
    return value


def _read(database: Database, process: str) -> tuple[Process, Context, datetime]:
    with database.read() as connection:
        try:
            version = definitions.latest_version(connection, process)
        except ProcessNotFound as error:
            raise HookRefused(404, "not found") from error
        words = definitions.definition(connection, process, version).process
        _, context = definitions.current_context(connection)
        return words, context, business_now(connection)


def _case_of(database: Database, process: str, ref: str) -> str:
    with database.read() as connection:
        try:
            case_id = queries.find_case(connection, ref)
        except CaseNotFound as error:
            raise HookRefused(404, "not found") from error
        if stored_state(connection, case_id).process != process:
            raise HookRefused(404, "not found")
    return case_id


def _refused(refusal: HookRefused) -> Response:
    return JSONResponse({"error": refusal.reason}, refusal.status)
