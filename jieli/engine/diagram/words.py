"""A step in a few words: who is asked, how long there is, what it waits for. Decides nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from jieli.engine.context import Context
from jieli.engine.definition import (
    CallStep,
    DoStep,
    EndStep,
    EventWords,
    HumanStep,
    JoinStep,
    Moment,
    NotifyStep,
    Process,
    Recipient,
    Rung,
    StepWords,
    SubCaseStep,
    WaitStep,
)
from jieli.engine.diagram.spoken import spoken
from jieli.texts import language, text

_UNITS = {"d": ("天", "d"), "h": ("小时", "h"), "m": ("分钟", "m"), "s": ("秒", "s")}


def facts_of(
    process: Process, step: StepWords, context: Context, others: Mapping[str, Process]
) -> Iterator[str]:
    """Line by line, the most important first."""
    match step:
        case HumanStep():
            yield from _human(process, step, context)
        case WaitStep():
            yield _wait(process, step)
            if step.who and step.buttons:
                yield ladder(process, step.who, context)
        case NotifyStep():
            yield text("tells {who}", who=people(process, step.notify.to, context))
        case CallStep():
            yield text("calls {url}", url=step.call.url)
        case SubCaseStep():
            known = others.get(step.sub_case.process)
            title = known.title if known else step.sub_case.process
            words = "starts: {title}, and waits for it" if step.sub_case.wait else "starts: {title}"
            yield text(words, title=title)
            if step.sub_case.each:
                yield text("one for each of {list}", list=spoken(process, step.sub_case.each))
        case JoinStep():
            needs = {"all": text("all paths"), "any": text("any path")}
            yield text("waits for {needs}", needs=needs.get(str(step.needs), step.needs))
        case DoStep():
            yield text("Jieli does it: {what}", what=_done_by_itself(step))
        case EndStep():
            yield process.ends.get(step.end, step.end)


def _human(process: Process, step: HumanStep, context: Context) -> Iterator[str]:
    yield ladder(process, step.who, context)
    if step.each:
        yield text("one for each of {list}", list=spoken(process, step.each))
    if step.only_during:
        hours = context.hours.get(step.only_during)
        label = hours.label or " ".join(hours.daily) if hours else step.only_during
        yield text("only during {hours}", hours=label)
    if step.finish_within:
        yield text("within {time}", time=length(process, step.finish_within))
    for moment in step.due:
        yield text("due {when}", when=_moment(process, moment))
    late = [each for rung in step.when_late for each in rung.tell]
    if late:
        yield text("late: tells {who}", who=people(process, late, context))
    if step.signers:
        yield text("{need} people sign", need=spoken(process, str(step.signers.need)))
    again = [button.label for button in step.buttons.values() if button.stay]
    if again:
        yield text("may be pressed again and again: {buttons}", buttons="、".join(again))


def ladder(process: Process, rungs: Iterable[Rung], context: Context) -> str:
    """`售后客服（当班）2 小时 → 客服主管`."""
    said = []
    for rung in rungs:
        who = _who(process, rung, context)
        on_shift = text("(on shift)") if rung.on_shift else ""
        time = " " + length(process, rung.for_) if rung.for_ else ""
        said.append(f"{who}{on_shift}{time}")
    return " → ".join(said)


def people(process: Process, wanted: Iterable[Recipient], context: Context) -> str:
    """Whom a message goes to."""
    return "、".join(dict.fromkeys(_who(process, each, context) for each in wanted))


def _who(process: Process, each: Rung | Recipient, context: Context) -> str:
    if each.role:
        known = context.roles.get(each.role)
        return known.label if known else each.role
    if each.owner:
        return text("the case's owner")
    if each.same_as:
        title = process.steps[each.same_as].title if each.same_as in process.steps else ""
        return text("who did “{step}”", step=title or each.same_as)
    if each.person:
        return context.label(each.person)
    return spoken(process, each.people or each.role_from or "")


def length(process: Process, words: str | Mapping[str, str]) -> str:
    """A duration for people: written out, by setting, or one per choice of a field."""
    setting = process.settings.get(words) if isinstance(words, str) else None
    value = setting.value if setting else words
    if isinstance(value, Mapping):
        field = process.case.fields.get(value.get("by", ""))
        options = field.of if field else {}
        shown = [
            f"{options.get(key, text('otherwise') if key == 'otherwise' else key)} {_plain(each)}"
            for key, each in value.items()
            if key != "by"
        ]
        return "，".join(shown)
    return _plain(str(value))


def _plain(words: str) -> str:
    number = 0 if language() == "zh" else 1
    parts = re.findall(r"(\d+)([dhms])", words)
    if not parts or "".join(map("".join, parts)) != words:
        return words
    gap = " " if number == 0 else ""
    return " ".join(f"{count}{gap}{_UNITS[unit][number]}" for count, unit in parts)


def _wait(process: Process, step: WaitStep) -> str:
    if isinstance(step.wait, EventWords):
        most = step.wait.at_most
        if most:
            time = length(process, most)
            return text("waits for {event}, at most {time}", event=step.wait.event, time=time)
        return text("waits for {event}", event=step.wait.event)
    if isinstance(step.wait, Moment):
        return text("waits until {when}", when=_moment(process, step.wait))
    return text("waits {time}", time=length(process, step.wait))


def _moment(process: Process, moment: Moment) -> str:
    by = length(process, moment.by) if moment.by else ""
    if moment.before:
        return text("{time} before {what}", time=by, what=spoken(process, moment.before))
    if moment.after:
        return text("{time} after {what}", time=by, what=spoken(process, moment.after))
    return spoken(process, moment.until or "")


def _done_by_itself(step: DoStep) -> str:
    words = {
        "hand_over": text("hands work over"), "propose": text("proposes a ledger entry"),
        "record": text("writes the ledger"), "change_roster": text("changes the roster"),
        "mark_rows": text("marks imported rows"),
    }  # fmt: skip
    return next((said for key, said in words.items() if getattr(step.do, key) is not None), "")
