"""What runs on a desktop, of every kind there is, on a stage where the app acts on nothing but what it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol
from unittest.mock import patch

import requests

from app import app
from chalicelib.domain import rows
from chalicelib.settings import Client
from desktop.api import App
from desktop.clock import AppClock
from desktop.conversation import LOOK_S, Conversation
from desktop.door import Door, Presence, Seat
from desktop.metadata import Metadata
from desktop.state import State
from localcloud.clock import VirtualClock
from localcloud.cloud import STAGE, TABLE, Cloud
from localcloud.cloudflare import DOMAIN
from localcloud.conditions import Conditions
from localcloud.desktops import Desktop, KitDesktop
from localcloud.ledger import APP, Call
from localcloud.metadata import Metadata as StandIn

T = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
MEETING = "m"
READY_WITHIN = timedelta(seconds=60)


class Guest(Protocol):
    """What runs on one desktop."""

    def begin(self) -> None:
        """Begin to work, now that the machine has booted."""

    def restart(self) -> None:
        """Begin anew, as after a reboot."""

    def upload(self) -> None:
        """Upload what the person did."""


class KitGuest(Guest, Protocol):
    """What runs on a desktop of the kit."""

    def lack(self, *missing: str) -> None:
        """Lack this from now on, or nothing."""

    def admit(self, token: str) -> bool:
        """Let in who brings this token, if the door opens for it; return whether it does."""

    def leave(self) -> None:
        """See the person leave."""


class Stage:
    """A cloud without sweeps and events, and a meeting whose row the tests write."""

    def __init__(self, cloud: Cloud, clock: VirtualClock, make: Callable[[Stage, str], Any]) -> None:
        self.cloud = cloud
        self._clock = clock
        self._make = make
        self._table = cloud.operator("dynamodb")

    def boot(self, role: str = "teacher") -> Any:
        """Launch a desktop as the app does, let it boot, and return what runs on it."""
        tags = {"MeetingID": MEETING, "Role": role, "Stage": STAGE, "Project": "Elephant", "Api": self.cloud.url}
        launched = self.cloud.operator("ec2").run_instances(
            ImageId=self.cloud.environ["AMI_ID"],
            InstanceType="t3.large",
            MinCount=1,
            MaxCount=1,
            IamInstanceProfile={"Name": self.cloud.environ["IAM_PROFILE"]},
            MetadataOptions={"HttpTokens": "required", "InstanceMetadataTags": "enabled"},
            TagSpecifications=[
                {"ResourceType": "instance", "Tags": [{"Key": k, "Value": v} for k, v in tags.items()]},
            ],
        )
        desktop_id = launched["Instances"][0]["InstanceId"]
        self.passes(minutes=1)
        guest = self._make(self, desktop_id)
        guest.begin()
        return guest

    def name(self, role: str = "teacher", **more: str) -> None:
        """Have the meeting's row name the newest desktop of this role, published and launched, and hold more."""
        desktop_id = [life.id for life in self.cloud.ec2.lives.values() if life.tags.get("Role") == role][-1]
        told = {"ec2_id": desktop_id, "ec2_link": f"https://{desktop_id}.{DOMAIN}:8443"}
        told |= dict.fromkeys(("launched_at", "attempt_at", "published_at"), "2026-03-02T14:45:00Z")
        row = {"meet_time": "2026-03-02T15:00:00Z", "status": "DNS_WRITTEN", "open": "1"} | self.row | {"id": MEETING}
        row |= {f"{role}_{name}": value for name, value in told.items()} | more
        self._table.put_item(TableName=TABLE, Item={name: rows.encode(value) for name, value in row.items()})

    def end(self, reason: str = "CANCELLED") -> None:
        """End the meeting."""
        self._table.update_item(
            TableName=TABLE,
            Key={"id": {"S": MEETING}},
            UpdateExpression="SET termination_reason = :why",
            ExpressionAttributeValues={":why": {"S": reason}},
        )

    @property
    def row(self) -> dict[str, Any]:
        """The meeting's row."""
        return self.cloud.row(MEETING)

    def passes(self, **span: float) -> None:
        """Let this much time pass."""
        self._clock.run(self._clock.now() + timedelta(**span))

    def click(self, role: str = "teacher", query: str = "") -> tuple[int, dict[str, Any]]:
        """Ask as a click on the meeting's page does; return the status and the answer."""
        answer = requests.get(f"{self.cloud.url}/join/{MEETING}/{role}{query}", timeout=30)
        return answer.status_code, answer.json()

    def token(self, role: str = "teacher") -> str:
        """Click, and return the token that a browser takes to the door."""
        status, told = self.click(role)
        assert status == 200, told
        return str(told["auth_token"])

    def calls(self) -> list[Call]:
        """Return what the app has called since this was last asked, because of desktops."""
        calls = [call for call in self.cloud.ledger.of(APP) if call.trigger == "desktop"]
        self.cloud.ledger.calls.clear()
        return calls


