"""One at a time: a lock that ends with the process that holds it, whatever becomes of that."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


def only_one(file: Path) -> IO[bytes] | None:
    """Return the lock, held until it is closed; None where another process holds it.

    Raises:
        OSError: the file cannot be made.
    """
    held = file.open("ab")
    try:
        if sys.platform == "win32":
            held.seek(0)
            msvcrt.locking(held.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held.close()
        return None
    return held
