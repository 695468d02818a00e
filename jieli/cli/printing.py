"""How commands print data: JSON for machines, short tables for people. Knows no case."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from unicodedata import east_asian_width

import click


def as_json(value: Any) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=_plain))


def plain(value: Any) -> Any:
    """A value as JSON knows it: texts, numbers, lists, dictionaries."""
    return json.loads(json.dumps(value, ensure_ascii=False, default=_plain))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if hasattr(value, "model_dump"):
        return value.model_dump(mode="json")
    return str(value)


def table(*rows: Sequence[str]) -> None:
    """Print rows in columns; a Chinese character is two cells wide."""
    widths = [max(map(_width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [cell + " " * (size - _width(cell)) for cell, size in zip(row, widths, strict=True)]
        click.echo("  ".join(cells).rstrip())


def _width(text: str) -> int:
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)
