"""Random processes as YAML, as an ops person could write them; each passes every check."""

from __future__ import annotations

from collections.abc import Callable

import yaml
from hypothesis import strategies as st

from tests.properties.random_work import LISTS, MAIN, Asking, Place
from tests.properties.small_shop import FIELDS, Words

EVENTS = ("paid", "shipped")


@st.composite
def processes(draw: st.DrawFn) -> str:
    """A process as an ops person could have written it."""
    return _Author(draw).process()


class _Author(Asking):
    """Writes steps one after the other; a stretch of them is a path that leads to `after`."""

    def process(self) -> str:
        self.owner = self.one_of(None, "first", "starter")
        first = self.stretch("finished", MAIN, depth=0, shortest=3, longest=5)
        if self.blocked:
            self.steps["no_contact"] = self.blocked
        steps = {first: self.steps.pop(first), **self.steps, "finished": {"end": "done"}}
        ends = {"done": "完成"}
        if "stopped" in str(steps):
            steps["stopped"], ends["stopped"] = {"end": "stopped"}, "停止"
        case: Words = {
            "key": ["order_no"], "title": "{{ order_no }} {{ level and level.label }}",
            "buyer": "{{ order_no }}", "summary": ["order_no", "when_at"], "fields": FIELDS,
            "priority": {"by": "level", "of": {"high": "high"}},
            "tags": {"贵": "amount and amount > 100", "急": "case.priority == 'high'"},
        }  # fmt: skip
        if self.owner:
            case["owner"] = self.owner
        if self.blocked:
            case["contact_blocked"] = "no_contact"
        words = {
            "process": "toy", "title": "随机流程", "settings": self.settings, "case": case,
            "start": [{"form": {"role": "agent"}}], "steps": steps, "ends": ends,
        }  # fmt: skip
        return yaml.safe_dump(words, allow_unicode=True, sort_keys=False, width=100)

    # ---- paths ----

    def stretch(
        self, after: str, region: str, *, depth: int, shortest: int = 1, longest: int = 3
    ) -> str:
        """Some steps in a row; returns the name of the first."""
        start = len(self.steps)
        length = self.draw(st.integers(shortest, longest))
        names = [f"s{start + number}" for number in range(length)]
        self.steps.update({key: {} for key in names})
        humans: list[str] = []
        for number, name in enumerate(names):
            then = names[number + 1] if number + 1 < len(names) else after
            place = Place(name, then, names[: number + 1], region, depth, humans, after)
            self.steps[name] = self._kind(place)(place)
        return names[0]

    def _kind(self, at: Place) -> Callable[[Place], Words]:
        kinds = [self.human] * 6 + [self.wait] * 2 + [self.event] * 2 + [self.each] * 2
        kinds += [self.decision, self.notify, self.call, self.call, self.sub_case, self.do]
        kinds += [self.fork] * 2 if at.depth < 2 else []
        kinds += [self.listening] * 2 if at.humans else []
        kind: Callable[[Place], Words] = self.one_of(*kinds)
        return kind

    # ---- waits ----

    def wait(self, at: Place) -> Words:
        words: Words = {"wait": self._time(), "time_up": at.then}
        if at.humans and self.chance(2):
            words["starts_after"] = [self.one_of(*at.humans)]
        if self.chance(2):
            words["who"] = [self.rung()]
            words["buttons"] = self.buttons(at, sets=False)
        return words

    def _time(self) -> str | Words:
        if self.chance(2):
            return self.length()
        return self.moment()

    def event(self, at: Place) -> Words:
        event: Words = {"event": self.one_of(*EVENTS)}
        words: Words = {"wait": event, "happened": at.then}
        if self.asked and self.chance(2):
            event["since"] = self.one_of(*self.asked)
        if self.chance(2):
            event["at_most"] = self.length()
            words["time_up"] = at.then
        if self.chance(3):
            words["who"] = [self.rung()]
            words["buttons"] = self.buttons(at, sets=False)
        return words

    def listening(self, at: Place) -> Words:
        kind = self.one_of(self.wait, self.event)
        words: Words = kind(at)
        words["who"] = [self.rung()]
        since = self.one_of(*at.humans)
        words["buttons"] = self.buttons(at, sets=True, since=since)
        return words

    # ---- steps that nobody does ----

    def decision(self, at: Place) -> Words:
        lines: list[Words] = []
        if self.chance(2):
            around = self.stretch(at.then, at.region, depth=at.depth + 1, longest=2)
            lines.append({"when": self._condition(), "go_to": around})
        if self.chance(3):
            back = self.one_of(*at.here)
            lines.append({"when": self._condition(), "go_to": back, "at_most": 2, "then": at.then})
        lines.append({"otherwise": at.then})
        return {"decide": lines}

    def _condition(self) -> str:
        return str(self.one_of("level == 'high'", "when_at and when_at < now", "amount", "said"))

    def fork(self, at: Place) -> Words:
        join = f"{at.name}_join"
        self.steps[join] = {"needs": "all", "go_to": at.then}
        paths = [
            self.stretch(join, f"{at.name}.{number}", depth=at.depth + 1, longest=2)
            for number in range(self.one_of(2, 2, 3))
        ]
        self.steps[join]["needs"] = self.one_of("all", "all", "any", min(2, len(paths)))
        return {"parallel": paths, "join": join}

    def notify(self, at: Place) -> Words:
        to: Words = {"role": self.one_of("agent", "lead", "team")}
        if self.asked and self.chance(2):
            to = {"same_as": self.one_of(*self.asked)}
        return {"notify": {"to": [to], "title": "{{ order_no }}"}, "go_to": at.then}

    def call(self, at: Place) -> Words:
        call: Words = {"url": "https://example.com/{{ order_no }}", "body": {"no": "{{ said }}"}}
        words: Words = {"call": call, "go_to": at.then}
        if self.chance(2):
            call["save"] = {"amount": "response.amount", "when_at": "response.at"}
        if self.chance(2):
            words["if_failed"] = at.then
        if self.chance(2):
            words["on_unknown"] = "ask"
        return words

    def do(self, at: Place) -> Words:
        return {"do": self.hand_over(), "go_to": at.then}

    def sub_case(self, at: Place) -> Words:
        if self.chance(3):
            several: Words = {"process": "child", "data": {"order_no": "item"}}
            several |= {"each": self.one_of(*LISTS), "wait": self.one_of(True, True, False)}
            return {"sub_case": several, "go_to": at.then}
        if self.chance(3):
            child = {"process": "child", "data": {"order_no": "order_no"}, "wait": False}
            return {"sub_case": child, "go_to": at.then}
        words: Words = {"sub_case": {"process": "child", "data": {"order_no": "order_no"}}}
        return {**words, "results": {"good": at.then}, "go_to": self.one_of(*at.here, at.then, at.then)}
