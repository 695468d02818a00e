"""What templates write with `|`: times, money and masked personal data as people read them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import pass_context
from jinja2.runtime import Context

from jieli.engine.values import parse_duration

USUAL_TIMEZONE = "Asia/Shanghai"


class Choice(str):
    """The value of a choice field: compares as its key, and has the text people read."""

    label: str

    def __new__(cls, key: str, label: str = "") -> Choice:
        self = super().__new__(cls, key)
        self.label = label or key
        return self


def masked(text: str, kind: str | None) -> str:
    """Personal data so far covered that it can be recognised, but not used."""
    if not text:
        return ""
    match kind:
        case "name":
            return text[0] + "*" * min(max(len(text) - 1, 1), 3)
        case "phone":
            number, _, extension = text.partition("-")
            if len(number) < 7:  # an area code
                number, extension = number + extension, ""
            return number[:3] + "****" + number[-4:] + ("-****" if extension else "")
        case "address":
            return text[: min(6, len(text) // 2)] + "****"
        case _:
            keep = min(3, len(text) // 4)
            return text[:keep] + "****" + (text[-keep:] if keep else "")


def tail(value: object, count: int = 4) -> str:
    """The last characters of a text."""
    text = "" if value is None else str(value)
    return text[-count:] if count > 0 else ""


def mask(value: object, kind: str = "id") -> str:
    """`masked` for templates."""
    return masked("" if value is None else str(value), kind)


def money(value: object) -> str:
    """An amount in yuan: ¥1,234.50."""
    if value is None or value == "":
        return ""
    try:
        return f"¥{Decimal(str(value)):,.2f}"
    except InvalidOperation as error:
        raise ValueError(f"{value} is not an amount of money") from error


def duration(value: str) -> timedelta:
    """A duration for reckoning with times: `now + ('2h' | duration)`."""
    return parse_duration(value)


@pass_context
def moment(context: Context, value: datetime | date | str | None) -> str:
    """A time as people read it, in the shop's time zone: 11月24日 09:30."""
    if value is None or value == "":
        return ""
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(read, datetime):
        return f"{read.month}月{read.day}日"
    local = read.astimezone(zone_of(context)) if read.tzinfo else read
    return f"{local.month}月{local.day}日 {local:%H:%M}"


@pass_context
def day(context: Context, value: datetime | date | str | None) -> date | None:
    """The local date of a time."""
    if value is None or value == "":
        return None
    read = datetime.fromisoformat(value) if isinstance(value, str) else value
    if not isinstance(read, datetime):
        return read
    return (read.astimezone(zone_of(context)) if read.tzinfo else read).date()


def zone_of(context: Context) -> ZoneInfo:
    """The shop's time zone: the scope's `_timezone`, else the usual one."""
    return ZoneInfo(context.get("_timezone") or USUAL_TIMEZONE)


@pass_context
def as_text(context: Context, value: Any) -> Any:
    """How `{{ }}` writes a value: nothing for None, 是 and 否, times as people read them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, datetime | date):
        return moment(context, value)
    if isinstance(value, list | tuple):
        return "、".join(str(getattr(each, "label", as_text(context, each))) for each in value)
    return value


FILTERS: dict[str, Callable[..., Any]] = {
    "tail": tail, "mask": mask, "money": money, "moment": moment, "day": day, "duration": duration,
}  # fmt: skip
