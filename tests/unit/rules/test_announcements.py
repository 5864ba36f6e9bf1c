"""What others are told of a write: each kind of change once, by name, and the same again when it is told again."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from chalicelib.domain.announcement import COMMON, Announcement, Kind
from chalicelib.domain.policy import Policy
from chalicelib.rules.announcements import announcements
from tests import schema
from tests.builders import (
    ENDED,
    HEALTHY,
    IN_PROGRESS,
    LAUNCHED,
    OVER,
    POLICY,
    PUBLISHED,
    RECORDED,
    SCHEDULED,
    T,
    at,
    connected,
    joined,
    link,
    row,
    saved,
    understood,
    uploaded,
)
from tests.unit.rules.test_any_row import random_row

KIT = replace(RECORDED, presence_told=True)
Row = dict[str, Any]


def told(before: Row | None, after: Row, minutes: float = 0, policy: Policy = POLICY) -> list[Announcement]:
    """Return what others are told of a write that was made then."""
    was = None if before is None else understood(row(before))
    events = announcements(was, understood(row(after)), at(minutes), policy)
    for event in events:
        schema.hold(schema.as_sent(event))
    return events


def facts(before: Row | None, after: Row, policy: Policy = POLICY) -> list[tuple[str, dict[str, Any]]]:
    """Return the kinds of what is told, and what each holds beside what all of them do."""
    return [
        (each.kind.value, {name: value for name, value in each.detail.items() if name not in COMMON})
        for each in told(before, after, policy=policy)
    ]


def kinds(before: Row | None, after: Row, policy: Policy = POLICY) -> list[str]:
    return [kind for kind, _ in facts(before, after, policy)]


TIMES = {"meet_time": "2026-03-01T15:00:00Z", "duration_minutes": 240}
TEACHER = {"role": "teacher", "desktop_id": "i-teacher"}
STUDENT = {"role": "student", "desktop_id": "i-student"}
REPLACED = {
    "teacher_attempt": 2,
    "teacher_ec2_id": None,
    "teacher_replaced": ["2026-03-01T15:00:00Z i-teacher: it died"],
}

GIVEN_BACK = {"teacher_ec2_id": None, "teacher_replaced": ["2026-03-01T15:00:00Z i-teacher: the meeting is far"]}


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(None, SCHEDULED, [("Meeting Scheduled", TIMES)], id="scheduled"),
        pytest.param({}, SCHEDULED, [("Meeting Scheduled", TIMES)], id="a row by hand gets a time"),
        pytest.param(SCHEDULED | {"meet_time": "soon"}, SCHEDULED, [("Meeting Scheduled", TIMES)], id="readable now"),
        pytest.param(
            SCHEDULED | {"meet_time": at(60)},
            SCHEDULED,
            [("Meeting Moved", TIMES | {"moved_from": "2026-03-01T16:00:00Z"})],
            id="moved",
        ),
        pytest.param(
            SCHEDULED,
            SCHEDULED | {"duration_minutes": 45, "teacher_name": "Ann", "time_zone": "Europe/Berlin"},
            [("Meeting Changed", TIMES | {"duration_minutes": 45, "changes": ["duration", "names", "time_zone"]})],
            id="changed",
        ),
        pytest.param(
            SCHEDULED,
            SCHEDULED | {"student_link_number": 1},
            [("Meeting Changed", TIMES | {"changes": ["student_link"]})],
            id="a link anew",
        ),
        pytest.param(
            PUBLISHED, HEALTHY, [("Desktop Ready", TEACHER), ("Desktop Ready", STUDENT)], id="ready: both doors open"
        ),
        pytest.param(
            PUBLISHED,
            PUBLISHED | {"status": "HEALTHY", "instance_id": "i-student"},
            [("Desktop Ready", STUDENT)],
            id="ready: as a desktop with scripts reports it",
        ),
        pytest.param(
            LAUNCHED | {"teacher_healthy_at": at(-4)},
            PUBLISHED | {"teacher_healthy_at": at(-4)},
            [("Desktop Ready", TEACHER)],
            id="ready: named after it has reported",
        ),
        pytest.param(HEALTHY, HEALTHY | joined("teacher"), [("Person Joined", TEACHER)], id="joined"),
        pytest.param(
            IN_PROGRESS | uploaded("teacher", 20),
            IN_PROGRESS | uploaded("teacher", 20) | {"teacher_returned_at": at(21)},
            [("Person Joined", TEACHER)],
            id="joined again",
        ),
        pytest.param(
            IN_PROGRESS,
            IN_PROGRESS | uploaded("teacher", None),
            [("Person Left", TEACHER), ("Recording Safe", TEACHER | {"complete": True})],
            id="left: as desktops with scripts show it",
        ),
        pytest.param(
            IN_PROGRESS, IN_PROGRESS | REPLACED, [("Desktop Replaced", TEACHER | {"why": "it died"})], id="replaced"
        ),
        pytest.param(
            LAUNCHED,
            LAUNCHED | {"teacher_ec2_id": "i-found"},
            [("Desktop Replaced", TEACHER)],
            id="replaced: another one was found",
        ),
        pytest.param(
            OVER | {"ended_at": None, "status": "IN_PROGRESS"},
            OVER,
            [("Meeting Ended", {"reason": "SUCCESS"})],
            id="ended",
        ),
        pytest.param(
            SCHEDULED,
            SCHEDULED | ENDED | {"termination_reason": "Ann is ill", "ended_at": None},
            [("Meeting Ended", {"reason": "OTHER"})],
            id="ended by hand, in words that are for nobody else",
        ),
    ],
)
def test_a_change_is_told(before: Row | None, after: Row, expected: list[tuple[str, Row]]) -> None:
    assert facts(before, after) == expected
    assert [each.id for each in told(before, after)] == [each.id for each in told(before, after)]
    assert facts(after, after) == [], "what has not changed is told to nobody"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(None, OVER, id="a row of a meeting that is over is copied back"),
        pytest.param(SCHEDULED, LAUNCHED, id="launched"),
        pytest.param(LAUNCHED, PUBLISHED, id="published"),
        pytest.param(SCHEDULED, SCHEDULED | {"meet_time": "soon"}, id="a time that nobody can read"),
        pytest.param(LAUNCHED, LAUNCHED | GIVEN_BACK, id="given back"),
        pytest.param(HEALTHY, HEALTHY | {"teacher_waiting_at": at(0)}, id="somebody waits"),
        pytest.param(HEALTHY, HEALTHY | {"teacher_missing": ["DCV"]}, id="a door is closed"),
        pytest.param(IN_PROGRESS | uploaded("teacher", None), IN_PROGRESS | uploaded("teacher", 20), id="dated"),
        pytest.param(OVER | {"status": "HEALTHY"}, OVER, id="what a desktop wrote after the end is undone"),
        pytest.param(IN_PROGRESS, IN_PROGRESS | {"termination_reason": "CANCELLED"}, id="it is about to end"),
        pytest.param(OVER, OVER | {"status": "HEALTHY", "instance_id": "i-teacher"}, id="a report after the end"),
    ],
)
def test_what_is_nobody_else_s_is_not_told(before: Row | None, after: Row) -> None:
    assert kinds(before, after) == []


def test_a_desktop_of_the_kit_tells_who_comes_and_goes() -> None:
    clicked, there = HEALTHY | joined("teacher", 1), HEALTHY | connected("teacher", 1.1)
    gone = HEALTHY | connected("teacher", 1.1, 20)
    back = gone | {"teacher_connected_at": at(21)}
    life = [HEALTHY, clicked, there, gone, back]
    steps = [kinds(before, after, KIT) for before, after in pairwise(life)]
    assert steps == [[], ["Person Joined"], ["Person Left"], ["Person Joined"]]
    first, again = (told(before, after, policy=KIT)[0] for before, after in ((clicked, there), (gone, back)))
    assert first.id != again.id
    assert (first.at, again.at) == (at(1.1), at(21))


def test_who_left_without_having_been_heard_of_was_there() -> None:
    assert kinds(HEALTHY | joined("teacher"), HEALTHY | connected("teacher", 3, 3), KIT) == [
        "Person Joined",
        "Person Left",
    ]


def test_a_recording_of_the_kit_is_told_with_where_it_lies_and_whether_all_of_it_is_there() -> None:
    there = HEALTHY | connected("teacher", 1, 40)
    safe = there | saved("teacher", 42)
    where = {"prefix": "2026-03-01/m1/teacher/i-teacher-"}
    assert facts(there, safe, KIT) == [("Recording Safe", TEACHER | where | {"complete": True})]
    lost = safe | {"teacher_recording_lost": ["A piece of 3 s."]}
    assert facts(there, lost, KIT) == [("Recording Safe", TEACHER | where | {"complete": False})]


def test_what_was_recorded_since_is_told_and_what_a_desktop_says_twice_is_not() -> None:
    safe = HEALTHY | connected("teacher", 1, 40) | saved("teacher", 42)
    assert kinds(safe, safe | {"teacher_saved_at": at(45)}, KIT) == []
    assert kinds(safe, safe | saved("teacher", 60), KIT) == ["Recording Safe"]


def test_a_meeting_that_is_moved_there_and_back_is_told_three_times() -> None:
    life = [
        SCHEDULED | {"meet_time": when, "moved_at": at(moved)}
        for when, moved in ((T, -90), (at(60), -80), (T, -70), (at(60), -60))
    ]
    moves = [each for before, after in pairwise(life) for each in told(before, after)]
    assert [each.kind for each in moves] == [Kind.MOVED] * 3
    assert len({each.id for each in moves}) == 3
    assert [each.at for each in moves] == [at(-80), at(-70), at(-60)]


def test_a_door_that_opens_again_is_told_with_the_same_id_and_another_desktop_with_another() -> None:
    closed = HEALTHY | {"teacher_missing": ["DCV"]}
    other = HEALTHY | {"teacher_ec2_id": "i-other", "teacher_ec2_link": link("i-other")}
    [first] = told(HEALTHY | {"teacher_healthy_at": None}, HEALTHY)
    [again] = told(closed, HEALTHY, 5)
    ready = [each for each in told(PUBLISHED, other) if each.facts["role"] == "teacher"]
    assert first.id == again.id
    assert ready[0].id != first.id


def test_no_event_holds_a_name_an_address_or_a_link() -> None:
    people = {"teacher_name": "Ann Smith", "student_name": "Ben Jones", "teacher_email": "ann@example.com"}
    life = [None, SCHEDULED, PUBLISHED, HEALTHY, IN_PROGRESS, OVER]
    rows = [None if step is None else step | people | {"jitsi_url": "https://video.example.com/x"} for step in life]
    text = str([each.detail for before, after in pairwise(rows) for each in told(before, after or {})])
    assert not any(word in text for word in ("Ann", "Ben", "@", "https:"))


@pytest.mark.parametrize("policy", [POLICY, KIT], ids=["scripts", "kit"])
def test_every_event_of_a_life_has_its_own_id_and_has_it_again_when_told_again(policy: Policy) -> None:
    life = [None, SCHEDULED, LAUNCHED, PUBLISHED, HEALTHY, HEALTHY | connected("teacher", 1), IN_PROGRESS, OVER]
    events = [each for before, after in pairwise(life) for each in told(before, after or {}, policy=policy)]
    again = [each for before, after in pairwise(life) for each in told(before, after or {}, policy=policy)]
    assert len({each.id for each in events}) == len(events)
    assert [each.detail for each in again] == [each.detail for each in events]


@pytest.mark.parametrize("policy", [POLICY, KIT], ids=["scripts", "kit"])
@pytest.mark.parametrize("seed", range(50))
def test_whatever_a_row_becomes_what_is_told_is_by_the_schema_and_the_same_again(seed: int, policy: Policy) -> None:
    dice = random.Random(seed)
    life = [None, *(random_row(dice) | {"id": "m1", "sequence": number} for number in range(8))]
    events = [told(before, after or {}, number, policy) for number, (before, after) in enumerate(pairwise(life))]
    again = [told(before, after or {}, number, policy) for number, (before, after) in enumerate(pairwise(life))]
    assert again == events
    for write in events:
        assert len({event.id for event in write}) == len(write), "no two events of one write are taken for one"
