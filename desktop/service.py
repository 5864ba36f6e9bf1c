"""The service: SYSTEM's or root's, up before anybody logs on. It finds out who the machine is, and stays with it.

Whatever is not there yet is waited for: the metadata, the launch's tags, the app. Nothing is changed meanwhile, since
images boot while they are baked, without any meeting.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from urllib.parse import quote

from desktop import tls
from desktop.api import App
from desktop.background import Background, Line, Look
from desktop.certificate import Certificate
from desktop.clock import AppClock
from desktop.config import Config
from desktop.conversation import Conversation
from desktop.dcv import Dcv
from desktop.door import Door
from desktop.guard import Guard
from desktop.life import Life, Parts
from desktop.machine.system import System
from desktop.metadata import Machine, Metadata, MetadataUnavailable
from desktop.outbox import Outbox
from desktop.pieces import unique_name
from desktop.presence import Watch
from desktop.readiness import Readiness
from desktop.recordings import Recordings
from desktop.state import State
from desktop.uploading.transfer import Transfer
from desktop.uploading.uploader import Uploader
from desktop.uploads import Uploads
from desktop.verifier import Verifier

STEP_S = 1
AGAIN_S = 10
"""How often it is tried to find out who the machine is, as long as that is not known."""

log = logging.getLogger("elephant.desktop")


class NotYet(Exception):
    """What the service needs is not there yet; the text says what."""


class Service:
    """One machine's service. `step` does what is due and raises for nothing that the machine or the network does."""

    def __init__(
        self,
        config: Config,
        system: System,
        metadata: Metadata,
        clock: AppClock,
        lines: Callable[[str], Line] = Background,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take the image's settings, the machine, its metadata, what learns the app's time, and what makes lines."""
        self._config = config
        self._system = system
        self._metadata = metadata
        self._clock = clock
        self._lines = {name: lines(name) for name in ("readiness", "hooks", "upload")}
        self._elapsed = elapsed
        self._stack = ExitStack()
        self._trouble = ""
        self._due_s = elapsed()
        self._state: State | None = None
        self._guard: Guard | None = None
        self.life: Life | None = None

    def run(self, stop: threading.Event) -> None:
        """Serve until `stop` is set."""
        with self._stack:
            while not stop.is_set():
                self.step()
                stop.wait(STEP_S)

    def step(self) -> None:
        """Do what is due."""
        if self.life:
            self.life.step()
        elif self._elapsed() >= self._due_s:
            self._due_s = self._elapsed() + AGAIN_S
            self._try_to_begin()
        if self._guard:
            self._guard.step()

    def _try_to_begin(self) -> None:
        try:
            own = self._metadata.machine()
            self._begin(own)
        except (MetadataUnavailable, NotYet) as trouble:
            if str(trouble) != self._trouble:
                log.warning("%s", trouble)
            self._trouble = str(trouble)

    def _begin(self, own: Machine) -> None:
        """Begin the life of the desktop that this machine is.

        Raises:
            NotYet: it is none, or not yet.
        """
        state = self._state = self._state or State(self._config.state / "state.json", own.instance_id)
        if self._guard is None:
            self._guard = Guard(self._system, self._metadata.machine, state, self._clock.now, self._elapsed)
        meeting_id = own.tags.get("MeetingID")
        if not meeting_id:
            raise NotYet(f"{own.instance_id} bears no tag MeetingID: it is nobody's desktop, and nothing is done.")
        address = self._config.api or own.tags.get("Api")
        if not address:
            raise NotYet(
                f"{own.instance_id} bears no tag Api, so the app cannot be asked; was it launched for the kit?"
            )
        try:
            app = App(address, own.region, self._metadata.credentials, self._clock)
        except ValueError as error:
            raise NotYet(str(error)) from None
        self._live(own, app, meeting_id, state)

    def _live(self, own: Machine, app: App, meeting_id: str, state: State) -> None:
        config, elapsed = self._config, self._elapsed
        dcv = Dcv(config.dcv)
        watch = Watch(dcv, self._clock.now)
        conversation: Conversation

        def find_tls_fault() -> str | None:
            place = conversation.place
            return tls.find_fault(config.dcv_port, place.host_name, place.issuer_root) if place else None

        def find_certificate_fault() -> str | None:
            place = conversation.place
            return certificate.find_fault(place.certificate_id) if place else None

        certificate = Certificate(config.dcv_certificates, self._system)
        checks = config.hooks / "checks"
        readiness = Readiness(self._system, dcv, config.user, find_tls_fault, checks, find_certificate_fault)
        missing = Look(readiness.find_missing, self._lines["readiness"])
        conversation = Conversation(
            app,
            meeting_id,
            own.instance_id,
            missing.take,
            watch.is_somebody_there,
            elapsed,
            certificate,
            lambda: watch.since,
        )
        transfer = Transfer(app, f"/desktop/{quote(meeting_id, safe='')}/recordings")
        outbox = Outbox(
            config.drop,
            config.state / "outbox" / own.instance_id,
            config.state / "refused" / own.instance_id,
            self._system.own,
            unique_name,
        )
        uploader = Uploader(outbox, transfer, state, self._lines["upload"], elapsed)
        recordings = config.session / "recordings" / own.instance_id
        parts = Parts(
            config=config,
            conversation=conversation,
            watch=watch,
            dcv=dcv,
            machine=self._system,
            state=state,
            recordings=Recordings(
                Uploads(config.upload, recordings, state, self._lines["upload"], elapsed),
                uploader,
                self._clock.now,
                lambda: self._guard.deadline if self._guard else None,
                elapsed,
            ),
            clock=self._clock,
            elapsed=elapsed,
            hooks=self._lines["hooks"],
        )
        life = Life(parts)
        door = Door(life.seat, watch.look, self._clock.now, state)
        try:
            verifier = Verifier(door.judge, config.user, config.verifier_port)
        except OSError as error:
            raise NotYet(f"Port {config.verifier_port}, on which DCV asks, is taken ({error.strerror}).") from None
        self._stack.callback(verifier.stop)
        self.life = life
        log.info("This is %s, a desktop of meeting %s.", own.instance_id, meeting_id)


def main(config: Config, system: System, stop: threading.Event) -> int:
    """Run the service until it is told to stop; return 0."""
    try:
        system.make_private(config.state)
        config.shared.mkdir(parents=True, exist_ok=True)
        system.make_drop(config.drop, config.user)
    except OSError as error:
        log.error("The agent's own folders cannot be made (%s); what it keeps is lost at its next start.", error)
    Service(config, system, Metadata(config.metadata), AppClock()).run(stop)
    return 0
