"""What is known to be safe, and when something is deleted here: whatever the disk does, and whenever the agent ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from desktop.outbox import Outbox, Piece
from desktop.pieces import unique_name
from desktop.state import State
from desktop.uploading.transfer import Digests, Erased, Tally, Trouble
from desktop.uploading.uploader import MOST_PIECES, Report, Uploader

ME = "i-0123456789abcdef0"


class Killed(BaseException):
    """The agent ends at once."""


class Place:
    """A desktop's two folders, a line of work, and what sends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.drop, self.box = folder / "drop", folder / "state" / "outbox"
        self.drop.mkdir()
        self.now_s = 0.0
        self.work: list[Callable[[], object]] = []
        self.sent: list[str] = []
        self.at_send: Callable[[Piece], None] = lambda piece: None
        self.restart()

    def restart(self) -> None:
        self.work.clear()
        self.state = State(self.folder / "state" / "state.json", ME)
        outbox = Outbox(self.drop, self.box, self.folder / "state" / "refused", lambda file: None, unique_name)
        self.uploader = Uploader(outbox, self, self.state, self, lambda: self.now_s)

    def put(self, work: Callable[[], object]) -> None:
        self.work.append(work)

    def send(
        self, piece: Piece, source: Any, digests: Digests, look: Callable[[], Piece], tally: Tally | None = None
    ) -> None:
        self.at_send(piece)
        self.sent.append(piece.name)

    def live(self, steps: int = 5) -> None:
        for _ in range(steps):
            self.uploader.step(look=True)
            while self.work:
                self.work.pop(0)()
            self.now_s += 1

    def files(self) -> list[str]:
        return sorted(file.name for file in self.box.iterdir())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.live(1)
    (place.drop / "a.mkv").write_bytes(b"recorded")
    return place


def test_nothing_is_deleted_before_it_is_safe(place: Place) -> None:
    def fail(piece: Piece) -> None:
        assert (place.box / piece.name).exists()
        raise Trouble("S3 is busy.")

    place.at_send = fail
    place.live(100)
    assert len(place.files()) == 1
    assert not place.uploader.is_settled
    assert place.uploader.report(1) == Report(0, (), 1)
    place.at_send = lambda piece: None
    place.live(100)
    assert place.files() == []
    assert place.uploader.is_settled
    assert place.uploader.report(1) == Report(1, (), 1)


def test_killed_while_it_sends_it_sends_again(place: Place) -> None:
    def kill(piece: Piece) -> None:
        raise Killed

    place.at_send = kill
    with pytest.raises(Killed):
        place.live()
    place.restart()
    place.at_send = lambda piece: None
    place.live()
    assert (len(place.sent), place.files()) == (1, [])
    assert place.uploader.report(1) == Report(1, (), 1)


