"""What a desktop can reach by asking about recordings: its own pieces, in sizes and numbers that can be meant."""

from __future__ import annotations

import random
from typing import Any

import pytest

from localcloud.cloud import BUCKET
from tests.app.recording import ME, OTHER, URL, Desk, lying, parts_of, put_meeting, sha256
from tests.app.world import NOW, World, utc

GIB = 2**30
PART: dict[str, Any] = {"number": 1, "sha256": sha256(b"abc")}
GOOD: dict[str, Any] = {"piece": "0001.mkv", "bytes": 3, "upload": "", "parts": [PART]}
WHOLE: dict[str, Any] = GOOD | {"upload": "u"}
NEW = "i-0bbbbbbbbbbbbbbbb"

PIECES = [
    "",
    ".",
    ".mkv",
    "-a",
    "_a",
    "a/b",
    "../a",
    "a b",
    "a\n",
    "ä.mkv",
    "a" * 81,
    "%2e%2e",
    1,
    None,
    ["a"],
    "\u0661",
]
SIZES = [0, -1, 5 * 2**40 + 1, 1.0, "3", True, None, 10**30]
UPLOADS = [None, 1, "a b", "a\n", "ü", "u" * 1025, ["u"]]
NO_PARTS: list[Any] = [
    None,
    {},
    "1",
    [None],
    [{}],
    [{"number": 1}],
    [PART | {"more": 1}],
    [PART | {"number": 0}],
    [PART | {"number": 10_001}],
    [PART | {"number": True}],
    [PART | {"number": "1"}],
    [PART | {"sha256": ""}],
    [PART | {"sha256": PART["sha256"][:-1]}],
    [PART | {"sha256": "=" * 44}],
    [PART | {"sha256": "ä" * 44}],
    [PART | {"sha256": "A" * 44}],
    [PART | {"sha256": sha256(b"abc").replace("=", "\n")}],
    [PART | {"sha256": None}],
    [PART, PART],
]
BAD = [
    *({"piece": piece} for piece in PIECES),
    *({"bytes": size} for size in SIZES),
    *({"upload": upload} for upload in UPLOADS),
    *({"parts": parts} for parts in NO_PARTS),
    {"role": "student"},
    {"instance": OTHER},
]


@pytest.fixture
def meeting(world: World) -> str:
    return put_meeting(world)


@pytest.mark.parametrize("path", ["/recordings", "/recordings/safe"])
@pytest.mark.parametrize("change", BAD, ids=lambda change: ascii(change)[:60])
def test_what_cannot_be_meant_is_refused_with_a_sentence_and_asks_s3_nothing(
    world: World, meeting: str, path: str, change: dict[str, Any]
) -> None:
    status, told = Desk().ask(path, (GOOD if path == "/recordings" else WHOLE) | change)
    assert status == 400
    assert told["message"].endswith(".")
    assert not [call for call in world.calls() if call.service == "s3"]


@pytest.mark.parametrize("body", [None, [], "x", 1, {}, {"piece": "a"}, {"piece": "a", "bytes": 1, "upload": ""}])
@pytest.mark.parametrize("path", ["/recordings", "/recordings/safe"])
def test_so_is_what_is_none_of_it(world: World, meeting: str, path: str, body: Any) -> None:
    status, told = Desk().ask(path, body)
    assert (status, told["message"]) == (
        400,
        "The body is a JSON object that holds `bytes`, `parts`, `piece`, `upload`, and nothing else.",
    )


@pytest.mark.parametrize(
    "parts",
    [[], [{"number": 2, "sha256": PART["sha256"]}], [PART, {"number": 3, "sha256": PART["sha256"]}]],
    ids=["none", "not from 1", "a gap"],
)
def test_a_piece_is_made_whole_of_all_its_parts_in_order(world: World, meeting: str, parts: Any) -> None:
    assert Desk().ask("/recordings/safe", WHOLE | {"parts": parts})[0] == 400


def test_no_more_than_twenty_links_are_signed_at_once(world: World, meeting: str) -> None:
    parts = parts_of(*[b"abc"] * 21)
    assert Desk().ask("/recordings", GOOD | {"bytes": 63, "parts": parts})[0] == 400
    assert len(Desk().links("0001.mkv", 63, parts[:20])["links"]) == 20


