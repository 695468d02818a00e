"""Who does what: roles, people and opening hours are known, ladders are whole."""

from __future__ import annotations

from collections.abc import Sequence

from jieli.engine.checking.report import Report
from jieli.engine.definition import HumanStep, NotifyStep, Recipient, Rung, WaitStep
from jieli.engine.yaml_nodes import Path

_WHO = ("role", "person", "same_as", "people", "role_from", "owner")


def check(report: Report) -> None:
    """Everybody a process names."""
    for number, start in enumerate(report.process.start):
        if start.form:
            knows_role(report, ("start", number, "form", "role"), start.form.role)
    for _, step, path in report.steps():
        match step:
            case HumanStep():
                _check_ladder(report, step.who, (*path, "who"))
                _check_human(report, step, path)
                for number, late in enumerate(step.when_late):
                    _check_recipients(report, late.tell, (*path, "when_late", number, "tell"))
                _check_recipients(report, step.missed.tell, (*path, "missed", "tell"))
            case WaitStep():
                _check_ladder(report, step.who, (*path, "who"))
                if step.buttons and not step.who:
                    report.note(path, "The wait has buttons; who presses them? Write who:",
                                key=True)  # fmt: skip
                if step.who and not step.buttons:
                    report.note((*path, "who"), "There is nothing to press: buttons: is missing",
                                key=True)  # fmt: skip
            case NotifyStep():
                _check_recipients(report, step.notify.to, (*path, "notify", "to"))
        for key, button in getattr(step, "buttons", {}).items():
            if button.role:
                knows_role(report, (*path, "buttons", key, "role"), button.role)


def knows_role(report: Report, path: Path, name: str) -> None:
    """Note a role that no file about the shop has."""
    if "roles" in report.around.whole_parts:
        report.knows(path, 'There is no role "{name}"', name, report.around.context.roles)


def _knows_person(report: Report, path: Path, name: str) -> None:
    if "people" in report.around.whole_parts:
        report.knows(path, 'There is no person "{name}"', name, report.around.context.people)


def _check_ladder(report: Report, rungs: Sequence[Rung], path: Path) -> None:
    for number, rung in enumerate(rungs):
        here = (*path, number)
        _check_one(report, rung, here)
        last = number == len(rungs) - 1
        if rung.for_ is None and not last:
            report.note(here, "How long until the next one is asked is missing; write for:")
        if rung.for_ is not None and last:
            report.note((*here, "for"), "Nobody comes after the last one; for: has no meaning",
                        key=True)  # fmt: skip


def _check_recipients(report: Report, recipients: Sequence[Recipient], path: Path) -> None:
    for number, recipient in enumerate(recipients):
        _check_one(report, recipient, (*path, number))


def _check_one(report: Report, who: Rung | Recipient, path: Path) -> None:
    named = [key for key in _WHO if getattr(who, key)]
    if len(named) != 1:
        report.note(path, "Exactly one of {words} is needed", words=", ".join(_WHO))
    if who.owner and report.process.case.owner is None:
        message = "Who owns a case is not said; owner: needs case.owner: first, starter or a field"
        report.note((*path, "owner"), message, key=True)
    if isinstance(who, Rung) and who.pick != "all" and (who.person or who.owner):
        report.note((*path, "pick"), "There is only one; pick: has no meaning", key=True)
    if who.role:
        knows_role(report, (*path, "role"), who.role)
    if who.person:
        _knows_person(report, (*path, "person"), who.person)
    if who.same_as:
        _done_by_somebody(report, (*path, "same_as"), who.same_as)


def _done_by_somebody(report: Report, path: Path, name: str) -> None:
    if not report.knows_step(path, name) or report.is_broken("steps", name):
        return
    step = report.process.steps[name]
    if not isinstance(step, HumanStep) and not (isinstance(step, WaitStep) and step.buttons):
        report.note(path, 'Nobody does the step "{name}"', name=name)


def _check_human(report: Report, step: HumanStep, path: Path) -> None:
    for number, other in enumerate(step.not_same_as):
        _done_by_somebody(report, (*path, "not_same_as", number), other)
    if step.only_during and "hours" in report.around.whole_parts:
        hours = report.around.context.hours
        where = (*path, "only_during")
        report.knows(where, 'There are no hours "{name}"', step.only_during, hours)
    if step.missed.tell and not step.only_during:
        report.note((*path, "missed"), "missed: belongs to only_during:", key=True)
    if step.signers:
        where = (*path, "signers", "button")
        report.knows(where, 'There is no button "{name}"', step.signers.button, step.buttons)
    if step.contacts_buyer:
        _check_contact(report, (*path, "contacts_buyer"))
    for key, button in step.buttons.items():
        if button.since:
            report.note((*path, "buttons", key, "since"), "since: is for the buttons of a wait",
                        key=True)  # fmt: skip


def _check_contact(report: Report, path: Path) -> None:
    case = report.process.case
    missing = [key for key in ("buyer", "contact_blocked") if getattr(case, key) is None]
    if missing:
        message = "A step that contacts the buyer needs case.{missing}"
        report.note(path, message, key=True, missing=", case.".join(missing))
    if case.contact_blocked == path[1]:
        message = "Where contact is blocked the buyer must not be contacted"
        report.note(("case", "contact_blocked"), message)
