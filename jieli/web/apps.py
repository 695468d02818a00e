"""The two apps: one the world may reach, one for staff on this machine. Wires, decides nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from fastapi import APIRouter, FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from jieli.texts import text
from jieli.web import (
    blank_forms,
    board,
    hooks,
    imports,
    ledger,
    links,
    me,
    me_ledger,
    outbox,
    reports,
    roster,
    staff,
    staff_people,
    staff_start,
)
from jieli.web.evidence import MB
from jieli.web.notices import Note, not_found, note_page
from jieli.web.pages import STATIC
from jieli.web.resources import Resources, check_address
from jieli.web.security import Guard

log = logging.getLogger(__name__)
LOOPBACK_HOSTS = ["127.0.0.1", "localhost", "[::1]", "testserver"]


def public_app(resources: Resources) -> FastAPI:
    """Links, 我的待办 behind a PIN, signed calls. In production only with an https address."""
    check_address(resources.settings)
    routers = [links.router, me.router, me_ledger.router, hooks.router]
    return _app(resources, routers, is_secure=resources.is_secure)


def staff_app(resources: Resources) -> FastAPI:
    """Pages without a PIN. Its address is loopback; who may reach it is decided there alone."""
    routers = [
        board.router, staff.router, reports.router, ledger.router, roster.router, staff_start.router,
        imports.router, blank_forms.router, staff_people.router,
    ]  # fmt: skip
    if resources.settings.profile == "development":
        routers.append(outbox.router)
    app = _app(resources, routers, is_secure=False)
    # A page of another site must not reach us through a name of its own that points here.
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=LOOPBACK_HOSTS, www_redirect=False)
    return app


def _app(resources: Resources, routers: Iterable[APIRouter], *, is_secure: bool) -> FastAPI:
    app = FastAPI(
        openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, debug=False
    )
    app.state.resources = resources
    for router in routers:
        app.include_router(router)
    app.add_api_route("/health", _health, methods=["GET", "HEAD"], include_in_schema=False)
    app.add_api_route("/robots.txt", _robots, methods=["GET"], include_in_schema=False)
    app.mount("/static", _Static(directory=STATIC))
    app.add_exception_handler(HTTPException, _on_http_error)
    app.add_exception_handler(RequestValidationError, _on_bad_address)
    app.add_exception_handler(Exception, _on_fault)
    settings = resources.settings
    app.add_middleware(
        Guard, language=settings.language, is_secure=is_secure,
        upload_limit=int(settings.upload_video_mb * MB),
    )  # fmt: skip
    return app


class _Static(StaticFiles):
    """Our own few files; their addresses change with their content, so they may be kept."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


async def _health() -> Response:
    return PlainTextResponse("ok")


async def _robots() -> Response:
    return PlainTextResponse("User-agent: *\nDisallow: /\n")


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    if error.status_code == 404:
        return not_found(request)
    title = text("This is not possible here")
    response = note_page(request, Note(title=title, status=error.status_code))
    response.headers.update(Headers(error.headers or {}))
    return response


async def _on_bad_address(request: Request, error: Exception) -> Response:
    # A number in the address that is none: nobody typed that, so no more is said.
    return note_page(request, Note(title=text("This is not possible here"), status=400))


async def _on_fault(request: Request, error: Exception) -> Response:
    # Without the path: it may hold a token.
    log.error("a page failed", exc_info=error)
    words = text("Nothing was changed. Please go back and try again.")
    note = Note(
        title=text("Something went wrong on our side"), lines=(words,), status=500, kind="bad"
    )
    return note_page(request, note)
