"""Reads one value of a form: what a browser posts, or a value that already has its type."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from jieli.engine.definition import FieldWords
from jieli.texts import text

LONGEST = {"text": 200, "long_text": 5_000}
LARGEST_NUMBER = 1_000_000_000_000
LARGEST_AMOUNT = Decimal("99999999.99")
YEARS = range(1900, 2200)
MOST_FILES = 9
FILE_ID = re.compile(r"[0-9a-f]{32}")

_YES, _NO = {"yes", "on", "true", "1", "是"}, {"no", "off", "false", "0", "否"}
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,9})?")
_MOBILE = re.compile(r"(?:(?:\+|00)?86-?)?(1[3-9]\d{9}(?:-\d{1,6})?|1[3-9]\d{10}-\d{1,6})")
_LANDLINE = re.compile(r"(?:(?:\+|00)86-?)?(0?(?:10|2\d|[3-9]\d\d))-?(\d{7,8})(-\d{1,6})?")
_SERVICE = re.compile(r"([48]00\d{7}|95\d{3,8}|96\d{3,6}|12\d{3})")


class Mistake(Exception):
    """What is wrong with one value, in the reader's language."""


def is_empty(given: Any) -> bool:
    """Whether nothing was filled in."""
    return given is None or given in ([], ()) or (isinstance(given, str) and not given.strip())


def is_date(words: str) -> bool:
    """Whether a bound is a date written out, not an expression."""
    return _DATE.match(words.strip()) is not None


@dataclass(frozen=True)
class Reader:
    """How values are read now: the time, the shop's time zone, the people there are."""

    now: datetime
    timezone: str
    people: Collection[str] | None
    members: Mapping[str, Collection[str]] | None = None
    rules: Collection[str] | None = None
    files: Collection[str] | None = None  # the ids that may stand here; None: not judged

    def read(self, field: FieldWords, given: Any) -> Any:
        """The value as JSON keeps it, None if nothing was filled in; raises Mistake."""
        if is_empty(given):
            return None
        match field.type:
            case "choice":
                return self._choice(field, given)
            case "choices":
                return self._choices(field, given)
            case "yes_no":
                return _yes_no(given)
            case "number":
                return _number(given)
            case "money":
                return _money(given)
            case "date":
                return _date(given).isoformat()
            case "datetime":
                return self._datetime(given).isoformat()
            case "phone":
                return _phone(given)
            case "person":
                return self._person(field, given)
            case "people":
                return self._people(field, given)
            case "ledger_rule":
                return self._rule(given)
            case "files":
                return self._files(given)
        return _text(field, given)

    def hold_to_bounds(self, field: FieldWords, value: Any, least: Any, most: Any) -> None:
        """Raise Mistake for a value outside its bounds."""
        if field.type == "files" and most is None:
            most = MOST_FILES
        if least is None and most is None:
            return
        if field.type in ("rows", "choices", "people", "files"):
            if least is not None and len(value) < least:
                raise Mistake(text("At least {least}.", least=_plain(least)))
            if most is not None and len(value) > most:
                raise Mistake(text("At most {most}.", most=_plain(most)))
            return
        known = self._comparable(field, value)
        least, most = self._comparable(field, least), self._comparable(field, most)
        if least is not None and known < least:
            raise Mistake(self._too_early_or_small(field, least))
        if most is not None and known > most:
            raise Mistake(self._too_late_or_large(field, most))

    def _comparable(self, field: FieldWords, value: Any) -> Any:
        if value is None:
            return None
        if field.type == "date":
            if isinstance(value, datetime):
                return value.astimezone(ZoneInfo(self.timezone)).date()
            return _date(value)
        if field.type == "datetime":
            # Minutes: a browser's field has no seconds, and "now" must not refuse this minute.
            return self._datetime(value).replace(second=0, microsecond=0)
        return Decimal(str(value))

    def _too_early_or_small(self, field: FieldWords, least: Any) -> str:
        if field.type in ("date", "datetime"):
            return text("Not earlier than {least}.", least=self._readable(least))
        return text("At least {least}.", least=_plain(least))

    def _too_late_or_large(self, field: FieldWords, most: Any) -> str:
        if field.type in ("date", "datetime"):
            return text("Not later than {most}.", most=self._readable(most))
        return text("At most {most}.", most=_plain(most))

    def _readable(self, value: Any) -> str:
        if isinstance(value, datetime):
            return f"{value.astimezone(ZoneInfo(self.timezone)):%Y-%m-%d %H:%M}"
        return str(value)

    def _datetime(self, given: Any) -> datetime:
        if isinstance(given, datetime):
            read = given
        else:
            try:
                read = datetime.fromisoformat(_normal(given).replace("/", "-"))
            except ValueError as error:
                raise Mistake(
                    text("This is not a time; write it like {example}.", example="2026-11-24 09:30")
                ) from error
        if read.year not in YEARS:
            raise Mistake(text("The year {year} cannot be right.", year=read.year))
        zoned = read if read.tzinfo else read.replace(tzinfo=ZoneInfo(self.timezone))
        return zoned.astimezone(UTC)

    def _choice(self, field: FieldWords, given: Any) -> str:
        key = given.strip() if isinstance(given, str) else str(given)
        if key not in field.of:
            raise Mistake(text("This is none of the options of {label}.", label=field.label))
        return str.__str__(key)

    def _choices(self, field: FieldWords, given: Any) -> list[str] | None:
        listed = given if isinstance(given, list | tuple) else [given]
        chosen = {self._choice(field, each) for each in listed if not is_empty(each)}
        return [key for key in field.of if key in chosen] or None

    def _person(self, field: FieldWords, given: Any) -> str:
        if not isinstance(given, str) or not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", given.strip()):
            raise Mistake(text("There is no such person."))
        person = str.__str__(given).strip()
        if self.people is not None and person not in self.people:
            raise Mistake(text("There is no such person."))
        if (
            field.role
            and self.members is not None
            and person not in self.members.get(field.role, ())
        ):
            raise Mistake(text("This person does not have the role that is wanted here."))
        return person

    def _rule(self, given: Any) -> str:
        rule = str(given).strip()
        if self.rules is not None and rule not in self.rules:
            raise Mistake(text("The ledger has no such rule."))
        return rule

    def _files(self, given: Any) -> list[str]:
        listed = given if isinstance(given, list | tuple) else [given]
        for each in listed:
            if not isinstance(each, str) or not FILE_ID.fullmatch(each):
                raise Mistake(text("This is not an uploaded file."))
            if self.files is not None and each not in self.files:
                raise Mistake(text("A file is there no more; please upload it again."))
        return list(dict.fromkeys(listed))

    def _people(self, field: FieldWords, given: Any) -> list[str] | None:
        listed = given if isinstance(given, list | tuple) else [given]
        people = [self._person(field, each) for each in listed if not is_empty(each)]
        return list(dict.fromkeys(people)) or None


