"""Two handlers, or a handler and the world, at once: what was decided on is gone by the time it is done.

A write says what it expects, so that of two that decided differently one is refused and looks again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.control.events import RowChange, StateChange, TimerEvent
from chalicelib.domain.errors import SomeFailed, Unavailable
from chalicelib.domain.model import State
from chalicelib.domain.seat import Role
from chalicelib.guests.desk import desk_of, report_presence, report_ready
from chalicelib.people.join import NotYet, Open, resolve_join
from chalicelib.people.links import Link
from tests.builders import understood
from tests.unit.control.house import MINUTE, House, T

TEACHERS = Link("m", Role.TEACHER, signed=True)
BOOTED = timedelta(seconds=30)
LEASED = timedelta(seconds=55)


def before_next(port: Any, method: str, deed: Callable[[], object]) -> None:
    """Let something happen after a handler has decided on its next call of this method, and before it is made."""
    call = getattr(port, method)

    def overtaken(*args: Any, **more: Any) -> Any:
        setattr(port, method, call)
        deed()
        return call(*args, **more)

    setattr(port, method, overtaken)


def after_next(port: Any, method: str, deed: Callable[[], object]) -> None:
    """Let something happen before the answer to the next call of this method arrives, good or bad."""
    call = getattr(port, method)

    def delayed(*args: Any, **more: Any) -> Any:
        setattr(port, method, call)
        try:
            return call(*args, **more)
        finally:
            deed()

    setattr(port, method, delayed)


def launch(house: House) -> None:
    """Launch both desktops; they have booted and nobody knows it yet."""
    house.meeting()
    house.triggers.launch_timer(TimerEvent("m"))
    house.pass_time(BOOTED)


def desktop_of(house: House, role: Role) -> str:
    return str(house.row()[f"{role}_ec2_id"])


def lose(house: House, desktop_id: str) -> None:
    """Let a desktop die, and another handler hear of it and replace it."""
    house.desktops.die(desktop_id)
    house.triggers.state_change(StateChange(desktop_id, State.SHUTTING_DOWN))


def running(house: House, role: Role) -> None:
    house.triggers.state_change(StateChange(desktop_of(house, role), State.RUNNING))


class TestReplacedMeanwhile:
    """The row names another desktop than the one that a handler is about to write about."""

    def test_the_health_of_a_desktop_that_was_replaced_is_not_its_successors(self, house: House) -> None:
        launch(house)
        house.sweep()
        known = {"status": "HEALTHY", "student_healthy_at": house.now, "opened_at": house.now}
        house.meetings.write("m", known)  # so that the report alone is news
        old = desktop_of(house, Role.TEACHER)
        house.meetings.write("m", {"instance_id": old})
        report = RowChange(understood(dict(house.row())), house.now)
        lose(house, old)
        house.triggers.row_changes([report])
        assert desktop_of(house, Role.TEACHER) != old
        assert "teacher_healthy_at" not in house.row()

    def test_the_link_of_a_desktop_that_was_replaced_is_not_its_successors(self, house: House) -> None:
        launch(house)
        running(house, Role.STUDENT)
        old = desktop_of(house, Role.TEACHER)
        before_next(house.dns, "publish", lambda: lose(house, old))
        running(house, Role.TEACHER)
        assert desktop_of(house, Role.TEACHER) != old
        assert "teacher_ec2_link" not in house.row()
        house.pass_time(BOOTED)
        running(house, Role.TEACHER)
        assert desktop_of(house, Role.TEACHER) in house.row()["teacher_ec2_link"]


class TestLostLease:
    """A handler waits for EC2 for so long that the launch which it began is another's by the time it hears."""

    def test_a_launch_that_another_has_finished_does_not_move_on_to_the_next_subnet(self, house: House) -> None:
        house.meeting()
        house.desktops.full = {"subnet-a"}

        def there_is_room_and_another_finds_it() -> None:
            house.desktops.full.clear()
            house.pass_time(LEASED)
            house.sweep()

        after_next(house.desktops, "launch", there_is_room_and_another_finds_it)
        house.triggers.launch_timer(TimerEvent("m"))
        assert {i.id for i in house.desktops.alive()} == {desktop_of(house, role) for role in Role}

    def test_a_launch_does_not_move_on_for_a_meeting_that_is_over_by_now(self, house: House) -> None:
        house.meeting()
        house.desktops.full = {"subnet-a"}
        after_next(house.desktops, "launch", lambda: house.meetings.write("m", {"termination_reason": "CANCELLED"}))
        house.triggers.launch_timer(TimerEvent("m"))
        assert house.desktops.instances == {}
        assert house.row()["status"] == "TERMINATED"

    def test_who_has_lost_it_in_the_middle_launches_for_neither_role(self, house: House) -> None:
        house.meeting()

        def killed() -> None:
            raise KeyboardInterrupt

        before_next(house.desktops, "launch", killed)
        with pytest.raises(KeyboardInterrupt):
            house.triggers.launch_timer(TimerEvent("m"))
        house.pass_time(LEASED)
        house.desktops.full = {"subnet-a"}

        def somebody_else() -> None:
            house.pass_time(LEASED)
            house.sweep()
            house.desktops.full.clear()

        after_next(house.desktops, "launch", somebody_else)
        house.triggers.launch_timer(TimerEvent("m"))
        assert sorted(str(instance.role) for instance in house.desktops.alive()) == ["student", "teacher"]


