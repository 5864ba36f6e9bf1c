"""`python -m tests.desktop.process.upload_figures [gigabytes]`: what an upload costs that is cut at every part.

One piece of eight parts of 16 MiB and a half is sent by a process of its own to a strict stand-in for app and S3; the
connection is cut before, in the middle of and after each part, and the process killed at each. Told are the parts, how
many were begun again, and the bytes that were sent twice. With a number, a file of so many gigabytes without blocks
is sent as well, once.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from desktop.pieces import SMALLEST_PART, cut
from tests.desktop.uploading.store import Fault, Says, Store

PARTS = 9
_ROOT = Path(__file__).resolve().parents[3]
_PATIENCE_S = 600


@dataclass(frozen=True)
class Figure:
    """What one upload took."""

    parts: int
    begun: int
    """How many parts were begun to be sent."""
    sent_twice: int
    """Bytes that arrived at S3 beyond the piece's own."""
    processes: int
    seconds: float
    memory_mib: float = 0

    @property
    def again(self) -> int:
        """How many parts were begun again."""
        return self.begun - self.parts


class Upload:
    """One piece and one stand-in for all that it goes to."""

    def __init__(self, folder: Path, part: int, size: int, pace: float = 1, sparse: bool = False) -> None:
        self._folder = folder
        self._words = [str(folder), str(part), str(pace)]
        (folder / "drop").mkdir()
        self._size = size
        (folder / "outbox").mkdir()
        with (folder / "drop" / "a.mkv").open("wb") as file:
            if sparse:
                file.truncate(size)
            else:
                file.write(hashlib.shake_128(b"recording").digest(size))
        self._lock = Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, fault: Callable[[int], Fault | Says | None]) -> Figure:
        """Send it, by as many processes as it takes; tell what it took."""
        store, began = Store(), time.monotonic()
        store.fault = fault
        processes, memory = 0, 0.0
        try:
            while not store.safe or (self._folder / "outbox" / "a.mkv").exists():
                processes += 1
                memory = max(memory, self._run_once(store))
            took_s = time.monotonic() - began
        finally:
            store.stop()
        assert store.safe["a.mkv"][0] == self._size
        parts = len(store.safe["a.mkv"][1])
        return Figure(parts, store.begun, store.received - self._size, processes, took_s, memory)

    def kill(self) -> None:
        """End the process that sends, at once."""
        with self._lock:
            if self._process:
                self._process.kill()
                self._process.wait()

    def _run_once(self, store: Store) -> float:
        """Run a process until it ends; return how much memory it had at most, in MiB."""
        folder, part, pace = self._words
        words = [sys.executable, "-m", "tests.desktop.process.uploading_service", folder, store.url, part, pace]
        memory = 0.0
        with self._lock:
            self._process = process = subprocess.Popen(words, cwd=_ROOT)
        until = time.monotonic() + _PATIENCE_S
        while process.poll() is None:
            memory = max(memory, _memory_mib(process.pid))
            assert time.monotonic() < until, "the upload does not come to its end"
            time.sleep(0.02)
        return memory


def _memory_mib(pid: int) -> float:
    try:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) / 1024 if found else 0


def once(number: int, what: Fault | Says) -> Callable[[int], Fault | Says | None]:
    """Return what fails at one part, once."""
    left = [what]
    return lambda part: left.pop() if part == number and left else None


def cut_at(number: int, fault: Fault | Says, part: int, size: int, pace: float = 1) -> Figure:
    """Cut the connection once, at this part."""
    with tempfile.TemporaryDirectory() as folder:
        return Upload(Path(folder), part, size, pace).run(once(number, fault))


def killed_at(number: int, part: int, size: int, pace: float = 1) -> Figure:
    """Kill the process once, as it sends this part."""
    with tempfile.TemporaryDirectory() as folder:
        upload, left = Upload(Path(folder), part, size, pace), [True]

        def kill(sent: int) -> None:
            if sent == number and left:
                left.pop()
                upload.kill()

        return upload.run(kill)


def cut_at_each(fault: Fault | Says, part: int, size: int, pace: float = 1) -> Figure:
    """Cut the connection once at every part of one upload."""
    done: set[int] = set()

    def at(number: int) -> Fault | Says | None:
        if number in done:
            return None
        done.add(number)
        return fault

    with tempfile.TemporaryDirectory() as folder:
        return Upload(Path(folder), part, size, pace).run(at)


def main(gigabytes: float) -> int:
    """Tell the figures."""
    part, size = SMALLEST_PART, (PARTS - 1) * SMALLEST_PART + SMALLEST_PART // 2
    print(f"one piece of {size / 1e6:.0f} MB in {len(cut(size))} parts, each row {PARTS} uploads, cut once each:")
    print(f"{'':44} {'begun again':>12} {'sent twice, MB: mean':>21} {'most':>6} {'seconds':>8}")
    numbers = range(1, PARTS + 1)
    for fault in Fault:
        _tell(f"the connection is cut {fault}", [cut_at(n, fault, part, size) for n in numbers])
    _tell("S3 answers 503 to a part", [cut_at(n, Says(503, "SlowDown"), part, size) for n in numbers])
    _tell("a link is good no more", [cut_at(n, Says(403, "AccessDenied"), part, size) for n in numbers])
    _tell("the service is killed as it sends a part", [killed_at(n, part, size) for n in numbers])
    print("one upload that is cut at every part of it:")
    for fault in Fault:
        _tell(f"each time {fault}", [cut_at_each(fault, part, size)])
    if gigabytes:
        with tempfile.TemporaryDirectory() as folder:
            figure = Upload(Path(folder), part, int(gigabytes * 1e9), sparse=True).run(lambda number: None)
        print(
            f"{gigabytes:g} GB without blocks: {figure.parts} parts in {figure.seconds:.0f} s, "
            f"{figure.memory_mib:.0f} MiB of memory at most"
        )
    return 0


def _tell(what: str, figures: list[Figure]) -> None:
    twice = [each.sent_twice / 1e6 for each in figures]
    again = sum(each.again for each in figures)
    print(
        f"{what:44} {again:>12} {sum(twice) / len(twice):>21.1f} {max(twice):>6.1f} "
        f"{max(each.seconds for each in figures):>8.1f}"
    )


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 0))
