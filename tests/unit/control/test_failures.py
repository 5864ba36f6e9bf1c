"""What fails keeps back what needs it, and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.control.apply import apply
from chalicelib.control.events import TimerEvent
from chalicelib.domain.actions import Observe
from chalicelib.domain.errors import SomeFailed, Unavailable
from tests.unit.control.house import MINUTE, House, launched


class TestFailures:
    def test_a_plan_that_could_not_be_decided_is_never_applied(self, house: House) -> None:
        house.meeting()
        with pytest.raises(AssertionError, match="see first"):
            apply(house, house.meetings.get("m"), [Observe("see first which ones there are")])
        assert house.calls() == ["meetings.get"]

    def test_a_name_that_cannot_be_published_does_not_keep_the_other_from_it(self, house: House) -> None:
        house.meeting()
        house.triggers.launch_timer(TimerEvent("m"))
        house.pass_time(timedelta(seconds=30))
        taken = f"{house.row()['teacher_ec2_id']}.example.com"
        house.dns.foreign[taken] = "198.51.100.7"
        with pytest.raises(SomeFailed):
            house.sweep()
        assert house.dns.foreign == {taken: "198.51.100.7"}
        assert "teacher_ec2_link" not in house.row()
        assert house.row()["student_ec2_link"]

    def test_a_desktop_is_replaced_while_dns_is_down(self, house: House) -> None:
        launched(house)
        lost = house.row()["teacher_ec2_id"]
        house.desktops.die(lost)

        def down(records: Any) -> None:
            raise Unavailable("The provider is down.")

        withdraw, house.dns.withdraw = house.dns.withdraw, down  # type: ignore[method-assign]
        with pytest.raises(SomeFailed):
            house.sweep()
        assert house.row()["teacher_ec2_id"] != lost
        assert len(house.desktops.alive()) == 2
        house.dns.withdraw = withdraw  # type: ignore[method-assign]
        house.pass_time(MINUTE)
        house.sweep()
        assert f"{lost}.example.com" not in house.dns.records

    def test_a_late_desktop_that_cannot_be_ended_is_not_replaced_yet(self, house: House) -> None:
        launched(house)
        house.pass_time(15 * MINUTE)
        end = house.desktops.terminate

        def refused(desktop_ids: Any) -> None:
            raise Unavailable("EC2 is throttled.")

        house.desktops.terminate = refused  # type: ignore[method-assign]
        with pytest.raises(SomeFailed):
            house.sweep()
        assert len(house.desktops.instances) == 2
        assert len(house.dns.records) == 2, "it still serves whom it can"
        house.desktops.terminate = end  # type: ignore[method-assign]
        house.sweep()
        assert len(house.desktops.instances) == 4
        assert len(house.desktops.alive()) == 2
