"""The script with which a desktop ends itself: run for real where it can be (Linux), read where it cannot."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from chalicelib.guest import MARGIN_MIN, Guest, user_data

DEADLINE = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def the_guard(tmp_path: Path) -> Path:
    """Return the guard that the Linux user data installs, as a file of its own."""
    script = user_data(Guest.LINUX, DEADLINE)
    guard = tmp_path / "guard"
    guard.write_text(script.split("<<'GUARD'\n")[1].split("\nGUARD\n")[0])
    return guard


def run_at(now: datetime, tmp_path: Path, tag: str | None = None) -> bool:
    """Run the guard at a time, with metadata that say `tag` (None: they do not answer); return whether it shut down."""
    bin_dir = tmp_path / "bin"
    bin_dir.mkdir()
    tools = {
        "curl": f"echo '{tag}'" if tag else "exit 7",
        "date": f'case "$*" in +%s) echo {int(now.timestamp())} ;; *) exec /bin/date "$@" ;; esac',
        "shutdown": f"touch {tmp_path}/down",
    }
    for name, body in tools.items():
        (bin_dir / name).write_text(f"#!/bin/bash\n{body}\n")
        (bin_dir / name).chmod(0o755)
    environ = {**os.environ, "PATH": f"{bin_dir}:{os.environ['PATH']}"}
    subprocess.run(["bash", str(the_guard(tmp_path))], env=environ, check=True)
    return (tmp_path / "down").exists()


@pytest.mark.parametrize(
    ("after_deadline", "tag", "down"),
    [
        (timedelta(minutes=MARGIN_MIN), None, True),
        (timedelta(minutes=MARGIN_MIN, seconds=-1), None, False),
        (timedelta(minutes=MARGIN_MIN), "2026-03-01T13:00:00Z", False),
        (timedelta(minutes=60 + MARGIN_MIN), "2026-03-01T13:00:00Z", True),
        (timedelta(minutes=-30), "2026-03-01T11:00:00Z", True),
        (timedelta(minutes=MARGIN_MIN), "<html>not a time</html>", True),
    ],
    ids=["its time is up", "not yet", "made longer", "longer, and up", "made shorter", "the tag is garbage"],
)
def test_the_linux_guard_shuts_down_at_the_deadline_it_bears(
    after_deadline: timedelta, tag: str | None, down: bool, tmp_path: Path
) -> None:
    assert run_at(DEADLINE + after_deadline, tmp_path, tag) is down


def test_the_linux_user_data_is_a_script_that_bash_can_read() -> None:
    subprocess.run(["bash", "-n"], input=user_data(Guest.LINUX, DEADLINE), text=True, check=True)


def test_the_windows_user_data_holds_the_deadline_and_leaves_no_placeholder() -> None:
    script = user_data(Guest.WINDOWS, DEADLINE)
    assert script.startswith("<powershell>\n")
    assert script.endswith("</powershell>\n")
    assert "$deadline = '2026-03-01T12:00:00Z'" in script
    assert f".AddMinutes({MARGIN_MIN})" in script
    assert "$$" not in script
    assert script.count("@'") == script.count("'@") == 1


def test_an_operator_can_switch_the_guard_off() -> None:
    assert user_data(Guest.OFF, DEADLINE) == ""