@contextmanager
def stage(client: Client, make: Callable[[Stage, str], Any], *, guests: bool) -> Iterator[Stage]:
    """Set the stage for desktops of this kind, with the cloud's own modelled guests or without."""
    quiet = Conditions(
        client=client, guests=guests, boot_s=(10**6, 10**6), lost=frozenset({"ec2 events", "stream", "timers"})
    )
    clock = VirtualClock(T - timedelta(minutes=20))
    with patch("localcloud.cloud.Rates"), patch("localcloud.server._POLL_S", 0.01), Cloud(app, clock, quiet) as cloud:
        yield Stage(cloud, clock, make)


class Modelled:
    """A guest of the embedded cloud, which the demo and `make run` have on their desktops."""

    def __init__(self, stage: Stage, desktop_id: str) -> None:
        self._desktop: Desktop = stage.cloud.desktops.all[desktop_id]

    def begin(self) -> None:
        self._desktop.report()

    def restart(self) -> None:
        self._desktop.restart()

    def upload(self) -> None:
        self._desktop.upload()

    def lack(self, *missing: str) -> None:
        assert isinstance(self._desktop, KitDesktop)
        self._desktop.missing = missing

    def admit(self, token: str) -> bool:
        return self._desktop.admit(token) is None

    def leave(self) -> None:
        self._desktop.leave()


class AgentsParts:
    """The agent's own parts, put together as its service does, over a stand-in for the metadata."""

    def __init__(self, cloud: Cloud, instance: dict[str, Any], folder: Path) -> None:
        self._clock = cloud.clock
        self._stand_in = StandIn(instance, cloud.issuer, cloud.clock)
        metadata = Metadata(self._stand_in.url)
        self.machine = metadata.machine()
        self._app_clock = AppClock(self._elapsed)  # by the machine's own clock, months away from the cloud's
        self.app = App(self.machine.tags["Api"], self.machine.region, metadata.credentials, self._app_clock)
        self._folder = folder
        self._missing: tuple[str, ...] = ()
        self._connected = False
        self._left_at: datetime | None = None
        self.restart()

    def stop(self) -> None:
        """Release the metadata's port."""
        self._stand_in.stop()

    def begin(self) -> None:
        self.conversation.step()
        self._clock.after(LOOK_S, self.begin)

    def restart(self) -> None:
        own = self.machine
        self.conversation = Conversation(
            self.app,
            own.tags["MeetingID"],
            own.instance_id,
            lambda: self._missing,
            lambda: self._connected,
            self._elapsed,
        )
        state = State(self._folder / f"{own.instance_id}.json", own.instance_id)
        self._door = Door(self._seat, lambda: Presence(int(self._connected), self._left_at), self._app_clock.now, state)

    def upload(self) -> None:
        self.conversation.uploaded(
            {"url": f"https://sessions.s3.amazonaws.com/{MEETING}/{self.machine.instance_id}.zip"}
        )
        self.conversation.step()

    def lack(self, *missing: str) -> None:
        self._missing = missing

    def admit(self, token: str) -> bool:
        opens = self._door.judge(token).opens
        if opens:
            self._connected, self._left_at = True, None
        return opens

    def leave(self) -> None:
        self._connected, self._left_at = False, self._app_clock.now()

    def _seat(self) -> Seat | None:
        return self.conversation.place.seat if self.conversation.place else None

    def _elapsed(self) -> float:
        return self._clock.now().timestamp()


@contextmanager
def modelled(client: Client) -> Iterator[Stage]:
    """Set the stage for modelled guests."""
    with stage(client, Modelled, guests=True) as ready:
        yield ready


@contextmanager
def agents_parts() -> Iterator[Stage]:
    """Set the stage for the agent's own parts."""
    made: list[AgentsParts] = []
    with TemporaryDirectory() as folder:

        def make(stage: Stage, desktop_id: str) -> AgentsParts:
            [found] = stage.cloud.operator("ec2").describe_instances(InstanceIds=[desktop_id])["Reservations"]
            made.append(AgentsParts(stage.cloud, found["Instances"][0], Path(folder)))
            return made[-1]

        with stage(Client.KIT, make, guests=False) as ready:
            yield ready
        for each in made:
            each.stop()
