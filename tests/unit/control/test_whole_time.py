"""A lesson that uses its whole time: its recordings are safe before its desktops go, and those go at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import MeetingOver
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role
from chalicelib.guests import desk
from chalicelib.people.join import resolve_join
from chalicelib.people.links import Link
from chalicelib.rules.facts import Hints
from tests.unit.control.house import MINUTE, House, T, image, launched

RECORDED = Policy(domain="example.com", records=True)
SECOND = timedelta(seconds=1)
LENGTH = 60


@pytest.fixture
def house() -> House:
    return House(policy=RECORDED)


def id_of(house: House, role: Role) -> str:
    return str(house.row()[f"{role}_ec2_id"])


def say(house: House, role: Role, what: Any, *told: Any, **more: Any) -> None:
    """Have a role's desktop say something now."""
    place = desk.desk_of(house.meetings, "m", id_of(house, role))
    what(house.meetings, place, *told, house.now, **more)


def saved(house: House, role: Role) -> None:
    say(house, role, desk.report_upload, f"https://s.example.com/{role}")


def begun(house: House, minutes: int = LENGTH) -> None:
    """Let both people come, and be there when their time is up."""
    house.meeting(duration_minutes=minutes)
    launched(house)
    house.pass_time(timedelta(seconds=90))
    for role in Role:
        say(house, role, desk.report_ready, ())
    house.sweep()
    house.now = T + MINUTE
    for role in Role:
        resolve_join(house.meetings, Link("m", role, signed=True), house.clock, house.policy)
        say(house, role, desk.report_presence, True)
    house.now = T + 15 * MINUTE
    house.sweep()


def swept_at(house: House, moment: datetime) -> None:
    house.now = moment
    house.sweep()


def test_it_ends_as_soon_as_both_are_safe(house: House) -> None:
    begun(house)
    end = T + LENGTH * MINUTE
    swept_at(house, end)
    with pytest.raises(MeetingOver):
        resolve_join(house.meetings, Link("m", Role.STUDENT, signed=True), house.clock, house.policy)
    for role in Role:
        say(house, role, desk.report_presence, False)
    house.now = end + 40 * SECOND
    saved(house, Role.TEACHER)
    house.triggers.row_changes([image(house)])
    assert len(house.desktops.alive()) == 2
    house.now = end + 95 * SECOND
    saved(house, Role.STUDENT)
    house.triggers.row_changes([image(house)])
    assert house.row()["termination_reason"] == "MAX_DURATION"
    assert house.row()["ended_at"] == "2026-03-01T13:01:35Z"
    assert house.desktops.alive() == []


def test_one_that_says_nothing_is_ended_at_the_hard_deadline(house: House) -> None:
    begun(house)
    deadline = T + LENGTH * MINUTE + RECORDED.upload_time
    assert {i.deadline for i in house.desktops.alive()} == {deadline}
    swept_at(house, deadline - SECOND)
    assert "termination_reason" not in house.row()
    swept_at(house, deadline)
    assert house.row()["termination_reason"] == "MAX_DURATION"
    assert house.desktops.alive() == []


def test_a_desktop_that_dies_while_it_uploads_is_not_replaced_and_ends_it(house: House) -> None:
    begun(house)
    house.now = T + LENGTH * MINUTE + 30 * SECOND
    for role in Role:
        say(house, role, desk.report_presence, False)
    saved(house, Role.TEACHER)
    house.desktops.die(id_of(house, Role.STUDENT))
    house.calls()
    house.sweep()
    assert "desktops.launch" not in house.calls()
    assert house.row()["termination_reason"] == "MAX_DURATION"


def test_nobody_is_launched_for_whoever_forces_it_then(house: House) -> None:
    house.meeting(duration_minutes=LENGTH)
    house.now = T + LENGTH * MINUTE
    house.looker.look("m", hints=Hints(force=True))
    assert "desktops.launch" not in house.calls()
    assert house.row()["termination_reason"] == "MAX_DURATION"


class TestOfTheVersionBefore:
    """Desktops that were launched when people's time and theirs ended together bear that moment in their tag."""

    @pytest.fixture
    def house(self) -> House:
        return House()

    @pytest.mark.parametrize(("minutes", "borne", "to_be_borne"), [(60, 60, 70), (230, 230, 240), (240, 240, 240)])
    def test_they_bear_the_time_to_upload_once_it_is_given(
        self, house: House, minutes: int, borne: int, to_be_borne: int
    ) -> None:
        begun(house, minutes)
        assert {i.deadline for i in house.desktops.alive()} == {T + borne * MINUTE}
        house.policy = RECORDED
        house.looker = house.looker.__class__(house)
        house.sweeper = house.sweeper.__class__(house, house.looker)
        house.sweep()
        assert {i.deadline for i in house.desktops.alive()} == {T + to_be_borne * MINUTE}

    @pytest.mark.parametrize("minutes", [60, 230, 240, 7 * 24 * 60])
    def test_their_guests_obey_it_and_none_outlives_the_operator_s_limit(self, house: House, minutes: int) -> None:
        begun(house, minutes)
        house.policy = RECORDED
        house.looker = house.looker.__class__(house)
        house.sweeper = house.sweeper.__class__(house, house.looker)
        house.sweep()
        for instance in house.desktops.alive():
            assert instance.movable is not None
            assert instance.deadline is not None
            assert instance.movable[0] <= instance.deadline <= instance.movable[1]
            assert instance.deadline <= T + house.policy.max_duration
        swept_at(house, T + house.policy.max_duration)
        assert house.desktops.alive() == []

    def test_one_whose_time_is_up_in_the_moment_of_the_upgrade_is_not_cut_off(self, house: House) -> None:
        begun(house)
        house.policy = RECORDED
        house.looker = house.looker.__class__(house)
        house.sweeper = house.sweeper.__class__(house, house.looker)
        swept_at(house, T + LENGTH * MINUTE)
        assert len(house.desktops.alive()) == 2

    def test_where_nothing_is_recorded_they_end_as_they_would_have(self, house: House) -> None:
        begun(house)
        swept_at(house, T + LENGTH * MINUTE - SECOND)
        assert len(house.desktops.alive()) == 2
        swept_at(house, T + LENGTH * MINUTE)
        assert house.row()["termination_reason"] == "MAX_DURATION"
        assert house.desktops.alive() == []


@pytest.mark.parametrize("minutes", [0, 1, 30, 60])
def test_whatever_time_is_given_no_desktop_outlives_the_operator_s_limit(minutes: int) -> None:
    house = House(policy=replace(RECORDED, upload_limit=minutes * MINUTE))
    begun(house, 240)
    swept_at(house, T + 240 * MINUTE)
    assert house.desktops.alive() == []
