"""Whether a path leads from one step to another. Static; knows nothing of cases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence


def reaches(
    ways: Mapping[str, Sequence[str]], start: str, goal: str, *, avoiding: str | None = None
) -> bool:
    """Whether a path leads from `start` to `goal` without passing `avoiding`; a step reaches itself."""
    seen, todo = {avoiding}, [start]
    while todo:
        name = todo.pop()
        if name == goal:
            return True
        if name not in seen:
            seen.add(name)
            todo.extend(ways.get(name, ()))
    return False
