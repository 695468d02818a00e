"""What the stories on the pure engine have in common."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests import story


@pytest.fixture
def stories_replay() -> Iterator[None]:
    """Every story of the test, told again from its events alone, stands where it stood."""
    story.told.clear()
    yield
    for each in story.told:
        assert each.replayed() == each.state
    story.told.clear()
