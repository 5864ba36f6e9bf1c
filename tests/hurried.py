"""`python -m tests.hurried service --config FILE`: the desktop's agent itself, whose waits take a tenth of their time.

What it does and says is the agent's own. What it counts seconds with runs ten times as fast, and is put forward with
the cloud's time: the file `ahead` beside the desktops' folders holds by how many seconds. What time it is the app's
answers tell it, a refusal too: the first one after time was put forward.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path
from unittest.mock import patch

AGENT = ("-m", "tests.hurried")
"""What desktops of a laptop run in the agent's place."""

AHEAD = "ahead"
_TIMES_AS_FAST = 10


def put_forward(folder: Path, seconds: float) -> None:
    """Let desktops whose folders are in this one have so many seconds behind them since they began."""
    new = folder / f"{AHEAD}.new"
    new.write_text(f"{seconds}", encoding="utf-8")
    new.replace(folder / AHEAD)


def main() -> int:
    """Run one of the agent's processes; return its exit code."""
    file = Path(sys.argv[sys.argv.index("--config") + 1]).parents[1] / AHEAD
    usual = time.monotonic

    def ahead() -> float:
        with suppress(FileNotFoundError):
            return float(file.read_text(encoding="utf-8"))
        return 0.0

    from desktop import clock  # noqa: F401  it counts with what there is when it is imported, and the others do too

    with patch("time.monotonic", lambda: _TIMES_AS_FAST * usual() + ahead()):
        from desktop import helper, service
        from desktop.__main__ import main as run
    with (
        patch.object(helper, "STEP_S", helper.STEP_S / _TIMES_AS_FAST),
        patch.object(service, "STEP_S", service.STEP_S / _TIMES_AS_FAST),
    ):
        return run(sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
