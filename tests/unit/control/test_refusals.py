"""What becomes of launches that EC2 refuses or ends at once: each counts as tried, is told in EC2's own words, and the
next one begins elsewhere."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.control.events import TimerEvent
from chalicelib.domain.errors import NoCapacity
from chalicelib.domain.policy import Policy
from chalicelib.domain.seat import Role
from tests.unit.control.house import MINUTE, House, launched

DIED = "Client.InternalError: Client error on launch"


def counted(log: list[Any], metric: str) -> list[tuple[str, str]]:
    return [(line["role"], line["Reason"]) for line in log if line.get(metric)]


class TestNowhereToLaunch:
    """No subnet can be reached: nothing is asked of EC2, and it is an attempt all the same."""

    @pytest.fixture
    def nowhere(self, house: House) -> House:
        house.meeting()
        self.zones, house.desktops.zones = house.desktops.zones, []
        house.triggers.launch_timer(TimerEvent("m"))
        return house

    def test_it_is_written_down_logged_and_counted(self, nowhere: House, log: list[Any]) -> None:
        assert nowhere.row()["teacher_refused"] == nowhere.row()["student_refused"] == "NoSubnet"
        assert nowhere.row()["teacher_attempt"] == 1
        assert "teacher_subnet" not in nowhere.row()
        nowhere.pass_time(MINUTE)
        nowhere.sweep()
        assert counted(log, "LaunchFailures") == [("teacher", "NoSubnet"), ("student", "NoSubnet")]
        assert [line["role"] for line in log if line["event"] == "launch_refused"] == ["teacher", "student"]

    def test_it_is_tried_again_and_launched_once_there_is_one(self, nowhere: House) -> None:
        nowhere.desktops.zones = self.zones
        nowhere.pass_time(MINUTE)
        nowhere.sweep()
        assert len(nowhere.desktops.alive()) == 2
        assert nowhere.row()["teacher_attempt"] == 2
        assert nowhere.row()["teacher_subnet"] == self.zones[0]

    def test_it_uses_up_the_attempts_and_the_meeting_ends_as_what_it_is(self) -> None:
        house = House(policy=Policy(domain="example.com", max_attempts=3))
        house.meeting()
        house.desktops.zones = []
        house.triggers.launch_timer(TimerEvent("m"))
        for _ in range(12):
            house.pass_time(MINUTE)
            house.sweep()
        assert house.row()["termination_reason"] == "LAUNCH_FAILED"
        assert house.desktops.instances == {}

    def test_a_launch_that_was_made_already_is_not_forgotten_because_there_is_nowhere_now(self, house: House) -> None:
        house.meeting()
        launch = house.desktops.launch

        def launch_and_die(*attempt: Any) -> Any:
            launch(*attempt)
            raise SystemExit

        house.desktops.launch = launch_and_die  # type: ignore[method-assign,assignment]
        with pytest.raises(SystemExit):  # between the launch and the write
            house.triggers.launch_timer(TimerEvent("m"))
        house.desktops.launch, house.desktops.zones = launch, []  # type: ignore[method-assign]
        house.desktops.unseen_for = 60 * MINUTE
        house.pass_time(MINUTE)
        house.sweep()
        assert house.row()["teacher_ec2_id"]


class TestEc2sOwnCode:
    @pytest.mark.parametrize("code", ["Unsupported", "InsufficientInstanceCapacity", "VolumeTypeNotAvailableInZone"])
    def test_is_kept_where_every_zone_says_it(self, house: House, log: list[Any], code: str) -> None:
        house.desktops.full, house.desktops.no_room_code = set(house.desktops.zones), code
        house.meeting()
        house.triggers.launch_timer(TimerEvent("m"))
        assert house.row()["teacher_refused"] == house.row()["student_refused"] == code
        assert counted(log, "LaunchFailures") == [("teacher", code), ("student", code)]
        assert len([line for line in log if line["event"] == "no_capacity"]) == 2 * len(house.desktops.zones)

    def test_that_tells_of_a_want_that_passes_is_told_before_one_of_a_lack(self, house: House) -> None:
        codes = dict(zip(house.desktops.zones, ["Unsupported", "InsufficientHostCapacity", "Unsupported"], strict=True))

        def refuse(meeting_id: str, attempt: Any, *rest: Any) -> Any:
            raise NoCapacity(f"Not in {attempt.subnet}.", codes[attempt.subnet])

        house.desktops.launch = refuse  # type: ignore[method-assign,assignment]
        house.meeting()
        house.triggers.launch_timer(TimerEvent("m"))
        assert house.row()["teacher_refused"] == "InsufficientHostCapacity"


class TestTheNextAttempt:
    @pytest.mark.parametrize("code", ["VcpuLimitExceeded", "InvalidParameterValue", "SomethingNobodyHasSeenYet"])
    def test_begins_in_another_zone_whatever_ec2_refused_and_whoever_makes_it(self, house: House, code: str) -> None:
        house.desktops.refusal = code
        house.meeting()
        house.triggers.launch_timer(TimerEvent("m"))
        tried = [house.row()["teacher_subnet"]]
        for _ in range(2):
            house.pass_time(3 * MINUTE)
            house.sweep()  # nothing but the row remembers, as in another container
            tried.append(house.row()["teacher_subnet"])
        assert tried == house.desktops.zones

    def test_begins_in_another_zone_where_the_desktop_before_has_died(self, house: House) -> None:
        launched(house)
        house.desktops.die(house.row()["teacher_ec2_id"])
        house.pass_time(MINUTE)
        house.sweep()
        assert house.row()["teacher_subnet"] == "subnet-b"
        assert house.row()["student_subnet"] == "subnet-a"


class TestADesktopThatDiesAtOnce:
    """EC2 takes the launch and ends the instance by itself: it may not use a key, a snapshot is gone."""

    def replaced(self, house: House, reason: str | None) -> str:
        """Let the teacher's desktop die for this reason; return what the row says of it."""
        launched(house)
        instance = next(i for i in house.desktops.alive() if i.role is Role.TEACHER)
        instance.state_reason = reason
        house.desktops.die(instance.id)
        house.pass_time(MINUTE)
        house.sweep()
        [entry] = house.row()["teacher_replaced"]
        assert instance.id in entry
        return str(entry)

    def test_tells_why_on_the_row_in_the_log_and_in_the_metric(self, house: House, log: list[Any]) -> None:
        assert self.replaced(house, DIED).endswith(f"its desktop is gone ({DIED})")
        assert counted(log, "Replaced") == [("teacher", "Client.InternalError")]
        assert [line["why"] for line in log if line.get("Replaced")] == [f"its desktop is gone ({DIED})"]

    @pytest.mark.parametrize("reason", [None, "Client.UserInitiatedShutdown: User initiated shutdown"])
    def test_that_somebody_ended_is_counted_as_gone(self, house: House, log: list[Any], reason: str | None) -> None:
        self.replaced(house, reason)
        assert counted(log, "Replaced") == [("teacher", "GONE")]
