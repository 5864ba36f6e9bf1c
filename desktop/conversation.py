"""What the service and the app say to each other, step by step: whose desktop this is, what it lacks, who is there.

Each step does what is due and forgets nothing that could not be said: the app may be unreachable for an hour. All is
told again as it is then, so nothing is queued.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol
from urllib.parse import quote

from desktop.api import AppRefused, AppUnreachable
from desktop.door import Seat
from desktop.metadata import MetadataUnavailable

LOOK_S = 10
"""How often it is looked who is connected, so that a change is told within a quarter of a minute, and whether one that
is not ready is now."""

READY_S = 30
"""How often it is looked whether a ready desktop still is, and how often the same that is missing is told again."""

ALIVE_S = 300
"""How often the app hears of a desktop of which nothing is new."""

MOST_LINES = 10
LONGEST_LINE = 200
"""How many things may be missing in one report, and of how many characters each: the app refuses more."""

ASK_S = 330
"""How old the app's word may be of whose desktop this is, and until when: both may change, and so do the door's keys.
Each answer to a sign of life brings it anew, so it is asked for only where none was to be had."""

log = logging.getLogger("elephant.desktop")


class Asks(Protocol):
    """The app, as `desktop.api` asks it."""

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Return the app's answer."""


class Installs(Protocol):
    """The certificate that DCV shows, as `desktop.certificate` keeps it."""

    def wants(self, which: str | None) -> bool:
        """Return whether the app keeps another certificate than is installed."""

    def failed(self, why: str) -> None:
        """Note why the certificate could not be had."""

    def install(self, told: Mapping[str, Any]) -> None:
        """Put what the app has handed over in the place of what is there."""


@dataclass(frozen=True, slots=True)
class Place:
    """What the app tells of this desktop's place in its meeting; moments are UTC."""

    seat: Seat
    name: str | None
    other_name: str | None
    room: str | None
    ends_at: datetime | None
    """When people's time is up, the other person's too."""
    host_name: str
    certificate_id: str | None = None
    """Which certificate the app keeps for desktops; None for none."""
    issuer_root: str | None = None
    """The root that the desktop's certificate must come from, as PEM; None for those that the system trusts."""
    record: bool = False
    """Whether the meeting is to be recorded: nothing is where the app does not say so."""
    uploads: bool = False
    """Whether the app signs links by which recordings are uploaded."""
    closes_at: datetime | None = None
    """When the desktop closes since the other person has finished; None where they have not."""

    @property
    def end(self) -> datetime | None:
        """When the desktop closes, whichever comes first; None for not known."""
        return min((at for at in (self.ends_at, self.closes_at) if at), default=None)


