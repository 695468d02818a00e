"""What holds for any case of any process, whatever happens to it and in whatever order.

JIELI_TEST_STORIES=20000 tells so many new ones instead of always the same few.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

from jieli.engine.published import Definition
from tests.properties.random_cases import Case
from tests.properties.random_processes import processes
from tests.properties.small_shop import Words, beginnings, changes_of, published
from tests.story import BAD_REVIEW, shipped

STORIES = os.environ.get("JIELI_TEST_STORIES")
LONGEST_STORY = 30


def stories(usual: int) -> settings:
    """So many stories, the same ones each time unless more are wished."""
    return settings(
        max_examples=int(STORIES or usual),
        derandomize=STORIES is None,
        deadline=None,
        database=None,
        print_blob=True,
        # Without `explain`, which traces every line and takes minutes here.
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def tell(case: Case, data: Words, by: str) -> None:
    """A case from its start on; what holds after each event is asserted on the way."""
    case.start(data, by=by)
    for _ in range(LONGEST_STORY):
        case.go_on()
    for event, _, when in case.told:
        note(f"{when:%a %H:%M} {event!r}")
    assert case.replayed() == case.state


@pytest.mark.timeout(0 if STORIES else 600)
@stories(usual=180)
@given(processes(), beginnings(), st.data())
def test_any_case_of_any_process_waits_or_is_closed_and_is_the_same_after_a_restart(
    text: str, beginning: Words, data: st.DataObject
) -> None:
    note(text)
    definition, context = published(text)
    tell(Case(definition, changes_of(context), data.draw), beginning, "ann")


@pytest.mark.timeout(0 if STORIES else 600)
@stories(usual=60)
@given(st.sampled_from(["severe", "normal"]), st.sampled_from(["13812345678", None]), st.data())
def test_so_does_any_case_of_the_shipped_bad_review_process(
    severity: str, phone: str | None, data: st.DataObject
) -> None:
    library, context, messages = shipped()
    definition = Definition(library["bad_review"], 1, messages)
    beginning = {**BAD_REVIEW, "severity": severity, "buyer_phone": phone}
    tell(Case(definition, changes_of(context), data.draw), beginning, "li_na")
