"""Takes mistakes out of a file's data, so that the checks still see the rest of it. Says nothing."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from jieli.engine.yaml_nodes import Path

_IN_PLACE_OF_EACH: dict[Path, Any] = {
    ("steps",): {"end": "unknown"},
    ("settings",): {"value": 0, "label": "", "source": ""},
    ("case", "fields"): {"label": ""},
    ("ends",): "",
    ("roles",): {"label": ""},
    ("people",): {"name": "", "roles": []},
    ("hours",): {"daily": ["00:00-24:00"]},
    ("channels",): {"type": "console"},
    ("messages",): {"title": ""},
    ("posts",): {"label": "", "role": "unknown"},
    ("ledger", "rules"): {"label": "", "source": ""},
    ("phrases",): {"label": "", "texts": [""]},
    ("imports",): {"label": "", "key": ["unknown"], "columns": {}},
    ("shifts",): {"label": "", "hours": {"daily": ["00:00-24:00"]}},
}
_IN_PLACE_OF: dict[Path, Any] = {
    ("process",): "unknown", ("title",): "", ("about",): "", ("start",): [{"case": True}],
    ("shop",): "", ("calendar",): {}, ("roster",): [], ("absences",): [],
    ("case", "key"): ["unknown"], ("case", "title"): "",
    ("case", "priority"): None, ("case", "buyer"): None, ("case", "contact_blocked"): None,
    ("case", "reopen"): "never", ("case", "summary"): [], ("case", "tags"): {},
    ("case", "rules"): [],
}  # fmt: skip


def replace(data: Any, path: Path, *, is_key: bool) -> Path | None:
    """Put a stand-in where the part with the mistake was; its path, or None if there is none."""
    for length in (3, 2, 1):
        own = path[:length]
        known = own in _IN_PLACE_OF
        if len(own) == length and (known or own[:-1] in _IN_PLACE_OF_EACH):
            parent = at(data, own[:-1])
            parent.pop(own[-1], None)
            if not is_key:  # a name that is none stays known as broken
                stand_in = _IN_PLACE_OF[own] if known else _IN_PLACE_OF_EACH[own[:-1]]
                parent[own[-1]] = deepcopy(stand_in)
            return own
    return None


def at(data: Any, path: Path) -> Any:
    """The part of the data at a path."""
    for part in path:
        data = data[part]
    return data
