"""Rows become meetings whoever wrote them: nothing is required but the id, nothing that is garbage is guessed at."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain import rows
from chalicelib.domain.errors import BadEvent
from chalicelib.domain.model import Meeting, Reason, Status
from chalicelib.domain.seat import Role, Seat
from tests.builders import IN_PROGRESS, OVER, T, at, link, meeting, row, understood

# --- DynamoDB JSON


@pytest.mark.parametrize(
    ("value", "stored"),
    [
        ("text", {"S": "text"}),
        ("", {"S": ""}),
        (7, {"N": "7"}),
        (Decimal("-0.5"), {"N": "-0.5"}),
        (Decimal("60.12345678901234567890"), {"N": "60.12345678901234567890"}),
        (True, {"BOOL": True}),
        (None, {"NULL": True}),
        (["a", 1], {"L": [{"S": "a"}, {"N": "1"}]}),
        ({"a": {"b": 2}}, {"M": {"a": {"M": {"b": {"N": "2"}}}}}),
    ],
)
def test_a_value_goes_into_the_table_and_comes_out_as_it_was(value: object, stored: dict[str, Any]) -> None:
    assert rows.encode(value) == stored
    assert rows.decode({"it": stored}) == {"it": value}


def test_words_of_the_domain_are_stored_as_text() -> None:
    assert rows.encode(Status.HEALTHY) == {"S": "HEALTHY"}
    assert rows.encode(Reason.EARLY_SUCCESS) == {"S": "15_MIN_SUCCESS"}


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        ({"N": "1E+2"}, 100),
        ({"N": "0.25"}, 0.25),
        ({"NULL": True}, None),
    ],
)
def test_what_others_wrote_is_read_too(stored: dict[str, Any], value: object) -> None:
    assert rows.decode({"it": stored}) == {"it": value}


@pytest.mark.parametrize(
    "stored",
    [{"NS": ["1", "2.5"]}, {"SS": ["a"]}, {"B": b"a"}, {"BS": [b"a"]}, {"L": [{"M": {"a": {"SS": ["b"]}}}]}],
    ids=repr,
)
def test_what_the_app_has_no_use_for_is_kept_as_it_is_so_that_a_write_can_rest_on_it(stored: dict[str, Any]) -> None:
    assert rows.encode(rows.decode({"it": stored})["it"]) == stored


@pytest.mark.parametrize("text", ["", "one", "1 2", "NaN", "sNaN", "Infinity", "-inf"])
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        rows.decode({"it": {"N": text}})


def test_whole_numbers_stay_whole() -> None:
    assert isinstance(rows.decode({"it": {"N": "15"}})["it"], int)


# --- time


def test_a_moment_is_stored_in_utc_with_a_z() -> None:
    assert rows.timestamp(T) == "2026-03-01T15:00:00Z"
    in_berlin = datetime(2026, 3, 1, 16, 0, tzinfo=timezone(timedelta(hours=1)))
    assert rows.timestamp(in_berlin) == "2026-03-01T15:00:00Z"


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T15:00:00Z",
        "2026-03-01T15:00:00+00:00",
        "2026-03-01T17:30+02:30",
        "2026-03-01T15:00:00",
        "20260301T150000Z",
    ],
)
def test_a_time_is_read_in_utc_and_one_without_offset_is_utc(text: str) -> None:
    assert rows.parse_time(text) == T
    assert rows.parse_time(text).tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["", "noon", "2026-02-30T10:00:00Z", "2026-03-01T25:00:00Z", "0001-01-01T00:00:00+05:00"]
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        rows.parse_time(text)


# --- rows


def test_a_row_with_only_an_id_is_a_meeting_of_which_nothing_is_known() -> None:
    assert rows.meeting({"id": "m1"}) == Meeting(id="m1", row={"id": "m1"})
    assert rows.meeting({"id": "m1"}).status is Status.PENDING


@pytest.mark.parametrize("row_", [{}, {"id": ""}, {"id": None}, {"id": 7}, {"status": "HEALTHY"}], ids=repr)
def test_a_row_without_an_id_is_refused(row_: dict[str, Any]) -> None:
    with pytest.raises(BadEvent, match="id"):
        rows.meeting(row_)


def test_every_attribute_of_a_full_row_is_read() -> None:
    full = row(
        IN_PROGRESS,
        {"duration_minutes": 45, "checkpoint_at": at(15), "instance_id": "i-teacher", "created_at": at(-60)},
        {"termination_reason": "SUCCESS", "ended_at": at(60)},
        {"teacher_session_data": "https://files.example.com/1", "teacher_uploaded_at": at(50)},
        {"teacher_refused": "NoRoom", "teacher_late_boots": 1, "teacher_given_up": "i-before"},
        {"teacher_missing": ["DCV has no session yet."], "teacher_missing_since": at(2)},
        {"teacher_connected_at": at(1), "teacher_disconnected_at": at(3), "teacher_seen_at": at(4)},
    )
    read = understood(full)
    assert read == Meeting(
        id="m1",
        row=full,
        status=Status.IN_PROGRESS,
        opened_at=at(-4),
        meet_time=T,
        created_at=at(-60),
        teacher=Seat(
            role=Role.TEACHER,
            desktop_id="i-teacher",
            link=link("i-teacher"),
            published_at=at(-9),
            uploaded=True,
            uploaded_at=at(50),
            attempt=1,
            attempt_at=at(-10),
            subnet="subnet-1",
            refused="NoRoom",
            launched_at=at(-10),
            voucher="m1/teacher/i-teacher",
            healthy_at=at(-4),
            joined_at=at(1),
            late_boots=1,
            given_up="i-before",
            missing=("DCV has no session yet.",),
            missing_since=at(2),
            connected_at=at(1),
            disconnected_at=at(3),
            seen_at=at(4),
        ),
        student=Seat(
            role=Role.STUDENT,
            desktop_id="i-student",
            link=link("i-student"),
            published_at=at(-9),
            attempt=1,
            attempt_at=at(-10),
            subnet="subnet-1",
            launched_at=at(-10),
            voucher="m1/student/i-student",
            healthy_at=at(-4),
            joined_at=at(1),
        ),
        duration=timedelta(minutes=45),
        reason="SUCCESS",
        checkpoint_at=at(15),
        ended_at=at(60),
        reported=frozenset({"i-teacher"}),
        listed=True,
    )


TIMES = ["meet_time", "created_at", "checkpoint_at", "ended_at"] + [
    f"{role}_{name}"
    for role in Role
    for name in (
        *("attempt_at", "launched_at", "published_at", "healthy_at", "joined_at", "uploaded_at"),
        *("missing_since", "connected_at", "disconnected_at", "seen_at"),
    )
]
COUNTS = ["duration_minutes", *(f"{role}_{name}" for role in Role for name in ("attempt", "late_boots"))]
TEXTS = ["termination_reason", "instance_id"] + [
    f"{role}_{name}" for role in Role for name in ("ec2_id", "ec2_link", "session_data", "subnet", "refused")
]


def without_row(read: Meeting) -> tuple[object, ...]:
    return (read.status, read.meet_time, read.created_at, read.teacher, read.student, read.duration, read.reason,
            read.checkpoint_at, read.ended_at, read.reported, read.listed)  # fmt: skip


@pytest.mark.parametrize("name", [*TIMES, *COUNTS, *TEXTS, "status", "open"])
@pytest.mark.parametrize("empty", [None, ""], ids=repr)
def test_what_is_empty_counts_as_absent(name: str, empty: str | None) -> None:
    read = rows.meeting({"id": "m1", name: empty})
    assert without_row(read) == without_row(rows.meeting({"id": "m1"}))
    assert read.problems == ()


@pytest.mark.parametrize("name", TEXTS)
def test_text_of_blanks_counts_as_absent(name: str) -> None:
    assert without_row(rows.meeting({"id": "m1", name: " \n"})) == without_row(rows.meeting({"id": "m1"}))


GARBAGE: list[tuple[list[str], list[object]]] = [
    (TIMES, ["soon", 1772377200, True, ["2026-03-01T15:00:00Z"], {}, b"\0"]),
    (COUNTS, ["many", [1], {}, "1.5.2", float("inf"), float("nan")]),
    ([name for name in TEXTS if not name.startswith("student")], [[], False, ["a"]]),
    (["status"], ["ready", "healthy", 7, [], {}]),
]


@pytest.mark.parametrize(
    ("name", "garbage"), [(name, value) for names, values in GARBAGE for name in names for value in values], ids=repr
)
def test_garbage_counts_as_unknown_and_is_reported_by_name(name: str, garbage: object) -> None:
    read = rows.meeting({"id": "m1", name: garbage})
    assert without_row(read) == without_row(rows.meeting({"id": "m1"}))
    (problem,) = read.problems
    assert problem.startswith(f"{name} is ")


@pytest.mark.parametrize("minutes", [0, -5, 10**10, 10**15, 1e125])
def test_a_duration_that_no_meeting_has_is_no_duration(minutes: float) -> None:
    assert rows.meeting({"id": "m1", "duration_minutes": minutes}).duration is None


def test_several_attributes_of_garbage_are_all_reported() -> None:
    read = rows.meeting({"id": "m1", "meet_time": "soon", "status": "ready", "teacher_attempt": "many"})
    assert len(read.problems) == 3


@pytest.mark.parametrize("listed", [1, True, "yes", "0"])
def test_only_the_index_own_value_keeps_a_meeting_listed(listed: object) -> None:
    assert not rows.meeting({"id": "m1", "open": listed}).listed


# --- what a meeting says of itself


@pytest.mark.parametrize(
    ("attributes", "over", "finished"),
    [
        ({}, False, False),
        ({"status": "HEALTHY"}, False, False),
        ({"status": "TERMINATED"}, True, False),
        ({"termination_reason": "SUCCESS"}, True, False),
        ({"status": "HEALTHY", "termination_reason": "SUCCESS", "ending_at": T}, True, False),
        ({"status": "TERMINATED", "termination_reason": "SUCCESS"}, True, True),
        ({"status": "HEALTHY", "termination_reason": "SUCCESS", "ended_at": T}, True, True),
    ],
)
def test_there_is_no_way_back_from_an_end(attributes: dict[str, Any], over: bool, finished: bool) -> None:
    read = meeting(attributes)
    assert (read.over, read.finished) == (over, finished)


def test_who_joined_is_in_it_whatever_a_desktop_wrote_over_the_status() -> None:
    assert meeting(status="IN_PROGRESS").in_progress
    assert meeting(status="HEALTHY", student_joined_at=T).in_progress
    assert not meeting(status="HEALTHY").in_progress


NAMED = {"teacher_ec2_id": "i-teacher", "student_ec2_id": "i-student"}


@pytest.mark.parametrize(
    ("attributes", "teacher", "student"),
    [
        (NAMED, False, False),
        (NAMED | {"instance_id": "i-teacher"}, True, False),
        (NAMED | {"instance_id": "i-student", "status": "HEALTHY"}, False, True),
        (NAMED | {"instance_id": "i-other", "status": "HEALTHY"}, False, False),
        (NAMED | {"teacher_healthy_at": T, "status": "HEALTHY"}, True, False),
        (NAMED | {"status": "HEALTHY"}, True, True),
        (NAMED | {"status": "IN_PROGRESS"}, True, True),
        (NAMED | {"status": "DNS_WRITTEN"}, False, False),
        (NAMED | {"status": "HEALTHY", "teacher_attempt": 1}, False, False),
    ],
)
def test_a_role_is_ready_by_its_own_desktops_report_or_by_the_word_of_a_hand(
    attributes: dict[str, Any], teacher: bool, student: bool
) -> None:
    read = meeting(attributes)
    assert (read.is_ready(Role.TEACHER), read.is_ready(Role.STUDENT)) == (teacher, student)


def test_what_is_stored_is_given_back_as_it_is_stored() -> None:
    read = meeting(OVER, teacher_attempt="many")
    names: Any = ("teacher_attempt", "meet_time", "nothing")
    assert read.expect(*names) == {
        "teacher_attempt": "many",
        "meet_time": "2026-03-01T15:00:00Z",
        "nothing": None,
    }
