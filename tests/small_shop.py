"""A small shop and a small process, to be broken one word at a time."""

from __future__ import annotations

from jieli.engine.errors import DefinitionError
from jieli.engine.loader import load
from jieli.texts import Language, use_language

SHOP = """\
shop: 样例
roles:
  agent: {label: 客服, desk: desk}
  boss: {label: 主管}
people:
  li_na: {name: 李娜, roles: [agent]}
hours:
  desk: {daily: ["09:00-18:00"]}
messages:
  work_item: {title: "{{ step.title }}"}
"""

REVIEW = """\
process: review
title: 差评
settings:
  wait_time: {value: 48h, label: 等待, source: ours}
  tries: {value: 2, label: 次数, source: ours}
case:
  key: [order_no]
  title: "差评 {{ order_no }} {{ severity.label }}"
  buyer: "{{ nick }}"
  contact_blocked: finish
  fields:
    order_no: {label: 订单号, required: true}
    nick: {label: 昵称, pii: name}
    severity: {label: 程度, type: choice, of: {severe: 严重, normal: 一般}}
    due_day: {label: 日期, type: date}
start:
  - form: {role: agent}
steps:
  call:
    title: 打电话
    who:
      - {role: agent, on_shift: true, for: 2h}
      - {role: boss}
    finish_within: 4h
    remind: 50%
    contacts_buyer: true
    form:
      note: {label: 摘要, type: long_text}
    buttons:
      reached: {label: 接通, needs: [note], go_to: pause}
      missed: {label: 没接通, again: tries, then: finish}
  pause:
    title: 等待
    wait: wait_time
    time_up: choose
  choose:
    title: 判断
    decide:
      - {when: "severity == 'severe'", go_to: call}
      - {otherwise: finish}
  finish: {title: 结束, end: closed}
ends:
  closed: 已结束
"""

PARALLEL = """\
process: shift
title: 交班
case: {key: [day], title: 交班, fields: {day: {label: 日期, required: true}}}
start: [{case: true}]
steps:
  split: {parallel: [stock, chats], join: meet}
  stock: {who: {role: agent}, buttons: {ok: {label: 好, go_to: meet}}}
  chats: {who: {role: agent}, buttons: {ok: {label: 好, go_to: meet}}}
  meet: {needs: all, go_to: sign}
  sign: {who: {role: boss}, buttons: {ok: {label: 好, go_to: finish}}}
  finish: {end: signed}
ends: {signed: 已交班}
"""

PARENT = """\
process: parent
title: 上级
case: {key: [a], title: 上级, fields: {a: {label: 甲}}}
start: [{webhook: {secret: PARENT_SECRET}}]
steps:
  below:
    sub_case: {process: shift, data: {day: a}}
    results: {signed: tell, cancelled: finish}
    go_to: finish
  tell:
    notify: {to: {role: boss}, title: "{{ step.title }} {{ a }}"}
    go_to: send
  send:
    call:
      url: https://erp.example/slips
      body: {lines: ["{{ a }}"]}
      save: {a: response.id}
    go_to: finish
  finish: {end: done}
ends: {done: 完成}
"""


def problems(sources: dict[str, str], language: Language = "en") -> list[str]:
    """What is wrong with the files, one line for each problem."""
    use_language(language)
    try:
        load(sources)
    except DefinitionError as error:
        return [str(problem) for problem in error.problems]
    finally:
        use_language("zh")
    return []


def changed(source: str, old: str, new: str) -> str:
    """The file with its first `old` replaced."""
    assert old in source, f"the file does not say {old}"
    return source.replace(old, new, 1)


def review(old: str, new: str, language: Language = "en") -> list[str]:
    """The problems of the review process after one change."""
    sources = {"review.yaml": changed(REVIEW, old, new), "shop.yaml": SHOP}
    return problems(sources, language)


def shop(old: str, new: str, language: Language = "en") -> list[str]:
    """The problems after one change in the file about the shop."""
    return problems({"review.yaml": REVIEW, "shop.yaml": changed(SHOP, old, new)}, language)


def family(file: str, old: str, new: str, language: Language = "en") -> list[str]:
    """The problems of a parent process and its sub-process, one of them changed."""
    sources = {"parent.yaml": PARENT, "shift.yaml": PARALLEL, "shop.yaml": SHOP}
    return problems({**sources, file: changed(sources[file], old, new)}, language)
