"""The sweep: everything is looked at, whatever fails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.errors import SomeFailed, Unavailable
from chalicelib.domain.model import DnsRecord
from chalicelib.domain.seat import Role
from tests.unit.control.house import MINUTE, House, T, launched


class TestSweep:
    def test_what_cannot_be_understood_is_said_once_and_not_every_minute(self, house: House, log: list[Any]) -> None:
        house.meeting("a", meet_time="half past nine")
        for text in ("half past nine", "half past nine", "noon", "noon"):
            house.meetings.write("a", {"meet_time": text})
            house.sweep()
        assert ["half past nine" in line["why"] for line in log if line["event"] == "bad_row"] == [True, False]

    def test_an_idle_sweep_lists_three_things(self, house: House) -> None:
        launched(house)
        house.calls()
        house.sweep()
        assert house.calls() == ["meetings.open", "desktops.fleet", "dns.owned"]

    def test_one_bad_meeting_does_not_stop_the_others(self, house: House, log: list[Any]) -> None:
        house.meeting("a", teacher_ec2_id="i-unknown", student_ec2_id="i-unknown", meet_time="half past nine")
        house.meeting("b")
        house.sweep()
        assert {i.meeting_id for i in house.desktops.alive()} == {"b"}
        assert any(line["event"] == "bad_row" and "half past nine" in line["why"] for line in log)

    def test_a_failure_is_said_after_everything_else_was_done(self, house: House, log: list[Any]) -> None:
        house.meeting("a")
        house.meeting("b")
        house.make_unreadable("a")
        with pytest.raises(SomeFailed, match="1 places"):
            house.sweep()
        assert {i.meeting_id for i in house.desktops.alive()} == {"b"}
        assert [line["SweepFailures"] for line in log if "SweepFailures" in line] == [1]

    def test_without_sight_of_desktops_nothing_is_launched_or_collected(self, house: House) -> None:
        house.meeting()
        house.desktops.add("gone", Role.TEACHER)
        house.pass_time(6 * MINUTE)

        def blind() -> Iterator[list[Any]]:
            raise Unavailable("EC2 does not answer.")
            yield []

        house.desktops.fleet = blind  # type: ignore[method-assign]
        with pytest.raises(SomeFailed):
            house.sweep()
        assert len(house.desktops.alive()) == 1
        assert "desktops.of_meeting" not in house.calls()

    def test_a_sweep_that_runs_out_of_time_is_continued_by_the_next(self, house: House) -> None:
        for name in ("a", "b", "c"):
            house.meeting(name)
        launch = house.desktops.launch

        def slow(*args: Any) -> Any:
            house.pass_time(timedelta(seconds=20))
            return launch(*args)

        house.desktops.launch = slow  # type: ignore[method-assign,assignment]
        house.sweep(timedelta(seconds=30))
        assert {i.meeting_id for i in house.desktops.alive()} == {"a"}
        house.sweep(timedelta(seconds=30))
        assert {i.meeting_id for i in house.desktops.alive()} == {"a", "b"}

    def test_a_record_whose_desktop_is_gone_is_withdrawn_and_a_foreign_one_stays(self, house: House) -> None:
        house.dns.publish([DnsRecord("i-gone.example.com", "203.0.113.1", "m")])
        house.dns.foreign["i-theirs.example.com"] = "203.0.113.2"
        house.sweep()
        assert house.dns.records, "it is too young"
        house.pass_time(5 * MINUTE)
        house.sweep()
        assert house.dns.records == {}
        assert house.dns.foreign

    def test_a_record_that_somebody_deleted_comes_back(self, house: House) -> None:
        launched(house)
        house.dns.records.clear()
        house.pass_time(5 * MINUTE)
        house.sweep()
        assert len(house.dns.records) == 2

    def test_no_record_comes_back_of_a_meeting_that_the_sweep_has_just_ended(self, house: House) -> None:
        launched(house)
        house.calls()
        house.pass_time(timedelta(hours=1))
        house.sweep()
        assert house.row()["termination_reason"] == "LAUNCH_FAILED"
        assert house.dns.records == {}
        assert "dns.publish" not in house.calls()

    def test_no_record_comes_back_of_a_meeting_that_ended_after_it_was_listed(self, house: House) -> None:
        launched(house)
        house.dns.records.clear()
        house.pass_time(5 * MINUTE)
        owned = house.dns.owned

        def meanwhile() -> Any:
            house.meetings.write("m", {"termination_reason": "CANCELLED"})
            return owned()

        house.dns.owned = meanwhile  # type: ignore[method-assign]
        house.sweep()
        assert house.dns.records == {}

    def test_no_record_comes_back_of_a_meeting_whose_row_was_deleted_after_it_was_listed(self, house: House) -> None:
        launched(house)
        house.dns.records.clear()
        house.pass_time(5 * MINUTE)
        owned = house.dns.owned

        def meanwhile() -> Any:
            house.meetings.rows.clear()
            return owned()

        house.dns.owned = meanwhile  # type: ignore[method-assign]
        house.sweep()
        assert house.dns.records == {}

    def test_a_desktop_whose_meeting_the_sweep_has_no_time_to_read_is_left_to_the_next(self, house: House) -> None:
        house.meeting("a")
        stray = house.desktops.add("gone", Role.TEACHER)
        house.pass_time(6 * MINUTE)
        launch = house.desktops.launch

        def slow(*args: Any) -> Any:
            house.pass_time(timedelta(seconds=20))
            return launch(*args)

        house.desktops.launch = slow  # type: ignore[method-assign,assignment]
        house.sweep(timedelta(seconds=30))
        assert stray.dies_at is None
        house.sweep()
        assert stray.dies_at

    def test_a_meeting_that_fell_off_the_list_is_tended_while_its_desktops_live(self, house: House) -> None:
        launched(house)
        house.meetings.write("m", {}, ["open"])
        house.now = T + 15 * MINUTE
        house.sweep()
        assert house.row()["termination_reason"] == "LAUNCH_FAILED"
        assert house.desktops.alive() == []

    def test_a_record_comes_back_though_the_meeting_of_another_cannot_be_read(self, house: House) -> None:
        launched(house)
        house.meeting("other")
        house.sweep()
        house.pass_time(MINUTE)
        house.sweep()
        house.pass_time(5 * MINUTE)
        house.dns.records.clear()
        house.make_unreadable("other")
        with pytest.raises(SomeFailed, match="2 places"):
            house.sweep()
        assert {record.meeting_id for record in house.dns.records.values()} == {"m"}

    def test_overdue_desktops_are_counted_for_the_alarm(self, house: House, log: list[Any]) -> None:
        stray = house.desktops.add("gone", Role.TEACHER, deadline=house.now)
        house.sweep()
        assert stray.dies_at is None, "its meeting may just not be visible yet"
        assert [line["DesktopsOverdue"] for line in log if "DesktopsOverdue" in line] == [1]

    def test_meetings_that_have_begun_without_a_desktop_are_counted_until_their_checkpoint(
        self, house: House, log: list[Any]
    ) -> None:
        house.meeting()
        for minutes in (-10, -1, 0, 14, 15):
            house.now = T + minutes * MINUTE
            house.sweep()
        assert [line["NotReady"] for line in log if "NotReady" in line] == [0, 0, 1, 1, 0]

    def test_without_sight_of_all_meetings_nothing_is_said_of_those_that_are_not_ready(
        self, house: House, log: list[Any]
    ) -> None:
        def half() -> Iterator[list[Any]]:
            yield []
            raise Unavailable("The table does not answer.")

        house.meetings.open = half  # type: ignore[method-assign]
        with pytest.raises(SomeFailed):
            house.sweep()
        assert not [line for line in log if "NotReady" in line]

    def test_an_overdue_desktop_whose_meeting_cannot_be_read_is_terminated(self, house: House) -> None:
        house.desktops.add("m", Role.TEACHER, deadline=house.now)
        spared = house.desktops.add("m", Role.STUDENT, deadline=house.now + MINUTE)

        def down(*args: Any) -> Any:
            raise Unavailable("The table does not answer.")

        house.meetings.get = down  # type: ignore[method-assign,assignment]
        with pytest.raises(SomeFailed):
            house.sweep()
        assert house.desktops.alive() == [spared]
