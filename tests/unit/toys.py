"""Small processes for stories about one kind of step, in the sample shop."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from textwrap import indent
from typing import Any

from jieli.engine.context import Context
from jieli.engine.events import Effect, Event
from jieli.engine.loader import load, read_directory
from jieli.engine.published import Definition
from tests.story import DEFINITIONS, Story, at

_HEAD = """
process: toy
title: 小流程
settings: {settings}
case:
  key: [order_no]
  title: "单 {{{{ order_no }}}}"
  buyer: "买家 {{{{ order_no }}}}"
  {contact}
  {owner}
  priority: {{by: level, of: {{high: high}}}}
  tags: {{急件: "case.priority == 'high'"}}
  fields:
    order_no: {{label: 订单编号, required: yes}}
    level: {{label: 级别, type: choice, of: {{low: 低, high: 高}}}}
    amount: {{label: 金额, type: money}}
    ship_at: {{label: 发货时间, type: datetime}}
    ship_on: {{label: 发货日, type: date}}
    said: {{label: 说了什么}}
start: [{{form: {{role: after_sales}}}}]
steps:
{steps}
ends: {{{ends}}}
"""
_CHILD = """
process: child
title: 子流程
case: {key: [order_no], title: "子 {{ order_no }}", fields: {order_no: {label: 订单编号, required: yes}}}
start: [{case: yes}]
steps:
  work: {who: {role: supervisor}, buttons: {good: {label: 好, go_to: good}, bad: {label: 不好, go_to: bad}}}
  good: {end: good}
  bad: {end: bad}
ends: {good: 好, bad: 不好}
"""


def toy(
    steps: str,
    start: str = "2026-11-20 09:00",
    *,
    settings: str = "{}",
    contact_blocked: str | None = None,
    owner: str | None = None,
    groups: Iterable[str] = (),
    more: str = "",
    **data: Any,
) -> Story:
    """A case of a process with these steps, begun at a local time; the usual fields are there."""
    ends = dict.fromkeys(re.findall(r"\bend: (\w+)", steps))
    head = _HEAD.format(
        settings=settings, steps=indent(steps.strip("\n"), "  "),
        contact=f"contact_blocked: {contact_blocked}" if contact_blocked else "",
        owner=f"owner: {owner}" if owner else "",
        ends=", ".join(f"{end}: 结束" for end in ends),
    )  # fmt: skip
    shop = {
        name: text
        for name, text in read_directory(DEFINITIONS).items()
        if "shop" in Path(name).parts and not _parts(text) & _parts(more)
    }
    library = load({**shop, "toy.yaml": head, "child.yaml": _CHILD, **({"more.yaml": more} if more else {})})
    definition = Definition(library.processes["toy"], 1, library.messages)
    story = Story(definition, in_groups(library.context, groups), at(start))
    return story.start({"order_no": "7", **data})


def _parts(text: str) -> set[str]:
    """The parts of the shop that a file has; a test's own file stands for the shipped one."""
    return set(re.findall(r"^(\w+):", text, re.MULTILINE))


def in_groups(context: Context, roles: Iterable[str]) -> Context:
    """The shop with these roles reached in a group."""
    groups = {name: context.roles[name].model_copy(update={"channels": ("robot",)}) for name in roles}
    return context.model_copy(update={"roles": {**context.roles, **groups}})


def without(context: Context, person: str) -> Context:
    """The shop after somebody left and was taken off the list."""
    rest = {name: each for name, each in context.people.items() if name != person}
    return context.model_copy(update={"people": rest})


def effects(story: Story, kind: type[Effect]) -> list[Any]:
    """All effects of one kind so far."""
    return [effect for effect in story.effects if isinstance(effect, kind)]


def told(story: Story, purpose: str | None = None) -> list[str | None]:
    """Who got messages, a group by its role."""
    return [message.to_person or f"role:{message.to_role}" for message in story.messages(purpose)]


def outcomes(story: Story) -> dict[str, str | None]:
    """How each step that is over ended, by step and visit."""
    return {visit.key: visit.outcome for visit in story.visits.values() if visit.is_over}


def refused(story: Story, event: Event) -> None:
    """Apply an event that must raise, and see that nothing has changed."""
    before = story.state.model_dump_json() if story.state else None
    try:
        story.apply(event)
    finally:
        assert before == (story.state.model_dump_json() if story.state else None)
