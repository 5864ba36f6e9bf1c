"""Situations that make every function do all that it may have to.

Any trigger may be the first to find that something is due, so each function that looks at meetings
is set off in each of these, on the embedded cloud. What it calls then is what its policy grants.
"""

from __future__ import annotations

import json
import os
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from boto3.dynamodb.types import TypeSerializer

from chalicelib.domain.access import Scope
from chalicelib.domain.model import PROJECT
from localcloud.aws import ACCOUNT
from localcloud.clock import Clock, VirtualClock
from localcloud.cloud import ACCESS_KEYS, BUCKET, STAGE, TABLE, Cloud
from localcloud.conditions import Conditions
from localcloud.ledger import APP
from localcloud.people import schedule
from localcloud.play import play
from localcloud.scenarios import SCENARIOS
from localcloud.triggers import envelope
from tools.stage import FUNCTIONS

_NOW = datetime(2026, 12, 7, 18, 0, tzinfo=UTC)
_MEETING = "drill"
_DESKTOPS_ROLE = "elephant-desktop"
_PIECE = b"what was recorded"
_BOOT = timedelta(seconds=50)  # long enough for an instance to run, too short for a sweep to see it
_SETTLED = timedelta(minutes=1, seconds=5)  # what was scheduled is in every listing, so that months are counted anew
_SERIALIZER = TypeSerializer()

Situation = dict[str, str]
"""What the row holds beside the names and the teacher's running desktop."""


