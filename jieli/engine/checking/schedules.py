"""Starts by the calendar: their times, what they are done for, and the fields they fill."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields

from jieli.engine.calendar import WEEKDAYS
from jieli.engine.checking.actions import knows_list
from jieli.engine.checking.people import knows_role
from jieli.engine.checking.report import Report
from jieli.engine.checking.times import check_duration
from jieli.engine.checking.vocabulary import Known, Meaning, Vocabulary
from jieli.engine.definition import Process
from jieli.engine.schedules import Each, Sample, Schedule
from jieli.engine.shift_changes import ShiftChange
from jieli.engine.yaml_nodes import Path

_KINDS = ("daily", "weekly", "monthly", "shift_change")
_CLOCK = r"([01]\d|2[0-3]):[0-5]\d"
_FORMS = {
    "daily": re.compile(_CLOCK),
    "weekly": re.compile(rf"({'|'.join(WEEKDAYS)}) {_CLOCK}"),
    "monthly": re.compile(rf"([1-9]|[12]\d|3[01]|last) {_CLOCK}"),
}
_LIKE = {"daily": "09:00", "weekly": "fri 11:00", "monthly": "15 09:00"}
_OF_A_SAMPLE = ("ref", "title", "case_id", "process", "result", "owner", "opened_at", "closed_at")
_OF_THE_BOARD = ("open", "overdue", "nobody", "stuck", "soon")
_OF_A_CHANGE = (*(each.name for each in fields(ShiftChange)), "key")


def check(report: Report) -> None:
    """Every schedule of a process."""
    for number, start in enumerate(report.process.start):
        path: Path = ("start", number, "schedule")
        if start.schedule is not None and not report.is_broken("start"):
            _check_times(report, start.schedule, path)
            if start.schedule.each is not None:
                _check_each(report, start.schedule, start.schedule.each, (*path, "each"))
            _check_data(report, start.schedule, path)


def _check_times(report: Report, schedule: Schedule, path: Path) -> None:
    said = [key for key in _KINDS if getattr(schedule, key)]
    if len(said) != 1:
        report.note(path, "Exactly one of {words} is needed", key=True, words=", ".join(_KINDS))
    for key, form in _FORMS.items():
        for number, words in enumerate(getattr(schedule, key)):
            if not form.fullmatch(words):
                message = '"{value}" is no such time; write it like "{example}"'
                report.note((*path, key, number), message, value=words, example=_LIKE[key])
    if schedule.shift_change is None:
        return
    here = (*path, "shift_change")
    check_duration(report, schedule.shift_change.before, (*here, "before"))
    for number, post in enumerate(schedule.shift_change.posts):
        if "posts" in report.around.whole_parts:
            report.knows((*here, "posts", number), 'There is no post "{name}"', post,
                         report.around.context.posts)  # fmt: skip


def _check_each(report: Report, schedule: Schedule, each: Each, path: Path) -> None:
    said = [key for key in ("people", "sample", "rows", "of") if getattr(each, key) is not None]
    if len(said) != 1:
        report.note(path, "Exactly one of {words} is needed", key=True,
                    words="people, sample, rows, of")  # fmt: skip
    if each.people is not None:
        knows_role(report, (*path, "people"), each.people)
    elif each.on_shift:
        report.note((*path, "on_shift"), "on_shift: goes with people:", key=True)
    if each.sample is not None:
        _check_sample(report, each.sample, (*path, "sample"))
    if each.rows is not None:
        knows_list(report, (*path, "rows"), each.rows)
    if each.of is not None:
        known = _known(report, schedule, item=False)
        Vocabulary(report).only((*path, "of"), each.of, known)


def _check_sample(report: Report, sample: Sample, path: Path) -> None:
    if report.around.processes_are_whole:
        report.knows((*path, "process"), 'There is no process "{name}"', sample.process,
                     report.around.processes)  # fmt: skip
    check_duration(report, sample.closed_within, (*path, "closed_within"))
    count: object = sample.count
    if isinstance(sample.count, str):
        report.used_settings.add(sample.count)
        message = 'There is no setting "{name}"; write a number or the name of a setting'
        if not report.knows((*path, "count"), message, sample.count, report.process.settings):
            report.lost_settings = True
            return
        count = report.process.settings[sample.count].value
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        message = 'A number of cases is a whole number from 1 on; "{value}" is not'
        report.note((*path, "count"), message, value=sample.count)


def _check_data(report: Report, schedule: Schedule, path: Path) -> None:
    words, case = Vocabulary(report), report.process.case
    known = _known(report, schedule, item=schedule.each is not None)
    for name, expression in schedule.data.items():
        where = (*path, "data", name)
        if report.knows(
            where, 'The case has no field "{name}"', name, report.case_fields, key=True
        ):
            words.only(where, expression, known)
    missing = [name for name in case.key if name not in schedule.data]
    if missing and not report.is_broken("case", "key"):
        message = "data: does not fill {missing}; without it two starts would be one case"
        report.note(path, message, key=True, missing=", ".join(missing))
        return
    for name in _unfilled(report.process, [*schedule.data, *case.key]):
        report.note(path, 'The field "{name}" is required; data: must fill it', key=True, name=name)


def _unfilled(process: Process, filled: Iterable[str]) -> list[str]:
    done = set(filled)
    return [
        name
        for name, field in process.case.fields.items()
        if field.required is True and field.default is None and field.fill is None
        and name not in done
    ]  # fmt: skip


def _known(report: Report, schedule: Schedule, *, item: bool) -> Known:
    context = report.around.context
    change = {"change": _OF_A_CHANGE} if schedule.shift_change is not None else {}
    # Roles are only known to be missing where the file with them could be read.
    roles = tuple(context.roles) if "roles" in report.around.whole_parts else None
    return {
        "occurrence": None, "date": None, "now": None, "shop": None, "roles": roles,
        "settings": tuple(report.process.settings), "board": _OF_THE_BOARD, **change,
        **({"item": _item(report, schedule.each)} if item and schedule.each else {}),
    }  # fmt: skip


def _item(report: Report, each: Each) -> Meaning:
    if each.sample is not None:
        return _OF_A_SAMPLE
    known = report.around.context.imports.get(each.rows or "")
    return {**dict.fromkeys(("key", "list")), **known.columns} if known else None
