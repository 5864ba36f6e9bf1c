"""What one clean life costs in calls to AWS and Cloudflare, by trigger."""

from __future__ import annotations

from collections import Counter

from tools.bench import clean_life, plan_seconds

AT_MOST = 39


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
    assert plan_seconds(1000) < 1
