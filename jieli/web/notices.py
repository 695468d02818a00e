"""The pages that only say something: done, gone, not found, refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from starlette.requests import Request
from starlette.responses import Response

from jieli.engine.context import Context
from jieli.engine.errors import CaseClosed, NotYours, Refused, WindowClosed, WorkItemClosed
from jieli.texts import text
from jieli.web.moments import moment_words
from jieli.web.pages import page
from jieli.web.shown import Shown

Kind = Literal["good", "plain", "bad"]


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What was answered: a title, the button, the values."""

    title: str
    button: str
    facts: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """A page with a sentence or two."""

    title: str
    lines: tuple[str, ...] = ()
    kind: Kind = "plain"
    process: str = ""
    ref: str = ""
    answer: GivenAnswer | None = None
    home: bool = False
    resend: bool = False
    status: int = field(default=200)


def note_page(request: Request, note: Note) -> Response:
    """The note as an answer."""
    return page(request, "message.html", {"page": note}, note.status)


def no_such_link(request: Request) -> Response:
    """The same answer to unknown, expired and revoked links, with a button to get a new one."""
    return not_found(request, resend=True)


def not_found(request: Request, *, resend: bool = False) -> Response:
    """The one answer to what is not there: it tells nothing about any case."""
    return note_page(
        request,
        Note(
            resend=resend,
            title=text("This link is not valid"),
            lines=(
                text("It is unknown, has expired, or the task was given to somebody else."),
                text("Please look at your newest message, or at My tasks."),
            ),
            status=404,
            home=True,
        ),
    )


def sent_again() -> str:
    """What is said when a link was asked for again, whatever became of it."""
    return text(
        "If this task is still yours, its link comes again the usual way in a moment. "
        "It is sent at most once in five minutes."
    )


def done_words(by: str | None, at: datetime | None, context: Context, now: datetime) -> str:
    """`已由…于…完成`."""
    when = moment_words(at, now, context.calendar.zone) if at else ""
    if by and when:
        return text("Done by {by} at {at}", by=by, at=when)
    return text("Done at {at}", at=when) if when else text("This was already done")


def refusal_words(error: Refused, context: Context, now: datetime) -> str:
    """Why the case did not accept it, for the person who tried."""
    match error:
        case WorkItemClosed():
            return done_words(error.by, _moment(error.at), context, now)
        case WindowClosed(opens_at=None):
            return text("The time window for this is over; the task comes again in the next one.")
        case WindowClosed(opens_at=opens) if opens:
            when = moment_words(opens, now, context.calendar.zone)
            return text("This may only be done from {when} on.", when=when)
        case NotYours():
            return _not_yours(error.reason, context)
        case CaseClosed():
            return text("The case is closed.")
    return text("The case has moved on; this can no longer be done.")


def _not_yours(reason: str, context: Context) -> str:
    kind, _, detail = reason.partition(":")
    match kind:
        case "claimed_by":
            return text("{name} is already doing this.", name=context.label(detail))
        case "needs_role":
            role = context.roles.get(detail)
            return text("Only {role} may press this.", role=role.label if role else detail)
        case "signed_already":
            return text("You have signed already; somebody else must sign too.")
        case "answered_by":
            return text("Only {name} can take this back.", name=context.label(detail))
        case "not_same_person":
            return text("Somebody else must do this: that colleague did the step before.")
        case "no_delegation":
            return text("This task cannot be handed over.")
    return text("This task was not given to you.")


def _moment(value: datetime | str | None) -> datetime | None:
    # The engine's memory of an answer is JSON: its times are text.
    return datetime.fromisoformat(value) if isinstance(value, str) else value
