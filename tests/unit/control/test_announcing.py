"""Others are told what a batch of the stream says; a bus that fails is tried again, and not for ever."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import pytest

from chalicelib.control import announce
from chalicelib.control.announce import RETRY_FOR, Announcing
from chalicelib.control.events import RowImages, images
from chalicelib.control.ports import Announcer
from chalicelib.domain import rows
from chalicelib.domain.announcement import Announcement
from chalicelib.domain.errors import NotAnnounced
from chalicelib.rules.announcements import announcements
from tests.builders import HEALTHY, POLICY, SCHEDULED, T, meeting, row

NEW = RowImages(None, meeting(SCHEDULED), T)
MOVED = RowImages(meeting(SCHEDULED), meeting(SCHEDULED, meet_time=T + timedelta(hours=1)), T)


class FakeBus(Announcer):
    """A bus in memory, with what it fails with."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.failure: NotAnnounced | None = None

    def announce(self, announcements: Collection[Announcement]) -> None:
        self.calls.append([each.kind.value for each in announcements])
        if self.failure:
            raise self.failure


@pytest.fixture
def bus() -> FakeBus:
    return FakeBus()


def announcing(bus: FakeBus, now: datetime = T) -> Announcing:
    return Announcing(bus, lambda: now, POLICY)


def failure(*, passes: bool) -> NotAnnounced:
    return NotAnnounced("The bus is closed.", ({"id": "e1"},), passes=passes)


def test_a_batch_is_one_call_and_the_same_event_is_told_once(bus: FakeBus) -> None:
    announcing(bus).row_changes([NEW, MOVED, NEW])
    assert bus.calls == [["Meeting Scheduled", "Meeting Moved"]]


def test_a_batch_that_tells_nothing_is_no_call(bus: FakeBus) -> None:
    announcing(bus).row_changes([RowImages(NEW.after, NEW.after, T)])
    announcing(bus).row_changes([])
    assert bus.calls == []


@pytest.mark.parametrize(
    ("later", "passes", "is_tried_again"),
    [
        (timedelta(), True, True),
        (RETRY_FOR - timedelta(seconds=1), True, True),
        (RETRY_FOR, True, False),
        (timedelta(), False, False),
    ],
    ids=["now", "just in time", "for too long", "for good"],
)
def test_a_bus_that_fails_has_the_batch_again_while_that_may_help(
    bus: FakeBus, caplog: pytest.LogCaptureFixture, later: timedelta, passes: bool, is_tried_again: bool
) -> None:
    bus.failure = failure(passes=passes)
    with caplog.at_level(logging.INFO, "elephant"):
        if is_tried_again:
            with pytest.raises(NotAnnounced):
                announcing(bus, T + later).row_changes([NEW])
        else:
            announcing(bus, T + later).row_changes([NEW])
    lost = [record for record in caplog.records if record.message == "not_announced"]
    assert len(lost) == (not is_tried_again), "what is given up stands in the log, to be sent by hand"
    counted = [record for record in caplog.records if record.message == "Unannounced"]
    assert len(counted) == (not is_tried_again)


def test_a_row_that_spoils_a_rule_spoils_only_its_own_events(
    bus: FakeBus, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = announcements

    def spoilt(before: Any, after: Any, *rest: Any) -> Any:
        if before:
            raise OverflowError
        return known(before, after, *rest)

    monkeypatch.setattr(announce, "announcements", spoilt)
    with caplog.at_level(logging.ERROR, "elephant"):
        announcing(bus).row_changes([MOVED, NEW])
    assert bus.calls == [["Meeting Scheduled"]]
    assert [record.message for record in caplog.records] == ["not_announced"]


# --- what the stream says


def record(before: dict[str, Any] | None, after: Any, **more: Any) -> dict[str, Any]:
    """Return a stream record of a write, as Lambda has it."""

    def image(values: dict[str, Any]) -> dict[str, Any]:
        return {name: rows.encode(value) for name, value in row(values).items()}

    data: dict[str, Any] = {"NewImage": image(after), "ApproximateCreationDateTime": T.timestamp()}
    if before is not None:
        data["OldImage"] = image(before)
    kind = "INSERT" if before is None else "MODIFY"
    told: dict[str, Any] = json.loads(json.dumps({"eventName": kind, "dynamodb": data | more}))
    return told


def test_every_write_is_told_the_quiet_ones_too_and_in_order() -> None:
    seen = HEALTHY | {"teacher_connected_at": T}
    batch = {"Records": [record(None, SCHEDULED), record(SCHEDULED, HEALTHY), record(HEALTHY, seen)]}
    told = list(images(batch))
    assert [(each.before and each.before.status, each.after.status) for each in told] == [
        (None, "SCHEDULED"),
        ("SCHEDULED", "HEALTHY"),
        ("HEALTHY", "HEALTHY"),
    ]
    assert {each.at for each in told} == {T}


@pytest.mark.parametrize(
    "bad",
    [
        None,
        {},
        {"dynamodb": "x"},
        {"eventName": "REMOVE", "dynamodb": {"OldImage": {"id": {"S": "m1"}}, "ApproximateCreationDateTime": 1e9}},
        record(None, SCHEDULED, ApproximateCreationDateTime=None),
        record(None, SCHEDULED, NewImage=None),
        record(None, SCHEDULED, NewImage={"id": {"N": "1"}}),
        record(None, SCHEDULED, NewImage={"id": {"S": "m1"}, "sequence": {"N": "many"}}),
        record(SCHEDULED, SCHEDULED, OldImage=None),
        record(SCHEDULED, SCHEDULED, OldImage={"id": "m1"}),
    ],
    ids=repr,
)
def test_what_cannot_be_understood_and_what_was_deleted_tell_nothing_and_stop_nothing(bad: Any) -> None:
    assert len(list(images({"Records": [record(None, SCHEDULED), bad, record(SCHEDULED, HEALTHY)]}))) == 2


@pytest.mark.parametrize("batch", [None, {}, {"Records": "x"}, []], ids=repr)
def test_a_batch_without_records_tells_nothing(batch: Any) -> None:
    assert list(images(batch)) == []
