"""In a paused stage a sweep holds what is due, before its timer fires; what has begun goes on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.control.events import TimerEvent
from chalicelib.domain import rows
from chalicelib.domain.pause import Pause
from tests.builders import understood
from tests.unit.control.house import MINUTE, House, T, image

PAUSE = Pause("arn:ann", "EC2 is being repaired", T)
SECOND = MINUTE / 60


def paused(**attributes: Any) -> House:
    house = House(now=T - 12 * MINUTE)
    house.meeting(**attributes)
    house.pausing.pause = PAUSE
    return house


def on_time(house: House) -> TimerEvent:
    """Return the launch timer of the meeting as it was armed, with the row of then."""
    armed = {"id": "m", "meet_time": rows.timestamp(T), "status": "SCHEDULED", "open": "1"}
    house.now = T - 10 * MINUTE
    return TimerEvent("m", image=understood(armed))


def test_a_launch_timer_finds_its_meeting_held() -> None:
    house = paused()
    house.sweep()
    house.triggers.launch_timer(on_time(house))
    assert house.desktops.instances == {}
    [entry] = house.row()["history"]
    assert (entry["what"], entry["by"], entry["why"]) == (
        "the launch waits, because the stage is paused",
        PAUSE.by,
        PAUSE.why,
    )
    house.pausing.pause = None
    house.sweep()
    assert len(house.desktops.instances) == 2
    assert "held_at" not in house.row()


def test_a_launch_timer_that_is_on_time_asks_nothing_where_nothing_is_held() -> None:
    house = paused()
    house.pausing.pause = None
    house.triggers.launch_timer(on_time(house))
    assert (house.pausing.asked, len(house.desktops.instances)) == (0, 2)


def test_whoever_else_finds_a_meeting_due_asks_first() -> None:
    triggers: list[Callable[[House], None]] = [
        lambda house: house.triggers.launch_timer(TimerEvent("m")),
        lambda house: house.triggers.safety_timer(TimerEvent("m")),
        lambda house: house.triggers.row_changes([image(house)]),
        lambda house: house.sweep(),
    ]
    for trigger in triggers:
        house = paused()
        house.now = T - 9 * MINUTE
        trigger(house)
        assert house.desktops.instances == {}
        assert house.row()["held_at"] == rows.timestamp(house.now)


def test_a_sweep_that_finds_nothing_nearly_due_does_not_ask() -> None:
    house = paused()
    house.now -= SECOND
    house.sweep()
    assert house.pausing.asked == 0


def test_what_is_held_is_looked_at_no_more() -> None:
    house = paused()
    house.sweep()
    house.calls()
    house.now = T - 5 * MINUTE
    house.sweep()
    assert "meetings.get" not in " ".join(house.calls())


def test_a_pause_in_the_middle_of_a_launch_lets_it_be_carried_through() -> None:
    """The handler died between the intent and EC2's answer; the stage was paused before anybody looked again."""
    house = paused()
    house.pausing.pause = None
    house.now = T - 10 * MINUTE
    house.meeting(
        begun_at=rows.timestamp(house.now),
        teacher_attempt=1,
        teacher_attempt_at=rows.timestamp(house.now),
        teacher_subnet="subnet-1",
        student_attempt=1,
        student_attempt_at=rows.timestamp(house.now),
        student_subnet="subnet-1",
    )
    house.pausing.pause = PAUSE
    house.pass_time(MINUTE)
    house.sweep()
    assert len(house.desktops.instances) == 2
    assert house.pausing.asked == 0


def test_what_lives_gets_another_desktop_for_one_that_is_gone() -> None:
    house = paused()
    house.pausing.pause = None
    house.now = T - 10 * MINUTE
    house.triggers.launch_timer(TimerEvent("m"))
    house.pausing.pause = PAUSE
    house.desktops.terminate([house.row()["teacher_ec2_id"]])
    house.pass_time(6 * MINUTE)
    house.sweep()
    assert len(house.desktops.instances) == 3


def test_who_never_could_come_in_is_told_so_in_the_end_and_the_history_tells_why() -> None:
    house = paused()
    house.sweep()
    house.now = T + 15 * MINUTE
    house.sweep()
    row = house.row()
    assert row["termination_reason"] == "LAUNCH_FAILED"
    assert any(entry.get("why") == PAUSE.why for entry in row["history"])
