"""Mistakes in due times, late rungs, fills, actions and schedules: told with place and what was meant."""
# ruff: noqa: E501 (what a file says and what is said of it stand on one line)

from __future__ import annotations

import pytest

from tests.small_shop import changed, problems

SHOP = """\
shop: 样例
roles: {agent: {label: 客服}, boss: {label: 主管}}
people: {li_na: {name: 李娜, roles: [agent]}}
hours: {desk: {daily: ["09:00-18:00"]}}
messages: {work_item: {title: "{{ step.title }}"}}
posts: {phone: {label: 电话, role: agent}}
phrases: {sorry: {label: 道歉, texts: [对不起]}}
imports: {unpaid: {label: 未付款, key: [order_no], columns: {order_no: {label: 订单号}, nick: {label: 昵称}}}}
ledger:
  rules: {late: {label: 迟, source: ours}, very_late: {label: 很迟, source: ours}}
  overruns: {limit: [{over: 11m, rule: late}, {over: 31m, rule: very_late}]}
  totals: {many: {label: 多次, rule: late, when: minor >= 3}}
"""
DAILY = """\
process: daily
title: 每日
settings: {soon: {value: 20m, label: 快, source: ours}}
case:
  key: [day, who]
  owner: first
  title: "每日 {{ day }}"
  fields:
    day: {label: 日期, type: date, required: true}
    who: {label: 谁, required: true}
    at: {label: 时间, type: datetime}
    list: {label: 清单, type: rows, fields: {ref: {label: 单号}, phone: {label: 电话, pii: phone}, by_when: {label: 时间, type: datetime}}}
start:
  - schedule:
      daily: ["09:00", "16:00"]
      each: {rows: unpaid}
      data: {day: date, who: item.nick, at: occurrence}
steps:
  look:
    title: 看
    who: {people: "[case.owner_id]"}
    due: [{until: at}, {before: at, by: soon}]
    remind_every: 4h
    phrases: [sorry]
    overrun: limit
    when_late:
      - {tell: {role_from: "'boss'"}}
      - {after: soon, propose: late}
    form:
      note: {label: 说明, fill: case.title}
      rows:
        label: 行
        type: rows
        fields: {ref: {label: 单号}, kind: {label: 类}}
        fill: {cases: {process: daily, since: "now | minus('1d')"}, key: ref, shown: [kind]}
    buttons: {ok: {label: 好, do: {propose: {rule: late, person: look.by_id, reason: "{{ look.note }}"}}, go_to: each_one}}
  each_one:
    title: "跟进 {{ item.ref }}"
    each: list
    who: {people: item.ref, role_from: X}
    due: {until: item.by_when}
    buttons: {done: {label: 好, sets: {who: item.ref}}}
    go_to: mark
  mark:
    do: {mark_rows: {list: unpaid, rows: list, mark: done}}
    go_to: finish
  finish: {end: closed}
ends: {closed: 结束}
""".replace(", role_from: X", "")
SAMPLE = """\
process: check
title: 抽查
settings: {how_many: {value: 3, label: 几个, source: ours}}
case: {key: [ref], title: 抽查, fields: {ref: {label: 单号, required: true}}}
start: [{schedule: {weekly: fri 17:00, each: {sample: {process: daily, count: how_many, closed_within: 7d}}, data: {ref: item.ref}}}]
steps:
  look: {who: {role: boss}, buttons: {ok: {label: 好, go_to: finish}}}
  finish: {end: closed}
ends: {closed: 结束}
"""
SHIFT = """\
process: swap
title: 换班
case: {key: [ref, who], title: 换班, fields: {ref: {label: 班次, required: true}, who: {label: 谁}}}
start: [{schedule: {shift_change: {posts: [phone], before: 30m}, each: {of: change.outgoing}, data: {ref: change.key, who: item}}}]
steps:
  look: {who: {role: boss}, buttons: {ok: {label: 好, go_to: finish}}}
  finish: {end: closed}
ends: {closed: 结束}
"""
FILES = {"daily.yaml": DAILY, "check.yaml": SAMPLE, "swap.yaml": SHIFT, "shop.yaml": SHOP}


