"""All that is known of a meeting on one page: who, when, its desktops, what was recorded, and its history."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.tools.kept.conftest import BUCKET, DAY, ENDED, MINE, OLD, OTHERS, TABLE, Place
from tools import life
from tools.life import show
from tools.stage import StageError

ROW: dict[str, Any] = ENDED | {
    "teacher_name": "Ann",
    "student_name": "Ben",
    "created_at": "2026-02-27T10:00:00Z",
    "time_zone": "Europe/Berlin",
    "duration_minutes": 60,
    "teacher_ec2_id": MINE,
    "teacher_launched_at": "2026-03-01T14:58:00Z",
    "teacher_joined_at": "2026-03-01T15:01:00Z",
    "teacher_replaced": [f"2026-03-01T14:55:00Z {OLD}: the desktop is gone: Client.InternalError"],
    "student_refused": "InsufficientInstanceCapacity",
    "history": [
        {"at": "2026-02-27T10:00:00Z", "until": "2026-02-28T10:00:00Z", "what": "101 earlier entries", "count": 101},
        {"at": "2026-03-01T16:00:00Z", "what": "the meeting is cancelled", "by": "the teacher's link", "why": "ill"},
    ],
}


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")


def told(place: Place, capsys: pytest.CaptureFixture[str], named: str = "m-1") -> str:
    show(place.stage, named, place.client)
    return capsys.readouterr().out


def launch(place: Place, meeting_id: str) -> str:
    tags = {"Project": "Elephant", "Stage": "dev"} | ({"MeetingID": meeting_id} if meeting_id else {})
    [made] = place.client("ec2").run_instances(
        ImageId="ami-12345678",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]}],
    )["Instances"]
    return str(made["InstanceId"])


def test_a_meeting_is_told_with_its_people_times_desktops_recordings_and_history(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.row("m-1", **ROW)
    place.record(f"{DAY}/m-1/teacher/{OLD}-0001.mkv")
    place.begin(f"{DAY}/m-1/teacher/{MINE}-0001.mkv")
    assert told(place, capsys).splitlines() == [
        "Meeting m-1 on stage dev: TERMINATED, SUCCESS",
        "  for        Sun 2026-03-01 16:00 Europe/Berlin, 2026-03-01 15:00:00 UTC, 60 minutes",
        "  scheduled  Fri 2026-02-27 11:00 Europe/Berlin, 2026-02-27 10:00:00 UTC",
        "  ended      Sun 2026-03-01 17:00 Europe/Berlin, 2026-03-01 16:00:00 UTC",
        "",
        "The teacher, Ann",
        f"  desktop    {MINE}, not alive",
        "  launched   2026-03-01 14:58:00 UTC",
        "  joined     2026-03-01 15:01:00 UTC",
        f"  earlier    {OLD}, until 2026-03-01 14:55:00 UTC: the desktop is gone: Client.InternalError",
        "",
        "The student, Ben",
        "  desktop    none; EC2 refused it: InsufficientInstanceCapacity",
        "",
        "Recordings",
        *[line for line in told(place, capsys).splitlines() if f"{OLD}-0001.mkv  8 bytes" in line],
        "  1 uploads are not finished: their desktops may still be at it.",
        "",
        "History",
        "  2026-02-27 10:00:00 UTC to 2026-02-28 10:00:00 UTC  101 earlier entries",
        "  2026-03-01 16:00:00 UTC  the meeting is cancelled, by the teacher's link: ill",
    ]


def test_a_program_is_told_the_same(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.row("m-1", **ROW)
    assert show(place.stage, "m-1", place.client, as_json=True)
    whole = json.loads(capsys.readouterr().out)
    assert (whole["status"], whole["reason"], whole["meet_time"]) == ("TERMINATED", "SUCCESS", ENDED["meet_time"])
    assert whole["history"] == ROW["history"]
    assert whole["seats"]["teacher"]["earlier"] == [
        {"until": "2026-03-01T14:55:00Z", "desktop_id": OLD, "why": "the desktop is gone: Client.InternalError"}
    ]


@pytest.mark.parametrize(
    "named",
    [
        " m-1\n",
        f"m-1.{'0' * 32}",
        f"m-1.{'0' * 32}.2",
        f"https://a.example/dev/meeting?id=m-1.{'0' * 32}&role=student",
        f"https://a.example/#/meeting?role=teacher&id=m-1.{'0' * 32}).",
        f"https://a.example/meeting#id=m-1.{'0' * 32}",
    ],
)
def test_a_link_names_its_meeting_too(place: Place, capsys: pytest.CaptureFixture[str], named: str) -> None:
    place.row("m-1", **ROW)
    assert "Meeting m-1 on stage dev: TERMINATED" in told(place, capsys, named)


def test_a_desktop_names_its_meeting_too_and_is_told_where_no_seat_names_it(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    alive = launch(place, "m-1")
    place.row("m-1", **ROW)
    assert f"{alive}: alive, and named by no seat" in told(place, capsys, alive)
    place.row("m-1", **ROW | {"teacher_ec2_id": alive})
    assert f"desktop    {alive}, alive" in told(place, capsys, alive)


def test_what_names_no_meeting_is_refused_with_what_can_be_done(place: Place) -> None:
    for named, why in {
        OTHERS: "The log still names its meeting: aws logs filter-log-events",
        launch(place, ""): "bears no tag MeetingID",
        "https://a.example/meeting?role=teacher": "names no meeting",
        "": "Name one meeting",
    }.items():
        with pytest.raises(StageError, match=why):
            show(place.stage, named, place.client)


def test_a_meeting_without_a_row_has_what_its_bucket_keeps(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    entry = {"at": "2026-03-02T10:00:00Z", "what": "links to 1 recordings taken", "by": "arn:aws:iam::1:user/ann"}
    place.record("history/m-1/2026-03-02T10:00:00Z-1.json", body=json.dumps(entry).encode())
    place.record("history/m-1/2026-03-03T10:00:00Z-2.json", body=b"not json")
    page = told(place, capsys)
    assert "Meeting m-1 has no row on stage dev: there never was one, or it is gone." in page
    assert "2026-03-02 10:00:00 UTC  links to 1 recordings taken, by arn:aws:iam::1:user/ann" in page
    assert not show(place.stage, "m-2", place.client)


def test_a_stage_without_bucket_or_table_tells_so(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.client("cloudformation").delete_stack(StackName="elephant-dev")
    place.client("dynamodb").delete_table(TableName=TABLE)
    place.s3.delete_bucket(Bucket=BUCKET)
    page = told(place, capsys)
    assert "There is no bucket with recordings of stage dev" in page
    assert "has no row" in page


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ({"history": "a text"}, "What stands on the row as its history is none"),
        ({"meet_time": "soon"}, "The row's meet_time is 'soon', which is not an ISO 8601 time"),
        ({"teacher_replaced": ["nothing like it"]}, "nothing like it"),
        ({"time_zone": "../../etc/passwd", "meet_time": "2026-03-01T15:00:00Z"}, "for        2026-03-01 15:00:00 UTC"),
        ({"history": [7, {"what": "no time"}, {"at": "soon", "what": "odd"}]}, "soon  odd"),
        ({"teacher_name": "\x1b[2J\u202eAnn"}, "The teacher, \ufffd[2J\ufffdAnn"),
        ({"recordings_erased_at": "2026-03-01T15:00:00Z"}, "Its recordings were erased at 2026-03-01T15:00:00Z."),
        ({"teacher_missing": ["DCV shows no session"]}, "lacks      DCV shows no session"),
        ({"teacher_session_data": "https://x.example/a"}, "https://x.example/a, which is in no bucket of the stage"),
        ({"teacher_recording_lost": ["the disk was full"]}, "Lost, of the teacher's: the disk was full"),
    ],
)
def test_what_is_not_as_usual_is_a_sentence(
    place: Place, capsys: pytest.CaptureFixture[str], row: dict[str, Any], sentence: str
) -> None:
    place.row("m-1", **row)
    assert sentence in told(place, capsys)


def test_the_command_returns_whether_there_is_such_a_meeting(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place.row("m-1", **ROW)
    monkeypatch.setattr(life, "clients", lambda _: place.client)
    for named, code in {"m-1": 0, "m-2": 1, OTHERS: 1}.items():
        monkeypatch.setattr("sys.argv", ["life", "--stage", "dev", "--meeting", named])
        assert life.main() == code
    assert "No meeting is shown: EC2 shows no desktop" in capsys.readouterr().err.replace("\n", " ")
