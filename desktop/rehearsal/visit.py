"""DCV's own command line, with one connection more while the rehearsal says that its person is there.

No browser can be had on a machine that is tried, and everything else of DCV's answer is DCV's own. Run as a file by
the program that the rehearsal puts in `dcv`'s place: visit.py <the file that says so> <dcv> <arguments>.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def main(arguments: Sequence[str]) -> int:
    """Run the command, print what it prints, and return what it exits with."""
    flag, program, *words = arguments
    done = subprocess.run(  # noqa: S603  a list of words, no shell
        [shutil.which(program) or program, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    sys.stdout.write(with_one_more(done.stdout) if Path(flag).exists() else done.stdout)
    sys.stderr.write(done.stderr)
    return done.returncode


def with_one_more(printed: str) -> str:
    """Return the description of a session with one connection more; anything else as it is."""
    try:
        told = json.loads(printed)
        told["num-of-connections"] += 1
    except (ValueError, TypeError, KeyError):
        return printed
    return json.dumps(told)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
