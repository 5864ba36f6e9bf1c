"""What a teacher wants of their own meeting: what is written, what follows, what is too late, and twice is as once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain import rows
from chalicelib.domain.errors import Forbidden, LinkReplaced, NotPossible, Unavailable
from chalicelib.domain.keys import Keys
from chalicelib.domain.model import LINKS_SIGNED
from chalicelib.domain.rows import HIGHEST_COUNT
from chalicelib.domain.seat import Role
from chalicelib.people import links
from chalicelib.people.manage import by_link
from chalicelib.people.wishes import AnotherDesktop, CallOff, Longer, NewLink, Otherwise, Shorter, Wish
from tests.unit.control.house import MINUTE, T
from tests.unit.own import CALLED_OFF, HALF_AN_HOUR, JOINED, KEYS, LATER, NAMED, QUARTER_MORE, Own

GONE_AGAIN = {
    "teacher_connected_at": rows.timestamp(T - 80 * MINUTE),
    "teacher_disconnected_at": rows.timestamp(T - 70 * MINUTE),
}
UPLOADED = {"student_session_data": "https://bucket.example/recording"}
DESKTOP = {"student_ec2_id": "i-2", "student_attempt": 1, "student_attempt_at": rows.timestamp(T - 61 * MINUTE)}
ENDED = {"status": "TERMINATED", "termination_reason": "SUCCESS", "ended_at": rows.timestamp(T)}

REPLACED = AnotherDesktop(Role.STUDENT, None)
RENEWED = NewLink(Role.STUDENT, None)
EVERYTHING = [LATER, HALF_AN_HOUR, QUARTER_MORE, NAMED, RENEWED, CALLED_OFF]


def refused(own: Own, wish: Wish, with_: str | None = None) -> str:
    """Return in which words a wish is refused; nothing is written then, and no timer armed."""
    before, armed = dict(own.row()), dict(own.timers.armed)
    with pytest.raises(NotPossible, match=with_) as error:
        own.grant(wish)
    assert (own.row(), own.timers.armed) == (before, armed)
    return str(error.value)


# --- what is written, and by whom


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (LATER, {"meet_time": "2026-03-01T15:00:00Z"}),
        (HALF_AN_HOUR, {"duration_minutes": 30}),
        (QUARTER_MORE, {"duration_minutes": 75}),
        (NAMED, {"student_name": "Bea", "teacher_name": "Ann"}),
        (Otherwise(None, None, {}, "Europe/Berlin"), {"time_zone": "Europe/Berlin"}),
        (RENEWED, {"student_link_number": 1}),
        (REPLACED, {"student_replace_asked": "i-2"}),
        (CALLED_OFF, {"termination_reason": "CANCELLED"}),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, dict) else next(iter(value)),
)
def test_a_wish_is_written_with_who_wanted_it_and_counted(wish: Wish, expected: dict[str, Any]) -> None:
    own = Own(DESKTOP)
    told = own.grant(wish)
    row = own.row()
    assert {name: row[name] for name in expected} == expected
    assert (row["sequence"], told["sequence"]) == (1, 1)
    assert own.last_entry()["by"] == "the teacher's link"
    assert told["history"] == row["history"], "what is told is what stands there"


ONCE_FOR_ALL = [LATER, HALF_AN_HOUR, NAMED, CALLED_OFF, REPLACED, Longer(15, T + 60 * MINUTE), NewLink(Role.STUDENT, 0)]


@pytest.mark.parametrize("wish", ONCE_FOR_ALL, ids=lambda wish: wish.done)
def test_twice_is_as_good_as_once(wish: Wish) -> None:
    own = Own(DESKTOP)
    first = own.grant(wish)
    row, armed = dict(own.row()), dict(own.timers.armed)
    assert own.grant(wish) == first
    assert (own.row(), own.timers.armed) == (row, armed)


@pytest.mark.parametrize("wish", [*EVERYTHING, REPLACED], ids=lambda wish: wish.done)
def test_once_it_has_ended_nothing_is_changed_any_more(wish: Wish) -> None:
    assert "schedule another one" in refused(Own(DESKTOP | ENDED), wish)


@pytest.mark.parametrize("wish", [*EVERYTHING, REPLACED], ids=lambda wish: wish.done)
def test_the_last_second_of_peoples_time_is_early_enough_and_its_end_too_late(wish: Wish) -> None:
    own = Own(DESKTOP)
    own.now = T + 60 * MINUTE
    refused(own, wish, "time of this meeting is up")
    own.now -= timedelta(seconds=1)
    if wish is HALF_AN_HOUR:
        refused(own, wish, "over already")
    else:
        own.grant(wish)
        assert own.row()["sequence"] == 1


def test_a_meeting_that_was_changed_without_end_is_changed_no_more() -> None:
    assert "changed 10000 times" in refused(Own(sequence=HIGHEST_COUNT), RENEWED)


# --- who may


def test_the_students_link_is_told_whom_to_ask() -> None:
    own = Own()
    with pytest.raises(Forbidden, match="ask Ann to"):
        own.manager.show(own.actor(Role.STUDENT))
    with pytest.raises(Forbidden, match="ask Ann to"):
        own.grant(NAMED, own.actor(Role.STUDENT))
    nameless = Own(teacher_name=None)
    with pytest.raises(Forbidden, match="ask your teacher to"):
        nameless.manager.show(nameless.actor(Role.STUDENT))


@pytest.mark.parametrize("text", ["m", f"m.{'0' * 32}", f"m.{'0' * 32}.1"])
def test_who_has_no_signature_of_the_app_manages_nothing(text: str) -> None:
    with pytest.raises(Forbidden):
        by_link(text, lambda: KEYS)
    with pytest.raises(Forbidden):
        by_link(text, lambda: Keys("since lately"))


def test_where_nothing_is_signed_whoever_knows_the_id_counts_as_the_teacher() -> None:
    link = by_link("m", lambda: None).link
    assert link
    assert link.role is Role.TEACHER


def test_a_link_still_manages_after_keys_were_rotated() -> None:
    own = Own()
    rotated = Keys("new", (KEYS.present,), all_signed=True)
    text = links.public_id(own.meetings.understood("m"), Role.TEACHER, KEYS)
    assert own.manager.show(by_link(text, lambda: rotated))["id"] == "m"


# --- what is told


def test_how_far_each_desktop_is_and_how_the_recordings_stand_is_told() -> None:
    assert Own().show()["seats"]["student"] == {
        "step": "scheduled",
        "presence": "absent",
        "ready": False,
        "link_number": 0,
    }
    own = Own(UPLOADED)
    own.now = T + 60 * MINUTE
    assert own.show()["seats"]["student"]["recording"] == "safe"


@pytest.mark.parametrize("value", [7, ["Ann"], {"a": 1}, None])
def test_what_somebody_has_written_into_a_row_by_hand_spoils_no_answer(value: object) -> None:
    own = Own(teacher_name=value, jitsi_url=value, history=value if value is None else [value])
    told = own.show()
    assert "teacher_name" not in told
    assert told["history"] == []


# --- a move


def test_a_move_arms_both_timers_for_the_new_times() -> None:
    own = Own()
    own.timers.arm("launch-m", T - 10 * MINUTE, "arn:launcher", {"meeting_id": "m"})
    own.change(meet_time=T + 180 * MINUTE)
    assert {name: at for name, (at, _, _) in own.timers.armed.items()} == {
        "launch-m": T + 170 * MINUTE,
        "safety-m": T + 195 * MINUTE,
    }


@pytest.mark.parametrize("wish", [HALF_AN_HOUR, NAMED, RENEWED, CALLED_OFF], ids=lambda wish: wish.done)
def test_what_is_no_move_arms_nothing(wish: Wish) -> None:
    own = Own()
    own.grant(wish)
    assert own.timers.armed == {}


def test_a_timer_that_cannot_be_armed_hinders_no_move_and_asking_again_arms_it() -> None:
    own = Own()
    arm = own.timers.arm

    def fail(*_: Any) -> None:
        raise Unavailable("Scheduler is throttled.")

    own.timers.arm = fail  # type: ignore[method-assign, assignment]
    own.grant(LATER)
    assert own.row()["meet_time"] == "2026-03-01T15:00:00Z"
    own.timers.arm = arm  # type: ignore[method-assign]
    own.grant(LATER)
    assert set(own.timers.armed) == {"launch-m", "safety-m"}


def test_the_sweep_launches_a_moved_meeting_whose_timers_were_lost() -> None:
    own = Own()
    own.grant(LATER)
    own.timers.armed.clear()
    own.now = T - 10 * MINUTE
    own.sweep()
    assert own.desktops.instances == {}, "the old time asks for nothing any more"
    own.now = T + 170 * MINUTE
    own.sweep()
    assert len(own.desktops.instances) == 2


def test_a_meeting_that_is_moved_to_sooner_than_the_lead_is_launched_at_once_and_has_its_notice() -> None:
    own = Own()
    told = own.change(meet_time=own.now + 2 * MINUTE)
    own.look()
    assert len(own.desktops.instances) == 2
    assert told["ends_at"] == rows.timestamp(own.now + 70 * MINUTE), "ten minutes' notice, then an hour"


def test_a_meeting_that_is_moved_to_much_later_gives_its_desktops_back() -> None:
    own = Own()
    own.now = T - 10 * MINUTE
    own.look()
    assert len(own.desktops.instances) == 2
    own.grant(LATER)
    own.look()
    own.now += 2 * MINUTE
    assert not any(each.state(own.now).serves for each in own.desktops.instances.values())
    assert "student_ec2_id" not in own.row()
    own.now = T + 170 * MINUTE
    own.look()
    assert sum(each.state(own.now).serves for each in own.desktops.instances.values()) == 2


def test_a_move_forgets_what_belongs_to_the_time_before() -> None:
    before = {"checkpoint_at": rows.timestamp(T), "opened_at": rows.timestamp(T), "status": "HEALTHY"}
    own = Own(before, student_waiting_at=rows.timestamp(T))
    own.now = T + 20 * MINUTE
    own.change(meet_time=T + 60 * MINUTE)
    row = own.row()
    assert not {"checkpoint_at", "opened_at", "student_waiting_at"} & row.keys()
    assert row["status"] == "SCHEDULED"


@pytest.mark.parametrize("there", [JOINED, GONE_AGAIN, UPLOADED], ids=["in", "gone again", "uploaded"])
def test_where_somebody_has_come_the_meeting_stays_where_it_is_and_no_minute_of_it_is_taken(
    there: dict[str, Any],
) -> None:
    own = Own(there)
    refused(own, LATER, "Somebody has come")
    refused(own, HALF_AN_HOUR, "only be made longer")
    assert own.show()["may"]["move"] is False
    assert own.grant(QUARTER_MORE)["duration_minutes"] == 75


# --- its length


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        (Longer(181, None), "can last 240 minutes at the most, and it would last 241"),
        (Longer(15, T + 75 * MINUTE), "ends at 13:00 UTC by now"),
    ],
)
def test_what_is_longer_than_possible_is_refused(wish: Wish, words: str) -> None:
    assert words in refused(Own(), wish)


def test_an_extension_that_others_have_made_meanwhile_is_not_made_again() -> None:
    own = Own()
    from_noon = Longer(15, T + 60 * MINUTE)
    own.grant(Longer(30, T + 60 * MINUTE))
    assert own.grant(from_noon)["duration_minutes"] == 90
    own.grant(Longer(45, T + 60 * MINUTE))
    assert own.row()["duration_minutes"] == 105


def test_without_a_moment_to_extend_from_each_extension_is_one_of_its_own() -> None:
    own = Own()
    own.grant(QUARTER_MORE)
    assert own.grant(QUARTER_MORE)["duration_minutes"] == 90


def test_a_meeting_without_a_length_lasts_as_long_as_the_operator_allows_and_no_longer() -> None:
    own = Own(duration_minutes=None)
    assert own.show()["may"]["extend"] == 0
    refused(own, QUARTER_MORE, "240 minutes at the most")


def test_of_a_row_that_tells_no_time_nobody_knows_what_longer_is() -> None:
    assert "give it a time first" in refused(Own(meet_time=None, created_at=None), QUARTER_MORE)


# --- another desktop


def test_another_desktop_is_asked_for_once_for_each_that_is_named() -> None:
    own = Own(DESKTOP)
    assert own.show()["may"]["replace"] == ["student"]
    own.grant(AnotherDesktop(Role.STUDENT, "i-2"))
    assert own.show()["may"]["replace"] == []
    own.grant(AnotherDesktop(Role.STUDENT, None))
    own.meetings.write("m", {"student_ec2_id": "i-3", "student_replaced": ["2026-03-01T11:00:00Z i-2: asked for"]})
    own.grant(AnotherDesktop(Role.STUDENT, "i-2"))
    assert own.row()["sequence"] == 1
    refused(own, AnotherDesktop(Role.STUDENT, "i-9"), "no desktop 'i-9'")


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({}, "has no desktop yet"),
        (DESKTOP | {"student_attempt": 10}, "has had 10 desktops"),
    ],
)
def test_where_there_is_no_other_desktop_to_be_had_that_is_said(row: dict[str, Any], words: str) -> None:
    own = Own(row)
    assert words in refused(own, REPLACED)
    assert own.show()["may"]["replace"] == []


# --- another link


def test_the_old_link_is_dead_at_once_and_the_new_one_is_told() -> None:
    own = Own(links=LINKS_SIGNED)
    before = own.actor()
    told = own.grant(NewLink(Role.TEACHER, None))
    with pytest.raises(LinkReplaced, match="replaced by a newer one"):
        own.manager.show(before)
    assert own.manager.show(by_link(told["link_ids"]["teacher"], lambda: KEYS))["id"] == "m"
    assert links.public_id(own.meetings.understood("m"), Role.STUDENT, KEYS).count(".") == 1, (
        "the student's still holds"
    )


def test_a_number_that_no_link_has_yet_cannot_be_replaced() -> None:
    refused(Own(), NewLink(Role.STUDENT, 1), "no link of the number 1")


# --- called off


def test_a_meeting_that_is_called_off_ends_in_the_apps_own_way() -> None:
    own = Own(open=None)
    own.now = T - 10 * MINUTE
    own.look()
    own.grant(CallOff(reason="The student is ill."))
    assert own.last_entry() | {"at": ""} == {
        "at": "",
        "what": "the meeting is cancelled",
        "by": "the teacher's link",
        "why": "The student is ill.",
    }
    own.look()
    row = own.row()
    assert (row["status"], row["termination_reason"]) == ("TERMINATED", "CANCELLED")
    own.now += 2 * MINUTE
    assert not any(each.state(own.now).serves for each in own.desktops.instances.values())
    assert own.look() == []


# --- ended now


def running(minutes: float, **row: Any) -> Own:
    own = Own({"begun_at": rows.timestamp(T - 10 * MINUTE), "status": "IN_PROGRESS"} | row)
    own.now = T + minutes * MINUTE
    return own


def test_people_s_time_ends_now_to_the_minute_and_twice_is_as_good_as_once() -> None:
    own = running(20.5)
    for _ in range(2):
        assert own.grant(Shorter(reason="Noise."))["ends_at"] == rows.timestamp(T + 21 * MINUTE)
        own.now += MINUTE / 4
    assert [entry["why"] for entry in own.row()["history"] if "why" in entry] == ["Noise."]


@pytest.mark.parametrize("minutes", [-5, 0])
def test_what_has_not_begun_is_cancelled_and_not_ended(minutes: float) -> None:
    refused(running(minutes), Shorter(), "has not begun, so there is nothing to end; cancel it")


def test_what_is_over_ends_no_sooner() -> None:
    own = running(20, termination_reason="SUCCESS", status="TERMINATED")
    refused(own, Shorter(), "This meeting has ended")
