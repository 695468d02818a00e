"""What people do in random processes: who is asked, by when, and which buttons there are."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.properties.small_shop import Words

# Few lengths, so that timers often come due in the same instant.
LENGTHS = ("30m", "1h", "2h", "1d")
LISTS = ("['ann', 'bob', 'dan']", "['bob', 'cat']", "level == 'high' and ['ann', 'eve'] or []", "case.owner_id")
MAIN = "main"


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
class Asking:
    """Writes the steps of people, and remembers which there were."""

    draw: st.DrawFn
    steps: dict[str, Words] = field(default_factory=dict)
    settings: dict[str, Words] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    owner: str | None = None
    contact_region: str | None = None
    blocked: Words | None = None

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

    # ---- steps ----

    def human(self, at: Place) -> Words:
        words = self._asking(at)
        if self.chance(4):
            words |= {"only_during": "calls", "missed": {"tell": {"role": "lead"}}}
            if self.chance(2):
                words["record_grace"] = self.one_of("0m", "15m")
        if self.chance(3):
            words["take_back"] = self.one_of("3m", "30m")
        if self.chance(5):
            need = self.one_of(2, "['a', 'b'] | length", "0")
            words["signers"] = {"need": need, "button": "done"}
        if self.chance(4) and self.contact_region in (None, at.region):
            self._contact(words, at)
        at.humans.append(at.name)
        self.asked.append(at.name)
        return words

    def _asking(self, at: Place) -> Words:
        words: Words = {"who": self.ladder()}
        if self.chance(3):
            words["urgent"] = True
        if self.chance(2):
            by_field = {"by": "level", "high": "30m", "otherwise": "2h"}
            words["finish_within"] = by_field if self.chance(4) else self.length()
            words["clock"] = self.one_of("wall", "staffed")
        if self.chance(4):
            words["due"] = [self.moment()]
        if "due" in words or "finish_within" in words:
            if self.chance(2):
                words["remind"] = self.one_of(["50%"], ["25%", "50%"], ["30m", "50%"])
            if self.chance(2):
                words["when_late"] = self._when_late(at)
        if self.chance(8):
            words["remind_every"] = "4h"
        if self.asked and self.chance(5):
            words["not_same_as"] = [self.one_of(*self.asked), self.one_of(*self.asked)]
        if self.chance(5):
            words["identity"] = "claim"
        if self.chance(8):
            words["delegate"] = False
        words["form"] = {
            "words": {"label": "说明", "case_field": "said"},
            "promised": {"label": "时间", "type": "datetime", "case_field": "when_at"},
        }
        words["buttons"] = self.buttons(at, sets=True)
        return words

    def _contact(self, words: Words, at: Place) -> None:
        words["contacts_buyer"] = True
        self.contact_region = at.region
        if self.blocked is None:
            done = {"label": "知道了", "go_to": at.after}
            self.blocked = {"who": {"role": "lead"}, "buttons": {"done": done}}

    def _when_late(self, at: Place) -> list[Words]:
        rungs: list[Words] = [{"tell": {"role": "lead"}}]
        if self.chance(2):
            rungs.append({"after": "1h", "tell": {"role": "team"}})
        if self.chance(2):
            rungs[-1]["go_to"] = at.then
        return rungs

    def each(self, at: Place) -> Words:
        """A human step for each of a list, which may be empty or change from round to round."""
        words = self._asking(at)
        at.humans.append(at.name)
        self.asked.append(at.name)
        for rung in words.get("when_late", ()):
            rung.pop("go_to", None)
        words |= {"each": self.one_of(*LISTS), "go_to": at.then}
        words["each_needs"] = self.one_of("all", "all", "any", 2, "visits | length")
        if self.chance(2):
            words["who"][0].update({"people": "item"})
            for key in ("role", "person", "same_as", "role_from", "owner"):
                words["who"][0].pop(key, None)
        for button in words["buttons"].values():
            for key in ("go_to", "again", "at_most", "then"):
                button.pop(key, None)
        return words

    def ladder(self) -> list[Words]:
        rungs = [self.rung() for _ in range(self.one_of(1, 1, 2, 3))]
        for rung in rungs[:-1]:
            rung["for"] = self.length()
        return rungs

    def rung(self) -> Words:
        who = self.one_of("agent", "night", "lead", "team", "person", "same_as", "people", "owner")
        rung: Words = {"role": who}
        if who == "people":
            rung = self.one_of({"people": "['ann', 'eve']"}, {"people": "case.owner_id"},
                               {"role_from": "level == 'high' and 'lead' or 'team'"})  # fmt: skip
        elif who == "owner":
            rung = {"owner": True} if self.owner else {"role": "agent"}
        if who == "person" or (who == "same_as" and not self.asked):
            rung = {"person": self.one_of("ann", "bob")}
        elif who == "same_as":
            rung = {"same_as": self.one_of(*self.asked)}
        if self.chance(2):
            rung["on_shift"] = True
        if self.chance(4) and not ("person" in rung or "owner" in rung):
            rung["pick"] = self.one_of("one", "turn")
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
        if sets and since is None and self.chance(4):
            found["note"] = {"label": "记", "stay": True, "sets": {"said": "now | string"}}
        if sets and self.chance(8):
            done["do"] = self.hand_over()
        if at.region == MAIN and self.chance(6):
            found["stop"] = {"label": "停止", "go_to": "stopped"}
        if self.chance(6):
            found["done"]["role"] = self.one_of("agent", "lead")
        for button in found.values() if since else ():
            button["since"] = since
        return found

    def moment(self) -> Words:
        word = self.one_of("until", "before", "after")
        moment = {word: self.one_of("when_at", "now")}
        return moment if word == "until" else {**moment, "by": self.length()}

    def hand_over(self) -> Words:
        return {"hand_over": {"from": "case.owner_id", "to": "['bob', 'cat']"}}
