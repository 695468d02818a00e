"""The fields of cases and forms: options, rows, bounds, and where an answer is written."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jieli.engine.checking.filling import check_fill
from jieli.engine.checking.people import knows_role
from jieli.engine.checking.report import Report
from jieli.engine.checking.vocabulary import OF_A_STEP, RESERVED
from jieli.engine.definition import CallStep, FieldWords, HumanStep, WaitStep
from jieli.engine.elements import each_of
from jieli.engine.inputs import MOST_FILES
from jieli.engine.yaml_nodes import Path

_BOUNDED = ("number", "money", "date", "datetime", "rows", "choices", "people", "files")
_WRITTEN = ("text", "long_text")


def check(report: Report) -> None:
    """Every field there is, and everything that names one."""
    _check_fields(report, report.process.case.fields, ("case", "fields"))
    for name, field in report.process.case.fields.items():
        here: Path = ("case", "fields", name)
        _check_free(report, here, name, [*RESERVED, *report.process.steps])
        if field.case_field is not None:
            report.note((*here, "case_field"), "case_field: is for the fields of steps", key=True)
    for name, step, path in report.steps():
        _check_free(report, path, name, [*RESERVED, "item"])
        if each_of(step) is not None and "item" in report.case_fields:
            message = "item is a field of the case already; call that field something else"
            report.note(path, message, key=True)
        if isinstance(step, HumanStep | WaitStep):
            _check_form(report, step, path)
            for number, situation in enumerate(getattr(step, "phrases", ())):
                _knows_situation(report, (*path, "phrases", number), situation)
        elif isinstance(step, CallStep):
            for saved in step.call.save:
                _knows_field(report, (*path, "call", "save", saved), saved, key=True)


def _knows_situation(report: Report, path: Path, name: str) -> None:
    known = report.around.context.phrases
    # A shop without phrases shows none; one that has some means one of them.
    if known and "phrases" in report.around.whole_parts:
        report.knows(path, 'There is no situation "{name}" in the phrases', name, known)


def _check_free(report: Report, path: Path, name: str, taken: list[str] | tuple[str, ...]) -> None:
    if name in taken:
        message = '"{name}" means something else in expressions; choose another name'
        if name not in RESERVED:
            message = 'There is a step "{name}" too; expressions could not tell them apart'
        report.note(path, message, key=True, name=name)


def _check_form(report: Report, step: HumanStep | WaitStep, path: Path) -> None:
    _check_fields(report, step.form, (*path, "form"))
    for name, field in step.form.items():
        here = (*path, "form", name)
        if name in OF_A_STEP or name in ("result", "ref", "each"):
            message = '"{step}.{name}" means something else in expressions; choose another name'
            report.note(here, message, key=True, name=name, step=path[1])
        if field.case_field is not None:
            _check_case_field(report, field, field.case_field, (*here, "case_field"))
    for key, button in step.buttons.items():
        here = (*path, "buttons", key)
        for number, name in enumerate(button.needs):
            report.knows((*here, "needs", number), 'The form has no field "{name}"',
                         name, step.form)  # fmt: skip
        for name in button.sets:
            _knows_field(report, (*here, "sets", name), name, key=True)
        if button.block_contact and report.process.case.buyer is None:
            message = "Whom not to contact is not known; block_contact needs case.buyer"
            report.note((*here, "block_contact"), message, key=True)


def _knows_field(report: Report, path: Path, name: str, *, key: bool = False) -> bool:
    message = 'The case has no field "{name}"'
    return report.knows(path, message, name, report.case_fields, key=key)


def _check_case_field(report: Report, field: FieldWords, name: str, path: Path) -> None:
    if not _knows_field(report, path, name) or report.is_broken("case", "fields", name):
        return
    into = report.case_fields[name]
    if field.type != into.type and not (field.type in _WRITTEN and into.type in _WRITTEN):
        message = 'This is of type {own}, the case\'s field "{name}" of type {other}'
        report.note(path, message, name=name, own=field.type, other=into.type)
    elif missing := [key for key in field.of if key not in into.of]:
        message = 'The case\'s field "{name}" has no option {missing}'
        report.note(path, message, name=name, missing=", ".join(missing))


def _check_fields(report: Report, fields: Mapping[str, FieldWords], path: Path) -> None:
    for name, field in fields.items():
        here = (*path, name)
        if report.is_broken(*map(str, here)):
            continue
        _check_options(report, field, here)
        _check_bounds(report, field, here)
        _check_pattern(report, field, here)
        if field.type == "rows":
            _check_rows(report, field, here)
        elif field.fields:
            report.note((*here, "fields"), "fields: is for type: rows", key=True)
        _check_files(report, field, here)
        if field.role is not None:
            _check_role(report, field, (*here, "role"))
        if field.fill is not None:
            check_fill(report, field, field.fill, (*here, "fill"))


def _check_files(report: Report, field: FieldWords, path: Path) -> None:
    if field.kinds and field.type != "files":
        report.note((*path, "kinds"), "kinds: is for type: files", key=True)
    if field.type != "files":
        return
    if field.default is not None:
        report.note((*path, "default"), "Files have no default", key=True)
    if isinstance(field.max, float) and field.max > MOST_FILES:
        message = "At most {most} files in one field"
        report.note((*path, "max"), message, most=MOST_FILES)


def _check_role(report: Report, field: FieldWords, path: Path) -> None:
    if field.type not in ("person", "people"):
        report.note(path, "role: is for type: person and people", key=True)
    knows_role(report, path, str(field.role))


def _check_options(report: Report, field: FieldWords, path: Path) -> None:
    chooses = field.type in ("choice", "choices")
    if chooses and not field.of:
        report.note(path, "What can be chosen is missing; write of:", key=True)
    if field.of and not chooses:
        report.note((*path, "of"), "of: is for type: choice and choices", key=True)
    if chooses and isinstance(field.default, str) and field.of:
        report.knows((*path, "default"), 'There is no option "{name}"', field.default, field.of)


def _check_bounds(report: Report, field: FieldWords, path: Path) -> None:
    for key in ("min", "max"):
        if getattr(field, key) is not None and field.type not in _BOUNDED:
            message = "{bound} is for numbers, times and rows; texts have {bound}_length"
            report.note((*path, key), message, key=True, bound=key)
    for key in ("min_length", "max_length"):
        if getattr(field, key) is not None and field.type not in _WRITTEN:
            report.note((*path, key), "{bound} is for texts", key=True, bound=key)
    least, most = field.min, field.max
    if isinstance(least, float) and isinstance(most, float) and least > most:
        report.note((*path, "min"), "The least is more than the most")


def _check_pattern(report: Report, field: FieldWords, path: Path) -> None:
    if field.pattern is None:
        return
    if field.type not in _WRITTEN:
        report.note((*path, "pattern"), "pattern: is for texts", key=True)
    try:
        re.compile(field.pattern)
    except re.error as error:
        message = "This is no regular expression: {reason}"
        report.note((*path, "pattern"), message, reason=str(error))


def _check_rows(report: Report, field: FieldWords, path: Path) -> None:
    if not field.fields:
        report.note(path, "The columns of the rows are missing; write fields:", key=True)
    _check_fields(report, field.fields, (*path, "fields"))
    for name, column in field.fields.items():
        if column.type == "rows":
            report.note((*path, "fields", name, "type"), "Rows have no rows in them")
        if column.type == "files":
            message = "Rows have no files in them; put the field beside the rows"
            report.note((*path, "fields", name, "type"), message)
        if column.case_field is not None:
            where = (*path, "fields", name, "case_field")
            report.note(where, "A column cannot be written into a field of the case", key=True)
