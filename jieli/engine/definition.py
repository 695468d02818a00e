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

    value: int | float | str | bool | dict[str, str] = Field(
        description="The value: a duration (48h), a number, a text, or durations chosen by a field (`by:`)."
    )
    label: str = Field(description="What people read beside the value.")
    source: str = Field(description="The source document and place, or `ours`.")
    clock: Clock | None = Field(
        default=None, description="wall: every hour counts; staffed: only the hours the desk is staffed."
    )


class FieldWords(Words):
    """One question of a form or one field of the case."""

    label: str = Field(description="What people read beside the field.")
    type: FieldType = Field(
        default="text", description="What may be filled in: text, choice, date, phone, rows, …."
    )
    of: dict[str, str] = Field(default={}, description="The options of a choice: key -> text.")
    required: bool | str = Field(default=False, description="yes, no, or an expression.")
    hint: str | None = Field(default=None, description="A short help below the field.")
    default: str | int | float | bool | None = Field(
        default=None, description="What stands in the field at first."
    )
    min: float | str | None = Field(
        default=None,
        description="The least value, the earliest time or the fewest rows; a value or an expression.",
    )
    max: float | str | None = Field(
        default=None,
        description="The largest value, the latest time or the most rows; a value or an expression.",
    )
    min_length: int | None = Field(default=None, description="The fewest characters.")
    max_length: int | None = Field(default=None, description="The most characters.")
    pattern: str | None = Field(
        default=None, description="A regular expression that the whole text must match."
    )
    pattern_message: str | None = Field(
        default=None, description="What people read when the text does not match the pattern."
    )
    show_if: str | None = Field(default=None, description="Expression; a hidden field is not asked.")
    fields: dict[Name, FieldWords] = Field(default={}, description="The columns of repeated rows.")
    pii: Literal["name", "phone", "address", "id"] | None = Field(
        default=None,
        description="Personal data of this kind: masked in messages, never shown in Prefect.",
    )
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

    that: str = Field(description="Expression that must hold over the fields of the form.")
    message: str = Field(description="What people read when it does not hold.")
    at: Name | None = Field(default=None, description="The field at which the message is shown.")


class Go(Words):
    """Where a path leads; `at_most` visits of that step, `then` another step."""

    go_to: Name | None = Field(default=None, description="The step it leads to.")
    again: str | int | None = Field(default=None, description="This step again, at most so often.")
    at_most: str | int | None = Field(
        default=None, description="So many visits of that step: a number or a setting."
    )
    then: Name | None = Field(default=None, description="The step it leads to when the limit is reached.")


class Button(Go):
    """A named decision on a page."""

    label: str = Field(description="What stands on the button.")
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

    role: Name | None = Field(default=None, description="A role: everybody who has it is asked.")
    person: Name | None = Field(default=None, description="One person, by id.")
    same_as: Name | None = Field(default=None, description="Who did that step last.")
    people: str | None = Field(default=None, description="Expression: a person or a list of people.")
    role_from: str | None = Field(default=None, description="Expression: a role, as of a department.")
    owner: bool = Field(default=False, description="Who owns the case now.")
    on_shift: bool = Field(
        default=False, description="Only who works now; if nobody does, at the next shift."
    )
    pick: Literal["all", "one", "turn"] = Field(
        default="all", description="All, one by lot, or one in turn from day to day."
    )
    for_: str | None = Field(
        default=None, alias="for", description="So long they have before the next rung is asked too."
    )


class Recipient(Words):
    """Whom a message goes to: a role, a person, who did a step, who owns the case."""

    role: Name | None = Field(default=None, description="A role: everybody who has it is told.")
    person: Name | None = Field(default=None, description="One person, by id.")
    same_as: Name | None = Field(default=None, description="Who did that step last.")
    people: str | None = Field(default=None, description="Expression: a person or a list of people.")
    role_from: str | None = Field(default=None, description="Expression: a role.")
    owner: bool = Field(default=False, description="Who owns the case now.")
    on_shift: bool = Field(default=False, description="Only who works now, if anybody does.")


