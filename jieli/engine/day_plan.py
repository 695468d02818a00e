"""Who works which shift on a date: the rotas, then absences, then what came about while working.

Owns the working-out of one day and remembers it for each context; questions are `duty`'s.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

from jieli.engine.calendar import Hours, WorkCalendar, parse_span
from jieli.engine.roster import RosterChange, Rota

if TYPE_CHECKING:
    from jieli.engine.context import Context

OFF = "-"
ALWAYS = Hours(daily=("00:00-24:00",))
#: A shift of a date is over two days later, for hours end at 48:00 and an extension is no longer.
LOOK_BACK = 2
LONGEST_EXTENSION = timedelta(hours=24)
_MOST_DAYS = 1000


@dataclass(frozen=True, slots=True)
class Duty:
    """A shift at a post on a date: who was meant to do it and who does, if anybody.

    Without a post it is the working time of a person who is in no rota, with its `hours`.
    """

    post: str | None
    shift: str | None
    planned: str
    holder: str | None
    hours: Hours | None = None


class Stint(NamedTuple):
    """One unbroken part of a shift that somebody works; `part` counts from 0."""

    start: datetime
    end: datetime
    person: str
    post: str | None
    shift: str | None
    date: date
    part: int


@dataclass(frozen=True, slots=True)
class Day:
    """A date worked out."""

    duties: tuple[Duty, ...]
    stints: dict[str, tuple[Stint, ...]]


@dataclass(slots=True)
class _Known:
    """What was worked out for one context; a context never changes."""

    context: weakref.ref[Context]
    rostered: frozenset[str]
    planned: frozenset[str]
    changes: tuple[RosterChange, ...]
    days: dict[date, Day] = field(default_factory=dict)


# By identity, for a context holds mappings and cannot be hashed; gone together with the context.
_known: dict[int, _Known] = {}


def is_planned(context: Context, person: str) -> bool:
    """Whether the roster or a change of it says when this person works."""
    return person in _known_of(context).planned


def day_of(context: Context, day: date) -> Day:
    """Who does what on a date."""
    known = _known_of(context)
    found = known.days.get(day)
    if found is None:
        if len(known.days) >= _MOST_DAYS:
            known.days.clear()
        found = known.days[day] = _worked_out(context, known, day)
    return found


def stints_of(context: Context, person: str, days: Iterable[date]) -> list[Stint]:
    """What a planned person works in shifts that begin on these dates."""
    return [stint for day in days for stint in day_of(context, day).stints.get(person, ())]


def days_between(first: date, last: date) -> list[date]:
    """The dates from the first to the last, both included."""
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]


def parts_of(hours: Hours, calendar: WorkCalendar, day: date) -> list[tuple[datetime, datetime]]:
    """The stretches of the hours that belong to a date, in order."""
    if not hours.on(day, calendar).open:
        return []
    midnight = datetime.combine(day, time.min, calendar.zone)
    spans = sorted(map(parse_span, hours.daily))
    found = [
        ((midnight + timedelta(minutes=span.start)).astimezone(UTC),
         (midnight + timedelta(minutes=span.end)).astimezone(UTC))
        for span in spans
    ]  # fmt: skip
    return [(start, end) for start, end in found if start < end]


def word_on(rota: Rota, lines: Sequence[str], day: date) -> str:
    """What a person's lines say of a date: a shift or `-`."""
    passed = (day - rota.from_).days
    words = lines[passed // 7 % len(lines)].split() if lines else []
    if len(words) == 1:
        return words[0]
    return words[passed % 7] if len(words) == 7 else OFF


def covers(rota: Rota, day: date) -> bool:
    """Whether the rota says anything of that date."""
    return rota.from_ <= day and (rota.to is None or day <= rota.to)


def _known_of(context: Context) -> _Known:
    number = id(context)
    found = _known.get(number)
    if found is None or found.context() is not context:
        gone = weakref.ref(context, lambda _: _known.pop(number, None))
        found = _known[number] = _looked_through(context, gone)
    return found


def _looked_through(context: Context, reference: weakref.ref[Context]) -> _Known:
    leaves = [
        RosterChange(
            kind="away", person=each.person, other=each.substitute, from_=each.from_, to=each.to
        )
        for each in context.absences
    ]
    changes = (*leaves, *context.roster_changes)
    rostered = frozenset(person for rota in context.roster for person in rota.weeks)
    named = {name for each in changes for name in (each.person, each.other) if name}
    return _Known(reference, rostered, rostered | (named & set(context.people)), changes)


def _worked_out(context: Context, known: _Known, day: date) -> Day:
    duties = [*_from_rotas(context, day), *_from_hours(context, known)]
    extensions = []
    for change in known.changes:
        if not _is_about(change, day):
            continue
        if change.kind == "extend":
            extensions.append(change)
        elif change.kind == "swap":
            duties = [_swapped(duty, change) for duty in duties]
        else:
            duties = _stood_in(duties, change)
    stints: dict[str, list[Stint]] = {}
    for duty in dict.fromkeys(duties):
        holder = context.people.get(duty.holder) if duty.holder else None
        if duty.holder and holder and holder.active:
            mine = stints.setdefault(duty.holder, [])
            mine += [each for each in _stints(context, duty, day, extensions) if each not in mine]
    return Day(tuple(duties), {person: tuple(sorted(mine)) for person, mine in stints.items()})


def _from_rotas(context: Context, day: date) -> list[Duty]:
    return [
        Duty(rota.post, word, person, person)
        for rota in context.roster
        if covers(rota, day)
        for person, lines in rota.weeks.items()
        if (word := word_on(rota, lines, day)) in context.shifts
    ]


def _from_hours(context: Context, known: _Known) -> list[Duty]:
    """The working time of people whom a change names and no rota."""
    return [
        Duty(None, None, each, each, context.people[each].works or ALWAYS)
        for each in sorted(known.planned - known.rostered)
    ]


# ---- changes -------------------------------------------------------------------------------------


def _is_about(change: RosterChange, day: date) -> bool:
    if change.kind == "extend" and change.date_:
        return change.date_ == day
    first = change.from_ or change.date_
    return first is not None and first <= day <= (change.to or first)


def _fits(duty: Duty, change: RosterChange) -> bool:
    return change.post in (None, duty.post) and change.shift in (None, duty.shift)


def _swapped(duty: Duty, change: RosterChange) -> Duty:
    to = {change.person: change.other, change.other: change.person}.get(duty.holder)
    # From now on it is the other's own shift: an earlier owner has nothing more to do with it.
    return replace(duty, planned=to, holder=to) if to and _fits(duty, change) else duty


def _stood_in(duties: list[Duty], change: RosterChange) -> list[Duty]:
    """Somebody does not come, or somebody else comes in their place."""
    other = change.other
    found = [duty for duty in duties if _fits(duty, change) and _is_free(duty, change)]
    if change.kind == "stand_in" and other and not found and change.post and change.shift:
        return [*duties, Duty(change.post, change.shift, other, other)]
    return [replace(duty, holder=other) if duty in found else duty for duty in duties]


def _is_free(duty: Duty, change: RosterChange) -> bool:
    """Whether the change gives this shift to somebody else, or to nobody."""
    if change.other is None:
        return change.kind == "away" and duty.holder == change.person
    if change.person is None:
        return duty.holder is None
    # A second substitute takes the place of the first.
    return change.person in (duty.holder, duty.planned)


# ---- times ---------------------------------------------------------------------------------------


def _stints(
    context: Context, duty: Duty, day: date, extensions: Iterable[RosterChange]
) -> list[Stint]:
    assert duty.holder
    known = context.shifts.get(duty.shift) if duty.shift else None
    hours = known.hours if known else duty.hours
    parts = parts_of(hours, context.calendar, day) if hours else []
    ends = [end for _, end in parts]
    for change in extensions:
        if change.until and _fits(duty, change) and change.person in (None, duty.holder):
            _extend(parts, ends, _instant(change.until, context.calendar))
    return [
        Stint(start, end, duty.holder, duty.post, duty.shift, day, part)
        for part, ((start, _), end) in enumerate(zip(parts, ends, strict=True))
    ]


def _extend(parts: list[tuple[datetime, datetime]], ends: list[datetime], until: datetime) -> None:
    """The last part that is regularly over by then ends then, at most when the next one begins."""
    over = [number for number, (_, end) in enumerate(parts) if end <= until]
    if not over:
        return
    last = over[-1]
    latest = parts[last + 1][0] if last + 1 < len(parts) else parts[last][1] + LONGEST_EXTENSION
    ends[last] = min(until, latest)


def _instant(at: datetime, calendar: WorkCalendar) -> datetime:
    return (at if at.tzinfo else at.replace(tzinfo=calendar.zone)).astimezone(UTC)
