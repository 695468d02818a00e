"""What templates write with `|`: times, money and masked personal data as people read them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, time, timedelta
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


def instant(value: Any, zone: ZoneInfo) -> datetime | None:
    """A date or time, also as JSON keeps it, as an instant; a date begins at local midnight."""
    read = _read(value)
    if read is None:
        return None
    known = read if isinstance(read, datetime) else datetime.combine(read, time.min)
    return (known if known.tzinfo else known.replace(tzinfo=zone)).astimezone(UTC)


def _read(value: Any) -> date | datetime | None:
    if value is None or value == "":
        return None
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{value} is no date and no time") from error


@pass_context
def day(context: Context, value: Any) -> date | None:
    """The local date of a time."""
    read = _read(value)
    if not isinstance(read, datetime):
        return read
    return (read.astimezone(zone_of(context)) if read.tzinfo else read).date()


@pass_context
def plus(context: Context, value: Any, length: str) -> datetime | None:
    """So much later, by the wall clock: `promised_at | plus('30m')`."""
    at = instant(value, zone_of(context))
    return at + parse_duration(length) if at else None


@pass_context
def minus(context: Context, value: Any, length: str) -> datetime | None:
    """So much earlier, by the wall clock."""
    at = instant(value, zone_of(context))
    return at - parse_duration(length) if at else None


@pass_context
def end_of_day(context: Context, value: Any) -> datetime | None:
    """The local midnight after a time, or after a date."""
    today = day(context, value)
    return instant(today + timedelta(days=1), zone_of(context)) if today else None


@pass_context
def earliest(context: Context, values: Iterable[Any]) -> datetime | None:
    """The first of several times; those that are not known do not count."""
    known = (instant(value, zone_of(context)) for value in values)
    return min((at for at in known if at is not None), default=None)


@pass_context
def month(context: Context, value: Any) -> str:
    """The local month of a time: 2026-11."""
    today = day(context, value)
    return f"{today:%Y-%m}" if today else ""


@pass_context
def day_name(context: Context, value: Any) -> str:
    """The local day of the week: 周五."""
    today = day(context, value)
    return f"周{'一二三四五六日'[today.weekday()]}" if today else ""


@pass_context
def local_time(context: Context, value: Any) -> str:
    """The local time of day, `09:00`: two of them compare as they follow each other."""
    at = instant(value, zone_of(context))
    return f"{at.astimezone(zone_of(context)):%H:%M}" if at else ""


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
    "plus": plus, "minus": minus, "end_of_day": end_of_day, "earliest": earliest,
    "local_date": day, "month": month, "day_name": day_name,
    "local_time": local_time,
}  # fmt: skip
