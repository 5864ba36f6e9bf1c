"""What a release left behind, put into a local cloud as an upgrade would find it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch

from chalice.app import Chalice
from moto.dynamodb.models import dynamodb_backends

from chalicelib import runtime
from localcloud.aws import ACCOUNT, REGION
from localcloud.clock import VirtualClock
from localcloud.cloud import TABLE, Cloud
from localcloud.conditions import Conditions
from localcloud.ec2 import Life
from tests.upgrade.lives import Lives
from tests.upgrade.plots import BEGIN, BOOT_S, LISTED_S, STARTING_S, STOPPING_S

HERE = Path(__file__).parent
RELEASES = sorted(folder.name for folder in HERE.iterdir() if (folder / "release.json").exists())
_CONDITIONS = Conditions(starting_s=STARTING_S, stopping_s=STOPPING_S, boot_s=BOOT_S, vanish_s=LISTED_S)
_STREAM_DELAY_S = 0.3


@cache
def moments(release: str) -> list[str]:
    """Return the names of the moments at which a release was recorded."""
    return sorted(path.stem for path in (HERE / release).glob("at-*.json"))


def recorded(release: str, name: str) -> dict[str, Any]:
    """Return what one file of a recording holds."""
    content: dict[str, Any] = json.loads((HERE / release / f"{name}.json").read_text(encoding="utf-8"))
    return content


class Gate:
    """The app, whose functions do nothing until it opens: until then it is not the one that is deployed."""

    def __init__(self, app: Chalice) -> None:
        self.is_open = False
        self.handler_map = {name: self._gated(handler) for name, handler in app.handler_map.items()}
        self._app = app

    def __call__(self, event: Any, context: Any) -> Any:
        """Answer a request of people; none comes before it opens."""
        return self._app(event, context)

    def __getattr__(self, name: str) -> Any:
        """Return whatever else the app has."""
        return getattr(self._app, name)

    def _gated(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        return lambda event, context: handler(event, context) if self.is_open else None


@dataclass(frozen=True, slots=True)
class Upgraded:
    """A stage on which the present code has just taken the place of a release."""

    cloud: Cloud
    clock: VirtualClock
    lives: Lives
    gate: Gate


def start_anew(cloud: Cloud) -> None:
    """Let every function start in a new container, as it does when its environment has changed."""
    runtime.use(clock=cloud.clock.now, sleep=cast(VirtualClock, cloud.clock).sleep)


@contextmanager
def upgraded(app: Chalice, release: str, moment: str, links: str = "links") -> Iterator[Upgraded]:
    """Put a stage as the release left it at this moment, and let the present code go on from there.

    `links` says which links its people were sent: `links` or `signed_links`. The environment knows nothing new.
    """
    gate, clock = Gate(app), VirtualClock(BEGIN)
    with Cloud(cast(Chalice, gate), clock, _CONDITIONS) as cloud, patch.dict(os.environ):
        for name in ("STATE_TABLE", "SCHEDULING"):
            del os.environ[name]
        start_anew(cloud)
        story, found = _in_this_cloud(cloud, recorded(release, "release"), recorded(release, moment))
        Replay(cloud, clock, story, found).run()
        gate.is_open = True
        lives = Lives(cloud, TABLE)
        ids = {name: story["ids"][name] for name in found["inside"]}
        lives.go_on(ids, story[links], found["inside"], found["waiting"])
        yield Upgraded(cloud, clock, lives, gate)


def _in_this_cloud(cloud: Cloud, *parts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the parts of a recording with the names that things of the account have here."""
    story = parts[0]
    subnets = {s["AvailabilityZone"]: s["SubnetId"] for s in cloud.operator("ec2").describe_subnets()["Subnets"]}
    here = {there: subnets[zone] for zone, there in story["subnets"].items()}
    here |= {
        story["image"]: cloud.environ["AMI_ID"],
        story["security_group"]: cloud.environ["SECURITY_GROUP_IDS"],
        story["profile"]: cloud.environ["IAM_PROFILE"],
    }
    text = json.dumps(parts)
    for there, name in here.items():
        text = text.replace(json.dumps(there), json.dumps(name))
    renamed: list[dict[str, Any]] = json.loads(text)
    return renamed


class Replay:
    """Makes everything that the release had made, at the times at which it did; nothing is called by it."""

    def __init__(self, cloud: Cloud, clock: VirtualClock, story: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        self._cloud = cloud
        self._clock = clock
        self._story = story
        self._found = found
        self._addresses = {instance["id"]: instance["address"] for instance in found["instances"]}

    def run(self) -> None:
        """Let time pass up to the moment of the upgrade, and leave all as it was recorded then."""
        self._cloud.ec2.listeners.append(self._give_address)
        self._put_rows()  # desktops look their meeting up before they report
        for _, launched in groupby(self._found["instances"], key=lambda instance: str(instance["token"])):
            self._launch_later(list(launched))
        for record in self._found["records"]:
            settings = {name: value for name, value in record.items() if name != "made"}
            self._at(record["made"], partial(self._cloud.cloudflare.add, **settings))
        self._clock.run(_moment(self._found["at"]))
        self._put_rows()
        for instance in self._found["instances"]:
            tags = [{"Key": name, "Value": value} for name, value in instance["tags"].items()]
            self._cloud.operator("ec2").create_tags(Resources=[instance["id"]], Tags=tags)
        for timer in self._found["timers"]:
            self._cloud.operator("scheduler").create_schedule(**timer)
        if unread := self._found["unread"]:
            self._clock.after(_STREAM_DELAY_S, lambda: self._deliver(unread))

    def _put_rows(self) -> None:
        """Let the table hold the recorded rows; no record of that gets into its stream."""
        table = dynamodb_backends[ACCOUNT][REGION].get_table(TABLE)
        with patch.object(table, "stream_shard", None):
            for row in self._found["rows"]:
                self._cloud.operator("dynamodb").put_item(TableName=TABLE, Item=row)

    def _deliver(self, unread: list[dict[str, Any]]) -> None:
        if not self._cloud.functions.invoke("stream_terminator", {"Records": unread}):
            raise AssertionError("A record that the release before left unread could not be handled.")

    def _launch_later(self, instances: list[dict[str, Any]]) -> None:
        """Launch instances as they were launched, with the same request, under the same ids."""
        first = instances[0]
        request = dict(self._story["launches"][first["token"]])
        [deadline] = [t["Value"] for t in request["TagSpecifications"][0]["Tags"] if t["Key"] == "Deadline"]
        request["UserData"] = self._story["user_data"].replace("{deadline}", deadline)
        ids = iter([instance["id"] for instance in instances])

        def launch() -> None:
            with patch("moto.ec2.models.instances.random_instance_id", lambda: next(ids)):
                self._cloud.operator("ec2").run_instances(**request)

        self._at(first["launched_at"], launch)
        for instance in instances:
            if instance["ended_at"]:
                self._at(instance["ended_at"], partial(self._end, instance["id"]))

    def _end(self, instance_id: str) -> None:
        self._cloud.operator("ec2").terminate_instances(InstanceIds=[instance_id])

    def _give_address(self, life: Life) -> None:
        """Give an instance that runs now the address that it had."""
        if life.state == "running" and (address := self._addresses.get(life.id)):
            for interface in life.instance.nics.values():
                interface.public_ip = address

    def _at(self, when: str, what: Callable[[], Any]) -> None:
        self._clock.at(_moment(when), what)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
