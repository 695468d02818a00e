"""Turns a page's values into HTML. Knows no case and no link."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from jieli.texts import text

STATIC = Path(__file__).parent / "static"


def page(
    request: Request, template: str, words: Mapping[str, Any], status: int = 200
) -> HTMLResponse:
    """One page as an answer."""
    language = request.app.state.resources.settings.language
    html = _templates().get_template(template).render({**words, "language": language})
    return HTMLResponse(html, status)


def see_other(path: str) -> Response:
    """After a POST: look there. Always a path of ours, never an address from the Host header."""
    return RedirectResponse(path, status_code=303)


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("jieli.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        text=text, stylesheet=_address("jieli.css"), copy_script=_address("copy.js"),
        upload_script=_address("upload.js"),
    )
    return environment


def _address(name: str) -> str:
    content = (STATIC / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"
