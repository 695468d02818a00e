"""Every expression and template of a process is well formed and uses names there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jieli.engine.checking import actions
from jieli.engine.checking.report import Report
from jieli.engine.checking.vocabulary import IN_MESSAGES, Known, Vocabulary
from jieli.engine.definition import (
    CallStep,
    DecisionStep,
    DoStep,
    FieldWords,
    HumanStep,
    MessageWords,
    Moment,
    NotifyStep,
    Recipient,
    Rule,
    Rung,
    StepWords,
    SubCaseStep,
    WaitStep,
)
from jieli.engine.fills import Fill
from jieli.engine.inputs import is_date
from jieli.engine.yaml_nodes import Path


def check(report: Report) -> None:
    """The case's words, then those of every step; last, the settings nobody used."""
    words = Vocabulary(report)
    _check_case(report, words)
    for name, step, path in report.steps():
        own = words.for_each_of(name) if isinstance(step, HumanStep) else words
        own.template((*path, "title"), step.title, private=False)
        own.template((*path, "about"), step.about)
        match step:
            case HumanStep():
                _check_human(words, own, step, path)
                _check_asking(own, step, path)
            case WaitStep():
                _check_people(words, step.who, (*path, "who"))
                _check_asking(words, step, path)
            case _:
                _check_service(words, step, path)
    if report.flawed or report.lost_settings:
        return
    for name in report.process.settings:
        if name not in report.used_settings:
            message = 'Nothing uses the setting "{name}"'
            hint = "write its name where the number stands, or remove it"
            report.note(("settings", name), message, hint, key=True, name=name)


def _check_case(report: Report, words: Vocabulary) -> None:
    case = report.process.case
    words.template(("case", "title"), case.title, private=False)
    for tag, expression in case.tags.items():
        words.expression(("case", "tags", tag), expression, private=False)
    if case.buyer is not None:
        words.template(("case", "buyer"), case.buyer)
    # A start form is filled in before there is a case: it sees itself and the settings.
    known: Known = {**report.case_fields, "now": None, "settings": tuple(report.process.settings)}
    _check_fields(words, case.fields, ("case", "fields"), known)
    for number, rule in enumerate(case.rules):
        words.only(("case", "rules", number, "that"), rule.that, known)
        _check_rule(report, rule, case.fields, ("case", "rules", number))


def _check_human(words: Vocabulary, own: Vocabulary, step: HumanStep, path: Path) -> None:
    """The expressions that only a human step has; `own` knows the element, too."""
    if step.each is not None:
        words.expression((*path, "each"), step.each)
    needs = step.each_needs
    if isinstance(needs, str) and needs not in ("all", "any", *words.report.process.settings):
        words.expression((*path, "each_needs"), needs)
    _check_people(own, step.who, (*path, "who"))
    for number, late in enumerate(step.when_late):
        _check_people(own, late.tell, (*path, "when_late", number, "tell"))
    _check_people(own, step.missed.tell, (*path, "missed", "tell"))
    for number, moment in enumerate(step.due):
        _check_moment(own, moment, (*path, "due", number))
    if step.signers and isinstance(step.signers.need, str):
        words.expression((*path, "signers", "need"), step.signers.need)


def _check_people(words: Vocabulary, wanted: Sequence[Rung | Recipient], path: Path) -> None:
    for number, who in enumerate(wanted):
        for key in ("people", "role_from"):
            expression = getattr(who, key)
            if expression is not None:
                words.expression((*path, number, key), expression)


def _check_asking(words: Vocabulary, step: HumanStep | WaitStep, path: Path) -> None:
    known: Known = {**words.roots, **step.form}
    _check_fields(words, step.form, (*path, "form"), known)
    for number, rule in enumerate(step.rules):
        words.only((*path, "rules", number, "that"), rule.that, known)
        _check_rule(words.report, rule, step.form, (*path, "rules", number))
    for key, button in step.buttons.items():
        for name, expression in button.sets.items():
            words.expression((*path, "buttons", key, "sets", name), expression)
        if button.do is not None:
            actions.check_words(words, button.do, (*path, "buttons", key, "do"))
    if step.message is not None:
        _check_message(words, step.message, (*path, "message"))
    if isinstance(step, WaitStep) and isinstance(step.wait, Moment):
        _check_moment(words, step.wait, (*path, "wait"))