def _moment(minutes: float) -> str:
    return (_NOW + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


_PRICED = {
    "PRICE_DESKTOP_HOUR": "0.1108",
    "PRICE_VOLUME_GIB_MONTH": "0.08",
    "PRICE_ADDRESS_HOUR": "0.005",
    "MONTHLY_LIMIT": "3.7",
}
"""What leaves room for three meetings a month, of the length that none is said of."""

_LINK = "https://published.before.example.com:8443"

SITUATIONS: dict[str, Situation] = {
    "due: the teacher's desktop is unpublished, the student has none": {"meet_time": _moment(5), "status": "LAUNCHED"},
    "due, and nothing is begun by its row": {"meet_time": _moment(5), "status": "SCHEDULED", "teacher_ec2_id": ""},
    "called off before it began": {
        "meet_time": _moment(5),
        "status": "DNS_WRITTEN",
        "teacher_ec2_link": _LINK,
        "termination_reason": "CANCELLED",
    },
    "past its hard deadline": {"meet_time": _moment(-300), "status": "IN_PROGRESS", "teacher_ec2_link": _LINK},
}


def _event(function: str, clock: Clock, desktop: str, item: dict[str, Any]) -> dict[str, Any]:
    """Return the event that leads a function to the meeting."""
    match function:
        case "launch_ec2":
            return {"meeting_id": _MEETING}
        case "safety_net":
            return {"meetingId": _MEETING}
        case "dns_watchdog":
            change = {"instance-id": desktop, "state": "running"}
            return envelope(clock, "aws.ec2", "EC2 Instance State-change Notification", change, desktop)
        case "stream_terminator":
            record = {"eventID": "1", "eventName": "MODIFY", "dynamodb": {"NewImage": item}}
            return {"Records": [record]}
        case "sweep":
            return envelope(clock, "aws.events", "Scheduled Event", {}, "rule")
    raise ValueError(f"{function} is not a function that looks at meetings.")


def drill() -> None:
    """Set every function off in every situation; the API's calls come from a meeting's ordinary life."""
    from app import app

    result = play(SCENARIOS["normal"], app)
    if not result.kept:
        raise RuntimeError(f"An ordinary meeting did not go as it should: {result.broken}")
    for function in FUNCTIONS:
        if function == "api_handler":
            continue
        for situation in SITUATIONS.values():
            _set_off(app, function, situation)
        _meet_the_dns_limit(app, function)
    _keep_to_limits(app)
    _speak_as_a_desktop(app)
    _tell_others(app)


def _set_off(app: Any, function: str, situation: Situation) -> None:
    with _stood(app, situation) as (cloud, desktop, item):
        if not cloud.functions.invoke(function, _event(function, cloud.clock, desktop, item)):
            raise RuntimeError(f"{function} failed: {cloud.timeline.entries[-1]}")


def _meet_the_dns_limit(app: Any, function: str) -> None:
    """Have a function be the one that meets the limit of Cloudflare's API, whatever becomes of its own work."""
    with _stood(app, SITUATIONS["past its hard deadline"]) as (cloud, desktop, item):
        cloud.cloudflare.use_up(left=1)
        cloud.functions.invoke(function, _event(function, cloud.clock, desktop, item))
        if not any(call.operation == "PutItem" for call in cloud.ledger.of(APP)):
            raise RuntimeError(f"{function} told no other function to wait: {cloud.timeline.entries[-1]}")


@contextmanager
def _stood(app: Any, situation: Situation) -> Iterator[tuple[Cloud, str, dict[str, Any]]]:
    """Yield a cloud in which a meeting is in this situation, its teacher's desktop, and its row."""
    clock = VirtualClock(_NOW - _BOOT)
    deaf = Conditions(lost=frozenset({"ec2 events", "stream", "timers"}))
    with Cloud(app, clock, deaf) as cloud:
        desktop = _teachers_desktop(cloud)
        clock.run(_NOW)
        row = {
            "id": _MEETING,
            "teacher_name": "Ann",
            "student_name": "Ben",
            "created_at": _moment(-600),
            "teacher_ec2_id": desktop,
            "open": "1",
        } | situation
        item = {name: _SERIALIZER.serialize(value) for name, value in row.items()}
        cloud.operator("dynamodb").put_item(TableName=TABLE, Item=item)
        yield cloud, desktop, item


def _keep_to_limits(app: Any) -> None:
    """Schedule where that takes a key and the desktops at once are limited, and sweep where sweeps could overlap.

    What a month may cost is limited too. The sweep counts a row that was made by hand. A request has a name, so that it
    can be sent twice. The teacher moves the meeting, renames its people, and comes to another one as its desktops are
    due.
    """
    clock = VirtualClock(_NOW)
    with Cloud(app, clock) as cloud:
        os.environ |= {"DESKTOPS_AT_ONCE": "10", "SWEEP_LEASE": "true"} | _PRICED
        invitation = schedule(cloud.url, cloud.timeline, _NOW + timedelta(hours=2))
        [public_id] = parse_qs(urlsplit(invitation.links["teacher"]).query)["id"]
        for change in ({"meet_time": _moment(300)}, {"student_name": "Bo"}):
            requests.patch(f"{cloud.url}/meetings/{public_id}", json=change, timeout=30).raise_for_status()
        form = {"teacher_name": "Ada", "student_name": "Boonki", "meet_time": _moment(200)}
        form["frontend_base_url"] = f"{cloud.address}/meeting"
        named = {"Idempotency-Key": "of the form"}
        requests.post(f"{cloud.url}/schedule", json=form, headers=named, timeout=30).raise_for_status()
        due = schedule(cloud.url, cloud.timeline, _NOW + timedelta(minutes=1))
        [public_id] = parse_qs(urlsplit(due.links["teacher"]).query)["id"]
        if requests.get(f"{cloud.url}/join/{public_id}/teacher", timeout=30).status_code != 202:
            raise RuntimeError("Nobody was told to wait for a desktop that is due.")
        try:
            schedule(cloud.url, cloud.timeline, _NOW + timedelta(hours=9))
        except requests.HTTPError as error:
            if error.response.status_code != 409:
                raise
        else:
            raise RuntimeError("A month may cost more than its limit.")
        os.environ["SCHEDULING"] = "locked"
        if requests.post(f"{cloud.url}/schedule", headers={"X-Schedule-Key": "none"}, timeout=30).status_code != 403:
            raise RuntimeError("The wrong key unlocked scheduling.")
        _operate(cloud, public_id.partition(".")[0])
        row = {"id": _MEETING, "meet_time": _moment(120), "status": "SCHEDULED", "open": "1"}
        item = {name: _SERIALIZER.serialize(value) for name, value in row.items()}
        cloud.operator("dynamodb").put_item(TableName=TABLE, Item=item)
        clock.run(_NOW + _SETTLED)
        if not cloud.functions.invoke("sweep", _event("sweep", clock, "", item)):
            raise RuntimeError(f"sweep failed: {cloud.timeline.entries[-1]}")


def _operate(cloud: Cloud, meeting_id: str) -> None:
    """Look at everything that operators see, and change a meeting with a key."""
    operator = requests.Session()
    operator.headers["Authorization"] = f"Bearer {ACCESS_KEYS[Scope.OPERATE]}"
    for path in (
        "meetings",
        f"meetings?day={_NOW:%Y-%m-%d}",
        "calendar",
        "report",
        "cost?duration_minutes=60",
        f"meetings/{meeting_id}",
    ):
        operator.get(f"{cloud.url}/{path}", timeout=30).raise_for_status()
    change = {"student_name": "Bea", "reason": "She is called so."}
    operator.patch(f"{cloud.url}/meetings/{meeting_id}", json=change, timeout=30).raise_for_status()
    key = f"{_NOW:%Y-%m-%d}/{meeting_id}/teacher/i-1-1.mkv"
    cloud.operator("s3").put_object(Bucket=BUCKET, Key=key, Body=_PIECE)
    told = operator.post(f"{cloud.url}/meetings/{meeting_id}/recordings", json={}, timeout=30).json()
    if requests.get(told["recordings"][0]["url"], timeout=30).content != _PIECE:
        raise RuntimeError("A recording did not open by its link.")


def _speak_as_a_desktop(app: Any) -> None:
    """Ask whose a desktop is, and send what it has recorded, as API Gateway passes on what it knows to be signed."""
    desktop = "i-0123456789abcdef0"
    with Cloud(app, VirtualClock(_NOW)) as cloud:
        os.environ["DESKTOP_ROLE_ARN"] = f"arn:aws:iam::{ACCOUNT}:role/{_DESKTOPS_ROLE}"
        item = {"id": {"S": _MEETING}, "teacher_ec2_id": {"S": desktop}, "meet_time": {"S": _moment(0)}}
        cloud.operator("dynamodb").put_item(TableName=TABLE, Item=item)
        _ask(app, desktop, "")
        _ask(app, desktop, "/certificate", status=404)
        key = f"{_NOW:%Y-%m-%d}/{_MEETING}/teacher/{desktop}-1.mkv"
        piece = {"piece": "1.mkv", "bytes": len(_PIECE)}
        part = {"number": 1, "sha256": b64encode(sha256(_PIECE).digest()).decode()}
        _ask(app, desktop, "/recordings", piece | {"upload": "", "parts": []})
        # As where two questions came at once: an upload too many.
        cloud.operator("s3").create_multipart_upload(Bucket=BUCKET, Key=key, ChecksumAlgorithm="SHA256")
        told = _ask(app, desktop, "/recordings", piece | {"upload": "", "parts": [part]})
        [link] = told["links"]
        requests.put(link["url"], _PIECE, headers=link["headers"], timeout=30).raise_for_status()
        _ask(app, desktop, "/recordings/safe", piece | {"upload": told["upload"], "parts": [part]})
        _ask(app, desktop, "/uploaded", {"pieces": 1, "lost": []})


def _tell_others(app: Any) -> None:
    """Have the stream tell others of a new meeting."""
    clock = VirtualClock(_NOW)
    with Cloud(app, clock) as cloud:
        os.environ["EVENT_BUS"] = "default"
        schedule(cloud.url, cloud.timeline, _NOW + timedelta(hours=2))
        clock.run(_NOW + timedelta(seconds=5))
        if not any(call.operation == "PutEvents" for call in cloud.ledger.of(APP)):
            raise RuntimeError("Nobody was told of a new meeting.")


def _ask(app: Any, desktop: str, path: str, body: Any = None, status: int = 200) -> dict[str, Any]:
    """Return what the app answers to a desktop, with this status."""
    identity = {"userArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/{_DESKTOPS_ROLE}/{desktop}"}
    method = "GET" if body is None else "POST"
    context = {"httpMethod": method, "resourcePath": f"/desktop/{{meetingId}}{path}", "identity": identity}
    request = {"requestContext": context, "pathParameters": {"meetingId": _MEETING}, "headers": {}}
    unused = {"multiValueQueryStringParameters": None, "stageVariables": None, "isBase64Encoded": False}
    answer = app(request | unused | {"body": json.dumps(body)}, None)
    if answer["statusCode"] != status:
        raise RuntimeError(f"A desktop that asked {path or 'whose it is'} was told: {answer['body']}")
    told: dict[str, Any] = json.loads(answer["body"])
    return told


def _teachers_desktop(cloud: Cloud) -> str:
    tags = {
        "Name": f"{_MEETING}_teacher",
        "Project": PROJECT,
        "Stage": STAGE,
        "MeetingID": _MEETING,
        "Role": "teacher",
    }
    answer = cloud.operator("ec2").run_instances(
        ImageId=cloud.environ["AMI_ID"],
        InstanceType="t3.large",
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[
            {"ResourceType": "instance", "Tags": [{"Key": key, "Value": value} for key, value in tags.items()]}
        ],
    )
    return str(answer["Instances"][0]["InstanceId"])
