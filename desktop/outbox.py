"""What waits to be uploaded, out of the person's reach.

The person's programs may put files into one folder, `drop`, where they can neither look around nor change the folder
itself. From there the service moves each, unseen, into a folder of its own, and only there looks at what it has got: a
link, a folder or a device is no recording, and a file with a second name may be anybody's. Those are set aside. What is
left is opened without following links. Nothing else of the person's is ever read.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from desktop.pieces import unique_name

MOST_AT_ONCE = 50
"""How many are taken from the drop folder in one look: whoever fills it keeps the service busy no longer than that."""

_REPARSE_POINT = 0x400  # FILE_ATTRIBUTE_REPARSE_POINT: links and junctions of Windows


class NoPiece(Exception):
    """What lies there cannot be uploaded; the text is a sentence."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A file of the outbox: its name, its size in bytes, and a mark that changes when it is written to."""

    name: str
    size: int
    mark: tuple[int, int, int]


class Outbox:
    """The drop folder, and the service's own folder behind it."""

    def __init__(
        self, drop: Path, outbox: Path, refused: Path, own: Callable[[Path], None], unique: Callable[[str], str]
    ) -> None:
        """Take the folders, what makes a file the service's alone, and what makes a name that no other file has."""
        self.folder = outbox
        self._drop = drop
        self._refused = refused
        self._own = own
        self._unique = unique
        self._owned: set[str] = set()

    def begin(self) -> None:
        """Make the service's own folder. What lies in the drop folder before that was another instance's.

        Raises:
            OSError: it cannot be made.
        """
        if self.folder.is_dir():
            return
        for name in self._dropped():
            self._set_aside(self._drop / name)
        self.folder.mkdir(parents=True)

    def take(self) -> bool:
        """Move what lies in the drop folder into the outbox; return whether the drop folder is empty now.

        Raises:
            OSError: the folder is not as it must be, or a file cannot be moved now; the others have been.
        """
        names = self._dropped()
        trouble: OSError | None = None
        for name in names[:MOST_AT_ONCE]:
            try:
                (self._drop / name).rename(self.folder / self._unique(name))
            except OSError as error:  # on Windows: somebody has it open
                trouble = error
        if trouble:
            raise trouble
        return len(names) <= MOST_AT_ONCE

    def names(self) -> list[str]:
        """Return the names of what waits, the oldest first.

        Raises:
            OSError: the folder cannot be read.
        """
        with os.scandir(self.folder) as found:
            dated = [(entry.stat(follow_symlinks=False).st_mtime_ns, entry.name) for entry in found]
        return [name for _, name in sorted(dated)]

    def look(self, name: str) -> Piece:
        """Return what is known of a piece without opening it.

        Raises:
            NoPiece: it is none; it was set aside.
            OSError: it cannot be looked at.
        """
        file = self.folder / name
        found = file.lstat()
        why = _fault(found)
        if why:
            self._set_aside(file)
            raise NoPiece(f"{name} {why}")
        return _piece(name, found)

    def open(self, name: str) -> BinaryIO:
        """Open a piece to be read, once nobody else can.

        Raises:
            NoPiece: it is none; it was set aside.
            OSError: it cannot be opened.
        """
        self.look(name)
        file = self.folder / name
        if name not in self._owned:
            self._own(file)
            self._owned.add(name)
        flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        source = os.fdopen(os.open(file, flags), "rb")
        if why := _fault(os.fstat(source.fileno())):
            source.close()
            self._set_aside(file)
            raise NoPiece(f"{name} {why}")
        return source

    def mark(self, name: str, source: BinaryIO) -> Piece:
        """Return what is known of a piece that is open."""
        return _piece(name, os.fstat(source.fileno()))

    def delete(self, name: str) -> None:
        """Delete a piece that is safe elsewhere.

        Raises:
            OSError: it cannot be, now.
        """
        (self.folder / name).unlink(missing_ok=True)
        self._owned.discard(name)

    def _dropped(self) -> list[str]:
        found = self._drop.lstat()
        if not stat.S_ISDIR(found.st_mode) or _is_reparse_point(found):
            raise NotADirectoryError(f"{self._drop} is no folder but a link: somebody has put it in the folder's place")
        if os.name == "posix" and found.st_uid != os.geteuid():
            raise PermissionError(f"{self._drop} belongs to another user than the service, who could put links into it")
        with os.scandir(self._drop) as entries:
            return sorted(entry.name for entry in entries)

    def _set_aside(self, file: Path) -> None:
        """Move what is no piece out of the way; nothing in it is looked at, and nothing is deleted."""
        self._refused.mkdir(parents=True, exist_ok=True)
        file.rename(self._refused / unique_name(file.name))


def _fault(found: os.stat_result) -> str | None:
    if stat.S_ISLNK(found.st_mode) or _is_reparse_point(found):
        return "is a link and no recording: it is not followed."
    if not stat.S_ISREG(found.st_mode):
        return "is no file, and so no recording."
    if found.st_nlink != 1:
        return "has a second name elsewhere on the disk and may be anybody's: it is not uploaded."
    if found.st_size == 0:
        return "holds 0 bytes: nothing was recorded in it."
    return None


def _is_reparse_point(found: os.stat_result) -> bool:
    return bool(getattr(found, "st_file_attributes", 0) & _REPARSE_POINT)


def _piece(name: str, found: os.stat_result) -> Piece:
    return Piece(name, found.st_size, (found.st_size, found.st_mtime_ns, found.st_ino))
