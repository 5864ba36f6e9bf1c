"""The reference project's own desktops: they learn who they are where the launch lets them, all the way to the end."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import pytest

from app import app
from localcloud.clock import VirtualClock
from localcloud.cloud import Cloud
from localcloud.conditions import Conditions
from localcloud.ec2 import Life
from localcloud.metadata import Metadata
from tests.localcloud.seeds import SeedsDesktop
from tests.localcloud.worlds import START

_http = build_opener(ProxyHandler({}))
ASLEEP = Conditions(boot_s=(1e7, 1e7))
"""The embedded cloud's own desktops never boot: the instances run the reference project's scripts instead."""


class School:
    """A cloud whose instances are the reference project's desktops, and one meeting in it."""

    def __init__(self, cloud: Cloud, clock: VirtualClock, disk: Path) -> None:
        self.cloud = cloud
        self.desktops: dict[str, SeedsDesktop] = {}
        self._clock = clock
        self._disk = disk
        cloud.ec2.listeners.append(self._state_changed)
        names = {"teacher_name": "Ann", "student_name": "Ben", "frontend_base_url": "https://school.example/meeting"}
        body = json.dumps(names | {"meet_time": clock.now().isoformat()}).encode()
        scheduled = self.ask("/schedule", body)
        self.meeting = scheduled["id"]
        self._links = {role: urlsplit(scheduled[f"{role}_link"]) for role in ("teacher", "student")}

    def _state_changed(self, life: Life) -> None:
        if life.state == "running" and life.id not in self.desktops:
            found = self.cloud.operator("ec2").describe_instances(InstanceIds=[life.id])
            metadata = Metadata(found["Reservations"][0]["Instances"][0], self.cloud.issuer, self._clock)
            desktop = SeedsDesktop(life, metadata, self.cloud.aws, self._clock, self._disk)
            self.desktops[life.id] = desktop
            self._clock.after(150, desktop.boot)

    def ask(self, path: str, body: bytes | None = None) -> dict[str, Any]:
        """Ask the app over HTTP, as a page does."""
        request = Request(f"{self.cloud.url}{path}", data=body, headers={"Content-Type": "application/json"})
        with _http.open(request) as answer:
            content: dict[str, Any] = json.loads(answer.read())
            return content | {"code": answer.status}

    def join(self, role: str) -> dict[str, Any]:
        """Ask as the page does that this role's link leads to."""
        [meeting] = parse_qs(self._links[role].query)["id"]
        return self.ask(f"/join/{meeting}/{role}")

    def passes(self, **span: float) -> None:
        self._clock.run(self._clock.now() + timedelta(**span))

    @property
    def row(self) -> dict[str, Any]:
        return self.cloud.row(self.meeting)

    def close(self) -> None:
        for desktop in self.desktops.values():
            desktop.metadata.stop()


@pytest.fixture
def open_school(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., School]]:
    """Return what opens a school whose stage has these variables."""
    monkeypatch.setattr("localcloud.server._POLL_S", 0.01)
    clock = VirtualClock(START)
    schools: list[School] = []

    def start(**variables: str) -> School:
        cloud = Cloud(app, clock, ASLEEP).__enter__()
        os.environ.update(variables)  # the cloud puts the environment back
        schools.append(School(cloud, clock, tmp_path))
        return schools[0]

    yield start
    for school in schools:
        school.close()
        school.cloud.__exit__(None, None, None)


@pytest.mark.parametrize("variables", [{}, {"DESKTOP_CLIENT": "scripts"}], ids=["by default", "by name"])
def test_desktops_with_scripts_get_healthy_record_and_upload_until_the_meeting_has_ended(
    open_school: Callable[..., School], variables: dict[str, str]
) -> None:
    school = open_school(**variables)
    school.passes(minutes=5)
    teacher, student = (school.desktops[school.row[f"{role}_ec2_id"]] for role in ("teacher", "student"))
    assert not teacher.metadata.needs_token
    assert teacher.session == {"id": school.meeting, "role": "teacher"}
    assert student.session == {"id": school.meeting, "role": "student"}
    assert school.row["status"] == "HEALTHY"
    for role in ("teacher", "student"):
        assert school.join(role)["code"] == 200
    assert school.row["status"] == "IN_PROGRESS"
    school.passes(minutes=30)
    teacher.lock()
    student.lock()
    assert school.row["teacher_session_data"].endswith(teacher.uploads[0])
    assert teacher.session is None, "one reload is one upload"
    teacher.lock()
    assert len(teacher.uploads) == 1
    school.passes(minutes=5)
    assert (school.row["status"], school.row["termination_reason"]) == ("TERMINATED", "SUCCESS")
    assert not [life for life in school.cloud.ec2.lives.values() if life.alive]
    assert school.cloud.cloudflare.records == {}


def test_where_tokens_are_required_the_same_desktop_learns_nothing(open_school: Callable[..., School]) -> None:
    school = open_school(DESKTOP_CLIENT="kit")
    school.passes(minutes=5)
    desktop = school.desktops[school.row["teacher_ec2_id"]]
    assert desktop.metadata.needs_token
    assert desktop.metadata.refused == ["/latest/meta-data/instance-id"]
    assert desktop.session is None
    desktop.lock()
    assert desktop.uploads == []
    assert "instance_id" not in school.row
    assert school.row["status"] == "DNS_WRITTEN"
