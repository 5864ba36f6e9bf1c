"""The port `Meetings`: reading one row, and all that are open."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from chalicelib.control.ports import Meetings
from chalicelib.domain import rows
from chalicelib.domain.errors import BadEvent, NoSuchMeeting, Unavailable
from chalicelib.domain.model import Meeting, Status
from chalicelib.domain.update import Update
from tests.contract.meetings.stages import TABLE, RealStage, Stage


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

    @pytest.mark.parametrize("meeting_id", ["", "a" * 2049, "ü" * 1025, "\ud800"])
    def test_an_id_that_no_row_can_have_is_that_of_no_meeting(self, stage: Stage, meeting_id: str) -> None:
        with pytest.raises(NoSuchMeeting):
            stage.meetings.get(meeting_id)

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


def listed(meetings: Meetings) -> list[Meeting]:
    return [meeting for page in meetings.open() for meeting in page]


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


def on_day(meetings: Meetings, day: str) -> list[list[str]]:
    """Return the ids on a day, page by page."""
    pages, after = [], None
    while True:
        page, after = meetings.of_day(day, after)
        pages.append([meeting.id for meeting in page])
        if after is None:
            return pages


class TestADay:
    def test_lists_the_meetings_of_that_day_alone_whatever_became_of_them(self, stage: Stage) -> None:
        stage.put({"id": "m1", "day": "2026-03-01", "status": "TERMINATED"})
        stage.put({"id": "m2", "day": "2026-03-02", "open": "1"})
        stage.put({"id": "m3"})
        assert on_day(stage.meetings, "2026-03-01") == [["m1"]]
        assert on_day(stage.meetings, "2026-03-03") == [[]]

    def test_a_meeting_that_is_moved_is_on_its_new_day(self, stage: Stage) -> None:
        stage.put({"id": "m1", "day": "2026-03-01"})
        stage.meetings.update("m1", Update("why", {"day": "2026-03-02"}))
        assert on_day(stage.meetings, "2026-03-01") == [[]]
        assert on_day(stage.meetings, "2026-03-02") == [["m1"]]

    def test_a_long_day_comes_in_pages_each_meeting_once(self, stage: Stage) -> None:
        for number in range(205):
            stage.put({"id": f"m{number}", "day": "2026-03-01"})
        pages = on_day(stage.meetings, "2026-03-01")
        assert [len(page) for page in pages] == [100, 100, 5]
        assert len({each for page in pages for each in page}) == 205


class TestBatches:
    """The index tells ids alone, so the rows are read by themselves, as they are by then."""

    def listed_by_the_index(self, real: RealStage, *ids: str) -> None:
        keys = [{"id": {"S": meeting_id}, "open": {"S": "1"}} for meeting_id in ids]
        real.account.instead["Query"] = {"Items": keys, "Count": len(keys)}

    def test_a_hundred_rows_are_read_at_once(self, real: RealStage) -> None:
        for number in range(101):
            real.put({"id": f"m{number}", "open": "1"})
        assert [len(page) for page in real.meetings.open()] == [100, 1]
        assert len(real.account.requests.to("BatchGetItem")) == 2

    def test_who_is_gone_or_closed_by_then_is_left_out(self, real: RealStage) -> None:
        real.put({"id": "open", "open": "1"})
        real.put({"id": "closed"})
        self.listed_by_the_index(real, "gone", "closed", "open")
        assert [meeting.id for meeting in listed(real.meetings)] == ["open"]

    def test_what_dynamodb_leaves_out_is_asked_for_again(self, real: RealStage) -> None:
        ids = {f"m{number}" for number in range(45)}
        for meeting_id in ids:
            real.put({"id": meeting_id, "open": "1", "note": "x" * 390_000})  # a batch ends at 16 MB
        self.listed_by_the_index(real, *ids)
        assert {meeting.id for meeting in listed(real.meetings)} == ids
        assert len(real.account.requests.to("BatchGetItem")) == 1 + len(real.naps) == 2

    def test_what_is_left_out_for_good_is_unknown_and_not_gone(self, real: RealStage) -> None:
        self.listed_by_the_index(real, "m1")
        left = {TABLE: {"Keys": [{"id": {"S": "m1"}}]}}
        real.account.instead["BatchGetItem"] = {"Responses": {TABLE: []}, "UnprocessedKeys": left}
        with pytest.raises(Unavailable, match="1 rows were left out"):
            list(real.meetings.open())
        assert sorted(real.naps) == real.naps
        assert sum(real.naps) < 10


def test_a_row_without_a_usable_id_is_no_meeting() -> None:
    with pytest.raises(BadEvent):
        rows.meeting({"status": "HEALTHY"})
