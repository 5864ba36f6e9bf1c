"""The whole local cloud, put together around the app.

The demo, `make run` and the tests all use it: moto and a Cloudflare stand-in on loopback ports, triggers
that call the app's functions as AWS would, and an environment that points the app's own boto3 there.
"""

from __future__ import annotations

import json
import logging
import os
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any
from unittest.mock import patch

import boto3
from boto3.dynamodb.types import TypeDeserializer
from chalice.app import Chalice
from moto.dynamodb.models import dynamodb_backends

from chalicelib import runtime
from chalicelib.adapters.keys import access_item, item_id
from chalicelib.domain.access import AccessKey, Scope, digest_of
from chalicelib.domain.keys import Purpose
from chalicelib.settings import Client, Scheduling
from localcloud import cloudflare as zone
from localcloud import loopback, tables
from localcloud.aws import ACCOUNT, REGION, Aws
from localcloud.clock import Clock, RealClock, VirtualClock
from localcloud.cloudflare import Change, Cloudflare
from localcloud.conditions import GOOD_DAY, Conditions
from localcloud.desktops import Desktop, Desktops, KitDesktop, ScriptsDesktop
from localcloud.ec2 import Ec2, Life, lead_out, states_told_as_they_are
from localcloud.functions import Functions, arn
from localcloud.gateway import Gateway
from localcloud.identity import Issuer
from localcloud.ledger import APP, DESKTOP, OPERATOR, Ledger
from localcloud.people import Person
from localcloud.server import Server
from localcloud.signatures import Signatures
from localcloud.timeline import LogHandler, Timeline
from localcloud.triggers import Bus, Rates, Stream, Timers

TABLE = "elephant-meetings"
STATE_TABLE = "elephant-state"
SECRET = "prod/elephant/cloudflare"
PROFILE = "elephant-desktop"
VIDEO = "video.example.com"
STAGE = "dev"
BUCKET = f"elephant-{STAGE}-recordings-{ACCOUNT}-{REGION}"
KEYS = {purpose: f"nobody else knows what is for {purpose} here" for purpose in Purpose}
ACCESS_KEYS = {scope: f"nobody else knows what may {scope} here" for scope in Scope}
"""A key of each scope, by whose name it goes."""
OWN_SETTINGS = ("SCHEDULE_KEY", "LINK_SIGNING_KEY")
"""Variables that a developer may have set for another stage, and that would lock this app."""

_DESERIALIZER = TypeDeserializer()


