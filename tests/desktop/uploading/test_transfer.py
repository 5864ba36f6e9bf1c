"""One piece on its way to S3: what is sent, what is sent again, and what is a sentence."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop import pieces
from desktop.api import AppRefused
from desktop.outbox import Outbox, Piece
from desktop.uploading.transfer import Digests, Erased, Tally, Transfer, Trouble
from tests.desktop.uploading.store import UNREACHABLE, Fault, Says, Store

PART = 200_000
SIZE = 24 * PART + 77  # a first group of links, a second one, and a short last part


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(pieces, "SMALLEST_PART", PART)
    monkeypatch.setattr(pieces, "MIB", PART)
    store = Store()
    yield store
    store.stop()


class Desk:
    """A desktop with one piece."""

    def __init__(self, folder: Path, store: Store, size: int = SIZE) -> None:
        self.content = hashlib.shake_128(b"recording").digest(size)
        self.folder = folder / "outbox"
        self.folder.mkdir()
        self.file = self.folder / "a.mkv"
        self.file.write_bytes(self.content)
        self.outbox = Outbox(folder / "drop", self.folder, folder / "refused", lambda file: None, str)
        self.transfer = Transfer(store, "/desktop/m-1/recordings", patience_s=5)
        self.digests = Digests()
        self.tally = Tally()

    def send(self) -> None:
        with self.outbox.open("a.mkv") as source:
            piece = self.outbox.mark("a.mkv", source)

            def look() -> Piece:
                return self.outbox.mark("a.mkv", source)

            self.transfer.send(piece, source, self.digests, look, self.tally)

    def is_whole(self, store: Store) -> bool:
        """Return whether S3 has just this piece, by the digests that it has checked itself."""
        parts = pieces.cut(len(self.content))
        own = [self.content[part.start : part.start + part.length] for part in parts]
        digests = [b64encode(hashlib.sha256(each).digest()).decode() for each in own]
        return store.safe.get("a.mkv") == (len(self.content), digests)


@pytest.fixture
def desk(tmp_path: Path, store: Store) -> Desk:
    return Desk(tmp_path, store)


def test_a_piece_arrives_whole_with_links_by_twenties_asked_for_when_needed(desk: Desk, store: Store) -> None:
    desk.send()
    assert desk.is_whole(store)
    assert store.received == SIZE
    assert [(what, len(body["parts"])) for what, body in store.asked] == [("", 20), ("", 5), ("/safe", 25)]
    assert (desk.tally.taken, desk.tally.failed, desk.tally.bytes) == (25, 0, SIZE)


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("number", [1, 2, 20, 21, 25])
def test_after_a_cut_only_what_was_on_its_way_is_sent_again(
    desk: Desk, store: Store, fault: Fault, number: int
) -> None:
    cuts = [fault]
    store.fault = lambda part: cuts.pop() if part == number and cuts else None
    with pytest.raises(Trouble, match=f"was cut at part {number}"):
        desk.send()
    assert store.safe == {}
    desk.send()
    assert desk.is_whole(store)
    assert store.received <= SIZE + PART
    assert len(store.taken) == 25


def test_an_agent_that_begins_anew_asks_which_parts_are_there(desk: Desk, store: Store) -> None:
    cuts = [Fault.MIDWAY]
    store.fault = lambda part: cuts.pop() if part == 22 and cuts else None
    with pytest.raises(Trouble):
        desk.send()
    desk.digests = Digests()
    desk.send()
    assert store.taken == list(range(1, 26))


def test_a_part_that_is_there_with_another_content_is_sent_again(desk: Desk, store: Store) -> None:
    cuts = [Fault.BEFORE]
    store.fault = lambda part: cuts.pop() if part == 3 and cuts else None
    with pytest.raises(Trouble):
        desk.send()
    [upload] = store.uploads.values()
    upload.parts[1] = "another's", PART
    desk.send()
    assert desk.is_whole(store)
    assert store.taken == [1, 2, 1, *range(3, 26)]


@pytest.mark.parametrize(
    "says",
    [
        Says(403, "AccessDenied"),
        Says(403, "AccessDenied", early=True),
        Says(400, "ExpiredToken"),
        Says(403, "RequestTimeTooSkewed"),
    ],
    ids=str,
)
def test_a_link_that_is_good_no_more_is_asked_for_anew(desk: Desk, store: Store, says: Says) -> None:
    faults = [says]
    store.fault = lambda part: faults.pop() if part == 7 and faults else None
    desk.send()
    assert desk.is_whole(store)
    assert [len(body["parts"]) for what, body in store.asked if not what] == [20, 14, 5]


def test_links_that_died_with_the_function_s_session_are_all_asked_for_anew(desk: Desk, store: Store) -> None:
    dead = [True]

    def end_session(part: int) -> None:
        if part == 4 and dead:
            dead.pop()
            store.forget_links()

    store.fault = end_session
    desk.send()
    assert desk.is_whole(store)


def test_one_whose_links_are_never_good_is_a_sentence(desk: Desk, store: Store) -> None:
    store.fault = lambda part: Says(403, "AccessDenied")
    with pytest.raises(Trouble, match=r"S3 answers 403 AccessDenied to part 1 \(So it is.\)"):
        desk.send()
    assert store.begun == 3


@pytest.mark.parametrize(
    "says", [Says(500, "InternalError"), Says(503, "SlowDown"), Says(429, "SlowDown"), Says(400, "RequestTimeout")]
)
def test_an_s3_that_is_busy_is_asked_again_later(desk: Desk, store: Store, says: Says) -> None:
    store.fault = lambda part: says if part == 2 else None
    with pytest.raises(Trouble, match=says.code):
        desk.send()
    store.fault = lambda part: None
    desk.send()
    assert desk.is_whole(store)
    assert len(store.taken) == 25


@pytest.mark.parametrize("code", ["PermanentRedirect", "NoSuchBucket", "InvalidRequest"])
def test_what_s3_refuses_is_said_in_its_words(desk: Desk, store: Store, code: str) -> None:
    store.fault = lambda part: Says(301 if code == "PermanentRedirect" else 400, code)
    with pytest.raises(Trouble, match=code):
        desk.send()


def test_an_upload_that_the_bucket_has_cleared_is_begun_anew(desk: Desk, store: Store) -> None:
    cleared = [True]

    def clear(part: int) -> None:
        if part == 23 and cleared:
            cleared.pop()
            store.forget_uploads()

    store.fault = clear
    desk.send()
    assert desk.is_whole(store)


def test_one_that_the_bucket_always_clears_is_a_sentence(desk: Desk, store: Store) -> None:
    store.fault = lambda part: store.forget_uploads()
    with pytest.raises(Trouble, match=r"begun anew 3 times: .*NoSuchUpload"):
        desk.send()


def test_a_part_that_is_missing_at_the_end_is_sent_then(desk: Desk, store: Store) -> None:
    lost = [True]

    def lose(part: int) -> None:
        if part == 25 and lost:
            lost.pop()
            [upload] = store.uploads.values()
            del upload.parts[2]

    store.fault = lose
    desk.send()
    assert desk.is_whole(store)
    assert store.taken == [*range(1, 26), 2]


def test_one_that_is_there_already_is_not_sent_again(desk: Desk, store: Store) -> None:
    desk.send()
    desk.digests = Digests()
    desk.send()
    assert len(store.taken) == 25


@pytest.mark.parametrize("change", [lambda old: old + b"more", lambda old: old[:-1], lambda old: b"x" + old[1:]])
@pytest.mark.parametrize("at", [1, 22, 25])
def test_a_piece_that_is_still_being_written_is_not_safe_until_it_is_not(
    desk: Desk, store: Store, change: object, at: int
) -> None:
    writes = [True]

    def write(part: int) -> None:
        if part == at and writes:
            writes.pop()
            desk.content = change(desk.content)  # type: ignore[operator]
            with desk.file.open("r+b") as file:
                file.write(desk.content)
                file.truncate()

    store.fault = write
    with pytest.raises(Trouble, match="still being written"):
        desk.send()
    assert store.safe == {}
    desk.send()
    assert desk.is_whole(store)


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (UNREACHABLE, "Nobody answers"),
        (AppRefused(404, "That meeting names no desktop."), "refuses .404.: That meeting"),
        (AppRefused(409, "Another upload is being completed."), "refuses .409.: Another"),
    ],
)
def test_an_app_that_does_not_answer_or_refuses_is_a_sentence(
    desk: Desk, store: Store, fault: Exception, says: str
) -> None:
    store.app_fault = fault
    with pytest.raises(Trouble, match=says):
        desk.send()
    store.app_fault = None
    desk.send()
    assert desk.is_whole(store)


def test_an_app_whose_recordings_were_erased_is_asked_no_more(desk: Desk, store: Store) -> None:
    store.app_fault = AppRefused(410, "The recordings of this meeting were erased.")
    with pytest.raises(Erased, match="were erased"):
        desk.send()


@pytest.mark.parametrize(
    "answer", [{}, {"upload": "u", "there": [], "links": [{}]}, {"upload": "u", "there": [], "links": []}]
)
def test_an_answer_that_is_not_the_protocol_s_is_a_sentence(
    desk: Desk, store: Store, answer: dict[str, object]
) -> None:
    store.ask = lambda *told: answer  # type: ignore[method-assign]
    with pytest.raises(Trouble, match=r"a\.mkv"):
        desk.send()


@pytest.mark.parametrize("url", ["http://s3.example.com/a?b", "ftp://127.0.0.1/a", "https://[", "http://127.0.0.1:1/a"])
def test_a_link_that_leads_nowhere_it_may_is_a_sentence(desk: Desk, store: Store, url: str) -> None:
    sign = store.ask

    def ask(method: str, path: str, body: object = None) -> dict[str, object]:
        told = sign(method, path, body)  # type: ignore[arg-type]
        return {**told, "links": [{**each, "url": url} for each in told["links"]]}

    store.ask = ask  # type: ignore[method-assign]
    with pytest.raises(Trouble):
        desk.send()
    assert store.begun == 0


def test_a_store_that_takes_nothing_is_not_waited_for_forever(desk: Desk, store: Store) -> None:
    """It accepts the connection and says nothing."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as deaf:
        sign = store.ask
        url = f"http://127.0.0.1:{deaf.getsockname()[1]}/a?b"

        def ask(method: str, path: str, body: object = None) -> dict[str, object]:
            told = sign(method, path, body)  # type: ignore[arg-type]
            return {**told, "links": [{**each, "url": url} for each in told["links"]]}

        store.ask = ask  # type: ignore[method-assign]
        desk.transfer = Transfer(store, "/desktop/m-1/recordings", patience_s=0.2)
        with pytest.raises(Trouble, match="timed out"):
            desk.send()
