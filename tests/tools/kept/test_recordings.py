"""A link to each recording, good for five minutes, for whom it is kept that they took it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from botocore.exceptions import ClientError

from localcloud.s3 import Fault
from tests.tools.kept.conftest import BUCKET, DAY, ENDED, MINE, OLD, OTHERS, TABLE, Place
from tools import recordings
from tools.kept_recordings import size
from tools.meeting import place_of
from tools.recordings import show
from tools.stage import StageError

OURS = [
    f"{DAY}/m-1/student/{OTHERS}-0001.mkv",
    f"{DAY}/m-1/teacher/{OLD}-0001.mkv",
    f"{DAY}/m-1/teacher/{MINE}-0001.mkv",
]


def take(place: Place, meeting_id: str = "m-1", **more: Any) -> int:
    return show(place.stage, meeting_id, place.client, signers=place.signer, **more)


def links(told: str) -> list[str]:
    return re.findall(r"^http\S+$", told, re.M)


def test_each_recording_of_both_sides_is_opened_by_its_link_for_five_minutes(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also those of a desktop that was replaced, which no row names any more."""
    place.row("m-1", **ENDED)
    for key in OURS:
        place.record(key, body=key.encode())
    place.record(f"{DAY}/m-11/teacher/{MINE}-0001.mkv")
    assert take(place) == 3
    told = capsys.readouterr().out
    assert [requests.get(link, timeout=10).text for link in links(told)] == sorted(OURS)
    assert all(key in told for key in OURS)
    place.aws.s3.now = lambda: datetime.now(UTC) + timedelta(minutes=5, seconds=2)
    late = [requests.get(link, timeout=10) for link in links(told)]
    assert [(each.status_code, "Request has expired" in each.text) for each in late] == [(403, True)] * 3