class Cloud:
    """Up while its `with` block lasts; a process holds one at a time, since moto keeps one state."""

    def __init__(
        self,
        app: Chalice,
        clock: Clock,
        conditions: Conditions = GOOD_DAY,
        *,
        aws_port: int = 0,
        cloudflare_port: int = 0,
        http_port: int = 0,
        domain: str = zone.DOMAIN,
    ) -> None:
        self.clock = clock
        self.conditions = conditions
        self.ledger = Ledger()
        self.timeline = Timeline(clock, self.ledger)
        self.issuer = Issuer(clock)
        self._app = app
        self._ports = (aws_port, cloudflare_port, http_port)
        self._domain = domain
        self._stack = ExitStack()
        self._operators: dict[str, Any] = {}

    def __enter__(self) -> Cloud:
        """Start the servers, make what an account holds before the app is deployed, and wire the app up.

        Raises:
            PortTaken: another program has one of the ports.
        """
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the servers and put the process's environment back."""
        self._stack.close()

    def _start(self, stack: ExitStack) -> None:
        clock, conditions, timeline = self.clock, self.conditions, self.timeline
        aws_port, cloudflare_port, http_port = self._ports
        self._leave_shell(stack)
        self.aws = Aws(clock, self.ledger, aws_port)
        stack.callback(self.aws.stop)
        self.cloudflare = Cloudflare(clock, self.ledger, cloudflare_port, self._domain)
        stack.callback(self.cloudflare.stop)
        self.cloudflare.listeners.append(self._tell_record)
        stack.enter_context(states_told_as_they_are())
        self.ec2 = Ec2(clock, conditions)
        self.ec2.listeners.append(self._tell_state)
        self.environ = self._create_resources()
        self._redirect_app(stack)
        self.functions = Functions(self._app, clock, conditions, self.ledger, timeline)
        self.timers = Timers(clock, conditions, self.functions, timeline)
        self.aws.listeners.append(self.timers.api_called)
        self.stream = Stream(self._app, TABLE, clock, conditions, self.functions)
        self.ec2.listeners.append(Bus(self._app, clock, conditions, self.functions).state_changed)
        folder = Path(stack.enter_context(TemporaryDirectory()))
        make = partial(self._make_desktop, self.aws.client("dynamodb", DESKTOP), folder)
        self.desktops = Desktops(self.environ["AMI_ID"], make, self.ec2, clock, conditions)
        Rates(self._app, clock, self.functions)
        self.signatures = Signatures(self.issuer, clock)
        self._http = Server(Gateway(self._app, self.ledger, clock, self.signatures), http_port)
        stack.callback(self._http.stop)
        self.url = self._http.url
        self.environ["API_URL"] = os.environ["API_URL"] = self.url

    @property
    def address(self) -> str:
        """The app's address as people open it: by a name, since no link may lead to an IP address."""
        return self.url.replace("127.0.0.1", "localhost")

    def _make_desktop(self, table: Any, folder: Path, life: Life) -> Desktop:
        if self.conditions.client is Client.KIT:
            return KitDesktop(life, self.url, self.issuer, folder, self.clock, self.timeline)
        return ScriptsDesktop(life, TABLE, table, self.clock, self.timeline)

    def person(self, link: str, *, peeks: bool = False) -> Person:
        """Return somebody who was sent this link, and whose page peeks or not."""
        return Person(link, self.url, self.cloudflare, self.desktops, self.clock, self.timeline, peeks=peeks)

    def operator(self, service: str) -> Any:
        """Return a boto3 client of somebody who looks on; the ledger keeps them apart from the app.

        There is one for each service: to make one takes longer than most calls.
        """
        if service not in self._operators:
            self._operators[service] = self.aws.client(service, OPERATOR)
        return self._operators[service]

    def rows(self) -> list[dict[str, Any]]:
        """Return every row of the table as plain values."""
        table = dynamodb_backends[ACCOUNT][REGION].get_table(TABLE)
        items = [item.to_json()["Attributes"] for item in table.all_items()]
        return [{name: _DESERIALIZER.deserialize(value) for name, value in item.items()} for item in items]

    def row(self, meeting_id: str) -> dict[str, Any]:
        """Return one meeting's row, empty where there is none."""
        return next((row for row in self.rows() if row["id"] == meeting_id), {})

    def make_keys(self) -> None:
        """Put the stage's keys where a deploy puts them."""
        for purpose, key in KEYS.items():
            item: Any = {"id": {"S": item_id(purpose)}, "present": {"S": key}, "earlier": {"L": []}}
            self.operator("dynamodb").put_item(TableName=STATE_TABLE, Item=item)
        given: Any = {scope.value: AccessKey(scope, scope, digest_of(key)) for scope, key in ACCESS_KEYS.items()}
        self.operator("dynamodb").put_item(TableName=STATE_TABLE, Item=access_item(given))

    def _create_resources(self) -> dict[str, str]:
        """Create what the app finds in its account, and return the environment that names it."""
        self.operator("dynamodb").create_table(TableName=TABLE, **tables.MEETINGS, **tables.WITH_STREAM)
        self.operator("dynamodb").create_table(TableName=STATE_TABLE, **tables.STATE)
        self.make_keys()
        secret = json.dumps({"CLOUDFLARE_API_TOKEN": zone.TOKEN})
        self.operator("secretsmanager").create_secret(Name=SECRET, SecretString=secret)
        self.operator("iam").create_instance_profile(InstanceProfileName=PROFILE)
        self._make_bucket()
        ec2 = self.operator("ec2")
        lead_out(ec2)
        image = ec2.register_image(Name="elephant-desktop", RootDeviceName="/dev/sda1", Architecture="x86_64")
        group = ec2.create_security_group(GroupName="elephant-desktop", Description="Amazon DCV, 8443")
        return {
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_ACCESS_KEY_ID": APP,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            **loopback.exempt(os.environ),
            "TABLE_NAME": TABLE,
            "STAGE": STAGE,
            "STATE_TABLE": STATE_TABLE,
            "SCHEDULING": Scheduling.OPEN.value,
            "AMI_ID": image["ImageId"],
            "IAM_PROFILE": PROFILE,
            "DESKTOP_CLIENT": self.conditions.client.value,
            "DESKTOP_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/{PROFILE}",
            "SECURITY_GROUP_IDS": group["GroupId"],
            "DOMAIN_ROOT": self._domain,
            "JITSI_DOMAIN": VIDEO,
            "RECORD": "true",
            "RECORDINGS_BUCKET": BUCKET,
            "OPERATOR_NAME": "Example Language School",
            "OPERATOR_CONTACT": "privacy@example.com",
            "ZONE_ID": zone.ZONE_ID,
            "SECRET_ARN": SECRET,
            "CLOUDFLARE_API_URL": self.cloudflare.url,
            "SCHEDULER_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/elephant-scheduler",
            "LAUNCHER_ARN": arn("launch_ec2"),
            "SAFETY_NET_ARN": arn("safety_net"),
        }

    def _make_bucket(self) -> None:
        """Make the recordings' bucket as the stack makes it, as far as it matters here."""
        s3 = self.operator("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})

    def _leave_shell(self, stack: ExitStack) -> None:
        """Forget what a developer's shell says of AWS, of another stage and of proxies: none of it is meant here."""
        own = {"MOTO_EC2_LOAD_DEFAULT_AMIS": "false", **loopback.exempt(os.environ)}
        stack.enter_context(patch.dict(os.environ, own))
        for name in [name for name in os.environ if name.startswith("AWS_") or name in OWN_SETTINGS]:
            del os.environ[name]

    def _redirect_app(self, stack: ExitStack) -> None:
        """Point the app's SDK, log and clock at this cloud."""
        os.environ.update(self.environ)
        cached: Any = boto3.DEFAULT_SESSION  # it keeps the credentials of whoever asked AWS in this process before
        held = cached.get_credentials() if cached else None
        if held and held.access_key != APP:
            stack.enter_context(patch.object(boto3, "DEFAULT_SESSION", None))
        log = logging.getLogger("elephant")
        stack.enter_context(patch.multiple(log, handlers=[LogHandler(self.timeline)], propagate=False))
        stack.callback(log.setLevel, log.level)
        log.setLevel(logging.INFO)
        sleep: Callable[[float], None] = time.sleep
        if isinstance(self.clock, RealClock | VirtualClock):
            sleep = self.clock.sleep
        if isinstance(self.clock, VirtualClock):
            stack.enter_context(patch("time.sleep", sleep))  # the SDK's own retries pause too, at random
            stack.callback(random.setstate, random.getstate())
            random.seed(self.conditions.seed)
        runtime.use(clock=self.clock.now, sleep=sleep)
        stack.callback(runtime.reset)

    def _tell_state(self, life: Life) -> None:
        role = life.tags.get("Role")
        name = f"{role}'s desktop" if role else "an instance"
        zone_name = life.instance.placement.zone if life.state == "pending" else life.instance.public_ip
        where = f"{life.id} {zone_name or ''}".rstrip()
        self.timeline.add("EC2", f"{name} is {life.state}", where, meeting=life.meeting_id)

    def _tell_record(self, change: Change) -> None:
        life = self.ec2.lives.get(change.desktop_id)
        points = f"{change.record['name']} → {change.record['content']}"
        self.timeline.add("DNS", f"record {change.what}", points, meeting=life.meeting_id if life else "")
