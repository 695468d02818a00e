"""What holds for every answer: headers, size limits, the language."""

from __future__ import annotations

import re
from typing import Literal

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.body_limit import RequestBodyLimitMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from jieli.texts import use_language

BODY_LIMIT = 256 * 1024
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; media-src 'self'; "
        "form-action 'self'; "
        "frame-ancestors 'none'; base-uri 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Robots-Tag": "noindex, nofollow",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
_UPLOAD_PATH = re.compile(r"/t/[^/]+\Z|(/me)?/start/[^/]+\Z")


class Guard:
    """ASGI middleware around a whole app."""

    def __init__(
        self, app: ASGIApp, *, language: Literal["zh", "en"], is_secure: bool, upload_limit: int
    ) -> None:
        self._app = RequestBodyLimitMiddleware(app, BODY_LIMIT)
        self._uploads = RequestBodyLimitMiddleware(app, BODY_LIMIT + upload_limit)
        self._language = language
        self._headers = dict(HEADERS)
        if is_secure:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        use_language(self._language)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                # A file's own policy is stricter than a page's.
                policy = headers.get("Content-Security-Policy", "")
                headers.update(self._headers)
                if policy.startswith("sandbox"):
                    headers["Content-Security-Policy"] = policy
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        app = self._uploads if _may_upload(scope) else self._app
        await app(scope, receive, guarded)


def _may_upload(scope: Scope) -> bool:
    """Whether a form of this page may bring files."""
    kind = Headers(scope=scope).get("content-type", "")
    return kind.startswith("multipart/form-data") and bool(_UPLOAD_PATH.match(scope["path"]))
