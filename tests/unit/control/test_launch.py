"""A launch: the intent before it, the ids after it, and what keeps it from being made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.control.events import TimerEvent
from chalicelib.domain.errors import NoSuchMeeting, Unavailable
from chalicelib.domain.seat import Role
from tests.builders import understood
from tests.unit.control.house import MINUTE, House, T, launched

JUST_BEFORE = "2026-03-01T11:49:50Z"


class TestLaunching:
    def test_the_intent_stands_before_the_launch_and_the_ids_after_it(self, house: House) -> None:
        house.meeting()
        house.triggers.launch_timer(TimerEvent("m"))
        assert house.calls() == [
            "meetings.get",
            "desktops.of_meeting",
            "meetings.update",
            "desktops.launch",
            "desktops.launch",
            "meetings.update",
        ]
        assert house.row()["status"] == "LAUNCHED"
        assert len(house.desktops.alive()) == 2

    def test_a_timer_that_carries_what_the_row_says_needs_no_look_at_it(self, house: House) -> None:
        house.meeting(duration_minutes=45)
        house.triggers.launch_timer(TimerEvent("m", image=understood(dict(house.row()))))
        assert house.calls() == [
            "desktops.of_meeting",
            "meetings.update",
            "desktops.launch",
            "desktops.launch",
            "meetings.update",
        ]
        assert (house.row()["status"], len(house.desktops.alive())) == ("LAUNCHED", 2)

    @pytest.mark.parametrize(
        ("since", "desktops"),
        [
            ({"duration_minutes": 90}, 2),
            ({"meet_time": "2026-03-01T11:59:00Z"}, 2),
            ({"meet_time": "2026-03-08T12:00:00Z"}, 0),
            ({"termination_reason": "CANCELLED", "ending_at": "2026-03-01T11:00:00Z"}, 0),
            ({"status": "TERMINATED", "termination_reason": "CANCELLED", "ended_at": "2026-03-01T11:00:00Z"}, 0),
            ({"teacher_attempt": 1, "teacher_attempt_at": JUST_BEFORE, "begun_at": JUST_BEFORE}, 1),
        ],
        ids=["lengthened", "moved a little", "moved far", "ending", "over", "one is being launched"],
    )
    def test_what_has_changed_since_the_timer_was_armed_counts(
        self, house: House, since: dict[str, Any], desktops: int
    ) -> None:
        house.meeting(duration_minutes=45)
        timer = TimerEvent("m", image=understood(dict(house.row())))
        house.meetings.write("m", since)
        house.triggers.launch_timer(timer)
        assert "meetings.get" in house.calls()
        assert len(house.desktops.alive()) == desktops
        twin = House()
        twin.meeting(duration_minutes=45)
        twin.meetings.write("m", since)
        twin.triggers.launch_timer(TimerEvent("m"))
        assert [d.deadline for d in house.desktops.alive()] == [d.deadline for d in twin.desktops.alive()]

    def test_a_timer_that_carries_an_old_row_begins_no_launch_that_was_made(self, house: House) -> None:
        house.meeting()
        timer = TimerEvent("m", image=understood(dict(house.row())))
        for _ in range(3):
            house.triggers.launch_timer(timer)
        assert len(house.desktops.instances) == 2

    def test_a_timer_of_a_row_that_is_gone_fails_and_launches_nothing(self, house: House) -> None:
        house.meeting()
        timer = TimerEvent("m", image=understood(dict(house.row())))
        del house.meetings.rows["m"]
        with pytest.raises(NoSuchMeeting):
            house.triggers.launch_timer(timer)
        assert house.desktops.instances == {}

    def test_launching_again_launches_nothing(self, house: House) -> None:
        launched(house)
        house.triggers.launch_timer(TimerEvent("m", force=True))
        assert len(house.desktops.instances) == 2

    def test_a_full_zone_moves_the_intent_to_the_next_one(self, house: House) -> None:
        house.desktops.full = {"subnet-a", "subnet-b"}
        launched(house)
        assert house.row()["teacher_subnet"] == house.row()["student_subnet"] == "subnet-c"
        assert house.row()["teacher_attempt"] == 1

    def test_no_room_anywhere_is_written_down_and_tried_again_a_minute_later(self, house: House) -> None:
        house.desktops.full = set(house.desktops.zones)
        house.meeting()
        house.triggers.launch_timer(TimerEvent("m"))
        assert house.row()["teacher_refused"] == "InsufficientInstanceCapacity"
        house.triggers.launch_timer(TimerEvent("m"))
        assert house.row()["teacher_attempt"] == 1, "not before the lease is over"
        house.desktops.full = set()
        house.pass_time(MINUTE)
        house.sweep()
        assert house.row()["teacher_attempt"] == 2
        assert "teacher_refused" not in house.row()
        assert len(house.desktops.alive()) == 2

    @pytest.mark.parametrize(
        ("refuse", "code"),
        [
            (lambda ec2: ec2.full.update(ec2.zones), "InsufficientInstanceCapacity"),
            (lambda ec2: setattr(ec2, "refusal", "VcpuLimitExceeded"), "VcpuLimitExceeded"),
        ],
    )
    def test_every_refusal_is_logged_and_counted_for_the_alarm(
        self, house: House, log: list[Any], refuse: Callable[[Any], None], code: str
    ) -> None:
        refuse(house.desktops)
        house.meeting()
        house.triggers.launch_timer(TimerEvent("m"))
        counted = [(line["role"], line["Reason"]) for line in log if line.get("LaunchFailures")]
        assert counted == [("teacher", code), ("student", code)]
        assert [line["role"] for line in log if line["event"] == "launch_refused"] == ["teacher", "student"]

    def test_one_role_that_cannot_be_launched_does_not_keep_the_other_from_it(self, house: House) -> None:
        house.meeting()
        launch = house.desktops.launch

        def only_student(meeting_id: str, attempt: Any, *rest: Any) -> Any:
            if attempt.role is Role.TEACHER:
                raise Unavailable("EC2 is throttled.")
            return launch(meeting_id, attempt, *rest)

        house.desktops.launch = only_student  # type: ignore[method-assign,assignment]
        with pytest.raises(Unavailable):
            house.triggers.launch_timer(TimerEvent("m"))
        assert house.row()["student_ec2_id"]
        assert "teacher_ec2_id" not in house.row()

    def test_a_launch_that_fails_for_both_roles_leaves_the_attempt_to_whoever_looks_next(self, house: House) -> None:
        house.meeting()
        launch = house.desktops.launch

        def throttled(*args: Any) -> Any:
            raise Unavailable("EC2 is throttled.")

        house.desktops.launch = throttled  # type: ignore[method-assign,assignment]
        with pytest.raises(Unavailable):
            house.triggers.launch_timer(TimerEvent("m"))
        assert house.row()["status"] == "SCHEDULED"
        assert "teacher_refused" not in house.row()
        house.desktops.launch = launch  # type: ignore[method-assign]
        house.pass_time(MINUTE)
        house.sweep()
        assert len(house.desktops.alive()) == 2
        assert house.row()["teacher_attempt"] == house.row()["student_attempt"] == 1

    def test_what_was_launched_for_a_meeting_that_ended_meanwhile_is_terminated(self, house: House) -> None:
        house.meeting()
        house.desktops.on_launch = lambda _: house.meetings.write("m", {"termination_reason": "CANCELLED"})
        house.triggers.launch_timer(TimerEvent("m"))
        assert house.desktops.instances
        assert house.desktops.alive() == []
        assert house.row()["status"] == "TERMINATED"

    def test_of_two_handlers_that_plan_the_same_launch_one_makes_it(self, house: House) -> None:
        house.meeting()
        look = house.desktops.of_meeting

        def meanwhile(*args: Any) -> Any:
            house.desktops.of_meeting = look  # type: ignore[method-assign]
            seen = look(*args)
            house.triggers.launch_timer(TimerEvent("m"))
            return seen

        house.desktops.of_meeting = meanwhile  # type: ignore[method-assign,assignment]
        house.triggers.launch_timer(TimerEvent("m"))
        assert house.calls().count("desktops.launch") == 2

    def test_a_desktop_bears_the_meetings_deadline(self, house: House) -> None:
        launched(house)
        assert {i.deadline for i in house.desktops.alive()} == {T + 240 * MINUTE}

    def test_a_longer_meeting_lets_its_desktops_bear_a_later_deadline(self, house: House) -> None:
        launched(house)
        house.meetings.write("m", {"duration_minutes": 90})
        house.sweep()
        assert {i.deadline for i in house.desktops.alive()} == {T + 90 * MINUTE}
        house.meetings.write("m", {"duration_minutes": 100})
        house.sweep()
        assert {i.deadline for i in house.desktops.alive()} == {T + 100 * MINUTE}

    def test_a_meeting_gets_no_more_time_than_the_operator_s_limit(self, house: House) -> None:
        launched(house)
        house.meetings.write("m", {"duration_minutes": 7 * 24 * 60})
        house.sweep()
        assert {i.deadline for i in house.desktops.alive()} == {T + house.policy.max_duration}

    def test_a_meeting_without_any_time_has_a_deadline_all_the_same(self, house: House) -> None:
        house.meeting(meet_time=None)
        house.triggers.launch_timer(TimerEvent("m"))
        deadline = house.now + 250 * MINUTE
        assert {i.deadline for i in house.desktops.alive()} == {deadline}
        house.now = deadline - timedelta(seconds=1)
        house.sweep()
        assert house.desktops.alive()
        house.now = deadline
        house.sweep()
        assert house.desktops.alive() == []