class MessageWords(Words):
    """Title and text of a message: Jinja2 over the case's words."""

    title: str = Field(description="The first line of the message: a template.")
    text: str = Field(default="", description="The text of the message: a template.")


class WhenLate(Words):
    """What happens when the due time is over: tell people, propose a ledger entry, go on."""

    after: str = Field(default="0m", description="So long after the due time, by the wall clock.")
    tell: Annotated[tuple[Recipient, ...], OneOrMore] = Field(default=(), description="Who is told then.")
    propose: Name | None = Field(default=None, description="A ledger rule, for who should have done it.")
    go_to: Name | None = Field(default=None, description="Takes the step away.")


class Missed(Words):
    """What happens when a window passed unused; the step is offered again in the next one."""

    tell: Annotated[tuple[Recipient, ...], OneOrMore] = Field(
        default=(), description="Who is told that the window passed unused."
    )


class Signers(Words):
    """n-of-m: so many different people press `button` before it counts."""

    need: Annotated[int, Field(ge=2, le=20)] | str = Field(
        description="A number from 2, or an expression, as `outgoing | length`."
    )
    button: Name = Field(description="The button that so many people press.")


class StepWords(Words):
    """What every step may say."""

    title: str = Field(default="", description="What people call the step.")
    about: str = Field(default="", description="What to do, shown on the page and in the message.")
    urgent: bool = Field(default=False, description="Sets the tag 紧急 while the step is open.")


class Moment(Words):
    """A point in time from a date field, with an offset."""

    until: str | None = Field(default=None, description="Expression: this very time.")
    before: str | None = Field(default=None, description="Expression: a time; it counts `by` before it.")
    after: str | None = Field(default=None, description="Expression: a time; it counts `by` after it.")
    by: str | None = Field(default=None, description="How long before or after.")


class HumanStep(StepWords):
    """Somebody does something and presses a button."""

    who: Annotated[tuple[Rung, ...], OneOrMore] = Field(
        min_length=1,
        description="The ladder of people who are asked; every rung but the last has a time.",
    )
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
    finish_within: str | dict[str, str] | None = Field(
        default=None, description="The time limit: a duration, a setting, or durations chosen by a field."
    )
    due: Annotated[tuple[Moment, ...], OneOrMore] = Field(
        default=(), description="Points in time; the earliest counts, also against finish_within."
    )
    clock: Clock | None = Field(
        default=None, description="wall: every hour counts; staffed: only the hours the desk is staffed."
    )
    remind: Annotated[tuple[str, ...], OneOrMore] = Field(
        default=(),
        description="When they are reminded: a share of the time (50%) or a duration after the step opened.",
    )
    remind_every: str | None = Field(default=None, description="Again and again, in staffed hours.")
    when_late: Annotated[tuple[WhenLate, ...], OneOrMore] = Field(
        default=(), description="What happens when the due time is over, rung by rung."
    )
    overrun: Name | None = Field(
        default=None, description="Bands of the shop's ledger, proposed by how late it was done."
    )
    identity: Identity = Field(
        default="none", description="How sure the answer must be who gives it: none, claim (领取) or pin."
    )
    only_during: Name | None = Field(default=None, description="The named hours in which it may be done.")
    record_grace: str = Field(default="15m", description="Time after the window to record the result.")
    missed: Missed = Field(default=Missed(), description="What happens when the hours passed unused.")
    contacts_buyer: bool = Field(
        default=False,
        description="The step contacts the buyer: not done after 请勿再联系, and the words are checked.",
    )
    take_back: str | None = Field(default=None, description="So long an answer may be taken back.")
    form: dict[Name, FieldWords] = Field(default={}, description="The questions on the page.")
    rules: tuple[Rule, ...] = Field(default=(), description="Rules over several questions.")
    buttons: dict[Name, Button] = Field(
        min_length=1, description="The decisions one may take, and where they lead."
    )
    signers: Signers | None = Field(default=None, description="Several different people must press.")
    message: MessageWords | None = Field(default=None, description="Other words for the message that asks.")
    delegate: bool = Field(default=True, description="转办: may be passed on to a colleague.")
    phrases: Annotated[tuple[Name, ...], OneOrMore] = Field(
        default=(), description="Situations whose phrases can be copied on the page."
    )


