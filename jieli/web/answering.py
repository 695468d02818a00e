"""What the buttons of a task's page do: a POST becomes one event, or the page is shown again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from jieli.engine.definition import Button, FieldWords
from jieli.engine.errors import FormError
from jieli.engine.events import (
    AnswerTakenBack,
    Event,
    NoteAdded,
    WaitAnswered,
    WorkItemAnswered,
    WorkItemClaimed,
    WorkItemDelegated,
)
from jieli.engine.scope import form_of
from jieli.engine.values import parse_duration
from jieli.store.cases import Applied, Duplicate
from jieli.texts import text
from jieli.web import asking, attaching, rows
from jieli.web.claiming import query_for
from jieli.web.fields import local_input
from jieli.web.identity import colleagues
from jieli.web.notices import Note, note_page
from jieli.web.pages import page, see_other
from jieli.web.phrases import hints
from jieli.web.posted import is_empty
from jieli.web.row_views import next_unfilled
from jieli.web.task_form import shift_end, visible_fields
from jieli.web.turn import Turn, ask_again, drop_draft, refused, save_draft, show, submit
from jieli.web.typed import Notice

Handler = Callable[[Turn, str], Awaitable[Response]]


async def respond(turn: Turn) -> Response:
    """Do what the pressed button says; files that came with it are kept first."""
    turn, refused_files = await attaching.received(turn)
    if refused_files:
        return show(turn, replace(turn.typed, errors=refused_files), 422)
    if turn.posted.button and turn.posted.button in turn.task.step.buttons:
        return await answer(turn, turn.posted.button)
    verb, _, rest = turn.posted.do.partition(":")
    handler = HANDLERS.get(verb)
    if handler is None:
        return ask_again(turn, "warn", text("Please press one of the buttons."), 400)
    return await handler(turn, rest)


async def answer(turn: Turn, name: str) -> Response:
    """A decision: the form is checked, confirmed if asked for, and counts."""
    task, button = turn.task, turn.task.step.buttons[name]
    if turn.actor.person is None:
        return _name_missing(turn)
    try:
        answers = asking.checked(task, turn.posted.values, button)
    except FormError as error:
        return show(turn, replace(turn.typed, errors=error.fields), 422)
    if _asks_more(turn):
        words = text(
            "Because of your choice there is more to fill in. Please look and press again."
        )
        return ask_again(turn, "warn", words, 422)
    if better := _better_words(turn):
        return ask_again(turn, "warn", better, 422, hinted=True)
    if button.confirm and not turn.posted.is_confirmed:
        return _confirm(turn, name, button)
    event: type[WaitAnswered] | type[WorkItemAnswered]
    event = WaitAnswered if task.visit.kind == "wait" else WorkItemAnswered
    outcome = await submit(
        turn,
        event(
            visit=task.visit.id, button=name, answers=answers, by=turn.actor.person,
            identity=turn.actor.known_by,
        ),
    )  # fmt: skip
    if not isinstance(outcome, Applied | Duplicate):
        return refused(turn, outcome)
    if button.stay:
        await _keep_the_rest(turn, button)
        return see_other(_back_to(turn, "noted=1"))
    if task.draft:
        # An answer taken back later must come up as it was given, not as the draft before it.
        await drop_draft(turn)
    return see_other(f"{turn.path}?saved=1")


def _better_words(turn: Turn) -> str:
    """Said once: who presses again has read it."""
    if turn.posted.is_hinted:
        return ""
    found = hints(turn.task.step, turn.posted.values, turn.task.context)
    if not found:
        return ""
    return "\n".join([*found, text("If it is right as it is, press once more.")])


async def _keep_the_rest(turn: Turn, button: Button) -> None:
    """What was noted has been sent; what the step still asks for stays as it was typed."""
    fields, others = form_of(turn.task.step), turn.task.step.buttons.values()
    needed = {name for each in others if not each.stay for name in each.needs}
    noted = {name for name in button.needs if name not in needed and not fields[name].required}
    values = {name: value for name, value in turn.posted.values.items() if name not in noted}
    await save_draft(replace(turn, posted=replace(turn.posted, values=values)))


def _asks_more(turn: Turn) -> bool:
    """Whether a choice brought up fields that were not on the page."""
    now_shown = visible_fields(turn.task, turn.posted.values)
    return bool(turn.posted.shown) and not set(now_shown) <= turn.posted.shown


def _name_missing(turn: Turn) -> Response:
    message = text("Please choose your name")
    return show(turn, replace(turn.typed, person_error=message), 422)


def _confirm(turn: Turn, name: str, button: Button) -> Response:
    skipped = {"press", "do", "confirmed"}
    kept = [
        (key, value)
        for key, value in turn.form.multi_items()
        if key not in skipped and isinstance(value, str)
    ]
    words = {
        "process": turn.task.definition.process.title, "ref": turn.task.state.ref,
        "button": button.label, "question": button.confirm, "press": name, "hidden": kept,
        "action": turn.path,
    }  # fmt: skip
    return page(turn.request, "confirm.html", {"page": words})


async def claim(turn: Turn, _: str) -> Response:
    """由我处理: nobody else needs to start."""
    if turn.actor.person is None:
        return _name_missing(turn)
    return await _simple(turn, WorkItemClaimed(visit=turn.task.visit.id, by=turn.actor.person))


async def take_back(turn: Turn, _: str) -> Response:
    """撤回: the answer is open again."""
    visit = turn.task.visit
    # By name only, it is the one who answered who knows of this page; the record says so.
    by = turn.actor.person or visit.by
    return await _simple(turn, AnswerTakenBack(visit=visit.id, by=by))


async def reveal(turn: Turn, _: str) -> Response:
    """显示: the personal data uncovered, once; the case's history says to whom."""
    if turn.actor.person is None:
        return _name_missing(turn)
    note = NoteAdded(text="personal_data_shown", by=turn.actor.person)
    outcome = await submit(turn, note)
    if not isinstance(outcome, Applied | Duplicate):
        return refused(turn, outcome)
    return show(turn, replace(turn.typed, revealed=True))