class Conversation:
    """One desktop's side of it. `place` is None while the app names no seat for it, `is_over` once it has ended."""

    def __init__(
        self,
        app: Asks,
        meeting_id: str,
        instance_id: str,
        missing: Callable[[], tuple[str, ...] | None],
        connected: Callable[[], bool | None],
        elapsed: Callable[[], float],
        certificate: Installs | None = None,
        since: Callable[[], datetime | None] = lambda: None,
    ) -> None:
        """Take the app, what looks at the desktop, and a clock that counts seconds and that nobody sets.

        `certificate` installs the one that the app keeps, None for nobody.

        `missing` returns what keeps the desktop from being ready, None while that is still being looked at; `connected`
        whether somebody is, None for unknown, and `since` since when that is so (UTC), None where that is not known.
        """
        self._app = app
        self._path = f"/desktop/{quote(meeting_id, safe='')}"
        self._instance_id = instance_id
        self._missing = missing
        self._connected = connected
        self._since = since
        self._elapsed = elapsed
        self._certificate = certificate
        self._due: dict[str, float] = {}
        self._told: dict[str, tuple[object, float]] = {}
        self._trouble = ""
        self._uploaded: Mapping[str, Any] | None = None
        self.times_told = 0
        """How often the app has told the place."""
        self.place: Place | None = None
        self.is_over = False

    @property
    def untold(self) -> Mapping[str, Any] | None:
        """What of the uploads the app has not taken yet."""
        return self._uploaded

    def uploaded(self, told: Mapping[str, Any]) -> None:
        """Tell the app from the next step on what was uploaded, as the request's body has it, until it has taken it."""
        self._uploaded = told

    def ask_again(self) -> None:
        """Ask at the next step whose desktop this is and until when, however lately that was asked."""
        self._due.pop("place", None)

    def step(self, *, leaving: bool = False) -> None:
        """Do what is due; never raises for what the app or the network does.

        A desktop that is `leaving`, since its meeting is at its end, says nothing more of being ready.
        """
        try:
            if self._uploaded and self._is_due("uploaded", LOOK_S):
                self._ask("POST", f"{self._path}/uploaded", self._uploaded)
                self._uploaded = None
            if self.is_over:
                return
            if self._is_due("place", LOOK_S):
                self._ask_place()
            if self.place is None:
                return
            if self._is_due("presence", LOOK_S) and (connected := self._connected()) is not None:
                answer = self._tell("presence", self._presence(connected), ALIVE_S)
                if answer and "role" in answer:
                    self._learn_place(answer)
            self._follow_certificate()
            if not leaving and self._is_due("ready", READY_S):
                self._tell_ready()
        except AppRefused as refusal:
            self._refused(refusal)
        except (AppUnreachable, MetadataUnavailable) as trouble:
            self._note(str(trouble))

    def _is_due(self, what: str, every_s: float) -> bool:
        now = self._elapsed()
        if now < self._due.get(what, now):
            return False
        self._due[what] = now + every_s
        return True

    def _ask_place(self) -> None:
        self._learn_place(self._ask("GET", self._path))

    def _learn_place(self, answer: Mapping[str, Any]) -> None:
        place = understand(answer, self._instance_id)
        if self.place is None:
            log.info("This is the desktop of the %s.", place.seat.role)
        self.place = place
        self._compare(answer)
        self.times_told += 1
        self._due["place"] = self._elapsed() + ASK_S

    def _compare(self, answer: Mapping[str, Any]) -> None:
        """Tell anew whether the desktop is ready where the app knows something else than it was told last.

        What was said before may have arrived after it: it had been given up here, and not on its way.
        """
        told, _ = self._told.get("ready", (None, 0.0))
        if told is not None and "missing" in answer and told != {"missing": answer["missing"]}:
            del self._told["ready"]
            self._due.pop("ready", None)

    def _follow_certificate(self) -> None:
        """Have the certificate that the app keeps installed, where another one is."""
        which = self.place.certificate_id if self.place else None
        if not (self._certificate and which and self._is_due(f"certificate {which}", LOOK_S)):
            return
        if not self._certificate.wants(which):
            return
        try:
            told = self._ask("GET", f"{self._path}/certificate")
        except AppRefused as refusal:
            if refusal.status != 404:  # of the others, each says more than that there is no certificate
                raise
            self._certificate.failed(f"The app hands over no certificate: {refusal}")
        else:
            self._certificate.install(told)

    def _tell_ready(self) -> None:
        missing = self._missing()
        if missing is None:
            self._due.pop("ready")
            return
        if missing:
            self._due["ready"] = self._elapsed() + LOOK_S
        self._tell("ready", {"missing": as_lines(missing)}, READY_S if missing else None)

    def _presence(self, connected: bool) -> dict[str, Any]:
        """Return what the app is told: dated, so that what arrives late or twice is known for that."""
        since = self._since()
        return {"connected": connected} | ({"since": since.isoformat()} if since else {})

    def _tell(self, what: str, body: dict[str, Any], again_s: float | None) -> dict[str, Any] | None:
        """Tell the app, unless it was told just this, so lately where it is to be told again; return its answer."""
        told, when = self._told.get(what, (None, 0.0))
        if body == told and (again_s is None or self._elapsed() - when < again_s):
            return None
        self._told.pop(what, None)  # what is not answered may have arrived, or may yet
        answer = self._ask("POST", f"{self._path}/{what}", body)
        self._told[what] = body, self._elapsed()
        return answer

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        answer = self._app.ask(method, path, body)
        if self._trouble:
            self._trouble = ""
            log.info("The app is reached again.")
        return answer

    def _refused(self, refusal: AppRefused) -> None:
        if refusal.status == 410:
            self.is_over = True
            log.info("The app says that the meeting has ended.")
            return
        if refusal.status in (403, 404):  # replaced, or never this stage's: nobody is let in on what was known before
            self.place = None
        self._note(f"The app refuses: {refusal}")

    def _note(self, trouble: str) -> None:
        """Log what is wrong, once as long as it stays the same."""
        if trouble != self._trouble:
            log.warning("%s", trouble)
        self._trouble = trouble


def as_lines(missing: Sequence[str]) -> list[str]:
    """Return sentences as the app takes them: so many lines, each so long; what is cut stands in the log."""
    lines = [" ".join("".join(mark if mark.isprintable() else " " for mark in each).split()) for each in missing]
    lines = [line if len(line) <= LONGEST_LINE else f"{line[: LONGEST_LINE - 1]}…" for line in lines if line]
    if missing and not lines:
        return ["Something that says nothing of itself."]
    return lines[:MOST_LINES]


def understand(told: Mapping[str, Any], instance_id: str) -> Place:
    """Return what an answer to `GET /desktop/<meetingId>` tells.

    Raises:
        AppUnreachable: it is not as the app answers; another version may be on its way.
    """
    role, host_name, keys = told.get("role"), told.get("host_name"), told.get("door_keys")
    if role not in ("teacher", "student") or not isinstance(host_name, str) or not isinstance(keys, list):
        raise AppUnreachable(f"The app's answer does not tell whose desktop this is: {sorted(told)!r:.200}.")
    return Place(
        seat=Seat(instance_id, role, tuple(key for key in keys if isinstance(key, str) and key)),
        name=_text(told.get("name")),
        other_name=_text(told.get("other_name")),
        room=_text(told.get("jitsi_url")),
        ends_at=_moment(told, "ends_at"),
        host_name=host_name,
        certificate_id=_text(told.get("certificate_id")),
        issuer_root=_text(told.get("issuer_root")),
        record=told.get("record") is True,
        uploads=told.get("uploads") is True,
        closes_at=_moment(told, "closes_at"),
    )


def _moment(told: Mapping[str, Any], name: str) -> datetime | None:
    moment = _text(told.get(name))
    try:
        return datetime.fromisoformat(moment).astimezone(UTC) if moment else None
    except (ValueError, OverflowError):
        raise AppUnreachable(f"The app tells {moment!r:.40} as `{name}`.") from None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
