"""Desktops that behave like the real ones, of both kinds: they boot, report for work, let people in, and upload.

Those with scripts write to the table exactly what the images in people's accounts write. They check nothing, so they
may write after the meeting has ended or the desktop has been replaced. Those of the kit say to the app what the agent
says, with the agent's own conversation and door.
"""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from desktop.api import App
from desktop.clock import AppClock
from desktop.config import Config
from desktop.conversation import LOOK_S, Conversation
from desktop.door import Door, Presence, Seat
from desktop.ends import Ends
from desktop.metadata import Credentials
from desktop.state import State
from localcloud.aws import REGION
from localcloud.clock import Clock
from localcloud.conditions import Conditions
from localcloud.ec2 import Ec2, Life
from localcloud.identity import Issuer
from localcloud.timeline import Timeline

_LOOK_AGAIN_S = 15
SAVING = timedelta(seconds=75)
"""How long it takes from the end of people's time until all that was recorded is safe: half a minute for what records
to end, and the last piece."""


class Desktop(ABC):
    """What runs inside one instance of the image, of either kind."""

    def __init__(self, life: Life, clock: Clock, timeline: Timeline) -> None:
        self.id = life.id
        self.life = life
        self.role = life.tags.get("Role", "")
        self.healthy_at: datetime | None = None
        self._meeting_id = ""
        self._clock = clock
        self._timeline = timeline

    @property
    def running(self) -> bool:
        """Whether the machine is up, whatever runs on it."""
        return self.life.state == "running"

    @abstractmethod
    def fail(self) -> None:
        """Be a desktop that is never ready."""

    @abstractmethod
    def report(self) -> None:
        """Begin to report for work, now that the system has booted."""

    @abstractmethod
    def restart(self) -> None:
        """Begin anew, as programs do when the machine has booted once more."""

    @abstractmethod
    def admit(self, token: str | None) -> str | None:
        """Let a person in who brings this token, or none; return what keeps them out, None for nothing."""

    @abstractmethod
    def disconnect(self) -> None:
        """See the person's connection end, and nothing else."""

    @abstractmethod
    def leave(self) -> None:
        """See the person leave."""

    @abstractmethod
    def upload(self) -> None:
        """Upload what the person did, and say where it is."""

    def _address(self) -> str:
        return f"https://sessions.s3.amazonaws.com/{self._meeting_id}/{self.role}.zip"

    def _tell(self, what: str) -> None:
        self._timeline.add(f"{self.role}'s desktop", what, self.id, meeting=self._meeting_id)


class ScriptsDesktop(Desktop):
    """One of the reference project's images: it writes to the table itself, and tells nothing of connections.

    When the last connection ends Windows locks, and what was recorded since the boot is uploaded. After that there is
    no session any more, so nothing else ever is.
    """

    def __init__(self, life: Life, table_name: str, table: Any, clock: Clock, timeline: Timeline) -> None:
        super().__init__(life, clock, timeline)
        self._table_name = table_name
        self._table = table
        self._has_session = False
        self._is_useless = False

    def report(self) -> None:
        """Find this desktop's meeting and report HEALTHY; while no row names this desktop, look again later."""
        if not self.running or self._is_useless:
            return
        row = self._look_up()
        if row is None:
            self._clock.after(_LOOK_AGAIN_S, self.report)
            return
        self._meeting_id = row["id"]["S"]
        self.role = "teacher" if row.get("teacher_ec2_id", {}).get("S") == self.id else "student"
        self._update(
            UpdateExpression="SET #status = :healthy, instance_id = :own",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":healthy": {"S": "HEALTHY"}, ":own": {"S": self.id}},
        )
        self.healthy_at = self._clock.now()
        self._has_session = True
        self._tell("reports HEALTHY")

    def fail(self) -> None:
        """Say nothing: a trial recording that leaves no file is no reason to report."""
        self._is_useless = True

    def restart(self) -> None:
        """Report once more."""
        self.report()

    def admit(self, token: str | None) -> str | None:  # noqa: ARG002  the kit's desktops look at it
        """Let everybody in: who knows the password may, and nobody is asked for more."""
        return None

    def disconnect(self) -> None:
        """Lock, and upload what was recorded."""
        if self._has_session:
            self._has_session = False
            self.upload()

    def leave(self) -> None:
        """Lock: of more nobody tells."""
        self.disconnect()

    def upload(self) -> None:
        """Upload what the person did, and write where it is."""
        if not self.running or not self.healthy_at:
            return
        self._update(
            UpdateExpression=f"SET {self.role}_session_data = :url",
            ExpressionAttributeValues={":url": {"S": self._address()}},
        )
        self._tell("uploads its session")

    def _look_up(self) -> dict[str, Any] | None:
        pages = self._table.get_paginator("scan").paginate(
            TableName=self._table_name,
            FilterExpression="teacher_ec2_id = :own OR student_ec2_id = :own",
            ExpressionAttributeValues={":own": {"S": self.id}},
        )
        return next((row for page in pages for row in page["Items"]), None)

    def _update(self, **change: Any) -> None:
        self._table.update_item(TableName=self._table_name, Key={"id": {"S": self._meeting_id}}, **change)