class TestFailedAndOvertaken:
    def test_a_failure_stays_one_though_the_row_changed_afterwards(self, house: House) -> None:
        house.meeting()
        found = house.desktops.add("m", Role.STUDENT)
        house.pass_time(BOOTED)
        refused: list[str] = []
        update = house.meetings.update

        def throttled(meeting_id: str, change: Any) -> None:
            if "teacher_attempt" in change.set and not refused:
                refused.append(change.why)
                house.looker.look(meeting_id)
                raise Unavailable("The table is throttled.")
            update(meeting_id, change)

        house.meetings.update = throttled  # type: ignore[method-assign]
        with pytest.raises(Unavailable, match="throttled"):
            house.triggers.launch_timer(TimerEvent("m"))
        assert refused
        assert {desktop_of(house, role) for role in Role} == {i.id for i in house.desktops.alive()}
        assert desktop_of(house, Role.STUDENT) == found.id


class TestOldNews:
    def test_a_desktop_that_died_since_it_was_looked_at_is_not_published(self, house: House) -> None:
        after_next(house.desktops, "launch", lambda: setattr(house.desktops, "refusal", "VcpuLimitExceeded"))
        launch(house)
        house.desktops.refusal = None
        house.pass_time(LEASED)
        old = desktop_of(house, Role.TEACHER)
        assert "student_ec2_id" not in house.row(), "so all desktops are looked at before it is launched"
        before_next(house.desktops, "of_meeting", lambda: house.desktops.die(old))
        running(house, Role.TEACHER)
        assert house.dns.records == {}
        assert desktop_of(house, Role.TEACHER) != old
        assert len(house.desktops.alive()) == 2


class TestHamperedSweep:
    def test_an_end_that_the_row_alone_decides_does_not_wait_for_ec2_to_list_the_fleet(self, house: House) -> None:
        launch(house)
        house.sweep()

        def blind() -> Iterator[list[Any]]:
            raise Unavailable("EC2 does not answer.")
            yield []

        house.desktops.fleet = blind  # type: ignore[method-assign]
        house.now = T + 15 * MINUTE
        with pytest.raises(SomeFailed):
            house.sweep()
        assert house.row()["termination_reason"] == "LAUNCH_FAILED"
        assert house.row()["status"] == "TERMINATED"
        assert house.desktops.alive() == []
        assert house.dns.records == {}

    def test_a_meeting_that_takes_all_the_time_again_and_again_does_not_keep_the_others_from_theirs(
        self, house: House
    ) -> None:
        for name in ("a", "b", "c"):
            house.meeting(name)
        get, looks = house.meetings.get, list[str]()

        def slow(meeting_id: str) -> Any:
            looks.append(meeting_id)
            if meeting_id == "a":
                house.pass_time(MINUTE)
                raise Unavailable("The table does not answer.")
            return get(meeting_id)

        house.meetings.get = slow  # type: ignore[method-assign]
        for _ in range(3):
            with pytest.raises(SomeFailed):
                house.sweep(timedelta(seconds=30))
        assert {i.meeting_id for i in house.desktops.alive()} == {"b", "c"}
        assert looks == ["a", "b", "c", "a", "a"], "it goes on behind the last, then around, then from the first again"


