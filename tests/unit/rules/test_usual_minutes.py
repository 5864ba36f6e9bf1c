"""How long a desktop usually takes to be ready: what counts as a boot, and which of them are told of."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.lately import Boot
from chalicelib.rules.readiness import boots_of, latest, usual_minutes
from tests.builders import HEALTHY, IN_PROGRESS, LAUNCHED, OVER, PUBLISHED, SCHEDULED, at, meeting

NOW = at(60)
SIX = timedelta(minutes=6)


def boot(ready: float, minutes: float) -> Boot:
    return Boot(at(ready), timedelta(minutes=minutes))


@pytest.mark.parametrize("row", [HEALTHY, IN_PROGRESS, OVER], ids=["ready", "used", "over"])
def test_each_desktop_that_was_ready_is_one_from_its_launch_on(row: dict[str, Any]) -> None:
    later = row | {"student_healthy_at": at(-2)}
    assert boots_of([meeting(later)], NOW) == {Boot(at(-4), SIX), Boot(at(-2), timedelta(minutes=8))}


@pytest.mark.parametrize(
    "row",
    [
        {},
        SCHEDULED,
        LAUNCHED,
        PUBLISHED,
        HEALTHY | {"teacher_attempt_at": None, "student_attempt_at": "soon"},
        HEALTHY | {"teacher_healthy_at": at(-11), "student_healthy_at": at(-10)},
        HEALTHY | {"teacher_healthy_at": at(51), "student_healthy_at": at(61)},
    ],
    ids=["only an id", "scheduled", "launched", "published", "launched by hand", "ready before", "too late, ahead"],
)
def test_what_tells_no_such_span_is_none(row: dict[str, Any]) -> None:
    assert boots_of([meeting(row)], NOW) == set()


def test_the_latest_twenty_of_the_last_week_count() -> None:
    week = 7 * 24 * 60
    assert latest([boot(60 - week, 1), boot(61 - week, 2), boot(61, 3)], NOW) == (boot(61 - week, 2),)
    many = [boot(minute, 5) for minute in range(30)]
    assert latest(reversed(many), NOW) == tuple(many[10:])


@pytest.mark.parametrize(
    ("minutes", "usual"),
    [([], None), ([4], 4), ([4.01], 5), ([3, 3, 50], 3), ([1, 2, 9, 9], 9), ([0.1], 1)],
    ids=str,
)
def test_it_is_the_median_rounded_up(minutes: list[float], usual: int | None) -> None:
    assert usual_minutes([boot(number, each) for number, each in enumerate(minutes)], NOW) == usual


def test_what_was_measured_longer_ago_is_told_to_nobody() -> None:
    assert usual_minutes([boot(0, 5)], NOW) == 5
    assert usual_minutes([boot(0, 5)], NOW + timedelta(weeks=1)) is None
