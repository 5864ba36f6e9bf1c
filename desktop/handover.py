"""What the helper does with finished pieces: it puts them where the service takes them out of the person's reach.

While something records, what it has put into `finished` of its folder is finished; when it has ended, everything there
is, whatever wrote it. What an earlier helper has left is handed over as well.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from desktop.pieces import safe_name

FINISHED = "finished"


class Handover:
    """Moves files from the folders of one desktop's recordings into the drop folder."""

    def __init__(self, drop: Path) -> None:
        """Take the drop folder, which must be on the same volume as the recordings."""
        self._drop = drop
        self.left = 0
        """How many pieces could not be moved at the last look."""
        self.fault: str | None = None
        """Why not, as a sentence; None for nothing."""

    def look(self, recordings: Path, running: Path | None) -> None:
        """Move what is finished below `recordings`; `running` is the folder that is being recorded into."""
        left, fault = 0, None
        for folder in _folders(recordings):
            is_running = folder == running
            for file in _files(folder / FINISHED if is_running else folder):
                try:
                    file.rename(self._free(safe_name(f"{folder.name}-{file.name}")))
                except OSError as error:  # on Windows: somebody has it open
                    left += 1
                    fault = f"{file.name} cannot be put into {self._drop}: {error.strerror or error}."
            if not is_running:
                _remove(folder)
        self.left, self.fault = left, fault

    def _free(self, name: str) -> Path:
        """Return where a piece of this name goes. Nobody else puts pieces there while this helper runs."""
        file, number = self._drop / name, 1
        while os.path.lexists(file):
            number += 1
            file = self._drop / safe_name(f"{number}-{name}")
        return file


def _folders(recordings: Path) -> list[Path]:
    try:
        return sorted(each for each in recordings.iterdir() if each.is_dir() and not each.is_symlink())
    except FileNotFoundError:
        return []


def _files(folder: Path) -> Iterator[Path]:
    """Yield the files of a folder and of those in it, the oldest first, and nothing that is a link."""
    found = []
    for where, _, names in os.walk(folder):
        for name in names:
            file = Path(where, name)
            with suppress(OSError):  # it has been moved meanwhile
                told = file.lstat()
                if stat.S_ISREG(told.st_mode):
                    found.append((told.st_mtime_ns, str(file), file))
    yield from (file for _, _, file in sorted(found))


def _remove(folder: Path) -> None:
    """Remove a folder, and those in it, as far as they are empty."""
    for where, _, _ in os.walk(folder, topdown=False):
        with suppress(OSError):
            Path(where).rmdir()
