"""Durations: written out, by setting, or chosen by a field; and where they have a meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping

from jieli.engine.checking.report import Report
from jieli.engine.definition import (
    CallStep,
    EventWords,
    FieldWords,
    HumanStep,
    Moment,
    Setting,
    WaitStep,
)
from jieli.engine.values import is_duration
from jieli.engine.yaml_nodes import Path

_PERCENT = re.compile(r"([1-9]\d?)%")


def check(report: Report) -> None:
    """The durations of every step, and the settings that are chosen by a field."""
    for name, setting in report.process.settings.items():
        if isinstance(setting.value, dict) and not report.is_broken("settings", name):
            _check_choosing(report, setting.value, ("settings", name, "value"))
    for _, step, path in report.steps():
        match step:
            case HumanStep():
                _check_human(report, step, path)
            case WaitStep():
                _check_wait(report, step, path)
            case CallStep():
                _check_duration(report, step.call.timeout, (*path, "call", "timeout"))
                _check_duration(report, step.retry.first, (*path, "retry", "first"))
                _check_duration(report, step.retry.longest, (*path, "retry", "longest"))


def _check_human(report: Report, step: HumanStep, path: Path) -> None:
    if step.finish_within is not None:
        _check_duration(report, step.finish_within, (*path, "finish_within"))
    for number, rung in enumerate(step.who):
        if rung.for_ is not None:
            _check_duration(report, rung.for_, (*path, "who", number, "for"))
    for number, part in enumerate(step.remind):
        _check_reminder(report, step, part, (*path, "remind", number))
    if step.take_back is not None:
        _check_duration(report, step.take_back, (*path, "take_back"))
    _check_duration(report, step.record_grace, (*path, "record_grace"))
    if step.finish_within is None and not step.due and step.when_late:
        report.note((*path, "when_late"), "when_late: needs finish_within:", key=True)


def _check_reminder(report: Report, step: HumanStep, part: str, path: Path) -> None:
    if step.finish_within is None:
        report.note(path, "A reminder needs finish_within:")
    elif part.endswith("%"):
        if not _PERCENT.fullmatch(part):
            report.note(path, '"{value}" is no part of the time; write 1% to 99%', value=part)
    else:
        _check_duration(report, part, path)


def _check_wait(report: Report, step: WaitStep, path: Path) -> None:
    where = (*path, "wait")
    for number, rung in enumerate(step.who):
        if rung.for_ is not None:
            _check_duration(report, rung.for_, (*path, "who", number, "for"))
    for number, name in enumerate(step.starts_after):
        report.knows_step((*path, "starts_after", number), name)
    _check_since(report, step, path)
    if isinstance(step.wait, str):
        _check_duration(report, step.wait, where)
    elif isinstance(step.wait, EventWords):
        if step.wait.since:
            report.knows_step((*where, "since"), step.wait.since)
        if step.wait.at_most is not None:
            _check_duration(report, step.wait.at_most, (*where, "at_most"))
    else:
        _check_moment(report, step.wait, where)


def _check_since(report: Report, step: WaitStep, path: Path) -> None:
    first = next((button.since for button in step.buttons.values() if button.since), None)
    for key, button in step.buttons.items():
        where = (*path, "buttons", key, "since")
        if not button.since or not report.knows_step(where, button.since):
            continue
        if button.since != first:
            report.note(where, 'All buttons of a wait count since the same step, "{name}"',
                        name=first)  # fmt: skip
        elif button.since == path[1]:
            report.note(where, "A wait cannot begin to count before itself")


def _check_moment(report: Report, words: Moment, path: Path) -> None:
    named = [key for key in ("until", "before", "after") if getattr(words, key) is not None]
    if len(named) != 1:
        report.note(path, "Exactly one of until, before and after is needed")
    elif named == ["until"] and words.by is not None:
        report.note((*path, "by"), "by: goes with before: or after:", key=True)
    elif named != ["until"] and words.by is None:
        report.note(path, "How long {word} is missing; write by:", word=named[0])
    if words.by is not None:
        _check_duration(report, words.by, (*path, "by"))


def _check_duration(report: Report, words: str | Mapping[str, str], path: Path) -> None:
    if not isinstance(words, str):
        _check_choosing(report, words, path)
    elif not is_duration(words):
        setting = _setting(report, words, path)
        if setting is None or isinstance(setting.value, dict):
            return
        if not isinstance(setting.value, str) or not is_duration(setting.value):
            message = 'The setting "{name}" is no duration; write 48h, 30m, 3d or 1h30m there'
            report.note(path, message, name=words)


def _setting(report: Report, words: str, path: Path) -> Setting | None:
    report.used_settings.add(words)
    if report.is_broken("settings", words):
        return None
    known = report.process.settings
    message = (
        'There is no setting "{name}", and it is no duration; write 48h, 30m, 3d or 1h30m, '
        "or the name of a setting"
    )
    if report.knows(path, message, words, known):
        return known[words]
    report.lost_settings = True
    return None


def _check_choosing(report: Report, words: Mapping[str, str], path: Path) -> None:
    """`{by: severity, severe: 1h, otherwise: 4h}`: every option has its duration."""
    if "by" not in words:
        report.note(path, "Which field chooses is missing; write by: and a choice field")
        return
    for key, value in words.items():
        if key != "by":
            _check_duration(report, value, (*path, key))
    if not report.knows((*path, "by"), 'The case has no field "{name}"',
                        words["by"], report.case_fields):  # fmt: skip
        return
    if not report.is_broken("case", "fields", words["by"]):
        _check_options(report, words, report.case_fields[words["by"]], path)


def _check_options(report: Report, words: Mapping[str, str], field: FieldWords, path: Path) -> None:
    if field.type != "choice":
        report.note((*path, "by"), 'The field "{name}" is no choice', name=words["by"])
        return
    for key in words:
        if key not in ("by", "otherwise"):
            report.knows((*path, key), 'The field "{field}" has no option "{name}"',
                         key, field.of, key=True, field=words["by"])  # fmt: skip
    missing = [key for key in field.of if key not in words]
    if missing and "otherwise" not in words:
        message = "Nothing is said for {missing}; name them or write otherwise:"
        report.note(path, message, missing=", ".join(missing))
