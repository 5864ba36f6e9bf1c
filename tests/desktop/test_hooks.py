"""The operator's commands at their moments: in their folders, with what they are told."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from desktop.hooks import Moment, Runner, run
from desktop.notice import Notice
from tests.desktop import shells


def test_each_moment_and_each_runner_has_a_folder_of_its_own(tmp_path: Path) -> None:
    for runner in Runner:
        for moment in Moment:
            shells.put(tmp_path / "hooks" / runner / moment / "note", f"echo {runner} {moment} >> {tmp_path}/ran")
    run(tmp_path / "hooks", Runner.SERVICE, Moment.CONNECT, Notice())
    run(tmp_path / "hooks", Runner.SESSION, Moment.BEFORE_END, Notice())
    assert (tmp_path / "ran").read_text() == "service connect\nsession before-end\n"


def test_it_is_told_whose_desktop_this_is(tmp_path: Path) -> None:
    shells.put(tmp_path / "service" / "end" / "note", f'printf %s "$ELEPHANT_NAME|$ELEPHANT_ENDS_AT" > {tmp_path}/told')
    notice = Notice(name="عائشة\x00 \ud800🐘\n$(reboot)", ends_at=datetime(2026, 3, 2, 16, 0, tzinfo=UTC))
    run(tmp_path, Runner.SERVICE, Moment.END, notice)
    assert (tmp_path / "told").read_text(encoding="utf-8") == "عائشة 🐘$(reboot)|2026-03-02T16:00:00+00:00"


def test_one_that_fails_and_one_that_hangs_stop_none_after_them(tmp_path: Path) -> None:
    folder = tmp_path / "service" / "disconnect"
    shells.put(folder / "1-fails", "exit 3")
    shells.put(folder / "2-hangs", "exec sleep 600")
    shells.put(folder / "3-prints", "head -c 3000000 /dev/zero | tr '\\0' x")
    outcomes = run(tmp_path, Runner.SERVICE, Moment.DISCONNECT, Notice(), patience_s=1)
    assert [bool(each.failure) for each in outcomes] == [True, True, False]
