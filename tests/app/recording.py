"""A desktop that has recorded something, as it speaks to the app and to S3."""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from itertools import count
from typing import Any

import requests

import app
from localcloud.cloud import BUCKET
from tests.app.world import NOW, World, utc

ME, OTHER = "i-0123456789abcdef0", "i-0fedcba9876543210"
ROLE = "elephant-dev-desktop"
MIB = 2**20
PREFIX = f"2026-03-02/m-1/teacher/{ME}-"
URL = f"https://{BUCKET}.s3.us-west-2.amazonaws.com/{PREFIX}"


def sha256(body: bytes) -> str:
    return b64encode(hashlib.sha256(body).digest()).decode()


class Desk:
    """One desktop as it speaks: to the app as the gateway passes it on, and to S3 over HTTP."""

    def __init__(self, instance: str = ME, meeting: str = "m-1") -> None:
        self._instance = instance
        self._meeting = meeting

    def ask(self, path: str, body: Any) -> tuple[int, dict[str, Any]]:
        identity = {"userArn": f"arn:aws:sts::123456789012:assumed-role/{ROLE}/{self._instance}"}
        context = {"httpMethod": "POST", "resourcePath": f"/desktop/{{meetingId}}{path}", "identity": identity}
        event = {"requestContext": context, "headers": {}, "pathParameters": {"meetingId": self._meeting}}
        event |= {"multiValueQueryStringParameters": None, "stageVariables": None, "isBase64Encoded": False}
        answer = app.app(event | {"body": json.dumps(body)}, None)
        return answer["statusCode"], json.loads(answer["body"])

    def links(self, piece: str, size: int, parts: list[dict[str, Any]], upload: str = "") -> dict[str, Any]:
        status, told = self.ask("/recordings", {"piece": piece, "bytes": size, "upload": upload, "parts": parts})
        assert status == 200, told
        return told

    def put(self, link: dict[str, Any], body: bytes) -> requests.Response:
        return requests.put(link["url"], body, headers=link["headers"], timeout=10)

    def send(self, piece: str, *bodies: bytes) -> tuple[int, dict[str, Any]]:
        """Send a piece in these parts, and return what the app says of it then."""
        parts, size = parts_of(*bodies), sum(map(len, bodies))
        told = self.links(piece, size, parts)
        for link, body in zip(told["links"], bodies, strict=True):
            assert self.put(link, body).status_code == 200
        return self.finish(piece, size, told["upload"], parts)

    def finish(self, piece: str, size: int, upload: str, parts: list[dict[str, Any]]) -> tuple[int, dict[str, Any]]:
        return self.ask("/recordings/safe", {"piece": piece, "bytes": size, "upload": upload, "parts": parts})


def parts_of(*bodies: bytes) -> list[dict[str, Any]]:
    return [{"number": number, "sha256": sha256(body)} for number, body in zip(count(1), bodies, strict=False)]


def put_meeting(world: World) -> str:
    """Put a meeting of a stage with the kit, with a desktop for each role."""
    world.configure(DESKTOP_CLIENT="kit", DESKTOP_ROLE_ARN=f"arn:aws:iam::123456789012:role/{ROLE}")
    return world.put(
        id="m-1", teacher_ec2_id=ME, student_ec2_id=OTHER, meet_time=utc(NOW), status="IN_PROGRESS", open="1"
    )


def lying(world: World) -> dict[str, int]:
    """Return what is in the bucket, with its size in bytes."""
    found = world.cloud.operator("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return {each["Key"]: each["Size"] for each in found}


def content(world: World, key: str) -> bytes:
    body: bytes = world.cloud.operator("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read()
    return body