def test_killed_after_it_was_safe_it_is_counted_once_and_deleted(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(self: Outbox, name: str) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(Outbox, "delete", kill)
        with pytest.raises(Killed):
            place.live()
    assert len(place.files()) == 1
    place.restart()
    place.live()
    assert (len(place.sent), place.files()) == (1, [])
    assert place.uploader.report(1) == Report(1, (), 1)


def test_what_cannot_be_deleted_yet_is_deleted_later_and_not_sent_again(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(self: Outbox, name: str) -> None:
        raise PermissionError(13, "somebody looks at it")

    with monkeypatch.context() as patched:
        patched.setattr(Outbox, "delete", refuse)
        place.live()
    assert "cannot be deleted here" in caplog.text
    assert len(place.files()) == 1
    place.live()
    assert (len(place.sent), place.files()) == (1, [])


def test_on_a_full_disk_it_goes_on_and_what_is_safe_makes_room(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    write = State._write

    def full(self: State, value: Any) -> None:
        if any(place.box.iterdir()):
            raise OSError(28, "No space left on device")
        write(self, value)

    monkeypatch.setattr(State, "_write", full)
    place.live()
    assert (len(place.sent), place.files()) == (1, [])
    place.restart()
    assert place.uploader.report(1) == Report(1, (), 1)


def test_a_drop_folder_that_cannot_be_read_stops_nothing_that_was_taken(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(piece: Piece) -> None:
        raise Trouble("S3 is busy.")

    place.at_send = fail
    place.live(2)
    place.drop.rmdir()
    place.at_send = lambda piece: None
    place.live(10)
    assert len(place.sent) == 1
    assert not place.uploader.is_settled
    assert caplog.text.count("cannot be taken over now") == 1
    told = place.uploader.report(1, unfinished=True)
    assert told is not None
    assert "cannot be taken over now" in told.lost[-1], "what lies there is not known, and may be a recording"
    place.drop.mkdir()
    place.live()
    assert place.uploader.is_settled


def test_a_piece_that_cannot_be_read_keeps_none_after_it_waiting(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(piece: Piece) -> None:
        if piece.name.startswith("a"):
            raise OSError(5, "Input/output error")

    place.at_send = fail
    place.live(1)
    (place.drop / "b.mkv").write_bytes(b"recorded")
    place.live(30)
    assert {name[0] for name in place.sent} == {"b"}
    told = place.uploader.report(1, unfinished=True)
    assert told is not None
    assert "Input/output error" in told.lost[0]


def test_a_piece_that_somebody_has_taken_away_is_said(place: Place) -> None:
    def fail(piece: Piece) -> None:
        raise Trouble("S3 is busy.")

    place.at_send = fail
    place.live(1)
    (place.box / place.files()[0]).unlink()
    place.live(10)
    assert place.uploader.is_settled
    told = place.uploader.report(1)
    assert told is not None
    assert (told.pieces, "is gone from" in told.lost[0]) == (0, True)


def test_once_the_recordings_were_erased_nothing_more_is_sent_or_told(place: Place) -> None:
    tries: list[str] = []

    def fail(piece: Piece) -> None:
        tries.append(piece.name)
        raise Erased("The recordings of this meeting were erased.")

    place.at_send = fail
    place.live(3)
    (place.drop / "b.mkv").write_bytes(b"recorded")
    place.live(100)
    assert len(tries) == 1
    assert place.uploader.report(1, unfinished=True) is None


def test_a_fault_of_the_agent_s_own_is_no_end(place: Place) -> None:
    def fail(piece: Piece) -> None:
        raise RuntimeError("never thought of")

    place.at_send = fail
    place.uploader.step(look=True)
    with pytest.raises(RuntimeError):
        place.work.pop()()
    place.at_send = lambda piece: None
    place.live(10)
    assert len(place.sent) == 1


def test_a_report_is_told_once_and_again_after_each_visit(place: Place) -> None:
    place.live()
    told = place.uploader.report(1)
    assert told
    place.uploader.told(told)
    place.restart()
    assert place.uploader.report(1) is None
    assert place.uploader.report(2) == Report(1, (), 2)
    assert place.uploader.report(1, ("Something.",)) == Report(1, ("Something.",), 1)


def test_who_makes_more_pieces_than_can_have_been_recorded_is_heard_no_more(place: Place) -> None:
    place.state.keep("safe", [f"{number}.mkv" for number in range(MOST_PIECES)])
    place.restart()
    place.live()
    assert place.sent == []
    assert place.uploader.is_settled
    told = place.uploader.report(1)
    assert told is not None
    assert "More than 1000 pieces" in told.lost[0]


@pytest.mark.parametrize("count", ["taken", "there"])
def test_one_that_comes_on_with_every_try_is_not_kept_waiting(place: Place, count: str) -> None:
    """Also where S3 has a part, and the connection was cut before it could say so."""

    def send(piece: Piece) -> None:
        tally = place.uploader._waiting[piece.name].tally
        setattr(tally, count, getattr(tally, count) + 1)
        if getattr(tally, count) < 10:
            raise Trouble("The connection was cut.")

    place.at_send = send
    place.live(25)
    assert len(place.sent) == 1


def test_what_it_took_is_logged_also_over_several_tries(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    def send(piece: Piece) -> None:
        waits = place.uploader._waiting[piece.name]
        waits.tally.taken, waits.tally.failed = waits.tally.taken + 2, waits.tally.failed + 1
        if waits.tally.taken < 4:
            raise Trouble("The connection was cut.")

    place.at_send = send
    with caplog.at_level("INFO"):
        place.live(10)
    assert "(0.0 MiB) is safe: 4 parts were sent, and 2 begun in vain." in caplog.text


@pytest.mark.parametrize("kept", [None, "x", ["1", None], {"a": 1}])
def test_what_was_kept_by_nobody_of_ours_counts_as_nothing(place: Place, kept: object) -> None:
    place.state.keep("safe", kept)
    place.state.keep("lost", kept)
    assert place.uploader.report(1) == Report(*((1, ("1",), 1) if kept == ["1", None] else (0, (), 1)))
