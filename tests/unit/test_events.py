"""What arrives is understood, or refused with a sentence that names the field."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.control import events
from chalicelib.control.events import RowChange, StateChange, TimerEvent
from chalicelib.domain import rows
from chalicelib.domain.errors import BadEvent
from chalicelib.domain.keys import Keys, Seal
from chalicelib.domain.model import State, Status

# --- timers


@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ({"meeting_id": "m1"}, TimerEvent("m1")),
        ({"meetingId": "m1"}, TimerEvent("m1")),
        ({"meeting_id": " m1\n"}, TimerEvent("m1")),
        ({"meeting_id": "", "meetingId": "m1"}, TimerEvent("m1")),
        ({"meeting_id": None, "meetingId": "m1"}, TimerEvent("m1")),
        ({"meeting_id": "m1", "force": True}, TimerEvent("m1", force=True)),
        ({"meeting_id": "m1", "force": False}, TimerEvent("m1")),
        ({"meeting_id": "m1", "force": "false"}, TimerEvent("m1")),
        ({"meeting_id": "m1", "force": 1}, TimerEvent("m1")),
        ({"meeting_id": "m1", "more": "than was agreed"}, TimerEvent("m1")),
    ],
)
def test_a_timer_names_its_meeting_in_either_spelling(payload: object, expected: TimerEvent) -> None:
    assert events.timer(payload) == expected


def test_a_launch_timer_carries_what_a_launch_rests_on() -> None:
    row = {"meet_time": "2026-03-01T12:00:00Z", "duration_minutes": Decimal(45), "status": "SCHEDULED", "open": "1"}
    armed = {"meeting_id": "m1", "row": rows.launch_image(rows.meeting({**row, "id": "m1", "teacher_name": "Ada"}))}
    seal = Seal(lambda: Keys("key"))
    image = events.timer(json.loads(json.dumps(armed)), seal).image
    assert image is not None
    assert image.row == {**row, "id": "m1", "day": "2026-03-01"}
    assert (image.listed, image.seal) == (True, seal)


@pytest.mark.parametrize(
    "image",
    [
        None,
        "a row",
        {},
        [],
        {"meet_time": "2026-03-01T12:00:00Z"},
        {"meet_time": {}},
        {"meet_time": {"S": "tomorrow"}},
        {"meet_time": {"N": "x"}},
        {"meet_time": {"S": "2026-03-01T12:00:00Z"}, "duration_minutes": {"N": "NaN"}},
        {"meet_time": {"S": "2026-03-01T12:00:00Z"}, "duration_minutes": {"N": float("inf")}},
        {"duration_minutes": {"N": "45"}},
        {"meet_time": {"S": "2026-03-01T12:00:00Z"}, "duration_minutes": {"N": "-1"}},
    ],
    ids=repr,
)
def test_a_timer_that_carries_no_row_that_could_be_one_has_it_read(image: object) -> None:
    assert events.timer({"meeting_id": "m1", "row": image}) == TimerEvent("m1")


@pytest.mark.parametrize(
    "payload",
    [
        {},
        None,
        "m1",
        [],
        7,
        {"meeting_id": ""},
        {"meeting_id": "  "},
        {"meetingId": 7},
        {"id": "m1"},
        {"meeting_id": ["m1"]},
    ],
    ids=repr,
)
def test_a_timer_that_names_no_meeting_is_refused_with_what_it_must_hold(payload: object) -> None:
    with pytest.raises(BadEvent, match="meeting_id"):
        events.timer(payload)


def test_a_refusal_quotes_only_the_beginning_of_a_long_payload() -> None:
    with pytest.raises(BadEvent) as refused:
        events.timer({"text": "x" * 10_000})
    assert len(str(refused.value)) < 400


# --- EC2


@pytest.mark.parametrize("state", list(State))
def test_a_state_change_holds_the_instance_and_its_state(state: State) -> None:
    event = {"detail": {"instance-id": "i-1", "state": state.value}}
    assert events.state_change(event) == StateChange("i-1", state)


@pytest.mark.parametrize(
    ("event", "named"),
    [
        ([], "detail"),
        ({}, "detail"),
        ({"detail": None}, "detail"),
        ({"detail": "running"}, "detail"),
        ({"detail": {}}, "instance-id"),
        ({"detail": {"state": "running"}}, "instance-id"),
        ({"detail": {"instance-id": "", "state": "running"}}, "instance-id"),
        ({"detail": {"instance-id": 7, "state": "running"}}, "instance-id"),
        ({"detail": {"instance-id": "i-1"}}, "state"),
        ({"detail": {"instance-id": "i-1", "state": "rebooting"}}, "rebooting"),
        ({"detail": {"instance-id": "i-1", "state": ["running"]}}, "state"),
    ],
)
def test_a_state_change_that_lacks_something_is_refused_with_the_name_of_it(event: dict[str, Any], named: str) -> None:
    with pytest.raises(BadEvent, match=named):
        events.state_change(event)


# --- the stream


def change(image: object, kind: str = "MODIFY", **more: object) -> dict[str, Any]:
    """Return a stream record with this new image."""
    return {"eventID": "e1", "eventName": kind, "dynamodb": {"NewImage": image, **more}}


IMAGE = {"id": {"S": "m1"}, "status": {"S": "HEALTHY"}}


@pytest.mark.parametrize("kind", ["INSERT", "MODIFY"])
def test_a_record_yields_the_row_as_it_was_written_and_when(kind: str) -> None:
    (told,) = events.row_changes({"Records": [change(IMAGE, kind, ApproximateCreationDateTime=1772377200.0)]})
    assert isinstance(told, RowChange)
    assert (told.meeting.id, told.meeting.status) == ("m1", Status.HEALTHY)
    assert told.at == datetime(2026, 3, 1, 15, tzinfo=UTC)


@pytest.mark.parametrize("moment", [{}, {"ApproximateCreationDateTime": None}, {"ApproximateCreationDateTime": "now"}])
def test_a_record_need_not_say_when(moment: dict[str, Any]) -> None:
    (told,) = events.row_changes({"Records": [change(IMAGE, **moment)]})
    assert isinstance(told, RowChange)
    assert told.at is None


@pytest.mark.parametrize("moment", [1e18, -1e18, float("nan")])
def test_a_record_that_is_dated_beyond_the_calendar_is_understood_all_the_same(moment: float) -> None:
    (told,) = events.row_changes({"Records": [change(IMAGE, ApproximateCreationDateTime=moment)]})
    assert isinstance(told, RowChange)
    assert told.at is None


QUIET = {
    "history",
    "teacher_waiting_at",
    "teacher_seen_at",
    "teacher_connected_at",
    "student_disconnected_at",
    "student_missing",
    "student_missing_since",
}


@pytest.mark.parametrize("name", sorted(QUIET))
@pytest.mark.parametrize("old", [{}, {"S": "2026-03-01T14:00:00Z"}], ids=["new", "changed"])
def test_what_a_desktop_tells_again_and_again_says_nothing_of_itself(name: str, old: dict[str, str]) -> None:
    told = {"S": "2026-03-01T15:00:00Z"}
    before = IMAGE | ({name: old} if old else {})
    for image, old_image in ((IMAGE | {name: told}, before), (before, IMAGE | {name: told})):
        assert list(events.row_changes({"Records": [change(image, OldImage=old_image)]})) == []


@pytest.mark.parametrize(
    ("now", "before"),
    [
        (IMAGE | {"teacher_healthy_at": {"S": "2026-03-01T15:00:00Z"}, "teacher_seen_at": {"S": "x"}}, IMAGE),
        (IMAGE, IMAGE | {"teacher_seen_at": {"S": "x"}, "teacher_ec2_id": {"S": "i-1"}}),
        (IMAGE | {"pupil_seen_at": {"S": "x"}}, IMAGE),
        (IMAGE, IMAGE),
        (IMAGE | {"teacher_seen_at": {"S": "x"}}, None),
    ],
    ids=["with a report", "with a desktop that is gone", "of nobody", "nothing", "a new row"],
)
def test_a_write_of_anything_else_is_looked_at(now: dict[str, Any], before: dict[str, Any] | None) -> None:
    (told,) = events.row_changes({"Records": [change(now, OldImage=before)]})
    assert isinstance(told, RowChange)


def _uploads(before: dict[str, Any] | None, url: str) -> set[str]:
    image = IMAGE | {"teacher_session_data": {"S": url}}
    (told,) = events.row_changes({"Records": [change(image, OldImage=before, ApproximateCreationDateTime=1e9)]})
    assert isinstance(told, RowChange)
    return {role.value for role in told.meeting.uploads}


@pytest.mark.parametrize(
    ("before", "url", "roles"),
    [
        (IMAGE, "https://s.example.com/1", {"teacher"}),
        (None, "https://s.example.com/1", {"teacher"}),
        (IMAGE | {"teacher_session_data": {"S": ""}}, "https://s.example.com/1", {"teacher"}),
        (IMAGE | {"teacher_session_data": {"S": "https://s.example.com/1"}}, "https://s.example.com/2", {"teacher"}),
        (
            IMAGE | {"teacher_session_data": {"S": "https://s.example.com/1"}, "status": {"S": "DNS_WRITTEN"}},
            "https://s.example.com/1",
            set(),
        ),
        (IMAGE, " ", set()),
    ],
    ids=["the first", "a new row", "after an empty one", "another address", "another write", "an empty one"],
)
def test_an_upload_is_told_of_by_its_address(before: dict[str, Any] | None, url: str, roles: set[str]) -> None:
    assert _uploads(before, url) == roles


def test_a_deletion_says_nothing() -> None:
    record = {"eventName": "REMOVE", "dynamodb": {"Keys": {"id": {"S": "m1"}}}}
    assert list(events.row_changes({"Records": [record]})) == []


BAD_RECORDS: list[object] = [
    None,
    "record",
    {},
    {"eventName": "MODIFY"},
    {"eventName": "MODIFY", "dynamodb": "image"},
    {"eventName": "MODIFY", "dynamodb": {"Keys": {"id": {"S": "m1"}}}},
    change(None),
    change({}),
    change({"status": {"S": "HEALTHY"}}),
    change({"id": {"S": ""}}),
    change({"id": {"N": "7"}}),
    change({"id": "m1"}),
    change({"id": {}}),
    change({"id": {"S": "m1", "N": "1"}}),
    change({"id": {"S": "m1"}, "teacher_attempt": {"N": "seven"}}),
    change({"id": {"S": "m1"}, "teacher_attempt": {"N": [7]}}),
    change({"id": {"S": "m1"}, "more": {"M": "nothing"}}),
    change({"id": {"S": "m1"}, "more": {"L": None}}),
]


@pytest.mark.parametrize("record", BAD_RECORDS, ids=repr)
def test_a_record_that_cannot_be_understood_does_not_stop_the_others(record: object) -> None:
    first, second, third = events.row_changes({"Records": [change(IMAGE), record, change(IMAGE)]})
    assert isinstance(first, RowChange)
    assert isinstance(second, BadEvent)
    assert isinstance(third, RowChange)


def test_a_refused_record_is_named_by_its_event_id() -> None:
    (refused,) = events.row_changes({"Records": [change({"status": {"S": "HEALTHY"}})]})
    assert "e1" in str(refused)
    assert "id" in str(refused)


GARBAGE_VALUES: list[dict[str, Any]] = [
    {"S": "garbage"},
    {"N": "99999999999999999999"},
    {"N": "-1E+100"},
    {"BOOL": True},
    {"NULL": True},
    {"L": [{"S": "a"}]},
    {"M": {"a": {"S": "b"}}},
    {"SS": ["a"]},
    {"B": "AAAA"},
]


@pytest.mark.parametrize("value", GARBAGE_VALUES, ids=repr)
@pytest.mark.parametrize("name", ["meet_time", "created_at", "duration_minutes", "status", "teacher_attempt", "open"])
def test_a_row_with_garbage_is_a_row_all_the_same(name: str, value: dict[str, Any]) -> None:
    (told,) = events.row_changes({"Records": [change({"id": {"S": "m1"}, name: value})]})
    assert isinstance(told, RowChange)
    assert told.meeting.id == "m1"


@pytest.mark.parametrize("event", [{}, {"Records": None}, {"Records": {}}, {"records": []}, [], "x", None], ids=repr)
def test_an_event_without_records_is_refused(event: object) -> None:
    with pytest.raises(BadEvent, match="Records"):
        list(events.row_changes(event))


def test_a_batch_without_records_says_nothing() -> None:
    assert list(events.row_changes({"Records": []})) == []
