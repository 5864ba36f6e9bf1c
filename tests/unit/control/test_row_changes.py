"""What a stream record brings about."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.control.triggers import RETRY_RECORDS_FOR
from chalicelib.domain import rows
from chalicelib.domain.errors import BadEvent, SomeFailed, Unavailable
from chalicelib.domain.seat import Role
from tests.unit.control.house import MINUTE, House, T, image, launched


class TestRowChanges:
    def test_a_record_that_asks_for_nothing_costs_no_call(self, house: House) -> None:
        launched(house)
        house.calls()
        house.triggers.row_changes([image(house)])
        assert house.calls() == []

    def test_an_upload_alone_waits_for_the_sweep(self, house: House) -> None:
        launched(house)
        house.meetings.write("m", {"teacher_session_data": "s3://x"})
        house.calls()
        house.triggers.row_changes([image(house)])
        assert house.calls() == []
        house.sweep()
        assert house.row()["teacher_uploaded_at"] == rows.timestamp(house.now)

    def test_reports_of_both_desktops_in_one_batch_both_count(self, house: House) -> None:
        launched(house)
        changes = []
        for role in Role:
            report = {"status": "HEALTHY", "instance_id": house.row()[f"{role}_ec2_id"]}
            house.meetings.write("m", report)
            changes.append(image(house))
        house.triggers.row_changes(changes)
        assert house.row()["teacher_healthy_at"]
        assert house.row()["student_healthy_at"]

    def test_a_report_that_was_overwritten_before_its_record_came_still_counts(self, house: House) -> None:
        launched(house)
        house.meetings.write("m", {"status": "HEALTHY", "instance_id": house.row()["teacher_ec2_id"]})
        late = image(house)
        house.meetings.write("m", {"instance_id": house.row()["student_ec2_id"], "student_healthy_at": house.now})
        house.triggers.row_changes([late])
        assert house.row()["teacher_healthy_at"]

    def test_a_stale_record_does_not_act_on_what_is_past(self, house: House) -> None:
        launched(house)
        house.now = T + 16 * MINUTE
        stale = image(house)  # nobody has come, says this record
        house.meetings.write("m", {"teacher_joined_at": house.now, "status": "IN_PROGRESS"})
        house.triggers.row_changes([stale])
        assert "termination_reason" not in house.row()
        assert house.row()["checkpoint_at"]

    def test_a_bad_record_does_not_stop_the_others_and_is_not_tried_again(self, house: House, log: list[Any]) -> None:
        house.meeting()
        house.triggers.row_changes([BadEvent("Record 1 has no id."), image(house)])
        assert len(house.desktops.alive()) == 2
        assert any(line["event"] == "bad_record" and "no id" in line["error"] for line in log)

    def test_a_failed_look_is_left_to_the_sweep_after_all_others_were_tended(
        self, house: House, log: list[Any]
    ) -> None:
        house.meeting("a")
        house.meeting("b")
        house.wire.next_error = Unavailable("EC2 is throttled.")
        house.triggers.row_changes([image(house, "a"), image(house, "b")])
        assert {i.meeting_id for i in house.desktops.alive()} == {"b"}
        assert any(line["event"] == "look_failed" and line["meeting"] == "a" for line in log)
        house.sweep()
        assert {i.meeting_id for i in house.desktops.alive()} == {"a", "b"}

    @pytest.mark.parametrize("attributes", [{"open": None}, {"teacher_ec2_id": "i-1", "instance_id": "i-1"}])
    def test_a_record_that_tells_what_the_sweep_would_not_find_is_tried_again(
        self, house: House, attributes: dict[str, Any]
    ) -> None:
        house.meeting(**attributes)
        house.wire.next_error = Unavailable("The table is throttled.")
        with pytest.raises(SomeFailed, match="'m'"):
            house.triggers.row_changes([image(house)])

    def test_but_not_for_ever(self, house: House, log: list[Any]) -> None:
        house.meeting(open=None)
        change = image(house)
        house.pass_time(RETRY_RECORDS_FOR)
        house.wire.next_error = Unavailable("The table is throttled.")
        house.triggers.row_changes([change])
        assert any(line["event"] == "look_failed" for line in log)

    def test_a_row_that_is_gone_by_now_is_no_failure(self, house: House) -> None:
        launched(house)
        house.meetings.write("m", {"status": "SCHEDULED"})
        change = image(house)
        del house.meetings.rows["m"]
        house.triggers.row_changes([change])

    def test_a_row_made_by_hand_comes_into_the_sweeps_sight(self, house: House) -> None:
        house.meetings.write("by-hand", {"meet_time": rows.timestamp(T + 60 * MINUTE)})
        house.triggers.row_changes([image(house, "by-hand")])
        assert house.row("by-hand")["open"] == "1"
