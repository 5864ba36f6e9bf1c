"""What a row tells of itself: by the app's writes, by others', and for whoever asks."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from chalicelib.control import events
from chalicelib.control.events import RowChange
from chalicelib.domain import history, outside, rows, writes
from chalicelib.domain.history import APP, Entry
from chalicelib.domain.model import Meeting
from chalicelib.domain.update import Update

AT = datetime(2026, 3, 1, 15, tzinfo=UTC)
NOW = "2026-03-01T15:00:00Z"
ENTRY = {"at": NOW, "what": "the teacher came", "by": "the teacher"}


# --- several changes in one write


def test_what_is_written_together_is_one_entry_that_says_each_thing_once() -> None:
    changes = [Update("a came", by="the teacher"), Update("b is ready"), Update("b is ready", by="i-1", reason="ill")]
    whole = writes.together(changes)
    assert whole is not None
    assert whole.entries(AT) == (Entry(NOW, "a came; b is ready", "the teacher and i-1", "ill"),)


@pytest.mark.parametrize(("quiet", "entries"), [((True, True), 0), ((True, False), 1)])
def test_it_is_a_sign_of_life_where_each_is_one(quiet: tuple[bool, ...], entries: int) -> None:
    whole = writes.together(Update("it lives", quiet=each) for each in quiet)
    assert whole is not None
    assert len(whole.entries(AT)) == entries
    assert whole.by == APP


# --- for whoever asks


@pytest.mark.parametrize("garbage", [None, "a text", 7, True, {"a": 1}, rows.AsStored("SS", ["a"])], ids=repr)
def test_what_is_no_history_tells_nothing(garbage: Any) -> None:
    assert history.entries(Meeting("m", {"history": garbage})) == []
    assert history.entries(Meeting("m")) == []


def test_what_is_no_entry_is_left_out_and_the_others_are_told() -> None:
    folded = {"at": NOW, "until": NOW, "what": "12 earlier entries", "count": 12}
    odd = [7, "text", None, {"at": NOW}, {"what": 5}, ["what"]]
    by_hand = {"what": "moved", "at": 7, "by": None, "why": "ill", "more": "than that"}
    told = history.entries(Meeting("m", {"history": [folded, *odd, ENTRY, by_hand]}))
    assert told == [folded, ENTRY, {"what": "moved", "why": "ill"}]


# --- what others write


BEFORE = {"id": "m", "status": "LAUNCHED", "history": [ENTRY]}


@pytest.mark.parametrize(
    ("values", "what"),
    [
        ({"status": "HEALTHY", "instance_id": "i-1"}, "instance_id became i-1, status became HEALTHY"),
        ({"teacher_session_data": "s3://a/b"}, "teacher_session_data became s3://a/b"),
        ({"note": "x" * 100}, f"note became {'x' * 60}…"),
        ({"duration_minutes": 90, "teacher_seen_at": NOW}, "duration_minutes became 90"),
        ({"teacher_connected_at": NOW}, f"teacher_connected_at became {NOW}"),
    ],
)
def test_a_write_without_an_entry_is_somebody_elses(values: dict[str, Any], what: str) -> None:
    assert outside.written(BEFORE, BEFORE | values, AT) == (Entry(NOW, what, outside.OUTSIDE),)


def test_what_somebody_took_away_is_told_too() -> None:
    [entry] = outside.written(BEFORE | {"note": "a"}, BEFORE, AT)
    assert entry.what == "note was removed"


@pytest.mark.parametrize(
    "after",
    [
        BEFORE,
        BEFORE | {"status": "HEALTHY", "history": [ENTRY, ENTRY]},
        BEFORE | {"history": "by hand"},
        BEFORE | {"teacher_seen_at": NOW},
        BEFORE | {"student_waiting_at": NOW},
    ],
    ids=["nothing", "the app's own", "the history itself", "a sign of life", "somebody waits"],
)
def test_nothing_is_told_of(after: dict[str, Any]) -> None:
    assert outside.written(BEFORE, after, AT) == ()


def test_a_row_is_somebody_elses_where_it_begins_without_a_history() -> None:
    [entry] = outside.written(None, {"id": "m"}, AT)
    assert entry == Entry(NOW, "the row was made outside the app", outside.OUTSIDE)
    assert outside.written(None, BEFORE, AT) == ()


def test_what_has_no_moment_could_be_told_twice_and_is_not() -> None:
    assert outside.written(BEFORE, BEFORE | {"status": "HEALTHY"}, None) == ()


# --- as the stream brings it


def changes(before: dict[str, Any] | None, after: dict[str, Any], name: str = "MODIFY") -> list[Any]:
    data: dict[str, Any] = {"NewImage": rows.encode(after)["M"], "ApproximateCreationDateTime": AT.timestamp()}
    if before is not None:
        data["OldImage"] = rows.encode(before)["M"]
    return list(events.row_changes({"Records": [{"eventName": name, "dynamodb": data}]}))


def test_a_record_brings_what_others_wrote_also_where_no_rule_acts_on_it() -> None:
    [change] = changes(BEFORE, BEFORE | {"teacher_missing": ["a camera"]})
    assert isinstance(change, RowChange)
    assert [entry.what for entry in change.outside] == ["teacher_missing became ['a camera']"]


def test_a_record_without_the_row_before_tells_nothing_of_others() -> None:
    [change] = changes(None, BEFORE | {"status": "HEALTHY"})
    assert change.outside == ()
    [made] = changes(None, {"id": "m"}, "INSERT")
    assert len(made.outside) == 1


def test_the_apps_own_quiet_writes_ask_for_no_look() -> None:
    assert changes(BEFORE, BEFORE | {"teacher_connected_at": NOW, "history": [ENTRY, ENTRY]}) == []
    assert changes(BEFORE, BEFORE | {"teacher_seen_at": NOW}) == []
