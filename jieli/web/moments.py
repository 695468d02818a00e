"""How times are said to people: absolute in the shop's time zone, and how long is left."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from jieli.texts import text

MINUTE = timedelta(minutes=1)


def day_words(day: date, today: date) -> str:
    """A date near today by its name, others as month and day, with the year if it is another."""
    near = {-1: text("yesterday"), 0: text("today"), 1: text("tomorrow"), 2: text("in two days")}
    if name := near.get((day - today).days):
        return name
    if day.year == today.year:
        return text("{month}/{day}", month=day.month, day=day.day)
    return text("{year}/{month}/{day}", year=day.year, month=day.month, day=day.day)


def moment_words(at: datetime, now: datetime, zone: ZoneInfo) -> str:
    """`今天 16:00`, `11月24日 09:30`."""
    local = at.astimezone(zone)
    return f"{day_words(local.date(), now.astimezone(zone).date())} {local:%H:%M}"


def span_words(span: timedelta) -> str:
    """A duration in its two largest units: `1 天 3 小时`, `2 小时 5 分钟`."""
    minutes = max(int(span / MINUTE), 0)
    if minutes < 1:
        return text("less than a minute")
    days, hours, rest = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [(days, "{n} d"), (hours, "{n} h")] if days else [(hours, "{n} h"), (rest, "{n} min")]
    return " ".join(text(words, n=n) for n, words in parts if n)


def left_words(until: datetime, now: datetime) -> str:
    """`还剩 2 小时` or `已超时 20 分钟`."""
    if until < now:
        return text("{span} overdue", span=span_words(now - until))
    # Rounded up: right after "within 2 h" it reads 2 hours, not 1 hour 59 minutes.
    return text("{span} left", span=span_words(until - now + timedelta(seconds=59)))


def due_words(due: datetime, now: datetime, zone: ZoneInfo) -> str:
    """`今天 16:00 前，还剩 2 小时`."""
    return text(
        "by {moment}, {left}", moment=moment_words(due, now, zone), left=left_words(due, now)
    )


def seconds_words(until: datetime, now: datetime) -> str:
    """A short time left, to the second: `2 分 40 秒`."""
    seconds = max(int((until - now).total_seconds()), 0)
    if seconds < 60:
        return text("{n} s", n=seconds)
    return text("{m} min {s} s", m=seconds // 60, s=seconds % 60)
