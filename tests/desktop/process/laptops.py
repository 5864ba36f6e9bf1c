"""Desktops of real processes for these tests: a cloud that keeps the real time, and people who ask over HTTP."""

from __future__ import annotations

import json
import socket
import ssl
from datetime import timedelta
from http.client import HTTPResponse
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import requests

from localcloud.clock import RealClock
from localcloud.cloud import BUCKET, Cloud
from localcloud.laptop import Laptop, Machine
from localcloud.people import Invitation, schedule
from tests.waiting import until

PATIENCE_S = 60


class Live:
    """A browser's live connection to a desktop, or the refusal of one."""

    def __init__(self, doors: int, host: str, token: str) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", doors), timeout=PATIENCE_S)
        self._channel = context.wrap_socket(plain, server_hostname=host)
        body = urlencode({"authToken": token, "sessionId": "console"})
        kind = "Content-Type: application/x-www-form-urlencoded"
        head = f"POST /connect HTTP/1.1\r\nHost: {host}\r\n{kind}\r\nContent-Length: {len(body)}\r\n\r\n"
        self._channel.sendall((head + body).encode())
        self._answer = HTTPResponse(self._channel)
        self._answer.begin()
        self.is_in = self._answer.status == 200
        self.first: dict[str, Any] = json.loads(self._answer.readline() if self.is_in else self._answer.read())

    def drop(self) -> None:
        """Let go, as a browser that is closed."""
        self._answer.close()
        self._channel.close()


class Meeting:
    """A meeting that is about to begin, on desktops of real processes."""

    def __init__(self, cloud: Cloud, laptop: Laptop, **more: Any) -> None:
        self.cloud = cloud
        self.laptop = laptop
        clock = cloud.clock
        assert isinstance(clock, RealClock)
        self.invitation: Invitation = schedule(cloud.url, cloud.timeline, clock.now() + timedelta(minutes=3), **more)

    @property
    def row(self) -> dict[str, Any]:
        return self.cloud.row(self.invitation.meeting_id)

    def ask(self, role: str, peek: bool = False) -> dict[str, Any]:
        """Return what join answers; a click, unless it peeks."""
        [link_id] = parse_qs(urlsplit(self.invitation.links[role]).query)["id"]
        where = f"{self.cloud.url}/join/{link_id}/{role}{'?peek=1' if peek else ''}"
        told: dict[str, Any] = requests.get(where, timeout=PATIENCE_S).json()
        return told

    def wait_until_ready(self, role: str) -> None:
        until(lambda: "dcv_url" in self.ask(role, peek=True), f"the {role}'s desktop is ready; it is {self.row}")

    def machine(self, role: str) -> Machine:
        """Return the desktop of a role, once it has booted."""
        machines, name = self.laptop.machines, f"{role}_ec2_id"
        found: Machine = until(lambda: machines.get(str(self.row.get(name))), f"the {role}'s desktop boots")
        return found

    def pieces(self, role: str) -> dict[str, bytes]:
        """Return what a role's desktops have in the bucket, by the keys."""
        s3, where = self.cloud.operator("s3"), f"/{self.invitation.meeting_id}/{role}/"
        found = s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        keys = [each["Key"] for each in found if where in each["Key"]]
        return {key: s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}

    def open(self, role: str, answer: dict[str, Any] | None = None) -> Live:
        """Open a desktop with what join has answered, or with a click of now."""
        told = answer or self.ask(role)
        host = urlsplit(told["dcv_url"]).hostname
        assert host
        return Live(self.laptop.doors.port, host, told["auth_token"])


def room(machine: Machine) -> dict[str, Any] | None:
    """Return what the desktop shows of the room, None where it is not open."""
    try:
        told: dict[str, Any] = json.loads((machine.dcv.home / "session.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return told