class KitDesktop(Desktop):
    """One of the kit's: the agent's own conversation and door, around a person who is there or not."""

    def __init__(self, life: Life, url: str, issuer: Issuer, folder: Path, clock: Clock, timeline: Timeline) -> None:
        super().__init__(life, clock, timeline)
        self._meeting_id = life.tags["MeetingID"]
        self.missing: tuple[str, ...] = ()
        """What it lacks, a sentence each; nothing once it has booted."""
        self._connected = False
        self._left_at: datetime | None = None
        self._is_over = False
        self._app_clock = AppClock(self._elapsed, clock.now)
        self._app = App(url, REGION, lambda: self._credentials(issuer), self._app_clock)
        self._kept_in = folder / f"{self.id}.json"
        self.restart()

    def fail(self) -> None:
        """Lack something for good, and say so."""
        self.missing = ("The DCV service is not running.",)

    def restart(self) -> None:
        """Begin the agent anew; it knows nothing but what is on its disk."""
        self._conversation = Conversation(
            self, self._meeting_id, self.id, lambda: self.missing, lambda: self._connected, self._elapsed
        )
        self._ends = Ends(self._conversation, self._app_clock.now)
        self._door = Door(self._seat, self._presence, self._app_clock.now, State(self._kept_in, self.id))

    def ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Ask the app as the agent does, and see when it has been told that the desktop is ready."""
        answer = self._app.ask(method, path, body)
        if body == {"missing": []} and not self.healthy_at:
            self.healthy_at = self._clock.now()
            self._tell("says that it is ready")
        return answer

    def report(self) -> None:
        """Say what is due, and again every ten seconds for as long as the machine runs."""
        if not self.running:
            return
        self._conversation.step(leaving=self._is_over)
        place = self._conversation.place
        if place and not self._is_over and self._ends.minutes_left(place) == 0:
            self._is_over = True
            self.disconnect()
        if self._left_at and self._clock.now() - self._left_at >= (SAVING if self._is_over else Config().away):
            self.upload()
        self._clock.after(LOOK_S, self.report)

    def admit(self, token: str | None) -> str | None:
        """Let in who brings a token that the door takes."""
        verdict = self._door.judge(token or "")
        if verdict.opens:
            self._connected, self._left_at = True, None
        return None if verdict.opens else verdict.why

    def disconnect(self) -> None:
        """See the connection end; what the person did is uploaded unless they come back."""
        if self._connected:
            self._connected, self._left_at = False, self._clock.now()

    def leave(self) -> None:
        """See the connection end: of more nobody tells."""
        self.disconnect()

    def upload(self) -> None:
        """Upload what the person did, and have the app told where it is."""
        self._left_at = None
        if self.running and self.healthy_at:
            self._conversation.uploaded({"url": self._address()})
            self._conversation.step(leaving=self._is_over)
            self._tell("uploads its session")

    def _seat(self) -> Seat | None:
        place = self._conversation.place
        return place.seat if place and not self._is_over and not self._conversation.is_over else None

    def _presence(self) -> Presence:
        return Presence(int(self._connected), self._left_at)

    def _elapsed(self) -> float:
        return self._clock.now().timestamp()

    def _credentials(self, issuer: Issuer) -> Credentials:
        profile = self.life.instance.iam_instance_profile or {}
        session = issuer.session(str(profile.get("Arn", "")).rpartition("/")[2], self.id)
        return Credentials(session.access_key, session.secret_key, session.token, session.expires)


class Desktops:
    """Every desktop so far, by instance id. An instance of the image becomes one as soon as it runs."""

    def __init__(
        self, ami_id: str, make: Callable[[Life], Desktop], ec2: Ec2, clock: Clock, conditions: Conditions
    ) -> None:
        self.all: dict[str, Desktop] = {}
        self._ami_id = ami_id
        self._make = make
        self._clock = clock
        self._boot_s = conditions.boot_s
        self._failing = conditions.failing
        self._random = random.Random(conditions.seed)
        if conditions.guests:
            ec2.listeners.append(self._state_changed)

    def _state_changed(self, life: Life) -> None:
        if life.state == "running" and life.instance.image_id == self._ami_id and life.id not in self.all:
            seat = life.meeting_id, life.tags.get("Role")
            earlier = sum((d.life.meeting_id, d.role) == seat for d in self.all.values())
            desktop = self.all[life.id] = self._make(life)
            if earlier < self._failing:
                desktop.fail()
            self._clock.after(self._random.uniform(*self._boot_s), desktop.report)