class EventWords(Words):
    """An event from outside, by name; one that came early (since that step) counts."""

    event: Name = Field(description="The name of the event.")
    since: Name | None = Field(default=None, description="An event that came after that step counts too.")
    at_most: str | None = Field(default=None, description="Waits no longer than this.")


class WaitStep(StepWords):
    """The case waits for a time or an event; its buttons have a link that lives as long."""

    wait: str | Moment | EventWords = Field(
        description="How long (a duration or a setting), until when, or for which event."
    )
    clock: Clock | None = Field(
        default=None, description="wall: every hour counts; staffed: only the hours the desk is staffed."
    )
    starts_after: Annotated[tuple[Name, ...], OneOrMore] = Field(
        default=(), description="The time counts from the latest of these steps."
    )
    who: Annotated[tuple[Rung, ...], OneOrMore] = Field(
        default=(), description="Who gets the link with the buttons."
    )
    identity: Identity = Field(
        default="none", description="How sure the answer must be who gives it: none, claim (领取) or pin."
    )
    form: dict[Name, FieldWords] = Field(default={}, description="The questions on the page.")
    rules: tuple[Rule, ...] = Field(default=(), description="Rules over several questions.")
    buttons: dict[Name, Button] = Field(default={}, description="What may be pressed while it waits.")
    time_up: Name | None = Field(default=None, description="The step it leads to when the time is up.")
    happened: Name | None = Field(default=None, description="Where the event leads.")
    message: MessageWords | None = Field(
        default=None, description="Other words for the message with the link."
    )


class Retry(Words):
    """How often a call is tried again, and how long to wait in between (doubling)."""

    times: int = Field(default=5, ge=0, le=50, description="How often it is tried again.")
    first: str = Field(
        default="30s", description="How long it waits before the first new try; it doubles each time."
    )
    longest: str = Field(default="1h", description="The longest wait between two tries.")


