"""Whatever a function is invoked with, it is done or refused by name, and nothing comes of it.

tests/unit/control/test_events_gone_wild.py tries far more, near what is meant, over models of AWS.
"""

from __future__ import annotations

from collections import Counter

import pytest

from chalicelib.domain.errors import BadEvent, NoSuchMeeting
from tests import fuzz, thrown
from tests.app.asking import Town, stored
from tests.app.world import World

EVENTS = fuzz.inputs(60, worth=100)
"""Each function takes every event."""


@pytest.mark.fuzz
def test_whatever_a_function_is_invoked_with_it_is_done_or_refused_by_name(world: World) -> None:
    Town(world)
    before, dice, got = stored(), fuzz.dice("events"), Counter[str]()
    for _ in range(EVENTS):
        event = thrown.any_json(dice, names=("meeting_id", "row", "detail", "Records", *thrown.WORDS))
        for function in ("launch_ec2", "safety_net", "dns_watchdog", "stream_terminator"):
            try:
                world.invoke(function, event)
            except (BadEvent, NoSuchMeeting) as error:
                got[type(error).__name__] += 1
            else:
                got["done"] += 1
    fuzz.tell(EVENTS, got)
    assert stored() == before
    assert world.alive() == set()


@pytest.mark.parametrize("event", [{}, [], "x", None, {"time": "x" * 10_000}, {"Records": [1]}])
def test_the_sweep_goes_by_the_rows_whatever_it_is_invoked_with(world: World, event: object) -> None:
    world.invoke("sweep", event)
    assert world.errors() == ""
