"""What the helper puts into the drop folder, and what it leaves where it is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from desktop.handover import Handover


class Place:
    def __init__(self, folder: Path) -> None:
        self.recordings, self.drop = folder / "recordings", folder / "drop"
        self.drop.mkdir()
        self.handover = Handover(self.drop)

    def write(self, name: str, content: str = "x") -> Path:
        file = self.recordings / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        return file

    def look(self, running: str | None = None) -> list[str]:
        self.handover.look(self.recordings, self.recordings / running if running else None)
        return sorted(file.name for file in self.drop.iterdir())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_without_recordings_there_is_nothing_to_hand_over(place: Place) -> None:
    assert place.look() == []


def test_while_it_is_recorded_into_only_what_is_finished_is(place: Place) -> None:
    for name in ("1/finished/a.mkv", "1/running/b.mkv", "1/c.mkv"):
        place.write(name)
    assert place.look(running="1") == ["1-a.mkv"]
    assert place.look() == ["1-a.mkv", "1-b.mkv", "1-c.mkv"]
    assert list(place.recordings.iterdir()) == []


def test_a_folder_that_an_earlier_helper_has_left_is_handed_over_beside_the_one_of_now(place: Place) -> None:
    place.write("1/session.mp4")
    place.write("2/session.mp4")
    assert place.look(running="2") == ["1-session.mp4"]


def test_of_two_files_with_one_name_none_takes_the_other_s_place(place: Place) -> None:
    place.write("1/finished/a.mkv", "first")
    place.write("1/running/a.mkv", "second")
    place.write("1/a\n.mkv", "third")
    place.write("1/a .mkv", "fourth")
    names = place.look()
    assert len(names) == 4
    assert {(place.drop / name).read_text() for name in names} == {"first", "second", "third", "fourth"}


@pytest.mark.skipif(os.name != "posix", reason="Windows makes such files for administrators alone, or never")
def test_links_stay_where_they_are(place: Place, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "private.txt").write_text("x")
    place.write("1/a.mkv")
    (place.recordings / "1" / "b.mkv").symlink_to(elsewhere / "private.txt")
    (place.recordings / "2").symlink_to(elsewhere)
    (place.recordings / "1" / "folder").symlink_to(elsewhere)
    assert place.look() == ["1-a.mkv"]
    assert (elsewhere / "private.txt").exists()


def test_what_cannot_be_moved_is_counted_said_and_moved_later(place: Place) -> None:
    file = place.write("1/a.mkv")
    place.drop.rmdir()
    place.handover.look(place.recordings, None)
    assert place.handover.left == 1
    assert str(place.handover.fault).startswith("a.mkv cannot be put into")
    assert file.exists()
    place.drop.mkdir()
    assert place.look() == ["1-a.mkv"]
    assert (place.handover.left, place.handover.fault) == (0, None)
