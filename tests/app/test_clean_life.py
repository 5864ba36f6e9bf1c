"""What one clean life costs in calls to AWS and Cloudflare, by trigger."""

from __future__ import annotations

import sys
from collections import Counter
from types import FrameType

from chalicelib.settings import Client
from localcloud.ledger import APP
from tools.bench import clean_life, in_progress, plan_all

AT_MOST = 32
AT_MOST_ON_THE_KIT = 79
AT_MOST_REQUESTS = 26
AT_MOST_PER_PLAN = 300


def test_a_clean_life_on_warm_containers_costs_32_calls_at_most() -> None:
    calls = [call for call in clean_life() if call.caller == APP]
    assert Counter(call.trigger for call in calls) == {
        "schedule": 4,  # the key for links, the row, two timers
        "launch timer": 5,  # the desktops that there are, the intent, two launches, the ids
        "EC2 event": 9,  # twice: the desktop, the row, its record, its link; and the row once, when both shut down
        "stream": 8,  # two reports, an upload; the reason, desktops, records listed and deleted, the end
        "join": 4,  # twice: the row with the key for links, who came
        "safety timer": 2,  # the row, that the checkpoint was held
    }
    assert len(calls) <= AT_MOST
    assert all(call.status < 300 for call in calls)


def test_three_quarters_of_an_hour_on_the_kit_cost_79_calls_at_most_24_of_the_desktops_writes() -> None:
    """From T-10 to T+35: both come, one reloads the page, both leave and are uploaded."""
    calls = clean_life(Client.KIT)
    own = [call for call in calls if call.caller == APP]
    assert Counter(call.trigger for call in own) == {
        "schedule": 4,
        "launch timer": 5,
        "EC2 event": 9,
        "stream": 5,  # what desktops say they say to the app: of that, nothing is left to learn
        "join": 4,  # twice: the row with the keys for links and for tokens, who came
        "desktop": 50,
        "safety timer": 2,
    }
    because_of_desktops = Counter(call.operation for call in own if call.trigger == "desktop")
    assert because_of_desktops == {"GetItem": 11, "TransactGetItems": 15, "UpdateItem": 24}
    assert len(own) <= AT_MOST_ON_THE_KIT
    asked = Counter(call.operation.partition("/desktop/")[2].partition("/")[2] for call in calls if call not in own)
    assert asked == {"": 2, "ready": 2, "presence": 20, "uploaded": 2}
    assert asked.total() <= AT_MOST_REQUESTS
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
