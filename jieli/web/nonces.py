"""Form nonces: each form acts once, and only for the link or session it was made for."""

from __future__ import annotations

import secrets

from notifications.links import Ring

_USAGE = "form"


def new_nonce(ring: Ring, owner: str) -> str:
    """A nonce for one form, bound to a link or session."""
    return ring.sign(_USAGE, f"{owner}.{secrets.token_hex(8)}")


def read_nonce(ring: Ring, owner: str, given: str) -> str | None:
    """The random part of a nonce that was made for this owner, else None."""
    payload = ring.verify(_USAGE, given) or ""
    made_for, _, own = payload.rpartition(".")
    return own if own and made_for == owner else None
