"""What Jieli does itself: exactly one thing, with words and names there are."""

from __future__ import annotations

from jieli.engine.actions import Action, ChangeRoster
from jieli.engine.checking.report import Report
from jieli.engine.checking.vocabulary import Vocabulary
from jieli.engine.definition import DoStep
from jieli.engine.yaml_nodes import Path

_KINDS = ("hand_over", "propose", "record", "change_roster", "mark_rows")
_WORDS: dict[str, tuple[str, ...]] = {
    "hand_over": ("from", "to", "choose", "only"),
    "record": ("rule", "person", "evidence", "happened_at", "severity"),
    "change_roster": ("person", "other", "from", "to", "post", "shift", "date"),
    "mark_rows": ("rows",),
}
_NEEDED: dict[str, tuple[str, ...]] = {
    "away": ("person",),
    "swap": ("person", "other"),
    "stand_in": ("other",),
    "extend": ("to",),
}


def check(report: Report) -> None:
    """Every `do:`, of steps and of buttons."""
    for _, step, path in report.steps():
        if isinstance(step, DoStep):
            _check_action(report, step.do, (*path, "do"))
        for key, button in getattr(step, "buttons", {}).items():
            if button.do is not None:
                _check_action(report, button.do, (*path, "buttons", key, "do"))


def _check_action(report: Report, action: Action, path: Path) -> None:
    said = [key for key in _KINDS if getattr(action, key) is not None]
    if len(said) != 1:
        report.note(path, "Exactly one of {words} is needed", key=True, words=", ".join(_KINDS))
    if action.propose is not None and "{{" not in action.propose.rule:
        knows_rule(report, (*path, "propose", "rule"), action.propose.rule)
    if action.change_roster is not None:
        _check_change(report, action.change_roster, (*path, "change_roster"))
    if action.mark_rows is not None:
        knows_list(report, (*path, "mark_rows", "list"), action.mark_rows.list_)


def _check_change(report: Report, change: ChangeRoster, path: Path) -> None:
    for word in _NEEDED[change.kind]:
        if _word(change, word) is None:
            message = "{word}: is missing; kind: {kind} needs it"
            report.note(path, message, key=True, word=word, kind=change.kind)
    if change.from_ is None and change.date is None:
        report.note(path, "Which day is missing; write from: and to:, or date:", key=True)


def knows_rule(report: Report, path: Path, name: str) -> None:
    """Note a ledger rule that the shop does not have."""
    if "ledger" in report.around.whole_parts:
        rules = report.around.context.ledger.rules
        report.knows(path, 'The ledger has no rule "{name}"', name, rules)


def knows_list(report: Report, path: Path, name: str) -> None:
    """Note an imported list that the shop does not have."""
    if "imports" in report.around.whole_parts:
        lists = report.around.context.imports
        report.knows(path, 'There is no imported list "{name}"', name, lists)


def check_words(words: Vocabulary, action: Action, path: Path) -> None:
    """The expressions and templates of an action."""
    for kind, keys in _WORDS.items():
        said = getattr(action, kind)
        for key in keys if said is not None else ():
            expression = _word(said, key)
            if expression is not None:
                words.expression((*path, kind, key), expression)
    if action.propose is not None:
        propose, here = action.propose, (*path, "propose")
        item = words.with_item(propose.each)
        if propose.each is not None:
            words.expression((*here, "each"), propose.each)
        words.template((*here, "rule"), propose.rule, item)
        words.expression((*here, "person"), propose.person, item)
        words.template((*here, "reason"), propose.reason, item)
    if action.record is not None:
        words.template((*path, "record", "reason"), action.record.reason)
    if action.mark_rows is not None:
        words.template((*path, "mark_rows", "mark"), action.mark_rows.mark)


def _word(said: object, key: str) -> str | None:
    found: str | None = getattr(said, "from_" if key == "from" else key)
    return found
