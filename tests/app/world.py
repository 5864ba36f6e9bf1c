"""The app in front of a local cloud in which nothing happens by itself: what the tests in this folder act on.

Time stands still until a test moves it, no timer fires and no event arrives: a test hands each handler the
event that it is about, and looks at what AWS, the zone and the log then hold.
"""

from __future__ import annotations

import json
import logging
import os
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from chalice.test import Client, HTTPResponse
from moto.dynamodb.models import dynamodb_backends
from moto.ec2.models import ec2_backends
from moto.s3.models import s3_backends
from moto.scheduler.models import scheduler_backends

import app
from chalicelib import runtime
from chalicelib.domain.keys import Keys, Purpose
from localcloud.aws import ACCOUNT, REGION
from localcloud.cloud import BUCKET, KEYS, SECRET, STATE_TABLE, TABLE, Cloud
from localcloud.cloudflare import DOMAIN, TOKEN
from localcloud.functions import Context
from localcloud.ledger import APP, Call
from localcloud.triggers import envelope
from tests.builders import listed

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
NOBODY_LISTENS = "http://127.0.0.1:1"

Row = dict[str, Any]
Event = dict[str, Any]

_serialize = TypeSerializer().serialize


class StillClock:
    """A clock that only a test moves, and that calls nobody back."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def at(self, when: datetime, deed: object) -> None:
        pass

    def after(self, seconds: float, deed: object) -> None:
        pass


class World:
    """One test's view of the cloud, the app and its log."""

    def __init__(self, cloud: Cloud, clock: StillClock, monkeypatch: pytest.MonkeyPatch, client: Client) -> None:
        self.cloud = cloud
        self.clock = clock
        self.http = client.http
        self.log: list[dict[str, Any]] = []
        self.pauses_s: list[float] = []
        self._monkeypatch = monkeypatch
        self._environ = dict(cloud.environ)
        monkeypatch.setattr(time, "sleep", self.pauses_s.append)
        clock.moment = NOW
        self.forget_everything()
        self.configure()

    def forget_everything(self) -> None:
        """Leave nothing of what was put into the cloud."""
        for table in (TABLE, STATE_TABLE):
            dynamodb_backends[ACCOUNT][REGION].get_table(table).items.clear()
        self.cloud.make_keys()
        for group in scheduler_backends[ACCOUNT][REGION].schedule_groups.values():
            group.schedules.clear()
        ec2_backends[ACCOUNT][REGION].reservations.clear()
        s3_backends[ACCOUNT]["aws"].buckets[BUCKET].keys.clear()
        self.cloud.aws.s3.uploads.clear()
        self.cloud.aws.s3.faults.clear()
        self.cloud.ec2.forget()
        self.cloud.cloudflare.records.clear()
        self.cloud.cloudflare.outage = None
        self.cloud.ledger.calls.clear()

    # --- the app's surroundings

    def configure(self, **variables: str | None) -> None:
        """Start a new container of the app with these variables; None takes one away."""
        for name, value in variables.items():
            if value is None:
                self._environ.pop(name, None)
            else:
                self._environ[name] = value
        runtime.use(clock=self.clock.now, environ=self._environ, sleep=self.pauses_s.append)

    def cut_off(self, service: str) -> None:
        """Make a service of AWS unreachable for the app."""
        self._monkeypatch.setenv(f"AWS_ENDPOINT_URL_{service.upper()}", NOBODY_LISTENS)
        self.configure()

    def reconnect(self, service: str) -> None:
        self._monkeypatch.delenv(f"AWS_ENDPOINT_URL_{service.upper()}")
        self.configure()

    def keep_secret(self, content: str = json.dumps({"CLOUDFLARE_API_TOKEN": TOKEN})) -> None:
        self.cloud.operator("secretsmanager").put_secret_value(SecretId=SECRET, SecretString=content)
        self.configure()

    def move(self, **by: float) -> None:
        self.clock.moment += timedelta(**by)

    # --- the table

    def put(self, **row: Any) -> str:
        """Write a row as somebody does in the console, and return its id."""
        row.setdefault("id", f"m-{uuid.uuid4().hex}")
        if row.get("open"):  # somebody has seen it already
            row = listed(row)
        self.cloud.operator("dynamodb").put_item(TableName=TABLE, Item=image(row))
        return str(row["id"])

    def write(self, meeting_id: str, **values: Any) -> None:
        """Write attributes blindly, as desktops do."""
        self.cloud.operator("dynamodb").update_item(
            TableName=TABLE,
            Key=image({"id": meeting_id}),
            UpdateExpression="SET " + ", ".join(f"#{name} = :{name}" for name in values),
            ExpressionAttributeNames={f"#{name}": name for name in values},
            ExpressionAttributeValues={f":{name}": value for name, value in image(values).items()},
        )

    def rows(self) -> list[Row]:
        return self.cloud.rows()

    def row(self, meeting_id: str) -> Row:
        return next(row for row in self.rows() if row["id"] == meeting_id)

    # --- desktops, records, timers

    def desktop(self, meeting_id: str, role: str, state: str = "running", **tags: str | None) -> str:
        """Put an instance into EC2 that bears the app's tags, changed by `tags` (None: left out); return its id."""
        usual = {"Name": f"{meeting_id}_{role}", "MeetingID": meeting_id, "Role": role}
        usual |= {"Project": "Elephant", "Stage": "dev"}
        borne = [{"Key": key, "Value": value} for key, value in (usual | tags).items() if value is not None]
        reply = self.cloud.operator("ec2").run_instances(
            ImageId=self._environ["AMI_ID"],
            MinCount=1,
            MaxCount=1,
            **({"TagSpecifications": [{"ResourceType": "instance", "Tags": borne}]} if borne else {}),
        )
        desktop_id = str(reply["Instances"][0]["InstanceId"])
        if state != "pending":
            self.start(desktop_id)
        if state not in ("pending", "running"):
            self.cloud.ec2.lives[desktop_id].instance.terminate()
        return desktop_id

    def start(self, desktop_id: str) -> None:
        """Let an instance run, with an address."""
        self.cloud.ec2.lives[desktop_id].instance.start()

    def alive(self) -> set[str]:
        return {life.id for life in self.cloud.ec2.lives.values() if life.alive}

    def published(self) -> dict[str, str]:
        """Return what the zone holds: name to address."""
        return {record["name"]: record["content"] for record in self.cloud.cloudflare.records.values()}

    def timers(self) -> dict[str, dict[str, Any]]:
        client = self.cloud.operator("scheduler")
        names = [schedule["Name"] for schedule in client.list_schedules()["Schedules"]]
        return {name: client.get_schedule(Name=name) for name in names}

    # --- the app

    def schedule(self, body: object = None, headers: Mapping[str, str] | None = None) -> HTTPResponse:
        """Post the form, as it is or as `body`, JSON or raw bytes."""
        content = body if isinstance(body, bytes) else json.dumps(form() if body is None else body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        return self.http.post("/schedule", headers=sent, body=content)

    def join(self, meeting_id: str, role: str) -> HTTPResponse:
        return self.http.get(f"/join/{meeting_id}/{role}")

    def invoke(self, function: str, event: object) -> None:
        """Call a handler as Lambda does: JSON in, and what it raises is a failed invocation."""
        app.app.handler_map[function](json.loads(json.dumps(event)), Context(function, self.clock))

    def sweep(self) -> None:
        self.invoke("sweep", scheduled_event(self.clock))

    def change_of(self, *meeting_ids: str) -> Event:
        """Return the stream's event for these rows as they are now."""
        return stream_event(*(record(self.row(meeting_id), self.clock.now()) for meeting_id in meeting_ids))

    # --- what came of it

    def calls(self) -> list[Call]:
        """Return the calls that the app has made since the last `forget_calls`."""
        return self.cloud.ledger.of(APP)

    def forget_calls(self) -> None:
        self.cloud.ledger.calls.clear()

    def said(self, event: str) -> list[dict[str, Any]]:
        return [facts for facts in self.log if facts["event"] == event]

    def errors(self) -> str:
        """Return everything that was logged as an error, as one text."""
        return "\n".join(str(facts) for facts in self.log if facts["level"] >= logging.ERROR)


class Listener(logging.Handler):
    """Keeps what the app logs."""

    def __init__(self, log: list[dict[str, Any]]) -> None:
        super().__init__()
        self._log = log

    def emit(self, record: logging.LogRecord) -> None:
        facts = getattr(record, "elephant", {"event": record.getMessage()})
        self._log.append({**facts, "level": record.levelno})


# --- what arrives


def form(**changes: Any) -> dict[str, Any]:
    """Return a valid schedule form, changed; Ellipsis takes a field away."""
    fields = {
        "teacher_name": "Ann Ash",
        "student_name": "Ben Birch",
        "meet_time": "2026-03-02T19:30:00+02:00",
        "frontend_base_url": "https://school.example/meeting",
    }
    return {name: value for name, value in (fields | changes).items() if value is not ...}


def image(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row as DynamoDB JSON."""
    return {name: _serialize(value) for name, value in row.items()}


def record(
    row: Mapping[str, Any], at: datetime, name: str = "MODIFY", before: Mapping[str, Any] | None = None
) -> Event:
    """Return a record of the table's stream, as Lambda is handed it; `before` is the row as it was, else the same."""
    change: Event = {
        "ApproximateCreationDateTime": at.timestamp(),
        "Keys": image({key: row[key] for key in ("id",) if key in row}),
        "SequenceNumber": "4421584500000000017450439091",
        "SizeBytes": 26,
        "StreamViewType": "NEW_AND_OLD_IMAGES",
    }
    if name != "INSERT":
        change["OldImage"] = image(before or row)
    if name != "REMOVE":
        change["NewImage"] = image(row)
    return {
        "eventID": uuid.uuid4().hex,
        "eventName": name,
        "eventVersion": "1.1",
        "eventSource": "aws:dynamodb",
        "awsRegion": REGION,
        "dynamodb": change,
        "eventSourceARN": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE}/stream/2026-03-01T00:00:00.000",
    }


def stream_event(*records: object) -> Event:
    return {"Records": list(records)}


def ec2_event(desktop_id: str, state: str) -> Event:
    arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/{desktop_id}"
    detail = {"instance-id": desktop_id, "state": state}
    return envelope(StillClock(NOW), "aws.ec2", "EC2 Instance State-change Notification", detail, arn)


def scheduled_event(clock: StillClock) -> Event:
    rule = f"arn:aws:events:{REGION}:{ACCOUNT}:rule/elephant-dev-sweep"
    return envelope(clock, "aws.events", "Scheduled Event", {}, rule)


# --- rows


def launched(role: str, desktop_id: str, at: datetime = NOW, meeting_id: str = "") -> Row:
    """Return what the app writes about a desktop that it has launched for this meeting."""
    return {
        f"{role}_launched": Keys(KEYS[Purpose.VOUCHING]).sign(f"{meeting_id}/{role}/{desktop_id}"),
        f"{role}_ec2_id": desktop_id,
        f"{role}_attempt": 1,
        f"{role}_attempt_at": utc(at),
        f"{role}_subnet": "subnet-1",
        f"{role}_launched_at": utc(at),
    }


def linked(role: str, desktop_id: str) -> Row:
    """Return what the app writes about a desktop whose record is published."""
    return {f"{role}_ec2_link": link(desktop_id)}


def link(desktop_id: str) -> str:
    return f"https://{desktop_id}.{DOMAIN}:8443"


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def project_folder() -> str:
    return os.path.dirname(app.__file__)