def test_who_took_them_when_and_why_is_kept_before_they_are_shown(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.row("m-1", **ENDED, history=[{"at": "2026-03-01T15:00:00Z", "what": "extended"}])
    place.record(*OURS)
    take(place, why="a complaint")
    first, entry = place.stored("m-1")["history"]
    assert first["what"] == "extended"
    assert (entry["what"], entry["why"]) == ("links to 3 recordings taken", "a complaint")
    assert entry["by"] == place.client("sts").get_caller_identity()["Arn"]
    assert abs(datetime.now(UTC) - datetime.fromisoformat(entry["at"])) < timedelta(minutes=1)
    assert "the history of meeting m-1" in capsys.readouterr().out


@pytest.mark.parametrize("history", ["a text", 7])
def test_what_somebody_wrote_over_the_history_hinders_nobody_and_is_kept(place: Place, history: Any) -> None:
    place.row("m-1", **ENDED, history=history)
    place.record(*OURS)
    assert take(place) == 3
    row = place.stored("m-1")
    assert [each["what"] for each in row["history"]][1:] == ["links to 3 recordings taken"]
    assert history in row.values()


def test_nothing_is_shown_where_that_cannot_be_kept(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.row("m-1", **ENDED, note="x" * 404_850)
    place.record(*OURS)
    with pytest.raises(StageError, match="could not be noted on the row of meeting m-1"):
        take(place)
    assert not links(capsys.readouterr().out)


def test_a_meeting_without_a_row_has_its_history_in_the_bucket(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.record(*OURS)
    assert take(place) == 3
    told = capsys.readouterr().out
    assert len(links(told)) == 3
    assert "The meeting has no row on stage dev any more." in told
    [kept] = [key for key in place.lying() if key.startswith("history/m-1/")]
    entry = json.loads(place.s3.get_object(Bucket=BUCKET, Key=kept)["Body"].read())
    assert entry["what"] == "links to 3 recordings taken"


def test_of_a_stage_that_was_destroyed_what_was_left_is_shown(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.record(*OURS)
    place.client("cloudformation").delete_stack(StackName="elephant-dev")
    place.client("dynamodb").delete_table(TableName=TABLE)
    assert take(place) == 3


def test_what_there_is_not_is_told(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    url = "https://files.example.com/m-1/student.zip"
    lost = ["0002.mkv is not uploaded: the disk is full."]
    place.row("m-1", **ENDED, teacher_recording_lost=lost, student_session_data=url)
    place.begin(f"{DAY}/m-1/teacher/{MINE}-0003.mkv")
    assert take(place) == 0
    told = capsys.readouterr().out
    assert "0 recordings of meeting m-1 on stage dev." in told
    assert "1 uploads are not finished" in told
    assert f"The row names {url}, which is in no bucket of the stage" in told
    assert "Lost, of the teacher's: 0002.mkv is not uploaded: the disk is full." in told
    assert "history" not in place.stored("m-1")


def test_what_was_deleted_is_not_shown_and_only_the_latest_of_a_key(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.row("m-1", **ENDED, recordings_erased_at="2026-03-02T10:00:00Z")
    place.record(*OURS)
    place.record(OURS[0], body=b"again")
    place.s3.delete_object(Bucket=BUCKET, Key=OURS[1])
    assert take(place) == 2
    told = capsys.readouterr().out
    assert sorted(requests.get(link, timeout=10).text for link in links(told)) == ["again", "recorded"]
    assert "Its recordings were erased at 2026-03-02T10:00:00Z." in told


def test_a_bucket_of_another_region_gets_links_of_its_own(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.client("cloudformation").delete_stack(StackName="elephant-dev")
    place.make_bucket("own-recordings", "eu-central-1")
    place.deployed(RecordingsBucket="own-recordings", TableName=TABLE)
    place.row("m-1", **ENDED)
    place.record(OURS[0], bucket="own-recordings")
    assert take(place) == 1
    [link] = links(capsys.readouterr().out)
    assert "eu-central-1" in link
    assert requests.get(link, timeout=10).text == "recorded"


def test_a_bucket_of_another_account_is_told(place: Place) -> None:
    place.aws.s3.faults.append(Fault(f"HEAD /{BUCKET}", "AccessDenied", 403))
    with pytest.raises(StageError, match=f"The bucket {BUCKET} belongs to another account or Region"):
        take(place)


def test_a_stage_without_a_bucket_is_told(place: Place) -> None:
    place.s3.delete_bucket(Bucket=BUCKET)
    with pytest.raises(StageError, match="There is no bucket with recordings of stage dev in us-west-2"):
        take(place)


def test_the_command_fails_where_there_is_nothing(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(recordings, "clients", lambda _: place.client)
    monkeypatch.setattr("sys.argv", ["recordings", "--stage", "dev", "--meeting", "m-1"])
    assert recordings.main() == 1
    monkeypatch.setattr("sys.argv", ["recordings", "--stage", "dev", "--meeting", ""])
    assert recordings.main() == 1
    assert "No recording is shown: Name one meeting by its id" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("url", "place_"),
    [
        ("https://b.s3.us-west-2.amazonaws.com/k/x%20y.zip", ("b", "k/x y.zip")),
        ("https://b.c.s3.amazonaws.com/k", ("b.c", "k")),
        ("https://b.s3-us-west-2.amazonaws.com/k", ("b", "k")),
        ("https://s3.us-west-2.amazonaws.com/b/k/l", ("b", "k/l")),
        ("https://s3-us-west-2.amazonaws.com/b/k", ("b", "k")),
        ("s3://b/k/l", ("b", "k/l")),
        ("https://b.s3.us-west-2.amazonaws.com/", None),
        ("https://s3.us-west-2.amazonaws.com/b", None),
        ("https://b.s3.us-west-2.amazonaws.com.example.com/k", None),
        ("https://files.example.com/k", None),
        ("no address", None),
    ],
)
def test_an_address_of_s3_is_told_by_its_host(url: str, place_: tuple[str, str] | None) -> None:
    assert place_of(url) == place_


def test_sizes_are_for_people() -> None:
    assert [size(number) for number in (0, 1023, 1024, 512 * 2**20, 20 * 10**9)] == [
        "0 bytes",
        "1023 bytes",
        "1.0 KiB",
        "512.0 MiB",
        "18.6 GiB",
    ]


def test_links_are_for_the_buckets_own_host_and_signed_with_version_4(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boto3.DEFAULT_SESSION", None)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    client = recordings.signer("eu-central-1")
    link = client.generate_presigned_url("get_object", Params={"Bucket": "own", "Key": "k"}, ExpiresIn=300)
    assert link.startswith("https://own.s3.eu-central-1.amazonaws.com/k?X-Amz-Algorithm=AWS4-HMAC-SHA256")
    assert "X-Amz-Expires=300" in link


def test_an_s3_that_does_not_answer_is_no_empty_list(place: Place) -> None:
    place.row("m-1", **ENDED)
    place.aws.s3.faults.append(Fault("ListObjectVersions", "AccessDenied", 403))
    with pytest.raises(ClientError, match="AccessDenied"):
        take(place)
