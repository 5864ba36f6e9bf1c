"""An end: the reason before it, and what of it others may finish."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.control.events import StateChange, TimerEvent
from chalicelib.domain.errors import Conflict, SomeFailed, Unavailable
from chalicelib.domain.model import State
from tests.unit.control.house import MINUTE, House, T, image, launched


class TestEnding:
    def end(self, house: House) -> None:
        launched(house)
        house.now = T + 15 * MINUTE
        house.calls()
        house.triggers.safety_timer(TimerEvent("m"))

    def test_the_reason_stands_before_anything_is_ended(self, house: House) -> None:
        self.end(house)
        assert house.calls() == [
            "meetings.get",
            "meetings.update",
            "desktops.terminate",
            "dns.withdraw",
            "meetings.update",
        ]
        row = house.row()
        assert (row["status"], row["termination_reason"]) == ("TERMINATED", "LAUNCH_FAILED")
        assert house.dns.records == {}
        assert "teacher_ec2_link" not in row

    def test_an_end_is_one_line_and_one_metric_with_its_reason(self, house: House, log: list[Any]) -> None:
        self.end(house)
        [line] = [line for line in log if line.get("Ended")]
        assert (line["Reason"], line["Stage"], line["meeting"]) == ("LAUNCH_FAILED", "dev", "m")
        [definition] = line["_aws"]["CloudWatchMetrics"]
        assert definition["Metrics"] == [{"Name": "Ended", "Unit": "Count"}]
        json.dumps(line)

    def test_a_replacement_is_one_line_and_one_metric_with_its_reason(self, house: House, log: list[Any]) -> None:
        launched(house)
        house.desktops.die(house.row()["teacher_ec2_id"])
        house.sweep()
        [line] = [line for line in log if line.get("Replaced")]
        assert (line["Reason"], line["role"]) == ("GONE", "teacher")

    def test_shutting_down_events_after_the_end_change_nothing(self, house: House) -> None:
        self.end(house)
        before = dict(house.row())
        for instance in house.desktops.instances.values():
            house.triggers.state_change(StateChange(instance.id, State.SHUTTING_DOWN))
        assert house.row() == before
        assert len(house.desktops.instances) == 2

    def test_an_end_that_dns_holds_up_is_finished_by_a_later_sweep(self, house: House) -> None:
        launched(house)
        house.now = T + 15 * MINUTE
        withdraw = house.dns.withdraw

        def down(records: Any) -> None:
            raise Unavailable("The provider is down.")

        house.dns.withdraw = down  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            house.triggers.safety_timer(TimerEvent("m"))
        assert house.desktops.alive() == []
        assert house.row()["status"] != "TERMINATED"
        house.dns.withdraw = withdraw  # type: ignore[method-assign]
        house.sweep()
        assert house.row()["status"] == "TERMINATED"
        assert house.dns.records == {}

    def test_an_end_that_one_has_begun_another_does_not_begin_as_well(self, house: House) -> None:
        launched(house)
        house.now = T + 15 * MINUTE
        terminate, heard = house.desktops.terminate, list[str]()

        def slowly(desktop_ids: Any) -> None:
            house.calls()
            house.triggers.row_changes([image(house)])
            house.sweep()
            heard.extend(call for call in house.calls() if call in {"desktops.terminate", "meetings.update"})
            terminate(desktop_ids)

        house.desktops.terminate = slowly  # type: ignore[method-assign]
        house.triggers.safety_timer(TimerEvent("m"))
        assert heard == []
        assert house.row()["status"] == "TERMINATED"

    def test_an_end_whose_beginner_was_killed_is_carried_through_once_its_lease_is_over(self, house: House) -> None:
        launched(house)
        house.now = T + 15 * MINUTE
        terminate = house.desktops.terminate

        def killed(desktop_ids: Any) -> None:
            raise KeyboardInterrupt

        house.desktops.terminate = killed  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            house.triggers.safety_timer(TimerEvent("m"))
        house.desktops.terminate = terminate  # type: ignore[method-assign]
        house.sweep()
        assert len(house.desktops.alive()) == 2
        house.pass_time(house.policy.end_lease)
        house.sweep()
        assert house.desktops.alive() == []
        assert house.row()["status"] == "TERMINATED"

    def test_who_has_begun_an_end_carries_it_through_though_the_row_changes_meanwhile(self, house: House) -> None:
        launched(house)
        house.now = T + 15 * MINUTE
        withdraw = house.dns.withdraw

        def as_a_link_changes(records: Any) -> None:
            house.row()["teacher_ec2_link"] = "https://elsewhere"
            withdraw(records)

        house.dns.withdraw = as_a_link_changes  # type: ignore[method-assign]
        house.triggers.safety_timer(TimerEvent("m"))
        row = house.row()
        assert row["status"] == "TERMINATED"
        assert "teacher_ec2_link" not in row

    def test_a_meeting_that_keeps_changing_is_given_up_with_a_sentence(self, house: House) -> None:
        house.meeting()

        def taken(meeting_id: str, change: Any) -> None:
            raise Conflict("It changed.")

        house.meetings.update = taken  # type: ignore[method-assign]
        with pytest.raises(Conflict, match="kept changing"):
            house.triggers.launch_timer(TimerEvent("m"))


class TestUnlisted:
    def test_an_ending_row_that_somebody_took_off_the_list_is_ended_by_its_record(self, house: House) -> None:
        launched(house)
        house.meetings.write("m", {"termination_reason": "CANCELLED", "open": "no"})
        withdraw = house.dns.withdraw

        def down(*args: Any) -> None:
            raise Unavailable("The zone does not answer.")

        house.dns.withdraw = down  # type: ignore[method-assign,assignment]
        with pytest.raises(SomeFailed):
            house.triggers.row_changes([image(house)])
        house.dns.withdraw = withdraw  # type: ignore[method-assign]
        house.triggers.row_changes([image(house)])
        assert house.row()["status"] == "TERMINATED"
