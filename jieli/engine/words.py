"""What every part of a definition file has in common: an unknown key is a mistake of the writer."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Words(BaseModel):
    """A part of a definition; a key it does not know is a mistake of the writer."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
