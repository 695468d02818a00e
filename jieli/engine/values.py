"""Small values of the definition language: durations and names. Never reads YAML."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any

from pydantic import AfterValidator, Field, GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?")
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def parse_duration(text: str) -> timedelta:
    """Read `48h`, `30m`, `1d12h` or `90s`.

    Raises ValueError with a message for ops when the text is no duration.
    """
    found = _DURATION.fullmatch(text.strip())
    if not text.strip() or not found:
        raise ValueError("not a duration; write 48h, 30m, 3d or 1h30m")
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def is_duration(text: str) -> bool:
    """Whether `parse_duration` would accept the text."""
    return bool(text.strip()) and _DURATION.fullmatch(text.strip()) is not None


def _check_name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError("a name is lower-case ASCII letters, digits and _, and starts with a letter")
    return text


def _as_tuple(value: Any) -> Any:
    return (value,) if isinstance(value, (str, dict)) else value


@dataclass(frozen=True)
class _OneOrMore:
    """A list, or its only element without the list around it."""

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_before_validator_function(_as_tuple, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


Name = Annotated[
    str, AfterValidator(_check_name), Field(json_schema_extra={"pattern": f"^{_NAME.pattern}$"})
]
OneOrMore = _OneOrMore()