def _text(field: FieldWords, given: Any) -> str:
    if isinstance(given, bool) or not isinstance(given, str | int | float | Decimal):
        raise Mistake(text("This is not a text."))
    read = str.__str__(given) if isinstance(given, str) else str(given)
    read = read.replace("\r\n", "\n").replace("\r", "\n").strip()
    if field.type == "text" and "\n" in read:
        raise Mistake(text("Only one line, please."))
    if any(unicodedata.category(each) in ("Cc", "Cs") and each not in "\n\t" for each in read):
        raise Mistake(text("There are characters in it that cannot be stored."))
    longest = min(field.max_length or LONGEST[field.type], 20_000)
    if len(read) > longest:
        raise Mistake(
            text("At most {most} characters; there are {count}.", most=longest, count=len(read))
        )
    if field.min_length and len(read) < field.min_length:
        raise Mistake(text("At least {least} characters.", least=field.min_length))
    if field.pattern and not re.fullmatch(field.pattern, read):
        fallback = text("{label} is not written as expected.", label=field.label)
        raise Mistake(field.pattern_message or fallback)
    return read


def _yes_no(given: Any) -> bool:
    if isinstance(given, bool):
        return given
    words = str(given).strip().lower()
    if words not in _YES | _NO:
        raise Mistake(text("Please answer yes or no."))
    return words in _YES


def _number(given: Any) -> int | float:
    if isinstance(given, bool) or (isinstance(given, float) and not math.isfinite(given)):
        raise Mistake(text("This is not a number."))
    written = str(given) if isinstance(given, int | float | Decimal) else _figures(given)
    try:
        read = Decimal(written)
    except InvalidOperation as error:
        raise Mistake(text("This is not a number.")) from error
    if not read.is_finite() or abs(read) > LARGEST_NUMBER:
        raise Mistake(text("The number is too large."))
    return int(read) if read == read.to_integral_value() else float(read)


def _money(given: Any) -> str:
    if isinstance(given, bool):
        raise Mistake(text("This is not an amount; write it like 12.50."))
    written = str(given) if isinstance(given, int | float | Decimal) else _figures(given)
    try:
        read = Decimal(written)
    except InvalidOperation as error:
        raise Mistake(text("This is not an amount; write it like 12.50.")) from error
    if not read.is_finite() or abs(read) > LARGEST_AMOUNT:
        raise Mistake(text("The amount is too large."))
    if read != round(read, 2):
        raise Mistake(text("An amount has at most two decimals."))
    # -0 would read as an amount that is owed.
    return f"{abs(read) if read == 0 else read:.2f}"


def _figures(given: Any) -> str:
    """A written number without what people put around it: ¥1,200 元, full-width digits."""
    written = _normal(given)
    for each in ("¥", "￥", "元", ",", " "):
        written = written.replace(each, "")
    return written if _NUMBER.fullmatch(written) else "?"


def _date(given: Any) -> date:
    if isinstance(given, datetime):
        return given.date()
    if isinstance(given, date):
        return given
    try:
        read = date.fromisoformat(_normal(given).replace("/", "-").replace(".", "-"))
    except ValueError as error:
        raise Mistake(
            text("This is not a date; write it like {example}.", example="2026-11-24")
        ) from error
    if read.year not in YEARS:
        raise Mistake(text("The year {year} cannot be right.", year=read.year))
    return read


def _phone(given: Any) -> str:
    written = re.sub(r"[\s()]", "", _normal(given)).replace("转", "-").replace("—", "-")
    closed = written.replace("-", "")
    if found := _MOBILE.fullmatch(written):
        return found[1]
    if found := _MOBILE.fullmatch(closed):
        return found[1]
    if found := _SERVICE.fullmatch(closed):
        return found[1]
    if (found := _LANDLINE.fullmatch(written)) and (
        found[1].startswith("0") or "86" in written[:4]
    ):
        return f"0{found[1].removeprefix('0')}-{found[2]}{found[3] or ''}"
    raise Mistake(
        text("This is not a phone number; write it like {example}.", example="13812345678")
    )


def _normal(given: Any) -> str:
    """The text with full-width digits and signs as ASCII."""
    if not isinstance(given, str) or len(given) > 100:
        return "?"
    return unicodedata.normalize("NFKC", given).strip()


def _plain(number: Any) -> str:
    return f"{Decimal(str(number)).normalize():f}"
