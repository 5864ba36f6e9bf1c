"""What passes between service and helper, and what each makes of what is not as the other writes it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from desktop.notice import Notice, Phase, Told, notice_file, read_notice, read_told, told_file, write

NOTICE = Notice(
    phase=Phase.MEETING,
    role="teacher",
    name="عائشة 🐘",
    other_name="Boonki",
    room="https://video.example.com/r",
    ends_at=datetime(2026, 3, 2, 16, 0, tzinfo=UTC),
    is_announced=True,
    minutes_left=2,
    connected=True,
    record=True,
    hand_over=True,
    instance_id="i-0123456789abcdef0",
    clock_ahead_s=-600.5,
)
TOLD = Told(
    at=datetime(2026, 3, 2, 15, 0, tzinfo=UTC),
    recording=True,
    pieces_left=2,
    room_opened=True,
    fault="No browser is found.",
)


def test_both_are_read_as_they_were_written(tmp_path: Path) -> None:
    write(notice_file(tmp_path), NOTICE)
    write(told_file(tmp_path), TOLD)
    assert (read_notice(tmp_path), read_told(tmp_path)) == (NOTICE, TOLD)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["notice.json", "told.json"]


def test_the_least_is_read_as_well(tmp_path: Path) -> None:
    write(notice_file(tmp_path), Notice())
    write(told_file(tmp_path), Told())
    assert (read_notice(tmp_path), read_told(tmp_path)) == (Notice(), Told())


@pytest.mark.parametrize(
    "text",
    [b"", b"{", b"[]", b"{}", b'{"phase": "party"}', b'{"at": 3}', b"[" * 50_000, b"\xff", b'"' + b"x" * 100_000],
)
def test_garbage_is_no_notice(tmp_path: Path, text: bytes) -> None:
    notice_file(tmp_path).write_bytes(text)
    told_file(tmp_path).write_bytes(text)
    assert (read_notice(tmp_path), read_told(tmp_path)) == (None, None)


def test_what_cannot_be_written_leaves_what_was(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        write(notice_file(tmp_path / "gone"), NOTICE)
