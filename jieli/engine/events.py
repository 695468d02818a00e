"""What happened to a case (past tense) and what is to be done (imperative). Values only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from jieli.engine.case import CaseState, Timer, Visit
from jieli.engine.roster import RosterChange


class _Event(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    by: str | None = None  # a person's id; None is the machine


class CaseStarted(_Event):
    """A case was started; `data` has passed the start form."""

    kind: Literal["case_started"] = "case_started"
    case_id: str
    ref: str
    version: int
    data: dict[str, Any]
    source: str = "form"
    parent: str | None = None
    parent_visit: int | None = None


class WorkItemClaimed(_Event):
    """Somebody took a work item for themselves."""

    kind: Literal["work_item_claimed"] = "work_item_claimed"
    visit: int


class WorkItemDelegated(_Event):
    """A work item was passed on (转办)."""

    kind: Literal["work_item_delegated"] = "work_item_delegated"
    visit: int
    to: str
    reason: str


class WorkItemAnswered(_Event):
    """A button of a human step was pressed; `answers` has passed the form."""

    kind: Literal["work_item_answered"] = "work_item_answered"
    visit: int
    button: str
    answers: dict[str, Any] = {}
    identity: Literal["none", "claim", "pin", "operator"] = "none"


class AnswerTakenBack(_Event):
    """An answer was taken back (撤回) before its effects left."""

    kind: Literal["answer_taken_back"] = "answer_taken_back"
    visit: int


class WaitAnswered(_Event):
    """A button of a wait was pressed."""

    kind: Literal["wait_answered"] = "wait_answered"
    visit: int
    button: str
    answers: dict[str, Any] = {}
    identity: Literal["none", "claim", "pin", "operator"] = "none"


class SignalReceived(_Event):
    """A named event came from outside, perhaps before anybody waits for it."""

    kind: Literal["signal_received"] = "signal_received"
    name: str
    data: dict[str, Any] = {}


class TimerFired(_Event):
    """A timer's time has come; a mismatch of id and time changes nothing."""

    kind: Literal["timer_fired"] = "timer_fired"
    timer: int
    at: datetime


class WorkItemReassigned(_Event):
    """A supervisor gave a work item to somebody (改派), whoever was asked before."""

    kind: Literal["work_item_reassigned"] = "work_item_reassigned"
    visit: int
    to: str
    reason: str


class WorkHandedOver(_Event):
    """The open work of some people is another's now: a handover was signed, somebody has left.

    What one of `from_people` owns or holds in this case becomes `to`'s.
    """

    kind: Literal["work_handed_over"] = "work_handed_over"
    from_people: tuple[str, ...]
    to: str
    reason: str
    source: str | None = None  # the ref of the handover


class CallAnswered(_Event):
    """A service call was answered; `response` is the body as JSON, cut to size."""

    kind: Literal["call_answered"] = "call_answered"
    visit: int
    attempt: int
    response: Any = None


class CallFailed(_Event):
    """A service call failed for good, or nobody knows whether it happened (`unknown`)."""

    kind: Literal["call_failed"] = "call_failed"
    visit: int
    attempt: int
    reason: str
    unknown: bool = False


class CallRetried(_Event):
    """An operator asked for a blocked call to be made again."""

    kind: Literal["call_retried"] = "call_retried"
    visit: int
    reason: str


class SubCaseEnded(_Event):
    """A case started from this one ended with a result."""

    kind: Literal["sub_case_ended"] = "sub_case_ended"
    visit: int
    case_id: str
    ref: str
    result: str
    data: dict[str, Any] = {}


class ContactBlocked(_Event):
    """The buyer asked not to be contacted again (请勿再联系), here or in another case."""

    kind: Literal["contact_blocked"] = "contact_blocked"


class CaseCancelled(_Event):
    """A supervisor ended the case."""

    kind: Literal["case_cancelled"] = "case_cancelled"
    reason: str


class NoteAdded(_Event):
    """Something an operator or the clock did around the case, for its history only."""

    kind: Literal["note_added"] = "note_added"
    text: str
    detail: dict[str, Any] = {}


