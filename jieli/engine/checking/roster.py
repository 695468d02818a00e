"""Posts, shifts, rotas and absences: names that are there, weeks that are whole, one shift at a time.

Too few people are no mistake of the file: `jieli roster check` warns of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from math import lcm

from jieli.engine.checking.shop_report import ShopReport
from jieli.engine.context import Context
from jieli.engine.day_plan import OFF, Stint, days_between, stints_of
from jieli.engine.roster import Absence, Rota
from jieli.engine.yaml_nodes import Path
from jieli.texts import text

_WORDS_OF_A_WEEK = (1, 7)
#: Cycles that do not fit together are looked at for no longer than about a year.
_LONGEST_LOOK = 371
#: So many days of a long absence are looked at for a substitute who is at work already.
_ABSENCE_LOOK = 92


def check(shop: ShopReport) -> None:
    """The roster of one file about the shop."""
    context = shop.around.context
    for name, post in context.posts.items():
        message = 'There is no role "{name}"'
        shop.knows(("posts", name, "role"), message, post.role, "roles", context.roles)
    for number, rota in enumerate(context.roster):
        _check_rota(shop, rota, ("roster", number))
    for number, absence in enumerate(context.absences):
        _check_absence(shop, absence, ("absences", number))
    # A shift that could not be read has hours that only stand in; in a rota that begins on the
    # wrong day or lacks entries nothing is when it was meant.
    if all(_is_sound(r) for r in context.roster) and not any(p[0] == "shifts" for p in shop.broken):
        _check_overlaps(shop)


def _is_sound(rota: Rota) -> bool:
    lines = [line for each in rota.weeks.values() for line in each]
    return _is_monday(rota.from_) and all(len(line.split()) in _WORDS_OF_A_WEEK for line in lines)


def _is_monday(day: date) -> bool:
    return day.weekday() == 0


def _check_rota(shop: ShopReport, rota: Rota, path: Path) -> None:
    context = shop.around.context
    message = 'There is no post "{name}"'
    shop.knows((*path, "post"), message, rota.post, "posts", context.posts)
    if not _is_monday(rota.from_):
        monday = rota.from_ - timedelta(days=rota.from_.weekday())
        shop.say(
            (*path, "from"),
            text("A rota begins on a Monday, and {date} is none", date=rota.from_),
            text("the Monday before is {date}", date=monday),
        )
    _check_order(shop, rota, path)
    for person, lines in rota.weeks.items():
        here = (*path, "weeks", person)
        _check_person(shop, here, person, key=True)
        _check_role(shop, here, person, rota.post, key=True)
        if not lines:
            shop.say(here, text("At least one is needed here"))
        for number, line in enumerate(lines):
            _check_line(shop, line, (*here, number))


def _check_line(shop: ShopReport, line: str, path: Path) -> None:
    words, shifts = line.split(), shop.around.context.shifts
    if len(words) not in _WORDS_OF_A_WEEK:
        message = (
            "A week has seven entries, Monday to Sunday, or one word for every day; "
            "here are {count}"
        )
        shop.say(path, text(message, count=len(words)))
    for word in dict.fromkeys(words):
        if word != OFF:
            message = 'There is no shift "{name}"'
            shop.knows(path, message, word, "shifts", shifts)


def _check_absence(shop: ShopReport, absence: Absence, path: Path) -> None:
    _check_person(shop, (*path, "person"), absence.person)
    _check_order(shop, absence, path)
    other, here = absence.substitute, (*path, "substitute")
    if other is None:
        return
    _check_person(shop, here, other)
    if other == absence.person:
        shop.say(here, text("Nobody stands in for themselves"))
        return
    posts = {
        rota.post
        for rota in shop.around.context.roster
        if absence.person in rota.weeks and _meet(rota, absence)
    }
    for post in sorted(posts):
        _check_role(shop, here, other, post)


def _check_order(shop: ShopReport, what: Rota | Absence, path: Path) -> None:
    if what.to is not None and what.to < what.from_:
        shop.say((*path, "to"), text("The last day is before the first"))


def _check_person(shop: ShopReport, path: Path, person: str, *, key: bool = False) -> None:
    message = 'There is no person "{name}"'
    shop.knows(path, message, person, "people", shop.around.context.people, key=key)


def _check_role(shop: ShopReport, path: Path, person: str, post: str, *, key: bool = False) -> None:
    context = shop.around.context
    known, place = context.people.get(person), context.posts.get(post)
    # Without any role the person could not be read; an unknown role has its own problem.
    if not known or not known.roles or not place or place.role not in context.roles:
        return
    if place.role not in known.roles:
        message = "{person} has not the role {role}, which the post {post} needs"
        shop.say(path, text(message, person=person, role=place.role, post=post), key=key)


# ---- one shift at a time -------------------------------------------------------------------------


def _check_overlaps(shop: ShopReport) -> None:
    context = shop.around.context
    for number, rota in enumerate(context.roster):
        so_far = _without_changes(context, context.roster[: number + 1])
        for person in rota.weeks:
            _check_one_at_a_time(shop, so_far, person, ("roster", number, "weeks", person))
    plain = _without_changes(context, context.roster)
    for number, absence in enumerate(context.absences):
        _check_substitute(shop, plain, absence, ("absences", number, "substitute"))


def _check_one_at_a_time(shop: ShopReport, context: Context, person: str, path: Path) -> None:
    """A person of the last rota, among this and the earlier ones."""
    *earlier, rota = context.roster
    if any(e.post == rota.post and person in e.weeks and _meet(e, rota) for e in earlier):
        message = "{person} stands in an earlier rota of this post for the same days"
        hint = text("give the earlier rota a last day, to:")
        shop.say(path, text(message, person=person), hint, key=True)
        return
    overlaps = _overlaps(stints_of(context, person, _days_of_cycle(context, rota, person)))
    mine = (later for one, later in overlaps if rota.post in (one.post, later.post))
    if found := next(mine, None):
        message = "Two shifts of {person} overlap on {date}"
        shop.say(path, text(message, person=person, date=found.date), key=True)


def _check_substitute(shop: ShopReport, plain: Context, absence: Absence, path: Path) -> None:
    other = absence.substitute
    if other is None or other == absence.person or absence.to < absence.from_:
        return
    days = _some_days(absence.from_, absence.to, _ABSENCE_LOOK)
    around = [days[0] - timedelta(days=1), *days, days[-1] + timedelta(days=1)]
    own = stints_of(plain, other, around)
    for taken in stints_of(plain, absence.person, days):
        if any(taken.start < each.end and each.start < taken.end for each in own):
            message = "{person} is at work already when standing in on {date}"
            shop.say(path, text(message, person=other, date=taken.date))
            return


def _without_changes(context: Context, roster: tuple[Rota, ...]) -> Context:
    return context.model_copy(update={"roster": roster, "absences": (), "roster_changes": ()})


def _days_of_cycle(context: Context, rota: Rota, person: str) -> list[date]:
    weeks = lcm(*(len(each.weeks.get(person, ())) or 1 for each in context.roster))
    last = rota.from_ + timedelta(days=min(weeks * 7, _LONGEST_LOOK))
    return days_between(rota.from_ - timedelta(days=1), min(last, rota.to or last))


def _overlaps(stints: list[Stint]) -> Iterator[tuple[Stint, Stint]]:
    return ((one, other) for one, other in pairwise(sorted(stints)) if other.start < one.end)


def _some_days(first: date, last: date, most: int) -> list[date]:
    return days_between(first, min(last, first + timedelta(days=most)))


def _meet(rota: Rota, other: Rota | Absence) -> bool:
    """Whether there is a date in both."""
    return (rota.to is None or other.from_ <= rota.to) and (
        other.to is None or rota.from_ <= other.to
    )
