"""What a timer and an EC2 event bring about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.control.events import StateChange, TimerEvent
from chalicelib.domain.errors import NoSuchMeeting
from chalicelib.domain.model import Owner, State
from chalicelib.domain.seat import Role
from tests.builders import EXPIRES
from tests.unit.control.house import MINUTE, House, T, launched


class TestTimers:
    def test_a_timer_that_fires_early_changes_nothing_and_says_so(self, house: House, log: list[Any]) -> None:
        house.now = T - 20 * MINUTE
        house.meeting()
        house.triggers.launch_timer(TimerEvent("m"))
        assert house.desktops.instances == {}
        assert [line["event"] for line in log] == ["timer_changed_nothing"]

    def test_a_timer_for_a_meeting_that_does_not_exist_fails(self, house: House) -> None:
        with pytest.raises(NoSuchMeeting, match="nobody"):
            house.triggers.safety_timer(TimerEvent("nobody"))


class TestStateChanges:
    def test_a_running_desktop_is_published_and_then_linked(self, house: House) -> None:
        house.meeting()
        house.triggers.launch_timer(TimerEvent("m"))
        house.pass_time(timedelta(seconds=30))
        desktop_id = house.row()["teacher_ec2_id"]
        house.calls()
        house.triggers.state_change(StateChange(desktop_id, State.RUNNING))
        assert house.calls() == ["desktops.find", "meetings.get", "dns.publish", "meetings.update"]
        assert house.row()["teacher_ec2_link"] == f"https://{desktop_id}.example.com:8443"
        assert "student_ec2_link" not in house.row()

    def test_a_running_event_about_a_desktop_that_died_since_publishes_nothing(self, house: House) -> None:
        house.meeting()
        house.triggers.launch_timer(TimerEvent("m"))
        house.pass_time(timedelta(seconds=30))
        desktop_id = house.row()["teacher_ec2_id"]
        house.desktops.die(desktop_id)
        house.triggers.state_change(StateChange(desktop_id, State.RUNNING))
        assert f"{desktop_id}.example.com" not in house.dns.records

    def test_a_death_is_believed_even_where_ec2_still_shows_life(self, house: House) -> None:
        launched(house)
        desktop_id = house.row()["teacher_ec2_id"]
        house.triggers.state_change(StateChange(desktop_id, State.SHUTTING_DOWN))
        assert f"{desktop_id}.example.com" not in house.dns.records
        assert house.row()["teacher_ec2_id"] != desktop_id
        [told] = house.row()["teacher_replaced"]
        assert desktop_id in told

    def test_what_the_old_desktop_reported_meanwhile_does_not_count_for_the_new_one(self, house: House) -> None:
        launched(house)
        desktop_id = house.row()["teacher_ec2_id"]
        update = house.meetings.update

        def reported_meanwhile(*args: Any) -> None:
            house.meetings.update = update  # type: ignore[method-assign]
            house.meetings.write("m", {"teacher_healthy_at": house.now})
            update(*args)

        house.meetings.update = reported_meanwhile  # type: ignore[method-assign,assignment]
        house.triggers.state_change(StateChange(desktop_id, State.SHUTTING_DOWN))
        assert house.row()["teacher_ec2_id"] != desktop_id
        assert "teacher_healthy_at" not in house.row()

    def test_the_deaths_of_both_desktops_of_a_meeting_that_is_over_cost_one_look(self, house: House) -> None:
        house.pass_time(60 * MINUTE)
        over: dict[str, Any] = {"status": "TERMINATED", "termination_reason": "SUCCESS", "expires": EXPIRES}
        house.meeting(**over, ended_at=house.now, open=None)
        one, other = (house.desktops.add("m", role) for role in Role)
        for desktop in (one, other):
            house.desktops.die(desktop.id)
            house.triggers.state_change(StateChange(desktop.id, State.SHUTTING_DOWN))
        assert house.calls().count("meetings.get") == 1
        late = house.desktops.add("m", Role.TEACHER)
        house.triggers.state_change(StateChange(late.id, State.RUNNING))
        assert late not in house.desktops.alive(), "what runs of it is looked at all the same"
        house.calls()
        house.pass_time(MINUTE)
        house.triggers.state_change(StateChange(other.id, State.SHUTTING_DOWN))
        assert "meetings.get" in house.calls(), "and so is whatever comes a minute later"

    def test_the_deaths_of_both_desktops_of_a_meeting_that_lives_are_two_looks(self, house: House) -> None:
        launched(house)
        before = [house.row()[f"{role}_ec2_id"] for role in Role]
        for desktop_id in before:
            house.triggers.state_change(StateChange(desktop_id, State.SHUTTING_DOWN))
        assert not set(before) & {house.row()[f"{role}_ec2_id"] for role in Role}

    def test_a_foreign_instance_is_nobodys_business(self, house: House) -> None:
        foreign = house.desktops.add("m", Role.TEACHER, owner=Owner.FOREIGN)
        house.triggers.state_change(StateChange(foreign.id, State.RUNNING))
        assert house.calls() == ["desktops.find"]

    def test_an_instance_that_ec2_does_not_show_is_left_to_the_sweep(self, house: House) -> None:
        house.triggers.state_change(StateChange("i-0", State.RUNNING))
        assert house.calls() == ["desktops.find"]

    def test_a_desktop_whose_meeting_is_gone_is_left_to_the_sweep(self, house: House, log: list[Any]) -> None:
        stray = house.desktops.add("gone", Role.TEACHER)
        house.triggers.state_change(StateChange(stray.id, State.RUNNING))
        assert [line["event"] for line in log] == ["stray_desktop"]
        house.pass_time(5 * MINUTE)
        house.sweep()
        assert house.desktops.alive() == []
