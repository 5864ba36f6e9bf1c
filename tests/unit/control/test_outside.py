"""What desktops with scripts, and people, write on a row comes into its history: once, and at no cost where it can."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.control.events import RowChange
from chalicelib.domain.errors import SomeFailed, Unavailable
from chalicelib.domain.history import Entry
from tests.unit.control.house import House, image, launched

BY = "a desktop or a person, not the app"


def written(house: House, **values: Any) -> RowChange:
    """Write as others do, and return the record of it."""
    house.meetings.write("m", values)
    what = ", ".join(f"{name} became {value}" for name, value in sorted(values.items()))
    change = image(house)
    return RowChange(change.meeting, house.now, (Entry(f"{house.now:%Y-%m-%dT%H:%M:%SZ}", what, BY),))


def told(house: House) -> list[str]:
    return [entry["what"] for entry in house.row()["history"]]


def by_others(house: House) -> list[str]:
    return [entry["what"] for entry in house.row()["history"] if entry["by"] == BY]


@pytest.fixture
def live(house: House) -> House:
    launched(house)
    house.calls()
    return house


def test_a_report_goes_with_the_write_that_it_leads_to(live: House) -> None:
    desktop = live.row()["teacher_ec2_id"]
    live.triggers.row_changes([written(live, status="HEALTHY", instance_id=desktop)])
    assert live.calls() == ["meetings.update"]
    reported = f"instance_id became {desktop}, status became HEALTHY"
    assert told(live)[-2] == reported
    assert "the teacher's desktop reported healthy" in told(live)[-1]


def test_what_leads_to_nothing_is_one_write_by_itself(live: House) -> None:
    live.triggers.row_changes([written(live, teacher_name="Anna")])
    assert live.calls() == ["meetings.update"]
    assert told(live)[-1] == "teacher_name became Anna"


def test_what_was_told_twice_is_noted_once(live: House) -> None:
    record = written(live, status="HEALTHY", instance_id=live.row()["teacher_ec2_id"])
    live.triggers.row_changes([record])
    live.triggers.row_changes([record])
    assert len(by_others(live)) == 1
    other = written(live, teacher_name="Anna")
    live.triggers.row_changes([other, other])
    live.triggers.row_changes([other])
    assert len(by_others(live)) == 2


def test_all_of_a_batch_are_noted_in_their_order(live: House) -> None:
    live.triggers.row_changes([written(live, teacher_name="Anna"), written(live, teacher_name="Anne")])
    assert by_others(live) == ["teacher_name became Anna", "teacher_name became Anne"]
    assert live.calls() == ["meetings.update"]


def test_who_writes_meanwhile_only_makes_it_read_again(live: House) -> None:
    record = written(live, teacher_name="Anna")
    live.meetings.write("m", {"history": [{"what": "meanwhile"}]})
    live.triggers.row_changes([record])
    assert told(live) == ["meanwhile", "teacher_name became Anna"]
    assert live.calls() == ["meetings.update", "meetings.get", "meetings.update"]


def test_a_row_that_is_gone_is_left_gone(live: House) -> None:
    record = written(live, teacher_name="Anna")
    del live.meetings.rows["m"]
    live.triggers.row_changes([record])
    assert live.meetings.rows == {}


def test_where_the_table_does_not_answer_the_record_is_tried_again(
    live: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = written(live, teacher_name="Anna")
    live.wire.next_error = Unavailable("The table is throttled.")
    live.triggers.row_changes([record])  # noted by a second try, beside the look that failed
    assert by_others(live) == ["teacher_name became Anna"]
    other = written(live, teacher_name="Anne")
    monkeypatch.setattr(live.meetings, "update", _throttled)
    with pytest.raises(SomeFailed, match="'m'"):
        live.triggers.row_changes([other])


def _throttled(*_: Any) -> None:
    raise Unavailable("The table is throttled.")
