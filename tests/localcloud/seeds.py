"""The desktop of the reference project, as its public scripts behave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from localcloud.aws import Aws
from localcloud.clock import VirtualClock
from localcloud.cloud import TABLE
from localcloud.ec2 import Life
from localcloud.ledger import DESKTOP
from localcloud.metadata import Metadata

_http = build_opener(ProxyHandler({}))


class SeedsDesktop:
    """What the scripts on the image do: at the boot, and each time that Windows is locked."""

    def __init__(self, life: Life, metadata: Metadata, aws: Aws, clock: VirtualClock, disk: Path) -> None:
        self.metadata = metadata
        self.uploads: list[str] = []
        self._life = life
        self._table = aws.client("dynamodb", DESKTOP)
        self._clock = clock
        self._session = disk / f"{life.id}.json"

    @property
    def session(self) -> dict[str, str] | None:
        """What the session file says: which meeting, in which role; None where there is none."""
        return json.loads(self._session.read_text()) if self._session.exists() else None

    def boot(self) -> None:
        """Ask who I am without a token, look for my meeting in the table, and record on trial."""
        try:
            own_id = self._ask("/latest/meta-data/instance-id")
        except HTTPError:
            return  # the script goes no further
        pages = self._table.get_paginator("scan").paginate(
            TableName=TABLE,
            FilterExpression="teacher_ec2_id = :own OR student_ec2_id = :own",
            ExpressionAttributeValues={":own": {"S": own_id}},
        )
        for row in (row for page in pages for row in page["Items"]):
            role = "teacher" if row.get("teacher_ec2_id", {}).get("S") == own_id else "student"
            self._session.write_text(json.dumps({"id": row["id"]["S"], "role": role}))
            self._say_healthy()

    def lock(self) -> None:
        """Upload the recording and write where it is; without a session file there is nothing to record."""
        if not self.session or self._life.state != "running":
            return
        meeting_id, role = self.session["id"], self.session["role"]
        name = f"{meeting_id}_{role}_{self._clock.now():%Y%m%d%H%M%S}.zip"
        self.uploads.append(name)
        self._write(f"SET {role}_session_data = :url", {":url": {"S": f"https://sessions.s3.amazonaws.com/{name}"}})
        self._session.unlink()

    def _say_healthy(self) -> None:
        """Report, once the trial has left a file; this script does use a token."""
        headers = {"X-aws-ec2-metadata-token-ttl-seconds": "21600"}
        token = self._ask("/latest/api/token", "PUT", headers)
        own_id = self._ask("/latest/meta-data/instance-id", headers={"X-aws-ec2-metadata-token": token})
        values = {":healthy": {"S": "HEALTHY"}, ":own": {"S": own_id}}
        self._write("SET #status = :healthy, instance_id = :own", values, {"#status": "status"})

    def _ask(self, path: str, method: str = "GET", headers: dict[str, str] | None = None) -> str:
        request = Request(f"{self.metadata.url}{path}", method=method, headers=headers or {})
        with _http.open(request) as answer:
            return str(answer.read().decode())

    def _write(self, expression: str, values: dict[str, Any], names: dict[str, str] | None = None) -> None:
        self._table.update_item(
            TableName=TABLE,
            Key={"id": {"S": (self.session or {})["id"]}},
            UpdateExpression=expression,
            ExpressionAttributeValues=values,
            **({"ExpressionAttributeNames": names} if names else {}),
        )
