"""Random processes as YAML, as an ops person could write them; each passes every check."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml
from hypothesis import strategies as st

from tests.properties.small_shop import FIELDS, Words

EVENTS = ("paid", "shipped")
# Few lengths, so that timers often come due in the same instant.
LENGTHS = ("30m", "1h", "2h", "1d")
MAIN = "main"


@st.composite
def processes(draw: st.DrawFn) -> str:
    """A process as an ops person could have written it."""
    return _Author(draw).process()


@dataclass(frozen=True)
class Place:
    """Where a step stands: what follows it, what came before it on its path, where that leads."""

    name: str
    then: str
    here: list[str]
    region: str
    depth: int
    humans: list[str]
    after: str


@dataclass
class _Author:
    """Writes steps one after the other; a stretch of them is a path that leads to `after`."""

    draw: st.DrawFn
    steps: dict[str, Words] = field(default_factory=dict)
    settings: dict[str, Words] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    contact_region: str | None = None
    blocked: Words | None = None

    def process(self) -> str:
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
        if self.blocked:
            case["contact_blocked"] = "no_contact"
        words = {
            "process": "toy", "title": "随机流程", "settings": self.settings, "case": case,
            "start": [{"form": {"role": "agent"}}], "steps": steps, "ends": ends,
        }  # fmt: skip
        return yaml.safe_dump(words, allow_unicode=True, sort_keys=False, width=100)

    # ---- chance ----

    def chance(self, part: int = 4) -> bool:
        """True once in so many times."""
        return self.draw(st.integers(1, part)) == part

    def one_of(self, *values: Any) -> Any:
        return self.draw(st.sampled_from(values))

    def length(self) -> str:
        """A duration, written out or as a setting."""
        text = self.one_of(*LENGTHS)
        if not self.chance(6):
            return str(text)
        name = f"time_{text}"
        self.settings[name] = {"value": text, "label": text, "source": "ours"}
        return name

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
        kinds = [self.human] * 6 + [self.wait] * 2 + [self.event] * 2
        kinds += [self.decision, self.notify, self.call, self.call, self.sub_case]
        kinds += [self.fork] * 2 if at.depth < 2 else []
        kinds += [self.listening] * 2 if at.humans else []
        kind: Callable[[Place], Words] = self.one_of(*kinds)
        return kind

    def human(self, at: Place) -> Words:
        words: Words = {"who": self.ladder()}
        if self.chance(3):
            words["urgent"] = True
        if self.chance(2):
            by_field = {"by": "level", "high": "30m", "otherwise": "2h"}
            words["finish_within"] = by_field if self.chance(4) else self.length()
            words["clock"] = self.one_of("wall", "staffed")
            if self.chance(2):
                words["remind"] = self.one_of(["50%"], ["25%", "50%"], ["30m", "50%"])
            if self.chance(2):
                words["when_late"] = {"tell": {"role": "lead"}}
                if self.chance(2):
                    words["when_late"]["go_to"] = at.then
        if self.chance(4):
            words |= {"only_during": "calls", "missed": {"tell": {"role": "lead"}}}
            if self.chance(2):
                words["record_grace"] = self.one_of("0m", "15m")
        if self.chance(3):
            words["take_back"] = self.one_of("3m", "30m")
        if self.asked and self.chance(5):
            words["not_same_as"] = self.one_of(*self.asked)
        if self.chance(5):
            words["identity"] = "claim"
        if self.chance(5):
            words["signers"] = {"need": 2, "button": "done"}
        if self.chance(8):
            words["delegate"] = False
        if self.chance(4) and self.contact_region in (None, at.region):
            self._contact(words, at)
        words["form"] = {
            "words": {"label": "说明", "case_field": "said"},
            "promised": {"label": "时间", "type": "datetime", "case_field": "when_at"},
        }
        words["buttons"] = self.buttons(at, sets=True)
        at.humans.append(at.name)
        self.asked.append(at.name)
        return words

    def _contact(self, words: Words, at: Place) -> None:
        words["contacts_buyer"] = True
        self.contact_region = at.region
        if self.blocked is None:
            done = {"label": "知道了", "go_to": at.after}
            self.blocked = {"who": {"role": "lead"}, "buttons": {"done": done}}

    def ladder(self) -> list[Words]:
        rungs = [self._rung() for _ in range(self.one_of(1, 1, 2, 3))]
        for rung in rungs[:-1]:
            rung["for"] = self.length()
        return rungs

    def _rung(self) -> Words:
        who = self.one_of("agent", "night", "lead", "team", "person", "same_as")
        rung: Words = {"role": who}
        if who == "person" or (who == "same_as" and not self.asked):
            rung = {"person": self.one_of("ann", "bob")}
        elif who == "same_as":
            rung = {"same_as": self.one_of(*self.asked)}
        if self.chance(2):
            rung["on_shift"] = True
        if self.chance(4):
            rung["pick"] = "one"
        return rung

    def buttons(self, at: Place, *, sets: bool, since: str | None = None) -> Words:
        done: Words = {"label": "完成", "go_to": at.then}
        if sets and self.chance(3):
            done["sets"] = self.one_of(
                {"level": "'high'"}, {"amount": "(amount or 0) + 60.5"}, {"when_at": "now"}
            )
        if self.chance(8):
            done["block_contact"] = True
        found = {"done": done}
        if self.chance(3):
            found["again"] = {"label": "再来", "again": self.one_of(1, 2, 3), "then": at.then}
        if self.chance(3):
            back: Words = {"label": "退回", "go_to": self.one_of(*at.here)}
            if self.chance(2):
                back |= {"at_most": 2, "then": at.then}
            found["back"] = back
        if at.region == MAIN and self.chance(6):
            found["stop"] = {"label": "停止", "go_to": "stopped"}
        if self.chance(6):
            found["done"]["role"] = self.one_of("agent", "lead")
        for button in found.values() if since else ():
            button["since"] = since
        return found

    # ---- waits ----

    def wait(self, at: Place) -> Words:
        words: Words = {"wait": self._time(), "time_up": at.then}
        if at.humans and self.chance(2):
            words["starts_after"] = [self.one_of(*at.humans)]
        if self.chance(2):
            words["who"] = [self._rung()]
            words["buttons"] = self.buttons(at, sets=False)
        return words

    def _time(self) -> str | Words:
        if self.chance(2):
            return self.length()
        word = self.one_of("until", "before", "after")
        moment = {word: self.one_of("when_at", "now")}
        return moment if word == "until" else {**moment, "by": self.length()}

    def event(self, at: Place) -> Words:
        event: Words = {"event": self.one_of(*EVENTS)}
        words: Words = {"wait": event, "happened": at.then}
        if self.asked and self.chance(2):
            event["since"] = self.one_of(*self.asked)
        if self.chance(2):
            event["at_most"] = self.length()
            words["time_up"] = at.then
        if self.chance(3):
            words["who"] = [self._rung()]
            words["buttons"] = self.buttons(at, sets=False)
        return words

    def listening(self, at: Place) -> Words:
        kind = self.one_of(self.wait, self.event)
        words: Words = kind(at)
        words["who"] = [self._rung()]
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

    def sub_case(self, at: Place) -> Words:
        if self.chance(3):
            child = {"process": "child", "data": {"order_no": "order_no"}, "wait": False}
            return {"sub_case": child, "go_to": at.then}
        words: Words = {"sub_case": {"process": "child", "data": {"order_no": "order_no"}}}
        return {**words, "results": {"good": at.then}, "go_to": self.one_of(*at.here, at.then, at.then)}
