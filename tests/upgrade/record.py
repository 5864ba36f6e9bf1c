"""Records what a release leaves behind: `python -m tests.upgrade.record --checkout <folder> --release 0.1.0`.

It runs the release that is checked out in a folder of its own, on that release's own local cloud: meetings are
scheduled, launched, joined and ended by its real functions. At some moments everything is written down that an upgrade
would find, and at the end how each meeting ended. CONTRIBUTING (Record a release) says when to run it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.upgrade.lives import Lives
from tests.upgrade.plots import BEGIN, BOOT_S, END, LISTED_S, MID_LAUNCH, MOMENTS, PLOTS, STARTING_S, STOPPING_S

HERE = Path(__file__).parent
SIGNING_KEY = "the-links-key-of-the-release-before"


def main() -> int:
    """Record the release that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkout", type=Path, required=True, help="where the release is checked out")
    parser.add_argument("--release", required=True, help="its number, and the folder beside this file")
    parser.add_argument("--ministack", type=Path, help="Python of the e2e tests' emulator: a deploy is recorded too")
    options = parser.parse_args()
    folder = HERE / options.release
    ministack = options.ministack and options.ministack.absolute()
    sys.path.insert(0, str(options.checkout.resolve()))  # before anything of the app is imported
    os.chdir(options.checkout)
    folder.mkdir(exist_ok=True)
    recorder = Recorder()
    for name, content in recorder.run().items():
        (folder / f"{name}.json").write_text(_as_text(content), encoding="utf-8")
    if ministack:
        _record_deploy(options.checkout.resolve(), ministack, folder / "deploy.json")
    print(f"{options.release} ({_commit(options.checkout)}) is recorded in {folder.relative_to(HERE.parent.parent)}.")
    return 0


def _record_deploy(checkout: Path, ministack: Path, into: Path) -> None:
    """Let the release's own e2e tests deploy it to their emulator, and write down what that left behind."""
    guest = checkout / "tests" / "e2e" / "test_recorded_deploy.py"
    guest.write_text((HERE / "recorded_deploy.py").read_text(encoding="utf-8"), encoding="utf-8")
    environ = os.environ | {"MINISTACK": str(ministack), "RECORD_INTO": str(into)}
    try:
        subprocess.run([sys.executable, "-m", "pytest", str(guest)], cwd=checkout, env=environ, check=True)
    finally:
        guest.unlink()


