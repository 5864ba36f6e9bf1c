"""What is planned once for as long as it must come out the same, comes out as if it were planned every time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.actions import Action, Terminate
from chalicelib.domain.model import Meeting, Observation
from tests.simulation.planner import Planner, WatchedTime
from tests.simulation.simulate import simulate

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LATER = NOW + 10 * SECOND
WISH: list[Action] = [Terminate("it is time", ("i-1",))]


def planner(is_time: Callable[[datetime], Any]) -> Planner:
    return Planner(lambda meeting, desktops, now, **options: WISH if is_time(now) else [])


@pytest.mark.parametrize(
    "is_time",
    [
        lambda now: now >= LATER,
        lambda now: now > LATER - SECOND / 1000,
        lambda now: LATER <= now,  # noqa: SIM300  the other way round is what is tried
        lambda now: not now < LATER,
        lambda now: not LATER > now,  # noqa: SIM300
        lambda now: now == LATER,
        lambda now: now - LATER >= timedelta(0),
        lambda now: now + SECOND >= LATER + SECOND,
        lambda now: max(now, LATER) == now,
        lambda now: now.timestamp() >= LATER.timestamp(),
        lambda now: f"{now:%S}" == "10",
        lambda now: now in {LATER},
    ],
    ids=range(12),
)
def test_a_plan_asks_for_something_at_the_very_moment(is_time: Callable[[datetime], Any]) -> None:
    plan, meeting = planner(is_time), Meeting("m")
    for second in range(10):
        assert plan(meeting, Observation(), NOW + second * SECOND) == []
    assert plan(meeting, Observation(), LATER) == WISH


def test_a_quiet_meeting_is_spared_until_something_happens_to_it() -> None:
    plan, meeting = planner(lambda now: now >= LATER), Meeting("m")
    for second in range(5):
        plan(meeting, Observation(), NOW + second * SECOND)
    assert plan.spared == 3
    plan(Meeting("m"), Observation(), NOW)
    plan(meeting, Observation(complete=True), NOW)
    plan(meeting, Observation(), NOW, checkpoint=True)
    assert plan.spared == 3


def test_a_watched_time_leads_to_the_next_moment_only() -> None:
    watched = WatchedTime.of(NOW)
    assert watched >= NOW - SECOND
    assert not watched >= LATER + SECOND
    assert not watched >= LATER
    assert watched.next_moment == LATER


def test_sparing_plans_changes_nothing_to_the_last_call(monkeypatch: pytest.MonkeyPatch) -> None:
    sparing = simulate(60, "spared")
    monkeypatch.setattr("tests.simulation.world.world._planning_once", nullcontext)
    planning = simulate(60, "spared")
    assert (sparing.digest, sparing.figures) == (planning.digest, planning.figures)
