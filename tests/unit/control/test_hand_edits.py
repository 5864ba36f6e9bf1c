"""What people change on rows by hand harms nobody else's meeting."""

from __future__ import annotations

from datetime import timedelta

import pytest

from chalicelib.control.events import TimerEvent
from chalicelib.domain import rows
from chalicelib.domain.seat import Role
from tests.unit.control.house import MINUTE, House, T, image, launched


class TestSlipsOfThePen:
    @pytest.mark.parametrize("reason", [None, "CANCELLED"])
    def test_an_id_copied_from_another_row_ends_nobody_elses_desktop(self, house: House, reason: str | None) -> None:
        launched(house)
        house.meeting("n")
        house.triggers.launch_timer(TimerEvent("n"))
        theirs = house.row("n")["teacher_ec2_id"]
        house.meetings.write("m", {"teacher_ec2_id": theirs} | ({"termination_reason": reason} if reason else {}))
        house.pass_time(26 * MINUTE)
        house.triggers.safety_timer(TimerEvent("m"))
        assert house.row()["status"] == "TERMINATED"
        assert [i.id for i in house.desktops.alive() if i.meeting_id == "m"] == []
        assert house.desktops.instances[theirs].dies_at is None

    def test_a_whole_row_that_was_copied_ends_nobody_elses_desktop_either(self, house: House) -> None:
        launched(house)
        house.meetings.write("copy", {**house.row(), "id": "copy", "termination_reason": "CANCELLED"})
        house.looker.look("copy")
        assert house.row("copy")["status"] == "TERMINATED"
        assert len(house.desktops.alive()) == 2

    def test_a_meeting_that_was_moved_by_years_costs_nothing_meanwhile(self, house: House) -> None:
        launched(house)
        later = T + timedelta(days=400)
        house.meetings.write("m", {"meet_time": rows.timestamp(later)})
        house.sweep()
        assert house.desktops.alive() == []
        assert house.dns.records == {}
        house.now = later - 10 * MINUTE
        house.sweep()
        assert [i.launched_at for i in house.desktops.alive()] == [house.now] * 2
        assert house.row()["teacher_attempt"] == 2

    def test_an_image_from_before_a_meeting_was_moved_launches_nothing(self, house: House) -> None:
        house.now = T - timedelta(hours=1)
        house.meeting()
        before = image(house)
        house.meetings.write("m", {"meet_time": rows.timestamp(T + timedelta(days=30))})
        house.now = T - 5 * MINUTE
        house.triggers.row_changes([before])
        assert house.desktops.instances == {}

    def test_an_image_from_before_a_meeting_was_moved_holds_no_checkpoint(self, house: House) -> None:
        launched(house)
        come = rows.timestamp(house.now)
        for role in Role:
            house.meetings.write("m", {f"{role}_healthy_at": come, f"{role}_joined_at": come, "status": "IN_PROGRESS"})
        before = image(house)
        house.meetings.write("m", {"meet_time": rows.timestamp(T + 30 * MINUTE)})
        house.now = T + 16 * MINUTE
        house.triggers.row_changes([before])
        assert "checkpoint_at" not in house.row()
