"""A stage whose recordings lie in a bucket of the embedded S3, and what an operator asks of them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.config import Config

from chalicelib.adapters.s3 import SIGNING
from chalicelib.domain import rows
from localcloud import loopback
from localcloud.aws import ACCOUNT, REGION, Aws
from localcloud.clock import RealClock
from localcloud.ledger import OPERATOR, Ledger
from tools.stage import Stage, load

BUCKET = f"elephant-dev-recordings-{ACCOUNT}-{REGION}"
TABLE = "elephant-meetings-dev"
MINE, OLD, OTHERS = "i-0123456789abcdef0", "i-0aaaaaaaaaaaaaaaa", "i-0fedcba9876543210"
DAY = "2026-03-01"
ENDED: dict[str, Any] = {
    "status": "TERMINATED",
    "termination_reason": "SUCCESS",
    "ended_at": "2026-03-01T16:00:00Z",
    "meet_time": "2026-03-01T15:00:00Z",
}


class Place:
    """An account with a stage, its table and its bucket; a test puts recordings there, and looks what is left."""

    def __init__(self, aws: Aws) -> None:
        self.aws = aws
        self.stage: Stage = replace(load("dev"), account=ACCOUNT)
        self.s3 = self.client("s3")
        self.make_bucket(BUCKET)
        self.client("dynamodb").create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        self.deployed(RecordingsBucket=BUCKET, MadeRecordings=BUCKET, TableName=TABLE)

    def client(self, service: str) -> Any:
        return self.aws.client(service, OPERATOR)

    def deployed(self, **outputs: str) -> None:
        template = {
            "Resources": {"Queue": {"Type": "AWS::SQS::Queue"}},
            "Outputs": {key: {"Value": value} for key, value in outputs.items()},
        }
        self.client("cloudformation").create_stack(StackName="elephant-dev", TemplateBody=json.dumps(template))

    def signer(self, region: str) -> Any:
        """Return what an operator signs links with, for a Region."""
        keys: Any = {"aws_access_key_id": OPERATOR, "aws_secret_access_key": "local"}
        config = Config(**SIGNING)
        session: Any = boto3  # its stubs know a client by literal arguments only
        return session.client("s3", region_name=region, endpoint_url=self.aws.url, config=config, **keys)

    def make_bucket(self, name: str, region: str = REGION) -> None:
        where: Any = {"LocationConstraint": region}
        self.signer(region).create_bucket(Bucket=name, CreateBucketConfiguration=where)
        self.s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})

    def record(self, *keys: str, body: bytes = b"recorded", bucket: str = BUCKET) -> None:
        for key in keys:
            self.s3.put_object(Bucket=bucket, Key=key, Body=body)

    def begin(self, key: str) -> str:
        return str(self.s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"])

    def row(self, meeting_id: str, **values: Any) -> None:
        item = {name: rows.encode(value) for name, value in ({"id": meeting_id} | values).items()}
        self.client("dynamodb").put_item(TableName=TABLE, Item=item)

    def stored(self, meeting_id: str) -> dict[str, Any]:
        found = self.client("dynamodb").get_item(TableName=TABLE, Key={"id": {"S": meeting_id}})
        return rows.decode(found["Item"])

    def lying(self, bucket: str = BUCKET) -> list[str]:
        """Return everything that is in a bucket: keys of versions, marks and uploads, each as often as it is there."""
        told = self.s3.list_object_versions(Bucket=bucket)
        uploads = self.s3.list_multipart_uploads(Bucket=bucket).get("Uploads", [])
        found = [*told.get("Versions", []), *told.get("DeleteMarkers", []), *uploads]
        return sorted(each["Key"] for each in found)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in loopback.exempt(os.environ).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
    monkeypatch.setattr("localcloud.server._POLL_S", 0.01)
    aws = Aws(RealClock(), Ledger())
    try:
        yield Place(aws)
    finally:
        aws.stop()
