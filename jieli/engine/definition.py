"""The words of a process definition: what an ops person may write in a process file.

Models only; reading files is the loader's, rules across steps are the checks'.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from jieli.engine.actions import Action
from jieli.engine.fills import Fill
from jieli.engine.schedules import Schedule
from jieli.engine.values import Name, OneOrMore
from jieli.engine.words import Words

Clock = Literal["wall", "staffed"]
Identity = Literal["none", "claim", "pin"]
Priority = Literal["urgent", "high", "normal", "low"]
FieldType = Literal[
    "text", "long_text", "choice", "choices", "yes_no", "number", "money",
    "date", "datetime", "phone", "person", "people", "ledger_rule", "rows", "files",
]  # fmt: skip
FileKind = Literal["photo", "video", "document"]


class Setting(Words):
    """A value a shop may change: a duration, number, text, or a duration chosen by a field."""

    value: int | float | str | bool | dict[str, str]
    label: str
    source: str = Field(description="The source document and place, or `ours`.")
    clock: Clock | None = None


class FieldWords(Words):
    """One question of a form or one field of the case."""

    label: str
    type: FieldType = "text"
    of: dict[str, str] = Field(default={}, description="The options of a choice: key -> text.")
    required: bool | str = Field(default=False, description="yes, no, or an expression.")
    hint: str | None = None
    default: str | int | float | bool | None = None
    min: float | str | None = None
    max: float | str | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    pattern_message: str | None = None
    show_if: str | None = Field(default=None, description="Expression; a hidden field is not asked.")
    fields: dict[Name, FieldWords] = Field(default={}, description="The columns of repeated rows.")
    pii: Literal["name", "phone", "address", "id"] | None = None
    case_field: Name | None = Field(default=None, description="Writes this field of the case.")
    fill: str | Fill | None = Field(
        default=None, description="Before anybody typed: an expression, or where rows come from."
    )
    role: Name | None = Field(default=None, description="person, people: only of this role.")
    kinds: Annotated[tuple[FileKind, ...], OneOrMore] = Field(
        default=(), description="files: what may be uploaded; photos and videos if nothing is said."
    )
    highlight: bool = Field(
        default=False, description="Shown with a mark that does not rest on colour alone."
    )


class Rule(Words):
    """A rule over several fields of a form: `that` must hold, else `message` is shown at `at`."""

    that: str
    message: str
    at: Name | None = None


class Go(Words):
    """Where a path leads; `at_most` visits of that step, `then` another step."""

    go_to: Name | None = None
    again: str | int | None = Field(default=None, description="This step again, at most so often.")
    at_most: str | int | None = None
    then: Name | None = None


class Button(Go):
    """A named decision on a page."""

    label: str
    needs: tuple[Name, ...] = Field(default=(), description="Fields required for this button.")
    unless_needed: bool = Field(default=False, description="Other required fields may stay empty.")
    role: Name | None = Field(default=None, description="Who may press it; default: the step's.")
    since: Name | None = Field(default=None, description="A wait's button counts from this step on.")
    sets: dict[Name, str] = Field(default={}, description="Case field -> expression.")
    block_contact: bool = Field(default=False, description="请勿再联系: nobody contacts the buyer again.")
    stay: bool = Field(default=False, description="It counts, and the step stays open.")
    do: Action | None = Field(default=None, description="What Jieli does when it is pressed.")
    confirm: str | None = Field(default=None, description="Asked before it counts.")


class Rung(Words):
    """One rung of the ladder of people; every rung but the last has a time."""

    role: Name | None = None
    person: Name | None = None
    same_as: Name | None = Field(default=None, description="Who did that step last.")
    people: str | None = Field(default=None, description="Expression: a person or a list of people.")
    role_from: str | None = Field(default=None, description="Expression: a role, as of a department.")
    owner: bool = Field(default=False, description="Who owns the case now.")
    on_shift: bool = False
    pick: Literal["all", "one", "turn"] = Field(
        default="all", description="All, one by lot, or one in turn from day to day."
    )
    for_: str | None = Field(default=None, alias="for")


class Recipient(Words):
    """Whom a message goes to: a role, a person, who did a step, who owns the case."""

    role: Name | None = None
    person: Name | None = None
    same_as: Name | None = None
    people: str | None = Field(default=None, description="Expression: a person or a list of people.")
    role_from: str | None = Field(default=None, description="Expression: a role.")
    owner: bool = False
    on_shift: bool = False


class MessageWords(Words):
    """Title and text of a message: Jinja2 over the case's words."""

    title: str
    text: str = ""


class WhenLate(Words):
    """What happens when the due time is over: tell people, propose a ledger entry, go on."""

    after: str = Field(default="0m", description="So long after the due time, by the wall clock.")
    tell: Annotated[tuple[Recipient, ...], OneOrMore] = ()
    propose: Name | None = Field(default=None, description="A ledger rule, for who should have done it.")
    go_to: Name | None = Field(default=None, description="Takes the step away.")