def test_a_piece_of_0_bytes_is_refused_with_what_it_is(world: World, meeting: str) -> None:
    status, told = Desk().ask("/recordings", GOOD | {"bytes": 0, "parts": []})
    assert (status, "one of 0 bytes holds no recording" in told["message"]) == (400, True)


def test_a_piece_of_20_gb_has_as_many_parts_as_it_takes(world: World, meeting: str) -> None:
    """Its numbers, that is: 1,193 parts of 16 MiB, more than S3 lists at once."""
    desk, size = Desk(), 20 * 10**9
    count = -(-size // (16 * 2**20))
    assert count == 1193
    told = desk.links("0001.mkv", size, [{"number": count, "sha256": PART["sha256"]}])
    assert [link["number"] for link in told["links"]] == [count]
    upload = world.cloud.aws.s3.uploads[told["upload"]]
    [link] = told["links"]
    desk.put(link, b"abc")
    upload.parts |= dict.fromkeys(range(1, count), upload.parts[count])
    there = desk.links("0001.mkv", size, [], told["upload"])["there"]
    assert [part["number"] for part in there] == list(range(1, count + 1))
    parts = [{"number": number, "sha256": PART["sha256"]} for number in range(1, count + 1)]
    status, said = desk.finish("0001.mkv", size, told["upload"], parts)
    assert (status, said["message"].startswith(f"The parts have {3 * count} bytes together")) == (409, True)


# --- whose they are


def test_a_desktop_sees_and_changes_no_piece_of_another(world: World, meeting: str) -> None:
    mine, other = Desk(), Desk(OTHER)
    upload = mine.links("0001.mkv", 3, parts_of(b"abc"))["upload"]
    assert other.links("0001.mkv", 3, [])["upload"] != upload
    assert other.ask("/recordings", GOOD | {"upload": upload})[0] == 409
    assert other.finish("0001.mkv", 3, upload, parts_of(b"abc"))[0] == 409
    mine.send("0001.mkv", b"abc")
    assert "safe" not in other.links("0001.mkv", 3, [])
    assert other.ask("/uploaded", {"pieces": 1, "lost": []})[0] == 409
    assert not {"student_session_data", "student_recording_lost"} & world.row("m-1").keys()


@pytest.mark.parametrize("who", ["i-0cccccccccccccccc", NEW])
def test_one_that_the_row_does_not_name_is_told_nothing(world: World, meeting: str, who: str) -> None:
    for path, body in (("/recordings", GOOD), ("/recordings/safe", WHOLE), ("/uploaded", {"pieces": 0, "lost": []})):
        assert Desk(who).ask(path, body)[0] == 404
    assert not [call for call in world.calls() if call.service == "s3"]


def test_two_desktops_of_one_role_keep_apart_and_the_first_one_s_pieces_stay(world: World, meeting: str) -> None:
    """The second took the place of the first, under the same names of pieces."""
    first, second = Desk(), Desk(NEW)
    first.send("0001.mkv", b"first")
    first.ask("/uploaded", {"pieces": 1, "lost": []})
    world.write("m-1", teacher_ec2_id=NEW, teacher_replaced=[f"{utc(NOW)} {ME}: it died"])
    assert first.ask("/recordings", GOOD)[0] == 404
    assert second.ask("/uploaded", {"pieces": 1, "lost": []})[0] == 409, "the first one's is not the second's"
    second.send("0001.mkv", b"second")
    assert second.ask("/uploaded", {"pieces": 1, "lost": []})[0] == 200
    assert sorted(lying(world).values()) == [5, 6]
    assert world.row("m-1")["teacher_session_data"] == URL.replace(ME, NEW)


@pytest.mark.parametrize("id_", ["m-1/student", ".", "..", "m 1", "%2F", "Größe", "m-1\u2028x"])
def test_an_id_that_somebody_made_up_stays_one_step_of_the_key(world: World, meeting: str, id_: str) -> None:
    world.put(id=id_, teacher_ec2_id=ME, meet_time=utc(NOW), status="IN_PROGRESS")
    assert Desk(ME, id_).send("0001.mkv", b"abc")[0] == 200
    [key] = lying(world)
    assert key.split("/")[0] == "2026-03-02"
    assert key.split("/")[2:] == ["teacher", f"{ME}-0001.mkv"]
    assert key.isascii()


def test_a_row_without_a_time_has_a_day_of_its_own(world: World, meeting: str) -> None:
    world.put(id="m-9", teacher_ec2_id=ME, created_at=None, status="IN_PROGRESS")
    assert Desk(ME, "m-9").send("0001.mkv", b"abc")[0] == 200
    assert list(lying(world)) == [f"undated/m-9/teacher/{ME}-0001.mkv"]


# --- before, after, and never again


def test_an_upload_goes_on_after_the_meetings_end(world: World, meeting: str) -> None:
    world.write("m-1", status="TERMINATED", termination_reason="MAX_DURATION", ended_at=utc(NOW))
    desk = Desk()
    assert desk.send("0001.mkv", b"abc")[0] == 200
    assert desk.ask("/uploaded", {"pieces": 1, "lost": []})[0] == 200
    row = world.row("m-1")
    assert (row["teacher_session_data"], row["termination_reason"], row["status"]) == (
        URL,
        "MAX_DURATION",
        "TERMINATED",
    )


def test_after_recordings_were_erased_nothing_more_is_taken(world: World, meeting: str) -> None:
    desk = Desk()
    upload = desk.links("0001.mkv", 3, parts_of(b"abc"))["upload"]
    world.write("m-1", recordings_erased_at=utc(NOW), status="TERMINATED", termination_reason="SUCCESS")
    for path, body in (
        ("/recordings", GOOD),
        ("/recordings/safe", WHOLE | {"upload": upload}),
        ("/uploaded", {"pieces": 1, "lost": []}),
    ):
        status, told = desk.ask(path, body)
        assert status == 410
        assert told["message"].startswith("The recordings of this meeting were erased")
    assert lying(world) == {}


TOLD = {"pieces": 1, "lost": ["One."]}
BAD_TOLD = [
    *({"pieces": count} for count in (-1, 10_001, True, "1", 1.0, None)),
    *({"lost": lost} for lost in (None, "One.", [""], ["a\nb"], [1], ["x" * 201], ["x"] * 11, {"a": 1})),
    {"url": "https://example.com/a"},
]


@pytest.mark.parametrize("change", BAD_TOLD, ids=lambda change: ascii(change)[:60])
def test_a_report_that_cannot_be_meant_is_refused(world: World, meeting: str, change: dict[str, Any]) -> None:
    status, told = Desk().ask("/uploaded", TOLD | change)
    assert (status, told["message"][-1]) == (400, ".")
    assert not {"teacher_session_data", "teacher_recording_lost"} & world.row("m-1").keys()


def test_whatever_is_sent_never_fails_the_app_and_touches_no_other_seat(world: World, meeting: str) -> None:
    rng = random.Random(7)
    values = [*PIECES, *SIZES, *UPLOADS, *NO_PARTS, [PART], "0001.mkv", 3, "", [], ["One."], 1]
    names = ["piece", "bytes", "upload", "parts", "pieces", "lost", "url", "x"]
    before = {name: value for name, value in world.row("m-1").items() if not name.startswith("teacher")}
    seen = set()
    for _ in range(400):
        path = rng.choice(["/recordings", "/recordings/safe", "/uploaded"])
        base = {"/recordings": GOOD, "/recordings/safe": WHOLE, "/uploaded": TOLD}[path]
        body = dict(base) | {name: rng.choice(values) for name in rng.sample(names, rng.randrange(3))}
        for name in rng.sample(sorted(body), rng.randrange(2)):
            del body[name]
        status, told = Desk().ask(path, body)
        assert status < 500, (path, body, told)
        assert isinstance(told["message"], str)
        seen.add(status)
    assert seen >= {200, 400, 409}
    after = {name: value for name, value in world.row("m-1").items() if not name.startswith("teacher")}
    assert after == before
    assert all(key.startswith(f"2026-03-02/m-1/teacher/{ME}-") for key in lying(world))
    own = {upload.key.rpartition("/")[0] for upload in world.cloud.aws.s3.uploads.values() if upload.bucket == BUCKET}
    assert own <= {"2026-03-02/m-1/teacher"}
