"""The port `Meetings`: a write expects what was read."""

from __future__ import annotations

from datetime import timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from chalicelib.domain import rows
from chalicelib.domain.errors import Conflict
from chalicelib.domain.model import Reason, Status
from chalicelib.domain.seat import Role, attribute
from chalicelib.domain.update import Update
from tests.builders import change, without_history
from tests.contract.meetings.stages import AT, Stage

ODD: Any = ("odd",)
"""An attribute that the app does not know; somebody has made it."""


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
"""What is stored, and a value that a change may expect in its place."""

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
        stage.meetings.update("m1", change("why", {"status": Status.LAUNCHED}, ("teacher_ec2_link",)))
        assert stage.row("m1") == {"id": "m1", "status": "LAUNCHED", "note": "kept"}

    def test_only_removes(self, stage: Stage) -> None:
        stage.put({"id": "m1", "open": "1"})
        stage.meetings.update("m1", change("why", remove=("open",)))
        assert stage.row("m1") == {"id": "m1"}

    def test_removing_what_is_not_there_is_fine(self, stage: Stage) -> None:
        stage.put({"id": "m1"})
        stage.meetings.update("m1", change("why", {"a": 1}, ("b",)))
        assert stage.row("m1") == {"id": "m1", "a": 1}

    def test_stores_each_kind_of_value(self, stage: Stage) -> None:
        stage.put({"id": "m1"})
        values = {"text": "a", "empty": "", "count": 0, "flag": False, "at": AT, "why": Reason.SUCCESS, "null": None}
        stage.meetings.update("m1", change("why", values))
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
    def test_changes_the_row_where_what_it_expects_is_there(self, stage: Stage, stored: Any, expected: Any) -> None:
        stage.put({"id": "m1", "thing": stored})
        stage.meetings.update("m1", change("why", {"changed": "yes"}, expect={"thing": expected}))
        assert stage.row("m1") == {"id": "m1", "thing": stored, "changed": "yes"}

    @cases(UNMET)
    def test_is_refused_and_changes_nothing_where_that_has_changed(
        self, stage: Stage, stored: Any, expected: Any
    ) -> None:
        stage.put({"id": "m1", "thing": stored})
        with pytest.raises(Conflict, match="m1"):
            stage.meetings.update("m1", change("why", {"changed": "yes"}, expect={"thing": expected}))
        assert stage.row("m1") == {"id": "m1", "thing": stored}

    def test_may_expect_an_attribute_being_absent(self, stage: Stage) -> None:
        stage.put({"id": "m1"})
        stage.meetings.update("m1", change("why", {"changed": "yes"}, expect={"thing": None}))
        assert stage.row("m1") == {"id": "m1", "changed": "yes"}

    @pytest.mark.parametrize("expected", ["HEALTHY", "", 0, False, AT])
    def test_is_refused_where_it_expects_a_value_and_there_is_none(self, stage: Stage, expected: Any) -> None:
        stage.put({"id": "m1"})
        with pytest.raises(Conflict):
            stage.meetings.update("m1", change("why", {"changed": "yes"}, expect={"thing": expected}))
        assert stage.row("m1") == {"id": "m1"}

    def test_needs_all_that_it_expects(self, stage: Stage) -> None:
        stage.put({"id": "m1", "a": 1, "b": 2})
        with pytest.raises(Conflict):
            stage.meetings.update("m1", change("why", {"c": 3}, expect={"a": 1, "b": 1, "c": None}))
        stage.meetings.update("m1", change("why", {"c": 3}, expect={"a": 1, "b": 2, "c": None}))
        assert stage.row("m1") == {"id": "m1", "a": 1, "b": 2, "c": 3}

    def test_may_set_what_it_expects(self, stage: Stage) -> None:
        stage.put({"id": "m1", "status": "SCHEDULED"})
        update = change("why", {"status": Status.LAUNCHED}, expect={"status": Status.SCHEDULED})
        stage.meetings.update("m1", update)
        with pytest.raises(Conflict):
            stage.meetings.update("m1", update)
        assert stage.row("m1") == {"id": "m1", "status": "LAUNCHED"}

    def test_may_remove_what_it_expects(self, stage: Stage) -> None:
        stage.put({"id": "m1", "teacher_ec2_id": "i-1"})
        stage.meetings.update("m1", change("why", {}, ("teacher_ec2_id",), {"teacher_ec2_id": "i-1"}))
        assert stage.row("m1") == {"id": "m1"}

    def test_what_a_row_holds_can_be_expected_as_it_was_read(self, stage: Stage) -> None:
        stored = {"id": "m1", "text": "a", "count": 7, "flag": True, "null": None, "list": [1, "b"], "at": "15:00"}
        stage.put(stored)
        names: list[Any] = [*(name for name in stored if name != "id"), "absent"]
        expect = stage.meetings.get("m1").expect(*names)
        stage.meetings.update("m1", change("why", {"changed": "yes"}, expect=expect))
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
    def test_what_nobody_should_have_written_can_be_expected_too(self, stage: Stage, odd: Any) -> None:
        stage.put({"id": "m1", "odd": odd})
        expect = stage.meetings.get("m1").expect(*ODD)
        stage.meetings.update("m1", change("why", {"changed": "yes"}, expect=expect))
        assert without_history(stage.meetings.get("m1").row) == {"id": "m1", "odd": odd, "changed": "yes"}

    @pytest.mark.parametrize("update", [change("why", {"a": 1}), change("why", {"a": 1}, expect={"a": None})])
    def test_a_row_that_is_gone_is_a_conflict_and_does_not_come_back(self, stage: Stage, update: Update) -> None:
        with pytest.raises(Conflict, match="m1"):
            stage.meetings.update("m1", update)
        assert stage.row("m1") is None

    def test_a_row_that_is_gone_is_a_conflict_for_a_removal_too(self, stage: Stage) -> None:
        with pytest.raises(Conflict):
            stage.meetings.update("m1", change("why", remove=("open",)))
        assert stage.row("m1") is None

    @pytest.mark.parametrize("name", ["status", "open", "set", "remove", "and", "NULL", "size", "name", "Ünï", "a b"])
    def test_any_attribute_name_will_do_reserved_words_too(self, stage: Stage, name: str) -> None:
        stage.put({"id": "m1", name: "before", "gone": 1})
        stage.meetings.update("m1", change("why", {name: "after"}, ("gone",), {name: "before"}))
        assert stage.row("m1") == {"id": "m1", name: "after"}
        stage.meetings.update("m1", change("why", {"x": 1}, (name,), {name: "after"}))
        stage.meetings.update("m1", change("why", {"y": 1}, (), {name: None}))
        assert stage.row("m1") == {"id": "m1", "x": 1, "y": 1}

    def test_leaves_other_rows_alone(self, stage: Stage) -> None:
        stage.put({"id": "m1"})
        stage.put({"id": "m2"})
        stage.meetings.update("m1", change("why", {"a": 1}))
        assert stage.row("m2") == {"id": "m2"}

    def test_loses_to_a_write_that_came_between(self, stage: Stage) -> None:
        stage.put({"id": "m1", "status": "LAUNCHED"})
        expect = stage.meetings.get("m1").expect("status", attribute(Role.TEACHER, "session_data"))
        stage.change("m1", {"teacher_session_data": "s3://x"})
        with pytest.raises(Conflict):
            stage.meetings.update("m1", change("why", {"termination_reason": Reason.NO_SHOW}, expect=expect))
        assert stage.row("m1") == {"id": "m1", "status": "LAUNCHED", "teacher_session_data": "s3://x"}