def _check_fields(
    words: Vocabulary, fields: Mapping[str, FieldWords], path: Path, known: Known
) -> None:
    for name, field in fields.items():
        for key in ("show_if", "required", "min", "max"):
            expression = getattr(field, key)
            if isinstance(expression, str) and not is_date(expression):
                words.only((*path, name, key), expression, known)
        _check_fields(words, field.fields, (*path, name, "fields"), {**known, **field.fields})
        if field.fill is not None:
            _check_fill(words, field.fill, (*path, name, "fill"), known)


def _check_fill(words: Vocabulary, fill: str | Fill, path: Path, known: Known) -> None:
    """A fill is worked out before anybody has typed, but may name the form's own fields."""
    if isinstance(fill, str):
        words.only(path, fill, known)
        return
    for key in ("rows", "open_work", "opened_before", "ledger", "roster"):
        expression = getattr(fill, key)
        if expression is not None:
            words.only((*path, key), expression, known)
    for key in ("since", "until"):
        expression = getattr(fill.cases, key, None)
        if expression is not None:
            words.only((*path, "cases", key), expression, known)


def _check_rule(report: Report, rule: Rule, fields: Mapping[str, FieldWords], path: Path) -> None:
    if rule.at is not None:
        report.knows((*path, "at"), 'The form has no field "{name}"', rule.at, fields)


def _check_moment(words: Vocabulary, moment: Moment, path: Path) -> None:
    for key in ("until", "before", "after"):
        expression = getattr(moment, key)
        if expression is None:
            continue
        words.expression((*path, key), expression)
        field = _field_meant(words.report, expression)
        if field is not None and field.label and field.type not in ("date", "datetime"):
            message = '"{name}" is no date and no time'
            words.report.note((*path, key), message, name=expression)


def _field_meant(report: Report, expression: str) -> FieldWords | None:
    root, _, rest = expression.strip().partition(".")
    if not rest:
        return report.case_fields.get(root) if root not in report.process.steps else None
    form: dict[str, FieldWords] = getattr(report.process.steps.get(root), "form", {})
    return form.get(rest)


def _check_message(words: Vocabulary, message: MessageWords, path: Path) -> None:
    words.template((*path, "title"), message.title, IN_MESSAGES)
    words.template((*path, "text"), message.text, IN_MESSAGES)


def _check_service(words: Vocabulary, step: StepWords, path: Path) -> None:
    match step:
        case CallStep():
            call, here = step.call, (*path, "call")
            words.template((*here, "url"), call.url)
            _check_inside(words, call.headers, (*here, "headers"))
            _check_inside(words, call.body, (*here, "body"))
            for name, expression in call.save.items():
                words.expression((*here, "save", name), expression, {"response": None})
        case NotifyStep():
            _check_message(words, step.notify, (*path, "notify"))
            _check_people(words, step.notify.to, (*path, "notify", "to"))
        case DecisionStep():
            for number, line in enumerate(step.decide):
                if line.when is not None:
                    words.expression((*path, "decide", number, "when"), line.when)
        case SubCaseStep():
            each = step.sub_case.each
            if each is not None:
                words.expression((*path, "sub_case", "each"), each)
            for name, expression in step.sub_case.data.items():
                here = (*path, "sub_case", "data", name)
                words.expression(here, expression, words.with_item(each))
        case DoStep():
            actions.check_words(words, step.do, (*path, "do"))


def _check_inside(words: Vocabulary, value: Any, path: Path) -> None:
    """Templates anywhere in the body of a call."""
    if isinstance(value, str):
        words.template(path, value)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            _check_inside(words, each, (*path, key))
    elif isinstance(value, Sequence):
        for number, each in enumerate(value):
            _check_inside(words, each, (*path, number))
