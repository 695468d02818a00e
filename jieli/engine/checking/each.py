"""Steps that are done for each of a list, and buttons that let their step stay open."""

from __future__ import annotations

from collections.abc import Iterable

from jieli.engine.checking.report import Report
from jieli.engine.definition import Button, HumanStep, SubCaseStep, WaitStep
from jieli.engine.elements import OF_AN_ARRIVAL
from jieli.engine.yaml_nodes import Path

_NOT_WITH_EACH = ("only_during", "contacts_buyer", "take_back", "signers")
_LEADS = ("go_to", "again", "at_most", "then")


def check(report: Report) -> None:
    """What goes with `each` and `stay`, and what does not."""
    for _, step, path in report.steps():
        if isinstance(step, HumanStep):
            _check_step(report, step, path)
            _check_stays(report, step, path)
        elif isinstance(step, SubCaseStep) and step.sub_case.each is not None:
            _check_names(report, step.sub_case.save, (*path, "sub_case", "save"))
        elif isinstance(step, WaitStep):
            for key, button in step.buttons.items():
                if button.stay:
                    message = "stay: is for what people do; the buttons of a wait end it"
                    report.note((*path, "buttons", key, "stay"), message, key=True)


def _check_step(report: Report, step: HumanStep, path: Path) -> None:
    if step.each is None:
        if step.go_to is not None:
            message = "go_to: of the whole step goes with each:; here every button has its own"
            report.note((*path, "go_to"), message, key=True)
        if step.each_needs != "all":
            report.note((*path, "each_needs"), "each_needs: goes with each:", key=True)
        return
    if step.go_to is None:
        report.lost_targets = True
        message = "Where it goes when enough are done is missing; write go_to: in the step"
        report.note((*path, "each"), message, key=True)
    for word in _NOT_WITH_EACH:
        if getattr(step, word):
            _excludes(report, (*path, word), word)
    for number, late in enumerate(step.when_late):
        if late.go_to is not None:
            _excludes(report, (*path, "when_late", number, "go_to"), "when_late.go_to")
    _check_names(report, step.form, (*path, "form"))
    _check_needs(report, step, (*path, "each_needs"))


def _check_names(report: Report, names: Iterable[str], path: Path) -> None:
    """Names that would hide what `<step>.each` says of an element itself."""
    for name in names:
        if name in (*OF_AN_ARRIVAL, "each", "result", "ref"):
            message = '"{step}.{name}" means something else in expressions; choose another name'
            report.note((*path, name), message, key=True, name=name, step=path[1])


def _excludes(report: Report, path: Path, word: str) -> None:
    report.note(path, "{word}: and each: exclude each other", key=True, word=word)


def _check_needs(report: Report, step: HumanStep, path: Path) -> None:
    needs = step.each_needs
    number: object = needs
    if isinstance(needs, str):
        if needs not in report.process.settings:
            return  # all, any, or an expression
        report.used_settings.add(needs)
        number = report.process.settings[needs].value
    if isinstance(number, bool) or not isinstance(number, int) or number < 1:
        message = 'Write all, any, or a whole number from 1 on; "{value}" is not'
        report.note(path, message, value=needs)


def _check_stays(report: Report, step: HumanStep, path: Path) -> None:
    if all(button.stay for button in step.buttons.values()):
        report.note((*path, "buttons"), "Every button stays; nobody could ever finish this step",
                    key=True)  # fmt: skip
    for key, button in step.buttons.items():
        here = (*path, "buttons", key)
        _check_leads(report, step, button, here)
        if button.stay and button.block_contact:
            message = "block_contact: ends the step; a button that stays cannot say it"
            report.note((*here, "block_contact"), message, key=True)
    signed = step.buttons.get(step.signers.button) if step.signers else None
    if signed is not None and signed.stay:
        report.note((*path, "signers", "button"), "A button that stays cannot be signed")


def _check_leads(report: Report, step: HumanStep, button: Button, path: Path) -> None:
    for word in _LEADS:
        if getattr(button, word) is None:
            continue
        if button.stay:
            report.note((*path, word), "A button that stays leads nowhere; {word}: has no meaning",
                        key=True, word=word)  # fmt: skip
        elif step.each is not None:
            message = "With each: the step itself says where it goes; {word}: has no meaning here"
            report.note((*path, word), message, key=True, word=word)