Event = Annotated[
    CaseStarted | WorkItemClaimed | WorkItemDelegated | WorkItemAnswered | AnswerTakenBack
    | WorkItemReassigned | WorkHandedOver | WaitAnswered | SignalReceived | TimerFired
    | CallAnswered | CallFailed | CallRetried | SubCaseEnded | ContactBlocked | CaseCancelled | NoteAdded,
    Field(discriminator="kind"),
]  # fmt: skip


# ---- effects ---------------------------------------------------------------------------------

MessagePurpose = Literal[
    "work_item", "reminder", "handed_on", "escalated", "late", "missed", "wait", "notice", "nobody"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessage:
    """Tell one person or one role something; the link, if any, is made by the store."""

    number: int
    purpose: MessagePurpose
    to_person: str | None
    to_role: str | None
    title: str
    text: str
    facts: tuple[tuple[str, str], ...] = ()
    visit: int | None = None
    link: bool = False
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class CancelMessages:
    """Queued messages of a visit have become pointless."""

    visit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeCall:
    """Call another system once, at least once, with this idempotency key."""

    visit: int
    attempt: int
    idempotency_key: str
    method: str
    url: str
    headers: dict[str, str]
    body: dict[str, Any]
    timeout_seconds: float
    sign_with: str | None
    retry_times: int
    retry_first_seconds: float
    retry_longest_seconds: float
    on_unknown: Literal["retry", "ask"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StartCase:
    """Start a case of another process, linked to this visit (which waits for it, or not).

    `key` tells several starts of one visit apart.
    """

    process: str
    data: dict[str, Any]
    visit: int
    wait: bool
    key: str = ""


@dataclass(frozen=True, slots=True)
class CancelSubCases:
    """The visit that waits for them was taken away: nobody needs what they do any more."""

    visit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TellCase:
    """Queue an event for another case."""

    case_id: str
    event: SubCaseEnded


@dataclass(frozen=True, slots=True)
class BlockContact:
    """Nobody contacts this buyer again, in any process."""

    buyer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOverWork:
    """Tell every open case that one of `from_people` owns or holds work of who has it now.

    `chosen` maps a case's ref to the person; the others are shared evenly among `to`. Only cases
    of processes with an owner move.
    """

    visit: int
    from_people: tuple[str, ...]
    to: tuple[str, ...]
    chosen: tuple[tuple[str, str], ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeEntry:
    """Start the case in which a supervisor decides on a ledger entry. The same key only once."""

    key: str
    rule: str
    person: str | None
    reason: str
    evidence: str
    happened_at: datetime
    visit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEntry:
    """Write a confirmed ledger entry. The same key only once."""

    key: str
    rule: str
    person: str
    reason: str
    evidence: str
    happened_at: datetime
    severity: str | None = None
    by: str | None = None


@dataclass(frozen=True, slots=True)
class ChangeRoster:
    """The roster is changed from now on; the context follows."""

    key: str
    change: RosterChange


@dataclass(frozen=True, slots=True)
class MarkRows:
    """Imported rows, by their keys, get a mark."""

    list: str
    keys: tuple[str, ...]
    mark: str


Effect = (
    SendMessage | CancelMessages | MakeCall | StartCase | CancelSubCases | TellCase | BlockContact
    | HandOverWork | ProposeEntry | RecordEntry | ChangeRoster | MarkRows
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a case's history: what happened, where in the definition, with which data."""

    what: str
    step: str | None = None
    visit: int | None = None
    detail: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """The outcome of `advance`: the new state and everything that goes with it in one commit.

    `visits` are those opened, changed or closed, in their final form and in the order opened;
    `timers_set` and `timers_cancelled` are the difference to the stored rows.
    """

    state: CaseState
    visits: tuple[Visit, ...]
    timers_set: tuple[Timer, ...]
    timers_cancelled: tuple[int, ...]
    effects: tuple[Effect, ...]
    entries: tuple[Entry, ...]