class HttpCall(Words):
    """A call to another system. `url` names an environment variable or is an address."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field(
        default="POST", description="The method of the call."
    )
    url: str = Field(description="An address, or the name of an environment variable that holds it.")
    body: dict[str, Any] = Field(default={}, description="What is sent as JSON; texts may hold `{{ }}`.")
    headers: dict[str, str] = Field(default={}, description="Headers of the call.")
    timeout: str = Field(default="10s", description="How long an answer is waited for.")
    sign_with: str | None = Field(default=None, description="Environment variable with the secret.")
    save: dict[Name, str] = Field(default={}, description="Case field -> expression over `response`.")


class CallStep(StepWords):
    """A service step: calls another system."""

    call: HttpCall = Field(description="The other system and what is sent to it.")
    retry: Retry = Field(default=Retry(), description="How often it is tried again when it fails.")
    on_unknown: Literal["retry", "ask"] = Field(
        default="retry",
        description="When nobody knows whether it happened: retry, or ask a supervisor (money asks).",
    )
    go_to: Name = Field(description="The step it leads to when it was answered.")
    if_failed: Name | None = Field(default=None, description="The step it leads to when it failed for good.")


class NotifyWords(MessageWords):
    """A message to people, without a link."""

    to: Annotated[tuple[Recipient, ...], OneOrMore] = Field(min_length=1, description="Who is told.")


class NotifyStep(StepWords):
    """A service step: tells people something."""

    notify: NotifyWords = Field(description="The message and whom it goes to.")
    go_to: Name = Field(description="The step it leads to.")


class Branch(Go):
    """One line of a decision."""

    when: str | None = Field(default=None, description="Expression: this line counts when it holds.")
    otherwise: Name | None = Field(default=None, description="The step it leads to when no other line holds.")


class DecisionStep(StepWords):
    """The first line whose `when` is true decides; the last line says `otherwise`."""

    decide: tuple[Branch, ...] = Field(
        min_length=1, description="The lines, from top to bottom; the first that holds counts."
    )


class ParallelStep(StepWords):
    """Several paths at once; they meet in `join`."""

    parallel: tuple[Name, ...] = Field(
        min_length=2, description="The first steps of the paths that go on at the same time."
    )
    join: Name = Field(description="The step where the paths meet.")


class JoinStep(StepWords):
    """Where parallel paths meet: all of them, any one, or a number."""

    needs: Literal["all", "any"] | int = Field(
        description="How many paths must have arrived: all, any, or a number."
    )
    go_to: Name = Field(description="The step it leads to then.")


class SubCaseWords(Words):
    """Another process started from this case and linked with it."""

    process: Name = Field(description="The other process.")
    data: dict[Name, str] = Field(default={}, description="Its field -> expression.")
    wait: bool = Field(default=True, description="Whether this case waits until the other one has ended.")
    each: str | None = Field(default=None, description="Expression: a list; one case for each `item`.")
    save: dict[Name, Name] = Field(
        default={},
        description="When it ends: own case field -> field of the other case. With each: columns "
        "of `<step>.each`.",
    )


class SubCaseStep(StepWords):
    """Starts a case of another process; `results` maps its ends to steps."""

    sub_case: SubCaseWords = Field(description="The other case and what it is given.")
    results: dict[Name, Name] = Field(
        default={}, description="The other case's result -> the step it leads to."
    )
    go_to: Name = Field(description="The step it leads to in all other cases.")


class DoStep(StepWords):
    """A service step: Jieli does something itself."""

    do: Action = Field(description="What Jieli does itself.")
    go_to: Name = Field(description="The step it leads to.")


class EndStep(StepWords):
    """The case is closed with this result."""

    end: Name = Field(description="The result with which the case is closed.")


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


def kind_of_key() -> dict[str, str]:
    """The key that marks a step -> its kind; the first that is there decides."""
    return dict(_KINDS)


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

    by: Name = Field(description="The field that decides.")
    of: dict[str, Priority] = Field(description="The field's options -> urgent, high, normal or low.")


class CaseWords(Words):
    """What a case of this process is: its key, title and fields."""

    key: tuple[Name, ...] = Field(
        min_length=1, description="The fields that make a case one and the same: never two open ones."
    )
    reopen: Literal["never", "after_close"] = Field(
        default="after_close", description="Whether the same key may begin anew after the case is closed."
    )
    title: str = Field(description="The case's title: a template.")
    priority: PriorityWords | None = Field(
        default=None, description="The case's priority by one of its fields."
    )
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
    fields: dict[Name, FieldWords] = Field(description="What is known of a case.")
    rules: tuple[Rule, ...] = Field(default=(), description="Rules over several fields at the start.")


class StartForm(Words):
    """Started by a person of this role with a form."""

    role: Name = Field(description="Who may start it.")


class StartWebhook(Words):
    """Started by a signed call; `secret` names the environment variable."""

    secret: str = Field(description="The environment variable that holds the secret.")


class Start(Words):
    """One way a case of this process may begin."""

    form: StartForm | None = Field(default=None, description="A person of this role starts it with a form.")
    webhook: StartWebhook | None = Field(
        default=None, description="Another system starts it with a signed call."
    )
    case: bool = Field(default=False, description="Started by another case.")
    rows: bool = Field(default=False, description="Started from the rows of a CSV file.")
    schedule: Schedule | None = Field(default=None, description="Started by the calendar.")


class Process(Words):
    """One process file."""

    process: Name = Field(
        description="The name of the process, in small letters: cases, links and files go by it."
    )
    title: str = Field(description="What people call the process.")
    about: str = Field(default="", description="What the process is for and when it begins.")
    settings: dict[Name, Setting] = Field(
        default={}, description="Every value a shop may want to change, in one place."
    )
    case: CaseWords = Field(description="The case: its key, its title and its fields.")
    start: tuple[Start, ...] = Field(min_length=1, description="The ways a case may begin.")
    steps: dict[Name, Step] = Field(
        min_length=1, description="The steps, by name; a case begins with the first."
    )
    ends: dict[Name, str] = Field(default={}, description="Result -> what people read.")

    @property
    def first(self) -> str:
        """The step a case begins with."""
        return next(iter(self.steps))


FieldWords.model_rebuild()