async def _simple(turn: Turn, event: Event) -> Response:
    outcome = await submit(turn, event)
    if isinstance(outcome, Applied | Duplicate):
        return see_other(_back_to(turn))
    return refused(turn, outcome)


def _back_to(turn: Turn, said: str = "") -> str:
    """The page once more, under the same chosen name."""
    name = ""
    if turn.actor.known_by == "claim" and turn.actor.person:
        name = query_for(turn.resources.ring, turn.task.link.link_id, turn.actor.person)
    asked = "&".join(filter(None, (said, name)))
    return f"{turn.path}?{asked}" if asked else turn.path


async def delegate(turn: Turn, _: str) -> Response:
    """转办: the task goes to a colleague, and this link ends."""
    to, reason = turn.posted.to, turn.posted.reason[:200]
    again = replace(turn.typed, to=to, reason=reason)
    if turn.actor.person is None:
        return _name_missing(turn)
    if to not in dict(colleagues(turn.task)):
        return show(turn, replace(again, delegate_error=text("Please choose a colleague")), 422)
    if not reason:
        return show(turn, replace(again, delegate_error=text("Please give a reason")), 422)
    visit = turn.task.visit.id
    event = WorkItemDelegated(visit=visit, to=to, reason=reason, by=turn.actor.person)
    outcome = await submit(turn, event)
    if not isinstance(outcome, Applied | Duplicate):
        return refused(turn, outcome)
    return handed_over(turn, to)


def handed_over(turn: Turn, to: str) -> Response:
    """Said at once, because the link is no longer valid on the next look."""
    name = turn.task.context.label(to)
    return note_page(
        turn.request,
        Note(
            title=text("Handed to {name}", name=name), kind="good", home=True,
            lines=(text("{name} gets a message with a link.", name=name),),
            process=turn.task.definition.process.title, ref=turn.task.state.ref,
        ),
    )  # fmt: skip


async def draft(turn: Turn, _: str) -> Response:
    """暂存: what was typed is kept, nothing is decided."""
    await save_draft(turn)
    return see_other(_back_to(turn, "draft=1"))


async def back(turn: Turn, _: str) -> Response:
    """From the confirmation back to the form."""
    return show(turn, turn.typed)


async def quick(turn: Turn, rest: str) -> Response:
    """A quick time: the page again with the moment filled in."""
    key, _, offer = rest.rpartition(":")
    at = shift_end(turn.task) if offer == "shift" else None
    if at is None and offer != "shift":
        try:
            at = turn.task.now + parse_duration(offer)
        except (ValueError, OverflowError):
            return show(turn, turn.typed)
    if at is not None:
        at += timedelta(minutes=-at.minute % 5) if offer != "shift" else timedelta()
        value = local_input(at.isoformat(), turn.task.context)
        rows.put(turn.posted.values, key, value)
    return show(turn, turn.typed)


async def arrange_rows(turn: Turn, rest: str) -> Response:
    """Add, change or drop a row; what was typed elsewhere stays, and is kept as a draft."""
    name, _, number = rest.rpartition(":")
    words = form_of(turn.task.step).get(name)
    if words is None or words.type != "rows" or not number.isdecimal():
        return show(turn, turn.typed)
    verb, at = turn.posted.do.partition(":")[0], int(number)
    if verb == "row_save":
        return await _save_row(turn, name, words, at)
    changed = replace(turn, posted=rows.change(turn.posted, name, verb, at))
    await save_draft(changed)
    return show(changed, changed.typed)


async def _save_row(turn: Turn, name: str, words: FieldWords, number: int) -> Response:
    """One row is checked and kept; in a filled table the next unfilled one opens."""
    typed = turn.typed
    given, table = turn.posted.values.get(name) or [], typed.values.get(name) or []
    at = rows.place(given, table, number)
    mistakes = _row_mistakes(turn, name, words, table[at] if at is not None else {})
    if mistakes:
        where = f"{name}.{at if at is not None else number}."
        errors = {where + key if key else name: said for key, said in mistakes.items()}
        return show(turn, replace(typed, errors=errors), 422)
    changed = replace(turn, posted=rows.change(turn.posted, name, "row_save", number))
    await save_draft(changed)
    opened = {key: row for key, row in typed.open_rows.items() if key != name}
    if words.fill and (following := next_unfilled(words, table, at or 0)) is not None:
        opened[name] = following
    said = (Notice("good", text("The row is saved.")),)
    return show(changed, replace(changed.typed, open_rows=opened, notices=said))


def _row_mistakes(turn: Turn, name: str, words: FieldWords, row: dict[str, Any]) -> dict[str, str]:
    """What is wrong with one row alone, by column."""
    if is_empty(row):
        return {"": text("This row is empty.")}
    try:
        asking.check_row(turn.task, name, words, row)
    except FormError as error:
        return {key.removeprefix(f"{name}.0."): said for key, said in error.fields.items()}
    return {}


HANDLERS: dict[str, Handler] = {
    "claim": claim,
    "take_back": take_back,
    "delegate": delegate,
    "draft": draft,
    "back": back,
    "quick": quick,
    "reveal": reveal,
    "upload": attaching.upload,
    "file_drop": attaching.drop_file,
    **dict.fromkeys(("row_add", "row_edit", "row_drop", "row_save"), arrange_rows),
}
