"""What holds for any case of any process, whatever happens to it and in whatever order.

JIELI_TEST_STORIES=20000 tells so many different ones instead of always the same few.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from tests.properties.random_cases import Case
from tests.properties.random_processes import processes, published

STORIES = os.environ.get("JIELI_TEST_STORIES")
LONGEST_STORY = 30

telling = settings(
    max_examples=int(STORIES or 120),
    derandomize=STORIES is None,
    deadline=None,
    database=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@telling
@given(processes(), st.data())
def test_every_case_waits_or_is_closed_and_is_told_the_same_after_every_restart(
    text: str, data: st.DataObject
) -> None:
    note(text)
    definition, context = published(text)
    case = Case(definition, context, data.draw)
    case.start()
    for _ in range(LONGEST_STORY):
        case.go_on()
    for event, _, when in case.told:
        note(f"{when:%a %H:%M} {event!r}")
    assert case.replayed() == case.state
