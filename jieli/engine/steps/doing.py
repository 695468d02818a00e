"""What Jieli does itself: hands work over, proposes, records, changes the roster, marks rows.

Works out the words of an action and asks for its effect; the rows it changes are the store's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from jieli.engine.actions import Action, ChangeRoster, HandOver, MarkRows, Propose, Record
from jieli.engine.case import Visit
from jieli.engine.definition import DoStep
from jieli.engine.events import ChangeRoster as RosterChanged
from jieli.engine.events import HandOverWork, ProposeEntry, RecordEntry
from jieli.engine.events import MarkRows as RowsMarked
from jieli.engine.move import Move
from jieli.engine.roster import RosterChange

Names = Mapping[str, Any]


def enter(move: Move, name: str, step: DoStep, branch: str) -> None:
    """A step of its own: do it, and go on."""
    visit = move.open_visit(name, branch)
    perform(move, visit, step.do)
    move.close_visit(visit, "done")
    move.remember(visit)
    move.go(step.go_to, branch)


def perform(move: Move, visit: Visit, action: Action, extra: Names | None = None) -> None:
    """Ask for what the action says; `extra` are names that its expressions may use besides."""
    names = extra or {}
    for key, do in _DOES.items():
        words = getattr(action, key)
        if words is not None:
            do(move, visit, words, names)


# ---- hand over ---------------------------------------------------------------------------------


def _hand_over(move: Move, visit: Visit, words: HandOver, names: Names) -> None:
    source = _people(move.evaluate(words.from_, **names))
    target = [p for p in _people(move.evaluate(words.to, **names)) if _is_here(move, p)]
    chosen = _choices(move, words, names)
    if words.only is not None:
        chosen, target = _only(move, words.only, names, dict(chosen), target), []
    move.note("handed_over_asked", visit, from_people=source, to=target, chosen=len(chosen) or None)
    if not source or not (target or chosen):
        return
    move.effects.append(
        HandOverWork(
            visit=visit.id, from_people=tuple(source), to=tuple(target), chosen=chosen,
            reason=move.process.title,
        )
    )  # fmt: skip


def _only(
    move: Move, rows: str, names: Names, chosen: Mapping[str, str], target: list[str]
) -> tuple[tuple[str, str], ...]:
    """The cases of those rows and no others: whom each goes to, the rest in turn."""
    found = _rows(move.evaluate(rows, **names))
    refs = dict.fromkeys(str(row["ref"]) for row in found if row.get("ref"))
    in_turn = {ref: target[n % len(target)] for n, ref in enumerate(refs)} if target else {}
    given = {**in_turn, **{ref: to for ref, to in chosen.items() if ref in refs}}
    return tuple((ref, given[ref]) for ref in refs if ref in given)


def _choices(move: Move, words: HandOver, names: Names) -> tuple[tuple[str, str], ...]:
    rows = move.evaluate(words.choose, **names) if words.choose else None
    found = {
        str(row["ref"]): str(row["to"])
        for row in _rows(rows)
        if row.get("ref") and row.get("to") and _is_here(move, str(row["to"]))
    }
    return tuple(found.items())


# ---- ledger ------------------------------------------------------------------------------------


def _propose(move: Move, visit: Visit, words: Propose, names: Names) -> None:
    if words.each is None:
        _propose_one(move, visit, words, names)
        return
    for item in move.evaluate(words.each, **names) or ():
        _propose_one(move, visit, words, {**names, "item": item})


def _propose_one(move: Move, visit: Visit, words: Propose, names: Names) -> None:
    rule = move.render(words.rule, **names).strip()
    if not _knows_rule(move, visit, rule):
        return
    person = _one(move.evaluate(words.person, **names))
    move.effects.append(
        ProposeEntry(
            key=_key(move, visit), rule=rule, person=person,
            reason=move.render(words.reason, **names).strip(), evidence=move.state.ref,
            happened_at=move.now, visit=visit.id,
        )
    )  # fmt: skip
    move.note("proposed", visit, rule=rule, person=person)


def _record(move: Move, visit: Visit, words: Record, names: Names) -> None:
    rule = str(move.evaluate(words.rule, **names) or "")
    person = _one(move.evaluate(words.person, **names))
    if not _knows_rule(move, visit, rule):
        return
    if person is None:
        move.note("not_recorded", visit, rule=rule, reason="nobody")
        return
    at = move.instant(move.evaluate(words.happened_at, **names))
    severity = move.evaluate(words.severity, **names) if words.severity else None
    move.effects.append(
        RecordEntry(
            key=_key(move, visit), rule=rule, person=person,
            reason=move.render(words.reason, **names).strip(),
            evidence=str(move.evaluate(words.evidence, **names) or move.state.ref),
            happened_at=at or move.now, severity=str(severity) if severity else None,
            by=visit.by or _last_by(move),
        )
    )  # fmt: skip
    move.note("recorded", visit, rule=rule, person=person)


def _knows_rule(move: Move, visit: Visit, rule: str) -> bool:
    # The ledger lives on while a case is pinned to its version: a rule may be gone.
    if rule in move.context.ledger.rules:
        return True
    if rule:
        move.note("not_proposed", visit, rule=rule, reason="no_such_rule")
    return False


def _last_by(move: Move) -> str | None:
    """Who did the last step that somebody did: a `do` step itself has nobody."""
    done = [answer for answer in move.state.answers.values() if answer.get("by")]
    last = max(done, key=lambda answer: (str(answer["at"]), answer["visit"] or 0), default=None)
    return str(last["by"]) if last else None


# ---- roster and rows ---------------------------------------------------------------------------


def _change_roster(move: Move, visit: Visit, words: ChangeRoster, names: Names) -> None:
    def value(expression: str | None) -> Any:
        return move.evaluate(expression, **names) if expression else None

    extends = words.kind == "extend"
    until = move.instant(value(words.to)) if extends else None
    change = RosterChange(
        kind=words.kind, person=_one(value(words.person)), other=_one(value(words.other)),
        from_=_date(move, value(words.from_)), to=None if extends else _date(move, value(words.to)),
        post=_text(value(words.post)), shift=_text(value(words.shift)),
        date_=_date(move, value(words.date)), until=until, case_ref=move.state.ref,
    )  # fmt: skip
    move.effects.append(RosterChanged(_key(move, visit), change))
    known = change.model_dump(mode="json", by_alias=True, exclude_none=True)
    move.note("roster_changed", visit, **known)


def _mark_rows(move: Move, visit: Visit, words: MarkRows, names: Names) -> None:
    wanted = move.context.imports.get(words.list_)
    key = wanted.key if wanted else ()
    rows = _rows(move.evaluate(words.rows, **names))
    keys = tuple(dict.fromkeys(found for row in rows if (found := _row_key(row, key))))
    mark = move.render(words.mark, **names).strip()
    move.note("rows_marked", visit, list=words.list_, rows=len(keys), mark=mark)
    if keys:
        move.effects.append(RowsMarked(words.list_, keys, mark))


def _row_key(row: Mapping[str, Any], columns: tuple[str, ...]) -> str | None:
    # As the import made the key of the row.
    cells = [row.get(column) for column in columns]
    parts = [each.isoformat() if isinstance(each, date) else str(each or "") for each in cells]
    return "|".join(parts) if any(parts) else _text(row.get("key"))


# ---- values ------------------------------------------------------------------------------------


def _key(move: Move, visit: Visit) -> str:
    # A counter of the case: a button that stays may be pressed again and means it again.
    return f"{move.state.case_id}:{visit.id}:{move.new_id()}"


def _people(value: Any) -> list[str]:
    """A person or a list of people, each once; what is not there is left out."""
    several = value if isinstance(value, Iterable) and not isinstance(value, str) else [value]
    return list(dict.fromkeys(str.__str__(each) for each in several if isinstance(each, str) and each))


def _one(value: Any) -> str | None:
    people = _people(value)
    return people[0] if people else None


def _is_here(move: Move, person: str) -> bool:
    known = move.context.people.get(person)
    return known is not None and known.active


def _rows(value: Any) -> list[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        return [value]
    several = value if isinstance(value, Iterable) and not isinstance(value, str) else ()
    return [row for row in several if isinstance(row, Mapping)]


def _text(value: Any) -> str | None:
    return str(value) if value not in (None, "") else None


def _date(move: Move, value: Any) -> date | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    at = move.instant(value)
    return at.astimezone(move.context.calendar.zone).date() if at else None


_DOES: dict[str, Callable[[Move, Visit, Any, Names], None]] = {
    "hand_over": _hand_over,
    "propose": _propose,
    "record": _record,
    "change_roster": _change_roster,
    "mark_rows": _mark_rows,
}
