"""The case as a whole: its key, priority, starts, ends, and the cases it starts."""

from __future__ import annotations

import re

from jieli.engine.checking.report import Report
from jieli.engine.definition import EndStep, SubCaseStep
from jieli.engine.yaml_nodes import Path

ENVIRONMENT_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


def check(report: Report) -> None:
    """What the process says of its cases."""
    case = report.process.case
    for key, names in (("key", case.key), ("summary", case.summary)):
        for number, name in enumerate(names):
            report.knows(("case", key, number), 'The case has no field "{name}"',
                         name, report.case_fields)  # fmt: skip
    _check_priority(report)
    _check_starts(report)
    _check_ends(report)
    for _, step, path in report.steps():
        if isinstance(step, SubCaseStep):
            _check_sub_case(report, step, path)


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


def _check_starts(report: Report) -> None:
    for number, start in enumerate(report.process.start):
        path: Path = ("start", number)
        ways = [bool(start.form), bool(start.webhook), start.case]
        if sum(ways) != 1:
            report.note(path, "Exactly one of form, webhook and case is needed")
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
    if step.results and not words.wait:
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
    ends = [*other.ends, *(each.end for each in other.steps.values() if isinstance(each, EndStep))]
    for result in step.results:
        report.knows((*path, "results", result), 'The process "{process}" has no end "{name}"',
                     result, [*ends, "cancelled"], key=True, process=words.process)  # fmt: skip
