"""Where one shift of a post ends and who takes over: from the roster alone, without a clock."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from jieli.engine.day_plan import LOOK_BACK, Stint, day_of, days_between

if TYPE_CHECKING:
    from jieli.engine.context import Context

#: Whoever begins later than this takes nothing over: nobody does.
LATEST_SUCCESSOR = timedelta(hours=24)
#: S0:51, the incoming agent comes 15 minutes early; who began before that is on duty already.
EARLY = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class ShiftChange:
    """The end of a shift, or of one part of a split shift, with who leaves and who takes over.

    `live`: somebody is there at the end; `async`: the next ones begin later. `incoming` is empty
    if nobody begins within a day; it holds people who leave only if nobody else comes before they
    are back themselves.
    """

    post: str
    post_label: str
    shift: str
    shift_label: str
    date: date
    part: int
    starts_at: datetime
    ends_at: datetime
    outgoing: tuple[str, ...]
    incoming: tuple[str, ...]
    on_duty: tuple[str, ...]
    mode: Literal["live", "async"]
    next_shift: str | None
    next_shift_label: str
    next_starts_at: datetime | None

    @property
    def key(self) -> str:
        """The same however late the shift ends."""
        return f"{self.post}:{self.shift}:{self.date.isoformat()}:{self.part}"

    def as_words(self) -> dict[str, Any]:
        """As expressions see it: lists instead of tuples."""
        words = asdict(self)
        listed = {name: list(words[name]) for name in ("outgoing", "incoming", "on_duty")}
        return {**words, **listed, "key": self.key}


def shift_changes(
    context: Context, after: datetime, until: datetime, posts: Iterable[str] = ()
) -> list[ShiftChange]:
    """Every change of shift that ends after the one time and until the other, in order."""
    if not context.roster and not context.roster_changes:
        return []
    zone, wanted = context.calendar.zone, set(posts) or set(context.posts)
    first = after.astimezone(zone).date() - timedelta(days=LOOK_BACK)
    found = [
        change
        for day in days_between(first, until.astimezone(zone).date())
        for leaving in _ending(context, day)
        if leaving[0].post in wanted and after < max(each.end for each in leaving) <= until
        for change in _change(context, leaving)
    ]
    return sorted(found, key=lambda each: (each.ends_at, each.key))


def _ending(context: Context, day: date) -> list[list[Stint]]:
    """The parts of shifts of a date, each with everybody who works it."""
    groups: dict[tuple[str | None, str | None, int], list[Stint]] = {}
    stints = day_of(context, day).stints
    for person in context.people:
        for each in stints.get(person, ()):
            if each.post in context.posts:
                groups.setdefault((each.post, each.shift, each.part), []).append(each)
    return list(groups.values())


def _change(context: Context, leaving: list[Stint]) -> list[ShiftChange]:
    """The change at the end of one part; none if everybody stays at the post."""
    end, outgoing = max(each.end for each in leaving), {each.person for each in leaving}
    nearby = _at_post(context, leaving[0])
    covering = [each for each in nearby if each.start <= end < each.end]
    staying = outgoing & {each.person for each in covering}
    if staying == outgoing:
        return []
    if taking := [each for each in covering if each.person not in outgoing]:
        return [_told(context, leaving, end, taking, "live")]
    if staying:
        # Nobody else is there: who goes on in another shift takes over from who leaves.
        leaving = [each for each in leaving if each.person not in staying]
        return [_told(context, leaving, end, covering, "live")]
    return [_told(context, leaving, end, _next_after(nearby, end, outgoing), "async")]


def _at_post(context: Context, one: Stint) -> list[Stint]:
    """Everything that is worked at the post around that date."""
    days = days_between(one.date - timedelta(days=LOOK_BACK), one.date + timedelta(days=3))
    return [
        each
        for day in days
        for mine in day_of(context, day).stints.values()
        for each in mine
        if each.post == one.post
    ]


def _next_after(nearby: list[Stint], end: datetime, outgoing: set[str]) -> list[Stint]:
    """Those who begin next; somebody who leaves is their own successor only if nobody else is."""
    later = [each for each in nearby if end < each.start <= end + LATEST_SUCCESSOR]
    first = min((each.start for each in later), default=None)
    beginning = [each for each in later if each.start == first]
    return [each for each in beginning if each.person not in outgoing] or beginning


def _told(
    context: Context, leaving: list[Stint], end: datetime, taking: list[Stint],
    mode: Literal["live", "async"],
) -> ShiftChange:  # fmt: skip
    one = leaving[0]
    assert one.post and one.shift
    there = {each.person for each in taking if each.start < end - EARLY}
    coming = [each for each in taking if each.person not in there] or taking
    following = min(coming, default=None, key=lambda each: each.start)
    next_shift = following.shift if following else None
    return ShiftChange(
        post=one.post,
        post_label=context.posts[one.post].label,
        shift=one.shift,
        shift_label=_label(context, one.shift),
        date=one.date,
        part=one.part,
        starts_at=min(each.start for each in leaving),
        ends_at=end,
        outgoing=tuple(each.person for each in leaving),
        incoming=_in_order(context, {each.person for each in taking}),
        on_duty=_in_order(context, there),
        mode=mode,
        next_shift=next_shift,
        next_shift_label=_label(context, next_shift),
        next_starts_at=following.start if following else None,
    )


def _in_order(context: Context, people: set[str]) -> tuple[str, ...]:
    return tuple(person for person in context.people if person in people)


def _label(context: Context, shift: str | None) -> str:
    known = context.shifts.get(shift) if shift else None
    return known.label if known else ""
