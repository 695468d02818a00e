"""A small shop for random processes, the fields of their cases, and changes of its people."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from jieli.engine.context import Context
from jieli.engine.loader import load
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
  robot: {type: webhook, url: ROBOT_URL, secret: ROBOT_SECRET}
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
FIELDS: Words = {
    "order_no": {"label": "订单编号", "required": True},
    "level": {"label": "级别", "type": "choice", "of": {"low": "低", "high": "高"}},
    "when_at": {"label": "时间", "type": "datetime"},
    "amount": {"label": "金额", "type": "money"},
    "said": {"label": "说了什么"},
}
MOMENTS = ("2026-11-24T02:00:00+00:00", "2026-12-01T02:00:00+00:00")


def published(text: str) -> tuple[Definition, Context]:
    """The process as it is pinned to its cases; a problem of the text fails the test."""
    library = load({"shop.yaml": SHOP, "child.yaml": CHILD, "toy.yaml": text})
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
        "when_at": draw(st.sampled_from([None, *MOMENTS])),
        "amount": draw(st.sampled_from([None, "250.00"])),
    }
