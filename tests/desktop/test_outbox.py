"""From the drop folder into the service's own: what a person may try there, and what is left in peace."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from desktop.machine.linux import Linux
from desktop.outbox import MOST_AT_ONCE, NoPiece, Outbox
from tests.desktop.test_machines import Programs

POSIX = pytest.mark.skipif(
    sys.platform == "win32", reason="Windows makes such files for administrators alone, or never"
)


class Place:
    """The two folders, and what a person has elsewhere."""

    def __init__(self, folder: Path) -> None:
        self.drop, self.own, self.refused = folder / "drop", folder / "state" / "outbox", folder / "state" / "refused"
        self.drop.mkdir()
        self.secret = folder / "secret"
        self.secret.write_text("nobody's business")
        self.owned: list[Path] = []
        self.outbox = Outbox(self.drop, self.own, self.refused, self.owned.append, lambda name: name)
        self.outbox.begin()

    def taken(self) -> list[str]:
        self.outbox.take()
        return self.outbox.names()


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that every user of the machine comes to; pytest's own are closed."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        folder.chmod(0o755)
        yield folder


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_piece_is_moved_made_the_service_s_alone_and_read(place: Place) -> None:
    (place.drop / "a.mkv").write_bytes(b"recorded")
    assert place.taken() == ["a.mkv"]
    assert list(place.drop.iterdir()) == []
    assert place.owned == []
    with place.outbox.open("a.mkv") as source:
        assert place.owned == [place.own / "a.mkv"]
        assert source.read() == b"recorded"
    place.outbox.delete("a.mkv")
    assert place.outbox.names() == []


def test_the_oldest_comes_first(place: Place) -> None:
    for name, written_at in (("b", 30), ("c", 10), ("a", 20)):
        (place.drop / name).write_text("x")
        os.utime(place.drop / name, (written_at, written_at))
    assert place.taken() == ["c", "a", "b"]


@POSIX
@pytest.mark.parametrize("to", ["secret", "nowhere", "drop"])
def test_a_link_is_set_aside_and_never_followed(place: Place, to: str) -> None:
    (place.drop / "a.mkv").symlink_to(place.secret.with_name(to))
    assert place.taken() == ["a.mkv"]
    with pytest.raises(NoPiece, match=r"a\.mkv is a link and no recording: it is not followed"):
        place.outbox.look("a.mkv")
    assert place.outbox.names() == []
    assert place.secret.read_text() == "nobody's business"
    [aside] = place.refused.iterdir()
    assert aside.is_symlink()


@POSIX
def test_a_link_that_takes_the_piece_s_place_is_not_followed_either(place: Place) -> None:
    (place.drop / "a.mkv").write_text("x")
    place.taken()
    (place.own / "a.mkv").unlink()
    (place.own / "a.mkv").symlink_to(place.secret)
    with pytest.raises(NoPiece, match="is a link"):
        place.outbox.open("a.mkv")


def test_a_file_with_a_second_name_is_set_aside(place: Place) -> None:
    os.link(place.secret, place.drop / "a.mkv")
    place.taken()
    with pytest.raises(NoPiece, match="a second name elsewhere"):
        place.outbox.open("a.mkv")
    assert place.owned == []
    assert place.secret.read_text() == "nobody's business"


def test_a_folder_is_set_aside_with_what_is_in_it(place: Place) -> None:
    (place.drop / "a.mkv").mkdir()
    (place.drop / "a.mkv" / "b.mkv").write_text("x")
    place.taken()
    with pytest.raises(NoPiece, match="is no file"):
        place.outbox.look("a.mkv")
    assert [file.name for file in place.refused.rglob("*.mkv") if file.is_file()] == ["b.mkv"]


@POSIX
def test_a_pipe_is_set_aside_and_not_waited_for(place: Place) -> None:
    if sys.platform == "win32":
        return
    os.mkfifo(place.drop / "a.mkv")
    place.taken()
    with pytest.raises(NoPiece, match="is no file"):
        place.outbox.open("a.mkv")


@POSIX
@pytest.mark.skipif(not hasattr(os, "mknod") or os.name != "posix" or os.geteuid() != 0, reason="only root makes one")
def test_a_device_is_set_aside_and_not_read(place: Place) -> None:
    if sys.platform == "win32":
        return
    try:
        os.mknod(place.drop / "a.mkv", 0o666 | 0o020000, os.makedev(1, 5))  # /dev/zero never ends
    except OSError as error:
        pytest.skip(f"no device can be made here ({error.strerror})")
    place.taken()
    with pytest.raises(NoPiece, match="is no file"):
        place.outbox.open("a.mkv")


def test_an_empty_file_is_said_and_set_aside(place: Place) -> None:
    (place.drop / "a.mkv").touch()
    place.taken()
    with pytest.raises(NoPiece, match="holds 0 bytes"):
        place.outbox.look("a.mkv")


@POSIX
def test_a_folder_that_was_replaced_by_a_link_is_not_looked_into(place: Place, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "a.mkv").write_text("x")
    place.drop.rmdir()
    place.drop.symlink_to(elsewhere)
    with pytest.raises(OSError, match="no folder but a link"):
        place.outbox.take()
    assert (elsewhere / "a.mkv").exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root gives a folder away")
def test_a_folder_of_another_user_s_is_not_looked_into(place: Place) -> None:
    if sys.platform == "win32":
        return
    (place.drop / "a.mkv").write_text("x")
    os.chown(place.drop, 65534, -1)
    with pytest.raises(PermissionError, match="belongs to another user"):
        place.outbox.take()


def test_a_drop_folder_that_is_not_there_is_an_error_that_passes(place: Place) -> None:
    place.drop.rmdir()
    with pytest.raises(FileNotFoundError):
        place.outbox.take()


@POSIX
def test_who_still_writes_is_seen(place: Place) -> None:
    with (place.drop / "a.mkv").open("wb", buffering=0) as writing:
        writing.write(b"recorded")
        place.taken()
        with place.outbox.open("a.mkv") as source:
            before = place.outbox.mark("a.mkv", source)
            assert before.size == 8
            writing.write(b" more")
            assert place.outbox.mark("a.mkv", source) != before


def test_what_lay_there_before_this_instance_began_is_another_s(tmp_path: Path) -> None:
    place = Place(tmp_path)
    (place.drop / "a.mkv").write_text("x")
    other = Outbox(place.drop, tmp_path / "state" / "new", place.refused, place.owned.append, lambda name: name)
    other.begin()
    assert (other.take(), other.names()) == (True, [])
    assert [file.name[:1] for file in place.refused.iterdir()] == ["a"]
    (place.drop / "b.mkv").write_text("x")
    other.begin()
    other.take()
    assert other.names() == ["b.mkv"]


def test_one_that_fills_the_folder_holds_nobody_up(place: Place) -> None:
    for number in range(MOST_AT_ONCE + 1):
        (place.drop / f"{number:03}").write_text("x")
    assert not place.outbox.take()
    assert len(place.outbox.names()) == MOST_AT_ONCE
    assert place.outbox.take()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root makes files of another user's")
def test_on_linux_a_person_can_put_files_there_and_nothing_else(open_to_all: Path) -> None:
    """As the user `nobody`, in a process of its own."""
    if sys.platform == "win32":
        return
    drop = open_to_all / "drop"
    Linux(Programs(), Path("/")).make_drop(drop, "nobody")
    (drop / "another.mkv").write_text("x")
    child = os.fork()
    if child == 0:
        import pwd

        person = pwd.getpwnam("nobody")
        os.setgroups([])
        os.setgid(person.pw_gid)
        os.setuid(person.pw_uid)
        told = 0
        (drop / "mine.mkv").write_text("x")
        for try_it in (
            lambda: os.listdir(drop),
            lambda: (drop / "another.mkv").rename(drop / "b.mkv"),
            (drop / "another.mkv").unlink,
            lambda: drop.rename(drop.with_name("moved")),
            lambda: drop.chmod(0o777),
        ):
            try:
                try_it()
            except PermissionError:
                told += 1
        os._exit(told)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 5
    assert sorted(file.name for file in drop.iterdir()) == ["another.mkv", "mine.mkv"]
    mine = drop / "mine.mkv"
    Linux(Programs(), Path("/")).own(mine)
    assert (mine.stat().st_uid, mine.stat().st_mode & 0o777) == (0, 0o600)


@POSIX
def test_on_linux_what_a_link_leads_to_is_never_made_the_service_s(place: Place) -> None:
    link = place.drop / "a.mkv"
    link.symlink_to(place.secret)
    place.secret.chmod(0o644)
    with pytest.raises(OSError, match="symbolic links"):
        Linux(Programs(), Path("/")).own(link)
    assert place.secret.stat().st_mode & 0o777 == 0o644