def _as_text(content: Mapping[str, Any]) -> str:
    """Return JSON with a line for each thing, so that a change can be read."""
    parts = []
    for name, value in sorted(content.items()):
        items = [json.dumps(item, sort_keys=True) for item in value] if isinstance(value, list) else []
        if isinstance(value, dict):
            items = [f"{json.dumps(key)}: {json.dumps(item, sort_keys=True)}" for key, item in sorted(value.items())]
        opening, closing = ("[", "]") if isinstance(value, list) else ("{", "}")
        block = ",\n".join(f"  {item}" for item in items)
        text = f"{opening}\n{block}\n {closing}" if items else json.dumps(value)
        parts.append(f" {json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _commit(checkout: Path) -> str:
    command = ["git", "rev-parse", "--short", "HEAD"]
    return subprocess.run(command, cwd=checkout, check=True, capture_output=True, text=True).stdout.strip()


class Recorder:
    """One run of a release, and what was found at each moment of it."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}
        self._requests: dict[str, dict[str, Any]] = {}
        self._addresses: dict[str, str] = {}
        self._user_data = ""

    def run(self) -> dict[str, Any]:
        """Let the release live through all meetings; return what is to be kept, by the name of its file."""
        signed = self._links(SIGNING_KEY)
        with _cloud() as cloud:
            self._cloud = cloud
            self._lives = Lives(cloud, cloud.environ["TABLE_NAME"])
            self._lives.begin()
            self._listen()
            for minute in MOMENTS:
                cloud.clock.at(BEGIN + timedelta(minutes=minute), partial(self._write_down, minute))
            cloud.clock.run(END)
            problems = {
                n: p for n, people in self._lives.visitors.items() for r in people.values() if (p := r.problems)
            }
            if not all(meeting_id in signed[name]["teacher"] for name, meeting_id in self._lives.ids.items()):
                raise RuntimeError("The meetings of the run that signs links are not those of the other.")
            if problems or cloud.functions.dead_letters:
                raise RuntimeError(f"The release did not do its own work: {problems}, {cloud.functions.dead_letters}")
            return {"release": self._release(signed), **self._found}

    def _links(self, key: str) -> dict[str, dict[str, str]]:
        """Return the links that the release sends where it signs them."""
        with _cloud(LINK_SIGNING_KEY=key) as cloud:
            lives = Lives(cloud, cloud.environ["TABLE_NAME"])
            lives.begin()
            cloud.clock.run(max(plot.asked_at for plot in PLOTS))
            return lives.links

    def _release(self, signed: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
        cloud, lives = self._cloud, self._lives
        subnets = cloud.operator("ec2").describe_subnets()["Subnets"]
        told = ("STAGE", "TABLE_NAME", "DOMAIN_ROOT", "ZONE_ID", "SCHEDULER_ROLE_ARN", "LAUNCHER_ARN", "SAFETY_NET_ARN")
        return {
            "begin": BEGIN.isoformat(),
            "environment": {name: cloud.environ[name] for name in told},
            "image": cloud.environ["AMI_ID"],
            "security_group": cloud.environ["SECURITY_GROUP_IDS"],
            "profile": cloud.environ["IAM_PROFILE"],
            "subnets": {subnet["AvailabilityZone"]: subnet["SubnetId"] for subnet in subnets},
            "user_data": self._user_data,
            "launches": self._requests,
            "ids": lives.ids,
            "links": lives.links,
            "signed_links": signed,
            "signing_key": SIGNING_KEY,
            "ends": {plot.name: lives.end(plot, cloud.row(lives.ids[plot.name])) for plot in PLOTS},
        }

    # --- hearing what it does

    def _listen(self) -> None:
        """Hear of every launch: what was asked for, as it was asked."""
        import boto3

        self._cloud.aws.listeners.append(self._called)
        self._cloud.ec2.listeners.append(self._lived)
        session: Any = boto3.DEFAULT_SESSION
        session.events.register("provide-client-params.ec2.RunInstances", self._asked)

    def _asked(self, params: Mapping[str, Any], **_: Any) -> None:
        request = dict(params)
        [tag] = [t for t in request["TagSpecifications"][0]["Tags"] if t["Key"] == "Deadline"]
        self._user_data = request.pop("UserData").replace(tag["Value"], "{deadline}")
        self._requests[request["ClientToken"]] = request

    def _lived(self, life: Any) -> None:
        if life.state == "running":
            self._addresses[life.id] = life.instance.public_ip

    def _called(self, service: str, operation: str) -> None:
        if (service, operation) == ("ec2", "RunInstances") and len(self._cloud.ec2.lives) == MID_LAUNCH:
            self._write_down("mid-launch")

    # --- writing it down

    def _write_down(self, when: float | str) -> None:
        """Write down all that an upgrade would find at this moment."""
        cloud, lives = self._cloud, self._lives
        self._found[f"at-{when}"] = {
            "at": cloud.clock.now().isoformat(),
            "rows": list(self._rows()),
            "instances": list(self._instances()),
            "records": [_plain(record) | {"made": self._made(record)} for record in cloud.cloudflare.records.values()],
            "timers": list(self._timers()),
            "unread": list(self._unread()),
            "inside": {plot.name: lives.inside(plot) for plot in PLOTS if plot.name in lives.ids},
            "waiting": {plot.name: lives.waiting(plot) for plot in PLOTS if plot.name in lives.ids},
        }

    def _rows(self) -> Iterator[dict[str, Any]]:
        from moto.dynamodb.models import dynamodb_backends

        from localcloud.aws import ACCOUNT, REGION

        table = dynamodb_backends[ACCOUNT][REGION].get_table(self._cloud.environ["TABLE_NAME"])
        for item in table.all_items():
            yield item.to_json()["Attributes"]

    def _instances(self) -> Iterator[dict[str, Any]]:
        for life in self._cloud.ec2.lives.values():
            ended_at = life.since.get("shutting-down")
            yield {
                "id": life.id,
                "token": life.instance.client_token,
                "launched_at": life.since["pending"].isoformat(),
                "ended_at": ended_at.isoformat() if ended_at else None,
                "address": self._addresses.get(life.id),
                "tags": life.tags,
            }

    def _timers(self) -> Iterator[dict[str, Any]]:
        for timer in self._cloud.timers.live():
            yield {
                "Name": timer.name,
                "GroupName": timer.group_name,
                "ScheduleExpression": timer.schedule_expression,
                "ScheduleExpressionTimezone": timer.schedule_expression_timezone,
                "FlexibleTimeWindow": timer.flexible_time_window,
                "ActionAfterCompletion": timer.action_after_completion,
                "Target": {name: timer.target[name] for name in ("Arn", "RoleArn", "Input")},
            }

    def _unread(self) -> Iterator[dict[str, Any]]:
        """Yield the stream's records that no function has been given yet."""
        for records in vars(self._cloud.stream)["_waiting"].values():
            for record in records:
                arn, _, _ = record["eventSourceARN"].rpartition("/")
                yield record | {"eventSourceARN": f"{arn}/recorded"}

    def _made(self, record: Mapping[str, Any]) -> str:
        made = (c.at for c in self._cloud.cloudflare.changes if c.record["id"] == record["id"] and c.what == "created")
        return str(next(made).isoformat())


def _plain(record: Mapping[str, Any]) -> dict[str, Any]:
    return {name: record[name] for name in ("type", "name", "content", "ttl", "proxied", "comment")}


def _cloud(**environ: str) -> Any:
    """Return the release's own local cloud, about to be up, always with the same ids."""
    from contextlib import contextmanager

    from moto.moto_api._internal import mock_random

    from app import app
    from localcloud.clock import VirtualClock
    from localcloud.cloud import Cloud
    from localcloud.conditions import Conditions

    conditions = Conditions(starting_s=STARTING_S, stopping_s=STOPPING_S, boot_s=BOOT_S, vanish_s=LISTED_S)

    @contextmanager
    def up() -> Iterator[Any]:
        mock_random.seed(1)
        random.seed(1)
        ids = random.Random(1)
        made = patch("uuid.uuid4", lambda: uuid.UUID(int=ids.getrandbits(128), version=4))
        with made, Cloud(app, VirtualClock(BEGIN), conditions) as cloud, patch.dict(os.environ, environ):
            yield cloud

    return up()


if __name__ == "__main__":
    sys.exit(main())
