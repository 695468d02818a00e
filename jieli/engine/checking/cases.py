"""The case as a whole: its key, priority, starts, ends, and the cases it starts."""

from __future__ import annotations

import re

from jieli.engine.checking.report import Report
from jieli.engine.definition import EndStep, SubCaseStep
from jieli.engine.personal import has_personal
from jieli.engine.values import parse_duration
from jieli.engine.yaml_nodes import Path

_OWNERS = ("first", "starter")
_WAYS = ("form", "webhook", "case", "rows", "schedule")
ENVIRONMENT_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


def check(report: Report) -> None:
    """What the process says of its cases."""
    case = report.process.case
    for key, names in (("key", case.key), ("summary", case.summary)):
        for number, name in enumerate(names):
            report.knows(("case", key, number), 'The case has no field "{name}"',
                         name, report.case_fields)  # fmt: skip
    _check_retention(report)
    _check_priority(report)
    _check_owner(report)
    _check_starts(report)
    _check_ends(report)
    for _, step, path in report.steps():
        if isinstance(step, SubCaseStep):
            _check_sub_case(report, step, path)


def _check_retention(report: Report) -> None:
    kept = report.process.case.retention
    if kept is None:
        return
    try:
        parse_duration(kept)
    except ValueError:
        report.note(("case", "retention"), "This is no time like 180d")
    if not has_personal(report.process):
        message = "No field of this process is personal; mark them with pii:, or leave this out"
        report.note(("case", "retention"), message, key=True)


def _check_priority(report: Report) -> None:
    priority, path = report.process.case.priority, ("case", "priority")
    if priority is None or not report.knows((*path, "by"), 'The case has no field "{name}"',
                                            priority.by, report.case_fields):  # fmt: skip
        return
    if report.is_broken("case", "fields", priority.by):
        return
    field = report.case_fields[priority.by]
    if field.type != "choice":
        report.note((*path, "by"), 'The field "{name}" is no choice', name=priority.by)
        return
    for option in priority.of:
        report.knows((*path, "of", option), 'The field "{field}" has no option "{name}"',
                     option, field.of, key=True, field=priority.by)  # fmt: skip


def _check_owner(report: Report) -> None:
    owner, path = report.process.case.owner, ("case", "owner")
    if owner is None or owner in _OWNERS:
        return
    message = 'The case has no field "{name}"; first and starter can own a case too'
    if not report.knows(path, message, owner, [*report.case_fields, *_OWNERS]):
        return
    field = report.case_fields[owner]
    if field.label and field.type != "person":
        report.note(path, 'The field "{name}" is no person', name=owner)


def _check_starts(report: Report) -> None:
    for number, start in enumerate(report.process.start):
        path: Path = ("start", number)
        if sum(bool(getattr(start, way)) for way in _WAYS) != 1:
            report.note(path, "Exactly one of {words} is needed", words=", ".join(_WAYS))
        if start.webhook and not ENVIRONMENT_NAME.fullmatch(start.webhook.secret):
            message = (
                "This must be the name of an environment variable, like MY_SHOP_SECRET; "
                "a secret never stands in a file"
            )
            report.note((*path, "webhook", "secret"), message)


def _check_ends(report: Report) -> None:
    ends = report.process.ends
    used = {step.end for _, step, _ in report.steps() if isinstance(step, EndStep)}
    for name, step, _ in report.steps():
        if isinstance(step, EndStep) and step.end not in ends:
            path: Path = ("steps", name, "end")
            report.knows(path, 'The end "{name}" has no text under ends:', step.end, ends)
    for result in ends:
        if result not in used and result != "cancelled" and not report.flawed:
            message = 'No step ends with "{name}"'
            report.note(("ends", result), message, key=True, name=result)


def _check_sub_case(report: Report, step: SubCaseStep, path: Path) -> None:
    words = step.sub_case
    here = (*path, "sub_case")
    if step.results and words.each is not None:
        message = "results: has no meaning with each:; look at {step}.each and decide"
        report.note((*path, "results"), message, key=True, step=path[1])
    elif step.results and not words.wait:
        report.note((*path, "results"), "results: has no meaning with wait: no", key=True)
    other = report.around.processes.get(words.process)
    if other is None:
        if report.around.processes_are_whole:
            report.knows((*here, "process"), 'There is no process "{name}"',
                         words.process, report.around.processes)  # fmt: skip
        return
    if not any(start.case for start in other.start):
        message = 'The process "{name}" cannot be started by a case; it needs start: case: yes'
        report.note((*here, "process"), message, name=words.process)
    for name in words.data:
        report.knows((*here, "data", name), 'The process "{process}" has no field "{name}"',
                     name, other.case.fields, key=True, process=words.process)  # fmt: skip
    for name, field in other.case.fields.items():
        if field.required is True and field.default is None and name not in words.data:
            message = 'The process "{process}" requires the field "{name}"'
            report.note((*here, "data"), message, key=True, name=name, process=words.process)
    for name, theirs in words.save.items():
        where = (*here, "save", name)
        message = 'The case has no field "{name}"'
        report.knows(where, message, name, report.case_fields, key=True)
        report.knows(where, 'The process "{process}" has no field "{name}"',
                     theirs, other.case.fields, process=words.process)  # fmt: skip
    if words.save and not words.wait:
        report.note((*here, "save"), "save: has no meaning with wait: no", key=True)
    ends = [*other.ends, *(each.end for each in other.steps.values() if isinstance(each, EndStep))]
    for result in step.results:
        report.knows((*path, "results", result), 'The process "{process}" has no end "{name}"',
                     result, [*ends, "cancelled"], key=True, process=words.process)  # fmt: skip
