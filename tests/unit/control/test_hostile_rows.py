"""What one row can do that somebody else wrote: nothing to another meeting, and nothing for ever.

Desktops of the seeds may scan the table and write any row of it, and so may whoever gets hold of one.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.control.events import TimerEvent
from chalicelib.domain.errors import SomeFailed, Unavailable
from chalicelib.domain.model import Owner
from chalicelib.domain.rows import timestamp
from chalicelib.domain.seat import Role
from tests.unit.control.house import MINUTE, House, T, image, launched

FAR = "2199-06-01T00:00:00Z"


def alive(house: House) -> set[str]:
    return {instance.id for instance in house.desktops.alive()}


@pytest.mark.parametrize(
    "edited",
    [{"status": "TERMINATED"}, {"termination_reason": "CANCELLED"}, {"meet_time": FAR}, {"ended_at": timestamp(T)}],
    ids=str,
)
def test_a_copy_of_a_meeting_s_row_ends_nothing_of_the_meeting(house: House, edited: dict[str, Any]) -> None:
    """Its desktops were launched a moment ago, so that EC2 need not show them, and the copy says when."""
    house.meeting()
    house.triggers.launch_timer(TimerEvent("m"))
    desktops = alive(house)
    house.meetings.write("copy", {**house.row(), "id": "copy", "open": "1", **edited})
    for _ in range(8):
        house.sweep()
        house.triggers.row_changes([image(house, "copy")])
        house.pass_time(MINUTE)
    assert alive(house) == desktops


def test_a_meeting_that_names_another_s_desktop_neither_ends_nor_publishes_it(house: House) -> None:
    """A copy that goes on is somebody's second meeting, and gets desktops of its own when it is due."""
    launched(house)
    theirs = alive(house)
    house.meetings.write("copy", {**house.row(), "id": "copy", "open": "1"})
    house.triggers.safety_timer(TimerEvent("copy"))
    for _ in range(30):
        house.sweep()
        house.pass_time(MINUTE)
        assert {i.meeting_id for i in house.desktops.instances.values() if i.id in theirs} == {"m"}
    assert "copy" not in {record.meeting_id for record in house.dns.owned()} or theirs <= set(house.desktops.instances)


@pytest.mark.parametrize(
    "edited",
    [
        {"meet_time": FAR, "begun_at": FAR},
        {"meet_time": FAR, "begun_at": FAR, "created_at": FAR, "teacher_joined_at": FAR},
        {"meet_time": FAR, "begun_at": FAR, "status": "IN_PROGRESS", "forced": True},
        {"meet_time": FAR, "begun_at": None, "teacher_session_data": "https://files.example.com/1"},
        {"meet_time": "for ever", "begun_at": "always", "teacher_launched_at": FAR, "student_attempt_at": FAR},
        {"duration_minutes": 7 * 24 * 60, "teacher_joined_at": timestamp(T)},
        {"ended_at": FAR, "termination_reason": None, "open": None},
    ],
    ids=str,
)
def test_no_row_keeps_a_desktop_past_its_last_end(house: House, edited: dict[str, Any]) -> None:
    launched(house)
    house.meetings.write("m", edited)
    for _ in range(400):
        house.pass_time(MINUTE)
        house.sweep()
        for instance in house.desktops.alive():
            assert house.now < instance.launched_at + house.policy.longest_life + MINUTE


def test_what_lives_past_its_last_end_is_overdue_whatever_deadline_it_bears(house: House, log: list[Any]) -> None:
    """Also where its meeting cannot be read, and it cannot be ended."""
    launched(house)
    house.desktops.rearm(alive(house), T + timedelta(days=365))
    house.make_unreadable("m")
    house.meetings.rows["m"]["open"] = ""
    house.pass_time(house.policy.longest_life)

    def refuse(desktop_ids: Any) -> None:
        raise Unavailable("EC2 does not answer.")

    house.desktops.terminate = refuse  # type: ignore[method-assign]
    with pytest.raises(SomeFailed):
        house.sweep()
    assert [line["DesktopsOverdue"] for line in log if "DesktopsOverdue" in line][-1] == 2


