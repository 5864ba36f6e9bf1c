"""What one clean life costs in calls to AWS and Cloudflare, by trigger."""

from __future__ import annotations

import sys
from collections import Counter
from types import FrameType

from tools.bench import clean_life, in_progress, plan_all

AT_MOST = 39
AT_MOST_PER_PLAN = 250


def test_a_clean_life_on_warm_containers_costs_39_calls_at_most() -> None:
    calls = clean_life()
    assert Counter(call.trigger for call in calls) == {
        "schedule": 4,  # the key for links, the row, two timers
        "launch timer": 7,  # the row, its desktops, the intent, the key that vouches, two launches, the ids
        "EC2 event": 11,  # the key; twice: the desktop, the row, its record, its link; and the row when it shuts down
        "stream": 9,  # the key, two reports, an upload; the reason, desktops, records listed and deleted, the end
        "join": 6,  # twice: the key for links, the row, who came
        "safety timer": 2,  # the row, that the checkpoint was held
    }
    assert len(calls) <= AT_MOST
    assert all(call.status < 300 for call in calls)


def test_the_rules_take_next_to_nothing() -> None:
    """Counted in calls of Python functions: seconds would tell how busy the machine is."""
    assert calls_of_plans(1) <= AT_MOST_PER_PLAN


def test_what_the_rules_take_grows_with_the_meetings_and_no_faster() -> None:
    assert calls_of_plans(100) <= 100 * calls_of_plans(1)


def calls_of_plans(count: int) -> int:
    cases, calls = in_progress(count), 0

    def note(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        plan_all(cases)
    finally:
        sys.setprofile(before)
    return calls