class Missed(Words):
    """What happens when a window passed unused; the step is offered again in the next one."""

    tell: Annotated[tuple[Recipient, ...], OneOrMore] = ()


class Signers(Words):
    """n-of-m: so many different people press `button` before it counts."""

    need: Annotated[int, Field(ge=2, le=20)] | str = Field(
        description="A number from 2, or an expression, as `outgoing | length`."
    )
    button: Name


class StepWords(Words):
    """What every step may say."""

    title: str = ""
    about: str = Field(default="", description="What to do, shown on the page and in the message.")
    urgent: bool = Field(default=False, description="Sets the tag 紧急 while the step is open.")


class Moment(Words):
    """A point in time from a date field, with an offset."""

    until: str | None = None
    before: str | None = None
    after: str | None = None
    by: str | None = None


class HumanStep(StepWords):
    """Somebody does something and presses a button."""

    who: Annotated[tuple[Rung, ...], OneOrMore] = Field(min_length=1)
    not_same_as: Annotated[tuple[Name, ...], OneOrMore] = Field(
        default=(), description="May not be who did or signed these steps."
    )
    each: str | None = Field(
        default=None, description="Expression: a list; one work item for each, as `item`."
    )
    each_needs: Literal["all", "any"] | int | str = Field(
        default="all", description="With each: how many must be done before it goes on."
    )
    go_to: Name | None = Field(default=None, description="With each: where it leads then.")
    finish_within: str | dict[str, str] | None = None
    due: Annotated[tuple[Moment, ...], OneOrMore] = Field(
        default=(), description="Points in time; the earliest counts, also against finish_within."
    )
    clock: Clock | None = None
    remind: Annotated[tuple[str, ...], OneOrMore] = ()
    remind_every: str | None = Field(default=None, description="Again and again, in staffed hours.")
    when_late: Annotated[tuple[WhenLate, ...], OneOrMore] = ()
    overrun: Name | None = Field(
        default=None, description="Bands of the shop's ledger, proposed by how late it was done."
    )
    identity: Identity = "none"
    only_during: Name | None = None
    record_grace: str = Field(default="15m", description="Time after the window to record the result.")
    missed: Missed = Missed()
    contacts_buyer: bool = False
    take_back: str | None = Field(default=None, description="So long an answer may be taken back.")
    form: dict[Name, FieldWords] = {}
    rules: tuple[Rule, ...] = ()
    buttons: dict[Name, Button] = Field(min_length=1)
    signers: Signers | None = None
    message: MessageWords | None = None
    delegate: bool = Field(default=True, description="转办: may be passed on to a colleague.")
    phrases: Annotated[tuple[Name, ...], OneOrMore] = Field(
        default=(), description="Situations whose phrases can be copied on the page."
    )


class EventWords(Words):
    """An event from outside, by name; one that came early (since that step) counts."""

    event: Name
    since: Name | None = None
    at_most: str | None = Field(default=None, description="Waits no longer than this.")


class WaitStep(StepWords):
    """The case waits for a time or an event; its buttons have a link that lives as long."""

    wait: str | Moment | EventWords
    clock: Clock | None = None
    starts_after: Annotated[tuple[Name, ...], OneOrMore] = ()
    who: Annotated[tuple[Rung, ...], OneOrMore] = ()
    identity: Identity = "none"
    form: dict[Name, FieldWords] = {}
    rules: tuple[Rule, ...] = ()
    buttons: dict[Name, Button] = {}
    time_up: Name | None = None
    happened: Name | None = Field(default=None, description="Where the event leads.")
    message: MessageWords | None = None


class Retry(Words):
    """How often a call is tried again, and how long to wait in between (doubling)."""

    times: int = Field(default=5, ge=0, le=50)
    first: str = "30s"
    longest: str = "1h"


