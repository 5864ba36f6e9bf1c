"""A desktop's whole service with nothing around it but what a test sets: an app, a DCV, a helper, and the time."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from desktop import notice
from desktop.api import AppRefused, AppUnreachable
from desktop.clock import AppClock
from desktop.config import Config
from desktop.conversation import Conversation
from desktop.dcv import Dcv, DcvUnknown
from desktop.life import Life, Parts
from desktop.notice import Notice, Told
from desktop.outbox import Outbox, Piece
from desktop.pieces import unique_name
from desktop.presence import Watch
from desktop.recordings import Recordings
from desktop.state import State
from desktop.uploading.transfer import Digests, Tally, Trouble
from desktop.uploading.uploader import Uploader
from desktop.uploads import Uploads
from tests.desktop import shells

ME = "i-0123456789abcdef0"
START = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
END = START + timedelta(minutes=60)
ROOM = "https://video.example.com/room"


class Desktop:
    """One desktop of a meeting from 15:00 to 16:00; it begins ten minutes before. Steps are a second apart."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.folder, self.me = folder, ME
        for name in ("state", "shared", "session", "drop"):
            (folder / name).mkdir()
        self.config = replace(
            Config(),
            state=folder / "state",
            shared=folder / "shared",
            session=folder / "session",
            hooks=folder / "hooks",
            drop=folder / "drop",
            **settings,
        )
        self.now = START - timedelta(minutes=10)
        self.said: list[tuple[datetime, str, Any]] = []
        self.place: dict[str, Any] = {
            "role": "teacher",
            "name": "Ada",
            "other_name": "Boonki",
            "jitsi_url": ROOM,
            "ends_at": END.isoformat(),
            "host_name": f"{ME}.example.com",
            "door_keys": ["present"],
            "record": True,
            "uploads": True,
        }
        self.deadline: datetime | None = END + timedelta(minutes=10)
        self.s3_fault: str | None = None
        self.tried: list[datetime] = []
        self.sent: list[tuple[datetime, str]] = []
        self.refuses: AppRefused | None = None
        self.is_reached = True
        self.connections: int | None = 0
        self.has_session = True
        self.closes = True
        self.closed_at: list[datetime] = []
        self.allowed: list[str] = []
        self.cannot_allow = False
        self.missing: tuple[str, ...] = ()
        self.work: list[Callable[[], object]] = []
        self.restart()

    def restart(self) -> None:
        """Begin anew, as an agent that was killed."""
        self.work.clear()
        clock = AppClock(self.elapsed, lambda: self.now)
        state = State(self.config.state / "state.json", self.me)
        dcv = Dcv(run=self.run_dcv)
        watch = Watch(dcv, clock.now)

        conversation = Conversation(
            self,
            "m-1",
            self.me,
            lambda: self.missing,
            watch.is_somebody_there,
            self.elapsed,
            since=lambda: watch.since,
        )
        uploads = Uploads(self.config.upload, self.config.session / "recordings", state, self, self.elapsed)
        boxes = self.config.state / "outbox" / self.me, self.config.state / "refused" / self.me
        outbox = Outbox(self.config.drop, *boxes, lambda file: None, unique_name)
        uploader = Uploader(outbox, self, state, self, self.elapsed)
        self.life = Life(
            Parts(
                config=self.config,
                conversation=conversation,
                watch=watch,
                dcv=dcv,
                machine=self,
                state=state,
                recordings=Recordings(uploads, uploader, clock.now, lambda: self.deadline, self.elapsed),
                clock=clock,
                elapsed=self.elapsed,
                hooks=self,
            )
        )

    def live(self, until: datetime | timedelta) -> None:
        """Let time pass until a moment, or for a while; what was put into a line is done at once."""
        end = until if isinstance(until, datetime) else self.now + until
        while self.now < end:
            self.life.step()
            while self.work:
                self.work.pop(0)()
            self.now += timedelta(seconds=1)

    def told(self, what: str) -> list[tuple[datetime, Any]]:
        """Return what the app was told, and when."""
        return [(when, body) for when, asked, body in self.said if asked == what]

    @property
    def notice(self) -> Notice:
        """What the helper reads now."""
        found = notice.read_notice(self.config.shared)
        assert found is not None
        return found

    def helper_says(self, **told: Any) -> None:
        """Have the helper say something, now."""
        notice.write(notice.told_file(self.config.session), Told(at=self.now, **told))

    def drop(self, name: str, content: bytes = b"recorded") -> None:
        """Have the helper hand a piece over."""
        (self.config.drop / name).write_bytes(content)

    def hook(self, moment: str) -> None:
        """Have the operator note the moments of this kind."""
        self.command(self.config.hooks / "service" / moment / "note", f"echo {moment} >> {self.folder}/ran")

    def ran(self) -> list[str]:
        """Return the moments whose commands have run."""
        file = self.folder / "ran"
        return file.read_text().split() if file.exists() else []

    @staticmethod
    def command(file: Path, script: str) -> Path:
        return shells.put(file, script)

    # --- what stands around it

    def elapsed(self) -> float:
        return self.now.timestamp()

    def put(self, work: Callable[[], object]) -> None:
        self.work.append(work)

    def send(
        self, piece: Piece, source: Any, digests: Digests, look: Callable[[], Piece], tally: Tally | None = None
    ) -> None:
        """Be S3, and the app that signs for it."""
        self.tried.append(self.now)
        if self.s3_fault:
            raise Trouble(self.s3_fault)
        self.sent.append((self.now, piece.name))

    def allow_capture(self, origin: str) -> None:
        if self.cannot_allow:
            raise OSError("Access is denied")
        self.allowed.append(origin)

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        if not self.is_reached:
            raise AppUnreachable("Nobody answers.")
        self.said.append((self.now, path.removeprefix("/desktop/m-1/") if body else method, body))
        if self.refuses:
            raise self.refuses
        if method == "GET" or path.endswith("/presence"):
            return dict(self.place)
        return {"message": "It is noted."}

    def run_dcv(self, command: Sequence[str]) -> str:
        if self.connections is None:
            raise DcvUnknown("DCV does not answer.")
        if "close-session" in command:
            self.has_session = self.has_session and not self.closes
            self.closed_at.append(self.now)
            return ""
        if "list-sessions" in command:
            return json.dumps([{"id": "console"}] if self.has_session else [])
        if not self.has_session:
            raise DcvUnknown("There is no such session.")
        return json.dumps(
            {
                "id": "console",
                "owner": "lesson",
                "num-of-connections": self.connections,
                "last-disconnection-time": "",
                "licenses": [{"product": "dcv", "status": "LICENSED"}],
            }
        )
