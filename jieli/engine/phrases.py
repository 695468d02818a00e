"""What agents may say and must not say, as ops write it. Models only."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class _Live(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Situation(_Live):
    """A situation and the replies for it."""

    label: str = Field(description="What people call the situation.")
    source: str = Field(default="ours", description="The source document and place, or `ours`.")
    texts: tuple[str, ...] = Field(min_length=1, description="The replies.")


class Wordings(_Live):
    """Words nobody may send a customer, and words better not used, with what to say instead."""

    forbidden: dict[str, str] = Field(default={}, description="Word -> why, or what to say instead.")
    better_not: dict[str, str] = Field(default={}, description="Word -> what to say instead.")
