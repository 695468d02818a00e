"""Durations: written out, by setting, or chosen by a field; and where they have a meaning."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from jieli.engine.checking.actions import knows_rule
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
from jieli.engine.values import is_duration, parse_duration
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
                check_duration(report, step.call.timeout, (*path, "call", "timeout"))
                check_duration(report, step.retry.first, (*path, "retry", "first"))
                check_duration(report, step.retry.longest, (*path, "retry", "longest"))


def _check_human(report: Report, step: HumanStep, path: Path) -> None:
    if step.finish_within is not None:
        check_duration(report, step.finish_within, (*path, "finish_within"))
    for number, rung in enumerate(step.who):
        if rung.for_ is not None:
            check_duration(report, rung.for_, (*path, "who", number, "for"))
    for number, part in enumerate(step.remind):
        _check_reminder(report, step, part, (*path, "remind", number))
    if step.take_back is not None:
        check_duration(report, step.take_back, (*path, "take_back"))
    check_duration(report, step.record_grace, (*path, "record_grace"))
    if step.remind_every is not None:
        check_duration(report, step.remind_every, (*path, "remind_every"))
        if _length(report, step.remind_every) == timedelta(0):
            report.note((*path, "remind_every"), "So often nobody can be reminded")
    for number, moment in enumerate(step.due):
        check_moment(report, moment, (*path, "due", number))
    _check_late(report, step, path)


def _check_late(report: Report, step: HumanStep, path: Path) -> None:
    """What happens when it is late, in order, and only where there is a time to be late for."""
    for key in ("when_late", "overrun"):
        if getattr(step, key) and not has_due_time(step):
            message = "{word}: needs finish_within: or due:"
            report.note((*path, key), message, key=True, word=key)
    if step.overrun is not None and "ledger" in report.around.whole_parts:
        known = report.around.context.ledger.overruns
        message = 'The ledger has no bands "{name}" under overruns:'
        report.knows((*path, "overrun"), message, step.overrun, known)
    before = timedelta(0)
    for number, rung in enumerate(step.when_late):
        here = (*path, "when_late", number)
        check_duration(report, rung.after, (*here, "after"))
        length = _length(report, rung.after)
        if length is not None and (length < before or (number and length == before)):
            report.note(
                (*here, "after"), "This comes later than the one before; write a longer time"
            )
        before = length if length is not None else before
        if rung.propose is not None:
            knows_rule(report, (*here, "propose"), rung.propose)
        if rung.go_to is not None and number < len(step.when_late) - 1:
            message = "The step is taken away here; what comes later never happens"
            report.note((*here, "go_to"), message, key=True)


def has_due_time(step: HumanStep) -> bool:
    """Whether the step can be late at all."""
    return step.finish_within is not None or bool(step.due)


def _length(report: Report, words: str) -> timedelta | None:
    """How long a duration is, where it does not hang on a field."""
    setting = report.process.settings.get(words)
    value = setting.value if setting else words
    return parse_duration(value) if isinstance(value, str) and is_duration(value) else None


def _check_reminder(report: Report, step: HumanStep, part: str, path: Path) -> None:
    if not has_due_time(step):
        report.note(path, "A reminder needs finish_within: or due:")
    elif part.endswith("%"):
        if not _PERCENT.fullmatch(part):
            report.note(path, '"{value}" is no part of the time; write 1% to 99%', value=part)
    else:
        check_duration(report, part, path)


def _check_wait(report: Report, step: WaitStep, path: Path) -> None:
    where = (*path, "wait")
    for number, rung in enumerate(step.who):
        if rung.for_ is not None:
            check_duration(report, rung.for_, (*path, "who", number, "for"))
    for number, name in enumerate(step.starts_after):
        report.knows_step((*path, "starts_after", number), name)
    _check_since(report, step, path)
    if isinstance(step.wait, str):
        check_duration(report, step.wait, where)
    elif isinstance(step.wait, EventWords):
        if step.wait.since:
            report.knows_step((*where, "since"), step.wait.since)
        if step.wait.at_most is not None:
            check_duration(report, step.wait.at_most, (*where, "at_most"))
    else:
        check_moment(report, step.wait, where)


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


def check_moment(report: Report, words: Moment, path: Path) -> None:
    named = [key for key in ("until", "before", "after") if getattr(words, key) is not None]
    if len(named) != 1:
        report.note(path, "Exactly one of until, before and after is needed")
    elif named == ["until"] and words.by is not None:
        report.note((*path, "by"), "by: goes with before: or after:", key=True)
    elif named != ["until"] and words.by is None:
        report.note(path, "How long {word} is missing; write by:", word=named[0])
    if words.by is not None:
        check_duration(report, words.by, (*path, "by"))


def check_duration(report: Report, words: str | Mapping[str, str], path: Path) -> None:
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
            check_duration(report, value, (*path, key))
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
