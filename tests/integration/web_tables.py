"""A shop with filled tables, people to choose, phrases, and buttons that stay: for page tests."""

from __future__ import annotations

from typing import Any

from tests.integration.web_shop import TAIL, Shop

PROCESS = """
process: hand_on
title: 交接试用
case:
  key: [order_no]
  title: "交接 {{ order_no }}"
  owner: starter
  summary: [order_no]
  fields:
    order_no: {label: 订单号, required: true}
    goods:
      label: 客户
      type: rows
      fields:
        ref:     {label: 单号, required: true}
        name:    {label: 客户姓名, required: true}
        problem: {label: 问题类型, type: choice, of: {late: 物流, bad: 质量}}
        special: {label: 特殊沟通需求}
start: [{form: {role: after_sales}}, {rows: true}]
ends: {ok: 完成}
steps:
  tidy:
    title: 整理交接班记录表
    about: 逐条写清楚进度和承诺。
    who: {role: after_sales}
    identity: claim
    finish_within: 2h
    clock: wall
    phrases: [late_parcel]
    form:
      incoming: {label: 接班客服, type: people, role: after_sales, required: true}
      chief:    {label: 值班主管, type: person, role: supervisor}
      said:     {label: 进度记录, type: long_text}
      first_no: {label: 首单, fill: "order_no"}
      items:
        label: 交接事项
        type: rows
        fill: {rows: goods, key: ref, shown: [ref, name, problem, special], keep: true}
        fields:
          ref:      {label: 单号}
          name:     {label: 客户姓名, required: true}
          problem:  {label: 问题类型, type: choice, of: {late: 物流, bad: 质量}}
          special:  {label: 特殊沟通需求, highlight: true, required: true}
          progress: {label: 当前进度, required: true}
          urgency:  {label: 紧急程度, type: choice, of: {u: 紧急, f: 跟进, r: 提醒}, required: true}
    buttons:
      done:  {label: 整理好了, go_to: confirm}
      noted: {label: 记一笔, stay: true, needs: [said]}
  confirm:
    title: "到岗确认"
    each: tidy.incoming
    about: "这一份是 {{ item }} 的。"
    who: {people: item}
    form: {here: {label: 到岗时间, required: true}}
    buttons: {here: {label: 我到了}}
    go_to: finished
"""
WORDS = """
phrases:
  late_parcel: {label: 物流迟了, texts: ["您好，包裹在路上，我马上为您催。", "非常抱歉让您久等了。"]}
wordings:
  forbidden: {不归我们管: 请说“我来帮您查”}
  better_not: {不知道: 我帮您查一下}
"""
MORE = {"hand_on.yaml": PROCESS + TAIL, "phrases.yaml": WORDS}

EIGHT = [
    {"ref": f"A{number}", "name": f"客户{number}", "problem": "late",
     "special": "听力不好，请打字沟通" if number == 3 else "无"}
    for number in range(1, 9)
]  # fmt: skip


def begin(shop: Shop, order_no: str = "1", rows: list[dict[str, Any]] | None = None) -> str:
    """A case with eight customers to hand over, or with these."""
    return shop.start("hand_on", order_no, goods=EIGHT if rows is None else rows)
