"""What stands before a deploy: functions with their settings, Chalice's record, tables, desktops."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from tools.account import Clients
from tools.record import Record
from tools.stage import FUNCTIONS, load

TEMPLATE = {"Parameters": {"Size": {"Type": "String"}}, "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}}


OUTPUTS = {"DeadLettersArn": "arn:letters", "DeadRecordsArn": "arn:records", "StreamArn": "arn:stream"}


POLICIES: dict[str, dict[str, Any]] = {
    name: {"Version": "2012-10-17", "Statement": [{"Sid": name, "Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    for name in FUNCTIONS
}


class Lambda:
    """Lambda's settings of events and of one mapping, with every write noted."""

    def __init__(self, mappings: int = 1) -> None:
        self.writes: list[str] = []
        self.mapping: dict[str, Any] = {
            "UUID": "1",
            "EventSourceArn": OUTPUTS["StreamArn"],
            "State": "Enabled",
            "DestinationConfig": {"OnFailure": {}},
        }
        self.refusals = 0
        self.words = "The function's execution role does not have permissions to call SendMessage on the queue"
        self._mappings = mappings
        self._events: dict[str, dict[str, Any]] = {}

    def get_function_event_invoke_config(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        return self._events.get(FunctionName, {"DestinationConfig": {"OnSuccess": {}, "OnFailure": {}}})

    def put_function_event_invoke_config(self, *, FunctionName: str, **settings: Any) -> None:  # noqa: N803
        if self.refusals:
            self.refusals -= 1
            reply = {"Error": {"Code": "InvalidParameterValueException", "Message": self.words}}
            raise ClientError(reply, "PutFunctionEventInvokeConfig")  # type: ignore[arg-type]
        self.writes.append(FunctionName)
        self._events[FunctionName] = settings

    def list_event_source_mappings(self, **_: str) -> dict[str, Any]:
        return {"EventSourceMappings": [self.mapping] * self._mappings}

    def delete_event_source_mapping(self, *, UUID: str) -> None:  # noqa: N803
        self.writes.append(f"-{UUID}")
        self._mappings = 0

    def update_event_source_mapping(self, *, UUID: str, **settings: Any) -> None:  # noqa: N803
        self.writes.append(UUID)
        self.mapping |= settings
        self.mapping["State"] = "Enabled" if settings["Enabled"] else "Disabled"

    def get_event_source_mapping(self, *, UUID: str) -> dict[str, Any]:  # noqa: N803
        return self.mapping


def beside(functions: Lambda, client: Clients) -> Clients:
    return lambda service: functions if service == "lambda" else client(service)


def recorded_by_chalice(root: Path, *resources: dict[str, str]) -> Record:
    (root / ".chalice" / "deployed").mkdir(parents=True)
    content = {"resources": resources, "schema_version": "2.0", "backend": "api"}
    (root / ".chalice" / "deployed" / "dev.json").write_text(json.dumps(content))
    return Record(load("dev"), root)


def make_table(client: Clients, name: str, stage: str = "") -> None:
    tags = [{"Key": "Project", "Value": "Elephant"}, {"Key": "Stage", "Value": stage}]
    client("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        Tags=tags if stage else [],
    )


def launch(client: Clients, stage: str) -> str:
    tags = [{"Key": "Project", "Value": "Elephant"}, {"Key": "Stage", "Value": stage}]
    spec = [{"ResourceType": "instance", "Tags": tags}]
    launched = client("ec2").run_instances(ImageId="ami-12345678", MinCount=1, MaxCount=1, TagSpecifications=spec)
    return str(launched["Instances"][0]["InstanceId"])
