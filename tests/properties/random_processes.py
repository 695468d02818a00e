"""Random processes as YAML, each of which passes every check, and a small shop for them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml
from hypothesis import strategies as st

from jieli.engine.context import Context
from jieli.engine.loader import Library, load
from jieli.engine.published import Definition

Words = dict[str, Any]

SHOP = """
shop: 随机店
roles:
  agent: {label: 客服, desk: desk}
  night: {label: 夜班, desk: desk}
  lead:  {label: 主管}
  team:  {label: 小组, desk: desk, channels: [robot]}
people:
  ann: {name: 安, roles: [agent], works: {daily: ["08:00-17:30"]}}
  bob: {name: 博, roles: [agent, night], works: {daily: ["16:00-25:00"]}}
  cat: {name: 彩, roles: [lead]}
  dan: {name: 丹, roles: [team, agent], works: {daily: ["10:00-19:00"], days: workdays}}
  eve: {name: 怡, roles: [team, lead], works: {daily: ["09:00-18:00"]}}
hours:
  desk:  {label: 在岗, daily: ["08:00-25:00"]}
  calls: {label: 电话时段, daily: ["09:30-10:30", "16:00-20:30"]}
channels:
  robot: {type: webhook, url: ROBOT_URL}
"""
CHILD = """
process: child
title: 小单
case:
  key: [order_no]
  title: "{{ order_no }}"
  fields: {order_no: {label: 订单编号, required: yes}}
start: [{case: yes}]
steps:
  work: {who: {role: lead}, buttons: {good: {label: 好, go_to: good}, bad: {label: 不好, go_to: bad}}}
  good: {end: good}
  bad: {end: bad}
