"""One transition while it is being made: a copy of the case that steps open, change and close.

Every rule of a step kind lives in `engine.steps`; this is the desk they work on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, cast

from jieli.engine.case import CaseState, Timer, TimerKind, Visit, VisitStatus
from jieli.engine.context import Context
from jieli.engine.definition import Clock, Go, Setting, Step, kind_of
from jieli.engine.errors import JieliError
from jieli.engine.events import CancelMessages, CancelSubCases, Effect, Entry, Transition
from jieli.engine.expressions import evaluate, render, truth
from jieli.engine.filters import instant
from jieli.engine.published import Definition
from jieli.engine.scope import about, rounds_of, scope_of
from jieli.engine.values import is_duration, parse_duration

MOST_STEPS_AT_ONCE = 500


class RunsInCircles(JieliError):
    """The case went through {count} steps without waiting; the definition loops."""


class Move:
    """A case on its way from one state to the next, with everything that must be written."""

    def __init__(
        self, definition: Definition, state: CaseState, context: Context, now: datetime
    ) -> None:
        self.definition = definition
        self.process = definition.process
        self.state = state
        self.context = context
        self.now = now
        self.effects: list[Effect] = []
        self.entries: list[Entry] = []
        self.arriving: deque[tuple[str, str]] = deque()
        self.done: list[Visit] = []
        self.pressed_at: dict[int, datetime] = {}
        self._touched: dict[int, Visit] = {}
        self._timers_before = dict(state.timers)
        self._scope: dict[str, Any] | None = None

    # ---- reading the definition ----

    def scope(self, **extra: Any) -> dict[str, Any]:
        """The names expressions may use now, with some more."""
        if self._scope is None:
            self._scope = scope_of(self.definition, self.state, self.context, self.now)
        return {**self._scope, **extra} if extra else self._scope

    def stale(self) -> None:
        """The state has changed: the next expression sees it anew."""
        self._scope = None

    def evaluate(self, expression: str, **extra: Any) -> Any:
        """The value of an expression now."""
        return evaluate(expression, self.scope(**extra))

    def truth(self, expression: str, **extra: Any) -> bool:
        """Whether a condition holds now."""
        return truth(expression, self.scope(**extra))

    def render(self, template: str, **extra: Any) -> str:
        """A template's text now."""
        return render(template, self.scope(**extra)) if "{" in template else template

    def instant(self, value: Any) -> datetime | None:
        """A date or time, also as JSON keeps it, as an instant; what is none is no time."""
        try:
            return instant(value, self.context.calendar.zone)
        except ValueError:
            return None

    def setting(self, words: str) -> Setting | None:
        """The setting of that name, if the words name one."""
        return self.process.settings.get(words)

    def duration(self, words: str | Mapping[str, str]) -> timedelta | None:
        """A duration written out, by setting, or chosen by a field; None if there is none."""
        if isinstance(words, str):
            if is_duration(words):
                return parse_duration(words)
            value = self.process.settings[words].value
            return self.duration(cast("str | Mapping[str, str]", value))
        chosen = self.state.data.get(words["by"])
        picked = words.get(str(chosen)) or words.get("otherwise")
        return self.duration(picked) if picked else None

    def clock_of(self, words: str | Mapping[str, str], own: Clock | None, usual: Clock) -> Clock:
        """Which clock counts: the step's own word, the setting's, or the usual one."""
        setting = self.setting(words) if isinstance(words, str) else None
        return own or (setting.clock if setting else None) or usual

    def number(self, words: str | int) -> int:
        """A number written out or by setting."""
        return words if isinstance(words, int) else int(cast(int, self.process.settings[words].value))

    # ---- visits ----

    def new_id(self) -> int:
        """The next counter of the case."""
        number = self.state.next_id
        self.state.next_id += 1
        return number

    def about(self, visit: Visit) -> dict[str, Any]:
        """The names that exist only in this visit: `item`, when its step says each."""
        return about(self.definition, visit, self.context)

    def open_visit(
        self, name: str, branch: str, status: VisitStatus = "open",
        *, fan: int | None = None, item: Any = None,
    ) -> Visit:  # fmt: skip
        """Enter a step: one more visit of it."""
        step = self.definition.step(name)
        self.state.counts[name] = nth = self.state.counts.get(name, 0) + 1
        self.stale()
        visit = Visit(
            id=self.new_id(), step=name, nth=nth, kind=cast(Any, kind_of(step)),
            title=name, status=status, branch=branch, opened_at=self.now, fan=fan, item=item,
        )  # fmt: skip
        visit.title = self.render(step.title, **self.about(visit)) or name
        self.state.visits[visit.id] = visit
        self.touch(visit)
        self.note("step_opened", visit, status=status)
        return visit

    def touch(self, visit: Visit) -> None:
        """The visit's stored row must follow."""
        self._touched[visit.id] = visit

    def close_visit(
        self, visit: Visit, outcome: str, by: str | None = None, *, cancelled: bool = False
    ) -> None:
        """Leave a step for good: its timers and queued messages go with it."""
        # What was held for 撤回 was done when it was pressed, not now.
        held = visit.closed_at if visit.status == "held" else None
        self.pressed_at[visit.id] = held or self.now
        visit.status = "cancelled" if cancelled else "done"
        visit.outcome, visit.by, visit.closed_at = outcome, by, self.now
        visit.nobody = False
        if not cancelled:
            self.done.append(visit)
        self.touch(visit)
        self.cancel_timers(visit)
        self.state.visits.pop(visit.id, None)
        if visit.kind in ("human", "wait"):
            self.effects.append(CancelMessages(visit.id))
        if visit.kind == "sub_case" and cancelled:
            self.effects.append(CancelSubCases(visit.id))
        self.note("step_cancelled" if cancelled else "step_done", visit, outcome=outcome, by=by)

    def remember(self, visit: Visit, **more: Any) -> None:
        """Keep the step's answers where expressions find them."""
        self.state.answers[visit.step] = {
            "visit": visit.id, "nth": visit.nth, "fields": visit.answers, "by": visit.by,
            "at": self.now.isoformat(), "button": visit.outcome, **more,
        }  # fmt: skip
        self.stale()

    def live(self, branch: str = "") -> list[Visit]:
        """The visits of a branch and the branches below it that are not over, oldest first."""
        return [
            visit
            for visit in self.state.visits.values()
            if not branch or visit.branch == branch or visit.branch.startswith(branch + "/")
        ]

    def cancel_all(self, outcome: str) -> None:
        """Cancel whatever is live."""
        for visit in self.live():
            self.close_visit(visit, outcome, cancelled=True)

    # ---- timers ----

    def set_timer(
        self, visit: Visit, kind: TimerKind, at: datetime, *, number: int = 0, guessed: bool = False
    ) -> Timer:
        """Arm one timer; the same kind and number of a visit is replaced, never doubled."""
        self.cancel_timers(visit, {kind}, number)
        timer = Timer(
            id=self.new_id(), visit=visit.id, kind=kind, at=at, number=number, guessed=guessed
        )
        self.state.timers[timer.id] = timer
        return timer

    def was_armed(self, visit: Visit, kind: TimerKind) -> bool:
        """Whether such a timer of the visit was waiting when this transition began."""
        before = self._timers_before.values()
        return any(timer.visit == visit.id and timer.kind == kind for timer in before)

    def cancel_timers(
        self, visit: Visit, kinds: Iterable[TimerKind] | None = None, number: int | None = None
    ) -> None:
        """Disarm a visit's timers, all or some kinds of them."""
        wanted = None if kinds is None else set(kinds)
        for timer in list(self.state.timers.values()):
            same = timer.visit == visit.id and (wanted is None or timer.kind in wanted)
            if same and (number is None or timer.number == number):
                del self.state.timers[timer.id]

    # ---- going on ----

    def go(self, target: str, branch: str) -> None:
        """The path of a branch leads to that step next."""
        self.arriving.append((target, branch))

    def follow(self, go: Go, visit: Visit) -> None:
        """Follow a button or line: its step, or the other one when the limit is reached."""
        target = visit.step if go.again is not None else go.go_to
        limit = go.again if go.again is not None else go.at_most
        assert target is not None, "the checks demand a target"
        if limit is not None and self._visited(target, visit.branch) >= self.number(limit):
            self.note("limit_reached", visit, target=target)
            target = cast(str, go.then)
        self.go(target, visit.branch)

    def _visited(self, target: str, branch: str) -> int:
        # A wait that listens is counted already, but its turn would be the same visit.
        early = any(
            visit.step == target and visit.branch == branch and visit.status == "listening"
            for visit in self.state.visits.values()
        )
        return rounds_of(self.state, self.definition.step(target), target) - early

    def run(self, enter: Callable[[Move, str, Step, str], None]) -> None:
        """Enter steps until every path waits or the case is closed."""
        for _ in range(MOST_STEPS_AT_ONCE):
            if not self.arriving or self.state.status != "open":
                return
            name, branch = self.arriving.popleft()
            enter(self, name, self.definition.step(name), branch)
        raise RunsInCircles(count=MOST_STEPS_AT_ONCE)

    def note(self, what: str, visit: Visit | None = None, **detail: Any) -> None:
        """Write one line of history; details that are None are left out."""
        known = {key: value for key, value in detail.items() if value is not None}
        step, number = (visit.step, visit.id) if visit else (None, None)
        self.entries.append(Entry(what, step, number, known or None))

    def finished(self) -> Transition:
        """Everything that must be written, as one value."""
        before, after = self._timers_before, self.state.timers
        return Transition(
            state=self.state,
            visits=tuple(self._touched[key] for key in sorted(self._touched)),
            timers_set=tuple(timer for key, timer in after.items() if before.get(key) != timer),
            timers_cancelled=tuple(key for key in before if key not in after),
            effects=tuple(self.effects),
            entries=tuple(self.entries),
        )
