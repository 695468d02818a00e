"""What the pages work with, given from outside when an app is made."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from starlette.requests import Request

from jieli.engine.errors import JieliError
from jieli.settings import Settings
from jieli.store.blobs import Blobs, blobs_of
from jieli.store.committer import Committer
from jieli.store.database import Database
from jieli.web.limiting import Limits
from notifications.links import Ring


class InsecureAddress(JieliError):
    """JIELI_PUBLIC_URL must begin with https:// in production; {url} does not."""


def _nobody(case_id: str) -> None:
    """Wakes nobody; the clock will."""


@dataclass(frozen=True)
class Resources:
    """Settings, the store, the keys, and how to wake a case after a commit."""

    settings: Settings
    database: Database
    committer: Committer
    ring: Ring
    wake: Callable[[str], None] = _nobody
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    limits: Limits = field(default_factory=Limits)

    @cached_property
    def blobs(self) -> Blobs:
        """Where uploads are kept."""
        return blobs_of(self.settings)

    @property
    def is_secure(self) -> bool:
        """Whether people reach us by https."""
        return self.settings.public_url.startswith("https://")


def resources_of(request: Request) -> Resources:
    """The resources of the app that serves this request."""
    resources: Resources = request.app.state.resources
    return resources


def check_address(settings: Settings) -> None:
    """Refuse to send links with personal data behind them over a connection anybody can read."""
    if settings.profile == "production" and not settings.public_url.startswith("https://"):
        raise InsecureAddress(url=settings.public_url)
