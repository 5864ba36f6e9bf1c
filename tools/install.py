"""`python3 tools/install.py <folder> <requirements>`: a virtual environment with all that a lock names, once.

This runs before anything is installed, under whatever Python a machine has: it needs the standard library alone, and
no syntax that is newer than Python 3.6, or an old Python could not even say that it is too old.
"""

import os
import subprocess
import sys
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Callable, Iterator, List, Mapping, Sequence

OLDEST = (3, 11)
Run = Callable[[List[str]], int]
"""Runs a command and returns its exit code."""


def run(command: List[str]) -> int:
    """Run a command; whatever a machine's settings say, pip installs into the environment itself."""
    return subprocess.call(command, env=dict(os.environ, PIP_USER="0"))  # noqa: S603  our own interpreter


def main(arguments: Sequence[str], run: Run = run) -> int:
    """Install what the lock names into the folder, unless that is done already; return the exit code."""
    folder, lock = map(Path, arguments)
    wrong = unfit()
    if wrong:
        return refuse(wrong)
    ready = folder / ".ready"  # written last: an environment without it is half made, and is made anew
    try:
        with only_one(lock):
            if ready.exists() and ready.stat().st_mtime >= lock.stat().st_mtime:
                return 0  # another make has installed it meanwhile
            say("· installing into {} (once, about a minute)".format(folder))
            if ready.exists():
                ready.unlink()
            if run([sys.executable, "-m", "venv", "--clear", str(folder)]):
                return refuse(
                    "No virtual environment could be made in {}; the words above say why. Repair that and run make "
                    "again.".format(folder)
                )
            python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
            pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
            if run([*pip, "-r", str(lock)]):
                return refuse(unreached(lock, os.environ))
            ready.touch()
    except KeyboardInterrupt:
        return refuse("Stopped while installing; the next make begins anew.", 130)
    return 0


def unfit() -> str:
    """Return what this Python lacks, as a sentence that says what to do; empty where it will do."""
    found, wanted = "{}.{}".format(*sys.version_info), "{}.{}".format(*OLDEST)
    if sys.version_info < OLDEST:
        return "Elephant needs Python {0} or newer, and {1} is {2}. Name one with make PYTHON=python{0} …".format(
            wanted, sys.executable, found
        )
    lacking = [name for name in ("venv", "ensurepip") if find_spec(name) is None]
    if lacking:
        return (
            "{0} cannot make virtual environments: it lacks {1}. On Debian and Ubuntu, sudo apt install python{2}-venv "
            "adds that; or name another Python with make PYTHON=python{3} …".format(
                sys.executable, " and ".join(lacking), found, wanted
            )
        )
    return ""


def unreached(lock: Path, environ: Mapping[str, str]) -> str:
    """Return what to do where pip could not install what a lock names."""
    sentences = ["pip could not install what {} names; its words are above.".format(lock)]
    if environ.get("PIP_NO_INDEX"):
        sentences.append("PIP_NO_INDEX is set here, which forbids it to ask any index: unset it.")
    sentences.append(
        "Where this machine reaches the internet through a proxy, set HTTPS_PROXY=http://host:port. Where it has a "
        "package index of its own, set PIP_INDEX_URL=https://host/simple, and PIP_CERT=<file> where that has a "
        "certificate of its own. Then run make again: it begins anew."
    )
    return " ".join(sentences)


@contextmanager
def only_one(lock: Path) -> Iterator[None]:
    """Let one process at a time install what a lock names; others wait, and then find it done."""
    try:
        import fcntl
    except ImportError:  # Windows, where nobody runs make twice at once
        yield
        return
    with lock.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("· waiting for another make, which is installing")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def refuse(sentence: str, code: int = 1) -> int:
    """Say what is wrong, and return the exit code for it."""
    say(sentence)
    return code


def say(sentence: str) -> None:
    """Print a sentence where it spoils no output, in lines that fit the terminal."""
    from shutil import get_terminal_size
    from textwrap import fill

    sink: IO[str] = sys.stderr
    print(fill(sentence, get_terminal_size().columns, break_long_words=False, break_on_hyphens=False), file=sink)
    sink.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
