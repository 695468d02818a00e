"""How the value of an expression is kept as JSON. Reads nothing back; that is the scope's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any


def as_stored(value: Any) -> Any:
    """An expression's value as JSON keeps it."""
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, Mapping):
        return {str(key): as_stored(each) for key, each in value.items()}
    if value is None or isinstance(value, bool | int | float):
        return value
    # What is left of an expression: lists, what filters like `map` yield, lengths of time.
    return [as_stored(each) for each in value] if isinstance(value, Iterable) else str(value)
