"""The words of test files beside a definition, `*.test.yaml`, and whether what happened fits them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from jieli.engine.context import Context
from jieli.engine.definition import Process
from jieli.engine.errors import DefinitionError, FormError
from jieli.engine.events import MessagePurpose, ProposeEntry, RecordEntry, SendMessage
from jieli.engine.simulation.filling import reason_of
from jieli.engine.simulation.played import Played
from jieli.engine.simulation.reading import check_script, known_word, model_of
from jieli.engine.simulation.script import Length, Script
from jieli.engine.simulation.world import FIRST, Library, World
from jieli.engine.values import Name, OneOrMore, parse_duration
from jieli.engine.words import Words
from jieli.engine.yaml_nodes import Document, Path, read
from jieli.texts import text

Steps = Annotated[tuple[Name, ...], OneOrMore]


class Told(Words):
    """A message that must have been sent, or with `never` must not."""

    to: Name | None = Field(default=None, description="The person, or the role whose group it is.")
    purpose: MessagePurpose | None = Field(default=None, description="What for: work_item, reminder, late, ….")
    step: Name | None = Field(default=None, description="The step it is about.")
    title: str | None = Field(default=None, description="Words of its title.")
    times: int | None = Field(default=None, description="Exactly so many of them.")
    never: bool = Field(default=False, description="There must be none.")


class Entry(Words):
    """A ledger entry that is proposed or written."""

    rule: Name = Field(description="The ledger rule.")
    person: Name | None = Field(default=None, description="Whom it concerns; nothing: nobody is known.")


class Expect(Words):
    """What must have come out; only what is written is compared."""

    path: tuple[Name, ...] | None = Field(default=None, description="Every step that opened, in order.")
    through: Steps = Field(default=(), description="These steps opened, in this order, others between.")
    not_through: Steps = Field(default=(), description="These steps never opened.")
    end: Name | None = Field(default=None, description="The result; `cancelled` for a cancelled case.")
    waits_for: Annotated[tuple[Name, ...], OneOrMore] | None = Field(
        default=None, description="The case is open, and these steps are."
    )
    within: Length | None = Field(default=None, description="It ended at most so long after it began.")
    data: dict[Name, Any] = Field(default={}, description="Field of the case -> its value at the end.")
    messages: Annotated[tuple[Told, ...], OneOrMore] = Field(
        default=(), description="Messages that were sent, in all cases that were played."
    )
    proposals: Annotated[tuple[Entry, ...], OneOrMore] | None = Field(
        default=None, description="Every ledger entry that was proposed; [] for none."
    )
    recorded: Annotated[tuple[Entry, ...], OneOrMore] | None = Field(
        default=None, description="Every ledger entry that was written; [] for none."
    )
    starts: Steps = Field(default=(), description="Processes of which a case was started.")


class Story(Script):
    """One test: a script and what must come out."""

    name: str = Field(description="What it shows, in one sentence.")
    expect: Expect = Field(description="What must come out.")


class TestFile(Words):
    """The tests of one process."""

    __test__ = False  # for pytest: it tests definitions, not us

    tests: Name = Field(description="The process.")
    usual: Script = Field(default=Script(), description="What all of them share; each may say otherwise.")
    stories: tuple[Story, ...] = Field(min_length=1, description="The tests.")


@dataclass(frozen=True)
class Outcome:
    """A test that was run."""

    file: str
    line: int
    process: str
    name: str
    failures: tuple[str, ...]
    world: World | None


def read_tests(file: str, source: str, processes: Mapping[str, Process]) -> tuple[TestFile, Document]:
    """A test file; raises DefinitionError with all its problems."""
    document = read(file, source)
    found = model_of(TestFile, document)
    if found is not None:
        if found.tests not in processes:
            known_word(document, ("tests",), found.tests, list(processes), "process")
        else:
            _check(document, found, processes)
    if document.problems or found is None:
        raise DefinitionError(sorted(document.problems))
    return found, document


def _check(document: Document, found: TestFile, processes: Mapping[str, Process]) -> None:
    process = processes[found.tests]
    check_script(document, ("usual",), found.usual, process, processes)
    for number, story in enumerate(found.stories):
        here: Path = ("stories", number)
        check_script(document, here, story, process, processes)
        expected = story.expect
        for key in ("path", "through", "not_through", "waits_for"):
            for name in getattr(expected, key) or ():
                known_word(document, (*here, "expect", key), name, list(process.steps), "step")
        for name in expected.data:
            place = (*here, "expect", "data", name)
            known_word(document, place, name, list(process.case.fields), "field")
        for name in expected.starts:
            known_word(document, (*here, "expect", "starts"), name, list(processes), "process")


def run_tests(library: Library, found: TestFile, document: Document) -> Iterator[Outcome]:
    """Play every story and compare."""
    for number, story in enumerate(found.stories):
        line = document.place(("stories", number)).line
        world: World | None = World(library, with_usual(found.usual, story))
        try:
            assert world is not None
            world.run(found.tests)
            failures = tuple(_failures(world, story.expect))
        except FormError as error:
            failures, world = (text("It cannot begin: {reason}", reason=reason_of(error)),), None
        yield Outcome(document.file, line, found.tests, story.name, failures, world)


def with_usual(usual: Script, story: Script) -> Script:
    """A script with what all share; what it says itself wins."""
    merged: dict[str, Any] = {}
    for name in Script.model_fields:
        shared, own = getattr(usual, name), getattr(story, name)
        if isinstance(shared, dict):
            merged[name] = {**shared, **own}
        else:
            merged[name] = own if name in story.model_fields_set else shared
    return Script.model_construct(**merged)


# ---- comparing -------------------------------------------------------------------------------------


def _failures(world: World, expected: Expect) -> Iterator[str]:
    first = world.cases[FIRST]
    for each in world.mishaps:
        yield text("{step} does not go: {reason}", step=each.step, reason=each.reason)
    yield from _way(first, expected)
    yield from _ending(world, first, expected)
    state = first.state
    for name, value in expected.data.items():
        found = state.data.get(name) if state else None
        if found != value:
            yield text("{field} is {found}, not {wanted}", field=name, found=found, wanted=value)
    yield from _messages(world, expected.messages)
    yield from _entries(world, ProposeEntry, expected.proposals)
    yield from _entries(world, RecordEntry, expected.recorded)
    started = {each.process for each in _effects(world) if hasattr(each, "process")}
    for process in expected.starts:
        if process not in started:
            yield text("No case of {process} was started", process=process)


def _way(first: Played, expected: Expect) -> Iterator[str]:
    path = first.path
    walked = " → ".join(path)
    if expected.path is not None and list(expected.path) != path:
        wanted = " → ".join(expected.path)
        yield text("The path was {found}, not {wanted}", found=walked, wanted=wanted)
    rest = iter(path)
    missing = [step for step in expected.through if step not in rest]
    if missing:
        yield text("{step} did not open, or not in this order; the path was {found}",
                   step=missing[0], found=walked)  # fmt: skip
    for step in expected.not_through:
        if step in path:
            yield text("{step} opened; the path was {found}", step=step, found=walked)


def _ending(world: World, first: Played, expected: Expect) -> Iterator[str]:
    state = first.state
    assert state is not None
    open_ = [visit.step for visit in state.visits.values()]
    if expected.end is not None and state.result != expected.end:
        if state.status == "open":
            yield text("It did not end; it waits for {steps}", steps="、".join(open_))
        else:
            yield text("It ended as {found}, not {wanted}", found=state.result, wanted=expected.end)
    if expected.waits_for is not None and sorted(expected.waits_for) != sorted(open_):
        found = "、".join(open_) or text("nothing")
        yield text("It waits for {found}, not {wanted}", found=found,
                   wanted="、".join(expected.waits_for))  # fmt: skip
    if expected.within is not None:
        took = (state.closed_at or world.now) - state.opened_at
        if state.closed_at is None or took > parse_duration(expected.within):
            yield text("It took {time}, more than {wanted}", time=took, wanted=expected.within)


def _messages(world: World, wanted: Iterable[Told]) -> Iterator[str]:
    for each in wanted:
        count = sum(_fits(played, message, each) for played, message in _sent(world))
        words = each.model_dump(exclude_none=True, exclude_defaults=True, exclude={"times", "never"})
        said = ", ".join(f"{key}: {value}" for key, value in words.items())
        least = 0 if each.never else each.times
        if least is None and count == 0:
            yield text("No message was sent with {words}", words=said)
        elif least is not None and count != least:
            yield text("{count} messages were sent with {words}, not {wanted}", count=count,
                       words=said, wanted=least)  # fmt: skip


def _sent(world: World) -> Iterator[tuple[Played, SendMessage]]:
    for played in world.cases.values():
        for _, effect in played.effects:
            if isinstance(effect, SendMessage):
                yield played, effect


def _fits(played: Played, message: SendMessage, wanted: Told) -> bool:
    visit = played.visits.get(message.visit) if message.visit is not None else None
    return (
        wanted.to in (None, message.to_person, message.to_role)
        and wanted.purpose in (None, message.purpose)
        and (wanted.step is None or (visit is not None and visit.step == wanted.step))
        and (wanted.title or "") in message.title
    )


def _entries(
    world: World, kind: type[ProposeEntry] | type[RecordEntry], wanted: tuple[Entry, ...] | None
) -> Iterator[str]:
    if wanted is None:
        return
    found = sorted((each.rule, each.person or "") for each in _effects(world) if isinstance(each, kind))
    expected = sorted((each.rule, each.person or "") for each in wanted)
    if found != expected:
        words = {
            ProposeEntry: "Proposed for the ledger was {found}, not {wanted}",
            RecordEntry: "Written into the ledger was {found}, not {wanted}",
        }[kind]
        yield text(words, found=_listed(world.context, found), wanted=_listed(world.context, expected))


def _listed(context: Context, entries: list[tuple[str, str]]) -> str:
    said = [f"{rule} ({context.label(person) or '–'})" for rule, person in entries]
    return "、".join(said) or text("nothing")


def _effects(world: World) -> Iterator[Any]:
    for played in world.cases.values():
        yield from (effect for _, effect in played.effects)
