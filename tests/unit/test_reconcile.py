"""Observe, plan, apply: what happens between the calls, over the models of the ports."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib import rows
from chalicelib.errors import BadEvent, Conflict, NoSuchMeeting, SomeFailed, Unavailable
from chalicelib.events import RowChange, StateChange, Timer
from chalicelib.model import DnsRecord, Owner, Policy, Role, State
from chalicelib.reconcile import RETRY_RECORDS_FOR, Reconciler
from tests.fakes import FakeDesktops, FakeDns, FakeMeetings, FakeTimers, Wire

T = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class House:
    """A reconciler over models, with a clock that is set by hand."""

    now: datetime = T - 10 * MINUTE
    wire: Wire = field(default_factory=Wire)
    policy: Policy = field(default_factory=lambda: Policy(domain="example.com"))

    def __post_init__(self) -> None:
        clock = lambda: self.now  # noqa: E731
        self.meetings = FakeMeetings(self.wire)
        self.desktops = FakeDesktops(clock, self.wire)
        self.dns = FakeDns(clock, self.wire)
        self.timers = FakeTimers(self.wire)
        self.reconciler = Reconciler(
            meetings=lambda: self.meetings,
            desktops=lambda: self.desktops,
            dns=lambda: self.dns,
            timers=lambda: self.timers,
            clock=clock,
            policy=self.policy,
        )

    def meeting(self, meeting_id: str = "m", **attributes: Any) -> None:
        row = {"meet_time": rows.timestamp(T), "status": "SCHEDULED", "open": "1"} | attributes
        self.meetings.write(meeting_id, {name: value for name, value in row.items() if value is not None})

    def row(self, meeting_id: str = "m") -> dict[str, Any]:
        return self.meetings.rows[meeting_id]

    def pass_time(self, delta: timedelta) -> None:
        self.now += delta

    def sweep(self, budget: timedelta = MINUTE) -> None:
        self.reconciler.sweep(self.now + budget)

    def calls(self) -> list[str]:
        calls, self.wire.calls = self.wire.calls, []
        return calls


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def log() -> Iterator[list[dict[str, Any]]]:
    lines: list[dict[str, Any]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.elephant)  # type: ignore[attr-defined]

    logger, handler = logging.getLogger("elephant"), Keep()
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield lines
    logger.removeHandler(handler)
    logger.setLevel(level)


def launched(house: House) -> None:
    house.meeting()
    house.reconciler.launch_timer(Timer("m"))
    house.pass_time(timedelta(seconds=30))
    house.sweep()


def image(house: House, meeting_id: str = "m") -> RowChange:
    return RowChange(rows.meeting(dict(house.row(meeting_id))), house.now)


class TestLaunching:
    def test_the_intent_stands_before_the_launch_and_the_ids_after_it(self, house: House) -> None:
        house.meeting()
        house.reconciler.launch_timer(Timer("m"))
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

    def test_launching_again_launches_nothing(self, house: House) -> None:
        launched(house)
        house.reconciler.launch_timer(Timer("m", force=True))
        assert len(house.desktops.instances) == 2

    def test_a_full_zone_moves_the_intent_to_the_next_one(self, house: House) -> None:
        house.desktops.full = {"subnet-a", "subnet-b"}
        launched(house)
        assert house.row()["teacher_subnet"] == house.row()["student_subnet"] == "subnet-c"
        assert house.row()["teacher_attempt"] == 1

    def test_no_room_anywhere_is_written_down_and_tried_again_a_minute_later(self, house: House) -> None:
        house.desktops.full = set(house.desktops.zones)
        house.meeting()
        house.reconciler.launch_timer(Timer("m"))
        assert house.row()["teacher_refused"] == "InsufficientInstanceCapacity"
        house.reconciler.launch_timer(Timer("m"))
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
        house.reconciler.launch_timer(Timer("m"))
        counted = [(line["role"], line["Reason"]) for line in log if line.get("LaunchFailures")]
        assert counted == [("teacher", code), ("student", code)]
        assert [line["role"] for line in log if line["event"] == "launch_refused"] == ["teacher", "student"]

    def test_one_role_that_cannot_be_launched_does_not_keep_the_other_from_it(self, house: House) -> None:
        house.meeting()
        launch = house.desktops.launch

        def only_student(meeting_id: str, attempt: Any, deadline: datetime) -> Any:
            if attempt.role is Role.TEACHER:
                raise Unavailable("EC2 is throttled.")
            return launch(meeting_id, attempt, deadline)

        house.desktops.launch = only_student  # type: ignore[method-assign]
        with pytest.raises(Unavailable):
            house.reconciler.launch_timer(Timer("m"))
        assert house.row()["student_ec2_id"]
        assert "teacher_ec2_id" not in house.row()

    def test_what_was_launched_for_a_meeting_that_ended_meanwhile_is_terminated(self, house: House) -> None:
        house.meeting()
        house.desktops.on_launch = lambda _: house.meetings.write("m", {"termination_reason": "CANCELLED"})
        house.reconciler.launch_timer(Timer("m"))
        assert house.desktops.instances
        assert house.desktops.alive() == []
        assert house.row()["status"] == "TERMINATED"

    def test_of_two_handlers_that_plan_the_same_launch_one_makes_it(self, house: House) -> None:
        house.meeting()
        look = house.desktops.of_meeting

        def meanwhile(*args: Any) -> Any:
            house.desktops.of_meeting = look  # type: ignore[method-assign]
            seen = look(*args)
            house.reconciler.launch_timer(Timer("m"))
            return seen

        house.desktops.of_meeting = meanwhile  # type: ignore[method-assign,assignment]
        house.reconciler.launch_timer(Timer("m"))
        assert house.calls().count("desktops.launch") == 2

    def test_a_desktop_bears_the_meetings_deadline(self, house: House) -> None:
        launched(house)
        assert {i.deadline for i in house.desktops.alive()} == {T + 240 * MINUTE}

    def test_a_longer_meeting_lets_its_desktops_bear_a_later_deadline(self, house: House) -> None:
        launched(house)
        house.meetings.write("m", {"duration_minutes": 300})
        house.sweep()
        assert {i.deadline for i in house.desktops.alive()} == {T + 300 * MINUTE}

    def test_a_meeting_without_any_time_has_a_deadline_all_the_same(self, house: House) -> None:
        house.meeting(meet_time=None)
        house.reconciler.launch_timer(Timer("m"))
        deadline = house.now + 250 * MINUTE
        assert {i.deadline for i in house.desktops.alive()} == {deadline}
        house.now = deadline - timedelta(seconds=1)
        house.sweep()
        assert house.desktops.alive()
        house.now = deadline
        house.sweep()
        assert house.desktops.alive() == []


class TestFailures:
    def test_a_name_that_cannot_be_published_does_not_keep_the_other_from_it(self, house: House) -> None:
        house.meeting()
        house.reconciler.launch_timer(Timer("m"))
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


class TestTimers:
    def test_a_timer_that_fires_early_changes_nothing_and_says_so(self, house: House, log: list[Any]) -> None:
        house.now = T - 20 * MINUTE
        house.meeting()
        house.reconciler.launch_timer(Timer("m"))
        assert house.desktops.instances == {}
        assert [line["event"] for line in log] == ["timer_changed_nothing"]

    def test_a_timer_for_a_meeting_that_does_not_exist_fails(self, house: House) -> None:
        with pytest.raises(NoSuchMeeting, match="nobody"):
            house.reconciler.safety_timer(Timer("nobody"))


class TestStateChanges:
    def test_a_running_desktop_is_published_and_then_linked(self, house: House) -> None:
        house.meeting()
        house.reconciler.launch_timer(Timer("m"))
        house.pass_time(timedelta(seconds=30))
        desktop_id = house.row()["teacher_ec2_id"]
        house.calls()
        house.reconciler.state_change(StateChange(desktop_id, State.RUNNING))
        assert house.calls() == ["desktops.find", "meetings.get", "dns.publish", "meetings.update"]
        assert house.row()["teacher_ec2_link"] == f"https://{desktop_id}.example.com:8443"
        assert "student_ec2_link" not in house.row()

    def test_a_running_event_about_a_desktop_that_died_since_publishes_nothing(self, house: House) -> None:
        house.meeting()
        house.reconciler.launch_timer(Timer("m"))
        house.pass_time(timedelta(seconds=30))
        desktop_id = house.row()["teacher_ec2_id"]
        house.desktops.die(desktop_id)
        house.reconciler.state_change(StateChange(desktop_id, State.RUNNING))
        assert f"{desktop_id}.example.com" not in house.dns.records

    def test_a_death_is_believed_even_where_ec2_still_shows_life(self, house: House) -> None:
        launched(house)
        desktop_id = house.row()["teacher_ec2_id"]
        house.reconciler.state_change(StateChange(desktop_id, State.SHUTTING_DOWN))
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
        house.reconciler.state_change(StateChange(desktop_id, State.SHUTTING_DOWN))
        assert house.row()["teacher_ec2_id"] != desktop_id
        assert "teacher_healthy_at" not in house.row()

    def test_a_foreign_instance_is_nobodys_business(self, house: House) -> None:
        foreign = house.desktops.add("m", Role.TEACHER, owner=Owner.FOREIGN)
        house.reconciler.state_change(StateChange(foreign.id, State.RUNNING))
        assert house.calls() == ["desktops.find"]

    def test_an_instance_that_ec2_does_not_show_is_left_to_the_sweep(self, house: House) -> None:
        house.reconciler.state_change(StateChange("i-0", State.RUNNING))
        assert house.calls() == ["desktops.find"]

    def test_a_desktop_whose_meeting_is_gone_is_left_to_the_sweep(self, house: House, log: list[Any]) -> None:
        stray = house.desktops.add("gone", Role.TEACHER)
        house.reconciler.state_change(StateChange(stray.id, State.RUNNING))
        assert [line["event"] for line in log] == ["stray_desktop"]
        house.pass_time(5 * MINUTE)
        house.sweep()
        assert house.desktops.alive() == []


class TestRowChanges:
    def test_a_record_that_asks_for_nothing_costs_no_call(self, house: House) -> None:
        launched(house)
        house.calls()
        house.reconciler.row_changes([image(house)])
        assert house.calls() == []

    def test_an_upload_alone_waits_for_the_sweep(self, house: House) -> None:
        launched(house)
        house.meetings.write("m", {"teacher_session_data": "s3://x"})
        house.calls()
        house.reconciler.row_changes([image(house)])
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
        house.reconciler.row_changes(changes)
        assert house.row()["teacher_healthy_at"]
        assert house.row()["student_healthy_at"]

    def test_a_report_that_was_overwritten_before_its_record_came_still_counts(self, house: House) -> None:
        launched(house)
        house.meetings.write("m", {"status": "HEALTHY", "instance_id": house.row()["teacher_ec2_id"]})
        late = image(house)
        house.meetings.write("m", {"instance_id": house.row()["student_ec2_id"], "student_healthy_at": house.now})
        house.reconciler.row_changes([late])
        assert house.row()["teacher_healthy_at"]

    def test_a_stale_record_does_not_act_on_what_is_past(self, house: House) -> None:
        launched(house)
        house.now = T + 16 * MINUTE
        stale = image(house)  # nobody has come, says this record
        house.meetings.write("m", {"teacher_joined_at": house.now, "status": "IN_PROGRESS"})
        house.reconciler.row_changes([stale])
        assert "termination_reason" not in house.row()
        assert house.row()["checkpoint_at"]

    def test_a_bad_record_does_not_stop_the_others_and_is_not_tried_again(self, house: House, log: list[Any]) -> None:
        house.meeting()
        house.reconciler.row_changes([BadEvent("Record 1 has no id."), image(house)])
        assert len(house.desktops.alive()) == 2
        assert any(line["event"] == "bad_record" and "no id" in line["error"] for line in log)

    def test_a_failed_look_is_left_to_the_sweep_after_all_others_were_tended(
        self, house: House, log: list[Any]
    ) -> None:
        house.meeting("a")
        house.meeting("b")
        house.wire.next_error = Unavailable("EC2 is throttled.")
        house.reconciler.row_changes([image(house, "a"), image(house, "b")])
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
            house.reconciler.row_changes([image(house)])

    def test_but_not_for_ever(self, house: House, log: list[Any]) -> None:
        house.meeting(open=None)
        change = image(house)
        house.pass_time(RETRY_RECORDS_FOR)
        house.wire.next_error = Unavailable("The table is throttled.")
        house.reconciler.row_changes([change])
        assert any(line["event"] == "look_failed" for line in log)

    def test_a_row_that_is_gone_by_now_is_no_failure(self, house: House) -> None:
        launched(house)
        house.meetings.write("m", {"status": "SCHEDULED"})
        change = image(house)
        del house.meetings.rows["m"]
        house.reconciler.row_changes([change])

    def test_a_row_made_by_hand_comes_into_the_sweeps_sight(self, house: House) -> None:
        house.meetings.write("by-hand", {"meet_time": rows.timestamp(T + 60 * MINUTE)})
        house.reconciler.row_changes([image(house, "by-hand")])
        assert house.row("by-hand")["open"] == "1"


class TestEnding:
    def end(self, house: House) -> None:
        launched(house)
        house.now = T + 15 * MINUTE
        house.calls()
        house.reconciler.safety_timer(Timer("m"))

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
        assert (row["status"], row["termination_reason"]) == ("TERMINATED", "NO_SHOW_TIMEOUT")
        assert house.dns.records == {}
        assert "teacher_ec2_link" not in row

    def test_an_end_is_one_line_and_one_metric_with_its_reason(self, house: House, log: list[Any]) -> None:
        self.end(house)
        [line] = [line for line in log if line.get("Ended")]
        assert (line["Reason"], line["Stage"], line["meeting"]) == ("NO_SHOW_TIMEOUT", "dev", "m")
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
            house.reconciler.state_change(StateChange(instance.id, State.SHUTTING_DOWN))
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
            house.reconciler.safety_timer(Timer("m"))
        assert house.desktops.alive() == []
        assert house.row()["status"] != "TERMINATED"
        house.dns.withdraw = withdraw  # type: ignore[method-assign]
        house.sweep()
        assert house.row()["status"] == "TERMINATED"
        assert house.dns.records == {}

    def test_a_meeting_that_keeps_changing_is_given_up_with_a_sentence(self, house: House) -> None:
        house.meeting()

        def taken(meeting_id: str, change: Any) -> None:
            raise Conflict("It changed.")

        house.meetings.update = taken  # type: ignore[method-assign]
        with pytest.raises(Conflict, match="kept changing"):
            house.reconciler.launch_timer(Timer("m"))


class TestUnlisted:
    def test_an_ending_row_that_somebody_took_off_the_list_is_ended_by_its_record(self, house: House) -> None:
        launched(house)
        house.meetings.write("m", {"termination_reason": "CANCELLED", "open": "no"})
        withdraw = house.dns.withdraw

        def down(*args: Any) -> None:
            raise Unavailable("The zone does not answer.")

        house.dns.withdraw = down  # type: ignore[method-assign,assignment]
        with pytest.raises(SomeFailed):
            house.reconciler.row_changes([image(house)])
        house.dns.withdraw = withdraw  # type: ignore[method-assign]
        house.reconciler.row_changes([image(house)])
        assert house.row()["status"] == "TERMINATED"


class TestSlipsOfThePen:
    @pytest.mark.parametrize("reason", [None, "CANCELLED"])
    def test_an_id_copied_from_another_row_ends_nobody_elses_desktop(self, house: House, reason: str | None) -> None:
        launched(house)
        house.meeting("n")
        house.reconciler.launch_timer(Timer("n"))
        theirs = house.row("n")["teacher_ec2_id"]
        house.meetings.write("m", {"teacher_ec2_id": theirs} | ({"termination_reason": reason} if reason else {}))
        house.pass_time(26 * MINUTE)
        house.reconciler.safety_timer(Timer("m"))
        assert house.row()["status"] == "TERMINATED"
        assert [i.id for i in house.desktops.alive() if i.meeting_id == "m"] == []
        assert house.desktops.instances[theirs].dies_at is None

    def test_a_whole_row_that_was_copied_ends_nobody_elses_desktop_either(self, house: House) -> None:
        launched(house)
        house.meetings.write("copy", {**house.row(), "id": "copy", "termination_reason": "CANCELLED"})
        house.reconciler.look("copy")
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
        house.reconciler.row_changes([before])
        assert house.desktops.instances == {}

    def test_an_image_from_before_a_meeting_was_moved_holds_no_checkpoint(self, house: House) -> None:
        launched(house)
        come = rows.timestamp(house.now)
        for role in Role:
            house.meetings.write("m", {f"{role}_healthy_at": come, f"{role}_joined_at": come, "status": "IN_PROGRESS"})
        before = image(house)
        house.meetings.write("m", {"meet_time": rows.timestamp(T + 30 * MINUTE)})
        house.now = T + 16 * MINUTE
        house.reconciler.row_changes([before])
        assert "checkpoint_at" not in house.row()


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
        get = house.meetings.get

        def get_b(meeting_id: str) -> Any:
            if meeting_id == "a":
                raise Unavailable("The table is throttled.")
            return get(meeting_id)

        house.meetings.get = get_b  # type: ignore[method-assign]
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

    def test_a_record_comes_back_though_the_meeting_of_another_cannot_be_read(self, house: House) -> None:
        launched(house)
        house.meeting("other")
        house.sweep()
        house.pass_time(MINUTE)
        house.sweep()
        house.pass_time(5 * MINUTE)
        house.dns.records.clear()
        get = house.meetings.get

        def cursed(meeting_id: str) -> Any:
            if meeting_id == "other":
                raise Unavailable("The table is throttled.")
            return get(meeting_id)

        house.meetings.get = cursed  # type: ignore[method-assign]
        with pytest.raises(SomeFailed, match="2 places"):
            house.sweep()
        assert {record.meeting_id for record in house.dns.records.values()} == {"m"}

    def test_no_record_comes_back_of_a_meeting_that_the_sweep_has_just_ended(self, house: House) -> None:
        launched(house)
        house.calls()
        house.pass_time(timedelta(hours=1))
        house.sweep()
        assert house.row()["termination_reason"] == "NO_SHOW_TIMEOUT"
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

    def test_overdue_desktops_are_counted_for_the_alarm(self, house: House, log: list[Any]) -> None:
        stray = house.desktops.add("gone", Role.TEACHER, deadline=house.now)
        house.sweep()
        assert stray.dies_at is None, "its meeting may just not be visible yet"
        assert [line["DesktopsOverdue"] for line in log if "DesktopsOverdue" in line] == [1]

    def test_an_overdue_desktop_whose_meeting_cannot_be_read_is_terminated(self, house: House) -> None:
        house.desktops.add("m", Role.TEACHER, deadline=house.now)
        spared = house.desktops.add("m", Role.STUDENT, deadline=house.now + MINUTE)

        def down(*args: Any) -> Any:
            raise Unavailable("The table does not answer.")

        house.meetings.get = down  # type: ignore[method-assign,assignment]
        with pytest.raises(SomeFailed):
            house.sweep()
        assert house.desktops.alive() == [spared]
