"""Where people are by the row, when a meeting closes since one side is done, and what people may ask for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.domain.seat import Role
from chalicelib.rules.people import (
    Presence,
    closes_at,
    longest_duration,
    may_replace,
    note_waiting,
    presence,
    presence_since,
)
from tests.builders import (
    ENDED,
    HEALTHY,
    IN_PROGRESS,
    LAUNCHED,
    POLICY,
    SCHEDULED,
    at,
    connected,
    joined,
    launched,
    meeting,
    uploaded,
)

KIT = replace(POLICY, presence_told=True)
SEEDS = POLICY
BLINK = 1 / 60
WAITS = {"teacher_waiting_at": at(19)}
BACK = {"teacher_returned_at": at(19)}
LEFT = HEALTHY | connected("teacher", 1, 10)


@pytest.mark.parametrize(
    ("row", "policy", "where", "since"),
    [
        pytest.param(HEALTHY, KIT, "absent", None, id="nobody was ever there"),
        pytest.param(HEALTHY | WAITS, KIT, "waiting", 19, id="at the door a minute ago"),
        pytest.param(HEALTHY | {"teacher_waiting_at": at(18)}, KIT, "absent", None, id="two minutes ago"),
        pytest.param(HEALTHY | {"teacher_waiting_at": at(999)}, KIT, "absent", None, id="in a time to come"),
        pytest.param(HEALTHY | connected("teacher", 1), KIT, "in", 1, id="connected"),
        pytest.param(HEALTHY | connected("teacher", 1) | WAITS, KIT, "in", 1, id="connected, with a page open"),
        pytest.param(HEALTHY | connected("teacher", 1, 18), KIT, "lost", 18, id="gone two minutes ago"),
        pytest.param(HEALTHY | connected("teacher", 1, 18) | WAITS, KIT, "lost", 18, id="with a page open too"),
        pytest.param(HEALTHY | connected("teacher", 1, 17), KIT, "left", 17, id="gone three minutes ago"),
        pytest.param(LEFT | WAITS, KIT, "waiting", 19, id="gone for long, and back at the door"),
        pytest.param(HEALTHY | connected("teacher", 1, 18) | uploaded("teacher", 19), KIT, "left", 18, id="uploaded"),
        pytest.param(LEFT | uploaded("teacher", 12) | WAITS, KIT, "left", 10, id="done, and the page is still open"),
        pytest.param(LEFT | uploaded("teacher", 12) | {"teacher_connected_at": at(14)}, KIT, "in", 14, id="back"),
        pytest.param(HEALTHY | joined("teacher", 2), SEEDS, "in", 2, id="seeds: clicked"),
        pytest.param(HEALTHY | joined("teacher", 2), KIT, "in", 2, id="kit: clicked, and it tells nothing"),
        pytest.param(HEALTHY | joined("teacher", 2) | {"teacher_seen_at": at(3)}, KIT, "left", None, id="kit: not in"),
        pytest.param(HEALTHY | joined("teacher", 2) | uploaded("teacher", 12), SEEDS, "left", 12, id="seeds: done"),
        pytest.param(
            HEALTHY | joined("teacher", 2) | uploaded("teacher", 12) | BACK, SEEDS, "in", 19, id="seeds: back"
        ),
        pytest.param(HEALTHY | joined("student", 2), SEEDS, "absent", None, id="the other one came"),
    ],
)
def test_where_the_teacher_is_at_twenty_past(row: dict[str, Any], policy: Any, where: str, since: float | None) -> None:
    held = meeting(row)
    assert presence(held, held.teacher, at(20), policy) is Presence(where)
    moment = presence_since(held, held.teacher, at(20), policy)
    assert moment == (None if since is None else at(since))


TEACHER_DONE = IN_PROGRESS | uploaded("teacher", 20)
NEVER_CAME = {"student_joined_at": None}
WAITS_OUTSIDE = IN_PROGRESS | NEVER_CAME | {"student_healthy_at": None, "student_waiting_at": at(14)}


@pytest.mark.parametrize(
    ("row", "closes"),
    [
        pytest.param(IN_PROGRESS, None, id="neither is done"),
        pytest.param(TEACHER_DONE, 50, id="half an hour from when one was done"),
        pytest.param(TEACHER_DONE | {"teacher_returned_at": at(22)}, None, id="who was done came back"),
        pytest.param(TEACHER_DONE | uploaded("student", 25), None, id="both are done"),
        pytest.param(IN_PROGRESS | uploaded("teacher", None), None, id="nobody has dated it yet"),
        pytest.param(IN_PROGRESS | uploaded("teacher", -40), 15, id="never before the checkpoint"),
        pytest.param(IN_PROGRESS | uploaded("teacher", 10) | NEVER_CAME, 15, id="who never came has the checkpoint"),
        pytest.param(WAITS_OUTSIDE | uploaded("teacher", 10), 40, id="who waits at a closed door has the grace"),
        pytest.param(TEACHER_DONE | NEVER_CAME, 50, id="after the checkpoint everybody has"),
        pytest.param(TEACHER_DONE | {"duration_minutes": 51}, 50, id="a moment before people's time is up"),
        pytest.param(TEACHER_DONE | {"duration_minutes": 50}, None, id="when it is up anyhow"),
        pytest.param(TEACHER_DONE | ENDED, None, id="it is over"),
    ],
)
def test_when_a_meeting_closes_since_one_side_is_done(row: dict[str, Any], closes: float | None) -> None:
    assert closes_at(meeting(row), SEEDS) == (None if closes is None else at(closes))


@pytest.mark.parametrize(
    ("row", "minutes"),
    [
        pytest.param(SCHEDULED, 240, id="the operator's limit"),
        pytest.param(SCHEDULED | {"duration_minutes": 45}, 240, id="whatever it lasts now"),
        pytest.param(LAUNCHED | {"begun_at": at(-10)}, 240, id="launched at its time"),
        pytest.param(LAUNCHED | {"begun_at": at(-100)}, 210, id="launched half an hour before they may wait for it"),
        pytest.param({}, 240, id="a row without any time"),
    ],
)
def test_how_long_a_meeting_may_last_in_all(row: dict[str, Any], minutes: int) -> None:
    assert longest_duration(meeting(row), SEEDS) == minutes


def test_what_desktops_upload_in_is_no_part_of_it() -> None:
    assert longest_duration(meeting(SCHEDULED), replace(KIT, records=True)) == 230


@pytest.mark.parametrize(
    ("row", "minutes", "may"),
    [
        pytest.param(HEALTHY, 0, True, id="before anybody came"),
        pytest.param(IN_PROGRESS, 60, True, id="in the midst of it"),
        pytest.param(IN_PROGRESS, 240 - BLINK, True, id="in the last second"),
        pytest.param(IN_PROGRESS, 240, False, id="when people's time is up"),
        pytest.param(IN_PROGRESS | ENDED, 20, False, id="when it is over"),
        pytest.param(SCHEDULED, 0, False, id="there is none yet"),
        pytest.param(IN_PROGRESS | {"teacher_attempt": 10}, 20, False, id="it was the last attempt"),
        pytest.param(IN_PROGRESS | {"teacher_attempt": None}, 20, False, id="somebody launched it by hand"),
        pytest.param(IN_PROGRESS | {"teacher_replace_asked": "i-teacher"}, 20, False, id="it was asked for already"),
        pytest.param(IN_PROGRESS | {"teacher_given_up": "i-teacher"}, 20, False, id="it is replaced anyhow"),
        pytest.param(IN_PROGRESS | {"teacher_replace_asked": "i-before"}, 20, True, id="the one before was"),
    ],
)
def test_whether_another_desktop_may_be_asked_for(row: dict[str, Any], minutes: float, may: bool) -> None:
    held = meeting(row)
    assert may_replace(held, held.teacher, at(minutes), SEEDS) is may


@pytest.mark.parametrize(
    ("row", "minutes", "noted"),
    [
        pytest.param(SCHEDULED, -10, True, id="once its launch is due"),
        pytest.param(SCHEDULED, -10 - BLINK, False, id="not before"),
        pytest.param(SCHEDULED | launched("student", -30), -30, True, id="once one was begun before its time"),
        pytest.param({"created_at": at(0)}, 5, False, id="where nothing says when it is due"),
        pytest.param(HEALTHY, 0, True, id="at an open door too"),
        pytest.param(HEALTHY | WAITS, 20 - BLINK, False, id="once a minute"),
        pytest.param(HEALTHY | WAITS, 20, True, id="and again after it"),
        pytest.param(HEALTHY | {"student_waiting_at": at(19.9)}, 20, True, id="whatever the other one does"),
        pytest.param(HEALTHY | {"teacher_waiting_at": at(999)}, 20, True, id="over what lies ahead"),
        pytest.param(HEALTHY | connected("teacher", 1), 20, False, id="not of who is in"),
        pytest.param(LEFT, 20, True, id="but of who has left"),
        pytest.param(IN_PROGRESS | ENDED, 61, False, id="not when it is over"),
    ],
)
def test_when_it_is_noted_that_the_teacher_waits(row: dict[str, Any], minutes: float, noted: bool) -> None:
    held = meeting(row)
    change = note_waiting(held, Role.TEACHER, at(minutes), KIT)
    assert (change is not None) is noted
    if change:
        assert change.set == {"teacher_waiting_at": at(minutes)}
        assert change.expect[held.teacher.attribute("waiting_at")] == held.row.get("teacher_waiting_at")


def test_the_span_of_waiting_outlasts_two_writes() -> None:
    """A page that asks all the time is never taken for gone between two writes."""
    assert SEEDS.waiting_noted + timedelta(seconds=30) < SEEDS.waiting
