"""The files of a task's form: kept as they come, with everything else that was typed as a draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from jieli.engine.scope import form_of
from jieli.store.files import owner_of
from jieli.texts import text
from jieli.web.task import read_files
from jieli.web.turn import Turn, save_draft, show
from jieli.web.typed import Notice
from jieli.web.uploads import Uploader, most_files, receive, without


async def received(turn: Turn) -> tuple[Turn, Mapping[str, str]]:
    """Keep what was uploaded, with everything else that was typed, as a draft."""
    task, fields = turn.task, form_of(turn.task.step)
    if task.visit.status not in ("open", "listening") or not most_files(fields):
        return turn, {}
    case_id = task.state.case_id
    uploader = Uploader(owner_of(case_id), case_id, turn.actor.person)
    received = await receive(turn.resources, uploader, turn.form, turn.posted, fields)
    if received.count:
        known = await run_in_threadpool(read_files, turn.resources.database, task.state)
        turn = replace(turn, posted=received.posted, task=replace(task, files=known))
        await save_draft(turn)
    return turn, received.errors


async def upload(turn: Turn, name: str) -> Response:
    """上传: the files are kept by now; the page comes back with them."""
    if turn.posted.values.get(name):
        return _again(turn, Notice("good", text("Uploaded. Nothing was sent yet.")))
    return show(turn, replace(turn.typed, errors={name: text("Please choose a file first.")}), 422)


async def drop_file(turn: Turn, rest: str) -> Response:
    """A file is taken out of the form; a day later nobody has it any more."""
    name, _, file_id = rest.partition(":")
    changed = replace(turn, posted=without(turn.posted, name, file_id))
    await save_draft(changed)
    return _again(changed, Notice("good", text("The file was taken out.")))


def _again(turn: Turn, notice: Notice) -> Response:
    return show(turn, replace(turn.typed, notices=(notice,)))
