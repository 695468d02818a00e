"""How often a link may be pressed, and how often one address may try bad ones. In this process only.

A whole shop comes from one address: whoever has a good link is never kept out by others' bad ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.requests import Request

PRESSES_OF_A_LINK = parse("60/minute")
BAD_TOKENS_OF_AN_ADDRESS = parse("20/minute")


@dataclass(frozen=True)
class Limits:
    """Counts of the last minute."""

    _windows: FixedWindowRateLimiter = field(
        default_factory=lambda: FixedWindowRateLimiter(MemoryStorage())
    )

    def may_press(self, link_id: str) -> bool:
        """Count one press; False when there were too many."""
        return self._hit(PRESSES_OF_A_LINK, link_id)

    def may_try(self, request: Request) -> bool:
        """Count one bad token of an address; False when there were too many."""
        return self._hit(BAD_TOKENS_OF_AN_ADDRESS, address_of(request))

    def _hit(self, item: RateLimitItem, key: str) -> bool:
        return self._windows.hit(item, key)


def address_of(request: Request) -> str:
    """Where a request comes from; behind a proxy only if that proxy is trusted by the settings."""
    return request.client.host if request.client else ""