class TestReportsAtTheBootLimit:
    """A desktop reports healthy while a sweep makes up its mind that it is too late."""

    @pytest.fixture
    def late(self, house: House) -> str:
        """Two desktops, of which the student's has reported in time and the teacher's not at all; its name."""
        launch(house)
        house.sweep()
        house.meetings.write("m", {"status": "HEALTHY", "student_healthy_at": house.now})
        house.now += 15 * MINUTE
        return desktop_of(house, Role.TEACHER)

    @staticmethod
    def report(house: House, desktop_id: str) -> None:
        house.meetings.write("m", {"instance_id": desktop_id, "status": "HEALTHY"})

    def come(self, house: House) -> Open | NotYet:
        return resolve_join(house.meetings, TEACHERS, house.clock, house.policy)

    @pytest.mark.parametrize("is_entered", [True, False])
    def test_one_that_reports_before_the_row_says_that_it_is_given_up_stays(
        self, house: House, late: str, is_entered: bool
    ) -> None:
        """The write expects that it has not reported; so the sweep looks again, and finds who came meanwhile."""

        def reports() -> None:
            self.report(house, late)
            assert not is_entered or isinstance(self.come(house), Open)

        before_next(house.meetings, "update", reports)
        house.sweep()
        assert desktop_of(house, Role.TEACHER) == late
        assert {late} <= {desktop.id for desktop in house.desktops.alive()}
        assert not house.row().get("teacher_given_up")

    def test_one_that_reports_later_is_not_entered_any_more(self, house: House, late: str) -> None:
        def reports_and_stays_closed() -> None:
            self.report(house, late)
            assert isinstance(self.come(house), NotYet)

        before_next(house.desktops, "terminate", reports_and_stays_closed)
        house.sweep()
        assert desktop_of(house, Role.TEACHER) != late
        assert late not in {desktop.id for desktop in house.desktops.alive()}
        assert not house.row().get("teacher_given_up")

    def test_one_that_was_given_up_by_a_sweep_that_broke_off_is_replaced_by_the_next(
        self, house: House, late: str
    ) -> None:
        def break_off() -> None:
            self.report(house, late)
            raise Unavailable("EC2 cannot be reached.")

        before_next(house.desktops, "terminate", break_off)
        with pytest.raises(SomeFailed):
            house.sweep()
        assert isinstance(self.come(house), NotYet)
        house.pass_time(MINUTE)
        house.sweep()
        assert desktop_of(house, Role.TEACHER) != late
        assert house.row()["teacher_late_boots"] == 1


class TestNotReadyAgain:
    """A desktop that stopped being ready is given up in the moment in which it is ready again."""

    @pytest.fixture
    def broken(self, house: House) -> str:
        """The teacher's desktop, which was ready and has not been for the boot limit when the next sweep comes."""
        launch(house)
        house.sweep()
        house.meetings.write("m", {"student_healthy_at": house.now})
        name = desktop_of(house, Role.TEACHER)
        self.tell(house, name)
        self.tell(house, name, "The DCV service is not running.")
        house.now += 15 * MINUTE
        return name

    @staticmethod
    def tell(house: House, desktop_id: str, *missing: str) -> None:
        report_ready(house.meetings, desk_of(house.meetings, "m", desktop_id), missing, house.clock())

    def test_one_that_is_ready_again_before_the_row_says_that_it_is_given_up_stays(
        self, house: House, broken: str
    ) -> None:
        before_next(house.meetings, "update", lambda: self.tell(house, broken))
        house.sweep()
        assert desktop_of(house, Role.TEACHER) == broken
        assert broken in {desktop.id for desktop in house.desktops.alive()}

    def test_one_that_is_ready_again_later_is_not_entered_any_more(self, house: House, broken: str) -> None:
        def is_ready_and_stays_closed() -> None:
            with pytest.raises(Unavailable, match="given up"):
                self.tell(house, broken)
            assert isinstance(resolve_join(house.meetings, TEACHERS, house.clock, house.policy), NotYet)

        before_next(house.desktops, "terminate", is_ready_and_stays_closed)
        house.sweep()
        assert desktop_of(house, Role.TEACHER) != broken
        assert not {"teacher_missing", "teacher_missing_since", "teacher_given_up"} & house.row().keys()

    def test_one_that_somebody_is_connected_to_meanwhile_stays(self, house: House, broken: str) -> None:
        def connects() -> None:
            report_presence(house.meetings, desk_of(house.meetings, "m", broken), True, house.clock())

        before_next(house.meetings, "update", connects)
        house.sweep()
        assert desktop_of(house, Role.TEACHER) == broken
        assert "teacher_given_up" not in house.row(), "its door opens again once it is ready"
