"""What a desktop asks about its recordings over HTTP, and what it puts into the bucket by the links that it gets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from localcloud.cloud import BUCKET
from localcloud.s3 import Fault
from tests.app.recording import ME, MIB, PREFIX, URL, Desk, content, lying, parts_of, put_meeting
from tests.app.world import NOW, World, utc


@pytest.fixture
def meeting(world: World) -> str:
    return put_meeting(world)


def test_a_piece_goes_up_in_parts_and_the_app_itself_notes_where_it_is(world: World, meeting: str) -> None:
    desk, bodies = Desk(), (b"a" * 5 * MIB, b"b" * 5 * MIB, b"c")
    assert desk.send("0001.mkv", *bodies) == (200, {"message": "It is safe.", "safe": True})
    assert content(world, f"{PREFIX}0001.mkv") == b"".join(bodies)
    assert desk.ask("/uploaded", {"pieces": 1, "lost": []}) == (200, {"message": "It is noted."})
    row = world.row("m-1")
    assert (row["teacher_session_data"], row["teacher_uploaded_at"]) == (URL, utc(NOW))
    assert "teacher_recording_lost" not in row
    assert "student_session_data" not in row


def test_what_was_lost_is_on_the_row_and_in_the_log_until_it_is_not(world: World, meeting: str) -> None:
    desk, lost = Desk(), ["0002.mkv (3 MiB) is not uploaded: the disk is full."]
    desk.send("0001.mkv", b"a")
    assert desk.ask("/uploaded", {"pieces": 1, "lost": lost})[0] == 200
    assert world.row("m-1")["teacher_recording_lost"] == lost
    [line] = world.said("recording_lost")
    assert (line["meeting"], line["role"], line["why"]) == ("m-1", "teacher", lost[0])
    assert desk.ask("/uploaded", {"pieces": 1, "lost": []})[0] == 200
    assert "teacher_recording_lost" not in world.row("m-1")


def test_nothing_saved_is_no_upload(world: World, meeting: str) -> None:
    assert Desk().ask("/uploaded", {"pieces": 0, "lost": ["The recorder did not start."]})[0] == 200
    row = world.row("m-1")
    assert row["teacher_recording_lost"] == ["The recorder did not start."]
    assert not {"teacher_session_data", "teacher_uploaded_at"} & row.keys()


def test_telling_it_twice_writes_once(world: World, meeting: str) -> None:
    desk = Desk()
    desk.send("0001.mkv", b"a")
    for _ in range(2):
        assert desk.ask("/uploaded", {"pieces": 1, "lost": ["One."]})[0] == 200
    assert [call.operation for call in world.calls()].count("UpdateItem") == 1


def test_what_a_piece_costs_is_the_same_however_many_parts_it_has(world: World, meeting: str) -> None:
    desk = Desk()
    asked = {}
    for count in (1, 4):
        before = len(world.calls())
        desk.send(f"{count}.mkv", *[b"a" * 5 * MIB] * (count - 1), b"a")
        asked[count] = [call.operation for call in world.calls()[before:] if call.operation != "UploadPart"]
    begin = ["GetItem", "ListObjectsV2", "ListMultipartUploads", "CreateMultipartUpload", "ListParts"]
    assert asked[1] == asked[4] == [*begin, "GetItem", "ListParts", "CompleteMultipartUpload", "ListObjectsV2"]


def test_more_pieces_than_there_are_are_not_believed(world: World, meeting: str) -> None:
    desk = Desk()
    desk.send("0001.mkv", b"a")
    status, told = desk.ask("/uploaded", {"pieces": 2, "lost": []})
    assert status == 409
    assert told["message"].startswith("2 pieces were told, and 1 are in the bucket;")
    assert "teacher_session_data" not in world.row("m-1")


def test_all_pieces_of_a_desktop_lie_together_though_its_meeting_is_moved_past_midnight(
    world: World, meeting: str
) -> None:
    begun = NOW - timedelta(minutes=10)
    world.put(id="m-1", teacher_ec2_id=ME, meet_time=utc(NOW), begun_at=utc(begun), status="IN_PROGRESS", open="1")
    desk = Desk()
    desk.send("0001.mkv", b"a")
    later = utc(NOW + timedelta(days=1))
    world.put(id="m-1", teacher_ec2_id=ME, meet_time=later, begun_at=utc(begun), status="IN_PROGRESS", open="1")
    desk.send("0002.mkv", b"b")
    assert desk.ask("/uploaded", {"pieces": 2, "lost": []})[0] == 200
    assert sorted(lying(world)) == [f"{PREFIX}0001.mkv", f"{PREFIX}0002.mkv"]


@pytest.mark.parametrize("arrived", range(4))
def test_one_that_was_cut_off_at_any_part_goes_on_there(world: World, meeting: str, arrived: int) -> None:
    """The desktop knows nothing any more but the piece: not the upload, and not what it has sent."""
    desk, bodies = Desk(), [bytes([number]) * 5 * MIB for number in range(3)]
    parts, size = parts_of(*bodies), 15 * MIB
    told = desk.links("0001.mkv", size, parts)
    for link, body in zip(told["links"][:arrived], bodies, strict=False):
        desk.put(link, body)
    again = desk.links("0001.mkv", size, [])
    assert again["upload"] == told["upload"]
    assert again["there"] == [part | {"bytes": 5 * MIB} for part in parts[:arrived]]
    missing = desk.links("0001.mkv", size, parts[arrived:], again["upload"])["links"]
    assert [link["number"] for link in missing] == [part["number"] for part in parts[arrived:]]
    for link, body in zip(missing, bodies[arrived:], strict=True):
        assert desk.put(link, body).status_code == 200
    assert desk.finish("0001.mkv", size, again["upload"], parts)[0] == 200
    assert content(world, f"{PREFIX}0001.mkv") == b"".join(bodies)


def test_an_answer_that_was_lost_is_asked_for_again(world: World, meeting: str) -> None:
    """Its upload is finished and S3 knows it no more: the piece that lies there is what counts."""
    desk, parts = Desk(), parts_of(b"abc")
    told = desk.links("0001.mkv", 3, parts)
    desk.put(told["links"][0], b"abc")
    for _ in range(2):
        assert desk.finish("0001.mkv", 3, told["upload"], parts) == (200, {"message": "It is safe.", "safe": True})
    again = desk.links("0001.mkv", 3, parts)
    assert (again["safe"], again["links"], again["upload"]) == (True, [], "")
    assert len(lying(world)) == 1


def test_a_piece_of_that_name_with_another_size_is_another_piece(world: World, meeting: str) -> None:
    desk = Desk()
    desk.send("0001.mkv", b"abc")
    assert desk.finish("0001.mkv", 4, "finished-long-ago", parts_of(b"abcd"))[0] == 409
    assert desk.send("0001.mkv", b"abcd")[0] == 200
    assert lying(world) == {f"{PREFIX}0001.mkv": 4}


def test_an_upload_that_s3_does_not_know_is_begun_anew(world: World, meeting: str) -> None:
    desk = Desk()
    body = {"piece": "0001.mkv", "bytes": 3, "upload": "nobody-knows-it", "parts": parts_of(b"abc")}
    for path in ("/recordings", "/recordings/safe"):
        status, told = desk.ask(path, body)
        assert (status, told["message"]) == (409, "S3 knows nothing of this upload, or no longer; begin it anew.")
    assert desk.send("0001.mkv", b"abc")[0] == 200


def test_two_questions_at_once_leave_one_upload(world: World, meeting: str) -> None:
    begun = world.cloud.operator("s3").create_multipart_upload(
        Bucket=BUCKET, Key=f"{PREFIX}0001.mkv", ChecksumAlgorithm="SHA256"
    )
    other = world.cloud.operator("s3").create_multipart_upload(
        Bucket=BUCKET, Key=f"{PREFIX}0001.mkv", ChecksumAlgorithm="SHA256"
    )
    assert Desk().links("0001.mkv", 3, [])["upload"] == other["UploadId"]
    assert begun["UploadId"] not in world.cloud.aws.s3.uploads


def test_a_piece_whose_name_begins_like_another_s_has_an_upload_of_its_own(world: World, meeting: str) -> None:
    desk = Desk()
    longer = desk.links("1.mkv.old", 3, [])["upload"]
    assert desk.links("1.mkv", 3, [])["upload"] != longer
    assert longer in world.cloud.aws.s3.uploads


def test_a_part_that_is_another_than_was_signed_for_is_refused_by_s3(world: World, meeting: str) -> None:
    desk, parts = Desk(), parts_of(b"abc")
    told = desk.links("0001.mkv", 3, parts)
    answer = desk.put(told["links"][0], b"abd")
    assert (answer.status_code, "BadDigest" in answer.text) == (400, True)
    status, said = desk.finish("0001.mkv", 3, told["upload"], parts)
    assert (status, said["message"]) == (409, "Of 1 parts 1 are not there as they are named: 1.")


def test_parts_that_are_not_the_whole_piece_are_not_taken_for_it(world: World, meeting: str) -> None:
    desk, bodies = Desk(), (b"a" * 5 * MIB, b"b")
    parts, size = parts_of(*bodies), 5 * MIB + 1
    told = desk.links("0001.mkv", size, parts)
    for link, body in zip(told["links"], bodies, strict=True):
        desk.put(link, body)
    status, said = desk.finish("0001.mkv", size, told["upload"], parts[:1])
    assert (status, said["message"]) == (
        409,
        "The parts have 5242880 bytes together, and the piece has 5242881; send them anew.",
    )
    assert desk.finish("0001.mkv", size, told["upload"], parts)[0] == 200


def test_parts_that_s3_finds_too_small_are_refused_with_its_word(world: World, meeting: str) -> None:
    desk, bodies = Desk(), (b"a", b"b")
    parts = parts_of(*bodies)
    told = desk.links("0001.mkv", 2, parts)
    for link, body in zip(told["links"], bodies, strict=True):
        desk.put(link, body)
    status, said = desk.finish("0001.mkv", 2, told["upload"], parts)
    assert (status, "EntityTooSmall" in said["message"]) == (409, True)


def test_links_that_died_with_the_functions_session_are_asked_for_again(
    world: World, meeting: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk, parts, now = Desk(), parts_of(b"abc"), datetime.now(UTC)
    with monkeypatch.context() as before:
        before.setattr("botocore.auth.get_current_datetime", lambda: (now - timedelta(minutes=1)).replace(tzinfo=None))
        told = desk.links("0001.mkv", 3, parts)
        before.setattr(world.cloud.aws.s3, "now", lambda: now - timedelta(seconds=30))
        world.cloud.aws.s3.end_sessions()
    answer = desk.put(told["links"][0], b"abc")
    assert (answer.status_code, "ExpiredToken" in answer.text) == (400, True)
    again = desk.links("0001.mkv", 3, parts, told["upload"])
    assert desk.put(again["links"][0], b"abc").status_code == 200
    assert desk.finish("0001.mkv", 3, again["upload"], parts)[0] == 200


def test_an_end_that_fails_after_s3_has_said_200_is_a_failure(world: World, meeting: str) -> None:
    desk, parts = Desk(), parts_of(b"abc")
    told = desk.links("0001.mkv", 3, parts)
    desk.put(told["links"][0], b"abc")
    world.cloud.aws.s3.faults.append(Fault("CompleteMultipartUpload", "InternalError", 200))
    status, said = desk.finish("0001.mkv", 3, told["upload"], parts)
    assert (status, said["message"]) == (503, f"The bucket {BUCKET} cannot be used now (InternalError).")
    assert lying(world) == {}
    assert desk.finish("0001.mkv", 3, told["upload"], parts)[0] == 200


@pytest.mark.parametrize("operation", ["ListObjectsV2", "ListMultipartUploads", "CreateMultipartUpload", "ListParts"])
@pytest.mark.parametrize(("code", "http"), [("SlowDown", 503), ("AccessDenied", 403)])
def test_an_s3_that_refuses_is_told_and_logged_with_its_word(
    world: World, meeting: str, operation: str, code: str, http: int
) -> None:
    world.cloud.aws.s3.faults.append(Fault(operation, code, http))
    body = {"piece": "0001.mkv", "bytes": 3, "upload": "", "parts": []}
    assert Desk().ask("/recordings", body) == (503, {"message": f"The bucket {BUCKET} cannot be used now ({code})."})
    assert [line["error"] for line in world.said("unavailable")] == [
        f"BucketUnavailable: The bucket {BUCKET} cannot be used now ({code})."
    ]
    assert Desk().ask("/recordings", body)[0] == 200


def test_an_s3_that_cannot_be_reached_is_told(world: World, meeting: str) -> None:
    world.cut_off("s3")
    status, said = Desk().ask("/recordings", {"piece": "0001.mkv", "bytes": 3, "upload": "", "parts": []})
    assert (status, said["message"]) == (503, f"The bucket {BUCKET} cannot be used now (EndpointConnectionError).")


def test_without_a_bucket_nothing_can_be_uploaded(world: World, meeting: str) -> None:
    world.configure(RECORDINGS_BUCKET=None)
    status, said = Desk().ask("/recordings", {"piece": "0001.mkv", "bytes": 3, "upload": "", "parts": []})
    assert status == 404
    assert said["message"].startswith("No bucket for recordings is set here")
