"""A stage with meetings of every kind, and requests to it as API Gateway hands them to the app: any route, any key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from moto.dynamodb.models import dynamodb_backends

import app
from chalicelib.domain import writes
from chalicelib.domain.access import Scope
from chalicelib.domain.keys import Keys, Purpose
from chalicelib.domain.model import Meeting
from chalicelib.domain.seat import Role
from chalicelib.people.links import public_id
from localcloud.aws import ACCOUNT, REGION
from localcloud.cloud import ACCESS_KEYS, KEYS, PROFILE, STATE_TABLE, TABLE
from localcloud.cloudflare import DOMAIN
from tests.app.world import NOW, World, utc

ME, OTHER, STRANGER = "i-0123456789abcdef0", "i-0fedcba9876543210", "i-00000000000000000"
STAGE: dict[str, str | None] = {
    "STATE_TABLE": STATE_TABLE,
    "LINK_SIGNING_KEY": None,
    "SCHEDULING": "open",
    "DESKTOP_CLIENT": "kit",
    "DESKTOPS_AT_ONCE": "40",
    "MONTHLY_LIMIT": "5000",
    "PRICE_DESKTOP_HOUR": "0.1",
    "PRICE_VOLUME_GIB_MONTH": "0.08",
    "PRICE_ADDRESS_HOUR": "0.005",
}
SEATS = {"teacher": ME, "student": OTHER}


@dataclass(frozen=True)
class Asked:
    """One request; `session` is the instance whose signature the gateway has checked, None where there is none."""

    method: str
    route: str
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None
    session: str | None = None
    encoded: bool = False

    def event(self) -> dict[str, Any]:
        """Return it as API Gateway hands it to a function."""
        role = f"arn:aws:sts::{ACCOUNT}:assumed-role/{PROFILE}"
        identity = {"userArn": f"{role}/{self.session}"} if self.session else {"sourceIp": "203.0.113.7"}
        return {
            "requestContext": {"httpMethod": self.method, "resourcePath": self.route, "identity": identity},
            "headers": dict(self.headers) or None,
            "multiValueQueryStringParameters": dict(self.query) or None,
            "pathParameters": dict(self.path) or None,
            "stageVariables": None,
            "body": self.body,
            "isBase64Encoded": self.encoded,
        }


@dataclass(frozen=True)
class Answer:
    """What was answered."""

    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def told(self) -> Any:
        return json.loads(self.body)


def ask(asked: Asked) -> Answer:
    """Hand a request to the app; docs/openapi.yaml is held to what it answers (conftest.py)."""
    answer = app.app(asked.event(), None)
    return Answer(answer["statusCode"], answer["headers"], answer["body"])


def bearing(scope: Scope) -> dict[str, str]:
    """Return the header that brings the key of this scope."""
    return {"Authorization": f"Bearer {ACCESS_KEYS[scope]}"}


class Town:
    """A stage that signs links and records, with a limit and prices, and meetings of each kind.

    `links` are the `id` of each role's link by the kind of meeting: one that is to come, one at whose desktops people
    are, one that has ended, one whose recordings were erased, one whose teacher's link was made anew since. `foreign`
    was put into the table by hand.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        world.configure(**STAGE)
        self.ids = {kind: f"m-{kind}" for kind in ("ahead", "living", "ended", "erased", "renewed", "foreign")}
        over = {"status": "TERMINATED", "termination_reason": "SUCCESS", "ended_at": utc(NOW)}
        lives = {"status": "HEALTHY", "teacher_healthy_at": utc(NOW), "begun_at": utc(NOW)}
        self._put("ahead", 26)
        self._put("living", 0, **_seated(), **lives)
        self._put("ended", 1, **_seated(), **over)
        self._put("erased", 2, **_seated(), **over, recordings_erased_at=utc(NOW))
        self._put("renewed", 4, teacher_link_number=1)
        world.put(id=self.ids["foreign"], teacher_name="Ann", meet_time=utc(NOW + timedelta(hours=3)))
        keys = Keys(KEYS[Purpose.LINKS])
        self.links = {
            kind: {role.value: public_id(Meeting(meeting), role, keys) for role in Role}
            for kind, meeting in self.ids.items()
            if kind != "foreign"
        }
        self._built = {name: deepcopy(_table(name).items) for name in _TABLES}

    def _put(self, kind: str, hours: int, **more: Any) -> None:
        row = writes.scheduled(
            self.ids[kind],
            teacher_name="Ann Ash",
            student_name="Ben Birch",
            teacher_email=None,
            meet_time=NOW + timedelta(hours=hours),
            duration_minutes=60,
            time_zone=None,
            jitsi_url=None,
            links_signed=True,
            request_digest=None,
            by=None,
            now=NOW,
        )
        self.world.put(**row | more)

    def restore(self) -> None:
        """Let the tables hold what they held at first, and the app know nothing of what it has read since."""
        for name, items in self._built.items():
            _table(name).items = deepcopy(items)
        self.world.configure(**STAGE)


def _seated() -> dict[str, Any]:
    row: dict[str, Any] = {}
    for role, desktop in SEATS.items():
        row |= {f"{role}_ec2_id": desktop, f"{role}_ec2_link": f"https://{desktop}.{DOMAIN}:8443"}
        row |= {f"{role}_attempt": 1, f"{role}_attempt_at": utc(NOW), f"{role}_published_at": utc(NOW)}
    return row


_TABLES = (TABLE, STATE_TABLE)


def _table(name: str) -> Any:
    return dynamodb_backends[ACCOUNT][REGION].get_table(name)


def stored() -> dict[str, Any]:
    """Return all that lies in the app's tables, by table and id, in a form that tells one content from another."""
    return {
        f"{name}/{item.hash_key.value}": json.dumps(item.to_json()["Attributes"], sort_keys=True)
        for name in _TABLES
        for item in _table(name).all_items()
    }
