"""The port `Calendar` over two stages: the fake, and DynamoDB's API. A booking is written whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, ClassVar, Protocol
from unittest.mock import Mock

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters.calendar import DynamoCalendar
from chalicelib.adapters.dynamodb import DynamoMeetings
from chalicelib.control.ports import Calendar
from chalicelib.domain import rows
from chalicelib.domain.calendar import Week, quarter_of, week_of
from chalicelib.domain.errors import Conflict, Unavailable
from chalicelib.domain.update import Update
from tests.contract.conftest import NO_NETWORK, Account
from tests.fake_calendar import FakeCalendar
from tests.fakes import FakeMeetings

MEETINGS, STATE = "elephant-meetings", "elephant-state"
FIRST = week_of(quarter_of(datetime(2026, 3, 2, tzinfo=UTC)))
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ROW = {"id": "m1", "status": "SCHEDULED", "duration_minutes": 60}


def counting(week: Week, **desktops: int) -> Week:
    """Return the week with these many desktops in these quarters, `q5=2` in the sixth."""
    counts = list(week.desktops)
    for name, count in desktops.items():
        counts[int(name[1:])] = count
    return replace(week, desktops=tuple(counts))


def _calendar(client: Any) -> DynamoCalendar:
    return DynamoCalendar(client, STATE, DynamoMeetings(client, MEETINGS, lambda: NOW, lambda _: None))


class Stage(Protocol):
    """A calendar beside a table of meetings."""

    calendar: Calendar

    def meetings(self) -> list[dict[str, Any]]:
        """Return the rows that are stored."""


class FakeStage:
    def __init__(self) -> None:
        self._meetings = FakeMeetings()
        self.calendar: Calendar = FakeCalendar(self._meetings)

    def meetings(self) -> list[dict[str, Any]]:
        return list(self._meetings.rows.values())


class RealStage:
    def __init__(self, account: Account) -> None:
        self.account = account
        self.tables = account.client("dynamodb")
        for name in (MEETINGS, STATE):
            self.tables.create_table(
                TableName=name,
                BillingMode="PAY_PER_REQUEST",
                AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
                KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            )
        self.calendar: Calendar = _calendar(account.watched_client("dynamodb"))

    def meetings(self) -> list[dict[str, Any]]:
        return [rows.decode(item) for item in self.tables.scan(TableName=MEETINGS)["Items"]]

    def items(self) -> list[dict[str, Any]]:
        return [rows.decode(item) for item in self.tables.scan(TableName=STATE)["Items"]]


@pytest.fixture
def real(account: Account) -> RealStage:
    return RealStage(account)


@pytest.fixture(params=["fake", "real"])
def stage(request: pytest.FixtureRequest) -> Stage:
    stage: Stage = FakeStage() if request.param == "fake" else request.getfixturevalue("real")
    return stage


def read(stage: Stage, *numbers: int) -> list[Week]:
    """Return these weeks, the first one where none is named."""
    return list(stage.calendar.read(numbers or (FIRST,)).values())


class TestRead:
    def test_a_week_that_was_never_written_is_empty(self, stage: Stage) -> None:
        assert read(stage, FIRST, FIRST + 9) == [Week(FIRST), Week(FIRST + 9)]

    def test_what_was_written_is_what_is_read(self, stage: Stage) -> None:
        [week] = read(stage)
        stage.calendar.correct(counting(week, q0=2, q5=14, q671=1000))
        assert read(stage, FIRST - 1, FIRST) == [
            Week(FIRST - 1),
            replace(counting(week, q0=2, q5=14, q671=1000), revision=1),
        ]

    def test_a_year_is_read_at_once(self, stage: Stage) -> None:
        assert len(read(stage, *range(FIRST, FIRST + 56))) == 56


class TestBook:
    def test_stores_the_row_and_its_weeks(self, stage: Stage) -> None:
        weeks = read(stage, FIRST, FIRST + 1)
        assert stage.calendar.book(ROW, [counting(weeks[0], q671=2), counting(weeks[1], q0=2)]) is True
        assert stage.meetings() == [ROW]
        assert [(week.desktops[0], week.desktops[671]) for week in read(stage, FIRST, FIRST + 1)] == [(0, 2), (2, 0)]

    def test_books_upon_what_was_booked(self, stage: Stage) -> None:
        for number in (1, 2, 3):
            [week] = read(stage)
            assert stage.calendar.book(ROW | {"id": f"m{number}"}, [counting(week, q7=2 * number)])
        [week] = read(stage)
        assert (week.desktops[7], week.revision) == (6, 3)

    def test_changes_nothing_where_the_id_is_taken(self, stage: Stage) -> None:
        [week] = read(stage)
        stage.calendar.book(ROW, [counting(week, q7=2)])
        [week] = read(stage)
        assert stage.calendar.book(ROW | {"status": "HEALTHY"}, [counting(week, q7=4)]) is False
        assert (stage.meetings(), read(stage)) == ([ROW], [week])

    def test_says_that_the_id_is_taken_though_the_week_has_changed_too(self, stage: Stage) -> None:
        [week] = read(stage)
        stage.calendar.book(ROW, [counting(week, q7=2)])
        assert stage.calendar.book(ROW, [counting(week, q7=2)]) is False

    @pytest.mark.parametrize("written_before", [0, 1])
    def test_stores_nothing_where_a_week_has_changed(self, stage: Stage, written_before: int) -> None:
        for _ in range(written_before):
            [week] = read(stage)
            stage.calendar.correct(counting(week, q3=2))
        weeks = read(stage, FIRST, FIRST + 1)
        stage.calendar.book(ROW, [counting(weeks[1], q7=2)])
        stands = read(stage, FIRST, FIRST + 1)
        with pytest.raises(Conflict):
            stage.calendar.book({"id": "m2"}, [counting(week, q7=2) for week in weeks])
        assert (stage.meetings(), read(stage, FIRST, FIRST + 1)) == ([ROW], stands)


class TestRebook:
    CHANGE = Update("moved", {"meet_time": "2026-03-02T10:00:00Z"}, (), {"status": "SCHEDULED"}, by="Ann")

    @pytest.fixture
    def booked(self, stage: Stage) -> Stage:
        [week] = read(stage)
        stage.calendar.book(ROW, [counting(week, q7=2)])
        return stage

    def test_changes_the_row_and_its_weeks_and_notes_it_in_the_rows_history(self, booked: Stage) -> None:
        weeks = read(booked, FIRST, FIRST + 1)
        booked.calendar.rebook("m1", self.CHANGE, [counting(weeks[0], q7=0), counting(weeks[1], q3=2)])
        [row] = booked.meetings()
        [entry] = row.pop("history")
        assert row == ROW | {"meet_time": "2026-03-02T10:00:00Z"}
        assert (entry["what"], entry["by"]) == ("moved", "Ann")
        assert [(week.desktops[7], week.desktops[3]) for week in read(booked, FIRST, FIRST + 1)] == [(0, 0), (0, 2)]

    @pytest.mark.parametrize(
        "change", [replace(CHANGE, expect={"status": "HEALTHY"}), replace(CHANGE, expect={"sequence": 1})]
    )
    def test_changes_nothing_where_the_row_is_not_what_was_expected(self, booked: Stage, change: Update) -> None:
        [week] = read(booked)
        with pytest.raises(Conflict):
            booked.calendar.rebook("m1", change, [counting(week, q7=0)])
        assert (booked.meetings(), read(booked)) == ([ROW], [week])

    def test_changes_nothing_where_a_week_has_changed(self, booked: Stage) -> None:
        [week] = read(booked)
        booked.calendar.correct(counting(week, q9=2))
        stands = read(booked)
        with pytest.raises(Conflict):
            booked.calendar.rebook("m1", self.CHANGE, [counting(week, q7=0)])
        assert (booked.meetings(), read(booked)) == ([ROW], stands)

    def test_makes_no_row_where_there_is_none(self, stage: Stage) -> None:
        [week] = read(stage)
        with pytest.raises(Conflict):
            stage.calendar.rebook("m1", replace(self.CHANGE, expect={}), [counting(week, q7=2)])
        assert (stage.meetings(), read(stage)) == ([], [week])

    def test_finds_room_in_a_history_that_is_full(self, booked: Stage) -> None:
        for number in range(203):
            [week] = read(booked)
            booked.calendar.rebook("m1", self.CHANGE, [counting(week, q7=number)])
        [row] = booked.meetings()
        assert len(row["history"]) <= 200
        assert row["history"][0]["count"] > 1


class TestCorrect:
    @pytest.mark.parametrize("written_before", [0, 1])
    def test_writes_nothing_where_the_week_has_changed(self, stage: Stage, written_before: int) -> None:
        for _ in range(written_before):
            [week] = read(stage)
            stage.calendar.correct(counting(week, q3=2))
        [week] = read(stage)
        stage.calendar.book(ROW, [counting(week, q7=2)])
        stands = read(stage)
        with pytest.raises(Conflict):
            stage.calendar.correct(counting(week, q7=0))
        assert read(stage) == stands


class TestOnDynamoDB:
    def test_an_item_is_a_week_and_leaves_by_itself_once_it_has_passed(self, real: RealStage) -> None:
        [week] = read(real)
        real.calendar.correct(counting(week, q0=2))
        [item] = real.items()
        assert (item["id"], item["desktops"][:2], item["revision"]) == ("calendar/2026-03-02", [2, 0], 1)
        assert datetime.fromtimestamp(item["expires"], UTC) == datetime(2026, 3, 23, tzinfo=UTC)

    def test_a_week_that_somebody_has_spoilt_is_named_with_what_to_do(self, real: RealStage) -> None:
        for spoilt in ({"desktops": [1, 2], "revision": 1}, {"revision": 1}, {"desktops": ["a"] * 672, "revision": 1}):
            item = {"id": "calendar/2026-03-02", **spoilt}
            real.tables.put_item(TableName=STATE, Item={name: rows.encode(value) for name, value in item.items()})
            with pytest.raises(Unavailable, match=r"calendar/2026-03-02 .* Delete it"):
                read(real)

    @pytest.mark.parametrize(
        ("codes", "outcome"),
        [
            (["ConditionalCheckFailed", "None"], "taken"),
            (["ConditionalCheckFailed", "TransactionConflict"], "taken"),
            (["None", "ConditionalCheckFailed"], "overtaken"),
            (["None", "TransactionConflict"], "overtaken"),
            (["TransactionConflict", "None"], "overtaken"),
            (["None", "ProvisionedThroughputExceeded"], "unavailable"),
            (["None", "ThrottlingError"], "unavailable"),
            ([], "unavailable"),
        ],
    )
    def test_a_cancelled_transaction_is_read_by_its_reasons(self, codes: list[str], outcome: str) -> None:
        answer: Any = {
            "Error": {"Code": "TransactionCanceledException", "Message": "Transaction cancelled."},
            "CancellationReasons": [{"Code": code} for code in codes],
        }
        client: Any = Mock()
        client.transact_write_items.side_effect = ClientError(answer, "TransactWriteItems")
        calendar = _calendar(client)
        if outcome == "taken":
            assert calendar.book(ROW, [Week(FIRST)]) is False
            return
        with pytest.raises(Conflict if outcome == "overtaken" else Unavailable):
            calendar.book(ROW, [Week(FIRST)])

    def test_a_correction_while_somebody_books_gives_way(self, real: RealStage) -> None:
        real.account.instead["PutItem"] = ("TransactionConflictException", 400)
        with pytest.raises(Conflict):
            real.calendar.correct(Week(FIRST))

    def test_a_part_of_an_answer_is_none(self, real: RealStage) -> None:
        keys = {STATE: {"Keys": [{"id": {"S": "calendar/2026-03-02"}}]}}
        real.account.instead["BatchGetItem"] = {"Responses": {STATE: []}, "UnprocessedKeys": keys}
        with pytest.raises(Unavailable, match=STATE):
            read(real)


class TestWithoutAnAnswer:
    ACTS: ClassVar[dict[str, Callable[[Calendar], object]]] = {
        "BatchGetItem": lambda calendar: calendar.read([FIRST]),
        "TransactWriteItems": lambda calendar: calendar.book(ROW, [Week(FIRST)]),
        "PutItem": lambda calendar: calendar.correct(Week(FIRST)),
    }

    @pytest.mark.parametrize("operation", ACTS)
    @pytest.mark.parametrize(
        "failure",
        [("ProvisionedThroughputExceededException", 400), ("InternalServerError", 500), NO_NETWORK],
        ids=["throttled", "broken", "no network"],
    )
    def test_the_calendar_is_unavailable(self, real: RealStage, operation: str, failure: Any) -> None:
        real.account.instead[operation] = failure
        with pytest.raises(Unavailable, match=STATE):
            self.ACTS[operation](real.calendar)

    @pytest.mark.parametrize("operation", ACTS)
    def test_a_table_that_is_not_there_is_unavailable_rather_than_empty(self, real: RealStage, operation: str) -> None:
        real.tables.delete_table(TableName=STATE)
        with pytest.raises(Unavailable, match=STATE):
            self.ACTS[operation](real.calendar)
