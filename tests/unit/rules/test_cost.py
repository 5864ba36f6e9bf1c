"""What a meeting costs: by the row alone, bounded whatever stands there, and rounded once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain import writes
from chalicelib.domain.actions import Attempt, Cause
from chalicelib.domain.model import Meeting
from chalicelib.domain.prices import Prices
from chalicelib.domain.seat import LONGEST_LIFE, Role
from chalicelib.rules.cost import Use, amount, cost, estimate, expected, use
from tests.builders import (
    ENDED,
    HEALTHY,
    IN_PROGRESS,
    LAUNCHED,
    OVER,
    POLICY,
    RECORDED,
    SCHEDULED,
    at,
    connected,
    desktop,
    meeting,
)

PRICES = Prices(
    desktop_hour=Decimal("0.1"),
    volume_gib_month=Decimal("0.073"),
    address_hour=Decimal("0.005"),
    burst_vcpu_hour=Decimal("0.1"),
    busy_percent=50,
    instance_type="t3.large",
    volume_gib=100,
)
TOLD = replace(RECORDED, presence_told=True)
LESSON = HEALTHY | connected("teacher", 0, 45) | connected("student", 5, 45) | {"begun_at": at(-10)}
USED = {"teacher_used_seconds": 45 * 60, "student_used_seconds": 40 * 60}


def minutes(number: float) -> timedelta:
    return timedelta(minutes=number)


def paid(of: Meeting, moment: float = 50, policy: Any = TOLD) -> float:
    return use(of, at(moment), policy).paid / minutes(1)


def used(of: Meeting, moment: float = 50, policy: Any = TOLD) -> float:
    return use(of, at(moment), policy).used / minutes(1)


def written(before: Meeting, *changes: Any) -> Meeting:
    """Return the meeting once these writes were made, each of which is given it as it was before."""
    for change in changes:
        before = writes.after(before, change(before))
    return before


def replaced(minute: float, role: Role = Role.STUDENT, number: int = 2) -> Any:
    """Return the writes of a replacement that was begun and done in that minute, as one after the other."""
    attempt = Attempt(role, number, "subnet-1", Cause.GONE)

    def change(before: Meeting) -> Any:
        return writes.launch_begun(before, [attempt], "gone", forced=False, leased_at=at(minute))

    def outcome(before: Meeting) -> Any:
        return writes.launched(before, attempt, desktop(role, id=f"i-{number}"), at(minute))

    return change, outcome


def test_nothing_was_launched_so_nothing_was_paid() -> None:
    assert use(meeting(SCHEDULED), at(50), TOLD) == Use()
    assert cost(meeting(SCHEDULED), at(50), TOLD, PRICES) == 0


def test_machine_volume_address_and_burst_are_paid_from_launch_to_end() -> None:
    over = meeting(LESSON | USED | ENDED)
    assert use(over, at(9_999), TOLD) == Use(minutes(140), minutes(85))
    assert PRICES.hourly == Decimal("0.155")
    assert cost(over, at(9_999), TOLD, PRICES) == Decimal("0.3617")


def test_of_one_that_lives_it_is_what_it_was_until_now() -> None:
    assert paid(meeting(LESSON), -10 + 1) == 2
    assert paid(meeting(LESSON), 20) == 60
    assert paid(meeting(LESSON), -10) == 2, "EC2 bills a minute at the least"


def test_what_is_expected_is_what_desktops_cost_until_they_must_end() -> None:
    asked = {"duration_minutes": 45}
    planned, running = meeting(SCHEDULED | asked), meeting(LESSON | asked)
    assert expected(planned, at(-500), TOLD) == 2 * minutes(10 + 45 + 10) == expected(running, at(3), TOLD)
    assert estimate(minutes(45), TOLD, PRICES) == amount(minutes(130), PRICES) == Decimal("0.3358")
    assert expected(meeting(LESSON | asked | ENDED), at(99), TOLD) == minutes(140), "what it was, where it is over"
    assert expected(running, at(70), TOLD) == minutes(160), "past their deadline they go on costing"
    assert expected(meeting(SCHEDULED | asked | {"termination_reason": "CANCELLED"}), at(-500), TOLD) == minutes(0)


def test_desktops_that_were_replaced_are_paid_for_each_for_its_own_time() -> None:
    once = written(meeting(LAUNCHED | {"begun_at": at(-10)}), *replaced(0))
    assert once.row["student_paid_seconds"] == 600
    assert paid(once, 20) == 30 + 10 + 20
    assert paid(written(once, *replaced(5, number=3)), 20) == 30 + 15 + 15


def test_one_that_ec2_took_is_paid_for_until_it_was_missed() -> None:
    lost = written(meeting(LESSON), lambda before: writes.link_dropped(before, Role.STUDENT, at(30)))
    assert paid(lost) == 60 + 40
    assert paid(written(lost, *replaced(45))) == 60 + 40 + 5


def test_desktops_of_a_meeting_that_was_put_off_stay_on_the_bill() -> None:
    def stood_down(before: Meeting) -> Any:
        return writes.stood_down(before, list(Role), "moved", at(0))

    far = written(meeting(LAUNCHED | {"begun_at": at(-10)}), stood_down)
    assert paid(far, 9_999) == 20
    assert not use(far, at(9_999), TOLD).is_estimate


def test_one_that_is_adopted_is_paid_for_since_ec2_launched_it_and_the_one_before_as_well() -> None:
    found = desktop("student", minutes=-8, id="i-found")

    def adopted(before: Meeting) -> Any:
        return writes.adopted(before, Role.STUDENT, found, vouched=False, now=at(0))

    beside = written(meeting(LAUNCHED | {"begun_at": at(-10)}), adopted)
    assert paid(beside, 5) == 15 + 10 + 8 + 5
    by_hand = written(meeting(SCHEDULED), adopted)
    assert paid(by_hand, 5) == 5, "what somebody had running before is not the meeting's"


def test_time_at_a_desktop_is_added_up_over_connections_and_desktops() -> None:
    seat = Role.TEACHER

    def comes(minute: float) -> Any:
        return lambda m: writes.presence_changed(m, m.seat(seat), connected=True, since=at(minute), now=at(minute))

    def goes(minute: float) -> Any:
        return lambda m: writes.presence_changed(m, m.seat(seat), connected=False, since=at(minute), now=at(minute))

    held = written(meeting(HEALTHY), comes(0), goes(10), comes(12))
    assert used(held, 20) == 18
    held = written(held, *replaced(22, seat), comes(25), goes(40))
    assert used(held) == 10 + 10 + 15
    assert not use(held, at(50), TOLD).is_estimate
    assert used(written(meeting(HEALTHY), goes(10))) == 0, "who was never heard of comes as late as they left"


def test_where_desktops_tell_nothing_use_is_an_estimate_from_the_click_to_the_upload() -> None:
    told = use(meeting(OVER), at(99), POLICY)
    assert told == Use(minutes(140), minutes(49 + 58), is_estimate=True)
    assert used(meeting(IN_PROGRESS), 20, POLICY) == 38, "no upload: until now"
    assert used(meeting(HEALTHY), 20, POLICY) == 0


def test_rows_of_before_give_an_estimate() -> None:
    before = LESSON | {"student_replaced": ["2026-03-01T14:58:00Z i-1: gone"], "student_launched_at": at(-2)}
    told = use(meeting(before), at(50), TOLD)
    assert told == Use(minutes(60 + 8 + 52), minutes(45 + 40), is_estimate=True)
    assert written(meeting(before), *replaced(20)).row["student_paid_seconds"] == (8 + 22) * 60


@pytest.mark.parametrize(
    "hostile",
    [
        {"teacher_launched_at": "2199-12-31T00:00:00Z"},
        {"teacher_launched_at": "1970-01-01T00:00:00Z", "student_connected_at": "1970-01-01T00:00:00Z"},
        {"teacher_launched_at": "soon", "teacher_paid_seconds": "1E+125"},
        {"ended_at": at(-600)},
        {"ended_at": at(999_999)},
        {"teacher_paid_seconds": Decimal("1E+125"), "student_used_seconds": -5},
        {"teacher_replaced": ["2199-01-01T00:00:00Z i-1: gone", "x"], "begun_at": "1970-01-01T00:00:00Z"},
        {"teacher_replaced": ["2199-01-01T00:00:00Z i-1: gone"], "begun_at": "1970-01-01T00:00:00Z"},
        {"teacher_replaced": [""], "student_replaced": "gone"},
        {"meet_time": "2199-12-31T00:00:00Z", "duration_minutes": 10_080, "begun_at": "2199-12-31T00:00:00Z"},
    ],
)
def test_whatever_stands_on_a_row_the_figures_are_bounded(hostile: dict[str, Any]) -> None:
    for base in (LESSON, LESSON | ENDED):
        of = meeting(base | hostile)
        told = use(of, at(60), TOLD)
        assert minutes(0) <= told.used <= told.paid <= 2 * (LONGEST_LIFE + POLICY.longest_life)
        assert minutes(0) <= expected(of, at(60), TOLD) <= 2 * (LONGEST_LIFE + POLICY.longest_life)
        assert 0 <= cost(of, at(60), TOLD, PRICES) < 100


def test_the_most_that_a_row_can_say_is_written_again_as_it_is() -> None:
    full = meeting(LAUNCHED | {"student_paid_seconds": 400 * 24 * 3600})
    assert written(full, *replaced(0)).row["student_paid_seconds"] == 400 * 24 * 3600


def test_what_is_added_up_is_time_so_that_it_is_rounded_once() -> None:
    assert 10 * amount(minutes(1), PRICES) == Decimal("0.0260")
    assert amount(10 * minutes(1), PRICES) == Decimal("0.0258")
