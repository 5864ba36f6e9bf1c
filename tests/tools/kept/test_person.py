"""A person's meetings are erased at their wish: the recordings, and all that tells of anybody on the rows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.domain import rows
from chalicelib.domain.history import Entry
from tests.tools.kept.conftest import DAY, ENDED, MINE, OTHERS, Place
from tools import erase as command
from tools.history import Rows
from tools.person import erase_person, left_of
from tools.stage import StageError

WHY = "request 17"
ANN: dict[str, Any] = {
    "teacher_name": "Ann Ash",
    "student_name": "Ben Birch",
    "teacher_email": "ann@example.com",
    "jitsi_url": "https://video.example.com/3f2a9c01b4",
    "request_digest": "0a1b",
    "history": [{"at": "2026-03-01T15:00:00Z", "what": "the names are Ann Ash", "by": "Ann", "why": "Ben was ill"}],
    "history_until_2026": ["Ann wrote here"],
    "teacher_session_data": "https://files.example.com/ann.zip",
    "teacher_joined_at": "2026-03-01T15:01:00Z",
    "student_late_boots": 1,
    "links": "signed",
    "a note": "Ann is late",
    "expires": 1_780_000_000,
}


def ask(place: Place, person: str = "Ann Ash", **more: Any) -> None:
    erase_person(place.stage, person, place.client, **({"why": WHY} | more))


def test_recordings_go_and_the_row_keeps_what_counts_and_that_it_was_erased(place: Place) -> None:
    place.row("m-1", **ENDED, **ANN)
    place.row("m-2", **ENDED, **ANN | {"teacher_name": "Ann Asher", "teacher_email": "asher@example.com"})
    mine, others = f"{DAY}/m-1/student/{OTHERS}-0001.mkv", f"{DAY}/m-2/teacher/{MINE}-0001.mkv"
    place.record(mine, others)
    before = place.stored("m-2")
    ask(place)
    assert place.lying() == [others]
    assert place.stored("m-2") == before
    left = place.stored("m-1")
    assert "ann" not in json.dumps(left, default=str).lower()
    assert "ben" not in json.dumps(left, default=str).lower()
    [deed] = left.pop("history")
    assert (deed["what"], deed["why"]) == ("all that was personal was erased", WHY)
    assert deed["by"].startswith("arn:aws:")
    assert left.pop("erased_at") == left.pop("recordings_erased_at") == deed["at"]
    kept = ("teacher_joined_at", "student_late_boots", "links", "expires")
    assert left == {"id": "m-1", **ENDED, **{name: ANN[name] for name in kept}}
    with pytest.raises(StageError, match="not named on any row"):
        ask(place)


@pytest.mark.parametrize("person", ["ann  ASH ", "ANN@example.com", "Ben Birch", "ben\tbirch"])
def test_a_person_is_found_by_name_or_address_however_it_is_typed(place: Place, person: str) -> None:
    place.row("m-1", **ENDED, **ANN)
    ask(place, person)
    assert "teacher_name" not in place.stored("m-1")


@pytest.mark.parametrize("person", ["Ann", "Ash", "ann@example", "Ann Ash Jr", "%"])
def test_nobody_is_found_by_a_part_of_a_name(place: Place, person: str) -> None:
    place.row("m-1", **ENDED, **ANN)
    with pytest.raises(StageError, match="not named on any row"):
        ask(place, person)
    assert place.stored("m-1")["teacher_name"] == "Ann Ash"


def test_what_is_not_over_stays_with_what_to_do_and_the_rest_goes_on(place: Place) -> None:
    place.row("m-0", status="SCHEDULED", teacher_name="Ann Ash")
    place.row("m-1", **ENDED, **ANN)
    place.row("m-3", teacher_name="Ann Ash", status="HEALTHY", termination_reason="CANCELLED")
    place.row("m-4", student_name=["Ann Ash"], teacher_name=7)
    with pytest.raises(StageError, match="2 of 3 meetings stay as they are") as told:
        ask(place)
    assert "m-0: it is not over; call it off first" in str(told.value)
    assert "teacher_name" not in place.stored("m-1")
    assert place.stored("m-0")["teacher_name"] == place.stored("m-3")["teacher_name"] == "Ann Ash"


def test_of_two_people_of_one_name_one_is_chosen_by_a_meeting(place: Place) -> None:
    for name in ("m-1", "m-2"):
        place.row(name, **ENDED, **ANN)
    ask(place, only="m-2")
    assert place.stored("m-1")["teacher_name"] == "Ann Ash"
    assert "teacher_name" not in place.stored("m-2")
    with pytest.raises(StageError, match="is not named on meeting m-3"):
        ask(place, only="m-3")


def test_the_operator_sees_them_and_is_asked_once(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("m-1", "m-2"):
        place.row(name, **ENDED, **ANN)
    for answer in ("", "yes", "Ann"):
        with pytest.raises(StageError, match="nothing was erased"):
            ask(place, sure=lambda _, answer=answer: answer)
    assert "  m-2  2026-03-01  Ann Ash and Ben Birch" in capsys.readouterr().out
    asked: list[str] = []
    ask(place, sure=lambda what: asked.append(what) or "Ann Ash")  # type: ignore[func-returns-value]
    assert len(asked) == 1
    assert "teacher_name" not in place.stored("m-1") | place.stored("m-2")


@pytest.mark.parametrize("why", ["", " ", "on the wish of ann ash", "Ann  Ash asked"])
def test_the_reason_is_kept_so_it_tells_no_name(place: Place, why: str) -> None:
    place.row("m-1", **ENDED, **ANN)
    with pytest.raises(StageError, match="without the name"):
        ask(place, why=why)
    with pytest.raises(StageError, match="PERSON="):
        ask(place, "  ")


def test_one_that_was_stopped_midway_is_finished_by_the_next(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("m-1", "m-2"):
        place.row(name, **ENDED, **ANN)
        place.record(f"{DAY}/{name}/student/{OTHERS}-0001.mkv")

    def stopped(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Rows, "put", stopped)
        with pytest.raises(KeyboardInterrupt):
            ask(place)
    assert place.stored("m-1")["teacher_name"] == place.stored("m-2")["teacher_name"] == "Ann Ash"
    ask(place)
    assert place.lying() == []
    assert all("teacher_name" not in place.stored(name) for name in ("m-1", "m-2"))


def test_a_row_that_expires_meanwhile_is_not_brought_back(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.row("m-1", **ENDED, **ANN)
    put = Rows.put

    def late(self: Rows, row: Any) -> bool:
        place.client("dynamodb").delete_item(TableName="elephant-meetings-dev", Key={"id": {"S": "m-1"}})
        return put(self, row)

    monkeypatch.setattr(Rows, "put", late)
    ask(place)
    assert not place.client("dynamodb").scan(TableName="elephant-meetings-dev")["Items"]


def test_what_was_typed_where_a_time_or_a_reason_belongs_is_not_left() -> None:
    typed = {"ended_at": "2026-03-01T16:00:00Z", "termination_reason": "Ann was ill", "status": "Ann", "open": "Ann"}
    typed |= dict.fromkeys(("meet_time", "created_at", "duration_minutes", "teacher_attempt", "links"), "Ann")
    left = left_of(rows.meeting({"id": "m-1"} | typed), Entry("2026-03-02T00:00:00Z", "erased", "operator", WHY))
    assert "Ann" not in json.dumps(left)
    assert rows.meeting(left).finished


def test_the_command_erases_a_person(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.row("m-1", **ENDED, **ANN)
    monkeypatch.setattr(command, "clients", lambda _: place.client)
    monkeypatch.setattr("sys.argv", ["erase", "--stage", "dev", "--person", "Ann Ash", "--why", WHY, "--yes"])
    assert command.main() == 0
    assert command.main() == 1
    assert "teacher_name" not in place.stored("m-1")
