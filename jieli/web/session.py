"""The cookie after a PIN: signed, bound to one person, short. Holds no right by itself."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from starlette.requests import Request
from starlette.responses import Response

from jieli.settings import Settings
from jieli.store.people import Staff
from notifications.links import Ring

IDLE = timedelta(hours=1)
LONGEST = timedelta(hours=12)
_USAGE = "session"


@dataclass(frozen=True, slots=True)
class Session:
    """Who proved with a PIN that they are themselves, and when."""

    person: str
    key: str
    began: datetime
    seen: datetime
    seal: str = ""  # changes with the PIN, so that a new PIN ends old sessions

    def is_alive(self, now: datetime) -> bool:
        """Whether the cookie still counts."""
        return now - self.seen < IDLE and now - self.began < LONGEST


def new_session(person: str, seal: str) -> Session:
    """A session that begins now."""
    now = datetime.now(UTC).replace(microsecond=0)
    return Session(person, secrets.token_hex(8), now, now, seal)


def read_session(request: Request, ring: Ring) -> Session | None:
    """The living session of a request's cookie, if it has one of ours."""
    signed = request.cookies.get(_name(is_secure=True)) or request.cookies.get(
        _name(is_secure=False)
    )
    payload = ring.verify(_USAGE, signed) if signed else None
    if payload is None:
        return None
    person, key, began, seen, seal = payload.split("|")
    session = Session(person, key, _moment(began), _moment(seen), seal)
    return session if session.is_alive(datetime.now(UTC)) else None


def keep_session(response: Response, session: Session, ring: Ring, settings: Settings) -> None:
    """Write the cookie, with the time it was last seen."""
    seen = int(datetime.now(UTC).timestamp())
    payload = (
        f"{session.person}|{session.key}|{int(session.began.timestamp())}|{seen}|{session.seal}"
    )
    is_secure = settings.public_url.startswith("https://")
    response.set_cookie(
        _name(is_secure), ring.sign(_USAGE, payload),
        path="/", httponly=True, samesite="lax", secure=is_secure,
    )  # fmt: skip


def drop_session(response: Response, settings: Settings) -> None:
    """Forget the cookie."""
    is_secure = settings.public_url.startswith("https://")
    response.delete_cookie(
        _name(is_secure), path="/", httponly=True, samesite="lax", secure=is_secure
    )


def _name(is_secure: bool) -> str:
    return "__Host-jieli" if is_secure else "jieli"


def _moment(seconds: str) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def seal_of(staff: Staff) -> str:
    """What changes when somebody leaves or gets a new PIN; a session with another seal is over."""
    set_at = staff.pin_set_at
    return f"{int(set_at.timestamp() * 1000)}" if set_at and staff.active else "-"