@pytest.mark.parametrize("count", [-1, 10**13, 10**30, Decimal("1E+125"), Decimal("-1E-120"), Decimal("1.5"), "1E+125"])
@pytest.mark.parametrize("more", [{}, {"teacher_refused": "NoRoom"}], ids=str)
def test_a_count_beyond_any_sense_spoils_nothing_and_is_told_once(
    house: House, log: list[Any], count: Any, more: dict[str, Any]
) -> None:
    house.meeting(
        teacher_attempt=count, teacher_attempt_at=timestamp(T - 11 * MINUTE), teacher_late_boots=count, **more
    )
    house.triggers.launch_timer(TimerEvent("m"))
    for _ in range(3):
        house.pass_time(MINUTE)
        house.sweep()
        house.triggers.row_changes([image(house)])
    assert {i.role for i in house.desktops.alive()} == set(Role)
    told = [line["why"] for line in log if line["event"] == "bad_row"]
    assert sum("teacher_late_boots" in why for why in told) == 1
    house.pass_time(house.policy.max_duration)
    house.sweep()
    house.pass_time(MINUTE)
    house.sweep()
    assert alive(house) == set()


@pytest.mark.parametrize("name", ["ec2_id", "ec2_link", "subnet", "refused", "launched", "session_data"])
@pytest.mark.parametrize("text", ["x" * 300_000, "\x00", "i 1", "ümlaut", " "], ids=lambda text: text[:5])
def test_a_text_beyond_any_sense_spoils_nothing(house: House, name: str, text: str) -> None:
    house.meeting(**{f"teacher_{name}": text})
    house.triggers.launch_timer(TimerEvent("m"))
    house.pass_time(MINUTE)
    house.sweep()
    assert Role.STUDENT in {i.role for i in house.desktops.alive()}
    house.pass_time(house.policy.max_duration + 20 * MINUTE)
    house.sweep()
    assert alive(house) == set()


def test_an_id_that_somebody_typed_is_looked_for_once_for_all_meetings(house: House) -> None:
    """A sweep asks for what rows name in one call, however many name something, and concludes nothing without."""
    for meeting_id in ("a", "b", "c"):
        house.meeting(meeting_id, teacher_ec2_id=f"i-{meeting_id}", meet_time=None)
    house.sweep()
    house.calls()
    house.sweep()
    assert house.calls() == ["meetings.open", "desktops.fleet", "desktops.named", "dns.owned"]


def test_a_row_that_names_an_instance_that_is_not_its_own_is_told_once_in_the_log(house: House, log: list[Any]) -> None:
    """A timer's look says that and not that the row asks for nothing."""
    foreign = house.desktops.add("m", Role.TEACHER, owner=Owner.FOREIGN).id
    student = house.desktops.add("m", Role.STUDENT).id
    house.meeting(teacher_ec2_id=foreign, student_ec2_id=student, status="LAUNCHED")
    house.pass_time(2 * MINUTE)
    house.sweep()
    house.triggers.launch_timer(TimerEvent("m"))
    house.sweep()
    [told] = [line for line in log if line["event"] == "bad_row"]
    assert told["meeting"] == "m"
    assert told["why"] == f"teacher_ec2_id is {foreign}, an instance that is not its own; correct it in the table"
    assert not [line for line in log if line["event"] == "timer_changed_nothing"]
    assert foreign in alive(house)


def test_so_is_one_that_names_what_ec2_does_not_show(house: House, log: list[Any]) -> None:
    house.meeting(teacher_ec2_id="i-typo", student_ec2_id="i-other", status="LAUNCHED")
    house.triggers.launch_timer(TimerEvent("m"))
    house.sweep()
    told = [line["why"] for line in log if line["event"] == "bad_row"]
    assert told == [
        "teacher_ec2_id is i-typo, no instance that EC2 shows; correct it in the table",
        "student_ec2_id is i-other, no instance that EC2 shows; correct it in the table",
    ]


def test_a_desktop_of_the_other_role_serves_nobody_and_its_role_keeps_it(house: House) -> None:
    """A row on which the ids were exchanged is put right, since both roles' own desktops are there."""
    launched(house)
    ids = {i.role: i.id for i in house.desktops.alive()}
    house.meetings.write("m", {"teacher_ec2_id": ids[Role.STUDENT], "student_ec2_id": ids[Role.TEACHER]})
    house.sweep()
    assert alive(house) == set(ids.values())
    assert house.row()["teacher_ec2_id"] == ids[Role.TEACHER]
    assert house.row()["student_ec2_id"] == ids[Role.STUDENT]


def test_a_forged_link_is_repaired_when_its_record_comes(house: House) -> None:
    """The stream tells of it at once; the next sweep need not."""
    launched(house)
    house.pass_time(2 * MINUTE)
    house.sweep()
    right = house.row()["teacher_ec2_link"]
    house.meetings.write("m", {"teacher_ec2_link": "https://elsewhere.example.net"})
    house.triggers.row_changes([image(house)])
    assert house.row()["teacher_ec2_link"] == right
