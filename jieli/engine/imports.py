"""Lists that come from other systems as CSV files: their columns and their key. Models only."""

from __future__ import annotations

from pydantic import Field

from jieli.engine.definition import FieldWords
from jieli.engine.values import Name
from jieli.engine.words import Words


class ImportedList(Words):
    """A list: unpaid orders, refund rates. The same key again renews the row and keeps its mark."""

    label: str = Field(description="What people call the list.")
    key: tuple[Name, ...] = Field(min_length=1, description="The columns that make a row one and the same.")
    columns: dict[Name, FieldWords] = Field(description="A column's header is its label or its name.")
    keep: str = Field(default="90d", description="So long after the last import a row is kept.")
