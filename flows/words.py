"""The words a supervisor reads in Prefect: names of runs, why one is parked. No personal data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from jieli.engine.context import Context
from jieli.engine.definition import DecisionStep, DoStep, Process, SubCaseStep
from jieli.store.outbox import WaitingMessage
from jieli.store.runs import VisitRow
from jieli.store.shown import CaseShown, Waiting

_ZONE = ZoneInfo("Asia/Shanghai")
_PURPOSES = {
    "work_item": "通知", "reminder": "提醒", "handed_on": "转办通知", "escalated": "请主管安排",
    "late": "逾期通知", "missed": "错过时段", "wait": "等待的链接", "notice": "告知",
    "nobody": "无人在岗",
}  # fmt: skip
_OUTCOMES = {
    "time_up": "时间到", "late": "逾期", "told": "已告知", "split": "并行", "joined": "汇合",
    "started": "已开始", "happened": "已发生", "answered": "已应答", "failed": "失败",
    "overtaken": "不再需要", "passed_by": "不再需要", "case_closed": "随单结束",
    "contact_blocked": "不再联系",
}  # fmt: skip


def run_name(case: CaseShown) -> str:
    """The name a supervisor finds the case by: `差评 4821 严重 · A1024`."""
    return f"{case.title} · {case.ref}"


def run_tags(case: CaseShown) -> list[str]:
    """The process and what is true of the case now."""
    return [f"process:{case.process}", *case.tags]


def parked_reason(case: CaseShown) -> str:
    """Why the run is parked: `等待：旺旺留言（李娜），11月24日 09:30 前`."""
    if not case.waits_for:
        return "等待"
    return "等待：" + "；".join(_one(each) for each in case.waits_for)


def _one(waiting: Waiting) -> str:
    who = _people(waiting.who)
    if waiting.status == "scheduled" and waiting.opens_at:
        return f"{waiting.title}{who}，{_moment(waiting.opens_at)} 开始"
    if waiting.status == "blocked":
        return f"{waiting.title}，需要处理"
    due = f"，{_moment(waiting.due_at)} 前" if waiting.due_at else ""
    return f"{waiting.title}{who}{due}"


def _people(names: Sequence[str]) -> str:
    if not names:
        return ""
    return f"（{'、'.join(names[:3])}{' 等' if len(names) > 3 else ''}）"


def _moment(at: datetime) -> str:
    local = at.astimezone(_ZONE)
    return f"{local.month}月{local.day}日 {local:%H:%M}"


def message_name(message: WaitingMessage, context: Context) -> str:
    """The name of a delivery: `通知 李娜 · M-17`."""
    role = context.roles.get(message.to_role or "")
    to = role.label if role else context.label(message.to_person)
    return f"{_PURPOSES.get(message.purpose, '通知')} {to} · M-{message.id}"


def bar_name(visit: VisitRow, context: Context) -> str:
    """The name of a step's bar with who holds or held it: `旺旺留言（李娜）`."""
    return f"{visit.title}{_people([context.label(person) for person in visit.held_by])}"


def outcome_name(visit: VisitRow, process: Process, results: Mapping[str, str]) -> str:
    """How a step ended, as its bar says: the button's words, where a decision led, or the machine's.

    `results`: the ends of the process that a sub-case's step has begun, in its words.
    """
    step, outcome = process.steps.get(visit.step), visit.outcome or ""
    button = getattr(step, "buttons", {}).get(outcome)
    if button is not None:
        return str(button.label)
    if isinstance(step, DecisionStep) and outcome in process.steps:
        return process.steps[outcome].title or outcome
    if isinstance(step, SubCaseStep) and outcome in results:
        return results[outcome]
    if isinstance(step, DoStep):
        return "已办"
    return _OUTCOMES.get(outcome) or process.ends.get(outcome) or outcome or "完成"