def broken(file: str, old: str, new: str) -> list[str]:
    """What is said of one change, without the place."""
    return problems({**FILES, file: changed(FILES[file], old, new)})


def test_what_is_whole_has_no_problems() -> None:
    assert problems(FILES) == []


DAILY_MISTAKES = (
    # names
    ("item.nick", "item.nik", ['start.1.schedule.data.who: There is no "item.nik"; did you mean "nick"?']),
    ("day: date", "day: dat", ['start.1.schedule.data.day: There is no "dat" here; did you mean "date"?']),
    ("at: occurrence", "at: change.ends_at", ['start.1.schedule.data.at: There is no "change" here']),
    ("case.owner_id", "case.ownr_id", ['steps.look.who.1.people: There is no "case.ownr_id"; did you mean "owner_id"?']),
    ("role_from: \"'boss'\"", "role_from: bos", ['steps.look.when_late.1.tell.1.role_from: There is no "bos" here']),
    ("{until: at}", "{until: att}", ['steps.look.due.1.until: There is no "att" here; did you mean "at"?']),
    ("fill: case.title", "fill: case.titel", ['steps.look.form.note.fill: There is no "case.titel"; did you mean "title"?']),
    ("now | minus", "noww | minus", ['steps.look.form.rows.fill.cases.since: There is no "noww" here; did you mean "now"?']),
    ("person: look.by_id", "person: look.byid", ['steps.look.buttons.ok.do.propose.person: There is no "look.byid"; did you mean "by_id"?']),
    ("{{ look.note }}", "{{ look.not }}", ['steps.look.buttons.ok.do.propose.reason: There is no "look.not"; did you mean "note"?']),
    ("each: list", "each: lisst", ['steps.each_one.each: There is no "lisst" here; did you mean "list"?']),
    ("item.by_when", "item.bywhen", ['steps.each_one.due.1.until: There is no "item.bywhen"; did you mean "by_when"?']),
    ("rows: list, mark", "rows: lisst, mark", ['steps.mark.do.mark_rows.rows: There is no "lisst" here; did you mean "list"?']),
    # personal data
    ("跟进 {{ item.ref }}", "跟进 {{ item.phone }}", ['steps.each_one.title: "item.phone" is personal data; titles and tags are seen in Prefect by everybody; use the order number or the case\'s ref']),
    # what stands elsewhere
    ("overrun: limit", "overrun: limt", ['steps.look.overrun: The ledger has no bands "limt" under overruns:; did you mean "limit"?']),
    ("propose: late}", "propose: lat}", ['steps.look.when_late.2.propose: The ledger has no rule "lat"; did you mean "late"?']),
    ("rule: late, person", "rule: lat, person", ['steps.look.buttons.ok.do.propose.rule: The ledger has no rule "lat"; did you mean "late"?']),
    ("phrases: [sorry]", "phrases: [sory]", ['steps.look.phrases.1: There is no situation "sory" in the phrases; did you mean "sorry"?']),
    ("{list: unpaid", "{list: unpayd", ['steps.mark.do.mark_rows.list: There is no imported list "unpayd"; did you mean "unpaid"?']),
    ("{process: daily, since", "{process: dayly, since", ['steps.look.form.rows.fill.cases.process.1: There is no process "dayly"; did you mean "daily"?']),
    # due, late
    ("{before: at, by: soon}", "{before: at}", ["steps.look.due.2: How long before is missing; write by:"]),
    ("{after: soon, propose: late}", "{propose: late}", ["steps.look.when_late.2.after: This comes later than the one before; write a longer time"]),
    ("{tell: {role_from: \"'boss'\"}}", "{go_to: finish}", ["steps.look.when_late.1.go_to: The step is taken away here; what comes later never happens"]),
    ("remind_every: 4h", "remind_every: 0m", ["steps.look.remind_every: So often nobody can be reminded"]),
    # fills
    ("key: ref, shown: [kind]", "key: reff, shown: [kind]", ['steps.look.form.rows.fill.key: The rows have no column "reff"; did you mean "ref"?']),
    ("shown: [kind]", "shown: [kid]", ['steps.look.form.rows.fill.shown.1: The rows have no column "kid"; did you mean "kind"?']),
    (", key: ref, shown: [kind]", ", shown: [kind]", ["steps.look.form.rows.fill.shown: Which row is which is not known; shown: needs key: and a column"]),
    ("fill: case.title", "fill: {imported: unpaid}", ["steps.look.form.note.fill: A source fills rows; here fill: is an expression"]),
    ("fill: case.title", "fill: case.title, default: x", ["steps.look.form.note.fill: fill: and default: exclude each other"]),
    ("fill: {cases", "fill: {imported: unpaid, cases", ["steps.look.form.rows.fill: Exactly one of rows, open_work, cases, imported, ledger, roster is needed"]),
    # actions
    ("do: {mark_rows", "do: {record: {rule: who, person: who, reason: x, evidence: who, happened_at: at}, mark_rows", ["steps.mark.do: Exactly one of hand_over, propose, record, change_roster, mark_rows is needed"]),
    ("do: {mark_rows: {list: unpaid, rows: list, mark: done}}", "do: {change_roster: {kind: extend, post: who}}", ["steps.mark.do.change_roster: Which day is missing; write from: and to:, or date:", "steps.mark.do.change_roster: to: is missing; kind: extend needs it"]),
    # schedules
    ('daily: ["09:00", "16:00"]', 'daily: ["9:00"]', ['start.1.schedule.daily.1: "9:00" is no such time; write it like "09:00"']),
    ('daily: ["09:00", "16:00"]', 'daily: "09:00"\n      weekly: fri 11:00', ["start.1.schedule: Exactly one of daily, weekly, monthly, shift_change is needed"]),
    ('daily: ["09:00", "16:00"]', "weekly: friday 11:00", ['start.1.schedule.weekly.1: "friday 11:00" is no such time; write it like "fri 11:00"']),
    ('daily: ["09:00", "16:00"]', "monthly: 32 11:00", ['start.1.schedule.monthly.1: "32 11:00" is no such time; write it like "15 09:00"']),
    ("each: {rows: unpaid}", "each: {rows: unpaid, people: agent}", ["start.1.schedule.each: Exactly one of people, sample, rows, of is needed"]),
    ("who: item.nick, at: occurrence", "at: occurrence", ["start.1.schedule: data: does not fill who; without it two starts would be one case"]),
    ("at: occurrence}", "att: occurrence}", ['start.1.schedule.data.att: The case has no field "att"; did you mean "at"?']),
    ("at: {label: 时间, type: datetime}", "at: {label: 时间, type: datetime}\n    must: {label: 必填, required: true}", ['start.1.schedule: The field "must" is required; data: must fill it']),
    # names that mean something else
    ("note: {label: 说明, fill", "each: {label: 说明, fill", ['steps.look.form.each: "look.each" means something else in expressions; choose another name', 'steps.look.buttons.ok.do.propose.reason: There is no "look.note"']),
)  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), DAILY_MISTAKES, ids=[new for _, new, _ in DAILY_MISTAKES])
def test_a_mistake_is_told_with_its_place(old: str, new: str, said: list[str]) -> None:
    found = broken("daily.yaml", old, new)
    assert sorted(each.split(": ", 1)[1] for each in found) == sorted(said)
    assert all(each.startswith("daily.yaml:") for each in found)


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("check.yaml", "count: how_many", "count: how_mny", ['start.1.schedule.each.sample.count: There is no setting "how_mny"; write a number or the name of a setting; did you mean "how_many"?']),
        ("check.yaml", "process: daily, count", "process: dayly, count", ['start.1.schedule.each.sample.process: There is no process "dayly"; did you mean "daily"?']),
        ("check.yaml", "item.ref", "item.rf", ['start.1.schedule.data.ref: There is no "item.rf"; did you mean "ref"?']),
        ("swap.yaml", "posts: [phone]", "posts: [phon]", ['start.1.schedule.shift_change.posts.1: There is no post "phon"; did you mean "phone"?']),
        ("swap.yaml", "change.key", "change.kye", ['start.1.schedule.data.ref: There is no "change.kye"; did you mean "key"?']),
        ("swap.yaml", "of: change.outgoing", "of: change.outgoin", ['start.1.schedule.each.of: There is no "change.outgoin"; did you mean "outgoing"?']),
        ("swap.yaml", "before: 30m", "before: half an hour", ['start.1.schedule.shift_change.before: There is no setting "half an hour", and it is no duration; write 48h, 30m, 3d or 1h30m, or the name of a setting']),
        ("shop.yaml", "rule: very_late", "rule: verry_late", ['ledger.overruns.limit.2.rule: The ledger has no rule "verry_late"; did you mean "very_late"?']),
        ("shop.yaml", "over: 31m", "over: 10m", ["ledger.overruns.limit.2.over: A band begins later than the one before it"]),
        ("shop.yaml", "over: 31m", "over: soon", ["ledger.overruns.limit.2.over: not a duration; write 48h, 30m, 3d or 1h30m"]),
        ("shop.yaml", "when: minor >= 3", "when: minr >= 3", ['ledger.totals.many.when: There is no "minr" here; did you mean "minor"?']),
    ],
)  # fmt: skip
def test_a_mistake_elsewhere_is_told_with_its_place(file: str, old: str, new: str, said: list[str]) -> None:
    found = broken(file, old, new)
    assert sorted(each.split(": ", 1)[1] for each in found if "Nothing uses" not in each) == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("when_late: {tell: {role: boss}}", "when_late: when_late: needs finish_within: or due:"),
        ("overrun: limit", "overrun: overrun: needs finish_within: or due:"),
        ("remind: 50%", "remind.1: A reminder needs finish_within: or due:"),
    ],
)
def test_what_is_never_due_is_never_late(words: str, said: str) -> None:
    found = broken("check.yaml", "look: {who: {role: boss}", f"look: {{who: {{role: boss}}, {words}")
    assert [each.split(": ", 1)[1] for each in found] == [f"steps.look.{said}"]


def test_item_is_known_only_where_something_is_done_for_each() -> None:
    found = broken("check.yaml", "look: {who: {role: boss}", "look: {about: '{{ item }}', who: {role: boss}")
    assert [each.split(": ", 1)[1] for each in found] == ['steps.look.about: There is no "item" here']


def test_a_field_called_item_and_a_step_with_each_exclude_each_other() -> None:
    found = broken("daily.yaml", "    at: {label", "    item: {label: 物品}\n    at: {label")
    said = "item is a field of the case already; call that field something else"
    assert f"steps.each_one: {said}" in [each.split(": ", 1)[1] for each in found]


def test_what_a_shop_does_not_have_in_whole_is_not_missed() -> None:
    lost = {**FILES, "shop.yaml": SHOP.replace("ledger:\n  rules:", "ledger:\n  rulez:")}
    assert not [each for each in problems(lost) if "has no rule" in each or "has no bands" in each]


def test_a_broken_rule_of_the_ledger_is_still_a_rule_for_those_who_name_it() -> None:
    found = broken("shop.yaml", "late: {label: 迟, source: ours}", "late: {labl: 迟, source: ours}")
    assert found and all(": ledger.rules.late." in each for each in found)
