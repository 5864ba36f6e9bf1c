"""The port `Meetings`: the fake beside DynamoDB's API."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, ClassVar, Protocol

import pytest
from boto3.dynamodb.types import TypeDeserializer

from chalicelib import rows
from chalicelib.errors import BadEvent, Conflict, NoSuchMeeting, Unavailable
from chalicelib.model import Meeting, Reason, Role, Status, Update
from chalicelib.ports import Meetings
from chalicelib.repository import OPEN_INDEX, DynamoMeetings
from tests.fakes import FakeMeetings

from .conftest import NO_NETWORK, Account

TABLE = "elephant-meetings"
AT = datetime(2026, 3, 1, 15, 0, 0, 250000, tzinfo=UTC)


class Stage(Protocol):
    """A table, and those who write to it without asking the port."""

    meetings: Meetings

    def put(self, row: Mapping[str, Any]) -> None:
        """Write a whole row, as somebody in the console does."""

    def change(self, meeting_id: str, values: Mapping[str, Any], remove: Collection[str] = ()) -> None:
        """Change a row blindly, as a desktop does: it comes into being if it is not there."""

    def row(self, meeting_id: str) -> dict[str, Any] | None:
        """Return the row as it is stored."""


class FakeStage:
    def __init__(self) -> None:
        self._fake = FakeMeetings()
        self.meetings: Meetings = self._fake

    def put(self, row: Mapping[str, Any]) -> None:
        self._fake.rows.pop(row["id"], None)
        self._fake.write(row["id"], row)

    def change(self, meeting_id: str, values: Mapping[str, Any], remove: Collection[str] = ()) -> None:
        self._fake.write(meeting_id, values, remove)

    def row(self, meeting_id: str) -> dict[str, Any] | None:
        return self._fake.rows.get(meeting_id)


class RealStage:
    def __init__(self, account: Account) -> None:
        self.account = account
        self.table = account.client("dynamodb")
        self.table.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("id", "open")],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": OPEN_INDEX,
                    "KeySchema": [{"AttributeName": "open", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        self.meetings: Meetings = DynamoMeetings(account.watched_client("dynamodb"), TABLE)

    def put(self, row: Mapping[str, Any]) -> None:
        self.table.put_item(TableName=TABLE, Item={name: rows.encode(value) for name, value in row.items()})

    def change(self, meeting_id: str, values: Mapping[str, Any], remove: Collection[str] = ()) -> None:
        changed = {name: {"Action": "PUT", "Value": rows.encode(value)} for name, value in values.items()}
        removed = {name: {"Action": "DELETE"} for name in remove}
        self.table.update_item(TableName=TABLE, Key={"id": {"S": meeting_id}}, AttributeUpdates=changed | removed)

    def row(self, meeting_id: str) -> dict[str, Any] | None:
        item = self.table.get_item(TableName=TABLE, Key={"id": {"S": meeting_id}}, ConsistentRead=True).get("Item")
        return {name: TypeDeserializer().deserialize(value) for name, value in item.items()} if item else None


@pytest.fixture
def real(account: Account) -> RealStage:
    return RealStage(account)


@pytest.fixture(params=["fake", "real"])
def stage(request: pytest.FixtureRequest) -> Stage:
    stage: Stage = FakeStage() if request.param == "fake" else request.getfixturevalue("real")
    return stage


def listed(meetings: Meetings) -> list[Meeting]:
    return [meeting for page in meetings.open() for meeting in page]


class TestGet:
    def test_returns_the_meeting_that_the_row_tells_of(self, stage: Stage) -> None:
        stage.put(
            {
                "id": "m1",
                "status": "HEALTHY",
                "meet_time": "2026-03-01T15:00:00Z",
                "teacher_ec2_id": "i-1",
                "teacher_attempt": 2,
                "duration_minutes": 90,
                "open": "1",
            }
        )
        meeting = stage.meetings.get("m1")
        assert meeting.id == "m1"
        assert meeting.status is Status.HEALTHY
        assert meeting.meet_time == datetime(2026, 3, 1, 15, tzinfo=UTC)
        assert meeting.teacher.desktop_id == "i-1"
        assert meeting.teacher.attempt == 2
        assert meeting.duration == timedelta(minutes=90)
        assert meeting.listed

    def test_returns_the_row_as_stored_for_writes_to_rest_on(self, stage: Stage) -> None:
        stage.put({"id": "m1", "status": "SCHEDULED", "teacher_attempt": 2, "note": None, "flag": True})
        row = stage.meetings.get("m1").row
        assert row == {"id": "m1", "status": "SCHEDULED", "teacher_attempt": 2, "note": None, "flag": True}

    def test_knows_the_row_as_it_is_now(self, stage: Stage) -> None:
        stage.put({"id": "m1", "status": "SCHEDULED"})
        assert stage.meetings.get("m1").status is Status.SCHEDULED
        stage.change("m1", {"status": "HEALTHY", "instance_id": "i-1"})
        meeting = stage.meetings.get("m1")
        assert meeting.status is Status.HEALTHY
        assert meeting.reported == {"i-1"}

    def test_asks_for_a_strongly_consistent_read(self, real: RealStage) -> None:
        real.put({"id": "m1"})
        real.meetings.get("m1")
        assert [request["ConsistentRead"] for request in real.account.requests.to("GetItem")] == [True]

    def test_a_row_that_is_not_there_is_no_meeting(self, stage: Stage) -> None:
        stage.put({"id": "m1"})
        with pytest.raises(NoSuchMeeting, match="m2"):
            stage.meetings.get("m2")

    @pytest.mark.parametrize("meeting_id", ["m 1", "Ünï-©", "*", "a" * 1000, "status", "#id", ":v0"])
    def test_takes_any_id_literally(self, stage: Stage, meeting_id: str) -> None:
        stage.put({"id": meeting_id})
        stage.put({"id": "m1"})
        assert stage.meetings.get(meeting_id).id == meeting_id

    def test_a_row_written_by_hand_with_an_id_alone_is_pending(self, stage: Stage) -> None:
        stage.put({"id": "m1"})
        meeting = stage.meetings.get("m1")
        assert meeting.status is Status.PENDING
        assert not meeting.listed
        assert meeting.problems == ()

    def test_what_cannot_be_understood_is_reported_and_counts_as_unknown(self, stage: Stage) -> None:
        stage.put({"id": "m1", "meet_time": "tomorrow", "duration_minutes": "long", "status": "DONE"})
        meeting = stage.meetings.get("m1")
        assert meeting.meet_time is None
        assert meeting.duration is None
        assert meeting.status is Status.PENDING
        assert len(meeting.problems) == 3


class TestCreate:
    def test_stores_a_new_row(self, stage: Stage) -> None:
        row = {"id": "m1", "status": Status.SCHEDULED, "meet_time": AT, "duration_minutes": 60, "open": "1"}
        assert stage.meetings.create(row) is True
        assert stage.row("m1") == {
            "id": "m1",
            "status": "SCHEDULED",
            "meet_time": "2026-03-01T15:00:00.250000Z",
            "duration_minutes": 60,
            "open": "1",
        }

    def test_what_it_stored_is_what_is_read(self, stage: Stage) -> None:
        stage.meetings.create({"id": "m1", "status": Status.SCHEDULED, "meet_time": AT, "duration_minutes": 60})
        meeting = stage.meetings.get("m1")
        assert (meeting.status, meeting.meet_time, meeting.duration) == (
            Status.SCHEDULED,
            AT,
            timedelta(minutes=60),
        )

    def test_stores_a_time_of_another_zone_in_utc(self, stage: Stage) -> None:
        stage.meetings.create({"id": "m1", "meet_time": AT.astimezone(timezone(timedelta(hours=-8)))})
        assert stage.row("m1") == {"id": "m1", "meet_time": "2026-03-01T15:00:00.250000Z"}

    def test_refuses_an_id_that_is_taken_and_changes_nothing(self, stage: Stage) -> None:
        stage.put({"id": "m1", "status": "IN_PROGRESS", "teacher_ec2_id": "i-1"})
        assert stage.meetings.create({"id": "m1", "status": Status.SCHEDULED}) is False
        assert stage.row("m1") == {"id": "m1", "status": "IN_PROGRESS", "teacher_ec2_id": "i-1"}

    def test_refuses_it_the_second_time(self, stage: Stage) -> None:
        assert stage.meetings.create({"id": "m1", "note": "first"}) is True
        assert stage.meetings.create({"id": "m1", "note": "second"}) is False
        assert stage.row("m1") == {"id": "m1", "note": "first"}


EXPECTED: list[tuple[str, Any, Any]] = [
    ("text", "HEALTHY", "HEALTHY"),
    ("empty text", "", ""),
    ("a whole number", 3, 3),
    ("zero", 0, 0),
    ("a boolean", True, True),
    ("a time", "2026-03-01T15:00:00.250000Z", AT),
    ("a status", "HEALTHY", Status.HEALTHY),
    ("a reason", "SUCCESS", Reason.SUCCESS),
    ("a role", "teacher", Role.TEACHER),
    ("NULL", None, None),
    ("a list", ["a", 1], ["a", 1]),
]
"""What is stored, and the value that a change rests on when it expects just that."""

UNMET: list[tuple[str, Any, Any]] = [
    ("another text", "HEALTHY", "LAUNCHED"),
    ("text where it is empty", "", "HEALTHY"),
    ("another number", 3, 4),
    ("a number where there is text", "3", 3),
    ("text where there is a number", 3, "3"),
    ("another time", "2026-03-01T15:00:00Z", AT),
    ("another status", "HEALTHY", Status.LAUNCHED),
    ("nothing where there is text", "HEALTHY", None),
    ("nothing where it is empty", "", None),
    ("nothing where there is zero", 0, None),
    ("nothing where there is false", False, None),
    ("text where there is NULL", None, "HEALTHY"),
    ("zero where there is NULL", None, 0),
]


def cases(table: list[tuple[str, Any, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("stored", "expected"), [pytest.param(stored, expected, id=name) for name, stored, expected in table]
    )


class TestUpdate:
    def test_sets_and_removes_and_leaves_the_rest(self, stage: Stage) -> None:
        stage.put({"id": "m1", "status": "SCHEDULED", "teacher_ec2_link": "https://x", "note": "kept"})
        stage.meetings.update("m1", Update("why", {"status": Status.LAUNCHED}, ("teacher_ec2_link",)))
        assert stage.row("m1") == {"id": "m1", "status": "LAUNCHED", "note": "kept"}

    def test_only_removes(self, stage: Stage) -> None:
        stage.put({"id": "m1", "open": "1"})
        stage.meetings.update("m1", Update("why", remove=("open",)))
        assert stage.row("m1") == {"id": "m1"}

    def test_removing_what_is_not_there_is_fine(self, stage: Stage) -> None:
        stage.put({"id": "m1"})
        stage.meetings.update("m1", Update("why", {"a": 1}, ("b",)))
        assert stage.row("m1") == {"id": "m1", "a": 1}

    def test_stores_each_kind_of_value(self, stage: Stage) -> None:
        stage.put({"id": "m1"})
        values = {"text": "a", "empty": "", "count": 0, "flag": False, "at": AT, "why": Reason.SUCCESS, "null": None}
        stage.meetings.update("m1", Update("why", values))
        assert stage.row("m1") == {
            "id": "m1",
            "text": "a",
            "empty": "",
            "count": 0,
            "flag": False,
            "at": "2026-03-01T15:00:00.250000Z",
            "why": "SUCCESS",
            "null": None,
        }

    @cases(EXPECTED)
    def test_changes_the_row_where_what_it_rests_on_still_stands(
        self, stage: Stage, stored: Any, expected: Any
    ) -> None:
        stage.put({"id": "m1", "thing": stored})
        stage.meetings.update("m1", Update("why", {"changed": "yes"}, expect={"thing": expected}))
        assert stage.row("m1") == {"id": "m1", "thing": stored, "changed": "yes"}

    @cases(UNMET)
    def test_is_refused_and_changes_nothing_where_that_has_changed(
        self, stage: Stage, stored: Any, expected: Any
    ) -> None:
        stage.put({"id": "m1", "thing": stored})
        with pytest.raises(Conflict, match="m1"):
            stage.meetings.update("m1", Update("why", {"changed": "yes"}, expect={"thing": expected}))
        assert stage.row("m1") == {"id": "m1", "thing": stored}

    def test_may_rest_on_an_attribute_being_absent(self, stage: Stage) -> None:
        stage.put({"id": "m1"})
        stage.meetings.update("m1", Update("why", {"changed": "yes"}, expect={"thing": None}))
        assert stage.row("m1") == {"id": "m1", "changed": "yes"}

    @pytest.mark.parametrize("expected", ["HEALTHY", "", 0, False, AT])
    def test_is_refused_where_it_rests_on_a_value_and_there_is_none(self, stage: Stage, expected: Any) -> None:
        stage.put({"id": "m1"})
        with pytest.raises(Conflict):
            stage.meetings.update("m1", Update("why", {"changed": "yes"}, expect={"thing": expected}))
        assert stage.row("m1") == {"id": "m1"}

    def test_needs_all_that_it_rests_on(self, stage: Stage) -> None:
        stage.put({"id": "m1", "a": 1, "b": 2})
        with pytest.raises(Conflict):
            stage.meetings.update("m1", Update("why", {"c": 3}, expect={"a": 1, "b": 1, "c": None}))
        stage.meetings.update("m1", Update("why", {"c": 3}, expect={"a": 1, "b": 2, "c": None}))
        assert stage.row("m1") == {"id": "m1", "a": 1, "b": 2, "c": 3}

    def test_may_set_what_it_rests_on(self, stage: Stage) -> None:
        stage.put({"id": "m1", "status": "SCHEDULED"})
        change = Update("why", {"status": Status.LAUNCHED}, expect={"status": Status.SCHEDULED})
        stage.meetings.update("m1", change)
        with pytest.raises(Conflict):
            stage.meetings.update("m1", change)
        assert stage.row("m1") == {"id": "m1", "status": "LAUNCHED"}

    def test_may_remove_what_it_rests_on(self, stage: Stage) -> None:
        stage.put({"id": "m1", "teacher_ec2_id": "i-1"})
        stage.meetings.update("m1", Update("why", {}, ("teacher_ec2_id",), {"teacher_ec2_id": "i-1"}))
        assert stage.row("m1") == {"id": "m1"}

    def test_what_a_row_holds_can_be_rested_on_as_it_was_read(self, stage: Stage) -> None:
        stored = {"id": "m1", "text": "a", "count": 7, "flag": True, "null": None, "list": [1, "b"], "at": "15:00"}
        stage.put(stored)
        names = [name for name in stored if name != "id"]
        rests_on = stage.meetings.get("m1").as_stored(*names, "absent")
        stage.meetings.update("m1", Update("why", {"changed": "yes"}, expect=rests_on))
        assert stage.row("m1") == {**stored, "changed": "yes"}

    @pytest.mark.parametrize(
        "odd",
        [
            Decimal("60.12345678901234567890"),
            rows.AsStored("SS", ["a", "b"]),
            rows.AsStored("NS", ["1", "2.5"]),
            rows.AsStored("B", b"a"),
            [rows.AsStored("BS", [b"a"])],
        ],
        ids=repr,
    )
    def test_what_nobody_should_have_written_can_be_rested_on_too(self, stage: Stage, odd: Any) -> None:
        stage.put({"id": "m1", "odd": odd})
        rests_on = stage.meetings.get("m1").as_stored("odd")
        stage.meetings.update("m1", Update("why", {"changed": "yes"}, expect=rests_on))
        assert stage.meetings.get("m1").row == {"id": "m1", "odd": odd, "changed": "yes"}

    @pytest.mark.parametrize("change", [Update("why", {"a": 1}), Update("why", {"a": 1}, expect={"a": None})])
    def test_a_row_that_is_gone_is_a_conflict_and_does_not_come_back(self, stage: Stage, change: Update) -> None:
        with pytest.raises(Conflict, match="m1"):
            stage.meetings.update("m1", change)
        assert stage.row("m1") is None

    def test_a_row_that_is_gone_is_a_conflict_for_a_removal_too(self, stage: Stage) -> None:
        with pytest.raises(Conflict):
            stage.meetings.update("m1", Update("why", remove=("open",)))
        assert stage.row("m1") is None

    @pytest.mark.parametrize("name", ["status", "open", "set", "remove", "and", "NULL", "size", "name", "Ünï", "a b"])
    def test_any_attribute_name_will_do_reserved_words_too(self, stage: Stage, name: str) -> None:
        stage.put({"id": "m1", name: "before", "gone": 1})
        stage.meetings.update("m1", Update("why", {name: "after"}, ("gone",), {name: "before"}))
        assert stage.row("m1") == {"id": "m1", name: "after"}
        stage.meetings.update("m1", Update("why", {"x": 1}, (name,), {name: "after"}))
        stage.meetings.update("m1", Update("why", {"y": 1}, (), {name: None}))
        assert stage.row("m1") == {"id": "m1", "x": 1, "y": 1}

    def test_leaves_other_rows_alone(self, stage: Stage) -> None:
        stage.put({"id": "m1"})
        stage.put({"id": "m2"})
        stage.meetings.update("m1", Update("why", {"a": 1}))
        assert stage.row("m2") == {"id": "m2"}

    def test_loses_to_a_write_that_came_between(self, stage: Stage) -> None:
        stage.put({"id": "m1", "status": "LAUNCHED"})
        rests_on = stage.meetings.get("m1").as_stored("status", "teacher_session_data")
        stage.change("m1", {"teacher_session_data": "s3://x"})
        with pytest.raises(Conflict):
            stage.meetings.update("m1", Update("why", {"termination_reason": Reason.NO_SHOW}, expect=rests_on))
        assert stage.row("m1") == {"id": "m1", "status": "LAUNCHED", "teacher_session_data": "s3://x"}


class TestOpen:
    def test_lists_only_the_open_meetings(self, stage: Stage) -> None:
        stage.put({"id": "open", "open": "1", "status": "SCHEDULED"})
        stage.put({"id": "never opened"})
        stage.put({"id": "closed", "open": "0"})
        assert [(m.id, m.status, m.listed) for m in listed(stage.meetings)] == [("open", Status.SCHEDULED, True)]

    def test_lists_what_is_open_by_now(self, stage: Stage) -> None:
        stage.put({"id": "m1"})
        stage.put({"id": "m2", "open": "1"})
        stage.meetings.update("m1", Update("why", {"open": rows.LISTED}))
        stage.meetings.update("m2", Update("why", remove=("open",)))
        assert [meeting.id for meeting in listed(stage.meetings)] == ["m1"]

    def test_lists_whole_rows(self, stage: Stage) -> None:
        row = {"id": "m1", "open": "1", "teacher_ec2_id": "i-1", "anything": [1]}
        stage.put(row)
        assert [meeting.row for meeting in listed(stage.meetings)] == [row]

    def test_lists_nothing_where_there_is_nothing(self, stage: Stage) -> None:
        assert listed(stage.meetings) == []

    def test_lists_rows_that_cannot_be_understood_with_the_others(self, stage: Stage) -> None:
        stage.put({"id": "m1", "open": "1", "meet_time": "tomorrow"})
        stage.put({"id": "m2", "open": "1"})
        assert {meeting.id for meeting in listed(stage.meetings)} == {"m1", "m2"}

    def test_lists_many(self, stage: Stage) -> None:
        for number in range(60):
            stage.put({"id": f"m{number}", "open": "1"})
        assert {meeting.id for meeting in listed(stage.meetings)} == {f"m{number}" for number in range(60)}

    def test_goes_on_to_the_next_page(self, real: RealStage) -> None:
        ids = {f"m{number}" for number in range(4)}
        for meeting_id in ids:
            real.put({"id": meeting_id, "open": "1", "note": "x" * 390_000})  # a page ends at 1 MB
        pages = list(real.meetings.open())
        assert len(pages) > 1
        assert sorted(meeting.id for page in pages for meeting in page) == sorted(ids)
        assert len(real.account.requests.to("Query")) == len(pages)


class TestWithoutAnAnswer:
    """Every method may raise `Unavailable`; then nothing was concluded."""

    ACTS: ClassVar[dict[str, Callable[[Meetings], object]]] = {
        "GetItem": lambda meetings: meetings.get("m1"),
        "PutItem": lambda meetings: meetings.create({"id": "m1"}),
        "UpdateItem": lambda meetings: meetings.update("m1", Update("why", {"a": 1})),
        "Query": lambda meetings: list(meetings.open()),
    }

    @pytest.mark.parametrize("operation", ACTS)
    @pytest.mark.parametrize(
        "failure",
        [("ProvisionedThroughputExceededException", 400), ("InternalServerError", 500), NO_NETWORK],
        ids=["throttled", "broken", "no network"],
    )
    def test_the_table_is_unavailable(self, real: RealStage, operation: str, failure: Any) -> None:
        real.account.instead[operation] = failure
        with pytest.raises(Unavailable, match=TABLE):
            self.ACTS[operation](real.meetings)

    @pytest.mark.parametrize("operation", ACTS)
    def test_a_table_that_is_not_there_is_unavailable_rather_than_empty(self, real: RealStage, operation: str) -> None:
        real.table.delete_table(TableName=TABLE)
        with pytest.raises(Unavailable, match=TABLE):
            self.ACTS[operation](real.meetings)


def test_a_row_without_a_usable_id_is_no_meeting() -> None:
    with pytest.raises(BadEvent):
        rows.meeting({"status": "HEALTHY"})