class HttpCall(Words):
    """A call to another system. `url` names an environment variable or is an address."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = "POST"
    url: str
    body: dict[str, Any] = {}
    headers: dict[str, str] = {}
    timeout: str = "10s"
    sign_with: str | None = Field(default=None, description="Environment variable with the secret.")
    save: dict[Name, str] = Field(default={}, description="Case field -> expression over `response`.")


class CallStep(StepWords):
    """A service step: calls another system."""

    call: HttpCall
    retry: Retry = Retry()
    on_unknown: Literal["retry", "ask"] = "retry"
    go_to: Name
    if_failed: Name | None = None


class NotifyWords(MessageWords):
    """A message to people, without a link."""

    to: Annotated[tuple[Recipient, ...], OneOrMore] = Field(min_length=1)


class NotifyStep(StepWords):
    """A service step: tells people something."""

    notify: NotifyWords
    go_to: Name


class Branch(Go):
    """One line of a decision."""

    when: str | None = None
    otherwise: Name | None = None


class DecisionStep(StepWords):
    """The first line whose `when` is true decides; the last line says `otherwise`."""

    decide: tuple[Branch, ...] = Field(min_length=1)


class ParallelStep(StepWords):
    """Several paths at once; they meet in `join`."""

    parallel: tuple[Name, ...] = Field(min_length=2)
    join: Name


class JoinStep(StepWords):
    """Where parallel paths meet: all of them, any one, or a number."""

    needs: Literal["all", "any"] | int
    go_to: Name


class SubCaseWords(Words):
    """Another process started from this case and linked with it."""

    process: Name
    data: dict[Name, str] = Field(default={}, description="Its field -> expression.")
    wait: bool = True
    each: str | None = Field(default=None, description="Expression: a list; one case for each `item`.")
    save: dict[Name, Name] = Field(
        default={},
        description="When it ends: own case field -> field of the other case. With each: columns "
        "of `<step>.each`.",
    )


class SubCaseStep(StepWords):
    """Starts a case of another process; `results` maps its ends to steps."""

    sub_case: SubCaseWords
    results: dict[Name, Name] = {}
    go_to: Name


class DoStep(StepWords):
    """A service step: Jieli does something itself."""

    do: Action
    go_to: Name


class EndStep(StepWords):
    """The case is closed with this result."""

    end: Name


_KINDS: dict[str, str] = {
    "wait": "wait", "who": "human", "call": "call", "notify": "notify", "decide": "decision",
    "parallel": "parallel", "needs": "join", "sub_case": "sub_case", "do": "do", "end": "end",
}  # fmt: skip
_KIND_OF_MODEL: dict[type[StepWords], str] = {
    HumanStep: "human", WaitStep: "wait", CallStep: "call", NotifyStep: "notify",
    DecisionStep: "decision", ParallelStep: "parallel", JoinStep: "join",
    SubCaseStep: "sub_case", DoStep: "do", EndStep: "end",
}  # fmt: skip


def kind_of(step: Any) -> str | None:
    """The kind of a step, from its model or from the keys an ops person wrote."""
    if isinstance(step, StepWords):
        return _KIND_OF_MODEL[type(step)]
    return next((kind for key, kind in _KINDS.items() if key in step), None) if isinstance(step, dict) else None


Step = Annotated[
    Annotated[HumanStep, Tag("human")]
    | Annotated[WaitStep, Tag("wait")]
    | Annotated[CallStep, Tag("call")]
    | Annotated[NotifyStep, Tag("notify")]
    | Annotated[DecisionStep, Tag("decision")]
    | Annotated[ParallelStep, Tag("parallel")]
    | Annotated[JoinStep, Tag("join")]
    | Annotated[SubCaseStep, Tag("sub_case")]
    | Annotated[DoStep, Tag("do")]
    | Annotated[EndStep, Tag("end")],
    Discriminator(kind_of),
]


class PriorityWords(Words):
    """The case's priority by one of its fields."""

    by: Name
    of: dict[str, Priority]


class CaseWords(Words):
    """What a case of this process is: its key, title and fields."""

    key: tuple[Name, ...] = Field(min_length=1)
    reopen: Literal["never", "after_close"] = "after_close"
    title: str
    priority: PriorityWords | None = None
    owner: Name | None = Field(
        default=None,
        description="Who owns the case: `first`, who took it up first; `starter`, who started it; "
        "or the field of the case that names the person.",
    )
    tags: dict[str, str] = Field(default={}, description="Tag -> expression; shown in Prefect.")
    buyer: str | None = Field(default=None, description="Template: who the buyer is, for 请勿再联系.")
    retention: str | None = Field(
        default=None, description="So long after closing personal data stays, as 180d."
    )
    contact_blocked: Name | None = Field(default=None, description="Where contact steps lead then.")
    summary: tuple[Name, ...] = Field(default=(), description="Fields shown in messages and pages.")
    fields: dict[Name, FieldWords]
    rules: tuple[Rule, ...] = ()


class StartForm(Words):
    """Started by a person of this role with a form."""

    role: Name


class StartWebhook(Words):
    """Started by a signed call; `secret` names the environment variable."""

    secret: str


class Start(Words):
    """One way a case of this process may begin."""

    form: StartForm | None = None
    webhook: StartWebhook | None = None
    case: bool = Field(default=False, description="Started by another case.")
    rows: bool = Field(default=False, description="Started from the rows of a CSV file.")
    schedule: Schedule | None = Field(default=None, description="Started by the calendar.")


class Process(Words):
    """One process file."""

    process: Name
    title: str
    about: str = ""
    settings: dict[Name, Setting] = {}
    case: CaseWords
    start: tuple[Start, ...] = Field(min_length=1)
    steps: dict[Name, Step] = Field(min_length=1)
    ends: dict[Name, str] = Field(default={}, description="Result -> what people read.")

    @property
    def first(self) -> str:
        """The step a case begins with."""
        return next(iter(self.steps))


FieldWords.model_rebuild()
