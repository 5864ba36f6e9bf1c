"""A person's session with the helper in it, and nothing around it but what a test sets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any

from desktop import notice
from desktop.config import Config
from desktop.ends import NEAR_MIN
from desktop.helper import Helper
from desktop.notice import Notice, Phase, Told
from tests.desktop.test_kept import Ran

ME = "i-0123456789abcdef0"
START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
END = START + timedelta(minutes=60)
MINUTE, SECOND = timedelta(minutes=1), timedelta(seconds=1)


class Session:
    """A person's session, in which a test sets the service's notice and the time."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        for name in ("shared", "session", "drop"):
            (folder / name).mkdir()
        own: Any = {name: folder / name for name in ("shared", "session", "hooks", "drop")}
        self.config = replace(Config(), **own, **settings)
        self.now = START
        self.ran: list[Ran] = []
        self.environ: list[Mapping[str, str]] = []
        self.shown: list[tuple[datetime, str]] = []
        self.cannot_show = False
        self.work: list[Callable[[], object]] = []
        self.browser: str | None = "/usr/bin/chromium"
        self.told_notice = Notice(
            phase=Phase.MEETING,
            role="teacher",
            name="Ada",
            room="https://v.example.com/r",
            ends_at=END,
            record=True,
            hand_over=True,
            instance_id=ME,
        )
        self.own_recorder: list[str] = []
        self.set()
        self.restart()

    def restart(self) -> None:
        self.helper = Helper(
            self.config,
            self.show,
            self,
            self.start,
            self.elapsed,
            lambda: self.now,
            lambda: self.browser,
            lambda: self.own_recorder,
        )

    def set(self, **changed: Any) -> None:
        self.told_notice = replace(self.told_notice, **changed)
        notice.write(notice.notice_file(self.config.shared), self.told_notice)

    def tell_minutes_left(self) -> None:
        """Be the service, whose app has said nothing else."""
        ends_at = self.told_notice.ends_at
        app_now = self.now - SECOND * self.told_notice.clock_ahead_s
        left = max(0, ceil((ends_at - app_now) / MINUTE)) if ends_at else NEAR_MIN + 1
        minutes_left = left if left <= NEAR_MIN else None
        if minutes_left != self.told_notice.minutes_left:
            self.set(minutes_left=minutes_left)

    def live(self, span: timedelta | datetime) -> None:
        end = span if isinstance(span, datetime) else self.now + span
        while self.now < end:
            self.tell_minutes_left()
            self.helper.step()
            self.now += 2 * SECOND

    def open_now(self, program: str = "chromium") -> list[Ran]:
        return [each for each in self.ran if each.code is None and program in each.command[0]]

    def recording(self) -> Path:
        """Return the folder that is recorded into."""
        return Path([each["ELEPHANT_RECORDING"] for each in self.environ if "ELEPHANT_RECORDING" in each][-1])

    def handed_over(self) -> list[str]:
        return sorted(file.name for file in self.config.drop.iterdir())

    @property
    def told(self) -> Told:
        found = notice.read_told(self.config.session)
        assert found is not None
        return found

    def show(self, text: str) -> None:
        if self.cannot_show:
            raise OSError("no screen")
        self.shown.append((self.now, text))

    def start(self, command: Sequence[str], environ: Mapping[str, str]) -> Ran:
        self.ran.append(Ran(command))
        self.environ.append(environ)
        return self.ran[-1]

    def elapsed(self) -> float:
        return self.now.timestamp()

    def put(self, work: Callable[[], object]) -> None:
        self.work.append(work)
