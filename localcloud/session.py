"""What the agent starts on the laptop's desktops in place of a browser and of a recorder. Development only.

python -m localcloud.session room --home DIR <address>   shows in the desktop that the room is open
python -m localcloud.session record                      writes pieces into ELEPHANT_RECORDING until its input ends
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from localcloud.dcv.states import write_whole


def main(arguments: list[str]) -> int:
    """Be one of the two; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m localcloud.session", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    room = kinds.add_parser("room")
    room.add_argument("--home", type=Path, required=True)
    room.add_argument("address")
    kinds.add_parser("record")
    told = parser.parse_args(arguments)
    if told.kind == "room":
        _be_the_room(told.home, told.address)
    else:
        _record(Path(os.environ["ELEPHANT_RECORDING"]))
    return 0


def _be_the_room(home: Path, address: str) -> None:
    opened = {
        "person": os.environ.get("ELEPHANT_NAME", ""),
        "role": os.environ.get("ELEPHANT_ROLE", ""),
        "room_url": address,
        "opened_at": datetime.now(UTC).isoformat(),
        "opened_by": "the session helper",
    }
    write_whole(home / "session.json", json.dumps(opened))
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        sys.stdin.buffer.read()
    finally:
        (home / "session.json").unlink(missing_ok=True)


def _record(folder: Path) -> None:
    """Write a piece that is finished at once, and one that is when the recording ends."""
    finished = folder / "finished"
    finished.mkdir(parents=True)
    write_whole(finished / "0001.txt", f"begun {datetime.now(UTC).isoformat()}\n")
    with (folder / "0002.txt").open("w", encoding="utf-8") as recording:
        recording.write(f"recording since {datetime.now(UTC).isoformat()}\n")
        recording.flush()
        sys.stdin.buffer.read()
        recording.write(f"ended {datetime.now(UTC).isoformat()}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