ends: {good: 好, bad: 不好}
"""
EVENTS = ("paid", "shipped")
FIELDS: Words = {
    "order_no": {"label": "订单编号", "required": True},
    "level": {"label": "级别", "type": "choice", "of": {"low": "低", "high": "高"}},
    "when_at": {"label": "时间", "type": "datetime"},
    "amount": {"label": "金额", "type": "money"},
    "said": {"label": "说了什么"},
}
# Few lengths, so that timers often come due in the same instant.
LENGTHS = ("30m", "1h", "2h", "1d")
MAIN = "main"


@st.composite
def processes(draw: st.DrawFn) -> str:
    """A process as an ops person could have written it."""
    return _Author(draw).process()


def published(text: str) -> tuple[Definition, Context]:
    """The process as it is pinned to its cases; a problem of the text fails the test."""
    library: Library = load({"shop.yaml": SHOP, "child.yaml": CHILD, "toy.yaml": text})
    return Definition(library.processes["toy"], 1, library.messages), library.context


def changes_of(shop: Context) -> tuple[Context, ...]:
    """The shop as it is, and after changes that no running case was asked about."""
    people = dict(shop.people)
    first, second, *_ = people
    left = people[first].model_copy(update={"active": False})
    awake = {name: each.model_copy(update={"works": None}) for name, each in people.items()}
    return (
        shop,
        shop.model_copy(update={"people": {**people, first: left}}),
        shop.model_copy(update={"people": {k: v for k, v in people.items() if k != second}}),
        shop.model_copy(update={"people": awake}),
    )


@st.composite
def beginnings(draw: st.DrawFn) -> Words:
    """What a case of such a process begins with."""
    return {
        "order_no": "A-17",
        "level": draw(st.sampled_from(["low", "high", None])),
        "when_at": draw(st.sampled_from([None, *(f"2026-{day}T02:00:00+00:00" for day in ("11-24", "12-01"))])),
        "amount": draw(st.sampled_from([None, "250.00"])),
    }


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
            kind = self._kind(depth, humans)
            self.steps[name] = kind(name, then, names[: number + 1], region, depth, humans, after)
        return names[0]

    def _kind(self, depth: int, humans: list[str]) -> Any:
        kinds = [self.human] * 6 + [self.wait] * 2 + [self.event] * 2
        kinds += [self.decision, self.notify, self.call, self.call, self.sub_case]
        kinds += [self.fork] * 2 if depth < 2 else []
        kinds += [self.listening] * 2 if humans else []
        return self.one_of(*kinds)

    def human(
        self, name: str, then: str, here: list[str], region: str, depth: int, humans: list[str],
        after: str,
    ) -> Words:  # fmt: skip
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
                    words["when_late"]["go_to"] = then
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
        if self.chance(4) and self.contact_region in (None, region):
            self._contact(words, region, after)
        words["form"] = {
            "words": {"label": "说明", "case_field": "said"},
            "promised": {"label": "时间", "type": "datetime", "case_field": "when_at"},
        }
        words["buttons"] = self.buttons(then, here, region, sets=True)
        humans.append(name)
        self.asked.append(name)
        return words

    def _contact(self, words: Words, region: str, after: str) -> None:
        words["contacts_buyer"] = True
        self.contact_region = region
        if self.blocked is None:
            done = {"label": "知道了", "go_to": after}
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

    def buttons(
        self, then: str, here: list[str], region: str, *, sets: bool, since: str | None = None
    ) -> Words:
        done: Words = {"label": "完成", "go_to": then}
        if sets and self.chance(3):
            done["sets"] = self.one_of(
                {"level": "'high'"}, {"amount": "(amount or 0) + 60.5"}, {"when_at": "now"}
            )
        if self.chance(8):
            done["block_contact"] = True
        found = {"done": done}
        if self.chance(3):
            found["again"] = {"label": "再来", "again": self.one_of(1, 2, 3), "then": then}
        if self.chance(3):
            back: Words = {"label": "退回", "go_to": self.one_of(*here)}
            if self.chance(2):
                back |= {"at_most": 2, "then": then}
            found["back"] = back
        if region == MAIN and self.chance(6):
            found["stop"] = {"label": "停止", "go_to": "stopped"}
        if self.chance(6):
            found["done"]["role"] = self.one_of("agent", "lead")
        for button in found.values() if since else ():
            button["since"] = since
        return found

    # ---- waits ----

    def wait(
        self, name: str, then: str, here: list[str], region: str, depth: int, humans: list[str],
        after: str,
    ) -> Words:  # fmt: skip
        words: Words = {"wait": self._time(), "time_up": then}
        if humans and self.chance(2):
            words["starts_after"] = [self.one_of(*humans)]
        if self.chance(2):
            words["who"] = [self._rung()]
            words["buttons"] = self.buttons(then, here, region, sets=False)
        return words

    def _time(self) -> str | Words:
        if self.chance(2):
            return self.length()
        word = self.one_of("until", "before", "after")
        moment = {word: self.one_of("when_at", "now")}
        return moment if word == "until" else {**moment, "by": self.length()}

    def event(
        self, name: str, then: str, here: list[str], region: str, depth: int, humans: list[str],
        after: str,
    ) -> Words:  # fmt: skip
        event: Words = {"event": self.one_of(*EVENTS)}
        words: Words = {"wait": event, "happened": then}
        if self.asked and self.chance(2):
            event["since"] = self.one_of(*self.asked)
        if self.chance(2):
            event["at_most"] = self.length()
            words["time_up"] = then
        if self.chance(3):
            words["who"] = [self._rung()]
            words["buttons"] = self.buttons(then, here, region, sets=False)
        return words

    def listening(
        self, name: str, then: str, here: list[str], region: str, depth: int, humans: list[str],
        after: str,
    ) -> Words:  # fmt: skip
        kind = self.one_of(self.wait, self.event)
        words: Words = kind(name, then, here, region, depth, humans, after)
        words["who"] = [self._rung()]
        since = self.one_of(*humans)
        words["buttons"] = self.buttons(then, here, region, sets=True, since=since)
        return words

    # ---- steps that nobody does ----

    def decision(
        self, name: str, then: str, here: list[str], region: str, depth: int, humans: list[str],
        after: str,
    ) -> Words:  # fmt: skip
        lines: list[Words] = []
        if self.chance(2):
            around = self.stretch(then, region, depth=depth + 1, longest=2)
            lines.append({"when": self._condition(), "go_to": around})
        if self.chance(3):
            back = self.one_of(*here)
            lines.append({"when": self._condition(), "go_to": back, "at_most": 2, "then": then})
        lines.append({"otherwise": then})
        return {"decide": lines}

    def _condition(self) -> str:
        return str(self.one_of("level == 'high'", "when_at and when_at < now", "amount", "said"))

    def fork(
        self, name: str, then: str, here: list[str], region: str, depth: int, humans: list[str],
        after: str,
    ) -> Words:  # fmt: skip
        join = f"{name}_join"
        self.steps[join] = {"needs": "all", "go_to": then}
        paths = [
            self.stretch(join, f"{name}.{number}", depth=depth + 1, longest=2)
            for number in range(self.one_of(2, 2, 3))
        ]
        self.steps[join]["needs"] = self.one_of("all", "all", "any", min(2, len(paths)))
        return {"parallel": paths, "join": join}

    def notify(
        self, name: str, then: str, here: list[str], region: str, depth: int, humans: list[str],
        after: str,
    ) -> Words:  # fmt: skip
        to: Words = {"role": self.one_of("agent", "lead", "team")}
        if self.asked and self.chance(2):
            to = {"same_as": self.one_of(*self.asked)}
        return {"notify": {"to": [to], "title": "{{ order_no }}"}, "go_to": then}

    def call(
        self, name: str, then: str, here: list[str], region: str, depth: int, humans: list[str],
        after: str,
    ) -> Words:  # fmt: skip
        call: Words = {"url": "https://example.com/{{ order_no }}", "body": {"no": "{{ said }}"}}
        words: Words = {"call": call, "go_to": then}
        if self.chance(2):
            call["save"] = {"amount": "response.amount", "when_at": "response.at"}
        if self.chance(2):
            words["if_failed"] = then
        if self.chance(2):
            words["on_unknown"] = "ask"
        return words

    def sub_case(
        self, name: str, then: str, here: list[str], region: str, depth: int, humans: list[str],
        after: str,
    ) -> Words:  # fmt: skip
        if self.chance(3):
            child = {"process": "child", "data": {"order_no": "order_no"}, "wait": False}
            return {"sub_case": child, "go_to": then}
        words: Words = {"sub_case": {"process": "child", "data": {"order_no": "order_no"}}}
        return {**words, "results": {"good": then}, "go_to": self.one_of(*here, then, then)}
