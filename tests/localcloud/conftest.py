"""Worlds for the tests: one cloud a test, gone when it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from localcloud.clock import VirtualClock
from localcloud.cloud import Cloud
from localcloud.conditions import GOOD_DAY, Conditions
from tests.localcloud.worlds import START, Probe, World


@pytest.fixture
def make_world() -> Iterator[Callable[[Conditions], World]]:
    """Return what makes a world under given conditions; one a test."""
    clock = VirtualClock(START)
    probe = Probe(clock.now)
    clouds: list[Cloud] = []

    def make(conditions: Conditions = GOOD_DAY) -> World:
        clouds.append(Cloud(probe.app, clock, conditions).__enter__())
        return World(clouds[0], clock, probe)

    yield make
    for cloud in clouds:
        cloud.__exit__(None, None, None)


@pytest.fixture
def world(make_world: Callable[[Conditions], World]) -> World:
    """Return a world on a good day."""
    return make_world(GOOD_DAY)
