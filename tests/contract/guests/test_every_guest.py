"""What desktops of every kind do: report once a row names them, upload, and change nothing of an end."""

from __future__ import annotations

from typing import Any

from tests.contract.guests.guests import READY_WITHIN, Guest, Stage

READY_WITHIN_S = READY_WITHIN.total_seconds()
SIGNS_OF_LIFE = ("_seen_at", "_saved_at")


def without_signs_of_life(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.endswith(SIGNS_OF_LIFE)}


def ready(stage: Stage) -> Guest:
    guest: Guest = stage.boot()
    stage.name()
    stage.passes(seconds=READY_WITHIN_S)
    return guest


def test_it_waits_where_the_app_does_not_know_it_and_changes_nothing(stage: Stage) -> None:
    stage.boot()
    stage.passes(minutes=20)
    assert stage.cloud.rows() == []


def test_it_waits_for_a_row_that_names_another(stage: Stage) -> None:
    stage.boot("student")
    stage.boot("teacher")
    stage.name("teacher")
    stage.passes(minutes=20)
    assert not any(name.startswith("student") for name in stage.row)


def test_it_reports_once_its_row_names_it(stage: Stage) -> None:
    stage.boot()
    stage.passes(minutes=3)
    stage.name()
    assert stage.row["status"] == "DNS_WRITTEN"
    stage.passes(seconds=READY_WITHIN_S)
    assert stage.row["status"] == "HEALTHY"


def test_one_that_reboots_reports_again_and_twice_is_as_good_as_once(stage: Stage) -> None:
    guest = ready(stage)
    before = stage.row
    guest.restart()
    stage.passes(seconds=READY_WITHIN_S)
    assert without_signs_of_life(stage.row) == without_signs_of_life(before)


def test_it_tells_where_it_has_uploaded_and_again_tells_that_all_is_safe_still(stage: Stage) -> None:
    guest = ready(stage)
    guest.upload()
    told = stage.row
    assert told["teacher_session_data"].startswith("https://")
    guest.upload()
    stage.passes(seconds=30)
    assert without_signs_of_life(stage.row) == without_signs_of_life(told)


def test_what_it_says_after_the_end_takes_nothing_of_the_end_back(stage: Stage) -> None:
    guest: Guest = stage.boot()
    stage.name(status="TERMINATED", termination_reason="CANCELLED", ended_at="2026-03-02T14:50:00Z")
    stage.passes(minutes=10)
    guest.upload()
    guest.restart()
    stage.passes(minutes=10)
    assert (stage.row["termination_reason"], stage.row["ended_at"]) == ("CANCELLED", "2026-03-02T14:50:00Z")
    assert stage.click()[0] == 410
