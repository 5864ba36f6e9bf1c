"""Erased is what has no version, no mark of a deletion and no unfinished upload left, on either side, on any day."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from localcloud.s3 import Fault
from tests.tools.kept.conftest import BUCKET, DAY, ENDED, MINE, OLD, OTHERS, TABLE, Place
from tools import erase as command
from tools.erasing import erase
from tools.kept_recordings import Bucket, Kept, Version
from tools.stage import StageError

OURS = [
    f"{DAY}/m-1/teacher/{OLD}-0001.mkv",
    f"{DAY}/m-1/teacher/{MINE}-0001.mkv",
    f"{DAY}/m-1/student/{OTHERS}-0001.mkv",
    f"2026-02-27/m-1/student/{OTHERS}-0001.mkv",
]
NOT_OURS = [
    f"{DAY}/m-11/teacher/{MINE}-0001.mkv",
    f"{DAY}/m/teacher/{MINE}-0001.mkv",
    f"{DAY}/m-2/m-1/teacher/{MINE}-0001.mkv",
    "backups/m-1/teacher/everything.zip",
    "m-11_teacher_2026.zip",
]


def ask(place: Place, meeting_id: str = "m-1", **more: Any) -> None:
    erase(place.stage, meeting_id, place.client, **more)


def test_every_version_mark_and_upload_of_both_sides_goes_and_nobody_elses(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.row("m-1", **ENDED)
    place.record(*OURS, *NOT_OURS)
    place.record(OURS[1], body=b"again")
    place.s3.delete_object(Bucket=BUCKET, Key=OURS[2])
    for key in (OURS[1], f"2026-02-28/m-1/teacher/{MINE}-0002.mkv", NOT_OURS[0]):
        place.begin(key)
    ask(place, why="the student asked for it")
    assert place.lying() == sorted([*NOT_OURS, NOT_OURS[0]])
    told = capsys.readouterr().out
    assert "teacher: 3 versions, 21 bytes; 0 marks of deletions; 2 unfinished uploads" in told
    assert "student: 2 versions, 16 bytes; 1 marks of deletions; 0 unfinished uploads" in told
    assert f"A listing of meeting m-1 in {BUCKET} is empty" in told
    row = place.stored("m-1")
    [entry] = row["history"]
    assert (entry["what"], entry["why"]) == ("recordings erased", "the student asked for it")
    assert entry["by"].startswith("arn:aws:")
    assert row["recordings_erased_at"] == entry["at"]


def test_a_meeting_without_a_row_is_erased_and_that_is_kept_beside_its_recordings(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.record(*OURS)
    ask(place)
    [kept] = place.lying()
    assert kept.startswith("history/m-1/")
    assert "since the meeting has no row any more" in capsys.readouterr().out


def test_where_the_stage_was_destroyed_what_was_left_is_erased_too(place: Place) -> None:
    place.record(*OURS)
    place.client("cloudformation").delete_stack(StackName="elephant-dev")
    place.client("dynamodb").delete_table(TableName=TABLE)
    ask(place)
    assert [key for key in place.lying() if not key.startswith("history/")] == []


def test_erasing_again_finds_nothing_and_says_so(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.row("m-1", **ENDED)
    place.record(*OURS)
    ask(place)
    capsys.readouterr()
    ask(place, sure=lambda _: pytest.fail("there is nothing to be sure of"))
    assert "Nothing is kept of what was recorded of meeting m-1." in capsys.readouterr().out
    assert len(place.stored("m-1")["history"]) == 1


def test_one_that_was_interrupted_goes_on(place: Place) -> None:
    place.row("m-1", **ENDED)
    place.record(*OURS)
    place.begin(OURS[0])
    place.aws.s3.faults.append(Fault("AbortMultipartUpload", "AccessDenied", 403))
    with pytest.raises(Exception, match="AccessDenied"):
        ask(place)
    assert place.lying() == [OURS[0]]
    ask(place)
    assert place.lying() == []
    assert len(place.stored("m-1")["history"]) == 2


@pytest.mark.parametrize("answer", ["", "yes", "m-11"])
def test_nothing_goes_where_somebody_is_not_sure(place: Place, answer: str) -> None:
    place.row("m-1", **ENDED)
    place.record(*OURS)
    with pytest.raises(StageError, match="nothing was erased"):
        ask(place, sure=lambda _: answer)
    assert place.lying() == sorted(OURS)
    assert "recordings_erased_at" not in place.stored("m-1")
    ask(place, sure=lambda _: "m-1")
    assert place.lying() == []


@pytest.mark.parametrize(
    "row", [{"status": "IN_PROGRESS"}, {"status": "HEALTHY", "termination_reason": "MAX_DURATION"}, {}]
)
def test_a_meeting_that_has_not_ended_is_left_alone(place: Place, row: dict[str, Any]) -> None:
    place.row("m-1", **row)
    place.record(*OURS)
    with pytest.raises(StageError, match=r"has not ended .* so more may be recorded"):
        ask(place)
    assert place.lying() == sorted(OURS)


@pytest.mark.parametrize("by", ["tag", "row"])
def test_one_whose_desktop_lives_is_left_alone(place: Place, by: str) -> None:
    tags = {"Project": "Elephant", "Stage": "dev"} | ({"MeetingID": "m-1"} if by == "tag" else {})
    [alive] = place.client("ec2").run_instances(
        ImageId="ami-12345678",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}],
    )["Instances"]
    if by == "row":
        place.row("m-1", **ENDED, teacher_ec2_id=alive["InstanceId"])
    with pytest.raises(StageError, match=f"{alive['InstanceId']} of meeting m-1 are alive"):
        ask(place)
    place.client("ec2").terminate_instances(InstanceIds=[alive["InstanceId"]])
    ask(place)


def test_what_desktops_with_scripts_uploaded_goes_where_it_lies_here_and_is_named_where_not(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    mine, other = "m-1_teacher_2026-03-01.zip", "m-2_student_2026.zip"
    place.record(mine, "sessions/m-1_odd.zip", other)
    url = "https://files.example.com/m-1/student.zip"
    place.row("m-1", **ENDED, teacher_session_data=f"https://{BUCKET}.s3.us-west-2.amazonaws.com/sessions/m-1_odd.zip")
    ask(place)
    assert place.lying() == [other]
    place.row("m-3", **ENDED, teacher_session_data=url, student_session_data=f"s3://{BUCKET}/{other}")
    ask(place, "m-3")
    told = capsys.readouterr().out
    assert f"The row names {url}, which is in no bucket of the stage: it was not touched." in told
    assert f"s3://{BUCKET}/{other}" in told, "a row that names another meeting's recording"
    assert place.lying() == [other]


def test_no_id_reaches_more_than_its_own(place: Place) -> None:
    place.record(*OURS)
    for odd in ("m-1/teacher", "..", "m", "%", "2026-03-01/m-1", "m-1/"):
        ask(place, odd)
    assert [key for key in place.lying() if not key.startswith("history/")] == sorted(OURS)
    for none in ("", " ", " m-1", "m-1\n"):
        with pytest.raises(StageError, match="MEETING=<id>"):
            ask(place, none)


def test_more_than_a_page_goes(place: Place) -> None:
    place.record(*(f"{DAY}/m-1/teacher/{MINE}-{number:05}.mkv" for number in range(1003)), body=b"")
    ask(place)
    assert [key for key in place.lying() if not key.startswith("history/")] == []


def busy(*answers: list[dict[str, str]]) -> tuple[Bucket, list[int], list[float]]:
    """Return a bucket whose S3 deletes all but what each answer names."""
    told, asked, naps = list(answers), list[int](), list[float]()

    def delete_objects(**given: Any) -> dict[str, Any]:
        asked.append(len(given["Delete"]["Objects"]))
        return {"Errors": told.pop(0)} if told else {}

    return Bucket(SimpleNamespace(delete_objects=delete_objects), BUCKET, "1", naps.append), asked, naps


def versions(count: int) -> Kept:
    return Kept(tuple(Version(f"k{number}", "v", 1, None) for number in range(count)))  # type: ignore[arg-type]


def test_what_s3_is_too_busy_for_is_asked_again_ever_more_slowly() -> None:
    slow = [{"Key": "k1", "VersionId": "v", "Code": "SlowDown"}]
    bucket, asked, naps = busy(slow, slow)
    bucket.delete(versions(3))
    assert (asked, naps) == ([3, 1, 1], [1.0, 2.0])


def test_an_s3_that_stays_busy_is_told() -> None:
    bucket, _, naps = busy(*[[{"Key": "k1", "VersionId": "v", "Code": "InternalError"}]] * 9)
    with pytest.raises(StageError, match="too busy to delete k1 and 0 more; run this again"):
        bucket.delete(versions(2))
    assert len(naps) == 6


def test_what_s3_refuses_is_told_with_its_words() -> None:
    locked = {"Key": "k0", "VersionId": "v", "Code": "AccessDenied", "Message": "object is under a hold"}
    bucket, _, _ = busy([locked])
    with pytest.raises(StageError, match="does not delete k0, version v: AccessDenied, object is under a hold"):
        bucket.delete(versions(1))


def test_the_command_asks_and_returns_what_became_of_it(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.record(*OURS)
    monkeypatch.setattr(command, "clients", lambda _: place.client)
    monkeypatch.setattr("sys.argv", ["erase", "--stage", "dev", "--meeting", "m-1"])
    monkeypatch.setattr("builtins.input", lambda _: "no")
    assert command.main() == 1
    assert "Not erased: the id that was typed" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["erase", "--stage", "dev", "--meeting", "m-1", "--yes"])
    assert command.main() == 0
