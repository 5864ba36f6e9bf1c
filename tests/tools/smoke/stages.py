"""The embedded cloud as a stage that was deployed: its stack's outputs, its functions' environment, its secret."""

from __future__ import annotations

import io
import json
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from chalicelib.rules.times import TimerKind
from chalicelib.settings import SETTINGS
from localcloud.aws import ACCOUNT, REGION
from localcloud.cloud import STATE_TABLE, TABLE, Cloud
from localcloud.cloudflare import TOKEN, ZONE_ID
from localcloud.laptop import Laptop
from tools import kept_certificate, providers
from tools.account import clients
from tools.site import Site
from tools.stage import Stage, load
from tools.trial.reach import Address

_OF_FUNCTIONS = {row.name for row in SETTINGS}


def furnish(cloud: Cloud) -> Stage:
    """Make what a deploy leaves in an account beside the tables, and return the stage."""
    secret = json.dumps({"CLOUDFLARE_API_TOKEN": TOKEN})
    cloud.operator("secretsmanager").create_secret(Name="dev/elephant/cloudflare", SecretString=secret)
    outputs = {"TableName": TABLE, "StateTable": STATE_TABLE, "TimersGroup": "default", "DesktopClient": "kit"}
    template = {
        "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
        "Outputs": {key: {"Value": value} for key, value in outputs.items()},
    }
    cloud.operator("cloudformation").create_stack(StackName="elephant-dev", TemplateBody=json.dumps(template))
    role = cloud.operator("iam").create_role(RoleName="functions", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr("app.py", "")
    cloud.operator("lambda").create_function(
        FunctionName="elephant-dev",
        Runtime="python3.11",
        Role=role,
        Handler="app.app",
        Code={"ZipFile": archive.getvalue()},
        Environment={"Variables": {name: value for name, value in cloud.environ.items() if name in _OF_FUNCTIONS}},
    )
    own = {"CLOUDFLARE_API_URL": cloud.cloudflare.url}
    return replace(
        load("dev"),
        region=REGION,
        account=ACCOUNT,
        domain=cloud.environ["DOMAIN_ROOT"],
        zone_id=ZONE_ID,
        client="kit",
        environment=own,
    )


def site(cloud: Cloud) -> Site:
    """Return the embedded cloud as the tools examine a stage."""
    stage = furnish(cloud)
    return Site(stage, clients(stage.region), providers.of(stage))


def resolver(cloud: Cloud, laptop: Laptop) -> Callable[[str, int], list[Address]]:
    """Return who resolves the names that are in the zone, and takes the laptop's doors for each."""

    def resolve(host: str, _port: int) -> list[Address]:
        if not cloud.cloudflare.named(host):
            raise OSError(-2, "Name or service not known")
        return [("127.0.0.1", laptop.doors.port)]

    return resolve


def trust(cloud: Cloud, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process take the issuer of the kept certificate for one that browsers trust."""
    file = folder / "roots.pem"
    file.write_text(kept_certificate.told(STATE_TABLE, cloud.operator)[1])
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


def _put_back(cloud: Cloud, row: dict[str, Any]) -> None:
    """Let the meeting's checkpoint be past, and its timers with it: half an hour is long in a test."""
    for kind in TimerKind:
        cloud.operator("scheduler").delete_schedule(Name=f"{kind}-{row['id']}", GroupName="default")
    cloud.operator("dynamodb").update_item(
        TableName=TABLE,
        Key={"id": {"S": row["id"]}},
        UpdateExpression="SET meet_time = :begun, created_at = :made",
        ExpressionAttributeValues={":begun": {"S": _before(row, 16)}, ":made": {"S": _before(row, 40)}},
    )


def _before(row: dict[str, Any], minutes: int) -> str:
    return (datetime.fromisoformat(row["created_at"]) - timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


def hurry(seconds: float) -> None:
    """Sleep as a command that is in a hurry."""
    time.sleep(min(seconds, 0.5))


@contextmanager
def time_flies(cloud: Cloud, *before: str) -> Iterator[None]:
    """Let the checkpoint of the newest meeting be past once its row has these attributes."""
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.1):
            row: dict[str, Any] = max(cloud.rows(), key=lambda row: row["created_at"], default={})
            if row and set(before) <= set(row):
                _put_back(cloud, row)
                return

    thread = threading.Thread(target=watch)
    thread.start()
    yield
    stop.set()
    thread.join()
