"""docs/openapi.yaml against the running app: the same routes, the same words, and each status that it tells is given.

The other direction is in conftest.py: whatever the app answers in a test of this folder is held to the description.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

import app
from chalicelib import runtime
from chalicelib.adapters.keys import TableKeys, access_item
from chalicelib.domain.access import AccessKey, Scope, digest_of
from chalicelib.domain.actions import Cause
from chalicelib.domain.certificate import Certificate
from chalicelib.domain.model import Reason, Status
from chalicelib.domain.seat import Role
from chalicelib.guests import recordings
from chalicelib.people import join, logo, pages
from chalicelib.rules import figures
from chalicelib.rules.people import Presence
from chalicelib.rules.trouble import Trouble
from localcloud.cloud import ACCESS_KEYS, STATE_TABLE
from tests import description
from tests.app.asking import ME, STRANGER, Asked, Town, ask, bearing
from tests.app.world import NOBODY_LISTENS, NOW, World, form, utc
from tests.description import Operation
from tests.pictures import SVG

OPERATIONS = description.operations()


# --- one with the code


def test_the_description_is_one_of_openapi() -> None:
    validate(description.description())


def test_it_has_the_apps_routes_and_methods_and_no_others() -> None:
    assert set(OPERATIONS) == {(method, path) for path, views in app.app.routes.items() for method in views}
    assert len({operation["operationId"] for operation in OPERATIONS.values()}) == len(OPERATIONS)


def test_what_is_asked_by_head_is_what_is_asked_by_get() -> None:
    for (method, path), operation in OPERATIONS.items():
        if method == "HEAD":
            got = OPERATIONS["GET", path]
            same = ("parameters", "responses", "security", "tags")
            assert [operation.get(name) for name in same] == [got.get(name) for name in same], path


def test_desktops_must_sign_what_they_ask_and_nobody_else_can() -> None:
    for (_, path), operation in OPERATIONS.items():
        signed = {"signature": []} in operation.get("security", [])
        assert signed == path.startswith("/desktop/"), path


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Role", Role),
        ("Status", Status),
        ("Reason", Reason),
        ("Presence", Presence),
        ("TroubleKind", Trouble),
        ("Cause", (*Cause, figures.PUT_OFF, figures.OTHER)),
        ("Step", (join.SCHEDULED, join.PAUSED, "launching", "starting", "booting", "publishing", "ready")),
    ],
)
def test_its_words_are_those_of_the_code(name: str, words: Iterable[str]) -> None:
    assert description.enums(name) == [str(word) for word in words]


def test_its_scopes_are_those_of_keys() -> None:
    said = {
        scope
        for operation in OPERATIONS.values()
        for way in operation.get("security", [])
        for scopes in way.values()
        for scope in scopes
    }
    assert said == set(Scope)


def test_its_statuses_are_those_that_the_app_has() -> None:
    said = {status for _, _, status in description.each_status()}
    assert said == {200, 202, 500} | {status for _, status in app.STATUSES}


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if description.body_schema(each)])
def test_its_examples_are_what_it_describes(operation: Operation) -> None:
    at = description.body_schema(operation)
    assert at is not None
    for example in examples(operation):
        description.validator(at).validate(example)


def examples(operation: Operation) -> list[Any]:
    """Return the bodies that the description shows for an operation."""
    schema = OPERATIONS[operation]["requestBody"]["content"]["application/json"]["schema"]
    kinds = [description.resolved(kind) for kind in schema.get("oneOf", [schema])]
    return [example for kind in kinds for example in kind["examples"]]


# --- each status that it tells is given


MANAGED = "/meetings/{meetingId}"
UNKNOWN = "m-unknown"
PIECE = {"piece": "0001.mkv", "bytes": 5, "upload": "", "parts": []}
QUERIES = {
    "/cost": {"duration_minutes": ["60"]},
    "/meetings": {"day": ["2026-03-02"]},
    "/calendar": {"weeks": ["1"]},
}
BAD_QUERIES = {
    "/cost": {"duration_minutes": ["long"]},
    "/meetings": {"day": ["today"]},
    "/calendar": {"weeks": ["9"]},
    "/report": {"week": ["9"]},
    MANAGED: {"reason": ["two\nlines"]},
}


class Stand:
    """How each status is had of each operation."""

    def __init__(self, town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
        self.town = town
        self.world = town.world
        self._monkeypatch = monkeypatch

    def asked(self, method: str, route: str, status: int) -> Asked:
        """Prepare the stage, and return the request that it answers so."""
        prepare = getattr(self, f"_for_{status}", None)
        usual = self._usual(method, route)
        return prepare(usual) if prepare else usual

    def _usual(self, method: str, route: str) -> Asked:
        """Return the request that is fulfilled."""
        kind = "living" if route.startswith(("/desktop", "/join")) or route.endswith("/end") else "ahead"
        if route.endswith("/replace"):
            kind = "living"
        meeting = self.town.ids[kind]
        path = {"meetingId": meeting} if "{meetingId}" in route else {}
        if "{role}" in route:
            path = {"meetingId": self.town.links[kind]["teacher"], "role": "teacher"}
        if route.endswith("/end"):
            self.world.move(minutes=20)
        self.world.configure(OPERATOR_LOGO="logo.svg")
        if "pages" in OPERATIONS[method, route]["tags"]:
            self._monkeypatch.setattr(pages, "page", lambda *_: "<!doctype html>")
        if route.endswith("/certificate"):
            self._monkeypatch.setattr(
                TableKeys, "certificate", lambda _: Certificate("a chain", "a key", "a root", "id")
            )
        if route.endswith("/safe"):
            self._monkeypatch.setattr(recordings, "finish", lambda *_: None)
        return Asked(
            method,
            route,
            path,
            QUERIES.get(route, {}),
            {} if route.startswith("/desktop") else bearing(Scope.OPERATE),
            self._body((method, route)),
            ME if route.startswith("/desktop") else None,
        )

    def _body(self, operation: Operation) -> str | None:
        if not description.body_schema(operation):
            return None
        match operation:
            case ("POST", "/" | "/schedule"):
                return json.dumps(form(meet_time=utc(NOW + timedelta(hours=4))))
            case ("PATCH", _):
                return json.dumps({"student_name": "Bo"})
            case _:
                return json.dumps(examples(operation)[0])

    def _for_202(self, usual: Asked) -> Asked:
        path = {"meetingId": self.town.links["living"]["student"], "role": "student"}
        return changed(usual, path=path)

    def _for_400(self, usual: Asked) -> Asked:
        if usual.body is not None:
            return changed(usual, body="{")
        if usual.route in BAD_QUERIES and usual.method in ("GET", "HEAD", "DELETE") and usual.route != MANAGED:
            return changed(usual, query=BAD_QUERIES[usual.route])
        if usual.method == "DELETE":
            return changed(usual, query=BAD_QUERIES[MANAGED])
        return changed(usual, path={**usual.path, "meetingId": "?"})

    def _for_401(self, usual: Asked) -> Asked:
        self.world.configure(SCHEDULING="locked")
        return changed(usual, headers={})

    def _for_403(self, usual: Asked) -> Asked:
        if usual.session:
            return changed(usual, session=None)
        if "{role}" in usual.route:
            return changed(usual, path={**usual.path, "meetingId": self.town.ids["living"]})
        self.world.configure(SCHEDULING="locked")
        return changed(usual, headers={"X-Schedule-Key": "somebody else's"})

    def _for_404(self, usual: Asked) -> Asked:
        if usual.route == "/logo":
            self.world.configure(OPERATOR_LOGO=None)
        if usual.session:
            return changed(usual, session=STRANGER)
        if "{role}" in usual.route:
            self.world.configure(STATE_TABLE=None, LINK_SIGNING_KEY=None)
        return changed(usual, path={**usual.path, "meetingId": UNKNOWN})

    def _for_409(self, usual: Asked) -> Asked:
        if usual.session:
            self._monkeypatch.undo()
            recordings = {**PIECE, "upload": "none", "parts": [{"number": 1, "sha256": f"{'A' * 43}="}]}
            body = {"pieces": 3, "lost": []} if usual.route.endswith("/uploaded") else recordings
            return changed(usual, body=json.dumps(body))
        if usual.route in ("/", "/schedule"):
            first = changed(usual, headers={"Idempotency-Key": "one"})
            assert ask(first).status == 200
            return changed(first, body=json.dumps(form(teacher_name="Another")))
        return changed(usual, path={"meetingId": self.town.ids["ended"]})

    def _for_410(self, usual: Asked) -> Asked:
        if usual.session:
            return changed(usual, path={"meetingId": self.town.ids["erased"]}, body=self._of_recordings(usual))
        return changed(usual, path={**usual.path, "meetingId": self.town.links["ended"]["teacher"]})

    def _of_recordings(self, usual: Asked) -> str | None:
        return json.dumps({"pieces": 0, "lost": []}) if usual.route.endswith("/uploaded") else usual.body

    def _for_429(self, usual: Asked) -> Asked:
        keys = {"office": AccessKey("office", Scope.OPERATE, digest_of(ACCESS_KEYS[Scope.OPERATE]), daily=1)}
        self.world.cloud.operator("dynamodb").put_item(TableName=STATE_TABLE, Item=access_item(keys))
        self.world.configure()
        first = self._usual("POST", f"{MANAGED}/links")
        assert ask(first).status == 200
        return usual

    def _for_500(self, usual: Asked) -> Asked:
        """Let the first look around fail, as by a defect; what marks the answer then looks again."""
        here, broken = runtime.current, iter([True])

        def current() -> runtime.Runtime:
            if next(broken, False):
                raise RuntimeError("a defect")
            return here()

        self._monkeypatch.setattr(runtime, "current", current)
        return usual

    def _for_503(self, usual: Asked) -> Asked:
        self._monkeypatch.setenv("AWS_ENDPOINT_URL_DYNAMODB", NOBODY_LISTENS)
        self.world.configure()
        return usual


def changed(asked: Asked, **parts: Any) -> Asked:
    return Asked(**{name: getattr(asked, name) for name in asked.__dataclass_fields__} | parts)


STATUSES = sorted({status for _, _, status in description.each_status()})


@pytest.mark.parametrize("status", STATUSES)
def test_each_status_that_it_tells_is_given(world: World, logos: Path, status: int) -> None:
    town = Town(world)
    for method, route, told in description.each_status():
        if told == status:
            town.restore()
            with pytest.MonkeyPatch.context() as patch:
                asked = Stand(town, patch).asked(method, route, status)
                answer = ask(asked)
            assert answer.status == status, f"{method} {route}: {answer.body}"


def test_each_example_that_it_shows_is_understood(world: World, logos: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    town = Town(world)
    for operation in filter(description.body_schema, OPERATIONS):
        for example in examples(operation):
            town.restore()
            usual = Stand(town, monkeypatch).asked(*operation, 200)
            answer = ask(changed(usual, body=json.dumps(example)))
            assert answer.status in (200, 409), f"{operation} {example}: {answer.body}"


@pytest.fixture
def logos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of stage files with a logo."""
    monkeypatch.setattr(logo, "_FOLDER", tmp_path)
    (tmp_path / "logo.svg").write_text(SVG, encoding="utf-8")
    return tmp_path
